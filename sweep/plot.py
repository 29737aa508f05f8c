"""The picture of a sweep: one of the results against a swept parameter, with its spread."""

import difflib
import itertools
import math
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweep.sources import ROOT
from sweep.table import REPEATED, is_number

STYLE = ROOT / "report/figures.mplstyle"  # used if it is there
SIZE = (6.4, 3.2)  # inches
X_SPAN, Y_SPAN = 8, 100  # largest over smallest value, from which an axis is logarithmic
MOST_TICKS = 12  # values that are all written under the axis
SPREAD = 0.2  # of the smallest gap between values: the width over which a value's dots are spread
LABEL_HEIGHT = 0.07  # of the axis: the least distance between two labels
X, Y = "x axis", "y axis"  # columns; no parameter is called so
LEGEND = "dots: runs; line: their median; band: the middle half of them"


def choose(choice: str, swept: dict[str, list[Any]]) -> tuple[str, str]:
    """Return the result and the parameter that `RESULT` or `RESULT:PARAMETER` names.

    The default is the first parameter with several values, the seed last. Raises ValueError.
    """
    result, colon, name = choice.partition(":")
    several = [name for name, values in swept.items() if len(values) > 1]
    several.sort(key=lambda name: name == REPEATED)
    if not several:
        raise ValueError("--plot needs a parameter with several values to plot against")
    if colon and name not in several:
        raise ValueError(
            f"--plot cannot use {name!r}; parameters with several values: {', '.join(several)}"
        )
    return result, name if colon else several[0]


def plot(numbers: pd.DataFrame, swept: dict[str, list[Any]], choice: str, out: Path) -> None:
    """Draw what `choice` names into plot.pdf and plot.png in the folder `out`.

    `numbers` has a row for each run. Raises ValueError if there is no such result.
    """
    result, x = choose(choice, swept)
    names = [name for name in numbers if name not in swept]
    if result not in names:
        near = difflib.get_close_matches(result, names, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        names_text = ", ".join(names)
        raise ValueError(f"--plot: no number is called {result!r}; {hint}There are {names_text}")
    with matplotlib.style.context(STYLE if STYLE.is_file() else {}):
        figure = draw(numbers.dropna(subset=result), swept, result, x)
        alt = f"{result} against {x}: {LEGEND}"
        figure.savefig(out / "plot.pdf", metadata={"CreationDate": None, "Subject": alt})
        figure.savefig(out / "plot.png", metadata={"Description": alt})


def draw(runs: pd.DataFrame, swept: dict[str, list[Any]], result: str, x: str) -> Figure:
    """Return a figure of a result against the parameter `x`, a line per set of the others."""
    others = [name for name in swept if name not in (x, REPEATED) and len(swept[name]) > 1]
    place = dict(zip(swept[x], places(swept[x]), strict=True))
    runs = runs.assign(**{X: runs[x].map(place).astype(float), Y: runs[result]})
    figure = Figure(figsize=SIZE, layout="constrained")
    ax = figure.subplots()
    ax.set(xlabel=x, ylabel=result, yscale="log" if spans(runs[Y], Y_SPAN) else "linear")
    ax.set_title(LEGEND, loc="left", fontsize="small", fontweight="normal")
    shown = swept[x][:: math.ceil(len(place) / MOST_TICKS)]
    ax.set_xticks([place[value] for value in shown], [str(value) for value in shown])
    width = SPREAD * np.diff(sorted(place.values())).min()
    colours = itertools.cycle(matplotlib.rcParams["axes.prop_cycle"].by_key()["color"])
    labels = []
    for values, line in runs.groupby(others, sort=False) if others else [((), runs)]:
        name = ", ".join(f"{n} = {value}" for n, value in zip(others, values, strict=True))
        colour = next(colours)
        labels.append((draw_line(ax, line, width, colour), name, colour))
    if others:
        add_labels(ax, labels)
    return figure


def places(values: list[Any]) -> list[float]:
    """Return where values lie on the axis: numbers by size or its logarithm, others in a row."""
    if not all(map(is_number, values)):
        return list(range(len(values)))
    return [math.log10(value) for value in values] if spans(values, X_SPAN) else values


def spans(values: Any, ratio: float) -> bool:
    """Return True for positive values, the largest at least `ratio` times the smallest."""
    return min(values) > 0 and max(values) >= ratio * min(values)


def draw_line(ax: Axes, runs: pd.DataFrame, width: float, colour: str) -> float:
    """Draw one line with its dots and its band; return the height of its end."""
    number = runs.groupby(X).cumcount()
    aside = width * ((number + 0.5) / (number.max() + 1) - 0.5)
    ax.scatter(runs[X] + aside, runs[Y], s=8, color=colour, alpha=0.5, lw=0)
    middle = runs.groupby(X)[Y].quantile([0.25, 0.5, 0.75]).unstack()
    ax.fill_between(middle.index, middle[0.25], middle[0.75], color=colour, alpha=0.2, lw=0)
    ax.plot(middle.index, middle[0.5], color=colour)
    return middle[0.5].iloc[-1]


def add_labels(ax: Axes, labels: list[tuple[float, str, str]]) -> None:
    """Write each line's name at its end, none over another; a label is height, name and colour."""
    right = ax.get_xlim()[1]
    ends = [ax.transLimits.transform(ax.transScale.transform((right, y)))[1] for y, *_ in labels]
    heights = apart(ends)
    for height, (_, name, colour) in zip(heights, labels, strict=True):
        place = ((1, height), (4, 0), "axes fraction", "offset points")
        ax.annotate(name, *place, color=colour, va="center", fontsize="small")


def apart(ends: list[float]) -> list[float]:
    """Return the heights, moved down until no two labels overlap and none is above the axis."""
    heights = list(ends)
    ceiling = 1.0
    for i in np.argsort(ends, kind="stable")[::-1]:  # from the top
        heights[i] = min(heights[i], ceiling)
        ceiling = heights[i] - LABEL_HEIGHT
    return heights
