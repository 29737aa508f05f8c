"""Sweeps on a dask cluster. A worker needs the repository (at the same path or on its PYTHONPATH), the same data and
the sweep's folder; one that lacks any of them says so.
"""

import contextlib
import os
import pickle
import threading
import uuid
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from distributed import Client, KilledWorker, LocalCluster, TimeoutError, as_completed
from threadpoolctl import threadpool_limits

import common
from tools import point as points
from tools.point import Point

ONE = threading.Lock()  # the folder to work in is the process's, so a worker with several threads takes turns
LOADED = points.house()


def task(root: str, mnist_dir: str) -> Callable[[bytes, str], str]:
    """Return what a worker runs.

    An inner function, for dask sends those whole, and a pickled point: so a worker without the repository can say so.
    """

    def on_worker(point: bytes, sign: str) -> str:
        import importlib
        import os
        import pathlib
        import sys

        if pathlib.Path(root, "tools/cluster.py").is_file() and root not in sys.path:
            sys.path.insert(0, root)
        if pathlib.Path(mnist_dir).is_dir():
            os.environ["MNIST_DIR"] = mnist_dir
        try:
            there = importlib.import_module("tools.cluster")
        except ImportError as error:
            return f"a worker lacks the repository ({error}); expected at {root} or on the worker's PYTHONPATH"
        return there.run_here(point, sign)

    return on_worker


def run_here(pickled: bytes, sign: str) -> str:
    """Run a point on this worker, or only look whether it could; return the cause of a failure, or nothing."""
    point: Point | None = pickle.loads(pickled)
    if not Path(sign).is_file():
        return f"a worker does not see the sweep's folder; expected {sign}"
    changed = [name for name, found in points.house().items() if LOADED.get(name) != found]
    if changed:
        return f"a worker was started before {', '.join(changed)} changed; start it anew"
    if point is None or points.is_done(point):
        return ""
    with ONE, threadpool_limits(1):
        if points.identity(points.sources(point.notebook), point.values) != point.identity:
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


def there(todo: list[Point], address: str, workers: int) -> Generator[tuple[Point, str]]:
    """Run points on a cluster; yield (point, cause of failure) as they end. Raises ValueError if a worker cannot."""
    sign = todo[0].folder.with_name(f".{uuid.uuid4().hex}") if todo else Path()
    run = task(str(common.ROOT), str(Path(os.environ.get("MNIST_DIR") or "/nowhere").absolute()))
    with connect(address, workers) as client, _placed(sign):
        for worker, cause in client.run(run, pickle.dumps(None), str(sign)).items():
            if cause:
                raise ValueError(f"{worker}: {cause}")
        futures = {client.submit(run, pickle.dumps(point), str(sign), pure=False): point for point in todo}
        try:
            for future in as_completed(futures):
                point = futures.pop(future)
                cause = _outcome(future)
                if cause and points.record(point) is None:
                    points.give_up(point, cause)
                yield point, cause
        finally:
            client.cancel(list(futures))


@contextlib.contextmanager
def _placed(sign: Path) -> Generator[None]:
    """Keep a file for the workers to see."""
    sign.touch()
    try:
        yield
    finally:
        sign.unlink(missing_ok=True)


def _outcome(future: Any) -> str:
    """Return a task's answer, or in one line why there is none."""
    try:
        return future.result()
    except KilledWorker as error:
        return f"every worker that tried it died: {error}".splitlines()[0]
    except Exception as error:  # whatever a cluster throws is this run's failure, not the sweep's
        return f"{type(error).__name__}: {error}".splitlines()[0]
