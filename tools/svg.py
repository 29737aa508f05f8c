"""Figures for the screen: what a notebook saved is drawn again as SVG, once more for a phone.

A phone is half as wide as a page of paper. There, the panels of a figure stand below each other;
and a figure that would become too crowded is cut in two. No text is smaller than 7 pt or fainter
than a contrast of 4.5. In the notebook, this drawing would cost a tenth of its time, so only the
figure is kept.
"""

import io
import math
import pickle
import re
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from figures import in_style

NARROW = 3.8  # inches, on a phone of 390 pixels
SMALLEST = 7.0  # points, of a text
CONTRAST = 4.5  # of a text on white, at least
DARKER = 0.95  # a step towards it
LEGEND_COLUMNS = 4  # on a phone
LEGEND_ROW = 0.2  # inches
LABELS = 0.35  # inches below a row of images, for what is written there
TWICE = 7.0  # inches, of a figure that is cut in two
SHARED = 0.06  # of its width: what either half may have beyond the middle
MARGIN = 0.05  # inches beside it
STEP = 0.01  # inches, between places to cut
THUMBNAIL = (4.2, 2.2)  # inches
DIGITS = 2  # of a coordinate in points

Edges = tuple[float, float]  # left and right, in inches


def load(path: Path, smallest: float = 0) -> Figure:
    """Return a figure that a notebook of ours saved, without texts smaller than `smallest` points.

    Raises OSError.
    """
    fig = pickle.loads(path.read_bytes())
    FigureCanvasAgg(fig)
    for text in fig.findobj(Text):
        text.set_fontsize(max(float(text.get_fontsize()), smallest))
        text.set_color(darkened(np.array(to_rgb(text.get_color()))))
    return fig


def darkened(colour: Any) -> Any:
    """Return a colour (3,), darker if it would be too faint on white."""
    while contrast_with_white(colour) < CONTRAST:
        colour = DARKER * colour
    return colour


def contrast_with_white(srgb: Any) -> float:
    """Return the contrast of a colour (3,) with white, 1 to 21 (WCAG 2)."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return 1.05 / (float(linear @ [0.2126, 0.7152, 0.0722]) + 0.05)


@in_style
def wide(path: Path) -> str:
    """Return a saved figure as SVG, as wide as on paper."""
    fig = load(path)
    if fig.get_figwidth() <= NARROW:  # on a phone too
        fig = load(path, SMALLEST)
    return svg(fig, path.stem)


@in_style
def narrow(path: Path) -> list[str]:
    """Return a saved figure for a phone: one SVG, two if it was cut, none if it needs no change."""
    fig = load(path, SMALLEST)
    if fig.get_figwidth() <= NARROW:
        return []
    stack(fig)
    settle(fig)
    if not crowded(fig):
        return [svg(fig, f"{path.stem}-narrow")]
    fig = load(path, SMALLEST)
    width, height = fig.get_size_inches()
    fig.set_size_inches(TWICE, height * TWICE / width)
    settle(fig)
    halves = zip(("left", "right"), middle(fig), strict=True)
    return [svg(fig, f"{path.stem}-{side}", edges) for side, edges in halves]


def stack(fig: Figure) -> None:
    """Make a figure narrow: put its panels below each other, two in a row if there are many."""
    spec_of = {ax: spec for ax in fig.axes if (spec := ax.get_subplotspec())}
    shown = [ax for ax in spec_of if ax.axison] or list(spec_of)
    before = spec_of[shown[0]].get_gridspec()
    ratio = NARROW / fig.get_figwidth()
    columns = max(1, round(before.ncols * ratio))
    rows = math.ceil(len(shown) / columns)
    growth = ratio * before.ncols / columns  # of a panel's width
    height = fig.get_figheight() / before.nrows
    if is_row_of_images(shown[0]):
        height = growth * (height - LABELS) + LABELS
    elif before.ncols > 1:
        height = growth * height
    grid = GridSpec(rows, columns, figure=fig)
    for place, ax in enumerate(shown):
        ax.set_subplotspec(grid[place])
        ax.tick_params(labelleft=True, labelbottom=True)
    lines = sum(narrow_legend(fig, legend) for legend in list(fig.legends))
    fig.set_size_inches(NARROW, rows * height + LEGEND_ROW * lines)


def is_row_of_images(ax: Axes) -> bool:
    """Return whether a panel shows images."""
    return bool(ax.images)


def narrow_legend(fig: Figure, legend: Any) -> int:
    """Give the figure's legend fewer columns; return how many lines that adds."""
    names = [text.get_text() for text in legend.get_texts()]
    handles = legend.legend_handles
    legend.remove()
    style: dict[str, Any] = {"frameon": False, "handletextpad": 0.1, "columnspacing": 0.9}
    columns = min(len(names), LEGEND_COLUMNS)
    fig.legend(handles, names, loc="outside lower center", ncols=columns, **style)
    return math.ceil(len(names) / columns) - 1


def settle(fig: Figure) -> None:
    """Lay a figure out, once: then its ticks are known, and where everything is."""
    fig.draw_without_rendering()
    fig.set_layout_engine("none")


def written(fig: Figure) -> list[Text]:
    """Return the texts that are shown."""
    texts = [text for legend in fig.legends for text in legend.get_texts()]
    for ax in fig.axes:
        texts += ax.texts
        for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            texts += [axis.label, *(tick.label1 for tick in ticks)]
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def boxes(fig: Figure, artists: Sequence[Artist]) -> list[Bbox]:
    """Return where some things are in the figure, in inches."""
    inches = fig.dpi_scale_trans.inverted()
    return [artist.get_window_extent().transformed(inches) for artist in artists]


def crowded(fig: Figure) -> bool:
    """Return whether texts run into each other."""
    return any(a.overlaps(b) for a, b in combinations(boxes(fig, written(fig)), 2))


def middle(fig: Figure) -> tuple[Edges, Edges]:
    """Return the left and the right half of a figure; what stands in the middle is in both.

    The cuts go through as few texts, bars and images as possible.
    """
    width = fig.get_figwidth()
    whole = boxes(fig, [*written(fig), *(bar for ax in fig.axes for bar in ax.patches)])
    for row in boxes(fig, [image for ax in fig.axes for image in ax.images]):
        borders = np.linspace(row.x0, row.x1, round(row.width / row.height) + 1)
        whole += [Bbox([(x0, row.y0), (x1, row.y1)]) for x0, x1 in pairwise(borders)]

    def cost(x: float) -> tuple[int, float]:
        """Return how much is cut at x, and how far that is from the middle."""
        return sum(box.x0 + STEP < x < box.x1 - STEP for box in whole), abs(x - width / 2)

    shared = np.arange(0, SHARED * width, STEP)
    end = min(width / 2 + shared, key=cost)
    start = min(width / 2 - shared, key=cost)
    first = min(box.x0 for box in whole) - MARGIN
    last = max(box.x1 for box in whole) + MARGIN
    return (first, end), (start, last)


def svg(fig: Figure, prefix: str, edges: Edges | None = None) -> str:
    """Return a figure, or what of it is between two edges, as an SVG for a web page.

    All names in it begin with `prefix`, since a page has several figures.
    """
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None}, facecolor="none")
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"(?s)<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text)
    text = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{prefix}-", text)
    text = re.sub(r'(?s)(?<= d=")[^"]*', rounded, text)
    left, right = edges or (0, fig.get_figwidth())
    return re.sub(r"<svg[^>]*>", opening(left, right, fig.get_figheight()), text, count=1)


def rounded(path: re.Match[str]) -> str:
    """Return a path with as many digits as a screen can show."""
    short = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.{DIGITS}f}", path[0])
    return " ".join(short.split())


def opening(left: float, right: float, height: float) -> str:
    """Return the tag that an SVG begins with; its sizes are inches."""
    view = " ".join(f"{72 * value:.6g}" for value in (left, 0, right - left, height))
    size = f"--width: {right - left:.4g}; --height: {height:.4g}"
    return f'<svg viewBox="{view}" style="{size}" aria-hidden="true" focusable="false">'


@in_style
def thumbnail(path: Path, prefix: str) -> str:
    """Return a saved figure as a small picture: its first panel, or all of its images.

    There are no numbers, no names and no frames in it.
    """
    fig = load(path)
    fig.set_layout_engine("none")
    fig.set_size_inches(THUMBNAIL)
    for legend in list(fig.legends):
        legend.remove()
    first, *others = fig.axes
    shown = [first, *others] if is_row_of_images(first) else [first]
    for place, ax in enumerate(fig.axes):
        ax.set_visible(ax in shown)
        ax.set_axis_off()
        ax.set_title("")
        ax.set_position((place / len(shown), 0, 1 / len(shown), 1))
    for text in first.texts:
        text.set_visible(float(text.get_fontsize()) > SMALLEST)
    return svg(fig, prefix)
