"""Make report/build/report.pdf from report.tex, figures and numbers: `python -m tools.report`.

The numbers of report/build/results become LaTeX macros: \\result{problem4_mnist.trained_accuracy}.
Anything missing, undefined or too large for the page stops the build.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from common import ROOT
from tools.markdown import escape, to_latex
from tools.setup import tex_advice, tex_lacks

BUILD = ROOT / "report/build"
RESULT = r"\\(?:result|share|decimals\{\d\}|percent(?:\[\d\])?)\{([^}]*)\}"
FIGURE = r"\\figureof\{([^}]*)\}"
ANSWER = r"\\answer\{([^}]*)\}"
KEY = r"[A-Za-z0-9 ._/-]+"  # what a report can ask for; a file's hash may have a key like "50%.csv"
UNDEFINED = r"(?:Reference|Citation) `.*' on page .* undefined|multiply defined"
TOO_LARGE = r"Float too large for page"
OVERFULL = r"Overfull \\[hv]box \((\d+\.\d+)pt too (?:wide|high)\)"
MOST_OVERFULL = 5.0  # points by which a box may stick out
MOST_COMPLAINTS = 8  # that are printed
LATEXMK = ["latexmk", "-norc", "-pdf", "-g", "-interaction=nonstopmode", "-halt-on-error"]
NO_SHELL = "-latexoption=-no-shell-escape"
REPRODUCIBLE = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}  # the same bytes at any time


class ReportError(Exception):
    """The report cannot be built; the message says why."""


def entries(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield (key, LaTeX text) for each number and text in a results file; dots join the keys."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from entries(f"{name}.{key}", item)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from entries(f"{name}.{i}", item)
    elif isinstance(value, bool | str | None):
        yield name, escape(str(value))
    else:
        yield name, repr(value)


def read_results(build: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the LaTeX text of each result by its key, and of each answer by its name.

    Raises ReportError.
    """
    texts: dict[str, str] = {}
    answers: dict[str, str] = {}
    for path in sorted((build / "results").glob("*.json")):
        try:
            results = json.loads(path.read_text(encoding="utf-8"))
            answers |= {n: to_latex(text) for n, text in results.pop("answers", {}).items()}
            texts |= entries(path.stem, results)
        except (ValueError, AttributeError, RecursionError) as error:
            raise ReportError(
                f"{path} is no results file: {error}; type: make clean report"
            ) from error
    texts["made.commit"] = in_words(ends(texts, "commit"), "True" in ends(texts, "dirty"))
    return {key: text for key, text in texts.items() if re.fullmatch(KEY, key)}, answers


def ends(texts: dict[str, str], name: str) -> set[str]:
    """Return what the provenance of all results says under a name."""
    return {text for key, text in texts.items() if key.endswith(f".provenance.{name}")}


def in_words(commits: set[str], dirty: bool) -> str:
    """Say from which commit the results are; from several, if they were not made together."""
    if commits <= {"None"}:
        return "Commit unknown"
    names = [rf"\texttt{{{name}}}" for name in sorted(commits - {"None"})]
    *first, last = names + ["an unknown one"] * ("None" in commits)
    named = f"Commits {', '.join(first)} and {last}" if first else f"Commit {last}"
    return named + " with uncommitted changes" * dirty


def read_alt_texts(build: Path) -> dict[str, str]:
    """Return the LaTeX text of each figure's alt text, which its PNG file carries."""
    texts = {}
    for path in sorted((build / "figures").glob("*.png")):
        with Image.open(path) as image:
            texts[path.stem] = escape(image.info.get("Description", ""))
    return texts


def read_seals(build: Path) -> dict[str, str]:
    """Return the seal that its run put on each notebook, for the hand-in to compare.

    Raises ReportError.
    """
    seals = {}
    for name in (path.name for path in ROOT.glob("problem*.ipynb")):
        path = build / name
        try:
            seals[name] = json.loads(path.read_text(encoding="utf-8"))["metadata"]["seal"]
        except (OSError, ValueError, LookupError, TypeError) as error:
            reason = f"{path} is not a notebook as its run leaves it ({type(error).__name__})"
            raise ReportError(f"{reason}; remove it and type: make report") from error
    return seals


def check_names(
    source: str, results: dict[str, str], answers: dict[str, str], alt_texts: dict[str, str]
) -> None:
    """Raise ReportError if the source asks for something that was not made."""
    source = re.sub(r"(?m)(?<!\\)%.*$", "", source)  # without comments
    for what, asked, known in (
        ("numbers", RESULT, results),
        ("answers", ANSWER, answers),
        ("figures", FIGURE, alt_texts),
    ):
        names = {name for name in re.findall(asked, source) if "#" not in name}
        if missing := sorted(names - known.keys()):
            raise ReportError(f"report.tex asks for {what} that are missing: {', '.join(missing)}")


def complaints(log: str) -> list[str]:
    """Return the lines of a LaTeX log that must not be there; if there are errors, only these."""
    lines = dict.fromkeys(line.strip() for line in log.splitlines())
    errors = [line for line in lines if line.startswith("!")]
    return errors or [line for line in lines if is_complaint(line)]


def is_complaint(line: str) -> bool:
    """Return whether a line of a log names something undefined or too large."""
    if overfull := re.search(OVERFULL, line):
        return float(overfull[1]) > MOST_OVERFULL
    return bool(re.search(f"{UNDEFINED}|{TOO_LARGE}", line))


def run_latexmk(source: Path, build: Path) -> Path:
    """Run latexmk in `build`/tex and return the PDF there. Raises ReportError.

    It begins with an empty folder: TeX reads what it wrote the last time, and if it was killed,
    that may end in the middle of a line. TeX sees relative names only: in a folder's name, it
    would take characters like ~, %, $, # and braces for commands.
    """
    folder = build / "tex"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(source, folder)
    done = subprocess.run(
        [*LATEXMK, NO_SHELL, "-outdir=tex", f"tex/{source.name}"],
        cwd=build,
        env=os.environ | REPRODUCIBLE | {"TEXINPUTS": ".:", "max_print_line": "1000"},
        capture_output=True,
        text=True,
        errors="replace",
    )
    log = folder / f"{source.stem}.log"
    printed = done.stdout + done.stderr
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else printed
    found = complaints(text)
    if done.returncode or found:
        reasons = "\n  ".join(found[:MOST_COMPLAINTS]) or printed[-1500:].strip()
        more = f"\n  the whole log: {log}" if log.exists() else ""
        raise ReportError(f"{source} was not built:\n  {reasons}{more}")
    return folder / f"{source.stem}.pdf"


def build_report(source: Path, build: Path) -> Path:
    """Build the PDF in `build` and return it; made_of.json says what it was made of.

    Raises ReportError.
    """
    if missing := tex_lacks():
        raise ReportError(tex_advice(missing))
    began = time.time()
    results, answers = read_results(build)
    alt_texts = read_alt_texts(build)
    seals = read_seals(build)
    check_names(source.read_text(encoding="utf-8"), results, answers, alt_texts)
    lines = [rf"\setresult{{{key}}}{{{text}}}" for key, text in results.items()]
    lines += [rf"\setanswer{{{name}}}{{{text}}}" for name, text in answers.items()]
    lines += [rf"\setalt{{{name}}}{{{text}}}" for name, text in alt_texts.items()]
    (build / "numbers.tex").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pdf = run_latexmk(source, build)
    os.utime(pdf, (began, began))  # older than a source that changed while it ran
    made_of = {pdf.name: hashlib.sha256(pdf.read_bytes()).hexdigest()} | seals
    (build / "made_of.json").write_text(
        json.dumps(made_of, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    return pdf.replace(build / pdf.name)  # last: whatever stops this, the PDF is old or all is new


def main() -> int:
    """Build the report and print where it is."""
    try:
        pdf = build_report(ROOT / "report/report.tex", BUILD)
    except (ReportError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"the report: {pdf.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
