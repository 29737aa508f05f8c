"""One run of one notebook, safely: the executed copy gets its name only when it is complete."""

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from sweep.parameters import OUT
from sweep.sources import ROOT, tags_of

LONGEST_LIMIT = 10**6  # seconds; the system's timers do not go much further
MOST_LINES = 6  # of an error message that a user is shown
MOST_CHARACTERS = 300  # of one of these lines


class NotebookError(Exception):
    """A run failed; the message says in a few lines where and why, `cause` says it in one."""

    def __init__(self, notebook: Path, reasons: list[str], failed_copy: Path) -> None:
        self.cause = ": ".join(reasons)
        lines = [*reasons, f"the failed copy: {failed_copy}"] if failed_copy.exists() else reasons
        super().__init__("\n  ".join([f"{notebook.name} failed", *lines]))


class Stop(KeyboardInterrupt):
    """SIGTERM or the time limit came; the kernel is stopped the same way as by Ctrl-C."""


def stop(number: int, frame: Any) -> None:
    """Handle SIGTERM and SIGALRM."""
    raise Stop(number)


def execute(
    notebook: Path,
    out: Path,
    values: dict[str, Any],
    *,
    kernel: bool = True,
    skip: Sequence[str] = (),
) -> None:
    """Execute a notebook in the project's folder, with a kernel or in this process.

    Its copy and what it writes land in the folder `out`. The copy lacks the code cells that have a
    tag of `skip`. Raises ValueError if the copy would replace the notebook, and NotebookError if it
    fails; the copy is then <name>.failed.ipynb.
    """
    complete = out / notebook.name
    if complete.exists() and complete.samefile(notebook):
        raise ValueError(f"{out} is the notebook's own folder; choose another output folder")
    failed = out / f"{notebook.stem}.failed.ipynb"
    unfinished = out / f".{notebook.stem}.unfinished.ipynb"
    out.mkdir(parents=True, exist_ok=True)
    failed.unlink(missing_ok=True)
    began = time.time()
    try:
        given = values | {OUT: without_home(out)}
        source = notebook
        if skip:
            source = unfinished
            write_without(notebook, skip, unfinished)
        through_papermill(source, unfinished.absolute(), given, kernel)
        tidy(unfinished)
        os.utime(unfinished, (began, began))  # older than a source that changed while it ran
        unfinished.replace(complete)
    except Exception as error:  # whatever it is, the user gets one clear message
        if unfinished.exists():
            unfinished.replace(failed)
        raise NotebookError(notebook, reasons(error), failed) from error
    finally:
        unfinished.unlink(missing_ok=True)


def write_without(notebook: Path, tags: Sequence[str], path: Path) -> None:
    """Write a copy of a notebook that lacks the code cells with one of the tags."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    content["cells"] = [
        cell
        for cell in content["cells"]
        if cell["cell_type"] != "code" or not tags_of(cell) & set(tags)
    ]
    path.write_text(json.dumps(content), encoding="utf-8")


def without_home(folder: Path) -> str:
    """Return a folder's path; inside the project a relative one, which does not reveal the home."""
    path = folder.resolve()
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def through_papermill(notebook: Path, copy: Path, values: dict[str, Any], kernel: bool) -> None:
    """Execute a notebook with one of papermill's engines, and write `copy`."""
    import papermill
    from traitlets.config import Config

    from sweep import inprocess

    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # the same bits on any machine
    logging.getLogger("papermill").setLevel(logging.ERROR)  # it warns of lines with >=
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of the Python that runs this
    settings: Any = kernel_settings() if kernel else contextlib.nullcontext({})
    with settings as manager:
        papermill.execute_notebook(
            papermill_path(notebook),
            papermill_path(copy),
            parameters=values,
            engine_name=None if kernel else inprocess.NAME,
            kernel_name="python3",
            cwd=papermill_path(ROOT),
            progress_bar=kernel and sys.stderr.isatty(),
            shutdown_kernel="immediate",
            coalesce_streams=True,
            config=Config({"KernelManager": manager}),
        )


def papermill_path(path: Path) -> str:
    """Return a path in the form that papermill needs, which fills in {seed} from the parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


@contextlib.contextmanager
def kernel_settings() -> Iterator[dict[str, str]]:
    """Let a kernel talk through files instead of ports, so that many kernels cannot clash."""
    folder = temporary_folder()
    try:
        yield {"transport": "ipc", "ip": f"{folder}/k", "connection_file": f"{folder}/k.json"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def temporary_folder() -> str:
    """Make a folder with a short path, as sockets need it; remove those of killed processes."""
    prefix = f"nb-{os.getuid()}-"
    for old in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        try:
            os.kill(int(old.name.removeprefix(prefix).split("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(old, ignore_errors=True)
        except (ValueError, OSError):  # not made here, or of another user
            continue
    return tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-")


def tidy(path: Path) -> None:
    """Take times and random names out of an executed notebook, and seal it."""
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(notebook.cells):
        cell.id = str(number)
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
    notebook.metadata.pop("papermill", None)
    notebook.metadata["seal"] = seal(notebook.cells)
    nbformat.write(notebook, path)


def seal(cells: list[Any]) -> str:
    """Return the SHA-256 of a notebook's cells: it shows if one was edited after the run."""
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()


def reasons(error: Any) -> list[str]:
    """Say in a few lines what went wrong, and in which cell and line."""
    if not hasattr(error, "cell_index"):
        return shortened(f"{type(error).__name__}: {error}")
    place = f"code cell [{error.exec_count}]{failed_line(error.traceback)}"
    return [place, *shortened(f"{error.ename}: {error.evalue}")]  # papermill's error for a cell


def failed_line(traceback: list[str]) -> str:
    """Return number and text of the cell's line to which a traceback points, or nothing."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback))  # without colours
    last_frame = text[max(text.rfind("Cell In["), 0) :]
    arrow = re.search(r"^-+> *(\d+) (.*)$", last_frame, flags=re.M)
    return f", line {arrow[1]}: {arrow[2].strip()}" if arrow else ""


def shortened(text: str) -> list[str]:
    """Return the first lines of a message."""
    return [line[:MOST_CHARACTERS].strip() for line in text.splitlines()[:MOST_LINES]]
