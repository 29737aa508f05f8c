"""Run one notebook: `python -m tools.run problem3_mlp.ipynb runs/3 -p hidden=8 -p seed=3`.

The executed copy, its figures and its numbers land in the folder; the copy gets its name only when it is whole.
Parameters are checked before a kernel starts. The notebook runs in the repository's folder.
"""

import argparse
import ast
import contextlib
import difflib
import hashlib
import json
import math
import operator
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from common import ROOT
from tools import lock

TYPES = {"int": int, "float": float, "str": str, "bool": bool}
BOUND = re.compile(r"(above|at least|below|at most) (-?[\d.]+)")
HOLDS = {"above": operator.gt, "at least": operator.ge, "below": operator.lt, "at most": operator.le}


class RunError(Exception):
    """A run failed; the message says where and why, in a few lines."""


class Stop(KeyboardInterrupt):
    """SIGTERM or the time limit came; the kernel is stopped on the same road as after Ctrl-C."""


def stop(number: int, frame: Any) -> None:
    """Handle SIGTERM and SIGALRM."""
    raise Stop(number)


def convert(name: str, text: str, kind: str, about: str) -> Any:
    """Return a parameter's value from its text; raises ValueError with the reason.

    `about` is the comment behind the parameter; bounds that it states ("step size, above 0") are kept.
    """
    if kind == "bool":
        if text.lower() not in ("true", "false"):
            raise ValueError(f"parameter {name}: expected true or false, found {text!r}")
        return text.lower() == "true"
    try:
        value = TYPES[kind](text)
    except ValueError:
        raise ValueError(f"parameter {name}: expected {kind}, found {text!r}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"parameter {name}: expected a finite number, found {text!r}")
    for sign, bound in BOUND.findall(about) if kind != "str" else ():
        if not HOLDS[sign](value, float(bound)):
            raise ValueError(f"parameter {name}: expected a number {sign} {bound}, found {text!r}")
    return value


class Parameter(NamedTuple):
    """A line of a notebook's parameters cell."""

    kind: str
    about: str
    default: Any


def declared(notebook: Path) -> dict[str, Parameter]:
    """Read a notebook's parameters, all but `out`, which has a place of its own on the command line."""
    import papermill

    if not notebook.is_file():
        raise ValueError(f"{notebook}: expected a notebook, found no such file")
    try:
        found = papermill.inspect_notebook(literal(notebook))
    except Exception as error:  # papermill has no error of its own for what is no notebook
        raise ValueError(f"{notebook}: expected a notebook, found: {type(error).__name__}: {error}") from None
    found.pop("out", None)
    known = {}
    for name, line in found.items():
        try:
            default = ast.literal_eval(line["default"])
        except (ValueError, SyntaxError):
            raise ValueError(f"{notebook}, parameter {name}: expected a number, text or truth value as default, "
                             f"found {line['default']}") from None  # fmt: skip
        kind = line["inferred_type_name"] if line["inferred_type_name"] in TYPES else type(default).__name__
        known[name] = Parameter(kind if kind in TYPES else "str", line["help"], default)
    return known


def split(text: str, known: dict[str, Parameter]) -> tuple[str, str]:
    """Split name=value and check the name; raises ValueError with the nearest one."""
    name, equals, value = text.partition("=")
    if not equals or name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"parameter {text!r}: expected name=value, names are {', '.join(known)}{hint}")
    return name, value


def parameters(notebook: Path, given: list[str]) -> dict[str, Any]:
    """Check `name=value` texts against the notebook's parameters cell; raises ValueError with the reason."""
    known = declared(notebook)
    pairs = [split(text, known) for text in given]
    return {name: convert(name, value, known[name].kind, known[name].about) for name, value in pairs}


def failure(notebook: Path, error: Any, kept: Path) -> str:
    """Say in a few lines what went wrong in which cell and line, and where the failed copy is."""
    lines = [f"{notebook.name} failed"]
    if hasattr(error, "cell_index"):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
        frame = plain[max(plain.rfind("Cell In["), 0) :]  # the last frame inside the notebook
        arrow = re.search(r"^-+> *(\d+) (.*)$", frame, flags=re.M)
        where = f", line {arrow[1]}: {arrow[2].strip()}" if arrow else ""
        lines += [f"  code cell [{error.exec_count}]{where}", *_short(f"{error.ename}: {error.evalue}")]
    else:
        lines += _short(f"{type(error).__name__}: {error}")
    if kept.exists():
        lines += [f"  the failed copy: {kept}"]
    return "\n".join(lines)


def _short(text: str) -> list[str]:
    """Return the first lines of a message, indented."""
    return [f"  {line[:300]}" for line in text.splitlines()[:6]]


def seal(cells: list[Any]) -> str:
    """Return the SHA-256 of a notebook's cells: what a hand-in checks to know that nothing was edited after the run."""
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()


def tidy(path: Path) -> None:
    """Take times and paths out of an executed notebook, so that the same run gives the same file, and seal it."""
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(notebook.cells):
        cell.id = str(number)
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
    notebook.metadata.pop("papermill", None)
    notebook.metadata["seal"] = seal(notebook.cells)
    nbformat.write(notebook, path)


def temporary_folder() -> str:
    """Make a folder with a short path, as sockets want; remove those of processes that were killed."""
    prefix = f"nb-{os.getuid()}-"
    for old in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        try:
            os.kill(int(old.name.removeprefix(prefix).split("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(old, ignore_errors=True)
        except (ValueError, OSError):  # not ours
            continue
    return tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-")


@contextlib.contextmanager
def socket_folder() -> Iterator[str]:
    """Make a folder for a kernel's files, as long as it runs."""
    folder = temporary_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def literal(path: Path) -> str:
    """Return a path as papermill takes it, which would fill {seed} in from the parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def through_papermill(notebook: Path, whole: Path, values: dict[str, Any], kernel: bool) -> None:
    """Execute a notebook in the repository's folder and write `whole`, through papermill's engine of that kind."""
    import papermill
    from traitlets.config import Config

    from tools import inprocess

    # One thread: the same bits on any machine, and runs side by side do not fight. Then this interpreter's kernel.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    with socket_folder() if kernel else contextlib.nullcontext("") as folder:
        # Files, not ports, so that many kernels cannot clash.
        files = {"transport": "ipc", "ip": f"{folder}/k", "connection_file": f"{folder}/kernel.json"} if kernel else {}
        papermill.execute_notebook(
            literal(notebook),
            literal(whole),
            parameters=values,
            engine_name=None if kernel else inprocess.NAME,
            kernel_name="python3",
            cwd=literal(ROOT),
            progress_bar=kernel and sys.stderr.isatty(),
            shutdown_kernel="immediate",
            coalesce_streams=True,
            config=Config({"KernelManager": files}),
        )


def execute(notebook: Path, out: Path, values: dict[str, Any], *, kernel: bool = True) -> None:
    """Execute a notebook into `out`/<name>, with a kernel or in this process; raises RunError with the reason."""
    whole, kept = out / notebook.name, out / f"{notebook.stem}.failed.ipynb"
    unfinished = out / f".{notebook.stem}.unfinished.ipynb"  # of a run that was killed, the next one takes it over
    inside = out.resolve().is_relative_to(ROOT)  # a path inside the repository names nobody's home
    folder = str(out.resolve().relative_to(ROOT) if inside else out.resolve())
    with lock.hold(unfinished):
        began = time.time()
        try:
            through_papermill(notebook, unfinished.absolute(), {**values, "out": folder}, kernel)
            tidy(unfinished)
            os.utime(unfinished, (began, began))  # older than a source that was changed while it ran
            unfinished.replace(whole)
            kept.unlink(missing_ok=True)
        except Exception as error:  # whatever it is, the user gets one clear message
            if unfinished.exists():
                unfinished.replace(kept)
            raise RunError(failure(notebook, error, kept)) from error
        finally:
            unfinished.unlink(missing_ok=True)


def main() -> int:
    """Read the command line, check it and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out", type=Path, help="folder for the executed copy, figures and numbers")
    parser.add_argument("-p", action="append", default=[], metavar="name=value", help="a parameter, may be repeated")
    parser.add_argument("--time-limit", type=float, default=0, metavar="S", help="give up after S seconds (0: never)")
    words = parser.parse_args()
    try:
        if not words.time_limit >= 0:
            raise ValueError(f"--time-limit: expected at least 0 s, found {words.time_limit:g}")
        if words.out.exists() and not words.out.is_dir():
            raise ValueError(f"{words.out}: expected a folder, found a file")
        values = parameters(words.notebook, words.p)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"running {words.notebook}\n", end="", flush=True)  # one write, even unbuffered: make -j runs several
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, words.time_limit)
    try:
        execute(words.notebook, words.out, values)
    except (RunError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Stop as reason:
        late = reason.args == (signal.SIGALRM,)
        print(f"error: {words.notebook.name}: no end within {words.time_limit:g} s" if late else "terminated",
              file=sys.stderr)  # fmt: skip
        return 1 if late else 143
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
