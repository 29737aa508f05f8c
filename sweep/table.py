"""The tables of a sweep: a row for each run, and a summary of each number over the seeds."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from sweep import runs
from sweep.runs import Run

REPEATED = "seed"  # the parameter that a summary and a plot go over
STATISTICS = {"n": "count"} | {how: how for how in ("mean", "std", "min", "median", "max")}
MOST_COLUMNS, MOST_ROWS = 5, 30  # of the summary that is printed


def write_all(out: Path, every: list[Run], swept: list[str]) -> pd.DataFrame:
    """Write table.csv and summary.csv; return the numbers of the runs that went well."""
    rows = table(every, swept)
    results = numbers(rows, swept)
    for name, frame in (("table", rows), ("summary", summary(results, swept))):
        unfinished = out / f".{name}.csv"
        frame.to_csv(unfinished, index=False)
        unfinished.replace(out / f"{name}.csv")
    return results


def table(every: list[Run], swept: list[str]) -> pd.DataFrame:
    """Return the table of all runs, without results that only repeat a parameter."""
    rows = pd.DataFrame([row(run, swept) for run in every], dtype=object)  # an int stays an int
    done = rows[rows["status"] == "done"]
    repeats = [f"result.{name}" for name in swept if f"result.{name}" in done]
    repeats = [name for name in repeats if (done[name] == done[name.removeprefix("result.")]).all()]
    return rows.drop(columns=repeats)


def row(run: Run, swept: list[str]) -> dict[str, Any]:
    """Return a run's row: the swept parameters, how it went, its results."""
    ended = runs.record(run)
    done = ended is not None and not ended.cause
    cells = {name: run.values[name] for name in swept}
    cells |= {"status": "done" if done else "failed", "cause": ended.cause if ended else ""}
    if done:
        with contextlib.suppress(OSError, ValueError):
            for name, value in flat("", runs.results(run)):
                cells[f"result.{name}" if name in cells else name] = value
    return cells


def flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and value of all results but lists; the names of nested ones joined by dots."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "provenance":
                yield from flat(f"{prefix}.{key}" if prefix else key, item)
    elif not isinstance(value, list):
        yield prefix, value


def numbers(table: pd.DataFrame, swept: list[str]) -> pd.DataFrame:
    """Return the runs that went well: the swept parameters and all results that are numbers."""
    done = table[table["status"] == "done"]
    results = done.drop(columns=[*swept, "status", "cause"])
    results = results.map(lambda value: float(value) if is_number(value) else None).astype(float)
    return done[swept].join(results.dropna(axis="columns", how="all"))


def is_number(value: Any) -> bool:
    """Return True for a number, False for a truth value, a text or None."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def groups(swept: list[str]) -> list[str]:
    """Return the parameters of which each combination is a group: all but the seed."""
    return [name for name in swept if name != REPEATED]


def summary(results: pd.DataFrame, swept: list[str]) -> pd.DataFrame:
    """Return the statistics of each number, for each group of runs."""
    long = results.drop(columns=[name for name in swept if name == REPEATED])
    value = ""  # a name that no result has
    long = long.melt(groups(swept), var_name="result", value_name=value).dropna(subset=value)
    values = long.groupby([*groups(swept), "result"], sort=False, dropna=False)[value]
    return values.agg(**STATISTICS).reset_index()


def printed(results: pd.DataFrame, swept: list[str]) -> str:
    """Return lines to print: mean ± standard deviation of the first numbers that vary."""
    names = [name for name in results if name not in swept and "." not in name]
    names = [name for name in names if results[name].nunique() > 1][:MOST_COLUMNS]
    if not names:
        return "no number varies"
    by = [name for name in groups(swept) if results[name].nunique() > 1]
    grouped = results.groupby(by or (lambda row: 0), sort=False, dropna=False)
    lines = grouped[names].agg(spread)
    lines.insert(0, "n", grouped.size(), allow_duplicates=True)
    text = (lines.reset_index() if by else lines).head(MOST_ROWS).to_string(index=False)
    more = len(lines) - MOST_ROWS
    return f"{text}\n... {more} more rows in summary.csv" if more > 0 else text


def spread(values: pd.Series) -> str:
    """Return mean ± standard deviation as text."""
    deviation = f" ± {values.std():.2g}" if values.count() > 1 else ""
    return f"{values.mean():.4g}{deviation}"
