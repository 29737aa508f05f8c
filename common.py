"""Layers, loss, training and readers: everything the four notebooks share.

N examples, D inputs, M outputs, K classes. Examples are rows.
    x (N, D)     labels (N,) int in 0..K-1     targets (N, K), rows are distributions     logits (N, K)
    W (M, D): row m is what output m looks for, so a row of MNIST weights is a 28 x 28 template     b (M,)
The gradient of the loss by v is called dv and has the shape of v. Losses are in nats.
"""

import hashlib
import json
import math
import mmap
import os
import platform
import shutil
import struct
import subprocess
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent
PACKAGES = ("numpy", "scipy", "scikit-learn", "matplotlib", "pillow")
IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MNIST_FILES = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))

# Blocks of examples are computed side by side where BLAS has one thread; where it has more, it uses the cores itself.
THREADS = int(os.environ.get("THREADS", os.cpu_count() or 1)) if os.environ.get("OPENBLAS_NUM_THREADS") == "1" else 1
POOL = ThreadPoolExecutor(THREADS)


class DataError(ValueError):
    """A file is not what it should be; the message names the file, what was expected and what was found."""


def one_hot(labels: np.ndarray, K: int, dtype: Any = np.float64) -> np.ndarray:
    """Turn labels (N,) into targets (N, K): 1 in the label's column, 0 elsewhere."""
    return np.eye(K, dtype=dtype)[labels]


def _classes_first(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log q and q, both (K, N): numpy sums over a few classes far faster that way."""
    log_q = np.array(logits.T, order="C")
    log_q -= log_q.max(axis=0)  # exp never overflows
    q = np.exp(log_q)
    total = q.sum(axis=0)
    return log_q - np.log(total), q / total


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the distributions q (N, K), q_k = exp(logit_k) / sum_j exp(logit_j)."""
    return _classes_first(logits)[1].T


def kl_loss(logits: np.ndarray, targets: np.ndarray, N: int = 0) -> tuple[float, np.ndarray]:
    """Mean of KL(t || q) = sum_k t_k (log t_k - log q_k) over the examples, and its gradient.

    With q = softmax(logits) the gradient is dlogits = (q - t) / N. A target of 0 adds nothing (0 log 0 = 0), and for
    one-hot targets the loss is the cross-entropy. With `N`, these rows are a block of N examples: blocks add up.
    """
    N = N or len(logits)
    log_q, q = _classes_first(logits)
    t = np.array(targets.T, order="C")
    loss = np.vdot(t, np.log(np.maximum(t, np.finfo(t.dtype).tiny)) - log_q) / N
    return float(loss), ((q - t) / N).T


class Linear:
    """out = x W^T + b, the homework's f(x, W, b) = Wx + b for examples in rows."""

    def __init__(self, W: np.ndarray, b: np.ndarray) -> None:
        self.W, self.b = np.array(W), np.array(b)
        self.parameters = [self.W, self.b]

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return x W^T + b, shape (N, M)."""
        return x @ self.W.T + self.b

    def gradients(self, x: np.ndarray, dout: np.ndarray) -> list[np.ndarray]:
        """dW = dout^T x,  db = sum of dout over the examples."""
        return [dout.T @ x, dout.sum(axis=0)]

    def backward(self, x: np.ndarray, dout: np.ndarray) -> np.ndarray:
        """dx = dout W."""
        return dout @ self.W


class ReLU:
    """out = max(0, x)."""

    parameters: tuple[()] = ()

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return max(0, x)."""
        return np.maximum(x, 0)

    def gradients(self, x: np.ndarray, dout: np.ndarray) -> list[np.ndarray]:
        """Nothing to learn here."""
        return []

    def backward(self, x: np.ndarray, dout: np.ndarray) -> np.ndarray:
        """dx = dout where x > 0, else 0."""
        return dout * (x > 0)


class Network:
    """Layers in a row; the last one's output are the logits.

    Data is taken in blocks of `block` rows: a mean over examples is a sum over blocks, and a block
    stays in cache. Pixels may stay bytes; a block of them becomes floats in 0..1 when it is used.
    """

    def __init__(self, layers: list, block: int = 2048) -> None:
        self.layers, self.block = layers, block
        self.parameters = [p for layer in layers for p in layer.parameters]

    def forward(self, x: np.ndarray) -> list[np.ndarray]:
        """Return every layer's input, and last the logits, for one block x of floats."""
        values = [x]
        for layer in self.layers:
            values.append(layer.forward(values[-1]))
        return values

    def backward(self, values: list[np.ndarray], dlogits: np.ndarray) -> list[np.ndarray]:
        """Return the gradients of all parameters by the chain rule, from the last layer to the first."""
        dout = dlogits
        gradients: list[np.ndarray] = []
        for i in reversed(range(len(self.layers))):
            gradients = self.layers[i].gradients(values[i], dout) + gradients
            if i > 0:  # nobody asks for the gradient by the data
                dout = self.layers[i].backward(values[i], dout)
        return gradients

    def blocks(self, work: Callable, N: int) -> Iterator[Any]:
        """Do some work on each block of rows and yield what it returns, in order, so that threads change no bit."""
        rows = [slice(start, start + self.block) for start in range(0, N, self.block)]
        return (POOL.map if THREADS > 1 and len(rows) > 1 else map)(work, rows)

    def floats(self, x: np.ndarray) -> np.ndarray:
        """Return rows of x in the parameters' precision, bytes as 0..1."""
        values = x.astype(self.parameters[0].dtype, copy=False)
        return np.multiply(values, 1 / 255, out=values) if x.dtype == np.uint8 else values

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return the logits (N, K)."""
        return np.concatenate(list(self.blocks(lambda rows: self.forward(self.floats(x[rows]))[-1], len(x))))

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the most probable class of each example, (N,)."""
        return self.logits(x).argmax(axis=1)

    def block_loss(self, x: np.ndarray, targets: np.ndarray, rows: slice) -> tuple[float, int, list[np.ndarray]]:
        """Return a block's share of the loss, how many of it are right, and its share of the gradients."""
        *inputs, logits = self.forward(self.floats(x[rows]))
        t = targets[rows] if targets.ndim == 2 else one_hot(targets[rows], logits.shape[1], logits.dtype)
        loss, dlogits = kl_loss(logits, t, len(x))
        correct = np.count_nonzero(logits.argmax(axis=1) == t.argmax(axis=1))
        return loss, int(correct), self.backward(inputs, dlogits)

    def loss_and_gradients(self, x: np.ndarray, targets: np.ndarray) -> tuple[float, float, list[np.ndarray]]:
        """Return the mean loss, the accuracy and the gradients in the order of `parameters`; targets may be labels."""
        loss, correct = 0.0, 0
        gradients: list[np.ndarray] = []
        for more_loss, more_correct, parts in self.blocks(lambda rows: self.block_loss(x, targets, rows), len(x)):
            loss, correct = loss + more_loss, correct + more_correct
            gradients = [a + b for a, b in zip(gradients, parts, strict=True)] if gradients else parts
        return loss, correct / len(x), gradients


@dataclass
class History:
    """What `train` saw: entry i is the state before update i, the last one the state it left."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    gradient: list[float] = field(default_factory=list)  # its largest entry in size, where a tolerance asks for it
    stopped: str = ""


def row_batches(N: int, batch_size: int | None, rng: np.random.RandomState | None) -> Iterator[Any]:
    """Yield rows without end: all of them, or whole mini-batches in a new order each epoch. Raises ValueError."""
    while batch_size is None:
        yield slice(None)
    if rng is None or not 0 < batch_size <= N:
        raise ValueError(f"mini-batches need an rng and a batch_size of 1 to {N}, found {batch_size} and rng={rng}")
    while True:
        order = rng.permutation(N)
        yield from (order[i : i + batch_size] for i in range(0, N - batch_size + 1, batch_size))


def nesterov(network: Network, velocities: list, gradients: list, learning_rate: float, momentum: float) -> None:
    """Move the parameters: v <- momentum v - learning_rate g;  p <- p + momentum v - learning_rate g; uses up g."""
    for p, v, g in zip(network.parameters, velocities, gradients, strict=True):
        g *= -learning_rate
        if momentum:
            v *= momentum
            v += g
            g += momentum * v
        p += g


def train(
    network: Network,
    x: np.ndarray,
    targets: np.ndarray,
    *,
    learning_rate: float,
    steps: int,
    momentum: float = 0.0,
    batch_size: int | None = None,
    rng: np.random.RandomState | None = None,
    tolerance: float = 0.0,
) -> History:
    """Gradient descent, with Nesterov's momentum if there is any. Changes the network's parameters.

    Stops after `steps` updates, or when no entry of the gradient exceeds `tolerance`; `stopped` says which.
    Raises FloatingPointError when the loss is no longer finite.
    """
    history = History(stopped="steps")
    velocities = [np.zeros_like(p) for p in network.parameters]
    for step, rows in zip(range(steps + 1), row_batches(len(x), batch_size, rng), strict=False):
        loss, accuracy, gradients = network.loss_and_gradients(x[rows], targets[rows])
        history.loss.append(loss)
        history.accuracy.append(accuracy)
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss} at step {step}: try a smaller learning rate")
        if tolerance:
            history.gradient.append(max(float(np.abs(g).max()) for g in gradients))
            if history.gradient[-1] <= tolerance:
                history.stopped = "tolerance"
                break
        if step < steps:
            nesterov(network, velocities, gradients, learning_rate, momentum)
    return history


def accuracy(network: Network, x: np.ndarray, labels: np.ndarray) -> float:
    """Return the fraction of examples whose most probable class is the label."""
    return float((network.predict(x) == labels).mean())


def numerical_gradient(f: Callable[[], float], v: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences (f(v + h) - f(v - h)) / 2h for each entry of v; v is restored."""
    dv = np.zeros_like(v)
    for i in np.ndindex(v.shape):
        kept = v[i]
        v[i] = kept + h
        above = f()
        v[i] = kept - h
        dv[i] = (above - f()) / (2 * h)
        v[i] = kept
    return dv


def _unpack(path: Path, limit: int) -> bytearray | mmap.mmap:
    """Return the first `limit` bytes of a file: unpacked if it is gzip, else mapped, to be read when they are used."""
    out = bytearray()
    with path.open("rb") as file:
        if file.peek(2)[:2] != b"\x1f\x8b":
            size = min(limit, os.fstat(file.fileno()).st_size)
            return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) if size else out
        unzip = zlib.decompressobj(wbits=31)  # 31: gzip with header and checksum
        while not unzip.eof and len(out) < limit:
            chunk = unzip.unconsumed_tail or file.read(1 << 20)
            part = unzip.decompress(chunk, min(limit - len(out), 1 << 20))
            if not chunk and not part:
                raise DataError(f"{path}: expected a whole gzip file, found one that is cut; fetch it again")
            out += part
        if unzip.eof and (unzip.unused_data or file.read(1)):
            raise DataError(f"{path}: expected one gzip stream, found more bytes behind it; fetch it again")
    return out


def _idx_header(path: Path, head: bytes, ndim: int | None) -> tuple[np.dtype, tuple[int, ...]]:
    """Check an idx header and return the element type and the shape it declares."""
    if head.lstrip()[:1] == b"<":
        raise DataError(f"{path}: expected idx data, found text that looks like HTML, an error page perhaps")
    if len(head) < 4 or head[:2] != b"\0\0":
        hint = "; the byte order looks reversed" if head[2:4] == b"\0\0" else ""
        raise DataError(f"{path}: expected an idx header (two zero bytes first), found {head[:4].hex(' ')!r}{hint}")
    if head[2] not in IDX_TYPES:
        raise DataError(f"{path}: expected an idx type among {sorted(map(hex, IDX_TYPES))}, found {head[2]:#04x}")
    if ndim is not None and (head[2], head[3]) != (0x08, ndim):
        names = {1: "labels", 3: "images"}
        found = names.get(head[3], f"{head[3]} dimensions")
        raise DataError(f"{path}: expected {names.get(ndim)} (magic {0x800 + ndim:#x}), "
                        f"found {found} (magic {int.from_bytes(head[:4]):#x})")  # fmt: skip
    if len(head) < 4 + 4 * head[3]:
        raise DataError(f"{path}: expected {head[3]} dimensions, found a header cut at {len(head)} bytes")
    return np.dtype(IDX_TYPES[head[2]]), struct.unpack_from(f">{head[3]}I", head, 4)


def read_idx(path: str | Path, ndim: int | None = None) -> np.ndarray:
    """Read an idx file, plain or gzipped, of any type and shape; refuse whatever is not exactly that.

    With `ndim` it must hold bytes in that many dimensions: 3 for MNIST images, 1 for labels. Raises
    DataError. Format: yann.lecun.com/exdb/mnist, "the idx file format".
    """
    return _read_idx(Path(path), ndim)[0]


def _read_idx(path: Path, ndim: int | None) -> tuple[np.ndarray, bytearray | mmap.mmap]:
    """Return the array and the bytes that it is made of, header included."""
    try:
        dtype, shape = _idx_header(path, bytes(_unpack(path, 4 + 4 * 255)), ndim)
        start, size = 4 + 4 * len(shape), math.prod(shape) * dtype.itemsize
        data = _unpack(path, start + size + 1)
    except (OSError, MemoryError, zlib.error) as error:
        raise DataError(f"{path}: expected a readable idx file, found: {str(error) or 'no memory for it'}") from error
    if len(data) != start + size:
        found = "more" if len(data) > start + size else len(data) - start
        raise DataError(f"{path}: expected {size} bytes for {shape}, found {found}; cut, or of another byte order")
    try:
        array = np.frombuffer(data, dtype, offset=start).reshape(shape)
    except ValueError as error:
        raise DataError(f"{path}: expected a shape that numpy can hold, found {shape}: {error}") from error
    return array.astype(dtype.newbyteorder("="), copy=False), data


class Mnist(NamedTuple):
    """A digit set: images (N, D) as bytes 0..255, labels (N,), the image's shape, the name that its bytes prove."""

    name: str
    x_train: np.ndarray
    labels_train: np.ndarray
    x_test: np.ndarray
    labels_test: np.ndarray
    image_shape: tuple[int, int]
    sha256: dict[str, str]


def find_mnist(data_dir: str = "") -> Path:
    """Return `data_dir`, else MNIST_DIR, else the first of data/mnist and data/mnist-subset that is there."""
    named = data_dir or os.environ.get("MNIST_DIR", "")
    found = [Path(named)] if named else [p for p in (ROOT / "data/mnist", ROOT / "data/mnist-subset") if p.is_dir()]
    if not found:
        raise DataError(f"{ROOT / 'data/mnist'}: expected the four MNIST files, found no folder; type: make data")
    return found[0]


def read_mnist(folder: str | Path) -> Mnist:
    """Read the four idx files of MNIST, or of a set of the same form; raises DataError if they do not fit."""
    arrays, hashes = [], {}
    for name in MNIST_FILES:
        path = next((p for p in (Path(folder) / name, Path(folder) / f"{name}.gz") if p.exists()), Path(folder) / name)
        array, data = _read_idx(path, 3 if "images" in name else 1)
        arrays.append(array)
        hashes[name] = hashlib.sha256(data).hexdigest()  # of the unpacked file: packers differ
        if "labels" in name and (len(arrays[-1]) != len(arrays[-2]) or not len(arrays[-1]) or arrays[-1].max() > 9):
            raise DataError(f"{path}: expected {len(arrays[-2])} labels of 0 to 9 (one an image, at least one), "
                            f"found {len(arrays[-1])}, the largest {max(arrays[-1], default=None)}")  # fmt: skip
    x_train, labels_train, x_test, labels_test = arrays
    if x_train.shape[1:] != x_test.shape[1:]:
        raise DataError(f"{folder}: expected one image size, found {x_train.shape[1:]} and {x_test.shape[1:]}")
    known = json.loads((ROOT / "data/datasets.json").read_text())
    name = next((name for name, files in known.items() if files == hashes), "an unknown set")
    flat = [x.reshape(len(x), -1) for x in (x_train, x_test)]
    return Mnist(name, flat[0], labels_train, flat[1], labels_test, x_train.shape[1:], hashes)


def read_points(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read points in the plane: x (N, 2) and labels (N,).

    A line holds x1, x2 and then the label 0..K-1, or K >= 2 one-hot columns; commas or white space between.
    Blank lines, lines that start with # and one heading line are passed over. Raises DataError.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected a text file of points, found: {error}") from error
    rows: list[list[float]] = []
    for number, line in enumerate(lines, 1):
        words = [word.strip() for word in line.split(",")] if "," in line else line.split()
        if not line.strip() or line.lstrip().startswith("#") or (not rows and not any(map(_is_number, words))):
            continue
        wanted = _bad_row(words, len(rows[0]) if rows else 0)
        if wanted:
            raise DataError(f"{path}, line {number}: expected {wanted}, found {line.strip()!r}")
        rows.append([float(word) for word in words])
    table = np.array(rows or [[]])
    labels = (table[:, 2:].argmax(axis=1) if table.shape[1] > 3 else table[:, -1:].ravel()).astype(np.int64)
    used = sorted(set(labels.tolist()))
    if len(used) < 2 or used != list(range(len(used))):
        raise DataError(f"{path}: expected labels 0 to K-1, all used, K at least 2, found {used}")
    return table[:, :2], labels


def _is_number(word: str) -> bool:
    """Tell whether a word reads as a number, be it nan."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def _bad_row(words: list[str], columns: int) -> str:
    """Say what was expected of a row of points, or nothing if the row is good."""
    if len(words) < 3 or columns not in (0, len(words)):
        return f"{max(columns, 3)} columns (x1, x2, then a label or one-hot columns)"
    if not all(map(_is_number, words)):
        return "numbers"
    x1, x2, *target = map(float, words)
    if not all(map(math.isfinite, (x1, x2, *target))):
        return "finite numbers"
    if len(target) == 1:
        return "" if target[0] in range(10**6) else "a whole number from 0 as the label"
    return "" if sorted(target) == [0.0] * (len(target) - 1) + [1.0] else "one-hot columns, a single 1 among 0s"


def provenance(seed: int | None, files: Iterable[str] | dict[str, str], began: float) -> dict[str, Any]:
    """Say what a result rests on: commit, versions, threads, seed, SHA-256 of its files, seconds since `began`."""
    git = ["git", "-C", str(ROOT), "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty"]
    found = subprocess.run(git, capture_output=True, text=True, check=False) if shutil.which("git") else None
    commit = found.stdout.strip() if found and found.returncode == 0 else None
    if not isinstance(files, dict):
        files = {file: hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files}
    threads = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1
    return {
        "commit": commit and commit.removesuffix("-dirty"), "dirty": commit and commit.endswith("-dirty"), "seed": seed,
        "python": platform.python_version(), "versions": {name: version(name) for name in PACKAGES},
        "threads": int(threads), "sha256": files, "seconds": time.perf_counter() - began,
    }  # fmt: skip


def _plain(key: str, value: Any) -> Any:
    """Turn numpy values into JSON's own; refuse what JSON cannot say."""
    if isinstance(value, dict):
        return {k: _plain(f"{key}.{k}" if key else k, v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(f"{key}[{i}]", v) for i, v in enumerate(value)]
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"result {key!r} is {value}: expected a finite number")
    return value


def write_results(path: str | Path, results: dict[str, Any] | list[Any]) -> None:
    """Write strict JSON, whole or not at all. Raises ValueError for NaN or Inf, TypeError for no JSON value."""
    text = json.dumps(_plain("", results), indent=2, allow_nan=False) + "\n"
    unfinished = Path(path).with_name(f".{Path(path).name}")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    try:
        unfinished.write_text(text)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
