"""The sweeps that the report shows: `python -m tools.study`.

How much does luck matter? Problem 3(b) over widths and seeds, Problem 4(b) over training-set sizes
and seeds. The runs lie in report/build/study; as in any sweep, only what is missing or out of date
is run.
"""

import json
import os
import shutil
import sys
import time
from typing import Any

import numpy as np
import pandas as pd

import figures
from common import ROOT, DataError, find_mnist, read_mnist
from results import Results
from sweep.__main__ import main as run_sweep
from sweep.engine import ONE_CORE

BUILD = ROOT / "report/build"
WIDTHS = (1, 2, 3, 4, 6, 8, 16)
WIDTH_SEEDS = range(20)
ONE_NETWORK = ("seeds=0", "linear_steps=1")  # leave out what is the same in each run
SIZES = (100, 300, 1000, 3000, 10000, 30000)  # and all images
SIZE_SEEDS = range(5)
LUCKY = 0.925  # the accuracy of the two-layer network of 2019
MODELS = {  # a name in the figure and the column of its accuracies
    "trained": "trained_accuracy",
    "mean images": "template_accuracy",
    "with bias": "template_bias_accuracy",
}


def sweep(notebook: str, name: str, *arguments: str) -> pd.DataFrame:
    """Run a sweep into report/build/study/`name` and return its table.

    Raises RuntimeError if a run failed.
    """
    folder = BUILD / "study" / name
    if run_sweep([str(ROOT / notebook), os.path.relpath(folder), *arguments]) != 0:
        raise RuntimeError("a run of the study failed; the lines above say which and why")
    return pd.read_csv(folder / "table.csv")


def listed(values: Any) -> str:
    """Return values as a sweep takes them: 1,2,3."""
    return ",".join(map(str, values))


def spread(values: pd.Series) -> dict[str, float]:
    """Return minimum, median and maximum."""
    return {"min": values.min(), "median": values.median(), "max": values.max()}


def study_widths(linear: float) -> dict[str, Any]:
    """Run and draw Problem 3 over widths and seeds, beside the linear classifier's accuracy."""
    seeds = f"seed={listed(WIDTH_SEEDS)}"
    runs = sweep("problem3_mlp.ipynb", "width", f"hidden={listed(WIDTHS)}", seeds, *ONE_NETWORK)
    levels = {"linear (a)": linear, "2019": LUCKY}
    figures.accuracy_by_width(BUILD, "study_width", runs, levels)
    runs["failed"] = runs["mlp_accuracy"] <= linear
    runs["lucky"] = runs["mlp_accuracy"] >= LUCKY
    runs["dead"] = runs["dead_units"] > 0
    by_width = {}
    for width, group in runs.groupby("hidden"):
        counts = {name: int(group[name].sum()) for name in ("failed", "lucky", "dead")}
        by_width[str(width)] = spread(group["mlp_accuracy"]) | counts
    failed = runs[runs["failed"] & (runs["hidden"] > 1)]  # one unit is too few in any case
    return {
        "width": by_width,
        "widths": ", ".join(map(str, WIDTHS)),
        "width_seeds": len(WIDTH_SEEDS),
        "failed": len(failed),
        "failed_dead": int(failed["dead"].sum()),
        "runs": len(runs),
        "dead": show_dead(failed),
        "lucky_level": LUCKY,
    }


def show_dead(failed: pd.DataFrame) -> dict[str, Any]:
    """Choose a network that failed because all but one of its units were dead, and keep its figure.

    The notebook draws its decision regions, which become the figure study_dead.
    """
    crippled = failed[failed["hidden"] - failed["dead_units"] == 1]
    if crippled.empty:
        raise RuntimeError("no run failed because its units were dead; choose other seeds")
    run = crippled.iloc[-1]
    values = [f"hidden={run['hidden']}", f"seed={run['seed']}"]
    sweep("problem3_mlp.ipynb", "dead", *values, *ONE_NETWORK, "--keep-notebooks")
    (folder,) = (BUILD / "study/dead/runs").glob(f"{','.join(values)},*")
    for kind in ("pdf", "png"):
        shutil.copy(folder / f"figures/problem3_mlp.{kind}", BUILD / f"figures/study_dead.{kind}")
    return {key: run[key].item() for key in ("hidden", "seed", "mlp_accuracy", "dead_units")}


def study_sizes() -> dict[str, Any]:
    """Run and draw Problem 4 over training-set sizes and seeds."""
    every = len(read_mnist(find_mnist()).x_train)
    sizes = [size for size in SIZES if size < every] + [every]
    seeds = f"seed={listed(SIZE_SEEDS)}"
    values = [f"n_train={listed(sizes)}", seeds, "yardstick=false"]
    runs = sweep("problem4_mnist.ipynb", "size", *values)
    figures.accuracy_by_size(BUILD, "study_size", runs, MODELS)
    by_size = {}
    for size, group in runs.groupby("n_train"):
        spreads = {name.replace(" ", "_"): spread(group[MODELS[name]]) for name in MODELS}
        by_size[str(size)] = spreads
    tenth = min(sizes, key=lambda size: abs(np.log(size / every * 10)))
    few = {"least": sizes[0], "tenth": tenth, "all": every}
    return {
        "size": by_size,
        "sizes": listed(sizes),
        "size_seeds": len(SIZE_SEEDS),
        "size_runs": len(runs),
        "size_few": {name: by_size[str(size)] for name, size in few.items()},
        "size_least": sizes[0],
        "size_tenth": tenth,
    }


def main() -> int:
    """Run both sweeps, draw them and write their numbers."""
    began = time.time()
    os.environ |= ONE_CORE  # as in every run, even if all runs are there already
    numbers = Results()
    problem3 = json.loads((BUILD / "results/problem3_mlp.json").read_text(encoding="utf-8"))
    try:
        numbers.record(**study_widths(problem3["linear_accuracy"]), **study_sizes())
    except (RuntimeError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    unfinished = BUILD / "study/results.json"
    numbers.write(unfinished)
    os.utime(unfinished, (began, began))  # older than a source that changed while it ran
    unfinished.replace(BUILD / "results/study.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
