"""The picture of a sweep: one of the results against a swept parameter, with its spread."""

import difflib
import itertools
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
import pandas as pd
from matplotlib.figure import Figure

from sweep.sources import ROOT
from sweep.table import REPEATED, is_number

STYLE = ROOT / "report/figures.mplstyle"  # used if it is there
SIZE = (6.4, 3.2)  # inches
X_SPAN, Y_SPAN = 8, 100  # largest over smallest value, from which an axis is logarithmic
MOST_TICKS = 12  # values that are all written under a logarithmic axis
LEGEND = "dots: runs; line: their median; band: the middle half of them"


def axes(swept: dict[str, list[Any]]) -> list[str]:
    """Return the parameters with several values; the first one is drawn along the axis.

    The seed comes last. Raises ValueError if there is none.
    """
    several = [name for name, values in swept.items() if len(values) > 1]
    if not several:
        raise ValueError("--plot needs a parameter with several values to plot against")
    return sorted(several, key=lambda name: name == REPEATED)


def plot(numbers: pd.DataFrame, swept: dict[str, list[Any]], result: str, out: Path) -> None:
    """Draw a result into plot.pdf and plot.png in the folder `out`.

    `numbers` has a row for each run. Raises ValueError if there is no such result.
    """
    names = [name for name in numbers if name not in swept]
    if result not in names:
        near = difflib.get_close_matches(result, names, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        listed = ", ".join(names)
        raise ValueError(f"--plot: no number is called {result!r}; {hint}There are {listed}")
    # Over matplotlib's own defaults: not those of the user's matplotlibrc.
    with matplotlib.style.context(STYLE if STYLE.is_file() else {}, after_reset=True):
        figure = draw(numbers.dropna(subset=result), swept, result)
        alt = f"{result} against {axes(swept)[0]}: {LEGEND}"
        figure.savefig(out / "plot.pdf", metadata={"CreationDate": None, "Subject": alt})
        figure.savefig(out / "plot.png", metadata={"Description": alt})


def draw(numbers: pd.DataFrame, swept: dict[str, list[Any]], result: str) -> Figure:
    """Return a figure of a result, with a line for each combination of the other parameters."""
    x, *others = axes(swept)
    others = [name for name in others if name != REPEATED]
    values = swept[x]
    is_numeric = all(map(is_number, values))
    numbers = numbers.astype({x: float if is_numeric else str})
    figure = Figure(figsize=SIZE, layout="constrained")
    ax = figure.subplots()
    ax.set_title(LEGEND, loc="left", fontsize="small", fontweight="normal")
    ax.set(xlabel=x, ylabel=result, yscale=scale(numbers[result], Y_SPAN))
    colours = itertools.cycle(matplotlib.rcParams["axes.prop_cycle"].by_key()["color"])
    for key, line in numbers.groupby(others, sort=False) if others else [((), numbers)]:
        label = ", ".join(f"{name} = {value}" for name, value in zip(others, key, strict=True))
        colour = next(colours)
        ax.scatter(line[x], line[result], s=8, color=colour, alpha=0.5, lw=0)
        middle = line.groupby(x, sort=is_numeric)[result].describe()
        ax.plot(middle.index, middle["50%"], color=colour, label=label)
        ax.fill_between(middle.index, middle["25%"], middle["75%"], color=colour, alpha=0.2, lw=0)
    if is_numeric and scale(values, X_SPAN) == "log":
        ax.set_xscale("log")
        if len(values) <= MOST_TICKS:
            ax.set_xticks(values, map(str, values))
            ax.minorticks_off()
    if others:
        figure.legend(loc="outside right upper")
    return figure


def scale(values: Any, ratio: float) -> str:
    """Return "log" for positive values of which the largest is at least `ratio` times the least."""
    return "log" if min(values) > 0 and max(values) >= ratio * min(values) else "linear"
