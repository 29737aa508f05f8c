"""Speed beside the libraries that this homework explains: `make bench`.

Every peer is measured in the same run, on the same data: medians of interleaved repeats, after
one turn that warms up and is not counted. Everybody has two threads: ours are two Python threads
with one BLAS thread each, the peers' are their own.
"""

import os

os.environ["THREADS"] = "2"

import gzip
import itertools
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import idx2numpy
import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

import common
import figures
import handwriting
import photos
from common import ROOT, Linear, Network, ReLU, in_blocks
from pointfiles import read_points
from results import provenance, write_json

try:
    import peers
except ModuleNotFoundError as error:
    sys.exit(
        f"error: the benchmark compares with {error.name}, which is not installed; "
        "type: .venv/bin/pip install torch==2.13.0"
    )

OUT = ROOT / "report/build/bench"
GOAL_ACCURACY = 0.92
OWN = ("ours", "floor")  # two Python threads with one BLAS thread each


class Row(NamedTuple):
    """A row of the table: what was measured, the seconds by name, ours first, and our goal."""

    what: str
    seconds: dict[str, float]
    goal: str
    met: bool


def medians(work: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Return the median seconds of each, taken in turns; the peers may use two BLAS threads."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(repeats + 1):
        for name, function in work.items():
            with threadpool_limits(1 if name.startswith(OWN) else 2):
                began = time.perf_counter()
                function()
                times[name] += [time.perf_counter() - began] if turn else []
    return {name: statistics.median(values) for name, values in times.items()}


def others(seconds: dict[str, float]) -> dict[str, float]:
    """Return the peers' times, the fastest first."""
    found = {name: value for name, value in seconds.items() if not name.startswith(OWN)}
    return dict(sorted(found.items(), key=lambda one: one[1]))


def ratio(what: str, seconds: dict[str, float], times: float) -> Row:
    """Return a row whose goal is to be so many times faster than the fastest peer."""
    found = min(others(seconds).values()) / seconds["ours"]
    return Row(what, seconds, f"{times:g} times faster", found >= times)


def zero_network() -> Network:
    """Return the linear classifier of Problem 4 with zero weights."""
    return Network([Linear(np.zeros((10, 784), np.float32), np.zeros(10, np.float32))])


def floor(N: int, convert: bool = False) -> Callable[[], None]:
    """Return the two matrix products of a step alone, on blocks that are in cache, on two threads.

    With `convert` the bytes of a block are turned into floats, too.
    """
    pixels = np.random.RandomState(0).randint(256, size=(1024, 784)).astype(np.uint8)
    read = common.block_reader(pixels, np.dtype(np.float32))
    cached = pixels.astype(np.float32) / 255
    everything = slice(None)
    dlogits = np.ones((1024, 10), np.float32)
    W = np.ones((10, 784), np.float32)
    pool = ThreadPoolExecutor(2)

    def products(_: int) -> None:
        for _ in range(-(-N // 2048)):
            x = read(everything) if convert else cached
            x @ W.T
            dlogits.T @ x

    return lambda: list(pool.map(products, range(2)))


def gradient_step(mnist: common.Mnist) -> list[Row]:
    """One full-batch gradient step of Problem 4."""
    network = zero_network()
    targets = common.one_hot(mnist.labels_train, 10, np.float32)
    x, labels = peers.tensors(mnist.x_train, mnist.labels_train)
    work = {
        "ours": lambda: in_blocks(network, mnist.x_train, targets),
        "floor": floor(len(x)),
        "floor with bytes to floats": floor(len(x), convert=True),
        "PyTorch": peers.full_step(x, labels, len(x)),
        "PyTorch (blocks of 4096)": peers.full_step(x, labels, 4096),
    }
    try:
        work["PyTorch (compiled)"] = peers.compiled_step(x, labels)
    except Exception as error:  # it wants a compiler that a machine may not have
        print(f"torch.compile does not work here: {str(error).splitlines()[0]}", file=sys.stderr)
    seconds = medians(work, 15)
    share = seconds["floor"] / seconds["ours"]
    return [
        ratio("full-batch gradient step", seconds, 4),
        Row(
            "the same, share of the floor",
            {name: seconds[name] for name in seconds if name.startswith(OWN)},
            f"70 % of the floor ({share:.0%})",
            share >= 0.7,
        ),
    ]


def to_accuracy(mnist: common.Mnist) -> list[Row]:
    """From the templates to 92 % on the test images.

    Everybody takes the same steps; each repeat has another order of the images.
    """
    averages = templates(mnist)
    targets = common.one_hot(mnist.labels_train, 10, np.float32)

    def ours(seed: int) -> None:
        network = Network([Linear(averages, np.zeros(10, np.float32))])
        rng = np.random.RandomState(seed)
        for epoch in range(20):
            common.train(
                network,
                mnist.x_train,
                targets,
                learning_rate=0.3 * 0.6**epoch,
                momentum=0.9,
                batch_size=512,
                steps=len(mnist.x_train) // 512,
                rng=rng,
            )
            if common.accuracy(network, mnist.x_test, mnist.labels_test) >= GOAL_ACCURACY:
                return
        raise RuntimeError("expected 92 % within 20 epochs")

    train = peers.tensors(mnist.x_train, mnist.labels_train)
    test = peers.tensors(mnist.x_test, mnist.labels_test)
    seeds = {name: itertools.count() for name in ("ours", 128, 512)}
    work = {"ours": lambda: ours(next(seeds["ours"]))} | {
        f"PyTorch SGD (batch {batch})": lambda batch=batch, rate=rate: peers.to_accuracy(
            averages, train, test, GOAL_ACCURACY, batch, rate, next(seeds[batch])
        )
        for batch, rate in ((128, 0.1), (512, 0.3))
    }
    return [ratio("templates to 92 % test accuracy", medians(work, 9), 3)]


def templates(mnist: common.Mnist) -> np.ndarray:
    """Return the mean images (10, 784)."""
    means = [mnist.x_train[mnist.labels_train == k].mean(axis=0) / 255 for k in range(10)]
    return np.array(means, dtype=np.float32)


def curvature(x: np.ndarray, damping: float = 1e-3) -> np.ndarray:
    """Return the inverse of X^T X / 2N + damping I, with a 1 among the inputs for the bias.

    It estimates Boehning's bound on the Hessian, from a few thousand images.
    Source: D. Boehning, Ann. Inst. Statist. Math. 44 (1992).
    """
    few = x[:: max(1, len(x) // 4000)].astype(np.float32) / 255
    few = np.column_stack([few, np.ones(len(few), np.float32)])
    return np.linalg.inv(
        few.T @ few / (2 * len(few)) + damping * np.eye(few.shape[1], dtype=np.float32)
    )


def to_loss(mnist: common.Mnist) -> list[Row]:
    """From the templates to the loss where scikit-learn's default stops, at its 100 iterations."""
    floats = mnist.x_train.astype(np.float32) / 255
    with warnings.catch_warnings(), threadpool_limits(1):  # two threads make it slower here
        warnings.simplefilter("ignore")
        seconds, goal = peers.sklearn_fit(floats, mnist.labels_train)
    print(f"scikit-learn's lbfgs stops at a loss of {goal:.4f}")
    averages = templates(mnist)
    targets = common.one_hot(mnist.labels_train, 10, np.float32)

    def ours() -> None:
        network = Network([Linear(averages, np.zeros(10, np.float32))])
        common.train(
            network,
            mnist.x_train,
            targets,
            learning_rate=0.2,
            momentum=0.9,
            batch_size=512,
            steps=len(mnist.x_train) // 512,
            rng=np.random.RandomState(0),
        )
        inverse = curvature(mnist.x_train)
        velocities = [np.zeros_like(p) for p in network.parameters]
        for _ in range(400):
            loss, (dW, db) = in_blocks(network, mnist.x_train, targets)
            if loss <= goal:
                return
            step = np.column_stack([dW, db]) @ inverse
            common.nesterov(network, velocities, [step[:, :-1], step[:, -1].copy()], 1.0, 0.9)
        raise RuntimeError(f"expected a loss of {goal} within 400 steps, found {loss}")

    x, labels = peers.tensors(mnist.x_train, mnist.labels_train)
    found = medians(
        {"ours": ours, "PyTorch LBFGS": lambda: peers.lbfgs_to_loss(averages, x, labels, goal)}, 3
    )
    return [ratio(f"templates to a loss of {goal:.4f}", found | {"scikit-learn": seconds}, 5)]


def two_layers(mnist: common.Mnist) -> list[Row]:
    """An epoch of a 784-256-10 network."""
    rng = np.random.RandomState(0)
    sizes = ((256, 784), (10, 256))
    first, second = (
        Linear((0.05 * rng.randn(*s)).astype(np.float32), np.zeros(s[0], np.float32)) for s in sizes
    )
    network = Network([first, ReLU(), second])
    targets = common.one_hot(mnist.labels_train, 10, np.float32)
    x, labels = peers.tensors(mnist.x_train, mnist.labels_train)

    def ours(batch: int) -> None:
        common.train(
            network,
            mnist.x_train,
            targets,
            learning_rate=0.1,
            momentum=0.9,
            batch_size=batch,
            steps=len(mnist.x_train) // batch,
            rng=rng,
        )

    rows = []
    for batch in (128, 1024):
        work = {
            "ours": lambda batch=batch: ours(batch),
            "PyTorch": peers.two_layer_epoch(x, labels, batch),
        }
        rows.append(ratio(f"784-256-10, an epoch, batch {batch}", medians(work, 3), 1))
    return rows


def toy() -> list[Row]:
    """2000 steps on Problem 3's points."""
    x, labels = read_points(ROOT / "data/set3.csv")
    targets = common.one_hot(labels, 3)

    def ours() -> None:
        rng = np.random.RandomState(0)
        network = Network(
            [Linear(rng.randn(8, 2), rng.randn(8)), ReLU(), Linear(rng.randn(3, 8), rng.randn(3))]
        )
        common.train(network, x, targets, learning_rate=0.5, steps=2000)

    return [
        ratio(
            "Problem 3, 2000 steps",
            medians({"ours": ours, "PyTorch": peers.toy(x, labels, 8, 2000)}, 5),
            10,
        )
    ]


def reading(mnist: common.Mnist) -> list[Row]:
    """The training images, packed and plain."""
    with tempfile.TemporaryDirectory() as name:
        plain = Path(name) / "images"
        packed = Path(name) / "images.gz"
        common.write_idx(plain, mnist.x_train.reshape(-1, *mnist.image_shape))
        packed.write_bytes(gzip.compress(plain.read_bytes(), 6))

        def through_gzip() -> (
            np.ndarray
        ):  # what torchvision does with a file that it has downloaded
            return np.frombuffer(gzip.decompress(packed.read_bytes()), np.uint8, offset=16).reshape(
                -1, 28, 28
            )

        def by_idx2numpy() -> np.ndarray:
            with gzip.open(packed) as file:
                return idx2numpy.convert_from_file(file)

        rows = [
            ratio(
                "reading the .gz",
                medians(
                    {
                        "ours": lambda: common.read_idx(packed, 3),
                        "idx2numpy": by_idx2numpy,
                        "torchvision's way": through_gzip,
                    },
                    5,
                ),
                1,
            )
        ]
        seconds = medians({"ours": lambda: common.read_idx(plain, 3)}, 20)
        return [
            *rows,
            Row("opening the plain file (a map)", seconds, "under 1 ms", seconds["ours"] < 1e-3),
        ]


def pictures() -> list[Row]:
    """A drawing and a 12 megapixel photograph to 28 x 28."""
    strokes = [
        np.array(stroke, float)
        for stroke in json.loads((ROOT / "data/handwritten/strokes.json").read_text())[20][
            "strokes"
        ]
    ]
    drawing = medians({"ours": lambda: handwriting.normalise(handwriting.render(strokes, 10))}, 50)
    images, _ = handwriting.read_digits(ROOT / "data/handwritten/strokes.json")
    page = np.full((3000, 4000), 235, np.uint8)
    for i, image in enumerate(images):
        top = 260 + 640 * (i // 10)
        left = 200 + 370 * (i % 10)
        page[top : top + 280, left : left + 280] -= np.kron(
            image.reshape(28, 28) // 2, np.ones((10, 10), np.uint8)
        )
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "sheet.jpg"
        Image.fromarray(page).save(path, quality=90)
        assert len(photos.read_sheet(path).images) == len(images)
        sheet = medians({"ours": lambda: photos.read_sheet(path)}, 3)
    return [
        Row("a drawing to 28 x 28", drawing, "under 1 ms", drawing["ours"] < 1e-3),
        Row("a sheet of 12 megapixels", sheet, "under 2 s", sheet["ours"] < 2),
    ]


MEMORY = """
import re, sys
import numpy as np, common
from common import Linear, Network
def peak():  # in MB; getrusage would count the parent's memory from before the exec
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
before = peak()
mnist = common.read_mnist(sys.argv[1])
targets = common.one_hot(mnist.labels_train, 10, np.float32)
network = Network([Linear(np.zeros((10, 784), np.float32), np.zeros(10, np.float32))])
common.train(network, mnist.x_train, targets, learning_rate=0.2, momentum=0.9, batch_size=512,
             steps=117, rng=np.random.RandomState(0))
common.train(network, mnist.x_train, targets, learning_rate=1.0, momentum=0.95, steps=3)
common.accuracy(network, mnist.x_test, mnist.labels_test)
print(peak() - before)
"""


def memory(folder: Path) -> Row:
    """Return how much memory the training of Problem 4 needs above its imports, in MB."""
    command = [sys.executable, "-c", MEMORY, str(folder.resolve())]
    found = float(
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    )
    return Row(
        "memory of the training above the imports (MB)",
        {"ours": found},
        "under 150 MB",
        found < 150,
    )


def shown(row: Row, seconds: float) -> str:
    """Write a measured value with its unit."""
    if "(MB)" in row.what:
        return f"{seconds:.0f} MB"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def table(rows: list[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [
        "| what | ours | the others | ratio to the fastest | goal |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        beside = "; ".join(
            f"{name} {shown(row, s)}" for name, s in row.seconds.items() if name != "ours"
        )
        times = (
            f"{s / row.seconds['ours']:.1f}"
            if (s := min(others(row.seconds).values(), default=0))
            else ""
        )
        mark = "yes" if row.met else "**no**"
        lines.append(
            f"| {row.what} | {shown(row, row.seconds['ours'])} | {beside} | {times} "
            f"| {row.goal}: {mark} |"
        )
    return "\n".join(lines)


@figures.in_style
def draw(rows: list[Row]) -> None:
    """Draw every time on one log scale: our bar, the peers as marks, the floor as a line."""
    timed = [
        row
        for row in rows
        if "(MB)" not in row.what and len(row.seconds) > 1 and "share" not in row.what
    ]
    fig, ax = figures.figure(figures.FULL, 0.36 * len(timed) + 0.8)
    for y, row in enumerate(reversed(timed)):
        ax.barh(y, row.seconds["ours"], left=0, height=0.5, color=figures.COLOURS[0])
        names, times = zip(*others(row.seconds).items(), strict=True)
        ax.plot(times, [y] * len(times), "o", color=figures.COLOURS[1], ms=4)
        ax.annotate(
            "; ".join(names),
            (times[-1], y),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=6,
        )
        if "floor" in row.seconds:
            ax.plot([row.seconds["floor"]] * 2, [y - 0.35, y + 0.35], color="black", lw=1.2)
    ax.set(
        xscale="log",
        xlabel="seconds (bar: ours; dots: the others; black line: the two matrix products alone)",
        yticks=range(len(timed)),
        yticklabels=[row.what for row in reversed(timed)],
    )
    ax.set_xlim(1e-2, 2e2)  # room for the names
    ax.grid(axis="y", visible=False)
    alt = (
        "Seconds on a log scale: our bar beside a dot for each other library, one row per row of "
        "the table above."
    )
    figures.save_figure(fig, OUT, "speed", alt=alt)


def main() -> None:
    """Measure, print the table, write table, numbers and figure."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # which removes temporary files
    folder = common.find_mnist()
    began = time.perf_counter()
    mnist = common.read_mnist(folder)
    rows = [
        *gradient_step(mnist),
        *to_accuracy(mnist),
        *to_loss(mnist),
        *two_layers(mnist),
        *toy(),
        *reading(mnist),
        *pictures(),
        memory(folder),
    ]
    text = table(rows)
    print(text)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "speed.md").write_text(text + "\n")
    results = {row.what: {"seconds": row.seconds, "goal": row.goal, "met": row.met} for row in rows}
    origin = provenance(0, mnist.sha256, began) | {"threads": 2}
    write_json(OUT / "speed.json", results | {"provenance": origin})
    draw(rows)


if __name__ == "__main__":
    main()
