"""Sweeps on a dask cluster: a worker gives each run a process of its own, as a thread does here.

A worker needs the project (at the same path or on its PYTHONPATH), the data and the sweep's folder;
one that lacks any of these says so.
"""

import contextlib
import hashlib
import multiprocessing
import pickle
import platform
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import distributed
from distributed import Client, LocalCluster

from sweep import engine, runs
from sweep.engine import Submit
from sweep.identity import file_hash
from sweep.runs import Run
from sweep.sources import ROOT

PATIENCE = 30.0  # seconds to wait for a worker
CONNECTING = 10.0  # seconds to wait for the scheduler
FILES = sorted(Path(__file__).parent.glob("*.py"))
VERSION = hashlib.sha256("".join(map(file_hash, FILES)).encode()).hexdigest()  # as it was loaded


@contextlib.contextmanager
def cluster(
    address: str, workers: int, limit: float | None, out: Path
) -> Iterator[tuple[Submit, Callable[[], None]]]:
    """Yield what hands a run to a cluster, and what raises ValueError if it has gone.

    `address` is that of its scheduler; "local" starts one here, with `workers`. Raises ValueError
    if the cluster cannot be used.
    """
    mark = out.absolute() / f"runs/.{uuid.uuid4().hex}"  # a folder for the workers to see
    on_worker = task(str(ROOT), VERSION)
    with contextlib.ExitStack() as stack:
        client = connect(stack, address, workers)
        mark.mkdir()
        stack.callback(shutil.rmtree, mark, ignore_errors=True)
        for worker, cause in client.run(on_worker, pickle.dumps(None), str(mark), limit).items():
            if cause:
                raise ValueError(f"{worker}: {cause}")
        executor = client.get_executor(pure=False)
        stack.callback(executor.shutdown, wait=False)  # forgets the runs that have not begun

        def submit(run: Run) -> "Future[str]":
            return executor.submit(on_worker, pickle.dumps(run), str(mark), limit)

        yield submit, watch(client)


def watch(client: Client) -> Callable[[], None]:
    """Return a function that raises ValueError if there has been no worker for a while."""
    last_seen = time.monotonic()

    def check() -> None:
        """Raise ValueError if all workers have been gone for too long."""
        nonlocal last_seen
        if client.scheduler_info()["workers"]:
            last_seen = time.monotonic()
        elif time.monotonic() - last_seen > PATIENCE:
            raise ValueError(
                f"--dask: there has been no worker for {PATIENCE:g} s; "
                f"the same command goes on from here"
            )

    return check


def connect(stack: contextlib.ExitStack, address: str, workers: int) -> Client:
    """Return a client of the cluster, to be closed with `stack`; raises ValueError."""
    try:
        scheduler = address
        if address == "local":
            local = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
            scheduler = stack.enter_context(local)
        client = stack.enter_context(Client(scheduler, timeout=CONNECTING))
        client.wait_for_workers(1, timeout=PATIENCE)
        return client
    except Exception as error:  # schedulers of other versions raise all kinds
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        versions = f"Python {platform.python_version()} and distributed {distributed.__version__}"
        raise ValueError(
            f"--dask {address}: there is no usable cluster ({reason}); "
            f"it needs a scheduler and workers with {versions}, as here"
        ) from None


def task(root: str, version: str) -> Callable[..., str]:
    """Return the function that a worker calls for each run.

    It is an inner function, because dask sends those by value, and the run is pickled before; so a
    worker that lacks the project can say so.
    """

    def on_worker(run: bytes, mark: str, limit: float | None) -> str:
        import importlib
        import pathlib
        import sys

        if pathlib.Path(root, "sweep/cluster.py").is_file() and root not in sys.path:
            sys.path.insert(0, root)
        try:
            there = importlib.import_module("sweep.cluster")
        except ImportError as error:
            place = f"it must be at {root} or on the worker's PYTHONPATH"
            return f"a worker lacks the project ({error}); {place}"
        return there.run_here(run, mark, limit, version)

    return on_worker


def run_here(pickled: bytes, mark: str, limit: float | None, version: str) -> str:
    """Run on this worker, or only see if it could; return the cause of a failure, or nothing."""
    if not Path(mark).is_dir():
        return f"a worker does not see the sweep's folder: there is no {mark}"
    if version != VERSION:
        return "a worker has loaded another version of sweep/; start it again"
    run: Run | None = pickle.loads(pickled)
    if run is None or runs.is_done(run):
        return ""
    if not runs.is_current(run):
        return f"a worker's notebook, modules or data differ from the sender's; see {ROOT} there"
    multiprocessing.current_process().daemon = False  # a nanny's worker may else have no children
    engine.warm_up(engine.SAFE)
    return engine.run_one(run, limit)
