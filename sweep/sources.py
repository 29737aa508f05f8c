"""Which of the project's own files a notebook uses: what it imports, and what that imports.

Standard library only, so that the Makefile can ask before the environment is built.
"""

import ast
import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
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
    """Return the tags of a notebook's cell."""
    return set(cell["metadata"].get("tags", []))


@functools.cache
def imports(code: str) -> frozenset[str]:
    """Return the names of the modules that some source imports; none if it is not valid Python."""
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in code.splitlines()]
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:  # running it will say so
        return frozenset()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
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
