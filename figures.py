"""The figures: one function for each, which draws it and says in words what it shows.

A figure is a matplotlib Figure of its own, never pyplot's current one, so no setting of
the backend can make it vanish. Widths and heights are inches on the printed page: 6.4
is the full width of the report's text, 3.2 half of it. Letters as in common.py.

A function takes the run's folder and the figure's name, saves name.pdf and name.png in
the folder `figures` there, and returns a picture for the notebook to show. The figure
itself is kept beside them, name.pickle: the web pages draw it again, for their readers'
screens.
"""

import os
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Polygon

from common import Array

ROOT = Path(__file__).resolve().parent
STYLE = dict(matplotlib.rc_params_from_file(ROOT / "report/figures.mplstyle"))
del STYLE["backend"]  # a figure must not switch the reader's
# A decorator of functions that draw: in them matplotlib's own settings hold, with our
# style, and not the reader's, whose own figures stay as they are.
in_style = matplotlib.rc_context(STYLE)

FULL = 6.4  # inches
HALF = 3.2
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
VALUE = "#0072B2"  # of a number in the forward pass
GRADIENT = "#B8420A"  # of a number in the backward pass
QUIET = "#555555"
FAINT = "#CCCCCC"
ANSWER_LINE = 0.14  # inches below a digit, for the answers
MOST_PANELS = 6  # pairs of classes that are drawn
MOST_OBLONG = 20  # the ratio of two ranges up to which a unit is as long on both axes
GRID_POINTS = 400  # along each side of the plane, where regions are computed
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
        return png, {"image/png": {"alt": self.alt, "figure": self.path.stem}}


def save_figure(fig: Figure, out: str | Path, name: str, *, alt: str) -> Picture:
    """Save `out/figures/name.pdf`, .png, .pickle, undated, and return the picture.

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
        path.with_suffix(".pickle").write_bytes(pickle.dumps(fig))
    return Picture(path, alt)


def skipped() -> bool:
    """Return whether figures are switched off: sweeps only need the numbers."""
    return "SKIP_FIGURES" in os.environ


def figure(width: float = FULL, height: float = 2.4, **subplots: Any) -> tuple:
    """Return a new figure and its axes; `subplots` goes to Figure.subplots."""
    fig = Figure(figsize=(width, height))
    return fig, fig.subplots(**subplots)


# Problem 1: the computation graph and gradient descent.

SMALLEST = 5e-5  # of the numbers that four decimals show
LARGEST = 1e5  # of the numbers that are written without a power of ten, and of a map
WIDE_RANGE = 50  # the ratio of two values of f from which on the axis is logarithmic
SMALLEST_MAP = 0.05  # half the side of a map
MAP_POINTS = 400  # along its side
CONTOURS = 14


@in_style
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
    """Write a number with four decimals and a true minus sign.

    Where four decimals would show nothing but zeros, or would be far too many, it gets
    two digits and a power of ten: 3.1e−09.
    """
    size = abs(value)
    usual = size == 0 or SMALLEST <= size < LARGEST
    text = f"{value + 0.0:.4f}" if usual else f"{value:.1e}"  # + 0.0: no minus zero
    return text.replace("-", "−")


@in_style
def descent(
    out: str | Path,
    name: str,
    path: Array,
    f: Sequence[float],
) -> Picture:
    """Draw the weights, the rows of `path` (steps + 1, 2), and f over the steps."""
    fig, (left, right) = figure(FULL, 2.3, ncols=2, width_ratios=(3, 2))
    drawn = drawable(path)
    w1, w2 = drawn.T
    f = f[: len(drawn)]
    left.plot(w1, color=COLOURS[0], label="$w_1$")
    left.plot(w2, "--", color=COLOURS[1], label="$w_2$")
    left.set(xlabel="iteration", ylabel="weight")
    left.axhline(0, color="#999999", lw=0.6)
    left.margins(x=0.01)
    left.locator_params(axis="x", integer=True)
    above: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1, 0.98)}
    left.legend(ncols=2, frameon=False, borderpad=0, **above)
    curve(right, f, "$f$", colour=COLOURS[2])
    if max(f) > WIDE_RANGE * min(f):
        right.set_yscale("log")
    alt = (
        f"Two panels over {len(f) - 1} iterations. Left: w1 goes from {number(w1[0])} "
        f"to {number(w1[-1])} and w2 from {number(w2[0])} to {number(w2[-1])}. "
        f"Right: f goes from {number(f[0])} to {number(f[-1])}."
    )
    return save_figure(fig, out, name, alt=alt)


@in_style
def descent_map(
    out: str | Path,
    name: str,
    path: Array,
    minimum: Array,
    f: Callable[[Array, Array], Array],
) -> Picture:
    """Draw the steps of gradient descent on a contour map of f over the two weights.

    The weights are the rows of `path` (steps + 1, 2); `minimum` (2,) is where f is
    smallest.
    """
    drawn = drawable(path)
    start, end = drawn[0], drawn[-1]
    fig, ax = figure(HALF, 3.6)
    contours(ax, f, np.vstack([drawn, minimum]))
    ax.plot(*drawn.T, ".-", color=COLOURS[1], ms=2.2, lw=0.9)
    count = len(drawn) - 1
    last = f"after {count} step{'s' * (count != 1)}"
    mark: dict[str, Any] = {"ls": "none", "mec": "white", "mew": 0.5, "zorder": 4}
    ax.plot(*start, "o", color=COLOURS[1], ms=8, label="start", **mark)
    ax.plot(*end, "s", color=COLOURS[1], ms=5, label=last, **mark)
    ax.plot(*minimum, "*", color="black", ms=8, label="minimum", **mark)
    ax.set(xlabel="$w_1$", ylabel="$w_2$")
    ax.grid(False)
    fig.legend(loc="outside lower center", ncols=3, frameon=False, handletextpad=0.1)
    spots = [", ".join(map(number, spot)) for spot in (start, end, minimum)]
    alt = (
        "A contour map of f over the two weights, with the path of gradient descent "
        f"from ({spots[0]}) to ({spots[1]}) {last}. The minimum is at ({spots[2]})."
    )
    return save_figure(fig, out, name, alt=alt)


def drawable(path: Array) -> Array:
    """Return the path up to where its weights become too large to be drawn."""
    too_large = np.abs(path).max(axis=1) >= LARGEST
    return path[: too_large.argmax()] if too_large.any() else path


def contours(ax: Axes, f: Callable[[Array, Array], Array], points: Array) -> None:
    """Draw f's contours on a square around points (n, 2), lighter where f is smaller.

    The levels grow with the square of their number: the contours of a round bowl are
    then equally far apart.
    """
    low = points.min(axis=0)
    high = points.max(axis=0)
    half = max(0.6 * (high - low).max(), SMALLEST_MAP)
    middle = (low + high) / 2
    across, up = middle[:, None] + half * np.linspace(-1, 1, MAP_POINTS)
    with np.errstate(over="ignore"):  # 1 / (1 + infinity) is 0, as it should be
        heights = f(*np.meshgrid(across, up))
    parts = np.linspace(0, 1, CONTOURS + 1) ** 2
    levels = heights.min() + (heights.max() - heights.min()) * parts
    shades = matplotlib.colormaps["Blues"](np.linspace(0, 0.5, CONTOURS))
    ax.contourf(across, up, heights, levels=levels, colors=shades)
    ax.contour(across, up, heights, levels=levels[1:-1], colors="white", linewidths=0.7)
    ax.set_aspect("equal")


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
    ax.locator_params(axis="x", integer=True)
    if name:
        last_quarter = values[-len(values) // 4 :]
        spot = (len(values) - 1, max(last_quarter))  # above all of the line under it
        style: dict[str, Any] = {"ha": "right", "va": "bottom", "fontsize": 7}
        ax.annotate(
            name, spot, (0, 3), textcoords="offset points", color=colour, **style
        )


# Problems 2 and 3: points in the plane and the regions of a classifier.


@in_style
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
        f"The KL loss, from {loss[0]:.4g} to {loss[-1]:.4g} nats, and the accuracy, "
        f"from {accuracy[0]:.1%} to {accuracy[-1]:.1%}, against the iteration, 0 to "
        f"{len(loss) - 1}."
    )
    return save_figure(fig, out, name, alt=alt)


@in_style
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
        f"{model} from {loss[0]:.4g} to {loss[-1]:.4g} nats"
        for model, loss in loss_of.items()
    ]
    alt = f"KL loss against the iteration, on a log scale: {'; '.join(ways)}."
    return save_figure(fig, out, name, alt=alt)


@in_style
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


@in_style
def predictions(
    out: str | Path,
    name: str,
    x: Array,
    labels: Array,
    predict: Callable[[Array], Array],
    *,
    title: str,
    hidden: Any = None,
) -> Picture:
    """Draw what a classifier predicts for points (N, 2), with rings where it is wrong.

    `predict` turns points into classes; a point has the colour and marker of its
    predicted class. `title` names the classifier in the alt text. With a first ReLU
    layer as `hidden`, the creases of its units are drawn.
    """
    fig, ax = figure(HALF, HALF)
    K = labels.max() + 1
    predicted = predict(x)
    wrong = predicted != labels
    scatter(ax, x, predicted, K)
    decision_regions(ax, predict, x, K)
    if wrong.any():
        ring(ax, x[wrong], "wrong")
    alt = (
        f"{title}: {len(x)} points in the colour and marker of their predicted class, "
        f"on the regions of the {K} classes; wrong, and ringed, are {wrong.sum()}."
    )
    if hidden is not None:
        creases(ax, hidden.W, hidden.b)
        alt += f" Dashed, where they cross it: the creases of {len(hidden.b)} units."
    class_legend(fig, ax)
    return save_figure(fig, out, name, alt=alt)


@in_style
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
        scatter(ax, x, labels)
        decision_regions(ax, predict, x, labels.max() + 1)
        ax.set_title(model)
    if in_the_way.any():
        ring(axes[1], x[in_the_way], "in the way")
    class_legend(fig, axes[1])
    first, second = predict_of
    alt = (
        f"{len(x)} points and the straight-edged regions of {labels.max() + 1} "
        f"classes. Left: {first}. Right: {second}; points that are ringed, as being in "
        f"the way: {in_the_way.sum()}."
    )
    return save_figure(fig, out, name, alt=alt)


@in_style
def crossings(
    out: str | Path, name: str, x: Array, labels: Array, pairs: Sequence[Any]
) -> Picture:
    """Draw pairs of classes that no straight line separates, and why, one per panel.

    Each of `pairs` has its two `classes`, the rows of x that are the corners of a
    triangle, a segment or a point of either class, `members`, and a common `point` of
    the two. Without any pair, all points are drawn.
    """
    shown = pairs[:MOST_PANELS]
    columns = max(1, min(3, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    width = HALF if columns == 1 else FULL
    style = {"sharex": True, "sharey": True, "squeeze": False}
    height = rows * (width / columns + 0.2) + 0.4
    fig, axes = figure(width, height, nrows=rows, ncols=columns, **style)
    for ax, pair in zip(axes.flat, shown, strict=False):
        draw_crossing(ax, x, labels, pair)
        ax.label_outer()
    if not shown:
        scatter(axes[0, 0], x, labels)
    for ax in axes.flat[max(1, len(shown)) :]:
        ax.set_axis_off()
    class_legend(fig, axes.flat[0])
    said = [
        f"classes {i} and {j}, whose {shape(pair.members[0])} and "
        f"{shape(pair.members[1])} meet"
        for pair in shown
        for i, j in [pair.classes]
    ]
    alt = (
        f"{len(x)} points of {labels.max() + 1} classes. Pairs of classes shown to "
        f"meet, so that no straight line separates them: {len(pairs)}"
    )
    alt += f"; drawn are {', '.join(said)}." if said else "."
    return save_figure(fig, out, name, alt=alt)


def shape(corners: Sequence[int]) -> str:
    """Return what one, two or three corners make."""
    return ("point", "segment", "triangle")[len(corners) - 1]


def draw_crossing(ax: Axes, x: Array, labels: Array, pair: Any) -> None:
    """Draw two classes, a triangle, segment or point of each, and where these meet."""
    both = np.isin(labels, pair.classes)
    scatter(ax, x[both], labels[both], alpha=0.25)
    corners = np.concatenate([np.array(rows) for rows in pair.members])
    scatter(ax, x[corners], labels[corners], labels.max() + 1)
    for k, rows in zip(pair.classes, pair.members, strict=True):
        colour = COLOURS[k % len(COLOURS)]
        outline: dict[str, Any] = {
            "ec": colour,
            "fc": (colour, 0.15),
            "lw": 1,
            "zorder": 3,
        }
        ax.add_patch(Polygon(x[list(rows)], **outline))
    spot = [float(value) for value in pair.point]
    ax.plot(*spot, "x", color="black", ms=4, mew=0.8, zorder=5, label="common point")
    ax.set_title("classes {} and {}".format(*pair.classes))


@in_style
def hidden_space(
    out: str | Path, name: str, x: Array, labels: Array, network: Any
) -> Picture:
    """Draw a network with two hidden units, on the plane and as layer two sees it.

    There, a point is at (h1, h2), the outputs of the two hidden units.
    """
    first, relu, second = network.layers
    h = relu.forward(first.forward(x))
    wrong = network.predict(x) != labels
    K = labels.max() + 1

    def predict(h: Array) -> Array:
        """Return the classes that the second layer gives to outputs of the first."""
        return second.forward(h).argmax(axis=1)

    fig, (left, right) = figure(FULL, 3.3, ncols=2)
    for ax, places, classes in ((left, x, network.predict), (right, h, predict)):
        scatter(ax, places, labels)
        decision_regions(ax, classes, places, K)
        if wrong.any():
            ring(ax, places[wrong], "wrong")
    creases(left, first.W, first.b)
    left.set_title("the plane, and its creases")
    right.set(xlabel="$h_1$", ylabel="$h_2$", aspect="auto")
    right.set_title("the same points, seen by the second layer")
    class_legend(fig, left)
    alt = (
        f"A network with two hidden units, right on {(~wrong).sum()} of {len(x)} "
        "points; wrong ones are ringed. Left: the plane with its regions and the two "
        "creases. Right: each point at (h1, h2), the outputs of the two units, on the "
        "straight-edged regions of the second layer. Points at (0, 0): "
        f"{(h == 0).all(axis=1).sum()}."
    )
    return save_figure(fig, out, name, alt=alt)


def scatter(
    ax: Axes, x: Array, labels: Array, K: int = 0, *, alpha: float = 1.0
) -> None:
    """Draw points in the plane: a class is a colour and a marker.

    The legend names K classes, if K is given, and otherwise those up to the largest
    label. Faint points are left out of the legend.
    """
    for k in range(K or labels.max() + 1):
        colour = COLOURS[k % len(COLOURS)]
        marker = MARKERS[(k + k // len(COLOURS)) % len(MARKERS)]
        x1, x2 = x[labels == k].T
        edge: dict[str, Any] = {"edgecolors": "white", "linewidths": 0.4}
        label = f"class {k}" if alpha == 1 else None
        style: dict[str, Any] = {"label": label, "alpha": alpha, "zorder": 3} | edge
        ax.scatter(x1, x2, s=14, c=colour, marker=marker, **style)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect=aspect(x))


def aspect(x: Array) -> str:
    """Return "equal", or "auto" where one axis would be drawn as a thin strip."""
    shorter, longer = sorted(np.ptp(x, axis=0))
    return "equal" if longer <= MOST_OBLONG * shorter or shorter == 0 else "auto"


def ring(ax: Axes, x: Array, name: str) -> None:
    """Draw a ring around each point."""
    style: dict[str, Any] = {"facecolors": "none", "edgecolors": "black"}
    ax.scatter(x[:, 0], x[:, 1], s=44, linewidths=0.7, zorder=4, label=name, **style)


def class_legend(fig: Figure, ax: Axes) -> None:
    """Put the legend of classes and rings under the figure, where no point is."""
    handles, names = ax.get_legend_handles_labels()
    in_a_row = int(1.6 * fig.get_figwidth())
    fig.legend(
        handles,
        names,
        loc="outside lower center",
        ncols=min(len(names), in_a_row),
        frameon=False,
        handletextpad=0.1,
        columnspacing=0.9,
    )


def decision_regions(
    ax: Axes, predict: Callable[[Array], Array], x: Array, K: int
) -> None:
    """Colour the plane around the points by the predicted class, one of K."""
    ax.grid(False)
    if skipped():  # the regions would take a fifth of a sweep's run
        return
    low = x.min(axis=0)
    high = x.max(axis=0)
    sides = high - low
    if aspect(x) == "equal":
        sides[:] = sides.max()
    pad = np.where(sides > 0, 0.08 * sides, 1)
    across, up = np.linspace(low - pad, high + pad, GRID_POINTS).T
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    classes = predict(grid.reshape(-1, 2)).reshape(GRID_POINTS, GRID_POINTS)
    levels = np.arange(K + 1) - 0.5
    colours = [COLOURS[k % len(COLOURS)] for k in range(K)]
    ax.contourf(across, up, classes, levels=levels, colors=colours, alpha=0.16)
    ax.contour(across, up, classes, levels=levels[1:-1], colors="white", linewidths=1.2)


def creases(ax: Axes, W: Array, b: Array) -> None:
    """Draw where each unit, a row of W (M, 2), switches on: the line w x + b = 0.

    Lines that do not cross the figure are left out.
    """
    left, right, low, high = limits = ax.axis()
    corners = np.array([(left, low), (right, low), (left, high), (right, high)])
    middle = corners.mean(axis=0)
    sides = np.array([right - left, high - low])
    style: dict[str, Any] = {"color": "#888888", "lw": 0.5, "ls": (0, (4, 3))}
    for w, bias in zip(W, b, strict=True):
        values = corners @ w + bias
        if values.min() < 0 < values.max():
            normal = w * sides  # in a figure whose sides are 1 long
            # The line's nearest point to the middle.
            foot = -values.mean() * normal / (normal @ normal)
            along = np.array([-normal[1], normal[0]]) / np.sqrt(normal @ normal)
            ends = middle + sides * [foot - along, foot + along]
            ax.axline(*ends, zorder=2, **style)
    ax.axis(limits)


# Problem 4: rows of images.


@in_style
def mean_images(
    out: str | Path,
    name: str,
    images: Array,
    dataset: str,
) -> Picture:
    """Draw the mean images of the classes (10, height, width), and less their mean."""
    fig, (upper, lower) = figure(FULL, 1.5, nrows=2)
    template_row(upper, images, "mean")
    template_row(lower, images - images.mean(axis=0), "less all", signed=True)
    lower.set_xticks(*class_ticks(images))
    alt = (
        f"Two rows of ten images. Above, the mean images of the ten classes of "
        f"{dataset}, 0 to 9. Below, the same less the mean of the ten: red where a "
        "class has more ink than the mean of the classes, blue where it has less."
    )
    return save_figure(fig, out, name, alt=alt)


def class_ticks(images: Array) -> tuple[Array, list[str]]:
    """Return where the middles of images side by side are, and their numbers."""
    n, _, width = images.shape
    return width * (np.arange(n) + 0.5) - 0.5, [str(k) for k in range(n)]


@in_style
def scores_in_pixels(
    out: str | Path,
    name: str,
    image: Array,
    label: int,
    parts_of: dict[int, Array],
) -> Picture:
    """Draw an image (height, width), and what each pixel adds to some classes' scores.

    `parts_of` maps a class to its parts (height, width), which add up to its score.
    """
    fig, axes = figure(FULL, 1.75, ncols=1 + len(parts_of))
    limit = float(max(np.abs(parts).max() for parts in parts_of.values())) or 1.0
    image_row(axes[0], image[None], [f"an image of {label}"])
    sums = {k: parts.sum() for k, parts in parts_of.items()}
    for ax, (k, parts) in zip(axes[1:], parts_of.items(), strict=True):
        image_row(ax, parts[None], [f"{k}: {with_sign(sums[k], 1)}"], limit=limit)
    listed = ", ".join(f"{with_sign(total, 1)} for {k}" for k, total in sums.items())
    alt = (
        f"An image of class {label} and {len(parts_of)} maps of what its pixels add to "
        f"the scores of classes, red for and blue against. The sums: {listed}."
    )
    return save_figure(fig, out, name, alt=alt)


def with_sign(value: float, digits: int) -> str:
    """Write a number with its sign, and with a true minus sign."""
    return f"{value:+.{digits}f}".replace("-", "−")


@in_style
def recalls(
    out: str | Path,
    name: str,
    recall_of: dict[str, Array],
    kind: str,
) -> Picture:
    """Draw the share of each class that two classifiers recognise: name to (10,).

    `kind` is what a class is called: a digit, perhaps.
    """
    fig, ax = figure(FULL, 2.1)
    classes = np.arange(10)
    for i, (model, recall) in enumerate(recall_of.items()):
        places = classes + 0.4 * i - 0.2
        colour = COLOURS[1 - i]
        bars = ax.bar(places, 100 * recall, width=0.38, color=colour, label=model)
        shares = [f"{100 * share:.0f}" for share in recall]
        ax.bar_label(bars, shares, fontsize=6, padding=1)
    ax.set(xlabel=kind, ylabel="recognised (%)", ylim=(0, 112))
    ax.set(xticks=classes, yticks=range(0, 101, 25))
    ax.grid(axis="x", visible=False)
    ax.legend(
        ncols=2,
        frameon=False,
        loc="lower right",
        bbox_to_anchor=(1, 0.98),
        borderpad=0,
    )
    ranges = [
        f"{model} between {recall.min():.0%} ({kind} {recall.argmin()}) and "
        f"{recall.max():.0%} ({kind} {recall.argmax()})"
        for model, recall in recall_of.items()
    ]
    alt = f"The share of each {kind} that is recognised: {'; '.join(ranges)}."
    return save_figure(fig, out, name, alt=alt)


@in_style
def validation_curves(
    out: str | Path,
    name: str,
    steps: Sequence[int],
    loss_of: dict[str, Sequence[float]],
    accuracy_of: dict[str, Sequence[float]],
    chosen: int,
) -> Picture:
    """Draw losses and accuracies (0..1) of two parts, by name, against the step.

    The first entries, from before training, are left out: the curves would be flat
    beside them. `chosen` is the step that a line marks.
    """
    fig, axes = figure(FULL, 2.4, ncols=2)
    quantities = ("KL loss (nats)", loss_of, 1), ("accuracy (%)", accuracy_of, 100)
    for ax, (label, values_of, unit) in zip(axes, quantities, strict=True):
        for colour, (part, values) in zip(COLOURS, values_of.items(), strict=False):
            shown = unit * np.array(values[1:])
            ax.plot(steps[1:], shown, ".-", ms=3, color=colour, label=part)
        ax.axvline(chosen, color=QUIET, lw=0.8, ls="--", label=f"step {chosen}")
        ax.set(xlabel="step", ylabel=label)
    handles, names = axes[0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
    ways = [
        f"{part}: loss from {loss_of[part][1]:.3f} to {loss_of[part][-1]:.3f} nats, "
        f"accuracy from {accuracy_of[part][1]:.1%} to {accuracy_of[part][-1]:.1%}"
        for part in loss_of
    ]
    alt = (
        f"Loss and accuracy from step {steps[1]} to step {steps[-1]}. "
        f"{'; '.join(ways)}. Step {chosen} is marked."
    )
    return save_figure(fig, out, name, alt=alt)


@in_style
def weight_rows(
    out: str | Path,
    name: str,
    averages: Array,
    trained: Array,
) -> Picture:
    """Draw the rows of W (10, height, width), less their mean, before and after."""
    fig, rows = figure(FULL, 2.1, nrows=3)
    template_row(rows[0], averages, "average", signed=True)
    template_row(rows[1], trained, "trained", signed=True)
    template_row(rows[2], trained - averages, "difference", signed=True)
    rows[2].set_xticks(*class_ticks(averages))
    alt = (
        "Three rows of ten images, each less the mean of the ten: the averages, the "
        "trained rows, and the difference between the two. Positive weights are red "
        "and negative ones blue."
    )
    return save_figure(fig, out, name, alt=alt)


@in_style
def rows_in_time(
    out: str | Path,
    name: str,
    rows_of: dict[str, Array],
    notes_of: dict[str, str],
) -> Picture:
    """Draw the rows of W (10, height, width) at some moments, each with a note.

    Both dictionaries go by the moment's name.
    """
    n = len(rows_of)
    fig, axes = figure(FULL, 0.64 * n + 0.15, nrows=n, squeeze=False)
    for ax, (moment, rows) in zip(axes.flat, rows_of.items(), strict=True):
        image_row(ax, rows, limit=cut_off(rows))
        ax.set_ylabel(moment)
        place: dict[str, Any] = {"transform": ax.transAxes, "va": "center"}
        ax.text(1.01, 0.5, notes_of[moment], fontsize=7, **place)
    axes.flat[-1].set_xticks(*class_ticks(rows))
    notes = "; ".join(f"{m}: {' '.join(notes_of[m].split())}" for m in rows_of)
    alt = (
        f"The ten rows of weights, less their mean, at {n} moments of training, each "
        f"in colours of its own scale, red for and blue against. {notes}."
    )
    return save_figure(fig, out, name, alt=alt)


@in_style
def confusion(
    out: str | Path,
    name: str,
    counts: Array,
    kind: str,
) -> Picture:
    """Draw how often each true class (row) was taken for each class (column).

    The colour leaves out the diagonal, on which the answers are right. `kind` is what a
    class is called.
    """
    fig, ax = figure(3.7, 3.3)
    mistakes = counts * (1 - np.eye(len(counts), dtype=int))
    ax.imshow(mistakes, cmap="Oranges", vmax=max(mistakes.max(), 1) * 1.3)
    for (true, answer), n in np.ndenumerate(counts):
        weight = "bold" if true == answer else "normal"
        style = {"color": "#222222" if n else "#BBBBBB", "weight": weight}
        ax.text(answer, true, n, ha="center", va="center", fontsize=6.5, **style)
    ax.set(xlabel=f"predicted {kind}", ylabel=f"true {kind}")
    ax.set(xticks=range(len(counts)), yticks=range(len(counts)))
    ax.grid(False)
    most = mistakes.max()
    said = f"; the largest count of one kind is {most}" if most else ""
    alt = (
        f"The confusion matrix of {counts.sum()} test images: {np.trace(counts)} are "
        f"on the diagonal, {mistakes.sum()} are mistakes{said}."
    )
    return save_figure(fig, out, name, alt=alt)


@in_style
def mistakes(
    out: str | Path,
    name: str,
    images: Array,
    labels: Array,
    predicted: Array,
    sureness: Array,
) -> Picture:
    """Draw wrongly read images (n, height, width), ten per row, surest answers first.

    Below each: its label, the answer, and the answer's probability, 0..1. There may be
    none.
    """
    n = len(images)
    if n == 0:
        fig, ax = figure(FULL, 0.4)
        ax.text(0.5, 0.5, "no mistakes", ha="center", va="center", color=QUIET)
        ax.axis("off")
        alt = "No images: the classifier makes no mistake on the test images."
        return save_figure(fig, out, name, alt=alt)
    rows = -(-n // 10)
    fig, axes = figure(FULL, 0.875 * rows, nrows=rows, squeeze=False)
    for ax, row in zip(axes.flat, np.array_split(np.arange(n), rows), strict=True):
        names = [f"{labels[i]}, not {predicted[i]}\n{sureness[i]:.1%}" for i in row]
        image_row(ax, images[row], names)
    alt = (
        f"The wrong answers that the classifier was surest of, {n} in number, each "
        "above its true class, the answer and the probability, which is "
        f"{sureness[0]:.1%} at most."
    )
    return save_figure(fig, out, name, alt=alt)


MOST_DIGITS = 300  # that are drawn
COLUMNS = {60: 10, 150: 15, MOST_DIGITS: 20}  # up to so many digits: so many in a row


@in_style
def answered_digits(
    out: str | Path,
    name: str,
    images: Array,
    labels: Array,
    answers_of: dict[str, Array],
) -> Picture:
    """Draw digits (n, 28, 28), sorted by label, with two models' answers below each.

    The label is in a corner. A wrong answer is bold and has a cross. At most
    MOST_DIGITS are drawn, which is what fits on a page.
    """
    order = np.argsort(labels, kind="stable")[:MOST_DIGITS]
    columns = next(c for most, c in COLUMNS.items() if len(order) <= most)
    rows = -(-len(order) // columns)
    side = FULL / columns  # inches
    fig, axes = figure(FULL, (side + ANSWER_LINE) * rows, nrows=rows, squeeze=False)
    blank = np.zeros((columns * rows - len(order), 28, 28))
    filled = np.concatenate([images[order], blank])
    for row, ax in enumerate(axes.flat):
        image_row(ax, filled[row::rows])
    size = 7 if columns == 10 else 5.5  # points
    for place, i in enumerate(order):
        ax = axes.flat[place % rows]
        left = 28 * (place // rows)
        ax.text(left + 1, 0.5, labels[i], va="top", fontsize=size, color=QUIET)
        for model, answers in enumerate(answers_of.values()):
            spot = left + (6, 21)[model]
            write_answer(ax, spot, answers[i], labels[i], COLOURS[1 - model], size)
    right = [
        f"{model} {(answers == labels).sum()}" for model, answers in answers_of.items()
    ]
    drawn = f"{len(order)} digits"
    if len(order) < len(images):
        drawn = f"{len(order)} of {len(images)} digits"
    alt = (
        f"{drawn}, the label in a corner, the answers of two models below each, a "
        f"cross where one is wrong. Right, of {len(images)}: {', '.join(right)}."
    )
    return save_figure(fig, out, name, alt=alt)


def write_answer(
    ax: Axes, spot: float, answer: int, label: int, colour: str, size: float
) -> None:
    """Write a model's answer below a digit, with a cross if it is wrong."""
    right = answer == label
    text = f"{answer}" if right else f"{answer}✗"
    weight = "normal" if right else "bold"
    style: dict[str, Any] = {"color": colour, "weight": weight, "fontsize": size}
    ax.text(spot, 29, text, ha="center", va="top", **style)


@in_style
def hands(
    out: str | Path,
    name: str,
    rates_of: dict[str, dict[str, tuple[float, float, float]]],
) -> Picture:
    """Draw accuracies with their intervals: one row for each set of images.

    `rates_of` maps a set to its models, and a model to its accuracy and to the lower
    and the upper end of the interval, each 0..1.
    """
    fig, ax = figure(FULL, 0.6 + 0.42 * len(rates_of))
    for row, rates in enumerate(rates_of.values()):
        for model, (accuracy, low, high) in enumerate(rates.values()):
            colour = COLOURS[1 - model]
            y = row + (-0.14, 0.14)[model]
            ax.plot([100 * low, 100 * high], [y, y], color=colour, lw=1.5)
            ax.plot(100 * accuracy, y, MARKERS[1 - model], color=colour, ms=4)
    models = list(next(iter(rates_of.values())))
    for model, title in enumerate(models):
        ax.plot([], [], MARKERS[1 - model], color=COLOURS[1 - model], label=title)
    ax.set_yticks(range(len(rates_of)), list(rates_of))
    ax.set(xlim=(0, 100), ylim=(len(rates_of) - 0.5, -0.5), xlabel="right (%)")
    ax.grid(axis="y", visible=False)
    ax.legend(ncols=2, frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
    listed = []
    for images, rates in rates_of.items():
        shares = [f"{model} {100 * rate:.1f} %" for model, (rate, *_) in rates.items()]
        listed.append(f"{images}: {', '.join(shares)}")
    alt = f"Accuracies with 95 % intervals. {'; '.join(listed)}."
    return save_figure(fig, out, name, alt=alt)


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
    limit = cut_off(images) if signed else None
    shown = image_row(ax, images, limit=limit)
    ax.set_ylabel(title)
    if limit is not None:
        ticks = [-limit, 0, limit]
        style: dict[str, Any] = {"shrink": 0.8, "aspect": 10, "pad": 0.01}
        bar = ax.figure.colorbar(shown, ax=ax, ticks=ticks, **style)
        bar.ax.set_yticklabels([f"−{limit:.2g}", "0", f"+{limit:.2g}"])
        bar.outline.set_visible(False)


def cut_off(images: Array) -> float:
    """Return the value at which the colours of signed images end."""
    return float(np.percentile(np.abs(images), EXTREME)) or 1.0


# The study: many runs of Problems 3 and 4. `runs` is a sweep's table, one row per run.

DOTS: dict[str, Any] = {"s": 11, "alpha": 0.55, "lw": 0, "zorder": 3}


@in_style
def accuracy_by_width(out: str | Path, name: str, runs: Any, linear: float) -> Picture:
    """Draw Problem 3's accuracy against the number of hidden units, one dot per run.

    `linear` is the linear classifier's accuracy, 0..1.
    """
    fig, ax = figure(FULL, 2.7)
    by_width = runs.groupby("hidden")
    for place, (_, group) in enumerate(by_width):
        aside = 0.6 * ((np.arange(len(group)) + 0.5) / len(group) - 0.5)
        accuracies = 100 * group.sort_values("seed")["mlp_accuracy"]
        ax.scatter(place + aside, accuracies, color=COLOURS[0], **DOTS)
    medians = 100 * by_width["mlp_accuracy"].median()
    places = np.arange(len(medians))
    ax.hlines(medians, places - 0.35, places + 0.35, color="black", lw=1.6, zorder=4)
    ax.axhline(100 * linear, color=COLOURS[1], lw=0.9, ls="--")
    style: dict[str, Any] = {"va": "bottom", "ha": "right", "fontsize": 7}
    spot = (len(places) - 0.4, 100 * linear)
    ax.text(*spot, "linear (a)", color=COLOURS[1], **style)
    ax.set(xlabel="hidden units", ylabel="accuracy (%)")
    ax.set_xticks(places, medians.index)
    ax.set_xlim(-0.6, places[-1] + 0.6)
    listed = ", ".join(f"{m:.0f} % with {width}" for width, m in medians.items())
    alt = (
        f"Accuracy of {len(runs)} two-layer networks against the number of hidden "
        f"units; a line is at the linear classifier's {linear:.1%}. Medians: {listed}."
    )
    return save_figure(fig, out, name, alt=alt)


@in_style
def accuracy_by_size(
    out: str | Path, name: str, runs: Any, column_of: dict[str, str]
) -> Picture:
    """Draw Problem 4's test accuracies against the number of training images.

    `column_of` says, for each model by name, in which column its accuracies are.
    """
    fig, ax = figure(FULL, 2.3)
    ways = []
    for i, (model, column) in enumerate(column_of.items()):
        medians = 100 * runs.groupby("n_train")[column].median()
        style: dict[str, Any] = {"color": COLOURS[i], "marker": MARKERS[i]}
        line = {"lw": 1.2, "ms": 3, "markevery": []}  # the marks are the runs
        ax.plot(medians.index, medians, label=model, **line, **style)
        ax.scatter(runs["n_train"], 100 * runs[column], **style, **DOTS)
        ways.append(f"{model} from {medians.iloc[0]:.0f} to {medians.iloc[-1]:.0f} %")
    ax.set(xscale="log", xlabel="training images")
    ax.set_ylabel("accuracy on the test images (%)")
    ax.set_xticks(medians.index, [f"{n:,}".replace(",", " ") for n in medians.index])
    ax.minorticks_off()
    fig.legend(loc="outside upper right", ncols=len(ways), frameon=False)
    alt = (
        f"Test accuracy against the number of training images, from {medians.index[0]} "
        f"to {medians.index[-1]}. Medians: {'; '.join(ways)}."
    )
    return save_figure(fig, out, name, alt=alt)
