"""The executed notebooks as web pages: `python -m tools.pages`, report/build/html/index.html.

Each page is one file: it has its figures, its widget and the widget's start values inside. It
requests nothing from anywhere, and a content security policy forbids it to.
"""

import ast
import base64
import hashlib
import json
import re
import shutil
import sys
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from latex2mathml.converter import convert
from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from common import ROOT
from explore import widget
from tools import svg

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
HOMEWORK = "Homework 2: backpropagation by hand"
INVITATIONS = {  # what one can do on a page
    "index": "A network's gradients by hand, and four things to play with, in your browser.",
    "problem1_compgraph": "Step through a graph, forward and back, one number at a time.",
    "problem2_linear": "Click to add a point, and see whether straight lines can separate the "
    "classes.",
    "problem3_mlp": "Watch the hidden units while the network learns.",
    "problem4_mnist": "Draw a digit, and see which pixels speak for which answer.",
}
PICTURES = {  # of the cards on the first page
    "problem1_compgraph": "problem1_graph",
    "problem2_linear": "problem2_regions",
    "problem3_mlp": "problem3_mlp",
    "problem4_mnist": "problem4_pixels",
}
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {}; "
POLICY += "form-action 'none'; base-uri 'none'"
EMPTIED = 'document.getElementById("play").replaceChildren();'  # of what is said without scripts
TEASER = {"hidden": 8, "seed": 1}
PLUMBING = {"results", "figures", "print", "explore"}  # whose calls teach nothing
MATHML = "http://www.w3.org/1998/Math/MathML"
RELATIONS = set("=≈≤≥<>←→")  # a formula may be broken before these
SUMS = set("+−-")  # and before these, outside brackets
ElementTree.register_namespace("", MATHML)


class Renderer(IPythonRenderer):
    """nbconvert's renderer of text, with formulas as MathML instead of a request for MathJax."""

    def inline_math(self, body: str) -> str:
        """Return a formula in a line of text."""
        return mathml(body, "inline") or super().inline_math(body)

    def block_math(self, body: str) -> str:
        """Return a formula on a line of its own."""
        formula = mathml(body, "block")
        return f'<span class="formula">{formula}</span>' if formula else super().block_math(body)

    def block_code(self, source: str, info: str | None = None) -> str:
        """Return code in a text."""
        return f'<div class="code">{code(source)}</div>'


def mathml(formula: str, display: str) -> str:
    """Return a LaTeX formula as MathML, or nothing if it cannot be read."""
    spaced = re.sub(r"(?<=[\w}])\s*\\log\b", r"\\,\\log", formula.strip())
    spaced = re.sub(r"\\log\b(?=\s*[A-Za-z0-9\\])", r"\\log\\,", spaced)
    try:
        tree = ElementTree.fromstring(convert(spaced, display=display))
    except Exception:  # latex2mathml has many errors and no base of its own
        return ""
    style = {"displaystyle": "true"} if display == "block" else {}
    return "<wbr>".join(one_formula(part, style) for part in parts_of(list(tree[0])))


def parts_of(symbols: list[ElementTree.Element]) -> list[list[ElementTree.Element]]:
    """Return a formula's symbols in parts: a line may end between two of them."""
    parts: list[list[ElementTree.Element]] = [[]]
    depth = 0
    for symbol in symbols:
        text = symbol.text or ""
        depth += text in ("(", "[", "{")
        depth -= text in (")", "]", "}")
        is_sum = text in SUMS and depth == 0 and bool(parts[-1])
        if is_sum:
            symbol.set("form", "infix")  # at the beginning of a part it would be a sign
        if (text in RELATIONS or is_sum) and depth == 0:
            parts.append([])
        parts[-1].append(symbol)
        if symbol.tag == f"{{{MATHML}}}mspace" and symbol.get("width") == "2em":
            parts.append([])
    return [part for part in parts if part]


def one_formula(symbols: list[ElementTree.Element], style: dict[str, str]) -> str:
    """Return symbols as a formula."""
    tree = ElementTree.Element(f"{{{MATHML}}}math", style)
    tree.extend(symbols)
    return ElementTree.tostring(tree, encoding="unicode")


def sentence(markdown: str) -> str:
    """Return a sentence of the results as HTML."""
    html = MarkdownWithMath(renderer=Renderer(escape=True)).render(markdown).strip()
    return Markup(html.removeprefix("<p>").removesuffix("</p>"))


def prose(source: str, attachments: dict[str, Any] | None = None) -> str:
    """Return Markdown as HTML; a picture that was pasted into the cell is inside."""
    renderer = Renderer(escape=False, attachments=attachments or {}, anchor_link_text="#")
    return MarkdownWithMath(renderer=renderer).render(source)


def code(source: str) -> str:
    """Return Python code as HTML, in lines that know how far they are indented."""
    texts = source.strip("\n").splitlines() or [""]  # the lines that the lexer makes of it
    html = highlight("\n".join(texts), PythonLexer(), HtmlFormatter(nowrap=True))
    return lines(texts, html.splitlines())


def lines(texts: list[str], htmls: list[str]) -> str:
    """Return lines as HTML; one that must be broken goes on further to the right."""
    indents = [len(text) - len(text.lstrip()) for text in texts]
    pairs = zip(indents, htmls, strict=True)
    spans = [f'<span class="line" style="--indent: {n}ch">{html}\n</span>' for n, html in pairs]
    columns = max((len(text) for text in texts), default=0)
    return f'<pre style="--columns: {columns}">{"".join(spans)}</pre>'


def is_plumbing(source: str) -> bool:
    """Return whether code teaches nothing, so that a page folds it.

    The rule: each statement is an import, a call of our modules for results and figures or of
    `print`, `results = Results()`, or a loop over such statements. A cell that assigns, checks,
    defines or calls anything else stays open; so does one that a rule of this kind cannot judge.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a command for IPython, such as %timeit
        return False
    return all(is_plumbing_line(line) for line in tree.body)


def is_plumbing_line(line: ast.stmt) -> bool:
    """Return whether a statement imports, or only calls something named in PLUMBING."""
    if isinstance(line, ast.For):
        return all(is_plumbing_line(inner) for inner in line.body)
    if isinstance(line, ast.Import | ast.ImportFrom):
        return True
    if isinstance(line, ast.Assign):
        return ast.unparse(line.value) == "Results()"
    first, _, _ = ast.unparse(line).partition("(")
    return isinstance(line, ast.Expr) and first.partition(".")[0] in PLUMBING


def cells(notebook: Any, figures: Path) -> list[dict[str, Any]]:
    """Return what a page shows of each cell: its `kind`, and HTML.

    Raises OSError if a figure's file is missing.
    """
    shown: list[dict[str, Any]] = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags") or [])
        if cell.cell_type == "markdown":
            html = prose(cell.source, cell.get("attachments"))
            shown.append({"kind": "prose", "html": html, "tags": tags})
        elif cell.cell_type == "code" and cell.source.strip():
            if not {"explore", "answer", "injected-parameters"} & tags:
                add_code(shown, cell)
            add_outputs(shown, cell.outputs, figures)
    return shown


def add_code(shown: list[dict[str, Any]], cell: Any) -> None:
    """Add a cell's code to what is shown; folded code goes on in the fold before it."""
    hidden = (cell.metadata.get("jupyter") or {}).get("source_hidden", False)
    kind = "plumbing" if hidden or is_plumbing(cell.source) else "code"
    html = f'<div class="code">{code(cell.source)}</div>'
    if kind == "plumbing" and shown and shown[-1]["kind"] == "plumbing":
        shown[-1]["html"] += html
    else:
        shown.append({"kind": kind, "html": html})


def add_outputs(shown: list[dict[str, Any]], outputs: list[Any], figures: Path) -> None:
    """Add a cell's outputs to what is shown; a widget takes the text that leads to it along.

    Raises OSError if a figure's file is missing.
    """
    for one in outputs:
        result = output(one, figures)
        if result["kind"] == "play" and shown and "explore" in shown[-1].get("tags", ()):
            result["html"] = shown.pop()["html"]
        shown.append(result)


def output(one: Any, figures: Path) -> dict[str, Any]:
    """Return what a page shows of an output. Raises OSError if a figure's file is missing."""
    if one.output_type == "stream":
        return {"kind": "text", "html": plain_text(one.text)}
    if one.output_type == "error":
        return {"kind": "text", "html": plain_text(f"{one.ename}: {one.evalue}")}
    if widget.PLAY in one.data:
        return {"kind": "play", "html": ""} | one.data[widget.PLAY]
    if "image/png" in one.data:
        about = one.metadata.get("image/png", {})
        if "figure" not in about:  # not one of ours
            picture = f'<img src="data:image/png;base64,{one.data["image/png"]}" alt="a figure">'
            return {"kind": "prose", "html": f"<p>{picture}</p>"}
        path = figures / f"{about['figure']}.pickle"
        drawn = {"wide": svg.wide(path), "narrow": svg.narrow(path)}
        return {"kind": "figure", "alt": about["alt"]} | drawn
    if "text/markdown" in one.data:
        return {"kind": "answer", "html": prose(one.data["text/markdown"])}
    return {"kind": "text", "html": plain_text(one.data.get("text/plain", ""))}


def plain_text(text: str) -> str:
    """Return what a program printed as HTML."""
    texts = text.splitlines()
    return lines(texts, [escape(line) for line in texts])


def headings(shown: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the second-level headings: identity and text as HTML."""
    html = "".join(cell["html"] for cell in shown if cell["kind"] in ("prose", "play"))
    pairs = re.findall(r'(?s)<h2 id="([^"]*)">(.*?)<a class="anchor-link"', html)
    return [(name, Markup(text)) for name, text in pairs]


def policy(script: str) -> str:
    """Return the content security policy: the page's own script may run, nothing is requested."""
    digest = hashlib.sha256(script.encode()).digest()
    return POLICY.format(f"'sha256-{base64.b64encode(digest).decode()}'")


def script_of(name: str) -> str:
    """Return a widget's script for a page. Raises ValueError where it would end the element."""
    script = f"\n{EMPTIED}\n{widget.page_script(name)}"
    if "</script" in script.lower():
        raise ValueError(f"the script of the widget {name} contains </script")
    return script


def safe_json(values: Any) -> str:
    """Return values as JSON for the inside of an HTML element."""
    return json.dumps(values, separators=(",", ":")).replace("<", "\\u003c")


def templates() -> Environment:
    """Return the templates, and what all pages share."""
    loader = FileSystemLoader(LOOK)
    shared = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shared.filters["percent"] = lambda share, digits=1: f"{100 * share:.{digits}f} %"
    shared.filters["markdown"] = sentence
    for name, colours in (("light", "default"), ("dark", "github-dark")):
        shared.globals[name] = HtmlFormatter(style=colours).get_style_defs(".code")
    shared.globals |= {"links": LINKS, "invitations": INVITATIONS, "homework": HOMEWORK}
    return shared


def overview(build: Path) -> dict[str, Any]:
    """Return what the first page shows.

    Raises OSError, KeyError or TemplateError if a notebook has not been run.
    """
    values: dict[str, Any] = with_widget("teaser", TEASER)
    values |= {"title": HOMEWORK, "pictures": {}, "titles": {}}
    for name in NOTEBOOKS:
        text = (build / f"results/{name}.json").read_text(encoding="utf-8")
        values[name.partition("_")[2]] = json.loads(text)
        path = build / f"figures/{PICTURES[name]}.pickle"
        values["pictures"][name] = svg.thumbnail(path, f"card-{name}")
        values["titles"][name] = title_of(nbformat.read(build / f"{name}.ipynb", as_version=4))
    return values


def title_of(notebook: Any) -> str:
    """Return a notebook's title."""
    return notebook.cells[0].source.splitlines()[0].lstrip("# ")


def problem(build: Path, name: str) -> dict[str, Any]:
    """Return what a notebook's page shows. Raises OSError if the notebook has not been run."""
    notebook = nbformat.read(build / f"{name}.ipynb", as_version=4)
    shown = cells(notebook, build / "figures")
    values: dict[str, Any] = {"title": title_of(notebook), "cells": shown}
    values["contents"] = headings(shown)
    place = list(LINKS).index(name)
    values["before"], _, values["after"] = [*LINKS, ""][place - 1 : place + 2]
    for cell in shown:
        if cell["kind"] == "play":
            values |= with_widget(cell["widget"], json.loads(cell["start"]))
    return values


def with_widget(name: str, start: dict[str, Any]) -> dict[str, str]:
    """Return what a page needs for a widget. Raises OSError or ValueError."""
    parts = {"script": script_of(name), "style": widget.style(name), "start": safe_json(start)}
    return parts | {"policy": policy(parts["script"])}


def write(build: Path) -> Path:
    """Write all pages to `build`/html, complete or not at all; return that folder.

    Raises OSError, KeyError, TemplateError or ValueError.
    """
    unfinished = build / ".html"
    shutil.rmtree(unfinished, ignore_errors=True)  # left by a run that was killed
    unfinished.mkdir()
    environment = templates()
    has_pdf = (build / "report.pdf").is_file()
    for name in LINKS:
        template = "index.html" if name == "index" else "problem.html"
        values = overview(build) if name == "index" else problem(build, name)
        shared = {"here": name, "has_pdf": has_pdf}
        text = environment.get_template(template).render(values | shared)
        (unfinished / f"{name}.html").write_text(text, encoding="utf-8", newline="\n")
        if name != "index":
            shutil.copy(ROOT / f"{name}.ipynb", unfinished)
    if has_pdf:
        shutil.copy(build / "report.pdf", unfinished)
    shutil.rmtree(build / "html", ignore_errors=True)
    return unfinished.rename(build / "html")


def main() -> int:
    """Write the pages and print where they are."""
    try:
        page = write(BUILD) / "index.html"
    except (OSError, KeyError, TemplateError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        print("the pages need the four executed notebooks; type: make figures", file=sys.stderr)
        return 1
    print(f"the pages: {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
