"""One run of a sweep and its folder, which appears complete or not at all.

It holds run.json, results/<notebook>.json, and the executed notebook if it failed or is to be kept.
"""

import contextlib
import json
import os
import shutil
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sweep import notebook as notebooks
from sweep.identity import code_hashes, identity
from sweep.sources import ROOT


@dataclass(frozen=True)
class Run:
    """A notebook, its parameters, the run's folder, and the hash of all that its results depend on.

    The notebook's path is relative to the project if it is inside.
    """

    notebook: Path
    folder: Path
    values: dict[str, Any]
    identity: str
    kernel: bool = False
    keep: bool = False


@dataclass
class Record:
    """What run.json says about a run that has ended; an empty `cause` means success."""

    identity: str
    values: dict[str, Any]
    keep: bool
    cause: str
    seconds: float


def is_current(run: Run) -> bool:
    """Return True if code and data are still what they were when the run was planned."""
    try:
        return identity(code_hashes(run.notebook), run.values) == run.identity
    except (OSError, ValueError):
        return False


def record(run: Run) -> Record | None:
    """Return what the run's folder says about it, or None if that is out of date or not there."""
    try:
        text = (run.folder / "run.json").read_text(encoding="utf-8")
        record = Record(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.identity == run.identity and record.keep >= run.keep else None


def results_file(run: Run, folder: Path) -> Path:
    """Return where a run that works in `folder` must write its results."""
    return folder / f"results/{run.notebook.stem}.json"


def results(run: Run) -> dict[str, Any]:
    """Return the results of a finished run; raises OSError or ValueError."""
    return json.loads(results_file(run, run.folder).read_text(encoding="utf-8"))


def is_done(run: Run) -> bool:
    """Return True if the run's folder holds its results."""
    ended = record(run)
    if ended is None or ended.cause:
        return False
    with contextlib.suppress(OSError, ValueError):
        return bool(results(run))
    return False


def execute(run: Run) -> None:
    """Run the notebook in a new folder, which then takes the place of the run's folder."""
    folder = new_folder(run)
    os.environ.pop("SKIP_FIGURES", None)
    if not run.keep:
        os.environ["SKIP_FIGURES"] = "1"
    began = time.perf_counter()
    cause = attempt(run, folder)
    if not run.keep:
        (folder / run.notebook.name).unlink(missing_ok=True)
    for copy in folder.glob("*.ipynb"):
        text = copy.read_text(encoding="utf-8")
        copy.write_text(text.replace(folder.name, run.folder.name), encoding="utf-8")
        notebooks.tidy(copy)
    finish(run, folder, cause, time.perf_counter() - began)


def attempt(run: Run, folder: Path) -> str:
    """Execute the notebook into `folder`; return the cause of a failure in one line, or nothing."""
    cause = ""
    try:
        notebooks.execute(ROOT / run.notebook, folder, run.values, kernel=run.kernel)
        if not results_file(run, folder).is_file():
            cause = f"the notebook did not write {results_file(run, folder)}"
    except notebooks.NotebookError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        cause = ": ".join(line for line in lines if not line.startswith("the failed copy"))
    for path in (str(folder), notebooks.without_home(folder)):
        cause = cause.replace(f"{path}/", "")  # the same failure has the same cause
    return cause


def new_folder(run: Run) -> Path:
    """Make a folder beside the run's; its name begins with a dot as long as it is not finished."""
    folder = run.folder.with_name(f".{uuid.uuid4().hex}")
    folder.mkdir(parents=True)
    return folder


def finish(run: Run, folder: Path, cause: str, seconds: float) -> None:
    """Write run.json and rename the folder; do nothing if a stopped sweep has removed it."""
    if not folder.is_dir():
        return
    ended = Record(run.identity, run.values, run.keep, cause, seconds)
    text = json.dumps(asdict(ended), indent=2)
    (folder / "run.json").write_text(f"{text}\n", encoding="utf-8")
    old = folder.with_name(f"{folder.name}.old")
    with contextlib.suppress(FileNotFoundError):
        run.folder.rename(old)
    folder.rename(run.folder)
    shutil.rmtree(old, ignore_errors=True)


def record_failure(run: Run, cause: str) -> None:
    """Leave a record for a run that could not do so itself."""
    ended = record(run)
    if ended is None or ended.cause != cause:
        finish(run, new_folder(run), cause, 0.0)
