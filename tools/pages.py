"""The executed notebooks as web pages: `python -m tools.pages`, report/build/html/index.html.

Each page is complete: it has its figures inside and its formulas as MathML, runs no script, and
requests nothing from anywhere.
"""

import base64
import html
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, FileSystemLoader, pass_context
from latex2mathml.converter import convert
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.preprocessors import TagRemovePreprocessor
from PIL import Image
from pygments.formatters import HtmlFormatter

from common import ROOT
from tools.handin import NOTEBOOKS

BUILD = ROOT / "report/build"
LOOK = ROOT / "report/html"
TITLE = "Homework 2: backpropagation by hand"
LINKS = ("1 Graph", "2 Linear", "3 Hidden layer", "4 MNIST")
PAGES = {"index": "Overview"} | dict(zip(NOTEBOOKS, LINKS, strict=True))
# Code is matched first, because a dollar sign in code is just a dollar sign. A formula has no space
# inside its dollar signs, so "costs $5 and $6" is not one.
MATH = re.compile(
    r"(?P<code>```.*?```|`[^`]+`)"
    r"|\$\$(?P<block>.+?)\$\$"
    r"|(?<!\\)\$(?P<inline>(?!\s)[^$]+?(?<!\s))\$(?!\d)",
    re.S,
)
PLACE = "\ue000{}\ue001"  # stands for a formula while Markdown is converted


class Exporter(HTMLExporter):
    """nbconvert's exporter, with formulas as MathML instead of a request for MathJax."""

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Convert a cell's text, but keep Markdown away from the formulas."""
        formulas: list[re.Match] = []

        def set_aside(match: re.Match) -> str:
            """Keep a formula and return what stands in its place."""
            if match["code"]:
                return match[0]
            formulas.append(match)
            return PLACE.format(len(formulas) - 1)

        text = super().markdown2html(context, MATH.sub(set_aside, source))
        return re.sub(PLACE.format(r"(\d+)"), lambda place: mathml(formulas[int(place[1])]), text)


def mathml(formula: re.Match) -> str:
    """Return a match of MATH as MathML, or as it was written if it cannot be read."""
    kind = "block" if formula["block"] else "inline"
    try:
        return convert(formula[kind].strip(), display=kind)
    except Exception:  # latex2mathml has many errors and no base of its own
        return html.escape(formula[0])


def style() -> str:
    """Return our style sheet and the colours of code on light and dark pages."""
    light = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    ours = (LOOK / "style.css").read_text(encoding="utf-8")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{ours}"


def percent(value: float, digits: int = 1) -> str:
    """Write a share as a percentage."""
    return f"{100 * value:.{digits}f} %"


def rows(results: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Return the table of results: page, part, question, answer, and why."""
    graph, linear, mlp, mnist = (results[name] for name in NOTEBOOKS)
    page1, page2, page3, page4 = NOTEBOOKS
    slope = f"{graph['f']:.4f}, {graph['df_dw1']:.4f}"
    verdict = "separable" if linear["separable"] else "not separable"
    in_the_way = f"not separable, proven; {mlp['in_the_way']} points are in the way"
    layer = f"one hidden layer of {mlp['hidden']}"
    bias = f"{percent(mnist['template_bias_accuracy'])} with one bias per class"
    images = f"on {mnist['n_test']} test images, trained on {mnist['n_train']}"
    low, high = (percent(mnist[f"own_trained_{end}"], 0) for end in ("low", "high"))
    ours = f"{mnist['own_images']} digits, 95 % interval {low} to {high}"
    questions = [
        (page1, "1(b)", "f at the start, and its slope with respect to w₁", slope),
        (page2, "2", "linear classifier", percent(linear["accuracy"])),
        (page3, "3(a)", "the same, twisted data", percent(mlp["linear_accuracy"])),
        (page3, "3(b)", layer, percent(mlp["mlp_accuracy"])),
        (page4, "4(a)", "mean images", percent(mnist["template_accuracy"])),
        (page4, "4(b)", "trained", percent(mnist["trained_accuracy"])),
        (page4, "4(c)", "our own handwriting", percent(mnist["own_trained_accuracy"])),
    ]
    why = [
        "a difference quotient agrees",
        f"{verdict}, proven by a linear programme",
        "separable, proven" if mlp["separable"] else in_the_way,
        "the page has other seeds",
        bias,
        images,
        ours,
    ]
    return [(*question, reason) for question, reason in zip(questions, why, strict=True)]


def index(build: Path, templates: Environment) -> str:
    """Return the body of the first page.

    Raises OSError or KeyError if a notebook has not been run.
    """
    results = {}
    for name in NOTEBOOKS:
        text = (build / f"results/{name}.json").read_text(encoding="utf-8")
        results[name] = json.loads(text)
    graph = build / "figures/problem1_graph.png"
    with Image.open(graph) as image:
        alt = image.info["Description"]
    return templates.get_template("index.html").render(
        graph=f"data:image/png;base64,{base64.b64encode(graph.read_bytes()).decode()}",
        alt=alt,
        rows=rows(results),
        has_pdf=(build / "report.pdf").is_file(),
        data=f"Problem 4's data: {results['problem4_mnist']['dataset']}.",
    )


def bodies(build: Path, templates: Environment) -> dict[str, str]:
    """Return the body of each page, the overview and the four notebooks."""
    without_widgets = TagRemovePreprocessor(remove_cell_tags=["explore"])
    exporter = Exporter(template_name="basic", preprocessors=[without_widgets])
    html_of = {"index": index(build, templates)}
    for name in NOTEBOOKS:
        notebook = nbformat.read(build / f"{name}.ipynb", as_version=4)
        html_of[name], _ = exporter.from_notebook_node(notebook)
    return html_of


def write(build: Path) -> Path:
    """Write all pages to `build`/html, complete or not at all; return that folder."""
    templates = Environment(loader=FileSystemLoader(LOOK), autoescape=True)
    folder = build / "html"
    unfinished = build / ".html"
    shutil.rmtree(unfinished, ignore_errors=True)  # left by a run that was killed
    unfinished.mkdir()
    for name, body in bodies(build, templates).items():
        page = templates.get_template("page.html").render(
            title=TITLE if name == "index" else heading(body),
            style=Markup(style()),
            links=PAGES.items(),
            here=name,
            body=Markup(body),
        )
        (unfinished / f"{name}.html").write_text(page, encoding="utf-8")
    if (build / "report.pdf").is_file():
        shutil.copy(build / "report.pdf", unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    return unfinished.rename(folder)


def heading(body: str) -> str:
    """Return the text of a page's first heading."""
    match = re.search(r"<h1[^>]*>(.*?)<a class", body, re.S)
    return re.sub(r"<[^>]+>", "", match[1]) if match else "Homework 2"


def main() -> int:
    """Write the pages and print where they are."""
    try:
        page = write(BUILD) / "index.html"
    except (OSError, KeyError, ValueError) as error:  # missing, or not what it should be
        print(f"error: {error}", file=sys.stderr)
        print("the pages need the four executed notebooks; type: make figures", file=sys.stderr)
        return 1
    print(f"the pages: {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
