"""Can a linear classifier separate these points? A linear programme gives the exact answer.

Letters as in common.py. Source: the hinge form of the perceptron's question, as in Boyd and Vandenberghe,
Convex Optimization (2004), section 8.6.1; solved by HiGHS through scipy.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, eye_array, hstack


class Verdict(NamedTuple):
    """`separable`; `in_the_way` (N,) bool, the points to remove until it is; W (K, D), b (K,) separate the rest."""

    separable: bool
    in_the_way: np.ndarray
    W: np.ndarray
    b: np.ndarray


def margins(x: np.ndarray, labels: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return how far each point's own score is above the best other one, (N,); right means above 0."""
    scores = x @ W.T + b
    rows = np.arange(len(x))
    own = scores[rows, labels]
    scores[rows, labels] = -np.inf
    return own - scores.max(axis=1)


def separability(x: np.ndarray, labels: np.ndarray) -> Verdict:
    """Decide whether W and b exist with every point's own score above all others.

    Minimises the sum of slacks s_n >= 0 under  score_n(label) - score_n(k) >= 1 - s_n  for each n and k != label.
    Separable means that all slacks are 0. Otherwise the points with slack of 1 or more are in the way: the same W, b
    separate all the others, so the set without them is separable. Both claims are checked on the answer itself.
    Raises RuntimeError if HiGHS finds no optimum or a check fails.
    """
    K, (N, D) = labels.max() + 1, x.shape
    centre, scale = x.mean(axis=0), x.std(axis=0) + (x.std(axis=0) == 0)  # scores stay linear; HiGHS likes size 1
    ones = np.column_stack([(x - centre) / scale, np.ones(N)])
    n, k = np.nonzero(labels[:, None] != np.arange(K))
    row = np.repeat(np.arange(len(n)), D + 1)
    columns = [(j[:, None] * (D + 1) + np.arange(D + 1)).ravel() for j in (labels[n], k)]
    rise = ones[n].ravel()
    shape = (len(n), K * (D + 1))
    own, other = (coo_array((rise, (row, column)), shape) for column in columns)
    A = hstack([other - own, -eye_array(N).tocsr()[n]])
    free, slack = [(None, None)] * shape[1], [(0, None)] * N
    cost = np.r_[np.zeros(shape[1]), np.ones(N)]
    answer = linprog(cost, A_ub=A, b_ub=-np.ones(len(n)), bounds=free + slack, method="highs")
    if answer.status != 0:
        raise RuntimeError(f"the linear programme has no answer: {answer.message}")
    V = answer.x[: shape[1]].reshape(K, D + 1)
    W = V[:, :D] / scale
    b = V[:, D] - W @ centre
    in_the_way = answer.x[shape[1] :] > 1 - 1e-6
    if not np.all(margins(x, labels, W, b)[~in_the_way] > 0):
        raise RuntimeError("the linear programme's answer does not separate the points that it should")
    return Verdict(not in_the_way.any(), in_the_way, W, b)
