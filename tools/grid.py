"""What a sweep runs over: texts like hidden=1,2,4 and seed=0:50, or a TOML file, made into points."""

import hashlib
import itertools
import json
import math
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from common import ROOT
from tools import point as points
from tools import run
from tools.point import Point

LIMIT = 10**6  # runs; more is a slip of the pen
RESERVED = {"status", "cause", "result", "n", "mean", "std", "min", "median", "max"}  # columns of the tables


def expand(text: str, kind: str) -> list[str]:
    """Return the values, still as texts, that a text like 1,2,5:8 stands for; raises ValueError."""
    parts = [part.split(":") if kind in ("int", "float") else [part] for part in text.split(",")]
    return [value for ends in parts for value in (ends if len(ends) == 1 else span(ends))]


def span(ends: list[str]) -> list[str]:
    """Return the values of a range lo:hi or lo:hi:step, its end left out; raises ValueError."""
    try:
        low, high, *step = map(Decimal, ends)
        by = Decimal(1) if not step else step[0]
        count = math.ceil((high - low) / by) if by > 0 and len(step) < 2 else 0
    except (ArithmeticError, ValueError):
        count = 0
    if not 0 < count <= LIMIT:
        raise ValueError(f"expected a range lo:hi or lo:hi:step that goes up, found {':'.join(ends)}")
    return [str(low + i * by) for i in range(count)]


def from_toml(path: Path, known: dict[str, run.Parameter]) -> dict[str, list[str]]:
    """Read a table of name = value, [values] or "range"; raises ValueError with the reason."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: expected a TOML file of parameters, found: {error}") from None
    found = {}
    for name, value in table.items():
        values = value if isinstance(value, list) else [value]
        if any(isinstance(v, (dict, list)) for v in values):
            raise ValueError(f"{path}: {name}: expected a value, a list of values or a range, found {value}")
        run.split(f"{name}=", known)
        texts = [str(v).lower() if isinstance(v, bool) else str(v) for v in values]
        found[name] = expand(value, known[name].kind) if isinstance(value, str) else texts
    return found


def axes(notebook: Path, words: list[str], file: Path | None) -> dict[str, list[Any]]:
    """Return each swept parameter's values, checked; the command line's replace the file's. Raises ValueError."""
    known = run.declared(notebook)
    own: dict[str, list[str]] = {}
    for text in words:
        name, value = run.split(text, known)
        own.setdefault(name, []).extend(expand(value, known[name].kind))
    texts = (from_toml(file, known) if file else {}) | own
    found = {n: [run.convert(n, text, known[n].kind, known[n].about) for text in texts[n]] for n in texts}
    empty = [name for name, values in found.items() if not values]
    if empty:
        raise ValueError(f"parameter {empty[0]}: expected at least one value, found none")
    clash = sorted(found.keys() & RESERVED)
    if clash:
        raise ValueError(f"parameter {clash[0]}: expected another name, for the tables have a column of this one")
    return {name: list(dict.fromkeys(found[name])) for name in known if name in found}


def label(values: dict[str, Any]) -> str:
    """Name a point's folder: by its parameters if they fit a file name, else by their hash."""
    text = ",".join(f"{name}={value}" for name, value in values.items()) or "defaults"
    if len(text) <= 120 and all(re.fullmatch(r"[A-Za-z0-9_.+-]+", str(value)) for value in values.values()):
        return text
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def grid(notebook: Path, out: Path, swept: dict[str, list[Any]], *, kernel: bool, keep: bool) -> list[Point]:
    """Return a point for each combination of the values; raises ValueError if they are too many."""
    count = math.prod(map(len, swept.values()))
    if count > LIMIT:
        raise ValueError(f"expected at most {LIMIT} runs, found {count}")
    path = notebook.resolve()
    path = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    code = points.sources(path)
    defaults = {name: parameter.default for name, parameter in run.declared(notebook).items()}
    files: dict[str, list[tuple[str, str]]] = {}  # of each set of texts among the values: they may name files
    found = []
    for combination in itertools.product(*swept.values()):
        own = dict(zip(swept, combination, strict=True))
        values = defaults | own
        texts = json.dumps([value for value in values.values() if isinstance(value, str)])
        if texts not in files:
            files[texts] = points.data(values)
        folder = (out / "points" / label(own)).absolute()
        found.append(Point(path, folder, values, points.identity(code, values, files[texts]), kernel, keep))
    return found
