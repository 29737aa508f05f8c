"""Which of the project's own files a notebook uses: what it imports, and what that imports.

Standard library only, so that the Makefile can ask before the environment is built.
"""

import ast
import functools
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SKIPPED_TAG = "explore"  # cells for a person in front of the screen; they change no result


def code_cells(notebook: Path, *, only: str = "", without: str = SKIPPED_TAG) -> list[str]:
    """Return the sources of the code cells with the tag `only`, if given, and not `without`.

    Raises ValueError if the file is no notebook, OSError if it cannot be read.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        tagged = [
            ("".join(cell["source"]), cell["metadata"].get("tags", []))
            for cell in cells
            if cell["cell_type"] == "code"
        ]
        return [
            source for source, tags in tagged if without not in tags and (not only or only in tags)
        ]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{notebook} is not a notebook: {type(error).__name__}: {error}") from None


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
    modules: set[Path] = set()
    waiting = [code]
    while waiting:
        files = {file for name in imports(waiting.pop()) if (file := own_file(name))}
        waiting += [file.read_text(encoding="utf-8") for file in files - modules]
        modules |= files
    return modules


def modules(notebook: Path) -> set[Path]:
    """Return the project's own modules that a notebook uses. Raises ValueError or OSError."""
    return set().union(*(imported(code) for code in code_cells(notebook)))
