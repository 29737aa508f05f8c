"""One writer at a time: a lock that ends with its process, however that ends."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def _is(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _take(file: IO[str], path: Path, wait: bool) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if not wait:
            raise ValueError(f"{path.parent}: expected no other process at work there, found one") from None
        print(f"waiting for another process to be done with {path}", file=sys.stderr, flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)


@contextlib.contextmanager
def hold(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a file, made if it is not there, against other processes; the holder may rename or remove it.

    A killed make leaves its work running, and the next make comes soon: it waits, with a word. With wait=False, raises
    ValueError instead.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("a") as file:
            _take(file, path, wait)
            if _is(file, path):  # and not what its last holder has taken away
                yield
                return
