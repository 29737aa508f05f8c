"""Sweeps on a dask cluster: a worker gives each run its own process, as a thread does here.

A worker needs the project (at the same path or on its PYTHONPATH), the data and the sweep's folder;
a run on a worker that lacks any of these fails and says so.
"""

import asyncio
import contextlib
import multiprocessing
import pickle
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import distributed
from distributed import Client, LocalCluster

from sweep import identity, runs
from sweep.engine import LOCK, SAFE, Executor, end_runs, run_one, warm_up
from sweep.runs import Run
from sweep.sources import ROOT

PATIENCE = 30.0  # seconds to wait for a worker
CONNECTING = 10.0  # seconds to wait for the scheduler


@contextlib.contextmanager
def cluster(address: str, workers: int, limit: float | None, out: Path) -> Iterator[Executor]:
    """Yield what hands a run to a cluster, and what raises ValueError if there is no worker.

    `address` is that of its scheduler; "local" starts one here, with `workers`. Raises ValueError
    if the cluster cannot be used.
    """
    on_worker = task(str(ROOT))
    folder = f"{out.absolute()}/runs/"
    with contextlib.ExitStack() as stack:
        client = connect(stack, address, workers)
        # A sweep that was killed may have left runs there.
        for worker, cause in client.run(on_worker, end_runs.__name__, folder).items():
            if cause:
                raise ValueError(f"{worker}: {cause}")
        executor = client.get_executor(pure=False)
        stack.callback(stop, client, on_worker, folder)
        stack.callback(executor.shutdown, wait=False)  # forgets the runs that have not begun

        def submit(run: Run) -> "Future[str]":
            return executor.submit(on_worker, run_here.__name__, pickle.dumps(run), limit)

        yield submit, lambda: wait_for_worker(client)


def connect(stack: contextlib.ExitStack, address: str, workers: int) -> Client:
    """Return a client of the cluster, to be closed with `stack`; raises ValueError."""
    try:
        scheduler = address
        if address == "local":
            local = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
            scheduler = stack.enter_context(local)
        else:
            with ThreadPoolExecutor(1) as thread:  # this one may have a loop already, as in Jupyter
                asked = asyncio.wait_for(ask(address), 2 * CONNECTING)
                thread.submit(asyncio.run, asked).result()
        client = stack.enter_context(Client(scheduler, timeout=CONNECTING))
        client.wait_for_workers(1, timeout=PATIENCE)
        return client
    except Exception as error:  # schedulers of other versions raise all kinds
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        if isinstance(error, TimeoutError) and not str(error):
            reason = f"what is there gave no answer within {2 * CONNECTING:g} s"
        versions = f"Python {platform.python_version()} and distributed {distributed.__version__}"
        raise ValueError(
            f"--dask {address}: there is no usable cluster ({reason}); "
            f"it needs a scheduler and workers with {versions}, as here"
        ) from None


async def ask(address: str) -> None:
    """Ask who is there: a Client would wait forever for one that speaks another language."""
    async with distributed.rpc(address, timeout=CONNECTING) as there:
        kind = (await there.identity())["type"]
    if kind != "Scheduler":
        raise ValueError(f"this is the address of a {kind.lower()}, not of the scheduler")


def wait_for_worker(client: Client) -> None:
    """Return once there is a worker; raises ValueError if none comes."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except Exception:  # the scheduler may have gone as well
        raise ValueError(f"--dask: there has been no worker for {PATIENCE:g} s") from None


def stop(client: Client, on_worker: Callable[..., str | None], folder: str) -> None:
    """End what still runs of the sweep in `folder`; a cluster that has gone has ended it."""
    with contextlib.suppress(Exception):
        client.run(on_worker, end_runs.__name__, folder)


def task(root: str) -> Callable[..., str | None]:
    """Return a function that calls one of this module's functions on a worker.

    It is an inner function, because dask sends those by value: a worker that lacks the project can
    call it and say so.
    """

    def on_worker(function: str, *arguments: Any) -> str | None:
        import importlib
        import sys

        if root not in sys.path:
            sys.path.insert(0, root)
        try:
            here = importlib.import_module("sweep.cluster")
        except ImportError as error:
            place = f"it must be at {root} or on the worker's PYTHONPATH"
            return f"a worker lacks the project ({error}); {place}"
        return getattr(here, function)(*arguments)

    return on_worker


def run_here(pickled: bytes, limit: float | None) -> str:
    """Run on this worker; return the cause of a failure, or nothing."""
    run: Run = pickle.loads(pickled)
    if runs.is_done(run):
        return ""
    with LOCK:  # Python 3.11 fails if two threads parse source at once
        identity.forget()
        is_current = runs.is_current(run)
    if not is_current:
        return f"a worker's notebook, modules or data differ from the sender's; see {ROOT} there"
    # A worker under a nanny is a daemon, and daemons may not start processes.
    multiprocessing.current_process().daemon = False
    warm_up(SAFE)
    return run_one(run, limit)
