"""Points in the plane: reading them, and whether straight lines separate the classes.

A linear classifier gives every point one score per class, and the highest score wins.
Its regions have straight edges. Whether some W and b put every point into the region of
its own class is a question with an exact answer, and a linear programme finds it. The
letters are those of common.py, with D = 2.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from common import Array, DataError

MOST_CLASSES = 10**6
MISPLACED = 1 - 1e-6  # a slack of 1, less the solver's tolerance


def read_points(path: str | Path) -> tuple[Array, Array]:
    """Read points x (N, 2) and their labels (N,) from a text file.

    Each line holds x1, x2 and a label 0..K-1, or x1, x2 and K one-hot columns, K at
    least 2, with commas or white space between them. Blank lines, lines that begin with
    # and one heading are skipped. Raises DataError, which names the line.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: expected a text file of points, found: {error}"
        ) from error
    rows: list[list[float]] = []
    for number, line in enumerate(lines, 1):
        words = line.split(",") if "," in line else line.split()
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not rows and is_heading(words):
            continue
        try:
            rows.append(parse_row(words, columns=len(rows[0]) if rows else 0))
        except ValueError as error:
            raise DataError(
                f"{path}, line {number}: expected {error}, found {line.strip()!r}"
            ) from None
    labels = labels_of(rows)
    used = sorted(set(labels.tolist()))
    if len(used) < 2 or used != list(range(len(used))):
        raise DataError(
            f"{path}: expected labels 0 to K-1, all of them used, K at least 2, "
            f"found {used}"
        )
    return np.array(rows)[:, :2], labels


def is_heading(words: list[str]) -> bool:
    """Return whether none of the words is a number."""
    for word in words:
        try:
            float(word)
        except ValueError:
            continue
        return False
    return True


def parse_row(words: list[str], columns: int) -> list[float]:
    """Return the numbers of a row: x1, x2, then a label or one-hot columns.

    `columns` is how many the rows before had, 0 for the first. Raises ValueError, whose
    message says what was expected.
    """
    if len(words) < 3 or columns not in (0, len(words)):
        wanted = max(columns, 3)
        raise ValueError(f"{wanted} columns (x1, x2, then a label or one-hot columns)")
    try:
        row = [float(word) for word in words]
    except ValueError:
        raise ValueError("numbers") from None
    if not all(map(math.isfinite, row)):
        raise ValueError("finite numbers")
    target = row[2:]
    if len(target) == 1 and target[0] not in range(MOST_CLASSES):
        raise ValueError("a whole number from 0 as the label")
    if len(target) > 1 and sorted(target) != [0.0] * (len(target) - 1) + [1.0]:
        raise ValueError("one-hot columns, a single 1 among 0s")
    return row


def labels_of(rows: list[list[float]]) -> Array:
    """Return the labels (N,) of parsed rows: the last column, or where the 1 is."""
    labels = [int(row[2]) if len(row) == 3 else row[2:].index(1) for row in rows]
    return np.array(labels, dtype=np.int64)


class Verdict(NamedTuple):
    """Whether a linear classifier can separate some points, and one that does its best.

    `in_the_way` (N,) marks points without which it can: W (K, D) and b (K,) separate
    all the others. If the points are `separable`, no point is marked.
    """

    separable: bool
    in_the_way: Array
    W: Array
    b: Array


def margins(x: Array, labels: Array, W: Array, b: Array) -> Array:
    """Return each point's own score minus the best other one, (N,); right means > 0."""
    scores = x @ W.T + b
    rows = np.arange(len(x))
    own_score = scores[rows, labels]
    scores[rows, labels] = -np.inf
    return own_score - scores.max(axis=1)


def separability(x: Array, labels: Array) -> Verdict:
    """Decide whether some W and b give every point its highest score in its own class.

    The linear programme minimises the sum of slacks s_n >= 0 under
        score_n(label) - score_n(k) >= 1 - s_n   for every point n and class k != label.
    The points are separable if and only if all slacks are 0. Otherwise the same W and b
    separate all points but those with a slack of 1 or more; these are in the way. The
    answer is checked against the points. Raises RuntimeError if the solver fails or if
    its answer does not hold.

    This is the hinge-loss form of the linear-separation problem, as in Boyd and
    Vandenberghe, Convex Optimization (2004), section 8.6.1. HiGHS solves it, through
    scipy.
    """
    K = int(labels.max()) + 1
    N, D = x.shape
    centre = x.mean(axis=0)
    scale = x.std(axis=0)
    scale[scale == 0] = 1
    # HiGHS is most accurate when every column has unit scale.
    scaled = np.column_stack([(x - centre) / scale, np.ones(N)])
    answer = solve(constraints(scaled, labels, K), N)
    V = answer[: K * (D + 1)].reshape(K, D + 1)
    W = V[:, :D] / scale  # back to the scale of x
    b = V[:, D] - W @ centre
    slack = answer[K * (D + 1) :]
    in_the_way = slack > MISPLACED
    if not np.all(margins(x, labels, W, b)[~in_the_way] > 0):
        raise RuntimeError(
            "the linear programme's answer does not separate the points that it should"
        )
    return Verdict(not in_the_way.any(), in_the_way, W, b)


def constraints(scaled: Array, labels: Array, K: int) -> Array:
    """Return the matrix A of the constraints A v <= -1, a row per point and rival.

    v holds the K rows of (W, b), each of D + 1 numbers, then the N slacks; a row of A
    says that score_n(k) - score_n(label) - s_n <= -1.
    """
    N, width = scaled.shape
    rows = []
    for n in range(N):
        for k in range(K):
            if k == labels[n]:
                continue
            V = np.zeros((K, width))
            V[k] = scaled[n]
            V[labels[n]] = -scaled[n]
            slack = np.zeros(N)
            slack[n] = -1
            rows.append(np.concatenate([V.ravel(), slack]))
    return np.array(rows)


def solve(A: Array, N: int) -> Array:
    """Return the v with A v <= -1 whose last N entries, the slacks, have the least sum.

    The slacks are at least 0, all other entries are free. Raises RuntimeError.
    """
    free = A.shape[1] - N
    cost = np.concatenate([np.zeros(free), np.ones(N)])
    bounds = [(None, None)] * free + [(0, None)] * N
    answer = linprog(cost, A_ub=A, b_ub=-np.ones(len(A)), bounds=bounds, method="highs")
    if answer.status != 0:
        raise RuntimeError(f"the linear programme has no answer: {answer.message}")
    return answer.x
