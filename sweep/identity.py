"""One hash of all that a run's numbers depend on: code, parameters, and files that these name."""

import functools
import hashlib
import json
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweep import sources
from sweep.sources import ROOT

Hashes = list[tuple[str, str]]  # name and SHA-256 of each file


def identity(code: Hashes, values: dict[str, Any]) -> str:
    """Return the SHA-256 of a notebook's code and its parameters.

    A parameter that names a file or a folder counts by what is in it, so the files may be moved.
    """
    parameters = {name: contents(name, value) or value for name, value in values.items()}
    return hashlib.sha256(json.dumps([code, parameters], sort_keys=True).encode()).hexdigest()


def code_hashes(notebook: Path, skip: Sequence[str] = ()) -> Hashes:
    """Return the hashes of a notebook's code cells and of the project's modules that they use.

    Cells with a tag of `skip` do not count. Raises ValueError if the file is no notebook, OSError
    if it cannot be read.
    """
    path = ROOT / notebook
    cells = "\n\n".join(sources.code_cells(path, without=skip))
    modules = [(str(file.relative_to(ROOT)), file) for file in sources.modules(path, skip)]
    hashes = [(name, file_hash(file)) for name, file in sorted(modules)]
    return [(notebook.name, hashlib.sha256(cells.encode()).hexdigest()), *hashes]


def contents(name: str, value: Any) -> Hashes:
    """Return the hashes of the file, or of all files in the folder, that a parameter names."""
    path = named_path(name, value)
    return path_hashes(path) if path else []


def named_path(name: str, value: Any) -> Path | None:
    """Return the file or folder that a parameter names, or None.

    A text without a slash may just be a word: it names a folder only if pyproject.toml lists the
    parameter in tool.sweep.empty.
    """
    if not isinstance(value, str) or not value:
        return None
    path = ROOT / value
    try:
        is_folder = path.is_dir() and ("/" in value or name in empty_places())
        return path if is_folder or path.is_file() else None
    except (OSError, ValueError):  # a text that cannot be a path
        return None


@functools.cache
def path_hashes(path: Path) -> Hashes:
    """Return the hashes of a file or of all files in a folder; it is listed again after forget."""
    try:
        if path.is_file():
            return [(path.name, file_hash(path))]
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return [(str(file.relative_to(path)), file_hash(file)) for file in files]
    except OSError:  # it cannot be read, so only its name counts
        return []


def forget() -> None:
    """Forget which files the folders held; to be called before their contents are checked again."""
    path_hashes.cache_clear()


def file_hash(path: Path) -> str:
    """Return a file's SHA-256; it is read again only if the file changed."""
    status = path.stat()
    return _file_hash(path, status.st_mtime_ns, status.st_size)


@functools.cache
def _file_hash(path: Path, changed: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def filled(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values, an empty parameter that stands for a file or folder being filled in.

    Where a notebook would look is said in pyproject.toml, in the table tool.sweep.empty.
    """
    return values | {
        name: first_place(places)
        for name, places in empty_places().items()
        if values.get(name) == ""
    }


@functools.cache
def empty_places() -> dict[str, list[str]]:
    """Return where an empty parameter looks: environment variables ($NAME), folders and files."""
    file = ROOT / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return project.get("tool", {}).get("sweep", {}).get("empty", {})


def first_place(places: list[str]) -> str:
    """Return the first place that exists or that a variable names; nothing if there is none."""
    for place in places:
        if place.startswith("$"):
            if folder := os.environ.get(place[1:]):
                return folder
        elif path_hashes(ROOT / place):  # an empty folder does not count
            return place
    return ""
