"""The answers of the notebooks as LaTeX: mistune reads the Markdown, this writes the other form.

What an answer may contain is what `LatexRenderer` has a method for; anything else is an error.
"""

import re

from mistune import BlockState, create_markdown
from mistune.core import BaseRenderer

ESCAPES = str.maketrans(
    {sign: f"\\{sign}" for sign in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)
SIGNS = str.maketrans({"−": "$-$", "×": r"$\times$", "≥": r"$\ge$", "≤": r"$\le$"})


def escape(text: str) -> str:
    """Escape a text for LaTeX."""
    return text.translate(ESCAPES)


def prose(text: str) -> str:
    """Escape a text and set it as a printer would: a thin space in 92.5 %, true minus signs."""
    return re.sub(r"(?<=\d) \\%", r"\\,\\%", escape(text)).translate(SIGNS)


class LatexRenderer(BaseRenderer):
    """Writes what mistune has read as LaTeX: text, emphasis, code, formulas, lists, paragraphs."""

    def render_token(self, token: dict, state: BlockState) -> str:
        """Return a piece of Markdown as LaTeX. Raises AttributeError if there is no form for it."""
        text = token.get("raw", "")
        if "children" in token:
            text = self.render_tokens(token["children"], state)
        is_ordered = token.get("attrs", {}).get("ordered", False)
        return self._get_method("ordered_list" if is_ordered else token["type"])(text)

    def text(self, text: str) -> str:
        """Return plain text."""
        return prose(text)

    def emphasis(self, text: str) -> str:
        """Return *emphasised* text."""
        return rf"\emph{{{text}}}"

    def strong(self, text: str) -> str:
        """Return **strong** text."""
        return rf"\textbf{{{text}}}"

    def codespan(self, text: str) -> str:
        """Return `code`."""
        return rf"\texttt{{{escape(text)}}}"

    def inline_math(self, text: str) -> str:
        """Return a formula in the text."""
        return f"${text}$"

    def block_math(self, text: str) -> str:
        """Return a formula on a line of its own."""
        return f"\\[{text.strip()}\\]\n"

    def softbreak(self, text: str) -> str:
        """Return the end of a line inside a paragraph."""
        return "\n"

    def blank_line(self, text: str) -> str:
        """Return nothing: the paragraphs are apart already."""
        return ""

    def paragraph(self, text: str) -> str:
        """Return a paragraph."""
        return f"{text}\n\n"

    def list(self, text: str) -> str:
        """Return a list with bullets; one with numbers has no form."""
        return f"\\begin{{itemize}}\n{text}\\end{{itemize}}\n"

    def list_item(self, text: str) -> str:
        """Return an entry of a list."""
        return f"\\item {text}\n"

    def block_text(self, text: str) -> str:
        """Return the text of an entry of a list."""
        return text


def to_latex(markdown: str) -> str:
    """Return an answer as LaTeX. Raises AttributeError if a part of it has no form there."""
    render = create_markdown(renderer=LatexRenderer(), plugins=["math"])
    return str(render(markdown)).strip()
