"""Sweeps on a dask cluster. A worker needs the repository (at the same path or on its PYTHONPATH), the same data and
the sweep's folder; one that lacks any of them says so. Its runs share the worker's process.
"""

import contextlib
import os
import pickle
import threading
import time
import uuid
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from distributed import Client, KilledWorker, LocalCluster, TimeoutError, wait
from threadpoolctl import threadpool_limits

import common
from tools import point as points
from tools.point import Point

PATIENCE = 30.0  # seconds to wait for a new worker when all are gone
ONE = threading.Lock()  # the folder to work in is the process's, so a worker with several threads takes turns
LOADED = points.module_hashes()
OWN_MNIST_DIR = os.environ.get("MNIST_DIR", "")


def task(root: str, mnist_dir: str) -> Callable[[bytes, str], str]:
    """Return what a worker runs.

    An inner function, for dask sends those whole, and a pickled point: so a worker without the repository can say so.
    """

    def on_worker(point: bytes, probe: str) -> str:
        import importlib
        import pathlib
        import sys

        if pathlib.Path(root, "tools/cluster.py").is_file() and root not in sys.path:
            sys.path.insert(0, root)
        try:
            there = importlib.import_module("tools.cluster")
        except ImportError as error:
            return f"a worker lacks the repository ({error}); expected at {root} or on the worker's PYTHONPATH"
        return there.run_here(point, probe, mnist_dir)

    return on_worker


def run_here(pickled: bytes, probe: str, mnist_dir: str) -> str:
    """Run a point on this worker, or only look whether it could; return the cause of a failure, or nothing."""
    point: Point | None = pickle.loads(pickled)
    os.environ["MNIST_DIR"] = mnist_dir if Path(mnist_dir).is_dir() else OWN_MNIST_DIR
    if not Path(probe).is_file():
        return f"a worker does not see the sweep's folder; expected {probe}"
    changed = [name for name, found in points.module_hashes().items() if LOADED.get(name) != found]
    if changed:
        return f"a worker was started before {', '.join(changed)} changed; start it anew"
    if point is None or points.is_done(point):
        return ""
    with ONE, threadpool_limits(1):
        if not points.is_current(point):
            return f"a worker's notebook, modules or data differ from the sender's; expected the same in {common.ROOT}"
        return points.execute(point)


@contextlib.contextmanager
def connect(address: str, workers: int) -> Generator[Client]:
    """Yield a client of the cluster at `address`, or of one started here for `local`; raises ValueError."""
    with contextlib.ExitStack() as stack:
        if address == "local":
            local = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
            address = stack.enter_context(local)
        try:
            client = stack.enter_context(Client(address, timeout="10s"))
            client.wait_for_workers(1, timeout=30)
        except (OSError, TimeoutError, ValueError) as error:
            raise ValueError(f"--dask {address}: expected a scheduler with workers, found: {error}") from None
        yield client


def run_on_cluster(todo: list[Point], address: str, workers: int) -> Generator[tuple[Point, str]]:
    """Run points on a cluster; yield (point, cause of failure) as they end.

    Raises ValueError if a worker lacks what it needs, or when all workers have been gone for PATIENCE seconds.
    """
    probe = todo[0].folder.with_name(f".{uuid.uuid4().hex}")
    run = task(str(common.ROOT), str(Path(os.environ.get("MNIST_DIR") or "/nowhere").absolute()))
    with connect(address, workers) as client, _placed(probe):
        for worker, cause in client.run(run, pickle.dumps(None), str(probe)).items():
            if cause:
                raise ValueError(f"{worker}: {cause}")
        futures = {client.submit(run, pickle.dumps(point), str(probe), pure=False): point for point in todo}
        try:
            while futures:
                for future in _ended(client, list(futures)):
                    point = futures.pop(future)
                    cause = _outcome(future)
                    if cause and points.record(point) is None:
                        points.give_up(point, cause)
                    yield point, cause
        finally:
            client.cancel(list(futures))


def _ended(client: Client, futures: list[Any]) -> set[Any]:
    """Wait until some of the futures have ended and return these; raises ValueError when nobody is left to run them."""
    last_seen = time.monotonic()
    while time.monotonic() - last_seen < PATIENCE:
        with contextlib.suppress(TimeoutError):
            return wait(futures, timeout=2, return_when="FIRST_COMPLETED").done
        if client.scheduler_info()["workers"]:
            last_seen = time.monotonic()
    raise ValueError(f"--dask: expected workers, found none for {PATIENCE:g} s; the same command goes on from here")


@contextlib.contextmanager
def _placed(probe: Path) -> Generator[None]:
    """Keep a file for the workers to see."""
    probe.touch()
    try:
        yield
    finally:
        probe.unlink(missing_ok=True)


def _outcome(future: Any) -> str:
    """Return a task's answer, or in one line why there is none."""
    try:
        return future.result()
    except KilledWorker as error:
        return f"every worker that tried it died: {error}".splitlines()[0]
    except Exception as error:  # whatever a cluster throws is this run's failure, not the sweep's
        return f"{type(error).__name__}: {error}".splitlines()[0]
