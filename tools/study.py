"""The sweeps that the report shows: `python -m tools.study`.

How much does luck matter? Problem 3(b) over widths and seeds, Problem 4(b) over training-set sizes
and seeds. The runs lie in report/build/study; as in any sweep, only what is missing or out of date
is run. And where would the training of Problem 4(b) end? That is computed in optimum.py.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterable
from typing import Any

import pandas as pd

import figures
from common import ROOT, DataError
from figures import with_sign
from results import Results, percent
from sweep.__main__ import main as run_sweep
from sweep.engine import ONE_CORE
from tools.optimum import study_optimum, wilson

BUILD = ROOT / "report/build"
WIDTHS = (1, 3, 4, 16)
SEEDS = range(20)
CLOSE_WIDTHS = (2, 8)  # looked at more closely, with more seeds
CLOSE_SEEDS = range(100)
ONE_NETWORK = ("seeds=0", "--skip", "part-a,check")  # without what is the same in each run
SIZES = (100, 300, 1000, 3000, 10000)  # and all images, which the notebook itself has done
SIZE_SEEDS = range(5)
ONE_TRAINING = ("yardstick=false", "--skip", "part-c,check,yardstick")
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


class Share:
    """A count of n, and the 95 % Wilson interval of the share that it stands for."""

    def __init__(self, count: float, n: float) -> None:
        self.count = int(count)
        self.n = int(n)
        self.low, self.high = wilson(self.count, self.n)

    def __str__(self) -> str:
        share = 100 * self.count / self.n
        interval = f"{100 * self.low:.0f} to {100 * self.high:.0f} %"
        return f"{self.count} of {self.n} ({share:.0f} %, interval {interval})"

    def numbers(self) -> dict[str, Any]:
        """Return the numbers for the results, and a text for a table."""
        percents = [f"{100 * share:.0f}" for share in (self.count / self.n, self.low, self.high)]
        text = f"{self.count} ({percents[0]}; {percents[1]} to {percents[2]})"
        numbers = {"count": self.count, "n": self.n, "low": self.low, "high": self.high}
        return numbers | {"text": text}


def study_widths(numbers: Results, linear: float) -> None:
    """Run and draw Problem 3 over widths and seeds, beside the linear classifier's accuracy."""
    few = over_seeds("width", WIDTHS, SEEDS)
    many = over_seeds("luck", CLOSE_WIDTHS, CLOSE_SEEDS)
    runs = pd.concat([few, many], ignore_index=True)
    runs["perfect"] = runs["mlp_accuracy"] == 1
    runs["failed"] = (runs["mlp_accuracy"] <= linear) & ~runs["perfect"]
    runs["has_dead"] = runs["dead_units"] > 0
    figures.accuracy_by_width(BUILD, "study_width", runs, linear)
    of_width = {int(width): group for width, group in runs.groupby("hidden")}
    numbers.record(
        width={str(width): width_numbers(group) for width, group in of_width.items()},
        widths=", ".join(map(str, of_width)),
        width_seeds=len(SEEDS),
        close_seeds=len(CLOSE_SEEDS),
        close_widths=" and ".join(map(str, CLOSE_WIDTHS)),
        runs=len(runs),
    )
    numbers.answer("3b luck", about_luck(of_width, linear))
    numbers.answer("3b dead", about_dead(of_width))
    failure = worst_failure(runs)
    show_network(failure)
    numbers.record(dead={key: failure[key].item() for key in ("hidden", "seed", "dead_units")})
    numbers.answer("caption study_dead", about_failure(failure, linear))


def over_seeds(name: str, widths: Iterable[int], seeds: Iterable[int]) -> pd.DataFrame:
    """Run Problem 3's network over widths and seeds and return the table."""
    values = [f"hidden={listed(widths)}", f"seed={listed(seeds)}"]
    return sweep("problem3_mlp.ipynb", name, *values, *ONE_NETWORK)


def width_numbers(runs: pd.DataFrame) -> dict[str, Any]:
    """Return what the report's table says about the runs of one width."""
    return spread(runs["mlp_accuracy"]) | {
        "runs": len(runs),
        "failed": Share(runs["failed"].sum(), len(runs)).numbers(),
        "perfect": Share(runs["perfect"].sum(), len(runs)).numbers(),
        "dead": dead_of_all(runs),
        "dead_at_start": int(runs["dead_at_start"].sum()),
    }


def dead_of_all(runs: pd.DataFrame) -> str:
    """Write how many units are dead, and their share (the units of a network are no sample)."""
    dead = runs["dead_units"].sum()
    return f"{dead} ({100 * dead / runs['hidden'].sum():.0f})"


def about_luck(of_width: dict[int, pd.DataFrame], linear: float) -> str:
    """Say how much the accuracy depends on the seed."""
    sentences = []
    shares = {}
    for width in CLOSE_WIDTHS:
        runs = of_width[width]
        failed = Share(runs["failed"].sum(), len(runs))
        shares[width] = Share(runs["perfect"].sum(), len(runs))
        least, most = runs["mlp_accuracy"].min(), runs["mlp_accuracy"].max()
        between = f"lies between {percent(least)} and {percent(most)}"
        accuracy = f"is {percent(least)}" if least == most else between
        sentences.append(
            f"With {units(width)}, the accuracy of these runs {accuracy}: {shares[width]} are "
            f"right on all points, and {failed} are not, nor better than the linear classifier "
            f"with its {percent(linear)}."
        )
    narrow, wide = CLOSE_WIDTHS
    if shares[wide].low > shares[narrow].high:
        sentences.append(f"{units(wide)} reach 100 % more often; the intervals do not overlap.")
    elif shares[wide].high < shares[narrow].low:
        sentences.append(f"{units(narrow)} reach 100 % more often; the intervals do not overlap.")
    else:
        sentences.append(
            "Which of the two reaches 100 % more often cannot be told: these intervals overlap."
        )
    some = [width for width, runs in of_width.items() if runs["perfect"].any()]
    every = [width for width, runs in of_width.items() if runs["perfect"].all()]
    sentences.append(
        f"Runs that reach 100 % are found with these numbers of units: {named(some)}. All runs "
        f"reach it with these: {named(every)}."
    )
    return " ".join(sentences)


def about_dead(of_width: dict[int, pd.DataFrame]) -> str:
    """Say how many units are dead, and whether the networks that fail have more of them."""
    runs = pd.concat(of_width.values())
    dead = {width: Share(r["dead_units"].sum(), r["hidden"].sum()) for width, r in of_width.items()}
    shares = [f"{100 * s.count / s.n:.0f} % with {width}" for width, s in dead.items()]
    sentences = [
        "A run fails here if it is no better than (a) and not right on all points. At the end of "
        f"training, the share of dead units is {', '.join(shares)} hidden units.",
        f"Of all {runs['dead_units'].sum()} dead units, {runs['dead_at_start'].sum()} were dead "
        "before the first step.",
        about_failures(CLOSE_WIDTHS[0], of_width[CLOSE_WIDTHS[0]]),
    ]
    widest = max(of_width)
    spared = of_width[widest][of_width[widest]["has_dead"]]
    if len(spared):
        sentences.append(
            f"With {units(widest)}, {len(spared)} of {len(of_width[widest])} runs have a dead "
            f"unit; {spared['perfect'].sum()} of these {len(spared)} reach 100 % all the same."
        )
    return " ".join(sentences)


def about_failures(width: int, runs: pd.DataFrame) -> str:
    """Compare the runs that are no better than the linear classifier with the others."""
    failures = runs[runs["failed"]]
    others = runs[~runs["failed"]]
    if failures.empty or others.empty:
        what = "no run fails" if failures.empty else "all runs fail"
        have = Share(runs["has_dead"].sum(), len(runs))
        return f"With {units(width)}, {what} in this sense; {have} have a dead unit."
    failed = Share(failures["has_dead"].sum(), len(failures))
    better = Share(others["has_dead"].sum(), len(others))
    if failed.low > better.high:
        verdict = "The intervals do not overlap: failure and dead units go together."
    elif failed.high < better.low:
        verdict = "The intervals do not overlap: dead units are rarer among the failures."
    else:
        verdict = "The intervals overlap: whether the two go together cannot be told."
    return (
        f"With {units(width)}, a dead unit is in {failed} of the runs that fail, and in {better} "
        f"of the others. {verdict}"
    )


def worst_failure(runs: pd.DataFrame) -> pd.Series:
    """Return the run that shows best how training fails: if possible, with one unit alive."""
    wide = runs[runs["hidden"] > 1]
    failed = wide[wide["failed"]]
    one_alive = failed[failed["hidden"] - failed["dead_units"] == 1]
    choices = (one_alive, failed[failed["has_dead"]], failed, wide)
    chosen = next(choice for choice in choices if not choice.empty)
    return chosen.loc[chosen["mlp_accuracy"].idxmin()]


def show_network(run: pd.Series) -> None:
    """Run a network again for its figure, which becomes the figure study_dead."""
    values = [f"hidden={run['hidden']}", f"seed={run['seed']}"]
    sweep("problem3_mlp.ipynb", "dead", *values, *ONE_NETWORK, "--keep-notebooks")
    (folder,) = (BUILD / "study/dead/runs").glob(f"{','.join(values)},*")
    for kind in ("pdf", "png"):
        shutil.copy(folder / f"figures/problem3_mlp.{kind}", BUILD / f"figures/study_dead.{kind}")


def about_failure(run: pd.Series, linear: float) -> str:
    """Describe the network of the figure study_dead."""
    hidden = int(run["hidden"])
    dead = int(run["dead_units"])
    accuracy = run["mlp_accuracy"]
    level = "no better" if accuracy <= linear else "better"
    kind = (
        "A network that fails" if run["failed"] else "The least accurate network of several units"
    )
    text = (
        f"{kind}: {units(hidden)}, seed {run['seed']}, accuracy {percent(accuracy)}, {level} than "
        "(a). "
    )
    if not dead:
        return text + "None of its units is dead."
    count = "One unit is" if dead == 1 else f"{dead} units are"
    text += f"{count} dead: all points lie on the side of the crease where such a unit is 0."
    if hidden - dead == 1:
        text += " On the points one unit is left: there the regions are parallel stripes."
    return text


def study_sizes(numbers: Results, whole: dict[str, Any]) -> None:
    """Run and draw Problem 4 over training-set sizes and seeds.

    `whole` are the results of the notebook's own run, on all images.
    """
    sizes = [size for size in SIZES if size < whole["n_train"]]
    columns = ["n_train", *MODELS.values()]
    runs = pd.DataFrame([{name: whole[name] for name in columns}])
    if sizes:
        values = [f"n_train={listed(sizes)}", f"seed={listed(SIZE_SEEDS)}"]
        parts = sweep("problem4_mnist.ipynb", "size", *values, *ONE_TRAINING)
        runs = pd.concat([parts[columns], runs], ignore_index=True)
    figures.accuracy_by_size(BUILD, "study_size", runs, MODELS)
    by_size = {}
    for size, group in runs.groupby("n_train"):
        spreads = {name.replace(" ", "_"): spread(group[MODELS[name]]) for name in MODELS}
        by_size[str(size)] = {"runs": len(group)} | spreads
    numbers.record(size=by_size, sizes=listed(by_size), size_seeds=len(SIZE_SEEDS))
    numbers.record(size_runs=len(runs) - 1)  # without the notebook's own
    numbers.answer("4b size", about_sizes(runs, whole))


def about_sizes(runs: pd.DataFrame, whole: dict[str, Any]) -> str:
    """Say what more images bring, by the medians of the accuracies for each size."""
    medians = runs.groupby("n_train")[list(MODELS.values())].median()
    trained = medians[MODELS["trained"]]
    nearest = medians[MODELS["with bias"]]
    least, most = medians.index[0], medians.index[-1]
    if least == most:
        return f"The run above took {most} images; no smaller numbers were tried."
    sentences = [
        f"The classifiers were trained on fewer images, too, drawn at random with "
        f"{len(SIZE_SEEDS)} seeds. With {least} images, the trained weights get a median of "
        f"{percent(trained[least])} of the test images and the nearest mean "
        f"{percent(nearest[least])}; with all {most}, {percent(trained[most])} and "
        f"{percent(nearest[most])}.",
    ]
    worse = medians.index[nearest > trained]
    for size in worse:
        group = runs[runs["n_train"] == size]
        wins = (group[MODELS["with bias"]] > group[MODELS["trained"]]).sum()
        sentences.append(
            f"With {size} images the nearest mean has the higher median, and the higher accuracy "
            f"in {wins} of {len(group)} runs."
        )
    if not len(worse):
        sentences.append("The trained weights have no lower median at any size.")
    before = medians.index[-2]
    first_gain = with_sign(100 * (trained.iloc[1] - trained.iloc[0]), 1)
    last_gain = with_sign(100 * (trained[most] - trained[before]), 1)
    half = 50 * (whole["trained_high"] - whole["trained_low"])
    sentences.append(
        f"From {least} to {medians.index[1]} images the trained weights gain {first_gain} points, "
        f"from {before} to {most} {last_gain}; an accuracy is uncertain by about {half:.1f} points."
    )
    return " ".join(sentences)


def units(width: int) -> str:
    """Return a number of hidden units in words."""
    return f"{width} hidden unit" + "s" * (width > 1)


def named(values: Iterable[Any]) -> str:
    """Return values as a sentence lists them: 1, 2 and 3; or none."""
    *first, last = [str(value) for value in values] or ["none"]
    return f"{', '.join(first)} and {last}" if first else last


def main() -> int:
    """Find the optimum, run the sweeps, draw them and write their numbers."""
    began = time.time()
    numbers = Results()
    try:
        study_optimum(numbers)  # on all cores, so before the next line
        os.environ |= ONE_CORE  # as in every run, even if all runs are there already
        study_widths(numbers, read_results("problem3_mlp")["linear_accuracy"])
        study_sizes(numbers, read_results("problem4_mnist"))
    except (RuntimeError, DataError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    unfinished = BUILD / "study/results.json"
    numbers.write(unfinished)
    os.utime(unfinished, (began, began))  # older than a source that changed while it ran
    unfinished.replace(BUILD / "results/study.json")
    return 0


def read_results(name: str) -> dict[str, Any]:
    """Return the results of a notebook of the report."""
    return json.loads((BUILD / f"results/{name}.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
