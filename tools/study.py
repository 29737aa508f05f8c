"""The sweeps that the report shows: `python -m tools.study`.

How lucky is one number? Problem 3(b) over widths and seeds, Problem 4(b) over training-set sizes and seeds. The runs
lie in report/build/study, and as in any sweep only what is missing or out of date is run.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import common
import figures
from common import ROOT
from sweep import __main__ as sweep
from tools import lock

BUILD = ROOT / "report/build"
WIDTHS = (1, 2, 3, 4, 6, 8, 16)
WIDTH_SEEDS, SIZE_SEEDS = 20, 5
SIZES = (100, 300, 1000, 3000, 10000, 30000)
ONE_NETWORK = ("seeds=0", "linear_steps=1")  # the linear classifier and the other starts are the same in each run
LUCKY = 0.925  # the accuracy of 2019's two-layer network
MODELS = {"trained": "trained_accuracy", "mean images": "template_accuracy", "with bias": "template_bias_accuracy"}


def table(notebook: str, folder: Path, *values: str) -> pd.DataFrame:
    """Run a sweep and return its table; raises RuntimeError if a run failed."""
    if sweep.main([str(ROOT / notebook), os.path.relpath(folder), *values]):
        raise RuntimeError(f"{folder}: expected all runs to end well; the lines above say which did not")
    return pd.read_csv(folder / "table.csv")


def jitter(ax: Any, places: np.ndarray, values: np.ndarray, seeds: np.ndarray, colour: str) -> None:
    """Draw a dot a run, those of one group side by side by seed."""
    aside = 0.5 * ((seeds + 0.5) / (seeds.max() + 1) - 0.5)
    ax.scatter(places + aside, 100 * values, s=11, color=colour, alpha=0.55, lw=0, zorder=3)


def width_figure(runs: pd.DataFrame, linear: float) -> None:
    """Draw the accuracy of Problem 3's two-layer network against its width, a dot a seed."""
    fig, ax = figures.figure(figures.FULL, 2.7)
    places = runs["hidden"].map({width: i for i, width in enumerate(WIDTHS)}).to_numpy()
    jitter(ax, places, runs["mlp_accuracy"].to_numpy(), runs["seed"].to_numpy(), figures.COLOURS[0])
    medians = runs.groupby("hidden")["mlp_accuracy"].median()
    spots = np.arange(len(WIDTHS))
    ax.hlines(100 * medians, spots - 0.3, spots + 0.3, color="black", lw=1.6, zorder=4)
    for level, name in ((linear, "linear (a)"), (LUCKY, "2019")):
        ax.axhline(100 * level, color=figures.COLOURS[1], lw=0.9, ls="--")
        ax.text(len(WIDTHS) - 0.4, 100 * level, name, color=figures.COLOURS[1], va="bottom", ha="right", fontsize=7)
    ax.set(xlabel="hidden units", ylabel="accuracy (%)", xticks=spots, xticklabels=WIDTHS, xlim=(-0.6, spots[-1] + 0.6))
    alt = f"""Accuracy of {len(runs)} two-layer networks against their width, {WIDTH_SEEDS} seeds each. Medians:
{", ".join(f"{width} units {100 * m:.0f} %" for width, m in medians.items())}. Narrow networks scatter widely."""
    figures.save_figure(fig, BUILD, "study_width", alt=" ".join(alt.split()))


def size_figure(runs: pd.DataFrame) -> None:
    """Draw the test accuracy of Problem 4's classifiers against the number of training images, a dot a seed."""
    fig, ax = figures.figure(figures.FULL, 2.2)
    for colour, (name, column) in zip(figures.COLOURS, MODELS.items(), strict=False):
        medians = runs.groupby("n_train")[column].median()
        ax.plot(medians.index, 100 * medians, color=colour, lw=1.2)
        ax.scatter(runs["n_train"], 100 * runs[column], s=11, color=colour, alpha=0.55, lw=0, zorder=3)
        ax.annotate(name, (medians.index[-1], 100 * medians.iloc[-1]), (0, 5), textcoords="offset points", color=colour,
                    ha="right", va="bottom", fontsize=7)  # fmt: skip
    ax.set(xscale="log", xlabel="training images", ylabel="accuracy on the test images (%)", ylim=(None, 98))
    ax.set_xticks(medians.index, [f"{n:,}".replace(",", " ") for n in medians.index])
    ax.minorticks_off()
    alt = f"""Test accuracy against the number of training images, {SIZE_SEEDS} seeds each. The mean images gain nothing
after a few hundred images; the trained weights rise from {100 * runs["trained_accuracy"].min():.0f} to
{100 * runs["trained_accuracy"].max():.0f} %."""
    figures.save_figure(fig, BUILD, "study_size", alt=" ".join(alt.split()))


def spread(values: pd.Series) -> dict[str, float]:
    """Return min, median and max."""
    return {"min": values.min(), "median": values.median(), "max": values.max()}


def widths(linear: float) -> dict[str, Any]:
    """Run and draw Problem 3 over widths and seeds, and show one network that failed on a dead unit."""
    runs = table("problem3_mlp.ipynb", BUILD / "study/width", f"hidden={','.join(map(str, WIDTHS))}",
                 f"seed=0:{WIDTH_SEEDS}", *ONE_NETWORK)  # fmt: skip
    width_figure(runs, linear)
    runs["failed"], runs["lucky"] = runs["mlp_accuracy"] <= linear, runs["mlp_accuracy"] >= LUCKY
    found = {
        str(width): spread(g["mlp_accuracy"])
        | {"failed": int(g["failed"].sum()), "lucky": int(g["lucky"].sum()), "dead": int((g["dead_units"] > 0).sum())}
        for width, g in runs.groupby("hidden")
    }
    failed = runs[runs["failed"] & (runs["hidden"] > 1)]  # one unit is too few in any case
    crippled = failed[failed["hidden"] - failed["dead_units"] == 1]
    if crippled.empty:
        raise RuntimeError("expected a run that failed for its dead units, found none to show; take other seeds")
    dead = crippled.iloc[-1]
    show_dead(int(dead["hidden"]), int(dead["seed"]))
    keys = ("hidden", "seed", "mlp_accuracy", "dead_units")
    return {"width": found, "widths": ", ".join(map(str, WIDTHS)), "width_seeds": WIDTH_SEEDS,
            "failed": len(failed), "failed_dead": int((failed["dead_units"] > 0).sum()), "runs": len(runs),
            "dead": {key: dead[key].item() for key in keys}}  # fmt: skip


def show_dead(hidden: int, seed: int) -> None:
    """Let the notebook draw one run's decision regions, and keep that figure as study_dead."""
    folder = BUILD / "study/dead"
    table("problem3_mlp.ipynb", folder, f"hidden={hidden}", f"seed={seed}", *ONE_NETWORK, "--keep-notebooks")
    (run,) = (folder / "runs").glob(f"hidden={hidden},seed={seed},*")
    for kind in ("pdf", "png"):
        shutil.copy(run / f"figures/problem3_mlp.{kind}", BUILD / f"figures/study_dead.{kind}")


def sizes() -> dict[str, Any]:
    """Run and draw Problem 4 over training-set sizes and seeds."""
    every = len(common.read_mnist(common.find_mnist()).x_train)
    chosen = [n for n in SIZES if n < every] + [every]
    runs = table("problem4_mnist.ipynb", BUILD / "study/size", f"n_train={','.join(map(str, chosen))}",
                 f"seed=0:{SIZE_SEEDS}", "yardstick=false")  # fmt: skip
    size_figure(runs)
    groups = runs.groupby("n_train")
    found = {str(n): {name.replace(" ", "_"): spread(g[column]) for name, column in MODELS.items()} for n, g in groups}
    middle = min(chosen, key=lambda n: abs(np.log(n / every * 10)))
    few = {"least": found[str(chosen[0])], "tenth": found[str(middle)], "all": found[str(every)]}
    return {"size": found, "sizes": ",".join(map(str, chosen)), "size_seeds": SIZE_SEEDS, "size_runs": len(runs),
            "size_few": few, "size_least": chosen[0], "size_tenth": middle}  # fmt: skip


def main() -> int:
    """Run both sweeps, draw them and write their numbers."""
    began = time.perf_counter()
    linear = json.loads((BUILD / "results/problem3_mlp.json").read_text())["linear_accuracy"]
    try:
        with lock.hold(BUILD / "study/.lock"):
            results = widths(linear) | sizes() | {"lucky_level": LUCKY}
    except (RuntimeError, common.DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    results["provenance"] = common.provenance(None, {}, began)
    common.write_results(BUILD / "results/study.json", results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
