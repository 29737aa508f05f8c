"""Make the zip that the homework asks for: `python -m tools.handin`.

The report, the four executed notebooks and the modules they import. Everything is checked before, the zip is opened and
compared after; any doubt, and there is no zip.
"""

import hashlib
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pypdf

from common import ROOT
from sweep import sources
from sweep.notebook import seal

NOTEBOOKS = ("problem1_compgraph", "problem2_linear", "problem3_mlp", "problem4_mnist")


class HandinError(Exception):
    """The hand-in is not fit to be sent; the message says why."""


def read_notebook(path: Path) -> dict[str, Any]:
    """Return a notebook; raises HandinError."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        return notebook
    except (OSError, ValueError, AttributeError, RecursionError, nbformat.ValidationError) as error:
        raise HandinError(f"{path}: expected a notebook, found: {error}; type: make report") from error


def injected(cell: dict[str, Any]) -> bool:
    """Tell whether papermill wrote a cell."""
    return cell["cell_type"] == "code" and "injected-parameters" in cell["metadata"].get("tags", [])


def own_cells(notebook: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (type, source) of each cell but the one in which papermill writes parameters."""
    cells = [c for c in notebook["cells"] if not injected(c)]
    return [(c["cell_type"], "".join(c["source"])) for c in cells]


def check_notebook(executed: Path, source: Path) -> None:
    """Refuse a notebook with an error, a cell that did not run, another order, or that was edited after the run."""
    notebook = read_notebook(executed)
    code = [c for c in notebook["cells"] if c["cell_type"] == "code" and "".join(c["source"]).strip()]
    counts: list[Any] = [c.get("execution_count") for c in code]
    if None in counts:
        raise HandinError(f"{executed}: code cell {counts.index(None) + 1} was not executed; type: make report")
    if counts != sorted(set(counts)):
        raise HandinError(f"{executed}: expected cells executed from top to bottom, found the order {counts}")
    if any(output["output_type"] == "error" for cell in code for output in cell["outputs"]):
        raise HandinError(f"{executed}: expected no errors, found one in an output")
    if own_cells(notebook) != own_cells(read_notebook(source)):
        raise HandinError(f"{executed}: expected the cells of {source.name}, found others; type: make report")
    given = ["".join(c["source"]) for c in code if injected(c)]
    if any(re.search(r"^(?!#|out = \"[^\"]*\"$)\S.*", text, re.M) for text in given):
        raise HandinError(f"{executed}: expected the notebook's own parameters, found others; type: make report")
    if other := set(notebook["metadata"]) - {"kernelspec", "language_info", "seal"}:
        raise HandinError(f"{executed}: expected the metadata of a run, found {', '.join(sorted(other))}, too")
    if notebook["metadata"].get("seal") != seal(notebook["cells"]):
        raise HandinError(f"{executed}: expected a notebook as it was executed, found one that was edited after")


def check_sums(build: Path) -> None:
    """Refuse a PDF that was not made from these notebooks."""
    try:
        lines = (build / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        sums = {name: digest for digest, name in map(str.split, lines)}
    except (OSError, ValueError) as error:
        raise HandinError(f"{build / 'SHA256SUMS'}: expected the report's own sums, found: {error}") from error
    for name in ("report.pdf", *(f"{notebook}.ipynb" for notebook in NOTEBOOKS)):
        found = hashlib.sha256((build / name).read_bytes()).hexdigest()
        if sums.get(name) != found:
            raise HandinError(f"{build / name}: expected the file that the report was made with, found another")


def check_pdf(path: Path) -> str:
    """Refuse a PDF that cannot be opened or has no text; return the text."""
    try:
        text = "".join(page.extract_text() for page in pypdf.PdfReader(path, strict=True).pages)
    except Exception as error:  # pypdf has many; each of them means that the file is no good
        raise HandinError(f"{path}: expected a readable PDF, found: {error}; type: make report") from error
    if len(text) < 1000:
        raise HandinError(f"{path}: expected a report, found a PDF with {len(text)} characters of text")
    return text


def contents(build: Path) -> dict[str, bytes]:
    """Check every part and return the zip's files by name."""
    text = check_pdf(build / "report.pdf")
    files = {"report.pdf": build / "report.pdf"}
    modules: set[str] = set()
    used_widgets = False
    for name in NOTEBOOKS:
        check_notebook(build / f"{name}.ipynb", ROOT / f"{name}.ipynb")
        files[f"{name}.ipynb"] = build / f"{name}.ipynb"
        for kind, source in own_cells(read_notebook(ROOT / f"{name}.ipynb")):
            if kind == "code":
                modules |= {path.stem for path in sources.imported(source) if path.parent == ROOT}
                used_widgets |= "explore" in sources.imports(source)
    check_sums(build)
    files |= {f"{name}.py": ROOT / f"{name}.py" for name in modules}
    if used_widgets:
        files |= {f"explore/{path.name}": path for path in (ROOT / "explore").glob("[!.]*.*") if not path.is_symlink()}
    if "figures" in modules:
        files["report/figures.mplstyle"] = ROOT / "report/figures.mplstyle"
    found = {name: path.read_bytes() for name, path in sorted(files.items())}
    for name, data in found.items():
        for private in {str(ROOT), str(Path.home())} - {"/", "/root"}:
            if private.encode() in data or (name == "report.pdf" and private in text):  # its pages are packed
                raise HandinError(f"{name}: expected nothing personal, found the path {private}; type: make report")
    return found


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    """Write a zip that depends on the contents only, open it again and compare; raises HandinError."""
    unfinished = path.with_name(f".{path.name}")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                entry = zipfile.ZipInfo(name)  # dated 1980, so that the same files give the same bytes
                entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
                archive.writestr(entry, data)
        with zipfile.ZipFile(unfinished) as archive:
            if archive.testzip() or {n: archive.read(n) for n in archive.namelist()} != files:
                raise HandinError(f"{path}: the zip does not hold what was put into it")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def main() -> int:
    """Check, write, and say what is in the zip."""
    path = ROOT / "report/build/handin.zip"
    path.unlink(missing_ok=True)
    try:
        files = contents(path.parent)
        write_zip(path, files)
    except (HandinError, OSError) as error:
        print(f"error: {error}\nno zip was made", file=sys.stderr)
        return 1
    print(f"the hand-in: {path.relative_to(ROOT)}, checked\n  " + "\n  ".join(files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
