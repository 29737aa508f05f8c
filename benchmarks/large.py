"""Training on more than fits in memory, and cost against size: `make bench-large`.

Eight million digits are made by shifting MNIST's by up to 2 pixels, written as one idx file of
6.3 GB in TMPDIR, which is removed afterwards, and trained on for one epoch through a memory map.
What counts as memory is what the process has for itself (RssAnon); the map's pages belong to the
file.
"""

import os
import re
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import common
import figures
from common import ROOT, Linear, Network
from results import write_json

OUT = ROOT / "report/build/bench"
MILLIONS = int(os.environ.get("MILLIONS", "8"))
LIMIT = 300  # MB above the imports


def own_memory() -> float:
    """Return the memory that this process has for itself, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


class Peak(threading.Thread):
    """Look at the memory twenty times a second and remember the most above the start."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.before = own_memory()
        self.most = 0.0
        self.over = threading.Event()
        self.start()

    def run(self) -> None:
        """Look until the work is over."""
        while not self.over.wait(0.05):
            self.most = max(self.most, own_memory() - self.before)


def write_shifted(folder: Path, mnist: common.Mnist, N: int) -> None:
    """Write N images and labels, MNIST's shifted by -2 to 2 pixels each way, as two idx files."""
    rng = np.random.RandomState(0)
    images = mnist.x_train.reshape(-1, *mnist.image_shape)
    with (folder / "images").open("wb") as x_file, (folder / "labels").open("wb") as label_file:
        x_file.write(common.idx_header(np.uint8, (N, *mnist.image_shape)))
        label_file.write(common.idx_header(np.uint8, (N,)))
        for start in range(0, N, 20_000):
            drawn = rng.randint(len(images), size=min(20_000, N - start))
            moved = np.roll(images[drawn], rng.randint(-2, 3, size=2), axis=(1, 2))
            x_file.write(moved.tobytes())
            label_file.write(mnist.labels_train[drawn].tobytes())


def linear(D: int = 784, K: int = 10) -> Network:
    """Return a linear classifier with zero weights."""
    return Network([Linear(np.zeros((K, D), np.float32), np.zeros(K, np.float32))])


def epoch(folder: Path, mnist: common.Mnist) -> None:
    """Train for an epoch, in mini-batches that follow the file; print time, memory and accuracy."""
    x = common.read_idx(folder / "images", 3)
    labels = common.read_idx(folder / "labels", 1)
    x = x.reshape(len(x), -1)
    network = linear()
    batch = 1024
    velocities = [np.zeros_like(p) for p in network.parameters]
    began = time.perf_counter()
    for start in range(0, len(x), batch):  # the images were drawn at random when they were written
        rows = slice(start, start + batch)
        targets = common.one_hot(labels[rows], 10, np.float32)
        _, gradients = common.in_blocks(network, x[rows], targets)
        common.nesterov(network, velocities, gradients, 0.1 * (1 - start / len(x)), 0.9)
    seconds = time.perf_counter() - began
    print(
        f"an epoch over {len(x)} images, {x.nbytes / 1e9:.1f} GB: {seconds:.1f} s, "
        f"{len(x) / seconds / 1e6:.2f} million images per second; accuracy on MNIST's test images "
        f"{common.accuracy(network, mnist.x_test, mnist.labels_test):.2%}"
    )


def median(work: Callable[[], object], repeats: int) -> float:
    """Return the median seconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def against_size(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return seconds a full-batch gradient step, against N, D and K."""
    rng = np.random.RandomState(0)
    images = common.read_idx(folder / "images", 3)
    labels = common.read_idx(folder / "labels", 1)
    images = images.reshape(len(images), -1)
    sizes = [n for n in (10**3, 10**4, 10**5, 10**6, 8 * 10**6) if n <= len(images)]

    def step(x: np.ndarray, labels: np.ndarray, K: int, repeats: int) -> float:
        network = linear(x.shape[1], K)
        targets = common.one_hot(labels, K, np.float32)
        return median(lambda: common.in_blocks(network, x, targets), repeats)

    found = {"N": [(n, step(images[:n], labels[:n], 10, 1 if n > 10**5 else 9)) for n in sizes]}
    few = 20_000
    wide = rng.randint(256, size=(few, 6272)).astype(np.uint8)
    found["D"] = [
        (D, step(np.ascontiguousarray(wide[:, :D]), labels[:few], 10, 9))
        for D in (98, 196, 392, 784, 1568, 3136, 6272)
    ]
    found["K"] = [
        (K, step(images[:few], rng.randint(K, size=few), K, 9))
        for K in (2, 5, 10, 20, 50, 100, 200, 500)
    ]
    return found


@figures.in_style
def draw(found: dict[str, list[tuple[int, float]]]) -> None:
    """Draw the three lines on log paper, and print the slope of each line's upper half."""
    fig, axes = figures.figure(figures.FULL, 2.2, ncols=3, sharey=True)
    for ax, (letter, points) in zip(axes, found.items(), strict=True):
        size, seconds = np.array(points).T
        ax.loglog(size, seconds, "o-", ms=3)
        half = slice(len(size) // 2, None)
        slope = np.polyfit(np.log(size[half]), np.log(seconds[half]), 1)[0]
        ax.set(xlabel=f"${letter}$", title=f"slope {slope:.2f} at the end")
        print(
            f"{letter}: "
            + ", ".join(f"{n:g}: {1000 * s:.3g} ms" for n, s in points)
            + f"; slope {slope:.2f}"
        )
    axes[0].set_ylabel("seconds per gradient step")
    alt = (
        "Seconds per full-batch gradient step against the number of images, of pixels and of "
        "classes, on log scales."
    )
    figures.save_figure(fig, OUT, "size", alt=alt)


def main() -> None:
    """Write the file, train on it, measure cost against size, remove the file."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # which removes the file
    mnist = common.read_mnist(common.find_mnist())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_shifted(folder, mnist, MILLIONS * 10**6)
        peak = Peak()
        epoch(folder, mnist)
        peak.over.set()
        print(f"memory at most {peak.most:.0f} MB above what it was before, the goal is {LIMIT} MB")
        found = against_size(folder)
    draw(found)
    write_json(
        OUT / "size.json", {letter: [list(p) for p in points] for letter, points in found.items()}
    )


if __name__ == "__main__":
    main()
