"""The executed notebooks as web pages: `python -m tools.pages`, report/build/html/index.html.

Each page is complete: it has its figures inside and its formulas as MathML, runs no script, and
requests nothing from anywhere.
"""

import base64
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, pass_context
from jinja2.runtime import Context
from latex2mathml.converter import convert
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import TagRemovePreprocessor
from PIL import Image
from pygments.formatters import HtmlFormatter

from common import ROOT

BUILD = ROOT / "report/build"
LOOK = ROOT / "report/html"
LINKS = {
    "index": "Overview",
    "problem1_compgraph": "1 Graph",
    "problem2_linear": "2 Linear",
    "problem3_mlp": "3 Hidden layer",
    "problem4_mnist": "4 MNIST",
}
NOTEBOOKS = list(LINKS)[1:]


class Renderer(IPythonRenderer):
    """nbconvert's renderer of text, with formulas as MathML instead of a request for MathJax."""

    def inline_math(self, body: str) -> str:
        """Return a formula in a line of text."""
        return mathml(body, "inline") or super().inline_math(body)

    def block_math(self, body: str) -> str:
        """Return a formula on a line of its own."""
        return mathml(body, "block") or super().block_math(body)


def mathml(formula: str, display: str) -> str:
    """Return a LaTeX formula as MathML, or nothing if it cannot be read."""
    try:
        return convert(formula.strip(), display=display)
    except Exception:  # latex2mathml has many errors and no base of its own
        return ""


def sentence(markdown: str) -> str:
    """Return a sentence of the results as HTML."""
    html = MarkdownWithMath(renderer=Renderer(escape=True)).render(markdown).strip()
    return Markup(html.removeprefix("<p>").removesuffix("</p>"))


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """Return a cell's text as HTML; a picture that was pasted into the cell is inside."""
    attachments = context["cell"].get("attachments", {})
    renderer = Renderer(escape=False, attachments=attachments)
    return MarkdownWithMath(renderer=renderer).render(source)


def exporter() -> HTMLExporter:
    """Return nbconvert's exporter, which sets our formulas and leaves out interactive cells."""
    return HTMLExporter(
        template_name="basic",
        filters={"markdown2html": markdown2html},
        preprocessors=[
            TagRemovePreprocessor(remove_cell_tags=["explore"], remove_input_tags=["answer"])
        ],
    )


def templates() -> Environment:
    """Return the templates, and what all pages share."""
    loader = FileSystemLoader(LOOK)
    shared = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    shared.filters["percent"] = lambda share, digits=1: f"{100 * share:.{digits}f} %"
    shared.filters["markdown"] = sentence
    for name, colours in (("light", "friendly"), ("dark", "github-dark")):
        shared.globals[name] = HtmlFormatter(style=colours).get_style_defs(".highlight")
    shared.globals["links"] = LINKS
    return shared


def overview(build: Path) -> str:
    """Return the body of the first page.

    Raises OSError, KeyError or TemplateError if a notebook has not been run.
    """
    values: dict[str, Any] = {"has_pdf": (build / "report.pdf").is_file()}
    for name in NOTEBOOKS:
        text = (build / f"results/{name}.json").read_text(encoding="utf-8")
        values[name.partition("_")[2]] = json.loads(text)
    graph = build / "figures/problem1_graph.png"
    with Image.open(graph) as image:
        values["alt"] = image.info["Description"]
    values["graph"] = base64.b64encode(graph.read_bytes()).decode()
    return templates().get_template("index.html").render(values)


def write(build: Path) -> Path:
    """Write all pages to `build`/html, complete or not at all; return that folder.

    Raises OSError, KeyError, TemplateError or ValueError.
    """
    unfinished = build / ".html"
    shutil.rmtree(unfinished, ignore_errors=True)  # left by a run that was killed
    unfinished.mkdir()
    page = templates().get_template("page.html")
    for name in LINKS:
        if name == "index":
            title, body = "Homework 2: backpropagation by hand", overview(build)
        else:
            notebook = nbformat.read(build / f"{name}.ipynb", as_version=4)
            title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
            body, _ = exporter().from_notebook_node(notebook)
        text = page.render(title=title, here=name, body=body)
        (unfinished / f"{name}.html").write_text(text, encoding="utf-8")
    if (build / "report.pdf").is_file():
        shutil.copy(build / "report.pdf", unfinished)
    shutil.rmtree(build / "html", ignore_errors=True)
    return unfinished.rename(build / "html")


def main() -> int:
    """Write the pages and print where they are."""
    try:
        page = write(BUILD) / "index.html"
    except (
        OSError,
        KeyError,
        TemplateError,
        ValueError,
    ) as error:  # missing, or not what it should be
        print(f"error: {error}", file=sys.stderr)
        print("the pages need the four executed notebooks; type: make figures", file=sys.stderr)
        return 1
    print(f"the pages: {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
