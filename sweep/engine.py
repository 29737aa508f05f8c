"""The engine of a sweep: a process for each run, and a few threads that each wait for one of them.

If a run crashes, hangs or leaves global state behind, no other run notices.
"""

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import forkserver
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np

from sweep import notebook as notebooks
from sweep import runs, sources
from sweep.runs import Run

Submit = Callable[[Run], "Future[str]"]  # starts a run; the result is the cause of a failure
Check = Callable[[], None]  # raises ValueError if no run can end any more
Executor = tuple[Submit, Check]

GRACE = 5.0  # seconds from SIGTERM, at which a kernel is shut down, to SIGKILL
ONE_CORE = {"THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # for a run
PRELOAD = ("papermill", "sweep.engine", "sweep.inprocess")  # what every run imports
# Slow to import, and safe to import ahead of all runs.
SAFE = ("numpy", "scipy", "sklearn", "matplotlib", "PIL", "pandas", "anywidget")
CONTEXT = multiprocessing.get_context("forkserver")
LOCK = threading.Lock()  # multiprocessing keeps a list of children, which is not made for threads


def run_one(run: Run, limit: float | None = None) -> str:
    """Run a notebook in a process of its own, for at most `limit` seconds.

    Return the cause of a failure, or nothing.
    """
    process = CONTEXT.Process(target=child, args=(run,), name=str(run.folder))
    with LOCK:
        process.start()
    in_time = wait([process.sentinel], limit)
    end([process])
    record = runs.record(run)
    if process.exitcode == 0 and record:
        return record.cause
    if not in_time:
        return f"timed out after {limit:g} s"
    hint = " (killed: out of memory?)" if process.exitcode == -signal.SIGKILL else ""
    return f"its process died, exit code {process.exitcode}{hint}"


def end(processes: list[Any]) -> None:
    """Terminate processes; after a while kill them, and everything that they started."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + GRACE
    for process in processes:
        wait([process.sentinel], max(0, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with LOCK:
            process.join()


def child(run: Run) -> None:
    """Run a notebook as the only task of this process; the terminal is for the parent."""
    os.setsid()  # a process group, to be ended as a whole
    follow_parent()
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, notebooks.stop)
    gc.freeze()  # the garbage collector need not look through what was imported before the fork
    np.random.seed()  # otherwise all runs would draw the same random numbers
    try:
        runs.execute(run)
    except notebooks.Stop:
        os._exit(143)
    os._exit(0)  # without waiting for threads that a cell has left


def follow_parent() -> None:
    """End this process group when its parent is gone, in whatever way that ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    pipe: Any = parent.sentinel  # the parent's end closes with it
    if sys.platform == "linux":
        import fcntl

        # The kernel then sends SIGIO, even while C code holds the GIL and no thread can look.
        fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
        if wait([pipe], 0):
            os._exit(1)  # it was gone before
    else:
        threading.Thread(target=lambda: wait([pipe]) and os._exit(1), daemon=True).start()


def warm_up(modules: Sequence[str]) -> None:
    """Start the process from which runs are forked; meanwhile it imports `modules` for them."""
    os.environ |= ONE_CORE
    loaded = [name for name in SAFE if name in sys.modules]  # a run may import the main module
    CONTEXT.set_forkserver_preload([*PRELOAD, *modules, *loaded])
    tempfile.tempdir = str(notebooks.short_place())  # in which multiprocessing makes its socket
    forkserver.ensure_running()


def modules_to_preload(notebook: Path) -> list[str]:
    """Return which of the modules that a notebook imports may be imported once for all runs.

    Raises ValueError or OSError if it cannot be read.
    """
    cells = sources.tagged_cells(notebook)
    names = set().union(*(sources.imports(text) for text, _ in cells))
    return sorted(name for name in names if sources.own_file(name) or name.split(".")[0] in SAFE)


@contextlib.contextmanager
def no_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C for a moment."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def this_machine(notebook: Path, workers: int, limit: float | None) -> Iterator[Executor]:
    """Yield a function that hands a run to one of `workers` threads; end what runs at exit."""
    with no_interrupts():  # which the process that it starts inherits
        warm_up(modules_to_preload(notebook))
    pool = ThreadPoolExecutor(workers)
    futures: list[Future[str]] = []

    def submit(run: Run) -> "Future[str]":
        """Hand a run over."""
        futures.append(pool.submit(run_one, run, limit))
        return futures[-1]

    try:
        yield submit, lambda: None
    finally:
        with no_interrupts():  # a second Ctrl-C must not stop the stopping
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in futures):
                end_runs("")


def end_runs(out: str) -> None:
    """End the runs of this process whose folders lie in `out`."""
    with LOCK:
        children = multiprocessing.active_children()
    end([child for child in children if child.name.startswith(out)])
