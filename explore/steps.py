"""Problem 1 in sentences, read from the notebook's own source.

A line of `forward` gives a node its value, `v.z = v.m1 + v.m2`; a line of `backward` gives it its
gradient, `g.n = g.e * v.e`. The line's syntax tree, written first with names and then with
numbers, becomes the sentence: "z = m₁ + m₂ = 0.06 + (−0.2) = −0.14".
"""

import ast
import copy
import html
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

Numbers = dict[str, float]
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SIGNS = {" ** 2": "²", " * ": " · ", " / ": "/", "-": "−"}


@dataclass
class Step:
    """A sentence in HTML, the nodes and edges to look at, and the numbers that are now known.

    Values and gradients belong to nodes, shares to edges. An edge is "from to", as in "w1 m1".
    """

    text: str
    marked: list[str]
    values: Numbers = field(default_factory=dict)
    gradients: Numbers = field(default_factory=dict)
    shares: Numbers = field(default_factory=dict)


def forward_steps(forward: Callable, v: SimpleNamespace) -> list[Step]:
    """Return one step for each line of `forward`; `v` is what it returned."""
    steps = []
    for node, expression in assignments(forward):
        value = getattr(v, node)
        text = equation(symbol(node), expression, value, v=v)
        steps.append(Step(text, [node], values={node: value}))
    return steps


def backward_steps(backward: Callable, v: SimpleNamespace, g: SimpleNamespace) -> list[Step]:
    """Return the steps of each line of `backward`; `g` is what it returned for `v`."""
    steps = []
    for node, expression in assignments(backward):
        gradient = getattr(g, node)
        shares = read_shares(expression, gradient, v, g)
        if shares:
            steps += share_steps(node, gradient, shares)
        else:
            text = equation(f"∂f/∂{symbol(node)}", expression, gradient, v=v, g=g)
            steps.append(Step(text, [node], gradients={node: gradient}))
    return steps


def assignments(function: Callable) -> list[tuple[str, ast.expr]]:
    """Return (node, expression) for each line such as `v.z = v.m1 + v.m2`.

    There are none if the function's source cannot be read.
    """
    try:
        source = textwrap.dedent(inspect.getsource(function))
        definition: Any = ast.parse(source).body[0]
    except (OSError, TypeError, SyntaxError):
        return []
    lines = []
    for statement in getattr(definition, "body", []):
        match statement:
            case ast.Assign([ast.Attribute(ast.Name("v" | "g"), node)], expression):
                lines.append((node, expression))
    return lines


# Formulas


class Substitution(ast.NodeTransformer):
    """Puts numbers in the place of `v.z` and `g.z` where they are given, otherwise names."""

    def __init__(self, namespaces: dict[str, SimpleNamespace]) -> None:
        self.namespaces = namespaces

    def visit_Attribute(self, node: ast.Attribute) -> ast.Name:
        """Return what stands for `v.z`, `g.z`, or `np.exp`."""
        owner = ast.unparse(node.value)
        value = getattr(self.namespaces.get(owner), node.attr, None)
        if value is not None:
            return ast.Name(bracketed(value))
        return ast.Name(f"∂f/∂{symbol(node.attr)}" if owner == "g" else symbol(node.attr))


def formula(expression: ast.expr, **namespaces: SimpleNamespace) -> str:
    """Write an expression in HTML, with the numbers of `v` and `g` where these are given."""
    written = Substitution(namespaces).visit(copy.deepcopy(expression))
    text = ast.unparse(written)
    if isinstance(expression, ast.Attribute):
        text = text.strip("()")  # a negative number that stands alone
    for code, sign in SIGNS.items():
        text = text.replace(code, sign)
    return html.escape(text)


def equation(left: str, expression: ast.expr, value: float, **namespaces: SimpleNamespace) -> str:
    """Write "name = formula = formula with numbers = value", each part once."""
    parts = [left, formula(expression), formula(expression, **namespaces)]
    return " = ".join([*dict.fromkeys(parts), f"<b>{number(value)}</b>"])


def symbol(name: str) -> str:
    """Write the name of a node: w1 is w₁."""
    return name.translate(SUBSCRIPTS)


def number(value: float) -> str:
    """Write a number with at most four decimals and a true minus sign."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def bracketed(value: float) -> str:
    """Write a number inside a formula, in brackets if it is negative."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


# Shares: what comes back along the edges


@dataclass
class Share:
    """What comes back from the node `after`: its gradient times a local derivative."""

    after: str
    value: float
    factors: str  # the local derivative and the gradient, in words


def share_steps(node: str, gradient: float, shares: list[Share]) -> list[Step]:
    """Return a step for each share of a node's gradient and, if there are more, for their sum."""
    if len(shares) == 1:
        return [share_step(node, shares[0], "gives", {node: gradient})]
    steps = [share_step(node, share, "gives a share of", {}) for share in shares]
    total = " + ".join(bracketed(share.value) for share in shares)
    count = "twice" if len(shares) == 2 else f"{len(shares)} times"
    text = (
        f"∂f/∂{symbol(node)} = {total} = <b>{number(gradient)}</b>: "
        f"{symbol(node)} is used {count}, so its shares add up"
    )
    edges = [edge for step in steps for edge in step.marked]
    return [*steps, Step(text, [node, *edges], gradients={node: gradient})]


def share_step(node: str, share: Share, gives: str, gradients: Numbers) -> Step:
    """Return the step of one share, and of the gradients that are known with it."""
    edge = f"{node} {share.after}"
    left = f"∂{symbol(share.after)}/∂{symbol(node)}"
    text = f"{left} = {share.factors}, {gives} <b>{number(share.value)}</b>"
    return Step(text, [edge], gradients=gradients, shares={edge: share.value})


def read_shares(
    expression: ast.expr, gradient: float, v: SimpleNamespace, g: SimpleNamespace
) -> list[Share]:
    """Return the shares that a line of `backward` adds up; none if it has another form."""
    summands = terms(expression)
    parts = [part for part in map(split, summands) if part]
    if len(parts) < len(summands):
        return []
    values = [gradient]
    if len(summands) > 1:
        try:
            values = [evaluate(summand, v, g) for summand in summands]
        except NameError:  # one of them uses a local variable of `backward`
            return []
    shares = []
    for (after, derivative), value in zip(parts, values, strict=True):
        formulas = dict.fromkeys([formula(derivative), formula(derivative, v=v, g=g)])
        times = f"times {number(getattr(g, after))} from the right"
        shares.append(Share(after, value, f"{' = '.join(formulas)}, {times}"))
    return shares


def evaluate(expression: ast.expr, v: SimpleNamespace, g: SimpleNamespace) -> float:
    """Compute a part of a line of the notebook. Raises NameError for names other than v, g, np."""
    code = compile(ast.Expression(expression), "<a part of a line>", "eval")
    return eval(code, {"v": v, "g": g, "np": np})


def terms(expression: ast.expr) -> list[ast.expr]:
    """Return the terms of a sum; any other expression is its own only term."""
    match expression:
        case ast.BinOp(left, ast.Add(), right):
            return [*terms(left), right]
    return [expression]


def split(term: ast.expr) -> tuple[str, ast.expr] | None:
    """Split `g.q1 * 2 * v.w1` into the node q1 and the local derivative, `2 * v.w1`.

    Return None for a term that is not a gradient times something.
    """
    match term:
        case ast.Attribute(ast.Name("g"), node):
            return node, ast.Constant(1)
        case ast.BinOp(ast.Attribute(ast.Name("g"), node), ast.Mult(), derivative):
            return node, derivative
        case ast.BinOp(derivative, ast.Mult(), ast.Attribute(ast.Name("g"), node)):
            return node, derivative
        case ast.UnaryOp(ast.USub(), operand) if factors := split(operand):
            return factors[0], ast.UnaryOp(ast.USub(), factors[1])
        case ast.BinOp(left, ast.Mult() | ast.Div() as operator, right) if factors := split(left):
            return factors[0], ast.BinOp(factors[1], operator, right)
    return None
