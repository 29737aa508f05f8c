"""What a sweep runs over: hidden=1,2,4 and seed=0:50, made into one run for each combination."""

import difflib
import hashlib
import itertools
import json
import math
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from sweep import parameters, sources
from sweep.identity import code_hashes, filled, forget, identity, named_path
from sweep.runs import Run
from sweep.sources import ROOT

MOST_RUNS = 10**6  # more is almost certainly a typing error
LONGEST_NAME = 120  # characters of a folder's name
COLUMNS = {"status", "cause", "result", "n", "mean", "std", "min", "median", "max"}  # of the tables


def swept_values(notebook: Path, texts: list[str]) -> dict[str, list[Any]]:
    """Return the values of each swept parameter, checked; raises ValueError with the reason."""
    known = parameters.declared(notebook)
    swept: dict[str, list[Any]] = {}
    for text in texts:
        name, values = parameters.split(text, known)
        if name in COLUMNS:
            raise ValueError(
                f"parameter {name} must have another name: the tables have a column {name}"
            )
        parameter = known[name]
        swept.setdefault(name, []).extend(
            parameters.convert(name, value, parameter) for value in expand(values, parameter.kind)
        )
    return {name: list(dict.fromkeys(swept[name])) for name in known if name in swept}


def expand(text: str, kind: str) -> list[str]:
    """Return the values, still as texts, of a text such as 1,2,5:8; raises ValueError."""
    values = []
    for part in text.split(","):
        is_span = ":" in part and kind in ("int", "float")
        values += span(part) if is_span else [part]
    return values


def span(text: str) -> list[str]:
    """Return the values of a range lo:hi or lo:hi:step, which excludes hi; raises ValueError."""
    try:
        low, high, *steps = map(Decimal, text.split(":"))
        (step,) = steps or [Decimal(1)]
        count = math.ceil((high - low) / step) if step > 0 else 0
    except (ArithmeticError, ValueError):
        count = 0
    if not 0 < count <= MOST_RUNS:
        raise ValueError(
            f"{text} is not a range of at most {MOST_RUNS} values; "
            f"write lo:hi or lo:hi:step, with lo below hi"
        )
    return [str(low + i * step) for i in range(count)]


def label(values: dict[str, Any]) -> str:
    """Return a run's name: its parameters if they can be a file's name, else their hash."""
    text = ",".join(f"{name}={value}" for name, value in values.items()) or "defaults"
    plain = all(re.fullmatch(r"[A-Za-z0-9_.+-]+", str(value)) for value in values.values())
    if plain and len(text) <= LONGEST_NAME:
        return text
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def skipped_tags(notebook: Path, texts: list[str]) -> tuple[str, ...]:
    """Return the tags that texts such as "a, b" name; raises ValueError if no code cell has one.

    A sweep needs the cell with the tag `parameters`, so that one cannot be left out.
    """
    tags = sorted({tag.strip() for text in texts for tag in text.split(",")})
    known = set().union(*(tags for _, tags in sources.tagged_cells(notebook))) - {"parameters"}
    for tag in tags:
        if tag not in known:
            near = difflib.get_close_matches(tag, known, n=1)
            there = f"there are {', '.join(sorted(known)) or 'none'}"
            hint = f"did you mean {near[0]}?" if near else there
            raise ValueError(f"no code cell of {notebook.name} has the tag {tag!r} to skip; {hint}")
    return tuple(tags)


def all_runs(
    notebook: Path,
    out: Path,
    swept: dict[str, list[Any]],
    *,
    kernel: bool,
    keep: bool,
    skip: tuple[str, ...] = (),
) -> list[Run]:
    """Return one run for each combination of the values; raises ValueError if they are too many.

    They get a kernel if `kernel` says so, or if the notebook cannot do without.
    """
    count = math.prod(map(len, swept.values()))
    if count > MOST_RUNS:
        raise ValueError(f"a sweep has at most {MOST_RUNS} runs, and these values make {count}")
    path = notebook.resolve()
    path = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    forget()
    code = code_hashes(path, skip)
    kernel = kernel or sources.needs_ipython(notebook, skip)
    defaults = {name: line.default for name, line in parameters.declared(notebook).items()}
    planned = []
    for combination in itertools.product(*swept.values()):
        given = dict(zip(swept, combination, strict=True))
        values = filled(defaults | given)
        refuse_folders_around(out, values)
        folder = (out / "runs" / label(given)).absolute()
        planned.append(Run(path, folder, values, identity(code, values), kernel, keep, skip))
    return planned


def refuse_folders_around(out: Path, values: dict[str, Any]) -> None:
    """Raise ValueError if a parameter names a folder in which the sweep itself writes."""
    for name, value in values.items():
        folder = named_path(name, value)
        if folder and out.resolve().is_relative_to(folder.resolve()):
            raise ValueError(
                f"parameter {name} names {value}, a folder that holds the output folder {out}; "
                f"choose an output folder outside of it"
            )
