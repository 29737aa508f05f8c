"""Run one notebook over a grid: `python -m tools.sweep problem3_mlp.ipynb runs/width hidden=1,2,4 seed=0:50`.

A value is one, several (a,b,c) or a range without its end (lo:hi or lo:hi:step); every combination is a run.
The output folder gets a folder a run, table.csv and summary.csv. The same command again runs what is missing, failed
or out of date.
"""

import argparse
import contextlib
import gc
import math
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from multiprocessing import forkserver, util
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from common import ROOT
from tools import grid, lock, run
from tools import point as points
from tools.point import Point

# What every run would import, and then what this module and the study do: a child executes the main module again.
PRELOAD = ["papermill", "tools.inprocess", "tools.point", "tqdm", "tools.grid", "tools.table"]
SAFE = ("numpy", "scipy", "sklearn", "matplotlib", "PIL")  # of what a notebook imports, may be imported ahead of it
NEWS = 10.0  # seconds between two lines in a log


def follow_parent() -> None:
    """End this process when its parent is gone, however that went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def child(point: Point) -> None:
    """Run a point as the only work of this process; Ctrl-C and the terminal are for the parent."""
    os.setsid()  # whatever it starts can be ended with it
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, run.stop)
    gc.freeze()  # what the parent imported is not garbage: no need to look through it
    threading.Thread(target=follow_parent, daemon=True).start()
    np.random.seed()  # forked processes would all go on from one global stream
    random.seed()
    try:
        points.execute(point)
    except run.Stop:
        os._exit(143)
    os._exit(0)  # without waiting for threads that a cell has left


def end(process: Any) -> None:
    """Stop a process, kindly and then not, and whatever it started."""
    process.terminate()
    process.join(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join()


def outcome(process: Any, point: Point, late: bool) -> str:
    """Return why a point's process failed, or nothing; a process that died leaves a record too."""
    end(process)
    found = points.record(point)
    if process.exitcode == 0 and found:
        return found.cause
    cause = "no end within the time limit" if late else f"its process died, exit code {process.exitcode}"
    cause += " (killed: out of memory?)" if process.exitcode == -signal.SIGKILL and not late else ""
    points.give_up(point, cause)
    return cause


CONTEXT = multiprocessing.get_context("forkserver")


def warm_up(notebook: Path) -> None:
    """Start the process that the runs are forked from: it imports what they will need while this one still reads."""
    used = set().union(*map(points.imports, points.code_cells(notebook.absolute())))
    house = {path.stem for path in ROOT.glob("*.py")} | {"explore"}
    CONTEXT.set_forkserver_preload([*PRELOAD, *sorted(n for n in used if n in house or n.split(".")[0] in SAFE)])
    if tempfile.tempdir is None:  # for multiprocessing's socket
        tempfile.tempdir = run.temporary_folder()
        util.Finalize(None, shutil.rmtree, (tempfile.tempdir,), exitpriority=-200)  # after its own clearing up, at -100
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which it inherits: Ctrl-C is for this process
    forkserver.ensure_running()
    signal.signal(signal.SIGINT, before)


def run_local(todo: list[Point], workers: int, time_limit: float) -> Generator[tuple[Point, str]]:
    """Run points on this machine, each in a process of its own; yield (point, cause of failure) as they end."""
    waiting = deque(todo)
    running: dict[Any, tuple[Any, Point, float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                process = CONTEXT.Process(target=child, args=(waiting[0],))
                process.start()
                running[process.sentinel] = (process, waiting.popleft(), time.monotonic() + time_limit)
            for process, _, deadline in running.values():
                if time.monotonic() > deadline:
                    end(process)
            for sentinel in wait(list(running), timeout=1):
                process, point, deadline = running.pop(sentinel)
                yield point, outcome(process, point, time.monotonic() > deadline)
    finally:
        for process, *_ in running.values():
            end(process)


@contextlib.contextmanager
def only_one(out: Path) -> Iterator[None]:
    """Hold a sweep's folder, so that no second sweep writes there, and leave nothing unfinished in it."""
    (out / "points").mkdir(parents=True, exist_ok=True)
    with lock.hold(out / ".lock", wait=False):
        try:
            tidy(out)
            yield
        finally:
            tidy(out)


def tidy(out: Path) -> None:
    """Remove what a stopped run left."""
    for leftover in (out / "points").glob(".*"):
        shutil.rmtree(leftover, ignore_errors=True) if leftover.is_dir() else leftover.unlink(missing_ok=True)


def news(results: Iterator[tuple[Point, str]], total: int) -> dict[str, str]:
    """Show the progress, a bar on a terminal and a line now and then in a log; return the causes of failures."""
    failed: dict[str, str] = {}
    said = time.monotonic()
    with tqdm(total=total, unit="run", disable=not sys.stderr.isatty()) as bar:
        for count, (point, cause) in enumerate(results, 1):
            if cause:
                failed[point.folder.name] = cause
                bar.set_postfix_str(f"{len(failed)} failed")
            bar.update()
            if bar.disable and time.monotonic() - said > NEWS:
                said = time.monotonic()
                print(f"{count} of {total} runs, {len(failed)} failed", file=sys.stderr, flush=True)
    return failed


def work(todo: list[Point], words: argparse.Namespace) -> Generator[tuple[Point, str]]:
    """Run the points here or on a cluster; a result is only as good as the sources are unchanged."""
    if words.dask:
        try:
            from tools import cluster
        except ImportError as error:
            raise ValueError(f"--dask: expected the package distributed, found: {error}; type: make env") from None
        results = cluster.run_on_cluster(todo, words.dask, words.workers)
    else:
        results = run_local(todo, words.workers, words.time_limit)
    with contextlib.closing(results):
        for point, cause in results:
            if not cause and not points.is_current(point):
                cause = "the notebook, a module or the data changed while it ran"
                points.give_up(point, cause)
            yield point, cause


def check(words: argparse.Namespace) -> None:
    """Check what argparse cannot; raises ValueError with the reason."""
    if words.workers < 1:
        raise ValueError(f"--workers: expected at least 1, found {words.workers}")
    if not words.time_limit > 0:
        raise ValueError(f"--time-limit: expected more than 0 s, found {words.time_limit:g}")
    if words.dask and words.time_limit < math.inf:
        raise ValueError("--time-limit: expected none with --dask, for a worker cannot end one of its runs")
    if "=" in words.out.name or words.out.is_file():
        raise ValueError(f"{words.out}: expected a folder after the notebook, found something else")


def report_failures(failed: dict[str, str], out: Path) -> None:
    """Say the causes of the first failures and where the failed copies are."""
    for name, cause in list(failed.items())[:10]:
        print(f"failed: {name}: {cause}", file=sys.stderr)
    if failed:
        more = f"{len(failed) - 10} more in table.csv; " if len(failed) > 10 else ""
        print(f"{more}each failed copy lies in {out}/points, in the folder of that name", file=sys.stderr)


def sweep(words: argparse.Namespace) -> int:
    """Run what is to be run, write the tables, say how it went; return the exit code. Raises ValueError."""
    from tools import table

    check(words)
    if words.notebook.is_file() and not (words.dask or words.kernel):
        warm_up(words.notebook)
    swept = grid.axes(words.notebook, words.values, words.grid)
    every = grid.grid(words.notebook, words.out, swept, kernel=words.kernel, keep=words.keep_notebooks)
    with only_one(words.out):
        todo = [point for point in every if not points.is_done(point)]
        runs = "1 run" if len(every) == 1 else f"{len(every)} runs"
        there = f"{len(every) - len(todo)} there already, {len(todo)} to do"
        print(f"{runs} of {words.notebook.name}: {there}", flush=True)
        with contextlib.closing(work(todo, words)) as results:
            failed = news(results, len(todo)) if todo else {}
        print(table.write(words.out, every, list(swept)))
    report_failures(failed, words.out)
    return 1 if failed else 0


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def arguments(words: list[str] | None) -> argparse.Namespace:
    """Read the command line, or words in its place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out", type=Path, help="the sweep's folder")
    parser.add_argument("values", nargs="*", metavar="name=values", help="1,2,4 or 0:50 or 0.1:0.5:0.1")
    parser.add_argument("--grid", type=Path, metavar="FILE", help='a TOML file of name = [values] or name = "range"')
    parser.add_argument("--workers", type=int, default=cores(), metavar="N", help="runs at once (all cores)")
    parser.add_argument("--time-limit", type=float, default=math.inf, metavar="S", help="seconds for one run")
    parser.add_argument("--kernel", action="store_true", help="a real kernel for each run: slower, same numbers")
    parser.add_argument("--keep-notebooks", action="store_true", help="keep each run's notebook and figures")
    parser.add_argument("--dask", metavar="ADDRESS", help="run on this dask cluster, or on a new one here: local")
    return parser.parse_intermixed_args(words)


def main(given: list[str] | None = None) -> int:
    """Run a sweep from the command line, or from words in its place; return the exit code."""
    words = arguments(given)
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "THREADS"), "1")  # a core a run
    signal.signal(signal.SIGTERM, run.stop)
    try:
        return sweep(words)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error}; the same command goes on from here", file=sys.stderr)
        return 1
    except KeyboardInterrupt as error:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 143 if isinstance(error, run.Stop) else 130


if __name__ == "__main__":
    sys.exit(main())
