"""The tables of a sweep: one row a run in table.csv, one row a group and number in summary.csv."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from tools import point as points
from tools.point import Point

SHOWN = 5  # numbers that the printed summary has room for


def flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) for each number and text of a results file; names are joined by dots, lists left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "provenance":
                yield from flat(f"{prefix}.{key}" if prefix else key, item)
    elif not isinstance(value, list):
        yield prefix, value


def row(point: Point, swept: list[str]) -> dict[str, Any]:
    """Return a run's row: the swept parameters, how it went, its results."""
    said = points.record(point)
    own = {name: point.values[name] for name in swept}
    own |= {"status": "failed" if said is None or said.cause else "done", "cause": said.cause if said else ""}
    if own["status"] == "done":
        with contextlib.suppress(OSError, ValueError):
            found = [(k, v) for k, v in flat("", points.results(point)) if own.get(k) != v]
            own |= {f"result.{k}" if k in own else k: v for k, v in found}
    return own


def summary(table: pd.DataFrame, swept: list[str]) -> pd.DataFrame:
    """Return n, mean, standard deviation, least, median and greatest of each number, over the seeds."""
    groups = [name for name in swept if name != "seed"]
    done = table[table["status"] == "done"]
    names = [n for n in done.columns if n not in [*swept, "status", "cause"]]
    names = [n for n in names if pd.api.types.is_numeric_dtype(done[n]) and not pd.api.types.is_bool_dtype(done[n])]
    long = done.melt(id_vars=groups, value_vars=names, var_name="result")
    long["value"] = long["value"].astype(float)
    by = long.groupby([*groups, "result"], sort=False, dropna=False)["value"]
    return by.agg(["count", "mean", "std", "min", "median", "max"]).rename(columns={"count": "n"}).reset_index()


def shown(numbers: pd.DataFrame, table: pd.DataFrame, swept: list[str]) -> str:
    """Return the summary as lines to print: mean ± standard deviation of the first numbers that vary."""
    groups = [name for name in swept if name != "seed" and table[name].nunique() > 1]
    names = [n for n in numbers["result"].unique() if table[n].nunique() > 1 and "." not in n]
    names = sorted(names, key=lambda name: "accuracy" not in name)[:SHOWN]
    short = numbers[numbers["result"].isin(names)].copy()
    short["text"] = [f"{m:.4g}" + (f" ± {s:.2g}" if n > 1 else "") for m, s, n in short[["mean", "std", "n"]].values]
    if short.empty:
        return "no number varies"
    wide = short.pivot(index=[*groups, "n"], columns="result", values="text")[names]
    return wide.reset_index().to_string(index=False)


def write(out: Path, every: list[Point], swept: list[str]) -> str:
    """Write table.csv and summary.csv into `out` and return the text to print."""
    table = pd.DataFrame([row(point, swept) for point in every])
    numbers = summary(table, swept)
    for name, frame in (("table", table), ("summary", numbers)):
        unfinished = out / f".{name}.csv"
        frame.to_csv(unfinished, index=False)
        unfinished.replace(out / f"{name}.csv")
    failed = int((table["status"] != "done").sum())
    head = f"{len(table) - failed} done, {failed} failed; {out}/table.csv, {out}/summary.csv"
    return f"{shown(numbers, table, swept)}\n{head}"
