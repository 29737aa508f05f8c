"""From the notebook's own source to steps that can be read: each line of `forward` and `backward` with its numbers."""

import ast
import html
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Numbers = dict[str, float]


class Step(NamedTuple):
    """The name that a line gives a value to, what is said of it in HTML, and the node or edge to look at."""

    name: str
    text: str
    marked: str


def assignments(function: Callable) -> Iterator[tuple[str, str]]:
    """Yield (name, expression) of each assignment in a function's source, those of a tuple one by one."""
    definition: Any = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    for line in definition.body:
        if isinstance(line, ast.Assign):
            target, value = line.targets[0], line.value
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = zip(target.elts, value.elts, strict=True) if both else [(target, value)]  # type: ignore[attr-defined]
            yield from ((ast.unparse(name), ast.unparse(expression)) for name, expression in pairs)


def pretty(text: str) -> str:
    """Write an expression of the code as a formula in HTML."""
    text = html.escape(re.sub(r"\b(v|math)\.", "", text))
    text = text.replace(" ** 2", "²").replace(" * ", " · ").replace(" / ", "/").replace("-", "−")
    text = re.sub(r"\bd([a-z]\d?)(_\w+)?\b", r"∂f/∂\1", text)
    return re.sub(r"\b([a-z])(\d)\b", r"\1<sub>\2</sub>", text)


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
    """Return a step a line of `forward`."""
    return [
        Step(name, f"{pretty(name)} = {pretty(text)} = {with_numbers(text, v)} = <b>{number(v[name])}</b>", name)
        for name, text in assignments(forward)
    ]


def backward_steps(backward: Callable, v: Numbers, g: Numbers) -> list[Step]:
    """Return a step a line of `backward`: a share that comes back along an edge, or the sum of two."""
    return [_share(name, text, v, g) or _other(name, text, g) for name, text in assignments(backward)]


def _share(name: str, text: str, v: Numbers, g: Numbers) -> Step | None:
    """Say a line such as  dw1_m1 = dm1 * v.x1,  what comes from above times the local derivative."""
    found = re.fullmatch(r"d(\w+) \* (.+)", text)
    if not found or f"d{found[1]}" not in g:
        return None
    above, rule = found.groups()
    node = name[1:].split("_")[0]
    local, filled = pretty(rule), with_numbers(rule, v)
    local += "" if filled == local else f" = {filled}"
    text = f"∂{pretty(above)}/∂{pretty(node)} = {local}, times {number(g['d' + above])} from above, gives"
    return Step(name, f"{text} <b>{number(g[name])}</b>", f"{node} {above}")


def _other(name: str, text: str, g: Numbers) -> Step:
    """Say a line such as  df = 1.0  or  dw1 = dw1_m1 + dw1_q1."""
    if "+" in text:
        said = f"{pretty(name)} = {with_numbers(text, g)} = <b>{number(g[name])}</b>: the shares add"
    else:
        said = f"{pretty(name)} = <b>{number(g[name])}</b>: backward begins at the end"
    return Step(name, said, name[1:])
