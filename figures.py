"""Figures: one style, printed size, and saved the same bytes every time.

A figure is a `matplotlib.figure.Figure` of its own, never pyplot's current one, so MPLBACKEND changes nothing.
Letters as in common.py. Sizes are inches: 6.4 is the full width of the report's text, 3.2 half of it.
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

ROOT = Path(__file__).resolve().parent
matplotlib.style.use(ROOT / "report/figures.mplstyle")

FULL, HALF = 6.4, 3.2
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
VALUE, GRADIENT, QUIET = "#0072B2", "#B8420A", "#555555"


@dataclass
class Picture:
    """A saved figure: a notebook shows it, with its alt text, whatever the backend."""

    path: Path
    alt: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        if not self.path.exists():  # a sweep draws none
            return {"text/plain": self.alt}, {}
        return {"image/png": self.path.read_bytes()}, {"image/png": {"alt": self.alt}}


def figure(width: float = FULL, height: float = 2.4, **subplots: Any) -> tuple[Figure, Any]:
    """Return a new figure and its axes; `subplots` goes to `Figure.subplots`."""
    fig = Figure(figsize=(width, height))
    return fig, fig.subplots(**subplots)


def skipped() -> bool:
    """Tell whether no figure is to be saved: a sweep sets SKIP_FIGURES, for it wants the numbers only."""
    return "SKIP_FIGURES" in os.environ


def save_figure(fig: Figure, out: str | Path, name: str, *, alt: str) -> Picture:
    """Save `out`/figures/`name`.pdf and .png, without dates, and return the picture to show.

    The alt text says in words what a reader who cannot see it would miss; it travels inside both files.
    Raises ValueError when it is missing. Saves nothing where figures are skipped.
    """
    if len(alt.split()) < 4:
        raise ValueError(f"figure {name!r}: expected an alt text of at least 4 words, found {alt!r}")
    stem = Path(out) / "figures" / name
    if skipped():
        return Picture(Path(f"{stem}.png"), alt)
    stem.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(f"{stem}.pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None, "Subject": alt})
    fig.savefig(f"{stem}.png", metadata={"Software": None, "Description": alt})
    return Picture(Path(f"{stem}.png"), alt)


def curve(ax: Axes, values: Sequence[float], label: str, *, colour: str = COLOURS[0], name: str = "") -> None:
    """Draw a quantity against the iteration; `name`, if given, is written at the end of the line."""
    ax.plot(values, color=colour)
    ax.set(xlabel="iteration", ylabel=label)
    ax.margins(x=0.01)
    if name:
        spot = (len(values) - 1, max(values[-len(values) // 4 :]))  # above all of the curve that is under the name
        ax.annotate(name, spot, (0, 3), textcoords="offset points", color=colour,
                    ha="right", va="bottom", fontsize=7)  # fmt: skip


def scatter(ax: Axes, x: np.ndarray, labels: np.ndarray, size: float = 14) -> None:
    """Draw points in the plane: a class is a colour and a marker."""
    for k in range(labels.max() + 1):
        style: dict[str, Any] = {
            "c": COLOURS[k % 6],
            "marker": MARKERS[k % 6],
            "edgecolors": "white",
            "linewidths": 0.4,
        }
        ax.scatter(x[labels == k, 0], x[labels == k, 1], s=size, label=f"class {k}", zorder=3, **style)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")


def ring(ax: Axes, x: np.ndarray, label: str) -> None:
    """Draw a ring around points."""
    ax.scatter(x[:, 0], x[:, 1], s=44, facecolors="none", edgecolors="black", linewidths=0.7, zorder=4, label=label)


def class_legend(fig: Figure, ax: Axes) -> None:
    """Put the legend of an axes' classes and rings under the whole figure, where it covers no point."""
    handles, names = ax.get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False, handletextpad=0.1,
               columnspacing=0.9)  # fmt: skip


def decision_regions(ax: Axes, predict: Callable[[np.ndarray], np.ndarray], x: np.ndarray, labels: np.ndarray) -> None:
    """Colour the plane by the predicted class and draw the points on it."""
    scatter(ax, x, labels)
    ax.grid(False)
    if skipped():  # these regions would be a fifth of a sweep's run of Problem 3
        return
    low, high = x.min(axis=0), x.max(axis=0)
    pad = 0.08 * (high - low).max()
    grid_x, grid_y = (np.linspace(low[i] - pad, high[i] + pad, 400) for i in range(2))
    grid = np.stack(np.meshgrid(grid_x, grid_y), axis=-1)
    regions = predict(grid.reshape(-1, 2)).reshape(400, 400)
    K = labels.max() + 1
    ax.contourf(grid_x, grid_y, regions, levels=np.arange(K + 1) - 0.5, colors=(COLOURS * 2)[:K], alpha=0.16)
    ax.contour(grid_x, grid_y, regions, levels=np.arange(1, K) - 0.5, colors="white", linewidths=1.2)


def creases(ax: Axes, W: np.ndarray, b: np.ndarray) -> None:
    """Draw where each hidden unit of a ReLU layer, a row of W (M, 2) and of b (M,), begins to speak: w x + b = 0."""
    limits = ax.axis()
    for w, offset in zip(W, b, strict=True):
        foot = -offset * w / (w @ w)  # the line's nearest point to the origin
        ax.axline(foot, foot + np.array([-w[1], w[0]]), color="#888888", lw=0.5, ls=(0, (4, 3)), zorder=2)
    ax.axis(limits)


def image_row(ax: Axes, images: np.ndarray, names: Sequence[Any] = (), limit: float | None = None) -> AxesImage:
    """Draw images (n, height, width) side by side on one axes, all on the same scale, `names` below.

    Ink is black. With `limit` they are signed: blue speaks against, red for, white is zero. One axes, since an axes an
    image takes ten times as long.
    """
    n, height, width = images.shape
    ax.set_xticks(width * (np.arange(len(names)) + 0.5) - 0.5, [str(name) for name in names])
    ax.set_yticks([])
    ax.tick_params(length=0)
    ax.grid(False)
    ax.vlines(width * np.arange(1, n) - 0.5, -0.5, height - 0.5, colors="#CCCCCC", lw=0.6)
    ax.spines[:].set(visible=True, color="#CCCCCC")
    style: dict[str, Any] = {"cmap": "gray_r", "vmin": 0}
    if limit is not None:
        style = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    return ax.imshow(np.hstack(list(images)), interpolation="nearest", **style)


def template_row(ax: Axes, images: np.ndarray, title: str, *, signed: bool = False) -> None:
    """Draw a row of images with a title at its left, and a colour bar at its right if they are signed.

    Signed images are cut off at their 99.5th percentile, lest one bright pixel pales all others.
    """
    limit = float(np.percentile(np.abs(images), 99.5)) if signed else None
    shown = image_row(ax, images, limit=limit)
    ax.set_ylabel(title)
    if limit is not None:
        bar = ax.figure.colorbar(shown, ax=ax, shrink=0.8, aspect=10, pad=0.01, ticks=[-limit, 0, limit])
        bar.ax.set_yticklabels([f"−{limit:.2g}", "0", f"+{limit:.2g}"])
        bar.outline.set_visible(False)


def confusion_matrix(ax: Axes, counts: np.ndarray) -> None:
    """Draw how often a true class (row) was called each class (column); the colour leaves out the diagonal."""
    mistakes = counts * (1 - np.eye(len(counts)))
    ax.imshow(mistakes, cmap="Oranges", vmax=max(mistakes.max(), 1) * 1.3)
    for (true, said), n in np.ndenumerate(counts):
        right = true == said
        ax.text(said, true, n, ha="center", va="center", fontsize=6.5, color="#222222" if n else "#BBBBBB",
                weight="bold" if right else "normal")  # fmt: skip
    ax.set(xlabel="predicted digit", ylabel="true digit", xticks=range(len(counts)), yticks=range(len(counts)))
    ax.grid(False)


# Where each node of Problem 1's graph stands (column, row) and what is written in it: drawn by hand, for no
# automatic layout puts the data's path above the penalty's.
GRAPH_NODES = {
    "x1": (0, 4.8, "$x_1$"), "x2": (0, 3.3, "$x_2$"), "w1": (0, 1.8, "$w_1$"), "w2": (0, 0.3, "$w_2$"),
    "m1": (1.5, 4.6, "×"), "m2": (1.5, 3.0, "×"), "z": (2.75, 3.85, "+"), "n": (3.8, 3.85, "×−1"),
    "e": (4.8, 3.85, "exp"), "d": (5.8, 3.85, "+1"), "s": (6.8, 3.85, "1/d"), "q1": (2.75, 1.8, "$(\\cdot)^2$"),
    "q2": (2.75, 0.3, "$(\\cdot)^2$"), "q": (4.2, 1.05, "+"), "r": (5.75, 1.05, "×½"), "f": (7.7, 2.3, "+"),
}  # fmt: skip
GRAPH_EDGES = ("x1 m1", "w1 m1", "x2 m2", "w2 m2", "m1 z", "m2 z", "z n", "n e", "e d", "d s", "s f",
               "w1 q1", "w2 q2", "q1 q", "q2 q", "q r", "r f")  # fmt: skip
# where along an edge its number is free of others
GRAPH_SPOTS = {"w1 m1": 0.3, "w2 m2": 0.72, "m1 z": 0.32, "m2 z": 0.6, "x2 m2": 0.6}


def draw_graph(ax: Axes, values: dict[str, float], gradients: dict[str, float]) -> None:
    """Draw Problem 1's computation graph with the numbers that the code computed.

    `values` has an entry a node. `gradients` has d<node> for each node, and d<node>_<next> for the share that comes
    back along one edge of a node with two. Values stand above in blue, gradients below in red, edges carry shares.
    """
    place = {name: np.array(spot[:2]) for name, spot in GRAPH_NODES.items()}
    paper = {"fc": "white", "ec": "none", "pad": 0.5}
    for source, target in map(str.split, GRAPH_EDGES):
        arrow = {"arrowstyle": "-|>", "color": "#999999", "lw": 0.9, "shrinkA": 11, "shrinkB": 11, "mutation_scale": 7}
        ax.annotate("", tuple(place[target]), tuple(place[source]), arrowprops=arrow)
        share = gradients.get(f"d{source}_{target}", gradients[f"d{source}"])
        spot = place[source] + GRAPH_SPOTS.get(f"{source} {target}", 0.5) * (place[target] - place[source])
        ax.text(
            spot[0], spot[1], _number(share), color=GRADIENT, fontsize=6, ha="center", va="center", bbox=paper, zorder=3
        )
    for name, (column, row, symbol) in GRAPH_NODES.items():
        title = "" if name[0] in "xw" else f"${name[0]}_{{{name[1:]}}}$ = "
        ax.scatter(column, row, s=430, c="white" if title else "#DCEAF4", edgecolors="#333333", lw=0.9, zorder=4)
        ax.text(column, row, symbol, ha="center", va="center", fontsize=8, zorder=5)
        for side, text, colour in (
            (1, title + _number(values[name]), VALUE),
            (-1, _number(gradients[f"d{name}"]), GRADIENT),
        ):
            aside = side > 0 and name == "f"  # where an edge comes in from above
            ax.text(column - 0.12 * aside, row + 0.37 * side, text, color=colour, fontsize=7, bbox=paper, zorder=4,
                    ha="left" if aside else "center", va="bottom" if side > 0 else "top")  # fmt: skip
    ax.set(xlim=(-0.45, 8.45), ylim=(-0.5, 5.6))
    ax.axis("off")


def _number(value: float) -> str:
    """Write a number with four decimals and a true minus sign."""
    return f"{value:.4f}".replace("-", "−")
