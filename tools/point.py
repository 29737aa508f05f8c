"""One point of a sweep: what identifies it, how it is run, and how its folder becomes whole in one step."""

import ast
import contextlib
import functools
import hashlib
import json
import os
import shutil
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import common
from tools import run


@dataclass(frozen=True)
class Point:
    """A notebook, its parameters, the folder for the results, and the identity that tells whether these are current.

    The notebook's path is relative to the repository if it is inside.
    """

    notebook: Path
    folder: Path
    values: dict[str, Any]
    identity: str
    kernel: bool = False
    keep: bool = False


@dataclass
class Record:
    """What a point's folder says of its last run; no cause means that it went well."""

    identity: str
    values: dict[str, Any]
    kept: bool
    cause: str
    seconds: float


@functools.cache
def imports(code: str) -> frozenset[str]:
    """Return the modules that some source imports."""
    found: set[str] = set()
    with contextlib.suppress(SyntaxError):  # the cell's run will say so
        lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in code.splitlines()]
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return frozenset(found)


def modules(code: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the repository's modules that some source imports, and those that they import."""
    paths = {name: common.ROOT / f"{name}.py" for name in imports(code) - seen}
    found = {name: path.read_text(encoding="utf-8") for name, path in paths.items() if path.is_file()}
    return set(found).union(*(modules(text, seen | found.keys()) for text in found.values()))


def code_cells(notebook: Path) -> list[str]:
    """Return the sources of a notebook's code cells; raises ValueError."""
    try:
        cells = json.loads((common.ROOT / notebook).read_text(encoding="utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{notebook}: expected a notebook, found: {type(error).__name__}: {error}") from None


def module_hashes() -> dict[str, str]:
    """Return the SHA-256 of each of the repository's modules, the tools among them."""
    paths = [*common.ROOT.glob("*.py"), *common.ROOT.glob("tools/*.py")]
    return {str(path.relative_to(common.ROOT)): file_hash(path) for path in paths}


def sources(notebook: Path) -> dict[str, str]:
    """Return the SHA-256 of the notebook's code cells and of each module that they use."""
    code = code_cells(notebook)
    used = {name: file_hash(common.ROOT / f"{name}.py") for name in set().union(*map(modules, code))}
    return {notebook.name: hashlib.sha256("\n\n".join(code).encode()).hexdigest(), **used}


def file_hash(path: Path) -> str:
    """Return a file's SHA-256, read anew only if the file changed."""
    status = path.stat()
    return _file_hash(path, status.st_mtime_ns, status.st_size)


@functools.cache
def _file_hash(path: Path, changed: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def data(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Return name and SHA-256 of each file that the parameters name, MNIST's among them."""
    files = {common.ROOT / value for value in values.values() if isinstance(value, str) and value}
    if "data_dir" in values:
        with contextlib.suppress(common.DataError):  # no data: the run will say so
            files |= set((common.ROOT / common.find_mnist(values["data_dir"])).glob("*ubyte*"))
    found = []
    for path in sorted(files):
        with contextlib.suppress(OSError):  # a text that is no path, or names no file
            found.append((path.name, file_hash(path)))
    return found


def identity(code: dict[str, str], values: dict[str, Any], files: list[tuple[str, str]] | None = None) -> str:
    """Return the SHA-256 of everything that a run's numbers depend on: sources, parameters and data."""
    parts = [code, values, data(values) if files is None else files]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def is_current(point: Point) -> bool:
    """Tell whether notebook, modules and data still are what they were when the point was made."""
    try:
        return identity(sources(point.notebook), point.values) == point.identity
    except (OSError, ValueError):
        return False


def record(point: Point) -> Record | None:
    """Return what the point's folder says, or None if it says nothing that fits."""
    try:
        found = Record(**json.loads((point.folder / "point.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.identity == point.identity and found.kept >= point.keep else None


def numbers(point: Point, folder: Path) -> Path:
    """Return where a run in `folder` writes its numbers."""
    return folder / f"results/{point.notebook.stem}.json"


def results(point: Point) -> dict[str, Any]:
    """Return the numbers of a finished point; raises OSError or ValueError."""
    return json.loads(numbers(point, point.folder).read_text(encoding="utf-8"))


def is_done(point: Point) -> bool:
    """Tell whether the point's folder holds current results."""
    found = record(point)
    if found is None or found.cause:
        return False
    with contextlib.suppress(OSError, ValueError):
        return bool(results(point))
    return False


def finish(point: Point, work: Path, cause: str, seconds: float) -> None:
    """Write the record into `work` and give the folder its name; does nothing if a stopped sweep has removed it."""
    if not work.is_dir():
        return
    said = Record(point.identity, point.values, point.keep, cause, seconds)
    (work / "point.json").write_text(json.dumps(asdict(said), indent=2) + "\n", encoding="utf-8")
    old = work.with_name(f"{work.name}.old")
    with contextlib.suppress(FileNotFoundError):
        point.folder.rename(old)
    work.rename(point.folder)
    shutil.rmtree(old, ignore_errors=True)


def new_folder(point: Point) -> Path:
    """Make a folder beside the point's; one whose name begins with a dot was never finished."""
    work = point.folder.with_name(f".{uuid.uuid4().hex}")
    work.mkdir(parents=True)
    return work


def give_up(point: Point, cause: str) -> None:
    """Record a failure for a process that could not do it itself."""
    finish(point, new_folder(point), cause, 0.0)


def execute(point: Point) -> str:
    """Run a point; return the cause of its failure in a line, or nothing."""
    work = new_folder(point)
    began, cause = time.perf_counter(), ""
    os.environ.pop("SKIP_FIGURES", None)
    if not point.keep:
        os.environ["SKIP_FIGURES"] = "1"
    try:
        run.execute(common.ROOT / point.notebook, work, point.values, kernel=point.kernel)
        cause = "" if numbers(point, work).is_file() else f"expected {numbers(point, work)}, found none"
    except run.RunError as error:
        cause = ": ".join(line.strip() for line in str(error).splitlines()[1:] if "the failed copy" not in line)
    inside = work.relative_to(common.ROOT) if work.is_relative_to(common.ROOT) else work
    cause = cause.replace(f"{work}/", "").replace(f"{inside}/", "")  # the same failure, the same words
    if not point.keep:
        (work / point.notebook.name).unlink(missing_ok=True)
    for copy in work.glob("*.ipynb"):
        text = copy.read_text(encoding="utf-8")
        copy.write_text(text.replace(work.name, point.folder.name), encoding="utf-8")  # the folder's name from now on
        run.tidy(copy)
    finish(point, work, cause, time.perf_counter() - began)
    return cause
