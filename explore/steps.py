"""From the notebook's own source to steps that can be read: each line of `forward` and `backward` with its numbers."""

import ast
import html
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Numbers = dict[str, float]
LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Step(NamedTuple):
    """The name that a line gives a value to, what is said of it in HTML, and the node or edge to look at."""

    name: str
    text: str
    marked: str


def assignments(function: Callable) -> Iterator[tuple[str, str]]:
    """Yield (name, expression) of each assignment in a function's source, those of a tuple one by one.

    Nothing for a function that has no source to read.
    """
    try:
        definition: Any = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError):
        return
    for line in getattr(definition, "body", []):
        if isinstance(line, ast.Assign):
            target, value = line.targets[0], line.value
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = zip(target.elts, value.elts, strict=True) if both else [(target, value)]  # type: ignore[attr-defined]
            yield from ((ast.unparse(name), ast.unparse(expression)) for name, expression in pairs)


def pretty(text: str) -> str:
    """Write an expression of the code as a formula in HTML."""
    text = re.sub(r"\b(v|math)\.", "", text)
    text = re.sub(r"\bd[a-z]\d?_([a-z]\d?)\b", r"what came through \1", text)
    text = re.sub(r"\bd([a-z]\d?)\b", r"∂f/∂\1", text)
    text = re.sub(r"\b([a-z])(\d)\b", lambda found: found[1] + found[2].translate(LOW), text)
    for code, formula in {" ** 2": "²", " * ": " · ", " / ": "/", "-": "−"}.items():
        text = text.replace(code, formula)
    return html.escape(text)


def number(value: float) -> str:
    """Write a number with at most four decimals and a true minus sign."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def with_numbers(text: str, numbers: Numbers) -> str:
    """Write an expression of the code as a formula, with numbers in the place of the names."""
    texts = {name: number(value) for name, value in numbers.items()}
    texts = {name: f"({text})" if text.startswith("−") else text for name, text in texts.items()}
    name = r"\b(?:v\.)?([a-z]\w*)\b(?!\()"  # and no function's
    return pretty(re.sub(name, lambda found: texts.get(found[1], found[0]), text))


def forward_steps(forward: Callable, v: Numbers) -> list[Step]:
    """Return a step a line of `forward`, of those whose value it returns."""
    return [Step(name, said(name, text, v, v[name]), name) for name, text in assignments(forward) if name in v]


def said(name: str, text: str, numbers: Numbers, value: float) -> str:
    """Say a line of code: what is computed, with its numbers, and what comes out."""
    parts = dict.fromkeys([pretty(name), pretty(text), with_numbers(text, numbers)])  # each once
    return " = ".join([*parts, f"<b>{number(value)}</b>"])


def backward_steps(backward: Callable, v: Numbers, g: Numbers) -> list[Step]:
    """Return a step a line of `backward`: a share that comes back along an edge, or any other line as it stands."""
    lines = [(name, text) for name, text in assignments(backward) if name in g]
    return [
        share(name, text, v, g) or Step(name, said(name, text, {**v, **g}, g[name]), name[1:]) for name, text in lines
    ]


def share(name: str, text: str, v: Numbers, g: Numbers) -> Step | None:
    """Say a line such as  dw1_m1 = dm1 * v.x1:  what comes from above times the local derivative. None for others."""
    product = first = ast.parse(text, mode="eval").body
    while isinstance(first, ast.BinOp) and isinstance(first.op, ast.Mult | ast.Div):
        first = first.left
    if first is product or not isinstance(first, ast.Name) or first.id not in g:
        return None
    rule = text.removeprefix(f"{first.id} * ")
    if rule == text:  # a division right after it
        return None
    above, node = first.id[1:], name[1:].split("_")[0]
    parts = dict.fromkeys([f"∂{pretty(above)}/∂{pretty(node)}", pretty(rule), with_numbers(rule, v)])
    times = f", times {number(g[first.id])} from the right, gives <b>{number(g[name])}</b>"
    return Step(name, " = ".join(parts) + times, f"{node} {above}")
