"""The figures: one function for each, which draws it and says in words what it shows.

A figure is a matplotlib Figure of its own, never pyplot's current one, so no setting of
the backend can make it vanish. Widths and heights are inches on the printed page: 6.4
is the full width of the report's text, 3.2 half of it. Letters as in common.py.

A function takes the run's folder and the figure's name, saves name.pdf and name.png in
the folder `figures` there, and returns a picture for the notebook to show.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from common import Array

ROOT = Path(__file__).resolve().parent
matplotlib.style.use(ROOT / "report/figures.mplstyle")

FULL = 6.4  # inches
HALF = 3.2
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
VALUE = "#0072B2"  # of a number in the forward pass
GRADIENT = "#B8420A"  # of a number in the backward pass
QUIET = "#555555"
FAINT = "#CCCCCC"
GRID_POINTS = 400  # along each side of the plane, where regions are computed
SMOOTHING = 20  # mini-batches that a smoothed loss is averaged over
EXTREME = 99.5  # percentile at which signed images are cut off

Numbers = Sequence[float] | Array


@dataclass
class Picture:
    """A saved figure. A notebook shows it, with its alt text."""

    path: Path
    alt: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple:
        if not self.path.exists():
            return {"text/plain": self.alt}, {}
        png = {"image/png": self.path.read_bytes()}
        return png, {"image/png": {"alt": self.alt}}


def save_figure(fig: Figure, out: str | Path, name: str, *, alt: str) -> Picture:
    """Save `out`/figures/`name`.pdf and .png, without dates, and return the picture.

    The alt text tells a reader who cannot see the figure what it shows; it travels
    inside both files. Raises ValueError when it is missing.
    """
    if len(alt.split()) < 4:
        raise ValueError(
            f"the figure {name} needs an alt text of a few words, not {alt!r}"
        )
    folder = Path(out, "figures")
    path = folder / f"{name}.png"
    if not skipped():
        folder.mkdir(parents=True, exist_ok=True)
        undated = {"CreationDate": None, "Producer": None, "Creator": None}
        fig.savefig(folder / f"{name}.pdf", metadata={**undated, "Subject": alt})
        fig.savefig(path, metadata={"Software": None, "Description": alt})
    return Picture(path, alt)


def skipped() -> bool:
    """Return whether figures are switched off: sweeps only need the numbers."""
    return "SKIP_FIGURES" in os.environ


def figure(width: float = FULL, height: float = 2.4, **subplots: Any) -> tuple:
    """Return a new figure and its axes; `subplots` goes to Figure.subplots."""
    fig = Figure(figsize=(width, height))
    return fig, fig.subplots(**subplots)


# Problem 1: the computation graph and gradient descent.


def computation_graph(
    out: str | Path,
    name: str,
    nodes: dict[str, tuple[float, float, str]],
    edges: dict[str, float],
    values: dict[str, float],
    gradients: dict[str, float],
    shares: dict[str, float],
) -> Picture:
    """Draw Problem 1's graph with the numbers of its forward and backward pass.

    `nodes` says where each node stands (column, row) and what is written in it;
    `edges`, named "from to", where along an edge its number stands, 0..1. Above a node
    is its value, below it the gradient, and on an edge what comes back along it: the
    gradient of the node at its beginning, or that node's share from `shares` if it was
    used twice.
    """
    fig, ax = figure(FULL, 3.6)
    places = {node: np.array([column, row]) for node, (column, row, _) in nodes.items()}
    for edge, part in edges.items():
        start, end = edge.split()
        share = shares.get(edge, gradients[start])
        draw_edge(ax, places[start], places[end], share, part)
    for node, (_, _, symbol) in nodes.items():
        draw_node(ax, node, symbol, places[node], values[node], gradients[node])
    ax.set(xlim=(-0.45, 8.45), ylim=(-0.5, 5.6))
    ax.axis("off")
    inputs = ("w1", "w2", "x1", "x2")
    listed = ", ".join(f"{gradients[node]:.4f}" for node in inputs)
    alt = (
        "The computation graph of Problem 1. On top, x and w are multiplied, added and "
        "passed through the sigmoid's four steps; below, the squared weights make the "
        f"penalty. Forward, it computes f = {values['f']:.4f}. Backward, the gradients "
        f"with respect to {', '.join(inputs)} are {listed}."
    )
    return save_figure(fig, out, name, alt=alt)


PAPER = {"fc": "white", "ec": "none", "pad": 0.5}  # behind a number


def draw_edge(ax: Axes, start: Array, end: Array, share: float, part: float) -> None:
    """Draw an arrow and, at a part of its way, the share that comes back along it."""
    arrow = {"arrowstyle": "-|>", "color": "#999999", "lw": 0.9, "mutation_scale": 7}
    room = {"shrinkA": 11, "shrinkB": 11}
    ax.annotate("", tuple(end), tuple(start), arrowprops=arrow | room)
    x, y = start + part * (end - start)
    style: dict[str, Any] = {"color": GRADIENT, "fontsize": 6, "bbox": PAPER}
    ax.text(x, y, number(share), ha="center", va="center", zorder=3, **style)


def draw_node(
    ax: Axes, name: str, symbol: str, place: Array, value: float, gradient: float
) -> None:
    """Draw a node with its symbol, its value above and its gradient below.

    An input has its name as symbol and is white; any other node is an operation.
    """
    x, y = place
    is_input = name[0] in "xw"
    title = "" if is_input else f"${name[0]}_{{{name[1:]}}}$ = "
    fill = "white" if is_input else "#DCEAF4"
    ax.scatter(x, y, s=430, c=fill, edgecolors="#333333", lw=0.9, zorder=4)
    ax.text(x, y, symbol, ha="center", va="center", fontsize=8, zorder=5)
    style: dict[str, Any] = {"fontsize": 7, "bbox": PAPER, "zorder": 4}
    below = number(gradient)
    ax.text(x, y - 0.37, below, color=GRADIENT, ha="center", va="top", **style)
    above = title + number(value)
    if name == "f":  # an edge comes in from above: the value stands aside
        ax.text(x - 0.12, y + 0.37, above, color=VALUE, ha="left", va="bottom", **style)
    else:
        ax.text(x, y + 0.37, above, color=VALUE, ha="center", va="bottom", **style)


def number(value: float) -> str:
    """Write a number with four decimals and a true minus sign."""
    return f"{value:.4f}".replace("-", "−")


def descent(
    out: str | Path,
    name: str,
    w1: Sequence[float],
    w2: Sequence[float],
    f: Sequence[float],
) -> Picture:
    """Draw the weights, and f, over the steps of gradient descent."""
    fig, (left, right) = figure(FULL, 2.3, ncols=2, width_ratios=(3, 2))
    curve(left, w1, "weight", name="$w_1$")
    curve(left, w2, "weight", colour=COLOURS[1], name="$w_2$")
    left.axhline(0, color="#999999", lw=0.6)
    left.margins(y=0.15)
    curve(right, f, "$f$", colour=COLOURS[2])
    alt = (
        f"Two panels over {len(f) - 1} iterations. Left: w1 goes from {w1[0]:.3f} to "
        f"{w1[-1]:.3f} and w2 from {w2[0]:.3f} to {w2[-1]:.3f}. "
        f"Right: f goes from {f[0]:.3f} to {f[-1]:.3f}."
    )
    return save_figure(fig, out, name, alt=alt)


def curve(
    ax: Axes,
    values: Numbers,
    label: str,
    *,
    colour: str = COLOURS[0],
    name: str = "",
) -> None:
    """Draw a quantity against the iteration, and its name, if any, at the end."""
    ax.plot(values, color=colour)
    ax.set(xlabel="iteration", ylabel=label)
    ax.margins(x=0.01)
    if name:
        last_quarter = values[-len(values) // 4 :]
        spot = (len(values) - 1, max(last_quarter))  # above all of the line under it
        style: dict[str, Any] = {"ha": "right", "va": "bottom", "fontsize": 7}
        ax.annotate(
            name, spot, (0, 3), textcoords="offset points", color=colour, **style
        )


# Problems 2 and 3: points in the plane and the regions of a classifier.


def loss_and_accuracy(
    out: str | Path,
    name: str,
    loss: Sequence[float],
    accuracy: Sequence[float],
) -> Picture:
    """Draw the loss and the accuracy (0..1) over the iterations of training."""
    fig, (left, right) = figure(FULL, 2.2, ncols=2)
    curve(left, loss, "KL loss (nats)")
    left.set_ylim(bottom=0)
    curve(right, 100 * np.array(accuracy), "accuracy (%)", colour=COLOURS[1])
    right.set_ylim(top=101)
    alt = (
        f"Two curves over {len(loss) - 1} iterations: the KL loss goes from "
        f"{loss[0]:.2f} to {loss[-1]:.3f} nats, the accuracy from {accuracy[0]:.0%} "
        f"to {accuracy[-1]:.1%}."
    )
    return save_figure(fig, out, name, alt=alt)


def losses(
    out: str | Path,
    name: str,
    loss_of: dict[str, Sequence[float]],
) -> Picture:
    """Draw the losses of several models, by name, over the iterations."""
    fig, ax = figure(FULL, 2.3)
    for colour, (model, loss) in zip(COLOURS, loss_of.items(), strict=False):
        curve(ax, loss, "KL loss (nats)", colour=colour, name=model)
    ax.set_yscale("log")
    ways = [
        f"{model} from {loss[0]:.2f} to {loss[-1]:.4f} nats"
        for model, loss in loss_of.items()
    ]
    alt = f"KL loss against the iteration, on a log scale: {'; '.join(ways)}."
    return save_figure(fig, out, name, alt=alt)


def labelled_points(
    out: str | Path,
    name: str,
    x: Array,
    labels: Array,
) -> Picture:
    """Draw points with their true labels."""
    fig, ax = figure(HALF, HALF)
    scatter(ax, x, labels)
    class_legend(fig, ax)
    alt = f"{len(x)} points of {labels.max() + 1} classes, with their true labels."
    return save_figure(fig, out, name, alt=alt)


def regions(
    out: str | Path,
    name: str,
    x: Array,
    labels: Array,
    predict: Callable[[Array], Array],
    *,
    title: str,
    ringed: Array,
    ring_name: str,
    hidden: Any = None,
) -> Picture:
    """Draw the regions of a classifier, and rings around the points in `ringed` (N,).

    `predict` turns points (N, 2) into classes (N,); `title` names the classifier in the
    alt text. With a first ReLU layer as `hidden`, the creases of its units are drawn.
    """
    fig, ax = figure(HALF, HALF)
    decision_regions(ax, predict, x, labels)
    if ringed.any():
        ring(ax, x[ringed], ring_name)
    if hidden is not None:
        creases(ax, hidden.W, hidden.b)
    class_legend(fig, ax)
    alt = (
        f"{title}: the regions of the predicted class, "
        f"{ringed.sum()} of {len(x)} points ringed as {ring_name}."
    )
    return save_figure(fig, out, name, alt=alt)


def two_classifiers(
    out: str | Path,
    name: str,
    x: Array,
    labels: Array,
    predict_of: dict[str, Callable[[Array], Array]],
    in_the_way: Array,
) -> Picture:
    """Draw the regions of two classifiers, by name, side by side.

    The points `in_the_way` (N,) of the second are ringed.
    """
    fig, axes = figure(FULL, 3.3, ncols=2, sharey=True)
    for ax, (model, predict) in zip(axes, predict_of.items(), strict=True):
        decision_regions(ax, predict, x, labels)
        ax.set_title(model)
    if in_the_way.any():
        ring(axes[1], x[in_the_way], "in the way")
    class_legend(fig, axes[1])
    first, second = predict_of
    alt = (
        f"{len(x)} points and the straight-edged regions of {labels.max() + 1} "
        f"classes, once as {first} finds them and once as {second} does; "
        f"{in_the_way.sum()} points are ringed as being in the way."
    )
    return save_figure(fig, out, name, alt=alt)


def scatter(ax: Axes, x: Array, labels: Array, size: float = 14) -> None:
    """Draw points in the plane: a class is a colour and a marker."""
    for k in range(labels.max() + 1):
        colour = COLOURS[k % len(COLOURS)]
        marker = MARKERS[k % len(MARKERS)]
        x1, x2 = x[labels == k].T
        edge: dict[str, Any] = {"edgecolors": "white", "linewidths": 0.4}
        style: dict[str, Any] = {"label": f"class {k}", "zorder": 3} | edge
        ax.scatter(x1, x2, s=size, c=colour, marker=marker, **style)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")


def ring(ax: Axes, x: Array, name: str) -> None:
    """Draw a ring around each point."""
    style: dict[str, Any] = {"facecolors": "none", "edgecolors": "black"}
    ax.scatter(x[:, 0], x[:, 1], s=44, linewidths=0.7, zorder=4, label=name, **style)


def class_legend(fig: Figure, ax: Axes) -> None:
    """Put the legend of classes and rings under the figure, where no point is."""
    handles, names = ax.get_legend_handles_labels()
    fig.legend(
        handles,
        names,
        loc="outside lower center",
        ncols=len(names),
        frameon=False,
        handletextpad=0.1,
        columnspacing=0.9,
    )


def decision_regions(
    ax: Axes, predict: Callable[[Array], Array], x: Array, labels: Array
) -> None:
    """Colour the plane by the predicted class, and draw the points on it."""
    scatter(ax, x, labels)
    ax.grid(False)
    if skipped():  # the regions would take a fifth of a sweep's run
        return
    low = x.min(axis=0)
    high = x.max(axis=0)
    pad = 0.08 * (high - low).max()
    across, up = np.linspace(low - pad, high + pad, GRID_POINTS).T
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    classes = predict(grid.reshape(-1, 2)).reshape(GRID_POINTS, GRID_POINTS)
    K = labels.max() + 1
    levels = np.arange(K + 1) - 0.5
    colours = (COLOURS * 2)[:K]
    ax.contourf(across, up, classes, levels=levels, colors=colours, alpha=0.16)
    ax.contour(across, up, classes, levels=levels[1:-1], colors="white", linewidths=1.2)


def creases(ax: Axes, W: Array, b: Array) -> None:
    """Draw where each unit, a row of W (M, 2), switches on: the line w x + b = 0."""
    limits = ax.axis()
    style: dict[str, Any] = {"color": "#888888", "lw": 0.5, "ls": (0, (4, 3))}
    for w, bias in zip(W, b, strict=True):
        foot = -bias * w / (w @ w)  # the line's nearest point to the origin
        along = np.array([-w[1], w[0]])
        ax.axline(foot, foot + along, zorder=2, **style)
    ax.axis(limits)


# Problem 4: rows of images.


def mean_images(
    out: str | Path,
    name: str,
    images: Array,
    dataset: str,
) -> Picture:
    """Draw the mean image of each class, (10, height, width)."""
    fig, ax = figure(FULL, 0.85)
    image_row(ax, images, range(10))
    alt = f"The mean images of the ten classes of {dataset}, 0 to 9."
    return save_figure(fig, out, name, alt=alt)


def recalls(
    out: str | Path,
    name: str,
    recall_of: dict[str, Array],
) -> Picture:
    """Draw the share of each digit that two classifiers recognise: name to (10,)."""
    fig, ax = figure(FULL, 2.1)
    digits = np.arange(10)
    for i, (model, recall) in enumerate(recall_of.items()):
        places = digits + 0.4 * i - 0.2
        colour = COLOURS[1 - i]
        bars = ax.bar(places, 100 * recall, width=0.38, color=colour, label=model)
        shares = [f"{100 * share:.0f}" for share in recall]
        ax.bar_label(bars, shares, fontsize=6, padding=1)
    ax.set(xlabel="digit", ylabel="recognised (%)", ylim=(0, 112))
    ax.set(xticks=digits, yticks=range(0, 101, 25))
    ax.grid(axis="x", visible=False)
    ax.legend(
        ncols=2,
        frameon=False,
        loc="lower right",
        bbox_to_anchor=(1, 0.98),
        borderpad=0,
    )
    ranges = [
        f"{model} between {recall.min():.0%} (digit {recall.argmin()}) and "
        f"{recall.max():.0%} (digit {recall.argmax()})"
        for model, recall in recall_of.items()
    ]
    alt = f"The share of each digit that is recognised: {'; '.join(ranges)}."
    return save_figure(fig, out, name, alt=alt)


def training_losses(
    out: str | Path,
    name: str,
    batches: Sequence[float],
    full: Sequence[float],
) -> Picture:
    """Draw the loss of each mini-batch with a running mean, and of each full step."""
    fig, (left, right) = figure(FULL, 2.2, ncols=2)
    left.plot(batches, color=COLOURS[5], lw=0.5)
    width = min(SMOOTHING, len(batches))
    smooth = np.convolve(batches, np.ones(width) / width, "valid")
    left.plot(np.arange(len(smooth)) + width - 1, smooth, color=COLOURS[0])
    left.set(xlabel="mini-batch step", ylabel="KL loss (nats)", ylim=(0, 1))
    curve(right, full, "KL loss (nats)")
    right.set(xlabel="full-batch step")
    alt = (
        f"The loss while training. Left, of each mini-batch, and its mean over "
        f"{width}: from {batches[0]:.2f} nats to about {smooth[-1]:.2f}. Right, of "
        f"all images, in every full step: from {full[0]:.3f} to {full[-1]:.3f}."
    )
    return save_figure(fig, out, name, alt=alt)


def weight_rows(
    out: str | Path,
    name: str,
    averages: Array,
    trained: Array,
) -> Picture:
    """Draw the rows of W as images (10, height, width), before and after training."""
    fig, rows = figure(FULL, 2.1, nrows=3)
    template_row(rows[0], averages, "average")
    template_row(rows[1], trained, "trained", signed=True)
    template_row(rows[2], trained - averages, "difference", signed=True)
    alt = (
        "Three rows of ten images: the averages; the trained rows, positive weights in "
        "red and negative ones in blue; and the difference between the two."
    )
    return save_figure(fig, out, name, alt=alt)


def confusion(
    out: str | Path,
    name: str,
    counts: Array,
) -> Picture:
    """Draw how often each true class (row) was taken for each class (column).

    The colour leaves out the diagonal, on which the answers are right.
    """
    fig, ax = figure(3.7, 3.3)
    mistakes = counts * (1 - np.eye(len(counts), dtype=int))
    ax.imshow(mistakes, cmap="Oranges", vmax=max(mistakes.max(), 1) * 1.3)
    for (true, answer), n in np.ndenumerate(counts):
        weight = "bold" if true == answer else "normal"
        style = {"color": "#222222" if n else "#BBBBBB", "weight": weight}
        ax.text(answer, true, n, ha="center", va="center", fontsize=6.5, **style)
    ax.set(xlabel="predicted digit", ylabel="true digit")
    ax.set(xticks=range(len(counts)), yticks=range(len(counts)))
    ax.grid(False)
    true, answer = np.unravel_index(mistakes.argmax(), counts.shape)
    alt = (
        f"The confusion matrix of {counts.sum()} test images: {np.trace(counts)} are "
        f"on the diagonal; the most frequent mistake is a {true} taken for a {answer}, "
        f"{counts[true, answer]} times."
    )
    return save_figure(fig, out, name, alt=alt)


def mistakes(
    out: str | Path,
    name: str,
    images: Array,
    labels: Array,
    predicted: Array,
    sureness: Array,
) -> Picture:
    """Draw wrongly read images (n, height, width) in two rows, surest answers first.

    Below each: its label, the answer, and the answer's probability, 0..1.
    """
    fig, axes = figure(FULL, 1.75, nrows=2)
    for ax, row in zip(axes, np.array_split(np.arange(len(images)), 2), strict=True):
        names = [f"{labels[i]}, not {predicted[i]}\n{sureness[i]:.1%}" for i in row]
        image_row(ax, images[row], names)
    alt = (
        f"The {len(images)} wrong answers that the classifier was surest of, each "
        "above its true digit, the answer and the probability, from "
        f"{sureness[0]:.1%} down to {sureness[-1]:.1%}."
    )
    return save_figure(fig, out, name, alt=alt)


def answered_digits(
    out: str | Path,
    name: str,
    images: Array,
    labels: Array,
    answers_of: dict[str, Array],
) -> Picture:
    """Draw digits (n, 28, 28), ten per row, with the answers of two models below each.

    The label is in a corner. A wrong answer is bold and has a cross.
    """
    rows = -(-len(images) // 10)
    fig, axes = figure(FULL, 0.72 * rows, nrows=rows, squeeze=False)
    blank = np.zeros((10 * rows - len(images), 28, 28))
    filled = np.concatenate([images, blank])
    for row, ax in enumerate(axes.flat):
        image_row(ax, filled[row::rows])
    for i, label in enumerate(labels):
        ax = axes.flat[i % rows]
        left = 28 * (i // rows)
        ax.text(left + 1, 0.5, label, va="top", fontsize=6.5, color=QUIET)
        for model, answers in enumerate(answers_of.values()):
            spot = left + (6, 21)[model]
            write_answer(ax, spot, answers[i], label, COLOURS[1 - model])
    right = [
        f"{model} is right on {(answers == labels).sum()}"
        for model, answers in answers_of.items()
    ]
    alt = (
        f"{len(images)} handwritten digits, the label in a corner, the answers of two "
        f"models below each, a cross where one is wrong: {', '.join(right)}."
    )
    return save_figure(fig, out, name, alt=alt)


def write_answer(ax: Axes, spot: float, answer: int, label: int, colour: str) -> None:
    """Write a model's answer below a digit, with a cross if it is wrong."""
    right = answer == label
    text = f"{answer}" if right else f"{answer} ✗"
    weight = "normal" if right else "bold"
    style: dict[str, Any] = {"color": colour, "weight": weight, "fontsize": 7}
    ax.text(spot, 29, text, ha="center", va="top", **style)


def image_row(
    ax: Axes, images: Array, names: Sequence[Any] = (), limit: float | None = None
) -> AxesImage:
    """Draw images (n, height, width) side by side, on one scale, with names below.

    Ink is black. With `limit` the images are signed: positive is red, negative blue,
    zero white. All share one Axes; one Axes per image would take ten times as long.
    """
    n, height, width = images.shape
    middles = width * (np.arange(len(names)) + 0.5) - 0.5
    ax.set_xticks(middles, [str(name) for name in names])
    ax.set_yticks([])
    ax.tick_params(length=0)
    ax.grid(False)
    borders = width * np.arange(1, n) - 0.5
    ax.vlines(borders, -0.5, height - 0.5, colors=FAINT, lw=0.6)
    ax.spines[:].set(visible=True, color=FAINT)
    style: dict[str, Any] = {"cmap": "gray_r", "vmin": 0}
    if limit is not None:
        style = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    return ax.imshow(np.hstack(list(images)), interpolation="nearest", **style)


def template_row(ax: Axes, images: Array, title: str, *, signed: bool = False) -> None:
    """Draw images in a row, a title at the left, and a colour bar if they are signed.

    Signed images are cut off at a percentile, so that one extreme pixel does not wash
    out the others.
    """
    limit = float(np.percentile(np.abs(images), EXTREME)) if signed else None
    shown = image_row(ax, images, limit=limit)
    ax.set_ylabel(title)
    if limit is not None:
        ticks = [-limit, 0, limit]
        style: dict[str, Any] = {"shrink": 0.8, "aspect": 10, "pad": 0.01}
        bar = ax.figure.colorbar(shown, ax=ax, ticks=ticks, **style)
        bar.ax.set_yticklabels([f"−{limit:.2g}", "0", f"+{limit:.2g}"])
        bar.outline.set_visible(False)


# The study: many runs of Problems 3 and 4. `runs` is a sweep's table, one row per run.

DOTS: dict[str, Any] = {"s": 11, "alpha": 0.55, "lw": 0, "zorder": 3}


def accuracy_by_width(
    out: str | Path, name: str, runs: Any, levels: dict[str, float]
) -> Picture:
    """Draw Problem 3's accuracy against the number of hidden units, one dot per run.

    `levels` are accuracies to compare with, by name, 0..1.
    """
    fig, ax = figure(FULL, 2.7)
    widths = sorted(set(runs["hidden"]))
    places = np.arange(len(widths))
    place_of = dict(zip(widths, places, strict=True))
    seeds = runs["seed"].max() + 1
    aside = 0.5 * ((runs["seed"] + 0.5) / seeds - 0.5)  # the seeds side by side
    x = runs["hidden"].map(place_of) + aside
    ax.scatter(x, 100 * runs["mlp_accuracy"], color=COLOURS[0], **DOTS)
    medians = 100 * runs.groupby("hidden")["mlp_accuracy"].median()
    ax.hlines(medians, places - 0.3, places + 0.3, color="black", lw=1.6, zorder=4)
    for level, accuracy in levels.items():
        ax.axhline(100 * accuracy, color=COLOURS[1], lw=0.9, ls="--")
        spot = (len(widths) - 0.4, 100 * accuracy)
        style = {"va": "bottom", "ha": "right", "fontsize": 7}
        ax.text(*spot, level, color=COLOURS[1], **style)
    ax.set(xlabel="hidden units", ylabel="accuracy (%)")
    ax.set_xticks(places, widths)
    ax.set_xlim(-0.6, places[-1] + 0.6)
    listed = ", ".join(f"{m:.0f} % with {width}" for width, m in medians.items())
    alt = (
        f"Accuracy of {len(runs)} two-layer networks against the number of hidden "
        f"units, {seeds} seeds each. Medians: {listed}."
    )
    return save_figure(fig, out, name, alt=alt)


def accuracy_by_size(
    out: str | Path, name: str, runs: Any, column_of: dict[str, str]
) -> Picture:
    """Draw Problem 4's test accuracies against the number of training images.

    `column_of` says, for each model by name, in which column its accuracies are.
    """
    fig, ax = figure(FULL, 2.2)
    ways = []
    for colour, (model, column) in zip(COLOURS, column_of.items(), strict=False):
        medians = 100 * runs.groupby("n_train")[column].median()
        ax.plot(medians.index, medians, color=colour, lw=1.2)
        ax.scatter(runs["n_train"], 100 * runs[column], color=colour, **DOTS)
        end = (medians.index[-1], medians.iloc[-1])
        style: dict[str, Any] = {"ha": "right", "va": "bottom", "fontsize": 7}
        ax.annotate(
            model, end, (0, 5), textcoords="offset points", color=colour, **style
        )
        ways.append(f"{model} from {medians.iloc[0]:.0f} to {medians.iloc[-1]:.0f} %")
    ax.set(xscale="log", xlabel="training images")
    ax.set_ylabel("accuracy on the test images (%)")
    ax.set_ylim(None, 98)
    sizes = [f"{n:,}".replace(",", " ") for n in medians.index]
    ax.set_xticks(medians.index, sizes)
    ax.minorticks_off()
    alt = (
        f"Test accuracy against the number of training images, from {sizes[0]} to "
        f"{sizes[-1]}. Medians: {'; '.join(ways)}."
    )
    return save_figure(fig, out, name, alt=alt)
