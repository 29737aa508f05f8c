"""The tables of a sweep: a row for each run, and a summary of each number over the seeds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from sweep import runs
from sweep.runs import Run

REPEATED = "seed"  # the parameter that a summary and a plot go over
STATISTICS = {"n": "count"} | {name: name for name in ("mean", "std", "min", "median", "max")}
MOST_COLUMNS, MOST_ROWS = 5, 30  # of the summary that is printed


def write_all(out: Path, planned: list[Run], swept: list[str]) -> pd.DataFrame:
    """Write table.csv and summary.csv; return the numbers of the runs that succeeded."""
    table = pd.DataFrame([row(run, swept) for run in planned], dtype=object)  # an int stays an int
    results = numbers(table, swept)
    for name, frame in (("table", table), ("summary", summary(results, swept))):
        unfinished = out / f".{name}.csv"
        frame.to_csv(unfinished, index=False)
        unfinished.replace(out / f"{name}.csv")
    return results


def row(run: Run, swept: list[str]) -> dict[str, Any]:
    """Return a run's row: the swept parameters, how it ended, its results."""
    done = runs.is_done(run)
    record = runs.record(run)
    cells = {name: run.values[name] for name in swept}
    cells |= {"status": "done" if done else "failed", "cause": record.cause if record else ""}
    try:
        results = runs.read_results(run) if done else {}
    except ValueError as error:  # it was changed after the run
        raise ValueError(f"{run.folder}: {error}; remove this folder to run it again") from None
    for name, value in flat("", results):
        if name not in cells:
            cells[name] = value
        elif cells[name] != value:  # most notebooks repeat their parameters
            cells[f"result.{name}"] = value
    return cells


def flat(prefix: str, results: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield name and value of all results but lists; the names of nested ones joined by dots.

    pandas.json_normalize does the same, but turns ints into floats where some run has none.
    """
    for name, value in results.items():
        if name == "provenance" or isinstance(value, list):
            continue
        if isinstance(value, dict):
            yield from flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", value


def numbers(table: pd.DataFrame, swept: list[str]) -> pd.DataFrame:
    """Return the runs that succeeded: the swept parameters and all results that are numbers."""
    done = table[table["status"] == "done"]
    results = done.drop(columns=[*swept, "status", "cause"])
    results = results.map(as_float).astype(float)
    return done[swept].join(results.dropna(axis="columns", how="all"))


def as_float(value: Any) -> float | None:
    """Return a number as a float, None for what is no number or has more than 308 digits."""
    try:
        return float(value) if is_number(value) else None
    except OverflowError:
        return None


def is_number(value: Any) -> bool:
    """Return True for a number, False for a truth value, a text or None."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def summary(results: pd.DataFrame, swept: list[str]) -> pd.DataFrame:
    """Return the statistics of each number over the seeds, for each combination of the others."""
    by = [name for name in swept if name != REPEATED]
    value = ""  # a name that no result has
    long = results.drop(columns=set(swept) - set(by))
    long = long.melt(by, var_name="result", value_name=value).dropna(subset=value)
    grouped = long.groupby([*by, "result"], sort=False, dropna=False)[value]
    return grouped.agg(**STATISTICS).reset_index()


def printed(results: pd.DataFrame, swept: list[str]) -> str:
    """Return lines to print: mean ± standard deviation of the first numbers that vary."""
    varying = [name for name in results if results[name].nunique() > 1]
    names = [name for name in varying if name not in swept and "." not in name][:MOST_COLUMNS]
    by = [name for name in swept if name in varying and name != REPEATED]
    if not names:
        return "no number varies"
    grouped = results.groupby(by or (lambda row: 0), sort=False, dropna=False)
    lines = grouped[names].agg(spread)
    lines.insert(0, "n", grouped.size(), allow_duplicates=True)
    lines = lines.reset_index() if by else lines
    return lines.to_string(index=False, max_rows=MOST_ROWS)


def spread(values: pd.Series) -> str:
    """Return mean ± standard deviation as text."""
    deviation = f" ± {values.std():.2g}" if values.count() > 1 else ""
    return f"{values.mean():.4g}{deviation}"
