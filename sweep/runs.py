"""One run of a sweep and its folder.

The folder holds results/<notebook>.json, the executed notebook if the run failed or is to be kept,
and run.json, which is written last: a folder without it is that of a run that was killed.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sweep import notebook as notebooks
from sweep.identity import code_hashes, identity
from sweep.sources import ROOT


@dataclass(frozen=True)
class Run:
    """A notebook, its parameters, the run's folder, and the hash of all that its results depend on.

    The notebook's path is relative to the project if it is inside. Code cells with a tag of `skip`
    are left out.
    """

    notebook: Path
    folder: Path
    values: dict[str, Any]
    identity: str
    kernel: bool = False
    keep: bool = False
    skip: tuple[str, ...] = ()

    @property
    def results(self) -> Path:
        """Return where the notebook must write its results."""
        return self.folder / f"results/{self.notebook.stem}.json"


@dataclass
class Record:
    """What run.json says about a run that has ended; an empty `cause` means success."""

    notebook: str
    identity: str
    keep: bool
    cause: str


def is_current(run: Run) -> bool:
    """Return True if code and data are still what they were when the run was planned."""
    try:
        return identity(code_hashes(run.notebook, run.skip), run.values) == run.identity
    except (OSError, ValueError):
        return False


def read_record(file: Path) -> Record | None:
    """Return what a run.json says, or None if there is none."""
    try:
        return Record(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def record(run: Run) -> Record | None:
    """Return the record of a run, or None if it has none or an old one."""
    record = read_record(run.folder / "run.json")
    if record and record.identity == run.identity and record.keep >= run.keep:
        return record
    return None


def is_done(run: Run) -> bool:
    """Return True if the run succeeded and its results are still there."""
    ending = record(run)
    return ending is not None and not ending.cause and run.results.is_file()


def read_results(run: Run) -> dict[str, Any]:
    """Return the results of a run; raises ValueError if there are none."""
    name = run.results.relative_to(run.folder)
    try:
        results = json.loads(run.results.read_text(encoding="utf-8"))
    except OSError:
        raise ValueError(f"the notebook did not write {name}") from None
    except ValueError as error:
        raise ValueError(f"{name} is not JSON: {error}") from None
    if not isinstance(results, dict) or not results:
        raise ValueError(f"{name} must be a JSON object with at least one result")
    if "" in results:
        raise ValueError(f"{name} has a result without a name")
    return results


def execute(run: Run) -> None:
    """Run the notebook in the run's folder, which is emptied first, and write the record."""
    empty_folder(run)
    os.environ.pop("SKIP_FIGURES", None)
    if not run.keep:
        os.environ["SKIP_FIGURES"] = "1"
    cause = ""
    try:
        notebook = ROOT / run.notebook
        notebooks.execute(notebook, run.folder, run.values, kernel=run.kernel, skip=run.skip)
        read_results(run)
    except notebooks.NotebookError as error:
        cause = error.cause
    except ValueError as error:
        cause = str(error)
    if not run.keep:
        (run.folder / run.notebook.name).unlink(missing_ok=True)
    write_record(run, cause)


def record_failure(run: Run, cause: str) -> None:
    """Record a failure that the run did not record itself; nothing else stays in its folder."""
    ending = record(run)
    if ending is None or ending.cause != cause:
        empty_folder(run)
        write_record(run, cause)


def empty_folder(run: Run) -> None:
    """Leave the run an empty folder."""
    shutil.rmtree(run.folder, ignore_errors=True)
    run.folder.mkdir(parents=True, exist_ok=True)


def write_record(run: Run, cause: str) -> None:
    """Write run.json; from now on the run counts."""
    ending = Record(run.notebook.name, run.identity, run.keep, cause)
    unfinished = run.folder / ".run.json"
    unfinished.write_text(f"{json.dumps(asdict(ending), indent=2)}\n", encoding="utf-8")
    unfinished.replace(run.folder / "run.json")
