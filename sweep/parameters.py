"""A notebook's parameters: what its parameters cell declares, and strict checks of given values.

Each line of that cell has a name, a type, a default and a comment, which may begin with bounds:

    momentum: float = 0.9  # ≥ 0, < 1   Nesterov momentum

Bounds may be written >= and <=, too, but such lines are not listed by `papermill --help-notebook`.
"""

import ast
import difflib
import math
import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from sweep import sources

OUT = "out"  # the parameter that says where to write; the runner sets it
HOLDS = {">": operator.gt, "<": operator.lt, "≥": operator.ge, "≤": operator.le}
BOUND = re.compile(r"[\s,]*([<>]=?|[≤≥])\s*(-?\d+(?:\.\d*)?(?:e-?\d+)?)")
KINDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}


class Parameter(NamedTuple):
    """What a parameters cell says about one parameter."""

    kind: str
    default: Any
    bounds: list[tuple[str, float]]


def declared(notebook: Path) -> dict[str, Parameter]:
    """Return a notebook's parameters, all but `out`; raises ValueError with the reason."""
    try:
        cells = sources.code_cells(notebook, only="parameters")
        source = sources.python(cells[0]) if cells else ""
        statements = ast.parse(source).body
    except OSError as error:
        raise ValueError(f"{notebook} cannot be read: {error.strerror}") from None
    except SyntaxError as error:
        raise ValueError(f"the parameters cell of {notebook} is not Python: {error}") from None
    lines = [line for line in statements if isinstance(line, ast.AnnAssign | ast.Assign)]
    parameters = dict(declaration(line, source) for line in lines)
    if OUT not in parameters:
        raise ValueError(f'{notebook} needs a parameter for the output folder: `{OUT}: str = "."`')
    del parameters[OUT]
    return parameters


def declaration(node: ast.AnnAssign | ast.Assign, source: str) -> tuple[str, Parameter]:
    """Return name and meaning of an assignment in a parameters cell; raises ValueError.

    A default of None is allowed, and is text unless a type is given.
    """
    name = ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
    value: Any = node.value
    try:
        default = ast.literal_eval(value)
        default_kind = "str" if default is None else type(default).__name__
    except (ValueError, TypeError):  # an expression, or no value at all
        default_kind = ""
    kind = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else default_kind
    if kind not in KINDS or default_kind not in KINDS:
        line = ast.unparse(node)
        kinds = ", ".join(KINDS)
        raise ValueError(
            f"parameter {name} must have one of the types {kinds} and a value of such a type "
            f"as its default, not `{line}`"
        )
    last_line = source.splitlines()[value.end_lineno - 1].encode()
    comment = last_line[value.end_col_offset :].decode().partition("#")[2]
    return name, Parameter(kind, default, bounds(comment) if kind in ("int", "float") else [])


def bounds(comment: str) -> list[tuple[str, float]]:
    """Return the comparisons with which a comment begins: ("≥", 0), ("<", 1) of ">= 0, < 1"."""
    comparisons = []
    while match := BOUND.match(comment):
        sign = match[1].replace(">=", "≥").replace("<=", "≤")
        comparisons.append((sign, float(match[2])))
        comment = comment[match.end() :]
    return comparisons


def truth(text: str) -> bool:
    """Return the truth value that a text names; raises ValueError."""
    if text.lower() not in ("true", "false"):
        raise ValueError
    return text.lower() == "true"


READERS: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "str": str, "bool": truth}


def convert(name: str, text: str, parameter: Parameter) -> Any:
    """Return a parameter's value from its text; raises ValueError with the reason."""
    try:
        value = READERS[parameter.kind](text)
    except ValueError:
        kind = KINDS[parameter.kind]
        raise ValueError(f"parameter {name} must be {kind}, not {text!r}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"parameter {name} must be a finite number, not {text!r}")
    for sign, bound in parameter.bounds:
        if not HOLDS[sign](value, bound):
            raise ValueError(f"parameter {name} must be {sign} {bound:.15g}, not {text}")
    return value


def split(text: str, known: dict[str, Parameter]) -> tuple[str, str]:
    """Split name=value and check the name; raises ValueError with the nearest name."""
    name, equals, value = text.partition("=")
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}"
        raise ValueError(f"there is no parameter {name!r} to set; {hint}")
    if not equals:
        raise ValueError(f"parameter {name} has no value; write {name}=VALUE")
    return name, value


def read(notebook: Path, texts: list[str]) -> dict[str, Any]:
    """Return the values of `name=value` texts, checked; raises ValueError with the reason."""
    known = declared(notebook)
    pairs = [split(text, known) for text in texts]
    return {name: convert(name, value, known[name]) for name, value in pairs}
