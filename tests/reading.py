"""Reads the answers: which words the numbers demand, and which they forbid.

One function for each notebook. It gets the run and the answers, and computes what decides about
the words in another way than the notebook does: from the formula, by a training of its own, with
fractions, by counting.
"""

import functools
import json
import math
import re
import statistics
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from playing import Played, Texts

from pointfiles import read_points
from points import frame

NEVER = r"\b(nan|inf|iteration None|towards zero|nearly straight|Yes, it works|array)\b|\[\[|<.*>"


def demand(text: str, phrases: dict[str, Any]) -> None:
    """Check for each phrase that it is in the text if and only if its condition holds."""
    for phrase, wanted in phrases.items():
        assert (phrase in text) == bool(wanted), (
            f"{phrase!r} must {'' if wanted else 'not '}be said in: {text}"
        )


def shown(value: float) -> str:
    """Return a number of the usual size as Problem 1 writes it."""
    return f"{value:.4f}".replace("-", "−").replace("−0.0000", "0.0000")


def percents(share: float) -> str:
    """Return a share in per cent, a half rounded up."""
    tenths = math.floor(1000 * Fraction(repr(float(share))) + Fraction(1, 2))
    return f"{tenths // 10}.{tenths % 10} %"


def wilson(right: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, by Wilson's formula."""
    z = 1.959963984540054
    middle = (right + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * math.sqrt(right * (n - right) / n + z**2 / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def coin(first: int, second: int) -> float:
    """Return the probability that a fair coin is at least as uneven: McNemar's exact test."""
    n = first + second
    tail = sum(math.comb(n, i) for i in range(min(first, second) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**n)))


# Problem 1.


def slope(z: float) -> float:
    """Return the derivative of the sigmoid."""
    return 0.25 / math.cosh(z / 2) ** 2


def graph(run: Played, answers: Texts) -> None:
    """Read Problem 1."""
    given = run.namespace
    w = [given["w1"], given["w2"]]
    x = [given["x1"], given["x2"]]
    sigmoid_slope = slope(w[0] * x[0] + w[1] * x[1])
    about_2019(answers["1a"], [sigmoid_slope * v for v in (*x, *w)])
    demand(answers["1b"], {shown(sigmoid_slope): True, shown(sigmoid_slope * x[0] + w[0]): True})
    text = answers["1c"]
    for i, part in enumerate(text.split("the shares of ")[1:]):
        assert part.startswith(f"$w_{i + 1}$")
        two_shares(part.split(";")[0].split(". The minimum")[0], sigmoid_slope * x[i], w[i])
    heights = descent(w, x, given["learning_rate"], given["steps"])
    course(text, heights, given["steps"])
    minimum = [run.results["w1_minimum"], run.results["w2_minimum"]]
    there = slope(minimum[0] * x[0] + minimum[1] * x[1])
    assert max(abs(there * x[i] + minimum[i]) for i in (0, 1)) < 1e-9
    demand(text, {f"with $f$ = {shown(run.results['f_minimum'])}": True})
    taken = len(heights) - 1
    ends = {"f_final": heights[-1]} if abs(heights[-1]) < 1e5 else {}
    for name, value in ends.items():
        assert math.isclose(run.results[name], value, rel_tol=1e-9)
        demand(text, {f"$f$ = {shown(value)}. ": True})
    count = f"after {taken} step{'' if taken == 1 else 's'}"
    assert answers["1c in short"].endswith(count) and count[1:] in text


def about_2019(text: str, parts: list[float]) -> None:
    """Read what is said of the formula that has the sigmoid's part with the other sign."""
    symbols = [f"$w_{i}$" for i in (1, 2)] + [f"$x_{i}$" for i in (1, 2)]
    wrong = [s for s, part in zip(symbols, parts, strict=True) if abs(2 * part) > 1e-7]
    right = [s for s in symbols if s not in wrong]
    worst = symbols[int(np.argmax(np.abs(parts)))]
    demand(
        text,
        {
            "agrees with it as well here": not wrong,
            "disagrees": wrong,
            f"disagrees with it for {', '.join(wrong)};": wrong,
            f"the difference is largest for {worst}": wrong,
            "It agrees for": wrong and right,
            f"It agrees for {', '.join(right)},": wrong and right,
        },
    )


def two_shares(text: str, sigmoid: float, penalty: float) -> None:
    """Read what the two shares of a derivative do to a weight."""
    total = sigmoid + penalty
    against = sigmoid * penalty < 0
    phrases = {
        "nothing pushes it": sigmoid == penalty == 0,
        "only the sigmoid": penalty == 0 != sigmoid,
        "only the penalty": sigmoid == 0 != penalty,
        "both push it": sigmoid * penalty > 0,
        "oppose each other": against,
        "and cancel": against and total == 0,
        "and the sigmoid": against and total * sigmoid > 0,
        "and the penalty": against and total * penalty > 0,
        " down": total > 0,
        " up": total < 0,
    }
    demand(text, phrases)


def descent(w: list[float], x: list[float], step: float, steps: int) -> list[float]:
    """Return f before each step of a gradient descent, and after the last that is finite."""
    heights = []
    for _ in range(steps + 1):
        try:
            z = w[0] * x[0] + w[1] * x[1]
            height = 1 / (1 + math.exp(-z)) + 0.5 * (w[0] ** 2 + w[1] ** 2)
            rate = math.exp(-z) / (1 + math.exp(-z)) ** 2
        except OverflowError:
            break
        heights.append(height)
        w = [w[i] - step * (rate * x[i] + w[i]) for i in (0, 1)]
    return heights


def course(text: str, heights: list[float], steps: int) -> None:
    """Read how a descent went."""
    changes = np.diff(heights)
    tolerance = 1e-15 * np.array(heights[1:])
    fell = int((changes < -tolerance).sum())
    rose = int((changes > tolerance).sum())
    taken = len(changes)
    mixed = taken and fell < taken and rose < taken
    demand(
        text,
        {
            "No step could be taken": not taken,
            "falls at every step": taken and fell == taken,
            "rises at every step": taken and rose == taken,
            "of the steps, rises at": mixed,
            "it would never rise": rose,
            "too large for floating point": taken < steps,
            f"At step {taken + 1} a number": taken < steps,
            f"before its {steps} steps": taken < steps,
        },
    )
    if mixed:
        numbers = [int(n) for n in re.findall(r"(?:falls|rises|rounding,) at (\d+)", text)]
        assert sum(numbers) == taken and np.abs(np.subtract(numbers[:2], [fell, rose])).max() <= 3


# Problems 2 and 3.


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return the probabilities of scores."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@functools.cache
def linear_training(
    path: str, rate: float, steps: int, tolerance: float = -1.0
) -> tuple[list[int], float]:
    """Train from zero; return the number of wrong points before each step, and at the end.

    Also the largest entry of the last gradient. Each axis has its own middle and power of ten.
    """
    x, labels = read_points(path)
    middle, unit = frame(x)
    inputs = np.column_stack([(x - middle) / unit, np.ones(len(x))])
    targets = np.eye(labels.max() + 1)[labels]
    V = np.zeros((inputs.shape[1], targets.shape[1]))
    wrong = []
    for step in range(steps + 1):
        scores = inputs @ V
        wrong.append(int((scores.argmax(axis=1) != labels).sum()))
        gradient = inputs.T @ (softmax(scores) - targets) / len(x)
        if np.abs(gradient).max() <= tolerance:
            break
        if step < steps:
            V -= rate * gradient
    return wrong, float(np.abs(gradient).max())


def part(run: Played, text: str, fewest: tuple[int, int]) -> None:
    """Read which part of some points cannot be separated."""
    separable, pairs = run.truth
    N = run.results["N"]
    named = 0 < len(pairs) <= 6
    demand(
        text,
        {
            "undecided": separable is None,
            "None: a linear classifier separates all points": separable,
            "No linear classifier separates all points": separable is False,
            "proven": separable is not None,
            "is the classes {} and {}:".format(*(pairs or [(0, 0)])[0]): len(pairs) == 1,
            "These classes cannot be separated from each other": 1 < len(pairs) <= 6,
            f"There are {len(pairs)} pairs of classes": len(pairs) > 6,
            "so no straight line runs between": pairs,
            "No two classes were found": separable is False and not pairs,
            "must be left out": separable is False,
            "of the 0 points": False,
        },
    )
    if named:
        ends = [", so no", ". For example", "; "]
        demand(text, {"{} and {}".format(*pair): True for pair in pairs})
        assert any(end in text for end in ends)
    if separable is False:
        least, most = fewest
        assert 1 <= least <= most < N
        demand(
            text,
            {
                f"{least} of the {N} points must be left out": True,
                "and no more": least == most,
                f"; {most} are enough": least < most,
            },
        )


def in_short(run: Played, text: str) -> None:
    """Read the verdict in two or three words."""
    separable, _ = run.truth
    demand(
        text,
        {
            "not separable: proven": separable is False,
            "separable: proven": separable is not None,
            "undecided": separable is None,
        },
    )


def about_crossings(run: Played) -> None:
    """Read the alt text of the figure of pairs of classes that meet."""
    _, pairs = run.truth
    demand(
        "\n".join(run.shown),
        {
            f"no straight line separates them: {len(pairs)}": True,
            "; drawn are": pairs,
        },
    )


def about_points(run: Played, text: str, name: str) -> None:
    """Read what is said about where points come from."""
    ours = run.namespace["points"] == f"data/{name}"
    demand(text, {"made for this project": ours, "pinwheel": ours, "arms": ours})
    assert f"{run.results['N']} points in {run.results['K']} classes" in text


def linear(run: Played, answers: Texts) -> None:
    """Read Problem 2."""
    given = run.namespace
    x, labels = read_points(given["points"])
    N = len(x)
    about_points(run, answers["2 points"], "set2.csv")
    in_short(run, answers["2 in short"])
    part(run, answers["2 part"], (run.results["fewest_at_least"], run.results["fewest_at_most"]))
    about_crossings(run)
    taken = run.results["steps"]
    wrong, _ = linear_training(given["points"], given["learning_rate"], taken)
    first = len(wrong)
    while first and not wrong[first - 1]:
        first -= 1
    reached = first < len(wrong)
    proven = strictly_right(answers["2"], x, labels)
    separable, _ = run.truth
    demand(
        answers["2"],
        {
            f"right on {N - wrong[-1]} of {N} points": True,
            percents(1 - wrong[-1] / N): True,
            "no point is wrong": reached,
            f"From iteration {first} on": reached,
            "has converged": reached and proven,
            "was checked for every point in rational arithmetic": reached and proven,
            "as far as rounded numbers can tell": reached and not proven,
            "It has not separated": not reached,
            "although a linear classifier can": not reached and separable,
            "whether any linear classifier can is undecided": not reached and separable is None,
            "and no linear classifier can": not reached and separable is False,
            "After 1 iteration with": taken == 1,
            f"After {taken} iterations with": taken != 1,
            "It stopped there": taken < given["steps"],
        },
    )


def strictly_right(text: str, x: np.ndarray, labels: np.ndarray) -> bool:
    """Return whether the W and b that are handed in, as written, separate the points."""
    W, b = re.search(
        r"\$\$W = \\begin\{pmatrix\} (.*?) \\end.*?b = \\begin\{pmatrix\} (.*?) \\end", text
    ).groups()
    given = re.search(r"the middle is `\[(.*), (.*)\]`, the unit `\[(.*), (.*)\]`", text)
    m1, m2, u1, u2 = map(Fraction, given.groups() if given else (0, 0, 1, 1))
    rows = [[Fraction(v) for v in row.split(" & ")] for row in W.split(r" \\ ")]
    biases = [Fraction(v) for v in b.split(r" \\ ")]
    for (x1, x2), label in zip(x.tolist(), labels, strict=True):
        place = [(Fraction(repr(x1)) - m1) / u1, (Fraction(repr(x2)) - m2) / u2]
        scores = [
            sum(w * v for w, v in zip(row, place, strict=True)) + bias
            for row, bias in zip(rows, biases, strict=True)
        ]
        if max(s for k, s in enumerate(scores) if k != label) >= scores[label]:
            return False
    return True


def dead(W: np.ndarray, b: np.ndarray, x: np.ndarray) -> int:
    """Return the number of hidden units that are 0 for all points."""
    units = zip(W, b, strict=True)
    return sum(not any(row @ point + bias > 0 for point in x) for row, bias in units)


def mlp(run: Played, answers: Texts) -> None:
    """Read Problem 3."""
    given = run.namespace
    x, labels = read_points(given["points"])
    N = len(x)
    ours = given["points"] == "data/set3.csv"
    about_points(run, answers["3 points"], "set3.csv")
    wrong, gradient = linear_training(
        given["points"], given["learning_rate"], given["linear_steps"], tolerance=1e-6
    )
    about_crossings(run)
    linear_part(run, answers, wrong, gradient <= 1e-6)
    fewest = (run.results["fewest_at_least"], run.results["fewest_at_most"])
    part(run, answers["3a part"], fewest)
    demand(answers["3a part"], {"A bent arm does not fit": ours, "arm": ours})
    first, _, second = given["mlp"].layers
    hidden = np.maximum(0, x @ first.W.T + first.b)
    right = int(((hidden @ second.W.T + second.b).argmax(axis=1) == labels).sum())
    better = right > N - wrong[-1]
    worse = right < N - wrong[-1]
    count = given["hidden"]
    units = "1 hidden unit" if count == 1 else f"{count} hidden units"
    dead_units = dead(first.W, first.b, x)
    rng = np.random.RandomState(given["seed"])
    at_start = dead(rng.randn(count, 2), rng.randn(count), given["scaled"])
    built = ours and wrong[-1] == 36
    pictures = "\n".join(run.shown)
    demand(pictures, {f"wrong, and ringed, are {n}.": True for n in (wrong[-1], N - right)})
    phrases = {
        "Yes, with": better,
        "No, with": not better,
        "these points better than": better,
        "these points no better than": not better and not worse,
        "these points worse than": worse,
        f"with {units} (seed {given['seed']}, steps: {given['steps']})": True,
        f"right on {right} of {N}, {percents(right / N)}": True,
        f"against {N - wrong[-1]}, {percents(1 - wrong[-1] / N)}": True,
        f"Dead hidden units: {dead_units} of {count}": True,
        f"of which {at_start} before": dead_units,
        "of which": dead_units,
        "by construction": built,
        "fresh points of the same pinwheel": ours,
        "pinwheel": ours,
    }
    demand(answers["3b"], phrases)
    short = {": better than (a)": better, ": worse than (a)": worse}
    demand(answers["3b in short"], {f"{units}, seed {given['seed']}: ": True} | short)


def linear_part(run: Played, answers: Texts, wrongs: list[int], converged: bool) -> None:
    """Read Problem 3(a)."""
    N = run.results["N"]
    wrong = wrongs[-1]
    least = run.results["fewest_at_least"]
    best = min(wrong, run.results["fewest_at_most"])
    ours = run.namespace["points"] == "data/set3.csv"
    better = wrong and best < wrong
    separable = run.truth[0]
    assert best == 0 or separable is not True
    demand(
        answers["3a"],
        {
            f"right on {N - wrong} of {N} points, {percents(1 - wrong / N)}": True,
            f"wrong on {wrong}.": True,
            "Training converged": converged,
            f"was stopped after {len(wrongs) - 1} steps": not converged and separable,
            f"did not converge in {len(wrongs) - 1} steps": not converged and not separable,
            "loss has no minimum": not converged and separable,
            f"after {len(wrongs) - 1} steps, no entry": converged,
            "by construction": ours and wrong == 36,
            "No linear classifier with fewer mistakes was found": wrong and best == wrong,
            f"that was found is wrong on {best} ({percents(1 - best / N)})": better,
            "The best linear classifier that was found": better,
            f"to blame for at least {least} and at most {best} of the {wrong}": better and best,
            f"to blame for none of the {wrong}": better and not best,
            "the KL loss for the rest": better and converged,
            "the KL loss, or unfinished training, for the rest": better and not converged,
        },
    )
    in_short(run, answers["3a in short"])
    demand(answers["3a in short"], {"85.0 % by construction": ours and wrong == 36})


# Problem 4.


def pair(text: str, first: str, first_right: np.ndarray, second: str, second_right: Any) -> None:
    """Read a comparison of two models on the same images."""
    only = [int((first_right > second_right).sum()), int((second_right > first_right).sum())]
    counts = f"{sum(only)} of these: {first} on {only[0]}, {second} on {only[1]} ("
    same = "The two are right on the same images."
    if not sum(only):
        assert same in text and counts not in text, text
        return
    assert counts in text, text
    p = coin(*only)
    verdict = text.split(counts)[1].split(")")[0]
    demand(
        verdict,
        {
            "p below 0.001": p < 0.001,
            "p = ": p >= 0.001,
            "more than chance": p < 0.05,
            "which may be chance": p >= 0.05,
        },
    )
    if p >= 0.001:
        said = float(re.search(r"p = ([\d.e-]+)", verdict)[1])
        assert abs(said - p) < 0.06 * p


def share(right: np.ndarray, images: str) -> str:
    """Return an accuracy with its interval, as it must be said."""
    n = len(right)
    low, high = wilson(right.sum(), n)
    interval = f"{100 * low:.1f} to {percents(high)}"
    return f"{right.sum()} of {n} {images} = {percents(right.mean())} (95 % interval: {interval})"


def mnist(run: Played, answers: Texts) -> None:
    """Read Problem 4."""
    given = run.namespace
    name = given["mnist"].name
    digits = name in ("MNIST", "a subset of MNIST")
    whole = name == "MNIST" and not given["n_train"]
    kind = "digit" if digits else "class"
    right = {model: hits_of(given, model) for model in ("templates", "nearest_mean", "trained")}
    template_reasons(given, answers["4a why"], kind)
    demand(
        answers["4a"],
        {
            share(right["templates"], f"test images of {name}"): True,
            share(right["nearest_mean"], "test images"): True,
            "2019": whole,
        },
    )
    bias = "without the bias", right["templates"], "with it", right["nearest_mean"]
    pair(answers["4a"], *bias)
    demand(answers["4a in short"], {f"with a bias: {percents(right['nearest_mean'].mean())}": True})
    chosen = steps(given, answers["4b"])
    overfitting(given, answers["4b"], right["trained"])
    demand(
        answers["4b"],
        {
            share(right["trained"], f"test images of {name}"): True,
            f"trained for {chosen.step} step{'' if chosen.step == 1 else 's'}.": True,
            "2019": whole,
        },
    )
    rows(given, answers["4b rows"], digits)
    errors(given, answers["4b errors"], right["trained"])
    yardstick(given, answers["4b yardstick"], right["trained"])
    elsewhere(run, answers, digits, right["trained"])
    everything = "\n".join([*answers.values(), *run.shown])
    assert digits or not re.search(r"\bdigits? \d(?! to 9)", everything)
    wrong = int((~right["trained"]).sum())
    demand(
        "\n".join(run.shown),
        {
            "No images: the classifier makes no mistake": not wrong,
            f"surest of, {min(wrong, 20)} in number": wrong,
            f"are on the diagonal, {wrong} are mistakes": True,
            "the largest count of one kind": wrong,
        },
    )


def hits_of(given: dict[str, Any], model: str) -> np.ndarray:
    """Return which test images a model reads rightly, all but a few by an own computation."""
    layer = given[model].layers[0]
    x = given["x_test"] / 255
    own = (x @ layer.W.T.astype(float) + layer.b).argmax(axis=1) == given["labels_test"]
    theirs = given[f"{model.removesuffix('s').removesuffix('_mean')}_hits"]
    assert (own != theirs).sum() <= 3, "more than rounding"
    return theirs


def template_reasons(given: dict[str, Any], text: str, kind: str) -> None:
    """Read why a class is named least often."""
    means = np.array(
        [given["x_train"][given["labels_train"] == k].mean(axis=0) / 255 for k in range(10)]
    )
    named = np.array([(given["templates"].predict(given["x_test"]) == k).sum() for k in range(10)])
    rare = int(named.argmin())
    products = means @ means[rare]
    read_as = int(products.argmax())
    rightly = read_as == rare
    there = int((given["labels_test"] == rare).sum())
    ties = ", ".join(str(k) for k in range(10) if named[k] == named[rare] and k != rare)
    never = f"{rare}, nor {ties}" if ties else str(rare)
    read = int((given["template_hits"] & (given["labels_test"] == rare)).sum())
    demand(
        text,
        {
            f"The templates never name {kind} {never}; {there} of": named[rare] == 0,
            "never name": named[rare] == 0,
            f"name {kind} {rare} least often, in {named[rare]} answers": named[rare],
            f"(as often: {ties})": named[rare] and ties,
            "as often": named[rare] and ties,
            ", nor ": named[rare] == 0 and ties,
            "Its mean is read rightly": rightly,
            f"and so are {read} of its test images": rightly,
            f"Even its mean is read as {read_as}:": not rightly,
            "is due to the squares": not rightly,
        },
    )
    chain = [float(value) for value in re.findall(r"m_\d = ([\d.]+)", text)]
    assert chain == sorted(chain, reverse=True)
    candidates = given["x_test"][given["labels_test"] == rare] / 255
    typical = candidates[((candidates - means[rare]) ** 2).sum(axis=1).argmin()]
    assert f"so it is read as {(means @ typical).argmax()}." in text


def steps(given: dict[str, Any], text: str) -> Any:
    """Read how long was trained, and return the moment that was chosen."""
    moments = given["moments"]
    chosen = min(moments[1:], key=lambda moment: moment.validation_loss)
    last = moments[-1]
    fell = last.loss < chosen.loss
    times = round(math.log2(given["learning_rate"] / given["step_size"]))
    number = next(i for i, moment in enumerate(moments) if moment is chosen)
    place = f"Epoch {number} of {len(moments) - 1}, after {chosen.step} step"
    demand(
        text,
        {
            place: True,
            f"images: {chosen.validation_loss:.3f} nats": True,
            "the training loss rose by more than 0.05 nats": times,
            "halved once": times == 1,
            f"halved {times} times": times > 1,
            "more steps might be better": chosen is last,
            "the training loss fell on": chosen is not last and fell,
            "neither was lower": chosen is not last and not fell,
        },
    )
    return chosen


def overfitting(given: dict[str, Any], text: str, right: np.ndarray) -> None:
    """Read the comparison of training and test images."""
    low, high = wilson(right.sum(), len(right))
    layer = given["trained"].layers[0]
    scores = given["x_train"] / 255 @ layer.W.T.astype(float) + layer.b
    on_training = (scores.argmax(axis=1) == given["labels_train"]).mean()
    points = f"{abs(100 * (on_training - right.mean())):.1f} points"
    demand(
        text,
        {
            f"about {points} more than on the test images: it overfits": on_training > high,
            "overfits": on_training > high,
            f"about {points} less than on the test images": on_training < low,
            "less than": on_training < low,
            "no overfitting can be told": low <= on_training <= high,
        },
    )


def rows(given: dict[str, Any], text: str, digits: bool) -> None:
    """Read what the rows have become."""
    moments = given["moments"]
    early, last = moments[1], moments[-1]
    before, after = (moment.validation_losses.tolist() for moment in (early, last))
    changes = [b - a for a, b in zip(before, after, strict=True)]
    n = len(changes)
    error = statistics.pstdev(changes) / math.sqrt(n)  # of a mean of paired differences
    gap = [float(np.mean(m.validation_losses)) - m.loss for m in (early, last)]
    one = len(moments) == 2
    sure = not one and n >= 100 and gap[1] - gap[0] >= 2 * error
    rougher = jumps(last.W) > jumps(early.W)
    demand(
        text,
        {
            "had one epoch": one,
            "roughness went from": not one,
            "may be chance": not one and not sure,
            "the rougher rows are the ones that overfit more": sure and rougher,
            "the rows became smoother": sure and not rougher,
            "the other way round": sure and rougher and digits,
            "2019": sure and rougher and digits,
        },
    )


def jumps(W: np.ndarray) -> float:
    """Return the squared differences of neighbours beside the squares, less the common row."""
    side = math.isqrt(W.shape[1])
    images = (W - W.mean(axis=0)).reshape(10, side, side).astype(float)
    across = images[:, :, 1:] - images[:, :, :-1]
    down = images[:, 1:] - images[:, :-1]
    return float((across**2).sum() + (down**2).sum()) / float((images**2).sum())


def errors(given: dict[str, Any], text: str, right: np.ndarray) -> None:
    """Read the mistakes."""
    kinds: dict[tuple[int, int], int] = {}
    answers = given["trained"].predict(given["x_test"])
    for true, answer in zip(given["labels_test"].tolist(), answers.tolist(), strict=True):
        if true != answer:
            kinds[true, answer] = kinds.get((true, answer), 0) + 1
    most = max(kinds.values(), default=0)
    frequent = [f"{i} taken for {j}" for (i, j), n in sorted(kinds.items()) if n == most]
    count = int((~right).sum())
    demand(
        text,
        {
            "There is no mistake": not count,
            "The most frequent mistake: ": len(frequent) == 1,
            "The most frequent ones": 2 <= len(frequent) <= 5,
            "No kind of mistake stands out": len(frequent) > 5,
            f"{len(frequent)} occur": len(frequent) > 5,
            ", ".join(frequent) or "taken for": 1 <= len(frequent) <= 5,
            f"the trained model reads {count} wrong": True,
            "once": most == 1,
            f", {most} times": most > 1 and len(frequent) <= 5,
        },
    )


def yardstick(given: dict[str, Any], text: str, right: np.ndarray) -> None:
    """Read what is said about scikit-learn's model."""
    if not given["yardstick"]:
        assert text == ""
        return
    logistic = given["logistic"]
    at_limit = logistic.n_iter_[0] >= logistic.max_iter
    demand(text, {"had not converged": at_limit, "(it converged)": not at_limit})
    demand(text, {share(given["yardstick_hits"], "test images"): True})
    pair(text, "our model", right, "scikit-learn's", given["yardstick_hits"])


def elsewhere(run: Played, answers: Texts, digits: bool, test_right: np.ndarray) -> None:
    """Read part (c)."""
    given = run.namespace
    typed, labels, noun = handed_in(given["own_images"])
    of_typed = [given["typed_template"], given["typed_trained"]]
    own = [given["own_template"], given["own_trained"]]
    assert given["own"].labels.tolist() == labels
    people = [given["people_template"], given["people_trained"]]
    text = answers["4c"]
    name = given["mnist"].name
    unknown = name == "an unknown set"
    demand(
        text,
        {
            share(own[0], noun): True,
            share(own[1], "digits"): True,
            share(people[0], "digits"): True,
            share(people[1], "digits"): True,
            "stand in": typed,
            "on the pad": "on the pad" in noun,
            "at least 15 images": typed or len(labels) < 15,
            f"this run found {len(labels)}.": not typed and len(labels) < 15,
            "that were typed as lists of pen points for this project": not typed,
            "2019": digits,
            "Compared with the test images": digits,
            "mean nothing": not digits,
            "the classes of an unknown set": unknown,
            f"the classes of {name}, which are no digits": not digits and not unknown,
        },
    )
    paragraphs = text.split("\n\n")
    meaning = paragraphs[0]
    of_own = next(p for p in paragraphs if p.startswith("The templates are right"))
    of_people = next(p for p in paragraphs if p.startswith("Of scikit-learn's digits"))
    assert len(paragraphs) == 4 + (typed or len(labels) < 15) + (not typed)
    if not typed:
        besides = next(p for p in paragraphs if p.startswith("Of the forty digits"))
        demand(besides, {share(right, "digits"): True for right in of_typed})
    if not digits:
        demand(text, {"of the two is right": False, "The two are right": False})
    if digits:
        pair(of_own, "the templates", own[0], "the trained model", own[1])
        pair(of_people, "the templates", people[0], "the trained model", people[1])
        levels = [level(right, test_right.mean()) for right in (own[1], people[1])]
        assert f"reads the {noun} {levels[0]}, and the digits of 13 people {levels[1]}." in meaning
    for part, right in zip("ab", people, strict=True):
        short = {f"{len(own[0])} {noun}": True, "read by a model of": not digits}
        short |= {f"of 13 people's digits {percents(right.mean())}": digits}
        demand(answers[f"4c {part} in short"], short)
    demand(answers["4c preparation"], {f"Of the {noun} the trained model reads": True})


TYPED = "data/handwritten/strokes.json"
FROM = {"page": "from pages", "file": "from single pictures", "pad": "drawn on the pad"}


def handed_in(own_images: str) -> tuple[bool, list[int], str]:
    """Return whether typed strokes stand in, the labels, and what the digits are called."""
    if own_images in ("", TYPED):
        return True, [k for k in range(10) for _ in range(4)], "typed strokes"
    items = json.loads(Path(own_images).read_text(encoding="utf-8"))
    counts = Counter(item.get("source", "unknown") for item in items)
    words = FROM | {"unknown": f"in `{Path(own_images).name}`"}
    if len(counts) == 1:
        noun = f"digits {words[items[0].get('source', 'unknown')]}"
    else:
        noun = f"digits ({', '.join(f'{counts[s]} {words[s]}' for s in sorted(counts))})"
    return False, [item["digit"] for item in items], noun


def level(right: np.ndarray, test: float) -> str:
    """Return how a model reads some digits, beside its accuracy on the test images."""
    low, high = wilson(right.sum(), len(right))
    if low <= test <= high:
        return f"about as well, as far as {len(right)} digits can tell"
    return "better" if low > test else "less well"


# The study, from tables of runs as tools/study.py makes them.


def listed(values: list[int]) -> str:
    """Return values as a sentence lists them."""
    words = [str(value) for value in values]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "none"


def apart(low: tuple[int, int], high: tuple[int, int]) -> bool:
    """Return whether the interval of one share, count and n, ends below that of another."""
    return wilson(*low)[1] < wilson(*high)[0]


def fails(runs: Any, linear: float) -> Any:
    """Return which runs are no better than the linear classifier, and not perfect."""
    return (runs["mlp_accuracy"] <= linear) & (runs["mlp_accuracy"] < 1)


def luck(of_width: dict[int, Any], linear: float, text: str) -> None:
    """Read how much of the accuracy is luck."""
    perfect = {w: int((runs["mlp_accuracy"] == 1).sum()) for w, runs in of_width.items()}
    shares = {w: (perfect[w], len(runs)) for w, runs in of_width.items()}
    failed = {w: int(fails(runs, linear).sum()) for w, runs in of_width.items()}
    equal = [runs["mlp_accuracy"].nunique() == 1 for runs in (of_width[2], of_width[8])]
    wide, narrow = apart(shares[2], shares[8]), apart(shares[8], shares[2])
    some = [w for w, n in perfect.items() if n]
    every = [w for w, (n, of) in shares.items() if n == of]
    demand(
        text,
        {
            "8 hidden units reach 100 % more often": wide,
            "2 hidden units reach 100 % more often": narrow,
            "do not overlap": wide or narrow,
            "cannot be told": not wide and not narrow,
            f"{failed[2]} of {shares[2][1]} (": True,
            f"{failed[8]} of {shares[8][1]} (": True,
            "lies between": not all(equal),
            "of these runs is ": any(equal),
            f"numbers of units: {listed(some)}. All runs reach it with these: {listed(every)}.": 1,
        },
    )


def dead_units(of_width: dict[int, Any], linear: float, text: str) -> None:
    """Read what dead units have to do with failure."""
    narrow, widest = of_width[2], of_width[max(of_width)]
    failed = fails(narrow, linear)
    has_dead = narrow["dead_units"] > 0
    counts = [(int(has_dead[part].sum()), int(part.sum())) for part in (failed, ~failed)]
    both = counts[0][1] and counts[1][1]
    more = both and apart(counts[1], counts[0])
    fewer = both and apart(counts[0], counts[1])
    spared = widest[widest["dead_units"] > 0]
    total = sum(int(runs["dead_units"].sum()) for runs in of_width.values())
    demand(
        text,
        {
            "no run fails in this sense": not counts[0][1],
            "all runs fail in this sense": not counts[1][1],
            "failure and dead units go together": more,
            "dead units are rarer among the failures": fewer,
            "whether the two go together cannot be told": both and not more and not fewer,
            f"a dead unit is in {counts[0][0]} of {counts[0][1]} (": both,
            f"in {counts[1][0]} of {counts[1][1]} (": both,
            f"Of all {total} dead units": True,
            "100 % all the same": len(spared),
            f"{(spared['mlp_accuracy'] == 1).sum()} of these {len(spared)} reach": len(spared),
        },
    )


def failure(run: Any, linear: float, text: str) -> None:
    """Read the caption of the network that does badly."""
    alive = run["hidden"] - run["dead_units"]
    worse = run["mlp_accuracy"] <= linear
    many = run["dead_units"] > 1
    demand(
        text,
        {
            "no better than (a)": worse,
            ", better than (a)": not worse,
            "None of its units is dead": not run["dead_units"],
            "One unit is dead: all points lie": run["dead_units"] == 1,
            f"{run['dead_units']} units are dead: all points lie": many,
            "parallel stripes": alive == 1 and run["dead_units"],
            "A network that fails": run["failed"],
            "The least accurate network of several units": not run["failed"],
        },
    )


def sizes(runs: Any, whole: dict[str, Any], text: str) -> None:
    """Read what more images bring."""
    of_size: dict[int, tuple[list[float], list[float]]] = {}
    for _, run in runs.iterrows():
        trained, nearest = of_size.setdefault(int(run["n_train"]), ([], []))
        trained.append(run["trained_accuracy"])
        nearest.append(run["template_bias_accuracy"])
    middle = {n: statistics.median(trained) for n, (trained, _) in of_size.items()}
    worse = [n for n, (_, nearest) in of_size.items() if statistics.median(nearest) > middle[n]]
    order = sorted(of_size)
    several = len(order) > 1
    demand(
        text,
        {
            "no smaller numbers were tried": not several,
            "nearest mean has the higher median": several and worse,
            "no lower median at any size": several and not worse,
        },
    )
    if not several:
        return
    for n in worse:
        wins = sum(b > a for a, b in zip(*of_size[n], strict=True))
        words = f"With {n} images the nearest mean has the higher median, and the higher accuracy"
        demand(text, {f"{words} in {wins} of {len(of_size[n][0])} runs": True})
    pairs = [order[:2], order[-2:]]
    gains = [f"{100 * (middle[b] - middle[a]):+.1f}".replace("-", "−") for a, b in pairs]
    demand(text, {f" {gain} points" if i == 0 else f" {gain};": 1 for i, gain in enumerate(gains)})
    demand(text, {f"all {order[-1]}, {percents(middle[order[-1]])} and": True})


def optimum(best: dict[str, Any], trained: dict[str, Any], text: str) -> None:
    """Read what training to the end would change."""
    same = best["n_train"] == trained["n_train"]
    known = same and "only_optimum" in best
    first, second = best.get("only_optimum", 0), best.get("only_trained", 0)
    sure = known and coin(first, second) < 0.05
    fits = best["train_accuracy"] > trained["trained_train_accuracy"]
    demand(
        text,
        {
            "there is no optimum": best["separable"],
            "the loss can be brought down to": not best["separable"],
            "cannot be compared": not same,
            "The intervals say how far": same and not known,
            "is not settled": known and not sure,
            "That classifier reads": sure and best["separable"],
            "the model reads new images": sure and not best["separable"],
            "reads new images better:": sure and first > second,
            "reads new images worse": sure and first < second,
            "although it fits its training images better": sure and first < second and fits,
            f"the first reads {first} and the second {second}": known,
            "less than 0.001": known and coin(first, second) < 0.001,
        },
    )
