"""Points in the plane: whether straight lines separate the classes.

A linear classifier gives every point one score per class, and the highest score wins.
Its regions have straight edges. Whether some W and b put every point into the region of
its own class is a question with an exact answer. A linear programme looks for it, and
each verdict carries a proof that is checked in rational arithmetic. The letters are
those of common.py, with D = 2.

The file has four parts: the middle and the unit of points; the verdict and its proofs;
the exact method; how few points are wrong at best.
"""

import math
from collections.abc import Iterable
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

from common import Array

STEEPEST = 1e7  # a bound for V, where the solver needs one
MOST_STEPS = 10_000  # of the exact method; a few dozen are usual
RANDOM_STARTS = 2  # of the search for few mistakes, besides two that are not random
LINES = 1500  # that it searches from each start
GROUP_TRIES = 240  # of the search for disjoint groups
USUAL_SIZE = 240  # points; more points get fewer lines and tries


def frame(x: Array) -> tuple[Array, Array]:
    """Return a middle (2,) and a unit (2,) in which points x (N, 2) have a usual size.

    Along each axis, the unit is a power of ten that is close to half of the range; the
    middle is a multiple of ten units that is close to the points, so it is 0 unless
    they are far from the origin.
    """
    low = x.min(axis=0)
    high = x.max(axis=0)
    half = np.where(high > low, (high - low) / 2, 1)
    unit = np.array([float(f"1e{power:.0f}") for power in np.log10(half)])
    middle = 10 * unit * np.round((low + high) / 2 / (10 * unit))
    return middle + 0.0, unit  # no minus before a zero


class Separation(NamedTuple):
    """A proof that a linear classifier can be right on all points: its W and b.

    They put every point strictly into the region of its own class. W (K, D) and b (K,)
    are arrays of fractions.
    """

    W: Array
    b: Array


class Overlap(NamedTuple):
    """A proof that no linear classifier is right on all points.

    `weights[n, k]` is at least 0 and belongs to point n and a class k other than its
    own. The weights add up to 1, and the same sum of score differences,
        sum of weights[n, k] (score_n(label of n) - score_n(k)),
    is 0 for all W and b. If some W and b were right on all points, each difference
    would be positive, and so would the sum. This is Gordan's theorem, a form of
    Farkas' lemma.
    """

    weights: dict[tuple[int, int], Fraction]


class Verdict(NamedTuple):
    """Whether a linear classifier can separate some points, and one that does its best.

    `separable` is None if neither answer could be proven; else there is a `proof`.
    `in_the_way` (N,) marks points without which the answer is yes: W (K, D) and b (K,)
    separate all the others. If the points are separable, no point is marked, and W and
    b are the proof's, rounded to floats.
    """

    separable: bool | None
    proof: Separation | Overlap | None
    in_the_way: Array
    W: Array
    b: Array


def decimals(numbers: Array) -> Array:
    """Return floats as fractions, in an array of the same shape.

    A float stands for the shortest decimal that is read as this float; it is the one
    that Python prints. So 0.1 is 1/10, and a number in a file is taken as it is written
    there if it has at most 15 digits. Longer ones are rounded when they are read.
    """
    return fractions(np.vectorize(repr, otypes=[object])(numbers))


def fractions(numbers: Array) -> Array:
    """Return numbers, or texts, as fractions, in an array of the same shape."""
    return np.vectorize(Fraction, otypes=[object])(numbers)


def margins(x: Array, labels: Array, W: Array, b: Array) -> Array:
    """Return each point's own score minus the best other one, (N,); right means > 0.

    The margins of arrays of fractions are exact.
    """
    scores = x @ W.T + b
    rows = np.arange(len(x))
    own_score = scores[rows, labels]
    scores[rows, labels] = -np.inf
    return own_score - scores.max(axis=1)


def class_count(labels: Array) -> int:
    """Return K, which is the largest label plus 1."""
    return int(labels.max(initial=0)) + 1


def proof_holds(x: Array, labels: Array, proof: Separation | Overlap) -> bool:
    """Return whether this is a proof for these points: in fractions, without rounding.

    How the proof was found does not matter. The points are those of `decimals`. If the
    proof holds floats, they count with all their digits.
    """
    points = decimals(x)
    if isinstance(proof, Separation):
        return separates(points, labels, proof)
    return overlaps(points, labels, proof)


def separates(points: Array, labels: Array, proof: Separation) -> bool:
    """Return whether every point's own class has the highest score, and it alone."""
    W, b = map(fractions, proof)
    if W.shape != (len(b), points.shape[1]) or len(b) < class_count(labels):
        return False
    return bool((margins(points, labels, W, b) > 0).all())


def overlaps(points: Array, labels: Array, proof: Overlap) -> bool:
    """Return whether the weights are in order and the sum vanishes for all W and b."""
    N, D = points.shape
    K = class_count(labels)
    factors = np.zeros((K, D + 1), dtype=object)  # of W and b in the sum
    weights = {pair: Fraction(weight) for pair, weight in proof.weights.items()}
    for (n, k), weight in weights.items():
        if n not in range(N) or k not in range(K) or k == labels[n] or weight < 0:
            return False
        factors[labels[n]] += weight * np.append(points[n], 1)
        factors[k] -= weight * np.append(points[n], 1)
    return sum(weights.values()) == 1 and not factors.any()


def separability(x: Array, labels: Array) -> Verdict:
    """Decide whether some W and b give every point its highest score in its own class.

    The linear programme minimises the sum of slacks s_n >= 0 under
        score_n(label) - score_n(k) >= 1 - s_n   for every point n and class k != label.
    The points are separable if and only if all slacks are 0. Otherwise the same W and b
    separate all points but those with a slack of 1 or more; these are in the way.

    The programme is solved in floats, so this is no proof yet. If its W and b are right
    on all points without rounding, they are the proof; if not, the exact method finds
    one. Which points are in the way is counted without rounding, too.

    This is the hinge-loss form of the linear-separation problem, as in Boyd and
    Vandenberghe, Convex Optimization (2004), section 8.6.1. HiGHS solves it, through
    scipy.
    """
    grid = on_grid(x)
    W, b = in_floats(grid.back(decimals(least_slack(grid, labels))))
    programme = Separation(decimals(W), decimals(b))
    wrong = margins(decimals(x), labels, *programme) <= 0
    proof = find_proof(grid, labels) if wrong.any() else programme
    if proof is None or not proof_holds(x, labels, proof):
        return Verdict(None, None, wrong, W, b)
    if isinstance(proof, Separation):
        return Verdict(True, proof, np.zeros_like(wrong), *in_floats(proof))
    return Verdict(False, proof, wrong, W, b)


def least_slack(grid: "Grid", labels: Array) -> Array:
    """Return the V (K, D + 1) that solves the linear programme.

    Some gaps are so narrow that the solver fails. Then V gets a bound, and if this does
    not help, it is the one for the most frequent class.
    """
    N, width = grid.z.shape
    pairs = rivals(labels, range(class_count(labels)), range(N))
    rows = differences(grid.z / grid.scale, labels, pairs).astype(float)
    points = [n for n, _ in pairs]
    slacks = csr_array((np.ones(len(rows)), (range(len(rows)), points)), (len(rows), N))
    free = rows.shape[1]
    for bound in (np.inf, STEEPEST):
        answer = linprog(
            np.repeat([0, 1], [free, N]),
            A_ub=-hstack([csr_array(rows), slacks]),
            b_ub=-np.ones(len(rows)),
            bounds=[(-bound, bound)] * free + [(0, None)] * N,
            method="highs",
        )
        if answer.status == 0:
            return answer.x[:free].reshape(free // width, width)
    return most_frequent(labels, width)


def most_frequent(labels: Array, width: int) -> Array:
    """Return V (K, width) that gives the most frequent class the score 1, others 0."""
    V = np.zeros((class_count(labels), width))
    V[np.bincount(labels, minlength=1).argmax(), -1] = 1
    return V


def separation(W: Array, b: Array) -> Separation:
    """Return W and b, arrays of fractions, as a proof whose largest number is 1 or -1.

    A common factor of all scores changes no region.
    """
    largest = max(abs(W).max(), abs(b).max()) or 1
    return Separation(fractions(W) / largest, fractions(b) / largest)


def in_floats(proof: Separation) -> tuple[Array, Array]:
    """Return W and b, rounded to floats."""
    return proof.W.astype(float), proof.b.astype(float)


class Crossing(NamedTuple):
    """Two classes that no straight line separates, and a point that shows it.

    `members` are row numbers: some points of the first class and some of the second, at
    most four in all. `point` is their common point: it is the average of either
    class's members with its `weights`, which are positive and add up to 1.

    That four are enough in the plane is Kirchberger's theorem; that they are a point in
    a triangle or two segments that cross, or less than that, is Radon's.
    """

    classes: tuple[int, int]
    members: tuple[tuple[int, ...], tuple[int, ...]]
    weights: tuple[tuple[Fraction, ...], tuple[Fraction, ...]]
    point: tuple[Fraction, ...]

    @property
    def proof(self) -> Overlap:
        """The same as an overlap: half of the weight for either class."""
        sides = zip(self.members, self.weights, reversed(self.classes), strict=True)
        return Overlap(
            {
                (n, rival): weight / 2
                for members, weights, rival in sides
                for n, weight in zip(members, weights, strict=True)
            }
        )

    @property
    def description(self) -> str:
        """What it is, in words; points have their row numbers, from 0."""
        sides = zip(self.members, self.classes, strict=True)
        few, many = sorted(sides, key=lambda side: len(side[0]))
        return f"{place(*few)} {RELATIONS[len(few[0]), len(many[0])]} {place(*many)}"


RELATIONS = {
    (1, 1): "is in the same place as",
    (1, 2): "lies on",
    (1, 3): "lies in",
    (2, 2): "crosses",
}
PLACES = {
    1: "point {} of class {k}",
    2: "the segment between points {} and {} of class {k}",
    3: "the triangle of points {}, {} and {} of class {k}",
}


def place(members: tuple[int, ...], k: int) -> str:
    """Return the name of a point, a segment or a triangle of class k."""
    return PLACES[len(members)].format(*members, k=k)


def crossings(x: Array, labels: Array) -> list[Crossing]:
    """Return a crossing for each pair of classes that cannot be separated.

    If there is none, the classes may still be inseparable when taken together.
    """
    grid = on_grid(x)
    crossings = []
    for classes in combinations(range(class_count(labels)), 2):
        proof = exact_proof(grid, labels, classes)
        if isinstance(proof, Overlap):
            crossings.append(crossing(decimals(x), labels, classes, proof))
    return crossings


def crossing(
    points: Array, labels: Array, classes: tuple[int, int], proof: Overlap
) -> Crossing:
    """Return the overlap of two classes as a crossing.

    The factors of W and b vanish for either class: so both classes have half of the
    weight, and the same average.
    """
    sides = []
    for k in classes:
        side = {n: 2 * w for (n, _), w in proof.weights.items() if labels[n] == k}
        sides.append(dict(sorted(side.items())))
    point = sum(weight * points[n] for n, weight in sides[0].items())
    first, second = sides
    return Crossing(
        classes,
        (tuple(first), tuple(second)),
        (tuple(first.values()), tuple(second.values())),
        tuple(point),
    )


# From here on: the exact method, in fractions and whole numbers. Its letters:
#
#     z (N, D + 1)     the points on a grid, with a last column for the biases
#     V (K, D + 1)     W and b for z: the scores are z V^T; often one long row
#     a                rows with a . V > 0 for the V that separate: one for each point
#                      and each other class
#     p                a point of the convex hull of the rows of a
#     u                a multiple of the weights that give the p nearest to the origin


class Grid(NamedTuple):
    """Points in whole numbers: z = (factor x - shift, scale), shape (N, D + 1).

    The numbers of z are exact and fast. Its columns are centred and about equally
    long, which suits both methods.
    """

    z: Array
    factor: Array
    shift: Array
    scale: int

    def back(self, V: Array) -> Separation:
        """Return the W and b that give x the scores z V^T, times a common factor."""
        W = V[:, :-1] * self.factor
        b = V[:, -1] * self.scale - V[:, :-1] @ self.shift
        return separation(W, b)


def on_grid(x: Array) -> Grid:
    """Return points x (N, D) in whole numbers."""
    points = decimals(x)
    units = [
        math.lcm(*(number.denominator for number in column)) for column in points.T
    ]
    factor = np.array(units, dtype=object)
    z = np.vectorize(int, otypes=[object])(points * factor)
    shift = z.sum(axis=0) // max(len(z), 1)
    z = z - shift
    lengths = abs(z).max(axis=0, initial=1)
    scale = max(lengths)
    stretch = scale // lengths
    z = np.column_stack([stretch * z, np.full(len(z), scale, dtype=object)])
    return Grid(z, stretch * factor, stretch * shift, scale)


def rivals(
    labels: Array, classes: Iterable[int], members: Iterable[int]
) -> list[tuple[int, int]]:
    """Return the pairs (n, k) of a member and another class, all of these classes."""
    own = labels.tolist()
    classes = list(classes)
    return [
        (n, k) for n in members if own[n] in classes for k in classes if k != own[n]
    ]


def differences(z: Array, labels: Array, pairs: list[tuple[int, int]]) -> Array:
    """Return for each pair (n, k) the row a with a . V = score_n(label) - score_n(k).

    V, the K rows of (W, b), is one long row here. So a holds z_n in the place of the
    label, -z_n in the place of k, and zeros.
    """
    n, k = np.array(pairs, dtype=int).reshape(-1, 2).T
    row = np.arange(len(pairs))
    K = class_count(labels)
    width = z.shape[1]
    a = np.zeros((len(pairs), K, width), dtype=z.dtype)
    a[row, labels[n]] = z[n]
    a[row, k] = -z[n]
    return a.reshape(len(pairs), K * width)


def find_proof(grid: Grid, labels: Array) -> Separation | Overlap | None:
    """Return a proof; two classes that overlap are enough, and easy to draw."""
    K = class_count(labels)
    for classes in combinations(range(K), 2):
        proof = exact_proof(grid, labels, classes)
        if isinstance(proof, Overlap):
            return proof
    return exact_proof(grid, labels, range(K))


def exact_proof(
    grid: Grid,
    labels: Array,
    classes: Iterable[int],
    members: Iterable[int] | None = None,
) -> Separation | Overlap | None:
    """Return a proof for the points of some classes, or only for some members of these.

    Return None if the exact method takes too many steps. Where there is nothing to
    separate, W = 0 and b = 0 do.
    """
    members = range(len(labels)) if members is None else members
    pairs = rivals(labels, classes, members)
    shape = (class_count(labels), grid.z.shape[1])
    if not pairs:
        return grid.back(np.zeros(shape, dtype=object))
    answer = nearest(differences(grid.z, labels, pairs))
    if answer is None:
        return None
    weights, V = answer
    if not V.any():
        return Overlap({pairs[i]: weight for i, weight in weights.items()})
    return grid.back(V.reshape(shape))


def nearest(a: Array) -> tuple[dict[int, Fraction], Array] | None:
    """Find the point of the convex hull of the rows of a that is nearest to the origin.

    Return its weights, a few rows' that are positive and add up to 1, and a multiple of
    it in whole numbers. Return None after too many steps.

    Let p be that point. If p = 0, the weights make an Overlap. If not, p is a V that
    separates: a row with a . p < p . p would let us come nearer, by going from p
    towards it; so a . p >= p . p > 0 for every row. One of the two is the case.

    The method is a perceptron that remembers. It takes V = p as the weights, finds the
    row that they treat worst, and adds this row to a small set; then p moves to the
    nearest point of the set's hull. Every step brings p nearer, so no set comes twice,
    and the method ends. Source: P. Wolfe, Finding the nearest point in a polytope,
    Mathematical Programming 11 (1976).
    """
    weights = {int(np.argmin((a * a).sum(axis=1))): Fraction(1)}
    for _ in range(MOST_STEPS):
        denominator = math.lcm(*(weight.denominator for weight in weights.values()))
        p = sum(int(denominator * weight) * a[i] for i, weight in weights.items())
        products = a @ p
        worst = int(np.argmin(products))
        if denominator * products[worst] >= p @ p:
            return weights, p
        weights = settle(a, weights | {worst: Fraction(0)})
    return None


def settle(a: Array, weights: dict[int, Fraction]) -> dict[int, Fraction]:
    """Return the weights of the nearest point of the hull of the rows with weights.

    The goal is the nearest point of the plane through the rows. On the way there a
    weight may become 0: this row is left out, and the way leads to a new goal.
    """
    while True:
        goal = plane_weights(a[list(weights)])
        if min(goal) > 0:
            return dict(zip(weights, goal, strict=True))
        moves = list(zip(weights, weights.values(), goal, strict=True))
        share = min(old / (old - new) for _, old, new in moves if new <= 0)
        weights = {i: old + share * (new - old) for i, old, new in moves}
        weights = {i: weight for i, weight in weights.items() if weight > 0}


def plane_weights(a: Array) -> list[Fraction]:
    """Return the weights, adding up to 1, that make the sum of the rows shortest.

    They may be negative. At the shortest sum p all a . p are equal, or one could go on;
    so a a^T weights is the same number in each row, and the weights are a multiple of
    the u with (a a^T + 1) u = 1, whose matrix is not singular. The elimination is
    Bareiss' (1968), in whole numbers: each division comes out even.
    """
    table = np.column_stack([a @ a.T + 1, np.full(len(a), 1, dtype=object)])
    before = 1
    for i in range(len(a)):
        pivot = table[i].copy()
        table = (pivot[i] * table - np.outer(table[:, i], pivot)) // before
        table[i] = pivot
        before = pivot[i]
    u = table[:, -1]
    return [Fraction(number, u.sum()) for number in u]


# From here on: how few points are wrong at best.


class Fewest(NamedTuple):
    """How many points a linear classifier has wrong at best: bounds, both proven.

    At most: W and b make that many mistakes, on the points that are `wrong` (N,). They
    were counted without rounding; W (K, D) and b (K,) are rounded to floats afterwards.
    At least: there are that many `groups` without a common point, each with a proof
    that it is inseparable. Every linear classifier is wrong on a point of each group.
    """

    at_least: int
    at_most: int
    W: Array
    b: Array
    wrong: Array
    groups: list[Overlap]


def fewest_mistakes(x: Array, labels: Array) -> Fewest:
    """Search for W and b that are wrong on few points, and for groups that say why.

    To find the fewest is a hard problem. Both searches are random, of a fixed length,
    and give the same points the same answer.
    """
    grid = on_grid(x)
    proof = find_proof(grid, labels)
    if isinstance(proof, Separation):
        return Fewest(0, 0, *in_floats(proof), np.zeros(len(x), dtype=bool), [])
    V = search(grid, labels, np.random.RandomState(0))
    best, wrong = improve(grid, labels, grid.back(decimals(V)), decimals(x))
    groups = [] if proof is None else [proof]
    groups = disjoint_groups(grid, labels, wrong, groups, np.random.RandomState(0))
    return Fewest(len(groups), int(wrong.sum()), *in_floats(best), wrong, groups)


def improve(
    grid: Grid, labels: Array, best: Separation, points: Array
) -> tuple[Separation, Array]:
    """Return W and b that are right on the same points and, where possible, on more.

    The second array says on which points (N,) they are wrong. One wrong point after the
    other is tried: if it is separable together with those that are right, it is added.
    """
    K = class_count(labels)
    wrong = margins(points, labels, *best) <= 0
    tries = reduced(GROUP_TRIES, len(labels))
    for extra in [[], *([n] for n in np.flatnonzero(wrong)[:tries].tolist())]:
        members = [*np.flatnonzero(~wrong).tolist(), *extra]
        proof = exact_proof(grid, labels, range(K), members)
        if isinstance(proof, Separation):
            best = proof
            wrong = margins(points, labels, *best) <= 0
    return best, wrong


def reduced(work: int, N: int) -> int:
    """Return how much of some work is done for N points: less than usual if many."""
    return work * USUAL_SIZE // max(N, USUAL_SIZE)


def search(grid: Grid, labels: Array, rng: np.random.RandomState) -> Array:
    """Return V (K, D + 1) that is wrong on few points.

    The search starts from the linear programme's V, from one that always answers the
    most frequent class, and from random ones.
    """
    N, width = grid.z.shape
    K = class_count(labels)
    pairs = rivals(labels, range(K), range(N))
    a = differences(grid.z / grid.scale, labels, pairs).astype(float)
    a = a.reshape(N, K - 1, K * width)
    starts = [
        least_slack(grid, labels),
        most_frequent(labels, width),
        *rng.randn(RANDOM_STARTS, K, width),
    ]
    ends = [climb(a, start.ravel(), reduced(LINES, N), rng) for start in starts]
    return max(ends, key=lambda V: count_right(a, V)).reshape(K, width)


def count_right(a: Array, V: Array) -> int:
    """Return the number of points that have all score differences a_n V > 0."""
    return int((a @ V > 0).all(axis=1).sum())


def climb(a: Array, V: Array, lines: int, rng: np.random.RandomState) -> Array:
    """Go from V along random lines, each time to where most points are right.

    Return the last V. A move that neither gains nor loses points is made, too:
    so the search crosses plateaus.
    """
    best = count_right(a, V)
    for _ in range(lines):
        line = rng.randn(len(V))
        step = best_step(a @ V, a @ line, rng)
        moved = V + step * line
        count = count_right(a, moved)
        if count >= best and moved.any():
            V = moved / abs(moved).max()
            best = count
    return V


def best_step(start: Array, slope: Array, rng: np.random.RandomState) -> float:
    """Return the t for which most rows of start + t slope, (N, K - 1), are positive.

    A point is right from the last t at which a rising difference becomes positive to
    the first at which a falling one becomes negative. So between two of these ends as
    many points are right as intervals have begun and not ended. Ties are broken at
    random.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        zero = -start / slope
    begin = np.where(slope > 0, zero, -np.inf).max(axis=1)
    end = np.where(slope < 0, zero, np.inf).min(axis=1)
    once = (begin < end) & ((slope != 0) | (start > 0)).all(axis=1)
    begin = np.sort(begin[once])
    end = np.sort(end[once])
    ends = np.unique(np.concatenate([begin, end]))
    ends = ends[np.isfinite(ends)]
    if len(ends) == 0:
        return 0.0
    steps = np.concatenate([[ends[0] - 1], (ends[1:] + ends[:-1]) / 2, [ends[-1] + 1]])
    right = np.searchsorted(begin, steps) - np.searchsorted(end, steps)
    return rng.choice(steps[right == right.max()])


def disjoint_groups(
    grid: Grid,
    labels: Array,
    wrong: Array,
    best: list[Overlap],
    rng: np.random.RandomState,
) -> list[Overlap]:
    """Return many inseparable groups of points, no two with a common point.

    The search begins with the groups `best`. The points that are not `wrong` are
    separable. If they no longer are when one wrong point is added, the proof uses this
    point and a few others: they are a group. Other groups must do without them, so the
    order matters. Again and again two groups are given up and the wrong points are
    tried in a new order. The search ends early when each wrong point has a group.
    """
    K = class_count(labels)
    tries = reduced(GROUP_TRIES, len(labels))
    while tries > 0 and len(best) < wrong.sum():
        groups = [best[i] for i in rng.permutation(len(best))[2:]]
        free = np.ones(len(labels), dtype=bool)
        for group in groups:
            free[points_of(group)] = False
        for n in rng.permutation(np.flatnonzero(free & wrong))[:tries].tolist():
            tries -= 1
            members = [*np.flatnonzero(free & ~wrong).tolist(), n]
            group = exact_proof(grid, labels, range(K), members)
            if isinstance(group, Overlap):
                groups.append(group)
                free[points_of(group)] = False
        best = max(best, groups, key=len)
    return best


def points_of(group: Overlap) -> list[int]:
    """Return the row numbers of the points in a proof, each once."""
    return sorted({n for n, _ in group.weights})
