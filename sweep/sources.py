"""Which of the project's own files a notebook uses: what it imports, and what that imports.

Standard library only, so that the Makefile can ask before the environment is built.
"""

import ast
import functools
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MAGICS = ("run_line_magic", "run_cell_magic")  # what becomes of %time and %%time
RUN = re.compile(r"(?<![\w/.-])(\w[\w/]*)\.py\b")
PERSONS_TAG = "explore"  # of cells for a person in front of the screen; they change no result


def code_cells(notebook: Path, *, only: str = "", without: Iterable[str] = ()) -> list[str]:
    """Return the sources of the code cells with the tag `only`, if given, and no tag of `without`.

    Cells for a person do not count. Raises ValueError if the file is no notebook, OSError if it
    cannot be read.
    """
    omitted = {PERSONS_TAG, *without}
    cells = tagged_cells(notebook)
    return [text for text, tags in cells if not tags & omitted and (not only or only in tags)]


def tagged_cells(notebook: Path) -> list[tuple[str, set[str]]]:
    """Return source and tags of every code cell; raises ValueError and OSError, as code_cells."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return [
            ("".join(cell["source"]), tags_of(cell))
            for cell in cells
            if cell["cell_type"] == "code"
        ]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{notebook} is not a notebook: {type(error).__name__}: {error}") from None


def tags_of(cell: dict[str, Any]) -> set[str]:
    """Return the tags of a notebook's cell; raises ValueError if they are no list."""
    tags = cell["metadata"].get("tags", [])
    if not isinstance(tags, list):
        raise ValueError(f"a cell's tags must be a list, not {tags}")
    return set(tags)


def needs_ipython(notebook: Path, without: Iterable[str] = ()) -> bool:
    """Return True if a code cell is not plain Python: it has a magic, say, or awaits something.

    Cells with a tag of `without` do not count. Raises ValueError and OSError, as code_cells.
    """
    omitted = set(without)
    return not all(is_plain(text) for text, tags in tagged_cells(notebook) if not tags & omitted)


def is_plain(cell: str) -> bool:
    """Return True if Python alone can run a cell."""
    try:
        compile(cell, "cell", "exec")  # unlike ast.parse, it refuses `await` outside of functions
    except SyntaxError:
        return False
    return "get_ipython" not in cell


@functools.cache
def python(cell: str) -> str:
    """Return a cell as Python: IPython turns its magics (%time, !ls) into calls of functions.

    It is asked only if the cell is not Python, so that the Makefile does without it. Raises
    SyntaxError if the cell is neither.
    """
    try:
        ast.parse(cell)
        return cell
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        code = TransformerManager().transform_cell(cell)
        ast.parse(code)
        return code


@functools.cache
def imports(code: str) -> frozenset[str]:
    """Return the names of the modules that some source imports; none if it is no valid source."""
    try:
        tree = ast.parse(python(code))
    except (SyntaxError, ImportError):  # running it will say so
        return frozenset()
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module)):
                names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
            case ast.Call(ast.Attribute(attr=str(how)), [*_, ast.Constant(str(text))]) if (
                how in MAGICS
            ):
                names |= imports(text)  # those of `%time f()`
                names |= set(RUN.findall(text))  # the file of `%run file.py`
    return frozenset(names)


def own_file(name: str) -> Path | None:
    """Return the project's file of the module `name`, or None if it is not the project's own."""
    path = ROOT / name.replace(".", "/")
    candidates = [path.with_suffix(".py"), path / "__init__.py"]
    return next((file for file in candidates if file.is_file()), None)


def imported(code: str) -> set[Path]:
    """Return the project's own files that some source imports, directly or through each other."""
    found: set[Path] = set()
    waiting = [code]
    while waiting:
        files = {file for name in imports(waiting.pop()) if (file := own_file(name))}
        waiting += [file.read_text(encoding="utf-8") for file in files - found]
        found |= files
    return found


def modules(notebook: Path, without: Iterable[str] = ()) -> set[Path]:
    """Return the project's own modules that a notebook uses; arguments and errors as code_cells."""
    return set().union(*map(imported, code_cells(notebook, without=without)))
