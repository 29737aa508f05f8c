"""Layers, loss and training for the four notebooks. Then a reader of MNIST's files.

Everything that a course calls backpropagation is in the first half, in numpy: a layer
has its formula, `forward`, and below it the two formulas of its derivative, `gradients`
and `backward`. The letters, once and for all:

    N examples, D inputs, M outputs, K classes; every example is a row
    x (N, D)         what goes into a layer; out (N, M) is what comes out
    labels (N,)      the true classes, integers 0..K-1
    targets (N, K)   the same as distributions over the classes, one per row
    logits (N, K)    the scores of the classes, before the softmax
    W (M, D)         row m is what output m looks for: for MNIST, a 28 x 28 template
    b (M,)           the biases

The gradient of the loss with respect to v is called dv and has the shape of v, so dout
has the shape of out. Losses are in nats: all logarithms are natural ones.
"""

import contextlib
import functools
import hashlib
import json
import math
import mmap
import os
import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

Array = np.ndarray
MOST_STEPS_AWAY = 1e12  # from 0, where a numerical gradient's step has three digits
ROUNDING = 1e-3  # how far distributions' sums may be from 1, root mean square


def floats(values: Any) -> Array:
    """Return numbers as an array of floats, single precision or better.

    An array of such floats is returned as it is. Raises ValueError for anything but
    real numbers.
    """
    array = np.asarray(values)
    if array.dtype in (np.float64, np.float32):  # often, and therefore fast
        return array
    if array.dtype.kind not in "fiub":
        raise ValueError(f"expected an array of real numbers, found {array.dtype}")
    return array.astype(np.result_type(array, np.float32), copy=False)


class Linear:
    """out = x W^T + b, which is the homework's Wx + b for every row of x.

    For one example, out_m = sum_d W_md x_d + b_m. The weight W_md touches only out_m,
    so dW_md = dout_m x_d, and db_m = dout_m; over the examples these add up. The input
    x_d touches every output, so its shares add up: dx_d = sum_m dout_m W_md.
    """

    def __init__(self, W: Array, b: Array) -> None:
        self.W = floats(W).copy()
        self.b = floats(b).copy()
        if self.W.ndim != 2 or self.b.shape != self.W.shape[:1]:
            raise ValueError(
                "expected W of the shape (M, D) and b of the shape (M,), "
                f"found {self.W.shape} and {self.b.shape}"
            )
        self.parameters = [self.W, self.b]

    def forward(self, x: Array) -> Array:
        """out = x W^T + b, shape (N, M)."""
        return x @ self.W.T + self.b

    def gradients(self, x: Array, dout: Array) -> list[Array]:
        """dW = dout^T x, shape (M, D), and db = the sum of dout over the examples."""
        return [dout.T @ x, dout.sum(axis=0)]

    def backward(self, x: Array, dout: Array) -> Array:
        """dx = dout W, shape (N, D)."""
        return dout @ self.W


class ReLU:
    """out = max(0, x), entry by entry: the rectified linear unit."""

    parameters: tuple[()] = ()

    def forward(self, x: Array) -> Array:
        """out = max(0, x)."""
        return np.maximum(x, 0)

    def gradients(self, x: Array, dout: Array) -> list[Array]:
        """A ReLU has nothing to learn."""
        return []

    def backward(self, x: Array, dout: Array) -> Array:
        """dx = dout where x > 0, and 0 elsewhere."""
        return dout * (x > 0)


def log_softmax(logits: Array) -> Array:
    """log q_k = logit_k - log sum_j exp(logit_j), for every row.

    Taking the largest logit off a row first changes nothing and keeps exp from
    overflowing.
    """
    scores = floats(logits).T.copy()  # (K, N): numpy sums slowly over a short last axis
    scores -= scores.max(axis=0)
    scores -= np.log(np.exp(scores).sum(axis=0))
    return np.ascontiguousarray(scores.T)


def softmax(logits: Array) -> Array:
    """q_k = exp(logit_k) / sum_j exp(logit_j): every row becomes a distribution."""
    return np.exp(log_softmax(logits))


def kl_loss(logits: Array, targets: Array) -> tuple[float, Array]:
    """The mean over the examples of KL(t || q) = sum_k t_k (log t_k - log q_k).

    Here q = softmax(logits), so log q_k = logit_k - log sum_j exp(logit_j). The targets
    of an example add up to 1; therefore the derivative of its KL with respect to
    logit_k is exp(logit_k) / sum_j exp(logit_j) - t_k = q_k - t_k. Returns the loss and
    dlogits = (q - t) / N. For one-hot targets the loss is the cross-entropy. Raises
    ValueError if the shapes differ, or if a row of the targets does not add up.
    """
    log_q = log_softmax(logits)
    targets = floats(targets)
    check_targets(targets, log_q.shape)
    log_t = np.log(targets + (targets == 0))  # 0 log 0 counts as 0
    loss = (targets * (log_t - log_q)).sum() / len(log_q)
    dlogits = (np.exp(log_q) - targets) / len(log_q)
    return float(loss), dlogits


def check_targets(targets: Array, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the targets have the shape (N, K) and rows that add up.

    If a row did not add up to 1, q - t would not be the derivative. A negative target
    makes the loss nan.
    """
    if targets.shape != shape or len(shape) != 2 or len(targets) == 0:
        raise ValueError(
            f"expected targets of the shape of the logits, {shape}, which must be "
            f"(N, K) with N at least 1, found {targets.shape}"
        )
    sums = targets @ np.ones(shape[1])  # as sum(axis=1), which is slower
    off = sums - 1
    if not off @ off < len(off) * ROUNDING**2:
        raise ValueError(
            "expected targets that add up to 1 for each example, "
            f"found sums from {sums.min():g} to {sums.max():g}"
        )


def one_hot(labels: Array, K: int, dtype: Any = np.float64) -> Array:
    """Turn labels (N,) into targets (N, K): 1 in the label's column, 0 elsewhere."""
    return np.eye(K, dtype=dtype)[class_numbers(labels, K)]


def class_numbers(labels: Array, K: int) -> Array:
    """Return labels (N,) as integers. Raises ValueError unless each is in 0..K-1."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise ValueError(
            "expected labels as integers in the shape (N,), "
            f"found {labels.dtype} in the shape {labels.shape}"
        )
    if labels.min(initial=0) < 0 or labels.max(initial=0) >= K:
        raise ValueError(
            f"expected labels from 0 to {K - 1}, found {labels.min()} to {labels.max()}"
        )
    return labels.astype(int)


class Network:
    """Layers one after the other. The output of the last layer is the logits."""

    def __init__(self, layers: list) -> None:
        self.layers = layers
        self.parameters = [p for layer in layers for p in layer.parameters]
        self.size = sum(p.size for p in self.parameters)

    def forward(self, x: Array) -> list[Array]:
        """Return the input of every layer, and last the logits.

        Raises ValueError for bytes: only `train`, `logits` and `predict` read these.
        """
        x = np.asarray(x)
        if x.dtype == np.uint8:
            raise ValueError("expected numbers, found bytes: pass x / 255")
        values = [floats(x)]
        for layer in self.layers:
            values.append(layer.forward(values[-1]))
        return values

    def loss_and_gradients(self, x: Array, targets: Array) -> tuple[float, list[Array]]:
        """The chain rule: from the loss back to the first layer, one layer at a time.

        Returns the loss and the gradients in the order of `parameters`.
        """
        *inputs, logits = self.forward(x)
        loss, dout = kl_loss(logits, targets)
        gradients: list[Array] = []
        for i in reversed(range(len(self.layers))):
            gradients = self.layers[i].gradients(inputs[i], dout) + gradients
            if i > 0:  # the data needs no gradient
                dout = self.layers[i].backward(inputs[i], dout)
        return loss, gradients

    def logits(self, x: Array) -> Array:
        """Return the logits (N, K). If x is bytes, they count as numbers 0..1."""
        read = block_reader(x, self.parameters[0].dtype)

        def logits_of(rows: slice) -> Array:
            """Return the logits of one block of rows."""
            return self.forward(read(rows))[-1]

        return np.concatenate(
            list(per_block(logits_of, len(x), block_rows(self, len(x))))
        )

    def predict(self, x: Array) -> Array:
        """Return the most probable class of every example, (N,)."""
        return most_probable(self.logits(x))


def most_probable(logits: Array) -> Array:
    """Return the class with the largest logit, (N,). Raises ValueError for a nan."""
    if np.isnan(logits).any():
        raise ValueError(
            "a logit is nan: is there nan among the inputs or the weights?"
        )
    return logits.argmax(axis=1)


def accuracy(network: Network, x: Array, labels: Array) -> float:
    """Return the share of the examples whose most probable class is the label.

    Raises ValueError unless every example has a label in 0..K-1, and without examples.
    """
    logits = network.logits(x)
    true = class_numbers(labels, logits.shape[1])
    if len(true) != len(logits) or len(true) == 0:
        raise ValueError(
            f"expected at least one example, and a label for each; found {len(logits)} "
            f"examples and {len(true)} labels"
        )
    return float((most_probable(logits) == true).mean())


def gradient_descent(
    network: Network, gradients: list[Array], learning_rate: float
) -> None:
    """p <- p - learning_rate dp, for every parameter."""
    for p, dp in zip(network.parameters, gradients, strict=True):
        p -= learning_rate * dp


def nesterov(
    network: Network,
    velocities: list[Array],
    gradients: list[Array],
    learning_rate: float,
    momentum: float,
) -> None:
    """v <- momentum v - learning_rate dp, then p <- p + momentum v - learning_rate dp.

    The velocity v remembers the steps before. The gradient is taken where the momentum
    is about to carry p anyway, so that a step can brake in time. Changes parameters and
    velocities, and uses up the gradients. Source: Sutskever et al. (2013), On the
    importance of initialization and momentum, in the form that follows the point where
    the gradient is taken.
    """
    for p, v, dp in zip(network.parameters, velocities, gradients, strict=True):
        step = dp  # in place, to save time
        step *= -learning_rate
        v *= momentum
        v += step
        step += momentum * v
        p += step


@dataclass
class History:
    """What `train` saw: one entry from before each update, and one from the end."""

    loss: list[float] = field(default_factory=list)
    measured: list[float] = field(default_factory=list)  # what `measure` returned
    gradient: list[float] = field(default_factory=list)  # largest absolute entry
    stopped: str = "steps"  # or "tolerance"


def train(
    network: Network,
    x: Array,
    targets: Array,
    *,
    learning_rate: float,
    steps: int,
    momentum: float = 0.0,
    batch_size: int | None = None,
    rng: np.random.RandomState | None = None,
    velocities: list[Array] | None = None,
    tolerance: float = 0.0,
    measure: Callable[[], float] | None = None,
) -> History:
    """Train by gradient descent, with Nesterov's momentum if there is any.

    Changes the network's parameters. Stops after `steps` updates, or as soon as no
    entry of the gradient exceeds `tolerance`. `measure` is called before every update
    and at the end. Pass the same `velocities`, one per parameter and zero at first, to
    several calls, and each goes on with the momentum of the one before; they change.
    Raises FloatingPointError when the loss is no longer finite, ValueError for targets
    that do not fit and numbers that make no sense.
    """
    x = np.asarray(x)
    targets = floats(targets)
    if len(x) != len(targets) or (targets < 0).any():
        raise ValueError(
            f"expected a distribution for each of {len(x)} examples, found "
            f"{len(targets)} targets, the least number {targets.min(initial=0):g}"
        )
    if not (learning_rate > 0 and steps >= 0 and 0 <= momentum < 1 and tolerance >= 0):
        raise ValueError(
            "expected learning_rate > 0, steps >= 0, 0 <= momentum < 1 and "
            f"tolerance >= 0, found {learning_rate}, {steps}, {momentum}, {tolerance}"
        )
    history = History()
    velocities = velocities or [np.zeros_like(p) for p in network.parameters]
    batches = row_batches(len(x), batch_size, rng)
    with one_blas_thread():
        for step in range(steps + 1):
            rows = next(batches)
            loss, gradients = in_blocks(network, x[rows], targets[rows])
            check_finite(loss, step)
            history.loss.append(loss)
            if measure:
                history.measured.append(measure())
            if tolerance:
                history.gradient.append(largest_entry(gradients))
                if history.gradient[-1] <= tolerance:
                    history.stopped = "tolerance"
                    break
            if step == steps:
                break
            if momentum:
                nesterov(network, velocities, gradients, learning_rate, momentum)
            else:
                gradient_descent(network, gradients, learning_rate)
    return history


def check_finite(loss: float, step: int) -> None:
    """Raise FloatingPointError if a loss is infinite or not a number."""
    if not math.isfinite(loss):
        advice = "try a smaller learning rate"
        if step == 0:
            advice = "is there nan or infinity among the inputs or the parameters?"
        raise FloatingPointError(f"the loss is {loss} at step {step}: {advice}")


def largest_entry(arrays: list[Array]) -> float:
    """Return the largest absolute value in some arrays."""
    return float(np.max([np.abs(array).max() for array in arrays]))


def numerical_gradient(f: Callable[[], float], v: Array, h: float = 1e-5) -> Array:
    """Central differences: (f(v + h) - f(v - h)) / 2h for one entry of v at a time.

    `f` takes no arguments, because it reads v itself: each entry of v is moved a
    little, in place, and put back. Raises ValueError if v cannot hold such small steps,
    or if f returns less than double precision.
    """
    kind = getattr(v, "dtype", type(v).__name__)
    if kind != np.float64 or not np.abs(v).max(initial=0) < MOST_STEPS_AWAY * h:
        raise ValueError(
            f"numerical_gradient needs a float64 array that can move by {h:g}; "
            f"this one is {kind}: {str(v)[:60]}"
        )
    if np.result_type(f(), 0.0) != np.float64:
        raise ValueError("numerical_gradient needs an f of double precision (float64)")
    dv = np.zeros_like(v)
    for i in np.ndindex(v.shape):
        kept = v[i]
        try:
            v[i] = kept + h
            above = f()
            v[i] = kept - h
            below = f()
        finally:
            v[i] = kept
        dv[i] = (above - below) / (2 * h)
    return dv


# Bookkeeping: which rows, how many at a time, on which cores. No result depends on it.

MOST_ROWS = 2048  # in a block: their floats stay in a core's cache
WORTH_SHARING = 2**24  # multiplications: fewer are not worth a second thread


def row_batches(
    N: int, batch_size: int | None, rng: np.random.RandomState | None
) -> Iterator[Any]:
    """Yield row selections forever: every row, or full mini-batches.

    The mini-batches of each epoch are drawn in a new random order. Raises ValueError if
    mini-batches are asked for and cannot be had.
    """
    while batch_size is None:
        yield slice(None)
    if rng is None or not 0 < batch_size <= N:
        raise ValueError(
            f"mini-batches need an rng and a batch_size of 1 to {N}, "
            f"found batch_size={batch_size} and rng={rng}"
        )
    while True:
        order = rng.permutation(N)
        for start in range(0, N - batch_size + 1, batch_size):
            yield order[start : start + batch_size]


def in_blocks(
    network: Network, x: Array, targets: Array, size: int = 0
) -> tuple[float, list[Array]]:
    """As `network.loss_and_gradients`, but a block of rows at a time, on all cores.

    A mean over examples is a sum over blocks, each with its share of the examples. So x
    may be larger than memory, and may stay bytes, which count as numbers 0..1.
    """
    size = size or block_rows(network, len(x))
    read = block_reader(x, network.parameters[0].dtype)
    if len(x) <= size:
        return network.loss_and_gradients(read(slice(None)), targets)

    def share(rows: slice) -> tuple[float, list[Array]]:
        """Return what one block of rows adds to the loss and to the gradients."""
        block = read(rows)
        part = len(block) / len(x)
        loss, gradients = network.loss_and_gradients(block, targets[rows])
        for g in gradients:
            g *= part
        return part * loss, gradients

    shares = per_block(share, len(x), size)
    total, sums = next(shares)
    for loss, gradients in shares:
        total += loss
        for entry, g in zip(sums, gradients, strict=True):
            entry += g
    return total, sums


def block_rows(network: Network, N: int) -> int:
    """Return how many of N rows make a block.

    Two halves, if there is work for two threads. The number of cores plays no part: it
    must not change a result.
    """
    rows = N if N * network.size < WORTH_SHARING else -(-N // 2)
    return max(1, min(rows, MOST_ROWS))


def per_block(work: Callable[[slice], Any], N: int, size: int) -> Iterator[Any]:
    """Yield `work(rows)` for each block of N rows, in order: threads change no result.

    Every block has one BLAS thread: blocks on all cores beat products on all cores.
    """
    blocks = [slice(start, start + size) for start in range(0, max(N, 1), size)]
    if len(blocks) == 1:
        yield work(blocks[0])
        return
    with one_blas_thread():
        yield from pool(threads()).map(work, blocks)


@functools.cache
def pool(workers: int) -> ThreadPoolExecutor:
    """Return the threads that share the blocks. Starting them anew would cost time."""
    return ThreadPoolExecutor(workers)


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit each of numpy's matrix products to one thread.

    Small products are faster this way, and the results do not depend on the number of
    cores.
    """
    with blas().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def blas() -> ThreadpoolController:
    """Return what controls BLAS: found once, because looking takes milliseconds."""
    return ThreadpoolController()


def threads() -> int:
    """Return how many threads share the blocks: THREADS, else one per usable core.

    Raises ValueError if the environment variable THREADS is no number of threads.
    """
    given = os.environ.get("THREADS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    if given:
        raise ValueError(
            f"THREADS should be a number of threads, such as 4, not {given!r}"
        )
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def block_reader(x: Array, dtype: Any) -> Callable[[slice], Array]:
    """Return a function that gives rows of x as floats: bytes as numbers 0..1.

    Each thread reads into one buffer, because a new one per block costs time. A block
    is therefore overwritten when the same thread reads the next one. Raises ValueError
    if the examples are no rows of real numbers.
    """
    x = np.asarray(x)
    if x.ndim != 2 or x.dtype.kind not in "fiub":
        raise ValueError(
            "expected examples as rows of real numbers, (N, D), found "
            f"the shape {x.shape} and the type {x.dtype}"
        )
    if x.dtype != np.uint8:
        return lambda rows: x[rows].astype(dtype, copy=False)
    mine = threading.local()

    def read(rows: slice) -> Array:
        """Return some rows as floats, in this thread's buffer."""
        pixels = x[rows]
        if not hasattr(mine, "buffer"):
            mine.buffer = np.empty(pixels.shape, dtype)
        block = mine.buffer[: len(pixels)]
        np.copyto(block, pixels)
        block *= 1 / 255
        return block

    return read


# ------------------------------------------------------------------------------------
# From here on: reading files. First the idx format of MNIST's files, then MNIST itself.
# ------------------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parent
IDX_TYPES = {
    0x08: ">u1",
    0x09: ">i1",
    0x0B: ">i2",
    0x0C: ">i4",
    0x0D: ">f4",
    0x0E: ">f8",
}
IDX_KINDS = {1: "labels", 3: "images"}  # MNIST's names for bytes in so many dimensions
MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
# Where they may lie, without what is hidden: torchvision's are in MNIST/raw.
DEPTHS = ("[!.]*", "[!.]*/[!.]*", "[!.]*/[!.]*/[!.]*")
MOST_NAMED = 4  # files in an error
DIMMEST = 64  # the brightest pixel of a set in 0..1 or 0..16 is below this
BEGINNINGS = {  # of files that are often taken for idx files
    b"<": "text that looks like HTML, perhaps an error page; fetch the file again",
    b"PK": "a zip archive; unpack it",
    b"7z": "a 7-Zip archive; unpack it",
    b"\x1f\x8b": "a gzip file within a gzip file; unpack it once",
    b"PAR1": "a parquet table",
    b"\x93NUM": "an array of numpy",
    b"vers": "text, perhaps Git LFS's note of where the file is; fetch the file itself",
}
GZIP_MAGIC = b"\x1f\x8b"
GZIP_FORMAT = 31  # zlib's number for gzip, with its header and checksum
CHUNK = 1 << 20  # bytes read or decompressed at a time


class DataError(ValueError):
    """A file is not what it should be; the message says which, and what is wrong."""


class GzipReader:
    """Reads a gzip file in order, decompressing no more than is asked for.

    The file must hold one gzip stream and nothing after it. (Python's gzip module
    accepts several streams in a row and zeros after them.)
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file = file
        self.path = path
        self.stream = zlib.decompressobj(GZIP_FORMAT)

    def read(self, size: int) -> bytearray:
        """Return the next `size` bytes, fewer only at the end. Raises DataError."""
        content = bytearray()
        while len(content) < size and not self.stream.eof:
            packed = self.stream.unconsumed_tail or self.file.read(CHUNK)
            part = self.stream.decompress(packed, min(size - len(content), CHUNK))
            if not packed and not part:
                raise DataError(
                    f"{self.path}: expected a whole gzip file, found one that is "
                    "cut short; fetch it again"
                )
            content += part
        if self.stream.eof and (self.stream.unused_data or self.file.read(1)):
            raise DataError(
                f"{self.path}: expected one gzip stream, found extra bytes after it; "
                "fetch it again"
            )
        return content


class MappedReader:
    """Reads a plain file through a memory map: into memory only as it is used."""

    def __init__(self, file: BinaryIO) -> None:
        size = os.fstat(file.fileno()).st_size
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        self.rest = memoryview(content)

    def read(self, size: int) -> memoryview:
        """Return the next `size` bytes, fewer only at the end."""
        part = self.rest[:size]
        self.rest = self.rest[size:]
        return part


def read_idx(path: str | Path, ndim: int | None = None) -> Array:
    """Read an idx file, plain or gzipped, of any type and shape; refuse anything else.

    With `ndim` the file must hold bytes in that many dimensions: 3 for images, 1 for
    labels. Raises DataError. The format: yann.lecun.com/exdb/mnist, "the idx file
    format".
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            packed = file.peek(2)[:2] == GZIP_MAGIC
            reader = GzipReader(file, path) if packed else MappedReader(file)
            dtype, shape = _read_header(reader, path, ndim)
            size = math.prod(shape) * dtype.itemsize
            content = reader.read(size + 1)
    except (OSError, MemoryError, zlib.error) as error:
        reason = str(error) or "not enough memory for it"
        raise DataError(
            f"{path}: expected a readable idx file, found: {reason}"
        ) from error
    if len(content) != size:
        found = "more" if len(content) > size else len(content)
        raise DataError(
            f"{path}: expected {size} bytes for the shape {shape}, found {found}: "
            "the file is damaged or written in another byte order"
        )
    try:
        array = np.frombuffer(content, dtype).reshape(shape)
    except ValueError as error:
        raise DataError(
            f"{path}: expected a shape that numpy can hold, found {shape}: {error}"
        ) from error
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_header(
    reader: GzipReader | MappedReader, path: Path, ndim: int | None
) -> tuple[np.dtype, tuple[int, ...]]:
    """Return the element type and the shape that an idx header declares."""
    magic = bytes(reader.read(4))
    for beginning, found in BEGINNINGS.items():
        if magic.lstrip().startswith(beginning):
            raise DataError(f"{path}: expected idx data, found {found}")
    if len(magic) < 4 or magic[:2] != b"\0\0":
        hint = "; the byte order looks reversed" if magic[2:] == b"\0\0" else ""
        raise DataError(
            f"{path}: expected an idx header, which begins with two zero bytes, "
            f"found {magic.hex(' ')!r}{hint}"
        )
    code, dimensions = magic[2:]
    if code not in IDX_TYPES:
        known = ", ".join(map(hex, IDX_TYPES))
        raise DataError(
            f"{path}: expected an idx type among {known}, found {code:#04x}"
        )
    if ndim is not None and (code, dimensions) != (0x08, ndim):
        wanted = IDX_KINDS.get(ndim, f"bytes in {ndim} dimensions")
        found = IDX_KINDS.get(dimensions, f"{dimensions} dimensions")
        raise DataError(
            f"{path}: expected {wanted} (magic number {0x800 + ndim:#x}), "
            f"found {found} (magic number {int.from_bytes(magic):#x})"
        )
    sizes = bytes(reader.read(4 * dimensions))
    if len(sizes) < 4 * dimensions:
        raise DataError(
            f"{path}: expected the sizes of {dimensions} dimensions, found "
            f"a header that ends after {4 + len(sizes)} bytes"
        )
    return np.dtype(IDX_TYPES[code]), struct.unpack(f">{dimensions}I", sizes)


def write_idx(path: str | Path, array: Array) -> None:
    """Write an array as an idx file. Raises ValueError for a type unknown to idx."""
    header = idx_header(array.dtype, array.shape)
    big_endian = array.astype(array.dtype.newbyteorder(">"), copy=False)
    with Path(path).open("wb") as file:
        file.write(header)
        file.write(big_endian.tobytes())


def idx_header(dtype: Any, shape: tuple[int, ...]) -> bytes:
    """Return the first bytes of an idx file: the type of the elements and the shape."""
    codes = {np.dtype(name): code for code, name in IDX_TYPES.items()}
    code = codes.get(np.dtype(dtype).newbyteorder(">"))
    if code is None:
        raise ValueError(f"idx files hold {', '.join(IDX_TYPES.values())}, not {dtype}")
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


class Mnist(NamedTuple):
    """A set of images in ten classes, in MNIST's form.

    x (N, D) are bytes 0..255, labels (N,) are 0..9. `name` is the known set whose
    hashes these four files have, or "an unknown set".
    """

    name: str
    x_train: Array
    labels_train: Array
    x_test: Array
    labels_test: Array
    image_shape: tuple[int, int]
    sha256: dict[str, str]  # of each file's content, decompressed


def find_mnist(data_dir: str = "") -> Path:
    """Return where MNIST is: `data_dir`, else MNIST_DIR, else a folder in data/.

    A folder without files does not count. Raises DataError if there is none.
    """
    named = data_dir.strip() or os.environ.get("MNIST_DIR", "").strip()
    if named:
        path = Path(named.strip(" '\""))
        return path.expanduser() if path.parts[:1] == ("~",) else path
    for folder in (ROOT / "data/mnist", ROOT / "data/mnist-subset"):
        if holds_files(folder):
            return folder
    raise DataError(
        f"{ROOT / 'data/mnist'}: expected the four MNIST files, found none; "
        "type: make data"
    )


def holds_files(folder: Path) -> bool:
    """Return whether there are files, not hidden, where `read_mnist` looks for them."""
    return any(not path.is_dir() for depth in DEPTHS for path in folder.glob(depth))


def read_mnist(folder: str | Path) -> Mnist:
    """Read the four idx files of MNIST, or of another set of the same form.

    They may be packed or not, be spelled with dots or in capitals, and lie in folders
    below, each in its own or all in one: as torchvision, Kaggle and 7-Zip leave them.
    What is nearest to the folder counts, and two sets are never mixed.

    Raises DataError if one is missing or damaged, or if they do not fit together.
    """
    folder = Path(folder)
    train_images, train_labels, test_images, test_labels = _find_files(folder)
    x_train, labels_train = _read_part(train_images, train_labels)
    x_test, labels_test = _read_part(test_images, test_labels)
    image_shape = x_train.shape[1:]
    if x_test.shape[1:] != image_shape:
        raise DataError(
            f"{folder}: expected images of one size, found {image_shape} in "
            f"{train_images.name} and {x_test.shape[1:]} in {test_images.name}"
        )
    parts = (x_train, labels_train, x_test, labels_test)
    hashes = dict(zip(MNIST_FILES, map(_sha256, parts), strict=True))
    known = json.loads((ROOT / "data/datasets.json").read_text(encoding="utf-8"))
    names = [name for name, files in known.items() if files == hashes]
    mixed = [name for name, files in known.items() if hashes.items() & files.items()]
    if len(mixed) > 1 and not names:
        raise DataError(
            f"{folder}: expected the four files of one set, found files of "
            f"{' and of '.join(mixed)}"
        )
    return Mnist(
        name=names[0] if names else "an unknown set",
        x_train=x_train.reshape(len(x_train), -1),
        labels_train=labels_train,
        x_test=x_test.reshape(len(x_test), -1),
        labels_test=labels_test,
        image_shape=image_shape,
        sha256=hashes,
    )


def _read_part(images_path: Path, labels_path: Path) -> tuple[Array, Array]:
    """Return the images and the labels of one part, training or test."""
    images = read_idx(images_path, ndim=3)
    labels = read_idx(labels_path, ndim=1)
    if len(labels) != len(images) or len(labels) == 0 or labels.max() > 9:
        raise DataError(
            f"{labels_path}: expected {len(images)} labels of 0 to 9, one per image "
            f"and at least one, found {len(labels)}, the smallest "
            f"{min(labels, default=None)} and the largest {max(labels, default=None)}"
        )
    brightest = images.max(initial=0)
    if brightest < DIMMEST:
        raise DataError(
            f"{images_path}: expected pixels from 0 (paper) to 255 (ink), found none "
            f"above {brightest}; multiply them"
        )
    return images, labels


def _find_files(folder: Path) -> list[Path]:
    """Return MNIST's four files, however they are spelled. Raises DataError.

    All are at one depth, the first that has any of them.
    """
    found: dict[str, list[Path]] = {}
    for depth in DEPTHS:
        paths = sorted(path for path in folder.glob(depth) if path.is_file())
        for name in MNIST_FILES:
            spelled = re.compile(name.replace("-", "[-._]") + r"(\.gz)?", re.IGNORECASE)
            found[name] = [path for path in paths if spelled.fullmatch(path.name)]
        if any(found.values()):
            break
    for name, paths in found.items():
        if len({path.parent for path in paths}) != 1:
            there = " and ".join(map(str, paths[:MOST_NAMED])) or _content(folder)
            raise DataError(
                f"{folder}: expected one idx file {name}, plain or .gz, found {there}; "
                "unpack archives, name one folder of several, and fetch what has "
                "another form (data/README.md says where)"
            )
    return [paths[0] for paths in found.values()]


def _content(folder: Path) -> str:
    """Return in words what there is instead of MNIST's files."""
    if not folder.is_dir():
        return "a file" if folder.exists() else "no such folder"
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        return str(error)
    paths = sorted(path for depth in DEPTHS for path in folder.glob(depth))
    lost = [f"{path.name} (a link to nowhere)" for path in paths if not path.exists()]
    names = lost + [path.name for path in paths if path.is_file()]
    return ", ".join(names[:MOST_NAMED]) + ", ..." * (len(names) > MOST_NAMED) or "none"


def _sha256(array: Array) -> str:
    """Return the hash of the idx file that holds this array of bytes."""
    digest = hashlib.sha256(idx_header(array.dtype, array.shape))
    digest.update(array.data)
    return digest.hexdigest()
