"""One run of one notebook, safely: the executed copy gets its name only when it is complete."""

import contextlib
import hashlib
import json
import logging
import os
import re
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
# Colours, window titles, bells: what a message may hold besides its letters, tabs and line ends.
CONTROL = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*\x07?|[^\t\n\r -~\xa0-\U0010ffff]"
)
# What a user's environment may hold that changes how a notebook computes, checks or prints.
USERS_OWN = (
    *("PYTHONSTARTUP", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONSAFEPATH"),
    "MPLBACKEND",  # no window is opened, and a wrong name would stop matplotlib
)
# What counts of an output, besides its data, and what figures.py says of a picture.
OUTPUT_KEYS = ("output_type", "name", "text", "ename", "evalue", "traceback")
SAID = ("alt", "figure")
COLABS_OWN = "application/vnd.google.colaboratory."  # kinds of data that it adds
LONGEST_PLACE = 55  # bytes; a socket's whole path may have 104 on macOS, 108 on Linux


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

    from sweep import inprocess

    logging.getLogger("papermill").setLevel(logging.ERROR)  # it warns of lines with >=
    kernels_folder = temporary_folder() if kernel else contextlib.nullcontext("")
    with kernels_folder as folder, tidy_environment(folder):
        papermill.execute_notebook(
            papermill_path(notebook),
            papermill_path(copy),
            parameters=values,
            engine_name=None if kernel else inprocess.NAME,
            kernel_name="python3",
            language="python",
            cwd=str(ROOT),  # papermill does not format this one
            progress_bar=kernel and sys.stderr.isatty(),
            shutdown_kernel="immediate",
            coalesce_streams=True,
            **(kernel_settings(folder) if kernel else {}),
        )


@contextlib.contextmanager
def tidy_environment(folder: str) -> Iterator[None]:
    """Take the user's settings for other work out of the environment, for as long as a run lasts.

    `folder` is the one in which a kernel keeps its files, or empty without a kernel.
    """
    env = os.environ
    before = dict(env)
    for name in USERS_OWN:
        env.pop(name, None)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        env.setdefault(name, "1")  # the same bits on any machine
    if not is_date(env.get("SOURCE_DATE_EPOCH", "0")):
        del env["SOURCE_DATE_EPOCH"]  # matplotlib would fail at the first figure
    if not has_home():
        env["HOME"] = folder or tempfile.gettempdir()
    # It would warn, with the user's paths, of an odd matplotlibrc or places that it cannot write.
    env["MATPLOTLIBRC"] = os.devnull
    if not matplotlib_can_write():
        env["MPLCONFIGDIR"] = str(ROOT / "report/build/matplotlib")
    if folder:
        env["IPYTHONDIR"] = folder
        path = (str(ROOT), env.get("PYTHONPATH"))  # otherwise IPython puts the project last
        env["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    try:
        yield
    finally:
        env.clear()
        env.update(before)


def has_home() -> bool:
    """Return True if the user has a home: in a container, one may lack it, and a name."""
    try:
        return Path.home().is_absolute()
    except RuntimeError:
        return False


def matplotlib_can_write() -> bool:
    """Return True if matplotlib finds places for its settings and for its list of fonts."""
    env = os.environ
    own = env.get("MPLCONFIGDIR")
    for variable, usual in (("XDG_CONFIG_HOME", ".config"), ("XDG_CACHE_HOME", ".cache")):
        place = Path(own or Path(env.get(variable) or Path.home() / usual) / "matplotlib")
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError:
            return False
        if not os.access(place, os.W_OK):
            return False
    return True


def check_folder(out: Path) -> None:
    """Raise ValueError if an output folder has a name that cannot be written into a notebook."""
    try:
        str(out.absolute()).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(
            f"{str(out)!a} has letters that cannot be read here; set LC_ALL=C.UTF-8, "
            "or choose a folder with another name"
        ) from None


def is_date(text: str) -> bool:
    """Return True if a text is a number of seconds since 1970 that this system knows."""
    try:
        time.gmtime(int(text))
        return True
    except (ValueError, OverflowError, OSError):
        return False


def papermill_path(path: Path) -> str:
    """Return a path in the form that papermill needs, which fills in {seed} from the parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def kernel_settings(folder: str) -> dict[str, Any]:
    """Return papermill's options for a kernel that is the same on every machine.

    It is that of the Python that runs this, whatever other kernels the user has. It talks through
    files in `folder` instead of ports, so that many cannot clash.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from traitlets import default
    from traitlets.config import Config

    class OwnKernel(AsyncKernelManager):
        """A kernel of this Python."""

        @default("kernel_spec_manager")
        def _no_folders(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[])

    ports = {"connection_file": f"{folder}/k.json"}
    if os.name == "posix":
        ports |= {"transport": "ipc", "ip": f"{folder}/k"}
    return {"kernel_manager_class": OwnKernel, "config": Config({"KernelManager": ports})}


def temporary_folder() -> tempfile.TemporaryDirectory:
    """Make a folder whose path is short, as sockets need it, to be removed at the end of `with`.

    A process that is killed by SIGKILL leaves it, with a few small files.
    """
    place = short_place()
    return tempfile.TemporaryDirectory(prefix="nb-", dir=place, ignore_cleanup_errors=True)


def short_place() -> Path:
    """Return a folder for temporary files with a short path; raises OSError if there is none."""
    places = [tempfile.gettempdir(), os.environ.get("XDG_RUNTIME_DIR"), "/tmp", "/var/tmp"]
    for place in filter(None, places):
        if len(os.fsencode(place)) <= LONGEST_PLACE and os.access(place, os.W_OK | os.X_OK):
            return Path(place)
    raise OSError(
        f"the path of {places[0]} is too long for sockets; "
        f"set TMPDIR to a folder with a path of at most {LONGEST_PLACE} bytes"
    )


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
    """Return the SHA-256 of what cells say: it shows if one was edited after its run."""
    said = [cell for cell in map(canonical, cells) if not is_empty(cell)]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def is_empty(cell: Any) -> bool:
    """Return whether a cell says nothing: an editor may leave one at the end."""
    return not cell["source"].strip() and not cell.get("outputs")


def canonical(cell: Any) -> dict[str, Any]:
    """Return a cell's kind, source, number, attachments and outputs.

    What is left out changes when an editor only opens and saves a notebook: the cell's name, its
    metadata with tags and folding, and white space at the ends of lines.
    """
    source = re.sub(r"(?m)[ \t\r]+$", "", cell["source"]).strip("\n")
    counts = {"cell_type": cell["cell_type"], "source": source}
    if cell.get("attachments"):
        counts["attachments"] = cell["attachments"]
    if cell["cell_type"] == "code":
        counts["execution_count"] = cell["execution_count"]
        counts["outputs"] = canonical_outputs(cell)
    return counts


def canonical_outputs(cell: Any) -> list[dict[str, Any]]:
    """Return a cell's outputs: a stream in one piece, and none that has an editor's data only."""
    outputs: list[dict[str, Any]] = []
    for output in cell["outputs"]:
        counts = canonical_output(output, cell["execution_count"])
        last = outputs[-1] if outputs else {}
        is_more = counts["output_type"] == "stream" == last.get("output_type")
        if is_more and counts["name"] == last["name"]:
            last["text"] += counts["text"]
        elif counts.get("data") != {}:
            outputs.append(counts)
    return outputs


def canonical_output(output: Any, number: int | None) -> dict[str, Any]:
    """Return what counts of an output.

    `number` is the cell's, which its result has, too.
    """
    counts = {key: output[key] for key in OUTPUT_KEYS if key in output}
    if "data" in output:
        data = {k: v for k, v in output["data"].items() if not k.startswith(COLABS_OWN)}
        counts["data"] = {kind: one_piece(kind, content) for kind, content in data.items()}
        counts["metadata"] = said_of(data, output.get("metadata"))
    if output["output_type"] == "execute_result":
        counts["execution_count"] = number
    return counts


def said_of(data: Any, metadata: Any) -> dict[str, dict[str, Any]]:
    """Return what a run said of each kind of data: a picture's alt text and name."""
    said = {}
    for kind in data:
        about = metadata.get(kind) if isinstance(metadata, dict) else None
        if isinstance(about, dict) and (kept := {k: about[k] for k in SAID if k in about}):
            said[kind] = kept
    return said


def one_piece(kind: str, content: Any) -> Any:
    """Return an output's content; an image in base64 without white space."""
    is_base64 = kind.startswith("image/") and kind != "image/svg+xml" and isinstance(content, str)
    return "".join(content.split()) if is_base64 else content


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
    """Return the first lines of a message, without what would control a terminal."""
    plain = CONTROL.sub("", text)
    return [line[:MOST_CHARACTERS].strip() for line in plain.splitlines()[:MOST_LINES]]
