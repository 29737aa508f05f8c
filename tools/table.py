"""The tables of a sweep: one row a run in table.csv, one row a group and number in summary.csv."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from tools import point as points
from tools.point import Point

SHOWN, ROWS = 5, 30  # numbers and rows that the printed summary has room for


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
            own |= {f"result.{k}" if k in own else k: v for k, v in flat("", points.results(point))}
    return own


def rows(every: list[Point], swept: list[str]) -> pd.DataFrame:
    """Return the table of all runs; a result that only repeats a parameter of the same name is left out."""
    table = pd.DataFrame([row(point, swept) for point in every], dtype=object)  # object: an int stays an int
    done = table["status"] == "done"
    again = [n for n in swept if f"result.{n}" in table and (table[f"result.{n}"] == table[n])[done].all()]
    return table.drop(columns=[f"result.{name}" for name in again])


def is_number(value: Any) -> bool:
    """Tell a number from a truth value, a text or nothing."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def summary(table: pd.DataFrame, swept: list[str]) -> pd.DataFrame:
    """Return n, mean, standard deviation, min, median and max of each number over the seeds."""
    groups = [name for name in swept if name != "seed"]
    done = table[table["status"] == "done"]
    names = [n for n in table.columns if n not in [*swept, "status", "cause"] and any(map(is_number, done[n]))]
    parts = done.groupby(groups, sort=False, dropna=False) if groups else [((), done)]
    found = []
    for values, part in parts:
        for name in names:
            numbers = pd.Series([float(value) for value in part[name] if is_number(value)], dtype=float)
            if len(numbers):
                own = dict(zip(groups, values, strict=True)) | {"result": name, "n": len(numbers)}
                found.append(own | {how: numbers.agg(how) for how in ("mean", "std", "min", "median", "max")})
    return pd.DataFrame(found, columns=[*groups, "result", "n", "mean", "std", "min", "median", "max"])


def shown(numbers: pd.DataFrame, table: pd.DataFrame, swept: list[str]) -> str:
    """Return the summary as lines to print: mean ± standard deviation of the first numbers that vary."""
    groups = [name for name in swept if name != "seed" and table[name].nunique() > 1]
    names = [n for n in numbers["result"].unique() if table[n].nunique() > 1 and "." not in n]
    names = sorted(names, key=lambda name: "accuracy" not in name)[:SHOWN]
    lines: dict[tuple, dict[str, Any]] = {}
    for entry in numbers[numbers["result"].isin(names)].to_dict("records"):
        line = lines.setdefault(tuple(entry[g] for g in groups), {g: entry[g] for g in groups} | {"n": entry["n"]})
        line[entry["result"]] = f"{entry['mean']:.4g}" + (f" ± {entry['std']:.2g}" if entry["n"] > 1 else "")
    if not lines:
        return "no number varies"
    text = pd.DataFrame(list(lines.values())[:ROWS]).to_string(index=False)
    return text + (f"\n... {len(lines) - ROWS} rows more in summary.csv" if len(lines) > ROWS else "")


def write(out: Path, every: list[Point], swept: list[str]) -> str:
    """Write table.csv and summary.csv into `out` and return the text to print."""
    table = rows(every, swept)
    numbers = summary(table, swept)
    for name, frame in (("table", table), ("summary", numbers)):
        unfinished = out / f".{name}.csv"
        frame.to_csv(unfinished, index=False)
        unfinished.replace(out / f"{name}.csv")
    failed = int((table["status"] != "done").sum())
    head = f"{len(table) - failed} done, {failed} failed; {out}/table.csv, {out}/summary.csv"
    return f"{shown(numbers, table, swept)}\n{head}"
