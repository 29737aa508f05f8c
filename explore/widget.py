"""What carries a widget: its scripts, its start values, JupyterLab or a web page around it."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from IPython import get_ipython

import figures

FOLDER = Path(__file__).resolve().parent
# A script is one file, so the modules are put together: all names at the top of one share a scope.
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
PLAY = "application/vnd.homework.play+json"  # kind of an output: a widget and its start values
MOST_LISTED = 4000  # numbers of an array that are written one by one
INSTEAD = "A widget: run this cell in JupyterLab, or open the web page (make html)."
MISSING = (
    "Nothing to play with here: anywidget is missing or does not work ({}); type  "
    "pip install --upgrade anywidget  and restart Jupyter, or open the web page (make html)."
)

Hear = Callable[[dict[str, Any]], dict[str, Any]]


def script(name: str) -> str:
    """Return a widget's module with the modules that it imports before it, as one module.

    Raises ValueError for an import of another form.
    """
    parts: dict[str, str] = {}

    def collect(name: str) -> None:
        """Put a module after those that it imports."""
        if name in parts:
            return
        source = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
        for imported in IMPORT.findall(source):
            collect(imported)
        parts[name] = EXPORT.sub("", IMPORT.sub("", source))
        if "\nimport " in parts[name] or parts[name].startswith("import "):
            raise ValueError(f'{name}.js: write an import as  import {{ a, b }} from "./c.js";')

    collect(name)
    return "\n".join(parts.values())


def page_script(name: str) -> str:
    """Return a widget's script for a web page.

    The page has an element with the id `play` for it, and one with the id `start` that holds
    its start values as JSON.
    """
    as_constant = script(name).replace("export default", "const widget =")
    return f"{as_constant}\n{(FOLDER / 'page.js').read_text(encoding='utf-8')}"


def style(name: str) -> str:
    """Return a widget's style sheet: what all of them share, then its own."""
    sheets = (FOLDER / "explore.css", FOLDER / f"{name}.css")
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets if sheet.exists())


def plain(value: Any) -> Any:
    """Return start values as JSON has them.

    An array becomes lists; a large one its shape and its bytes, float64, in base64.
    """
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray) and value.size > MOST_LISTED:
        content = base64.b64encode(value.astype("<f8").tobytes()).decode()
        return {"shape": list(value.shape), "float64": content}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value


def watched() -> bool:
    """Return True if a person may be watching.

    JupyterLab names the cell that it executes; other front ends let a cell ask for input(). A
    program that runs a notebook does neither.
    """
    shell: Any = get_ipython()
    ask = getattr(shell, "get_parent", lambda: getattr(shell, "parent_header", None))
    request = ask() or {}
    names_cell = request.get("metadata", {}).get("cellId")
    return bool(names_cell or request.get("content", {}).get("allow_stdin"))


def in_jupyter(name: str, start: dict[str, Any], hear: Hear | None) -> Any:
    """Return the widget for Jupyter; what it raises depends on what is missing or too old."""
    import anywidget
    import traitlets

    class Widget(anywidget.AnyWidget):
        """The carrier: the script, its start values, and what it wants to keep."""

        _esm = script(name)
        _css = style(name)
        start = traitlets.Dict().tag(sync=True)
        link = traitlets.Unicode().tag(sync=True)

    widget = Widget(start=start)
    if hear is not None:
        widget.on_msg(lambda _, message, buffers: widget.send(hear(message)))
    return widget


class Play:
    """Something to play with, as the last value of a cell.

    When a program runs the notebook, the output holds the name and the start values: the web page
    is made from these.
    """

    def __init__(self, name: str, start: dict[str, Any], hear: Hear | None) -> None:
        self.name = name
        self.start = start
        self.hear = hear

    def __repr__(self) -> str:
        return INSTEAD

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        if watched():
            try:
                widget = in_jupyter(self.name, self.start, self.hear)
                data, metadata = widget._repr_mimebundle_()
            except Exception as error:  # an old or damaged anywidget raises all kinds
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                return {"text/plain": MISSING.format(reason)}, {}
            # The text is for a front end that cannot show widgets.
            return data | {"text/plain": INSTEAD}, metadata
        if figures.skipped():
            return {"text/plain": INSTEAD}, {}
        # As text: a notebook's file has the names of a JSON object in alphabetical order.
        play = {"widget": self.name, "start": json.dumps(self.start)}
        return {"text/plain": INSTEAD, PLAY: play}, {}


def show(name: str, hear: Hear | None = None, **start: Any) -> Play:
    """Return a widget to be shown: "walk", "train" or "pad".

    `start` are its start values, as the head of its script lists them. `hear` is called with each
    message that the widget sends, and returns the reply.
    """
    values = json.loads(json.dumps(plain(start), allow_nan=False))
    return Play(name, values, hear)
