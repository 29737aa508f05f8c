"""Make the zip that the homework asks for: `python -m tools.handin`.

The report, the four executed notebooks, the digits of part 4(c) with the pictures that they were
read from, and whatever else the notebooks need to run again in an empty folder. Every part is
checked first, the zip is opened again and compared; if anything is wrong, no zip is written.

What is proven: each notebook has the cells of its source, ran with its own parameters and without
an error, and is as its run left it (the runner seals cells and outputs); the report was made with
these notebooks; the digits are those that the report was made with.
"""

import glob
import hashlib
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from common import ROOT
from sweep import sources
from sweep.notebook import seal

BUILD = ROOT / "report/build"
DIGITS = "data/handwritten"
NOTEBOOKS = ("problem1_compgraph", "problem2_linear", "problem3_mlp", "problem4_mnist")
INJECTED = "injected-parameters"  # papermill's tag for the cell that it adds
METADATA = {"kernelspec", "language_info", "seal"}  # that a run writes
AGAIN = "type: make report"
README = """\
Homework 2, Deep Learning (600.482/682).

report.pdf                   the answers
results, study               the numbers behind them
problem1 ... problem4.ipynb  the four notebooks, as they ran
data/handwritten/mine        the digits of part 4(c), if there are any: pictures, contact sheets,
                             and what was read from them

To run the notebooks again, in this folder, with Python 3.11 or later:

    python -m venv .venv
    .venv/bin/pip install -r requirements.lock
    .venv/bin/python -m tools.fetch          (MNIST; or set MNIST_DIR to a folder that has it)
    .venv/bin/jupyter lab
"""


class HandinError(Exception):
    """The hand-in is not ready to be handed in; the message says why."""


def read_notebook(path: Path) -> dict[str, Any]:
    """Return a notebook. Raises HandinError."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (OSError, ValueError, AttributeError, RecursionError, nbformat.ValidationError) as error:
        raise HandinError(f"{path} is not a notebook: {error}; {AGAIN}") from error
    return notebook


def is_injected(cell: dict[str, Any]) -> bool:
    """Return whether papermill added a cell."""
    return cell["cell_type"] == "code" and INJECTED in cell["metadata"].get("tags", [])


def written_cells(notebook: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (type, source) of each cell that papermill did not add."""
    cells = [cell for cell in notebook["cells"] if not is_injected(cell)]
    return [(cell["cell_type"], cell["source"]) for cell in cells]


def check_notebook(executed: Path, source: Path) -> None:
    """Raise HandinError unless a notebook is its source, executed, and nothing else.

    A cell that was not executed, or not in its turn, breaks the seal, as any edit does.
    """
    notebook = read_notebook(executed)
    if written_cells(notebook) != written_cells(read_notebook(source)):
        raise HandinError(f"{executed} does not have the cells of {source.name}; {AGAIN}")
    for cell in filter(is_injected, notebook["cells"]):
        if re.search(r'^(?!#|out = "[^"]*"$)\S', cell["source"], re.M):
            raise HandinError(f"{executed} was run with other parameters; {AGAIN}")
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    if any(output["output_type"] == "error" for output in outputs):
        raise HandinError(f"{executed} has an error in an output; {AGAIN}")
    if extra := set(notebook["metadata"]) - METADATA:
        raise HandinError(f"{executed} has metadata that no run writes: {', '.join(sorted(extra))}")
    if notebook["metadata"].get("seal") != seal(notebook["cells"]):
        raise HandinError(f"{executed} is not as its run left it: it was edited or not executed")


def check_sums(build: Path) -> None:
    """Raise HandinError if the PDF was not made with these notebooks."""
    names = ["report.pdf", *(f"{notebook}.ipynb" for notebook in NOTEBOOKS)]
    try:
        sums = (build / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        sha256 = {name: hashlib.sha256((build / name).read_bytes()).hexdigest() for name in names}
    except (OSError, ValueError) as error:
        raise HandinError(f"{build} is not complete: {error}; {AGAIN}") from error
    for name in names:
        if f"{sha256[name]}  {name}" not in sums:
            raise HandinError(f"{build / name} changed after the report was made; {AGAIN}")


def modules() -> set[Path]:
    """Return our files that the notebooks need, their interactive cells included."""
    files: set[Path] = set()
    for name in NOTEBOOKS:
        for code, _ in sources.tagged_cells(ROOT / f"{name}.ipynb"):
            files |= sources.imported(code)
    for folder in {file.parent for file in files} - {ROOT}:  # a package needs its JavaScript, too
        files |= {file for file in folder.glob("[!.]*.*") if not file.is_symlink()}
    if ROOT / "figures.py" in files:
        files.add(ROOT / "report/figures.mplstyle")
    return files


def own_digits(build: Path) -> set[Path]:
    """Return the student's digits files, and the pictures and contact sheets that they name.

    Raises HandinError if the report lacks some.
    """
    mine = ROOT / DIGITS / "mine"
    try:
        results = json.loads((build / "results/problem4_mnist.json").read_text(encoding="utf-8"))
        known = set(results["provenance"]["sha256"].values())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HandinError(f"{build / 'results'} is not complete: {error}; {AGAIN}") from error
    files: set[Path] = set()
    for path in sorted(mine.glob("[!.]*.json")):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() in known:
            sheets = {str(item.get("contact_sheet")) for item in json.loads(content)}
            files |= {path, *mine.glob(f"{glob.escape(path.stem)}.[jp][pn]g")}
            files |= {mine / Path(name).name for name in sheets}
        elif is_digits(content):
            raise HandinError(f"{path} is not in the report; {AGAIN}")
    return {file for file in files if file.is_file()}


def is_digits(content: bytes) -> bool:
    """Return whether a file may hold digits. Problem 4 leaves out, and names, one that does not."""
    try:
        return bool(json.loads(content))
    except ValueError:
        return False


def of_results(build: Path) -> dict[str, Path]:
    """Return the numbers that the report was made of, and the study's tables."""
    files = [*build.glob("results/*.json"), *build.glob("study/*/*.csv")]
    return {path.relative_to(build).as_posix(): path for path in files}


def to_run_again() -> set[Path]:
    """Return the files that the notebooks need in another folder."""
    files = modules() | {ROOT / DIGITS / "strokes.json"}
    files |= {ROOT / "tools/__init__.py"} | sources.imported("import tools.fetch")
    return files | {ROOT / "requirements.lock"}


def read_text(pdf: Path) -> str:
    """Return the text of a PDF. Raises HandinError if it cannot be read."""
    try:
        return "".join(page.extract_text() for page in PdfReader(pdf, strict=True).pages)
    except PyPdfError as error:
        raise HandinError(f"{pdf} is not a readable PDF: {error}; {AGAIN}") from error


def contents(build: Path) -> dict[str, bytes]:
    """Check every part and return the zip's files by name. Raises HandinError or OSError."""
    for name in NOTEBOOKS:
        check_notebook(build / f"{name}.ipynb", ROOT / f"{name}.ipynb")
    check_sums(build)
    made = [build / "report.pdf", *(build / f"{name}.ipynb" for name in NOTEBOOKS)]
    paths = {path.name: path for path in made}
    paths |= of_results(build)
    needed = to_run_again() | own_digits(build)
    paths |= {path.relative_to(ROOT).as_posix(): path for path in needed}
    files = {name: paths[name].read_bytes() for name in sorted(paths)}
    files["README.txt"] = README.encode()
    text = read_text(build / "report.pdf")
    for private in {str(ROOT), str(Path.home())} - {"/", "/root"}:
        for name, data in (*files.items(), ("report.pdf", text.encode())):
            if private.encode() in data:
                raise HandinError(f"{name} contains the private path {private}; {AGAIN}")
    return files


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    """Write a zip that depends on the contents only, open it again and compare.

    Raises HandinError.
    """
    unfinished = path.with_name(f".{path.name}")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                entry = zipfile.ZipInfo(name)  # dated 1980, so the same files give the same bytes
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
        with zipfile.ZipFile(unfinished) as archive:
            if {name: archive.read(name) for name in archive.namelist()} != files:
                raise HandinError(f"{path} does not hold what was put into it")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def main() -> int:
    """Check, write, and print what is in the zip."""
    path = BUILD / "handin.zip"
    path.unlink(missing_ok=True)
    try:
        files = contents(BUILD)
        write_zip(path, files)
    except (HandinError, OSError) as error:
        print(f"error: {error}\nno zip was made", file=sys.stderr)
        return 1
    print(f"the hand-in: {path.relative_to(ROOT)}, checked\n  " + "\n  ".join(files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
