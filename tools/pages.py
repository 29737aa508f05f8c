"""The executed notebooks as web pages: `python -m tools.pages`, report/build/html/index.html.

Each page stands alone: figures inside it, formulas as MathML, no script and no request to anywhere.
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
PAGES = {"index": "Overview"} | dict(zip(NOTEBOOKS, ("1 Graph", "2 Linear", "3 Hidden layer", "4 MNIST"), strict=True))
# Code first, for a dollar in it is a dollar; the signs of a formula touch it, so "costs $5 and $6" is none.
MATH = re.compile(
    r"(?P<code>```.*?```|`[^`]+`)|\$\$(?P<block>.+?)\$\$|(?<!\\)\$(?P<inline>(?!\s)[^$]+?(?<!\s))\$(?!\d)", re.S
)


class Exporter(HTMLExporter):
    """nbconvert's, with formulas as MathML where it would ask a server for MathJax."""

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """Convert a cell's text; formulas are set aside meanwhile, for Markdown would read their signs as its own."""
        found = [formula for formula in MATH.finditer(source) if not formula["code"]]
        for number, formula in reversed(list(enumerate(found))):
            source = f"{source[: formula.start()]}\ue000{number}\ue001{source[formula.end() :]}"
        text = super().markdown2html(context, source)
        return re.sub("\ue000(\\d+)\ue001", lambda place: mathml(found[int(place[1])]), text)


def mathml(formula: re.Match) -> str:
    """Return a formula that MATH has found as MathML, or as it was written if it cannot be read."""
    kind = "block" if formula["block"] else "inline"
    try:
        return convert(formula[kind].strip(), display=kind)
    except Exception:  # latex2mathml has many errors and no base of its own
        return html.escape(formula[0])


def style() -> str:
    """Return the style sheet: the house's own, and the colours of the code by day and by night."""
    day, night = (HtmlFormatter(style=name).get_style_defs(".highlight") for name in ("friendly", "github-dark"))
    own = (LOOK / "style.css").read_text(encoding="utf-8")
    return f"{day}\n@media (prefers-color-scheme: dark) {{\n{night}\n}}\n{own}"


def percent(value: float, digits: int = 1) -> str:
    """Write a share as a percentage."""
    return f"{100 * value:.{digits}f} %"


def rows(results: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Return the table of results: page, part, question, answer, and why."""
    one, two, three, four = NOTEBOOKS
    graph, linear, mlp, mnist = (results[name] for name in NOTEBOOKS)
    low, high = percent(mnist["own_trained_low"], 0), percent(mnist["own_trained_high"], 0)
    separable = "separable" if linear["separable"] else "not separable"
    why = f"not separable, proven; {mlp['in_the_way']} points are in the way"
    return [
        (one, "1(b)", "f at the start, and its slope by w₁", f"{graph['f']:.4f}, {graph['df_dw1']:.4f}",
         "a difference quotient agrees"),
        (two, "2", "linear classifier", percent(linear["accuracy"]), f"{separable}, proven by a linear programme"),
        (three, "3(a)", "the same, twisted data", percent(mlp["linear_accuracy"]),
         "separable, proven" if mlp["separable"] else why),
        (three, "3(b)", f"one hidden layer of {mlp['hidden']}", percent(mlp["mlp_accuracy"]),
         "the page has other seeds"),
        (four, "4(a)", "mean images", percent(mnist["template_accuracy"]),
         f"{percent(mnist['template_bias_accuracy'])} with one bias a class"),
        (four, "4(b)", "trained", percent(mnist["trained_accuracy"]),
         f"on {mnist['n_test']} test images, after {mnist['n_train']} to train"),
        (four, "4(c)", "own handwriting", percent(mnist["own_trained_accuracy"]),
         f"{mnist['own_images']} digits, 95 % interval {low} to {high}"),
    ]  # fmt: skip


def index(build: Path, jinja: Environment) -> str:
    """Return the body of the first page; raises OSError or KeyError when a notebook has not been run."""
    results = {name: json.loads((build / f"results/{name}.json").read_text(encoding="utf-8")) for name in NOTEBOOKS}
    graph = build / "figures/problem1_graph.png"
    with Image.open(graph) as image:
        alt = image.info["Description"]
    data = base64.b64encode(graph.read_bytes()).decode()
    return jinja.get_template("index.html").render(
        graph=f"data:image/png;base64,{data}", alt=alt, rows=rows(results), has_pdf=(build / "report.pdf").is_file(),
        data=f"Problem 4's data: {results['problem4_mnist']['dataset']}.")  # fmt: skip


def write(build: Path) -> Path:
    """Write all pages to `build`/html, whole or not at all; return that folder."""
    jinja = Environment(loader=FileSystemLoader(LOOK), autoescape=True)
    exporter = Exporter(template_name="basic", preprocessors=[TagRemovePreprocessor(remove_cell_tags=["explore"])])
    bodies = {"index": index(build, jinja)}
    for name in NOTEBOOKS:
        bodies[name], _ = exporter.from_notebook_node(nbformat.read(build / f"{name}.ipynb", as_version=4))
    folder, unfinished, look = build / "html", build / ".html", Markup(style())
    shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was killed
    unfinished.mkdir()
    for name, body in bodies.items():
        title = "Homework 2: backpropagation by hand" if name == "index" else heading(body)
        page = jinja.get_template("page.html").render(
            title=title, style=look, links=PAGES.items(), here=name, body=Markup(body))  # fmt: skip
        (unfinished / f"{name}.html").write_text(page, encoding="utf-8")
    if (build / "report.pdf").is_file():
        shutil.copy(build / "report.pdf", unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    return unfinished.rename(folder)


def heading(body: str) -> str:
    """Return the text of a page's first heading."""
    found = re.search(r"<h1[^>]*>(.*?)<a class", body, re.S)
    return re.sub(r"<[^>]+>", "", found[1]) if found else "Homework 2"


def main() -> int:
    """Write the pages and say where they are."""
    try:
        print(f"the pages: {(write(BUILD) / 'index.html').relative_to(ROOT)}")
    except (OSError, KeyError, ValueError) as error:  # absent, or not what it should be
        print(f"error: {error}: expected the four executed notebooks in {BUILD}; type: make figures", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
