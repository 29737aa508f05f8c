"""How far the loss of Problem 4(b) can be brought down at all.

The loss of a linear classifier is convex: it has no valley but the lowest one. Plain descent creeps
through it, because it is long and narrow: many pixels have ink in the same images. In *whitened*
coordinates, in which the loss bends alike in all directions, a hundred iterations of L-BFGS are
enough. How the loss bends depends on the weights, so the coordinates are chosen anew a few times.

The Hessian of the loss with respect to the weights of class k alone is X^T diag(w) X / N with
w = q_k (1 - q_k), where q_k are the probabilities that the model gives class k. It is at most
X^T X / 2N (Boehning, 1992), which serves at the start.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.stats import binomtest
from sklearn.svm import LinearSVC

from common import (
    MOST_ROWS,
    ROOT,
    Array,
    DataError,
    Linear,
    Mnist,
    Network,
    block_reader,
    find_mnist,
    in_blocks,
    largest_entry,
    one_blas_thread,
    one_hot,
    per_block,
    read_mnist,
    softmax,
)
from results import Results, percent

FIRST_STAGE = 20  # iterations, before the coordinates are chosen anew
STAGE = 40  # the same, later
MOST_STAGES = 8
ENOUGH = 3e-4  # of the loss: it is done when the last iterations lowered the loss by less
WATCHED = 10  # how many iterations are meant by that
REMEMBERED = 20  # iterations that L-BFGS learns from
DAMPING_AT_FIRST = 2e-3  # of the largest entry is added to the Hessian's diagonal
DAMPING = 1e-5
LEAST_DAMPING = 1e-12  # if no image has any weight
NEGLIGIBLE = 1e-2  # q (1 - q) below this is left out of the Hessian

PROBLEM4 = ROOT / "report/build/results/problem4_mnist.json"
LEVEL = 0.05  # a difference that chance makes more often than this is not called one


@dataclass
class Optimum:
    """A linear classifier, and how near it is to the lowest loss.

    `separable` says that weights were found that read all training images right, each with more
    than half of the probability. Multiplied by ever larger numbers they bring the loss as near to
    0 as one likes, so no weights have the lowest loss; `loss` is then 0, and `predict` reads with
    the widest margin. Otherwise `gradient`, the largest entry of the gradient, and `fell`, how much
    the last iterations lowered the loss, say how much may be left. Neither is a bound.
    """

    predict: Callable[[Array], Array]
    method: str
    loss: float
    separable: bool
    gradient: float
    fell: float
    iterations: int


def optimum(x: Array, labels: Array, K: int = 10) -> Optimum:
    """Minimise the loss over all W and b, on images x (N, D) of bytes.

    No result depends on the number of threads.
    """
    used = np.append(x.any(axis=0), True)  # a pixel that is always blank has no say
    pixels = with_bias(x)[:, used]
    network = Network([Linear(np.zeros((K, used.sum()), np.float32), np.zeros(K, np.float32))])
    targets = one_hot(labels, K, np.float32)
    losses, fell = minimise(network, pixels, targets)
    loss, (dW, _) = in_blocks(network, pixels, targets)

    def most_probable(images: Array) -> Array:
        """Return the class that the network finds most probable for each image."""
        return network.predict(with_bias(images)[:, used])

    separable = all_right(loss, len(x))
    return Optimum(
        predict=widest_margin(x, labels) if separable else most_probable,
        method="widest margin" if separable else "L-BFGS, a quasi-Newton method",
        loss=0.0 if separable else loss,
        separable=separable,
        gradient=largest_entry([dW]),
        fell=fell,
        iterations=len(losses) - 1,
    )


def minimise(network: Network, x: Array, targets: Array) -> tuple[list[float], float]:
    """Train the weights of the network's only layer until the loss hardly falls.

    Returns the loss before each iteration and at the end, and how much the last ones lowered it.
    """
    losses = [math.log(targets.shape[1])]  # all weights are 0
    fell = math.inf
    with one_blas_thread():
        for stage in range(MOST_STAGES):
            whiten = whitening(network, x) if stage else whitening_at_first(x)
            iterations = STAGE if stage else FIRST_STAGE
            losses += descend(network, x, targets, whiten, iterations)
            fell = losses[max(0, len(losses) - 1 - WATCHED)] - losses[-1]
            if all_right(losses[-1], len(x)) or fell < ENOUGH * losses[-1]:
                break
    return losses, fell


def widest_margin(x: Array, labels: Array) -> Callable[[Array], Array]:
    """Return a function that reads images as the linear classifier with the widest margin does.

    On separable images, gradient descent never ends; the direction of its W and b approaches this
    classifier (Soudry et al., 2018, The implicit bias of gradient descent on separable data). It
    is a support vector machine whose penalty for mistakes is so large that it makes none.
    """
    kind = {"multi_class": "crammer_singer", "C": 1e4}
    model = LinearSVC(**kind, tol=1e-2, max_iter=10_000, random_state=0)
    model.fit(x / 255, labels)

    def predict(images: Array) -> Array:
        """Return the class with the highest score for each image."""
        return model.predict(images / 255)

    return predict


def with_bias(x: Array) -> Array:
    """Return the images with one more pixel, always full: its weight is the bias."""
    return np.hstack([x, np.full((len(x), 1), 255, np.uint8)])


def all_right(loss: float, N: int) -> bool:
    """Return whether so small a loss proves that every one of N images is read right.

    One image that is read wrong has at most half of the probability on its label, and alone adds
    log 2 / N to the loss. Half of that leaves no room for a rounding error.
    """
    return loss < math.log(2) / (2 * N)


def whitening_at_first(x: Array) -> Array:
    """Return the matrix (1, D, D) that `descend` takes, for all classes."""
    half = np.full(len(x), 0.5, np.float32)
    return inverse_root(weighted_gram(x, half), DAMPING_AT_FIRST)[None]


def whitening(network: Network, x: Array) -> Array:
    """Return the matrices (K, D, D) that `descend` takes, at the network's weights."""
    q = softmax(network.logits(x))
    grams = (weighted_gram(x, q_k * (1 - q_k)) for q_k in q.T)
    return np.stack([inverse_root(gram, DAMPING) for gram in grams])


def weighted_gram(x: Array, w: Array) -> Array:
    """X^T diag(w) X / N, shape (D, D), without the images of which w is negligible."""
    rows = np.flatnonzero(w > NEGLIGIBLE)
    root = np.sqrt(w[rows])[:, None]
    read = block_reader(x[rows], np.float32)

    def gram(block: slice) -> Array:
        """Return what a block of images adds."""
        weighted = read(block) * root[block]
        return weighted.T @ weighted

    total = np.zeros((x.shape[1], x.shape[1]))
    for part in per_block(gram, len(rows), MOST_ROWS):
        total += part
    return total / len(x)


def inverse_root(hessian: Array, damping: float) -> Array:
    """Return M such that M (hessian + D) M^T = I, where D is the damping on the diagonal."""
    one = np.eye(len(hessian))
    added = damping * hessian.max() + LEAST_DAMPING
    root = cholesky(hessian + added * one, lower=True)
    return solve_triangular(root, one, lower=True).astype(np.float32)


def descend(
    network: Network, x: Array, targets: Array, whiten: Array, iterations: int
) -> list[float]:
    """Minimise by L-BFGS in the coordinates v with W_k = start_k + v_k whiten_k.

    Changes the network's weights. Returns the loss after each iteration. Stops early if all images
    are read right.
    """
    W = network.parameters[0]
    start = W.copy()
    losses: list[float] = []

    def place(v: Array) -> None:
        """Write the weights that the coordinates v stand for into the network."""
        rows = v.reshape(len(W), 1, -1).astype(np.float32)
        W[:] = start + (rows @ whiten)[:, 0]

    def loss_and_gradient(v: Array) -> tuple[float, Array]:
        """Return the loss and its gradient with respect to v: dv_k = dW_k whiten_k^T."""
        place(v)
        loss, (dW, _) = in_blocks(network, x, targets)
        dv = dW[:, None] @ whiten.swapaxes(1, 2)
        return loss, dv.ravel().astype(np.float64)

    def after_each(intermediate_result: Any) -> None:  # scipy goes by this name
        """Note the loss, and stop when nothing is left to do."""
        losses.append(float(intermediate_result.fun))
        if all_right(losses[-1], len(x)):
            raise StopIteration

    options = {"maxiter": iterations, "maxcor": REMEMBERED, "ftol": 0, "gtol": 0}
    done = minimize(
        loss_and_gradient,
        np.zeros(W.size),
        jac=True,
        method="L-BFGS-B",
        callback=after_each,
        options=options,
    )
    place(done.x)
    return losses


# From here on: the trained model of the notebook beside the optimum.


def study_optimum(numbers: Results) -> None:
    """Find the optimum on all training images, and record it beside the notebook's model.

    Raises DataError if the notebook read other images than `find_mnist` names.
    """
    trained = json.loads(PROBLEM4.read_text(encoding="utf-8"))
    mnist = read_mnist(find_mnist())
    if not mnist.sha256.items() <= trained["provenance"]["sha256"].items():
        raise DataError(
            f"{PROBLEM4}: expected results on {mnist.name}, as in {find_mnist()}, found results "
            f"on {trained['dataset']}; type: make figures"
        )
    best = optimum(mnist.x_train, mnist.labels_train)
    numbers.record(optimum=recorded(best, trained, mnist))
    numbers.answer("4b optimum", in_words(numbers.values["optimum"], trained))


def recorded(best: Optimum, trained: dict[str, Any], mnist: Mnist) -> dict[str, Any]:
    """Return what the report says about the optimum, and about the trained model's accuracy."""
    right = best.predict(mnist.x_test) == mnist.labels_test
    low, high = wilson(right.sum(), len(right))
    trained_low, trained_high = wilson(trained["trained_accuracy"] * len(right), len(right))
    values = {
        "n_train": len(mnist.x_train),
        "name": "widest margin, never reached" if best.separable else "trained to the end",
        "separable": best.separable,
        "method": best.method,
        "iterations": best.iterations,
        "loss": best.loss,
        "fell": best.fell,
        "gradient": best.gradient,
        "train_accuracy": (best.predict(mnist.x_train) == mnist.labels_train).mean(),
        "test_accuracy": right.mean(),
        "test_low": low,
        "test_high": high,
        "trained_low": trained_low,
        "trained_high": trained_high,
    }
    mistakes = trained.get("trained_mistakes")
    return values if mistakes is None else values | paired(right, mistakes)


def wilson(right: float, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share."""
    interval = binomtest(round(right), n).proportion_ci(method="wilson")
    return interval.low, interval.high


def paired(right: Array, mistakes: str) -> dict[str, Any]:
    """Compare with another model on the same images: McNemar's exact test.

    `right` (N,) is where the optimum is right; `mistakes` lists the images that the other model
    reads wrong, as in "8 33 38". Only images that one of the two reads right count: if both models
    are equally good, it is either of them with probability 1/2.
    """
    other = np.ones(len(right), bool)
    other[np.array(mistakes.split(), int)] = False
    only_optimum = int((right & ~other).sum())
    only_trained = int((other & ~right).sum())
    differing = only_optimum + only_trained
    chance = binomtest(only_optimum, differing).pvalue if differing else 1.0
    return {"only_optimum": only_optimum, "only_trained": only_trained, "chance": chance}


def in_words(best: dict[str, Any], trained: dict[str, Any]) -> str:
    """Return the answer: what training to the end would change, as far as the numbers say."""
    if best["separable"]:
        end = (
            f"A linear classifier can read all {best['n_train']} training images right. Larger "
            "weights then bring the loss as near to 0 as one likes: there is no optimum; descent "
            "only approaches the direction of the classifier with the widest margin. That one"
        )
    else:
        end = (
            f"On all {best['n_train']} training images the loss can be brought down to "
            f"{best['loss']:.4f} ({best['method']}, {best['iterations']} iterations; the last "
            f"{WATCHED} lowered it by {percent(best['fell'] / best['loss'], 2)}). There the model"
        )
    there = reads(best, "train_accuracy", "test_accuracy", best["test_low"], best["test_high"])
    names = "trained_train_accuracy", "trained_accuracy"
    here = reads(trained, *names, best["trained_low"], best["trained_high"])
    return (
        f"{end} {there}. The notebook's model, trained on {trained['n_train']} images, stops at "
        f"the loss {trained['trained_loss']:.4f} and {here}. {conclusion(best, trained)}"
    )


def reads(values: dict[str, Any], train: str, test: str, low: float, high: float) -> str:
    """Write both accuracies of a model, and the interval of the second."""
    return (
        f"reads {percent(values[train])} of its training images right and {percent(values[test])} "
        f"of the test images ({100 * low:.1f} to {percent(high)})"
    )


def conclusion(best: dict[str, Any], trained: dict[str, Any]) -> str:
    """Return whether training to the end helps on new images, and how sure that is."""
    if best["n_train"] != trained["n_train"]:
        return "The two were trained on different numbers of images, so they cannot be compared."
    if "chance" not in best:
        return "The intervals say how far the two shares of the test images can be trusted."
    counts = (
        f"of the test images that only one of the two reads right, the first reads "
        f"{best['only_optimum']} and the second {best['only_trained']}"
    )
    p = f"{best['chance']:.3f}" if best["chance"] >= 0.001 else "less than 0.001"
    test = f"McNemar's test: the probability of so uneven a split by chance is {p}"
    if best["chance"] >= LEVEL:
        return f"Which reads new images better is not settled: {counts} ({test})."
    end = "That classifier" if best["separable"] else "Trained to the end, the model"
    if best["only_optimum"] > best["only_trained"]:
        return f"{end} reads new images better: {counts} ({test})."
    fits = best["train_accuracy"] > trained["trained_train_accuracy"]
    although = ", although it fits its training images better" if fits else ""
    return f"{end} reads new images worse{although}: {counts} ({test})."
