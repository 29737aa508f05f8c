"""Make report/build/report.pdf from report.tex, the figures and the numbers: `python -m tools.report`.

The numbers of report/build/results become LaTeX macros: \\result{problem4_mnist.trained_accuracy}. Whatever is missing
or undefined, and a box that sticks out by more than 5 pt, stops the build.
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
from tools import lock

BUILD = ROOT / "report/build"
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
SPECIAL |= {c: f"\\{c}" for c in "&%$#_{}"}
KEYS = {"result": r"\\(?:result|share|decimals\{\d\}|percent(?:\[\d\])?)\{([^}]*)\}", "alt": r"\\figureof\{([^}]*)\}"}
KEY = r"[A-Za-z0-9 ._/-]+"  # what a report can ask for; a result may also be named by a file, say "50%.csv"
OVERFULL = re.compile(r"Overfull \\[hv]box \((\d+\.\d+)pt too (?:wide|high)\).*")


class ReportError(Exception):
    """The report cannot be built; the message says why."""


def latex(text: str) -> str:
    """Escape a text for LaTeX."""
    return "".join(SPECIAL.get(c, c) for c in text)


def entries(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield (key, LaTeX text) for each leaf of a results file; keys are joined by dots."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from entries(f"{prefix}.{key}", item)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from entries(f"{prefix}.{i}", item)
    elif isinstance(value, bool) or value is None or isinstance(value, str):
        yield prefix, latex(str(value))
    else:
        yield prefix, repr(value)


def write_numbers(build: Path) -> None:
    """Write numbers.tex: a line for each result and for each figure's alt text, which its PNG carries."""
    lines = []
    for path in sorted((build / "results").glob("*.json")):
        try:
            results = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ReportError(f"{path}: expected JSON, found: {error}; type: make clean report") from error
        lines += [rf"\setresult{{{k}}}{{{text}}}" for k, text in entries(path.stem, results) if re.fullmatch(KEY, k)]
    for path in sorted((build / "figures").glob("*.png")):
        with Image.open(path) as image:
            lines.append(rf"\setalt{{{path.stem}}}{{{latex(image.info.get('Description', ''))}}}")
    (build / "numbers.tex").write_text("\n".join(lines) + "\n", encoding="utf-8")


def check_keys(source: str, numbers: str) -> None:
    """Name every number and figure that the source asks for and the build does not have; raises ReportError."""
    source = re.sub(r"(?m)(?<!\\)%.*$", "", source)
    for kind, asks in KEYS.items():
        known = set(re.findall(rf"^\\set{kind}\{{(.*?)\}}", numbers, re.M))
        missing = sorted({key for key in re.findall(asks, source) if "#" not in key} - known)
        if missing:
            what = "figures" if kind == "alt" else "numbers"
            raise ReportError(f"report.tex: expected these {what} of the notebooks, found none: {', '.join(missing)}")


def complaints(log: str) -> list[str]:
    """Return what a LaTeX log complains about that must not be in a finished report; errors first and alone."""
    errors = re.findall(r"^ *(! .*)", log, re.M)
    if errors:
        return list(dict.fromkeys(errors))
    found = re.findall(r"^.*(?:(?:Reference|Citation) `.*' on page .* undefined|multiply defined).*$", log, re.M)
    found += [m[0] for m in OVERFULL.finditer(log) if float(m[1]) > 5]
    return list(dict.fromkeys(found))


def latexmk(source: Path, build: Path) -> Path:
    """Run latexmk in `build`/tex and return the PDF there, without complaints. Raises ReportError."""
    work = build / "tex"
    for leftover in work.glob("pdflatex[0-9]*"):  # of a TeX that was killed
        leftover.unlink()
    env = os.environ | {
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
        "TEXINPUTS": f"{build}:",
        "max_print_line": "1000",
    }
    command = [
        "latexmk",
        "-norc",
        "-pdf",
        "-latexoption=-no-shell-escape",
        "-interaction=nonstopmode",
        "-halt-on-error",
        "-g",
        f"-outdir={work}",
        str(source),
    ]
    done = subprocess.run(command, cwd=build, env=env, capture_output=True, text=True, errors="replace")
    log = work / f"{source.stem}.log"
    found = complaints(log.read_text(encoding="utf-8", errors="replace") if log.exists() else done.stdout)
    if done.returncode or found:
        reasons = "\n  ".join(found[:8]) or done.stdout[-1500:]
        raise ReportError(f"{source}: the report was not built:\n  {reasons}\n  the whole log: {log}")
    return work / f"{source.stem}.pdf"


def build_report(source: Path, build: Path) -> Path:
    """Build the PDF in `build` and return it; SHA256SUMS there says what it was made of. Raises ReportError."""
    if shutil.which("latexmk") is None:
        packages = (ROOT / "apt.txt").read_text().split()
        raise ReportError(f"latexmk: expected TeX, found none; type: sudo apt-get install {' '.join(packages)}")
    with lock.hold(build / "tex/.lock"):
        began = time.time()
        write_numbers(build)
        check_keys(source.read_text(encoding="utf-8"), (build / "numbers.tex").read_text(encoding="utf-8"))
        made = latexmk(source, build)
        os.utime(made, (began, began))  # older than a source that was changed while it ran
        parts = [made, *sorted(build.glob("problem*.ipynb"))]
        sums = [f"{hashlib.sha256(part.read_bytes()).hexdigest()}  {part.name}\n" for part in parts]
        (build / "SHA256SUMS").write_text("".join(sums))
        return made.replace(build / made.name)  # last: whatever stops this, the PDF is old or all is new


def main() -> int:
    """Build and say where the PDF is."""
    try:
        print(f"the report: {build_report(ROOT / 'report/report.tex', BUILD).relative_to(ROOT)}")
    except (ReportError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
