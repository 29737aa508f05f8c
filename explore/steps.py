"""Problem 1 as a film with its script, read from the notebook's own source.

A line of `forward` gives a node its value, `v.z = v.m1 + v.m2`; a line of `backward` gives it its
gradient, `g.n = g.e * v.e`. The line's syntax tree becomes a small tree that program.js computes,
and a sentence with places for its numbers: "z = m₁ + m₂ = {(v.m1)} + {(v.m2)} = {result}". A
number in {( )} gets brackets if it is negative.
"""

import ast
import copy
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Step = dict[str, Any]
Tree = float | list[Any]  # 0.5, ["v", "w1"], ["g", "z"], ["+", 1, ["exp", ["v", "n"]]]
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SIGNS = {" ** 2": "²", " * ": " · ", " / ": "/", "-": "−"}
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
BRACKETED = re.compile(r"\(\{\((.*?)\)\}\)")
ALLOWED = "+ - * / ** 2 and np.exp of numbers, v.name and g.name"


def program(forward: Callable, backward: Callable) -> dict[str, Any]:
    """Return the lines of both functions, and the steps that they take one after the other.

    A step says which function and which of its lines (from 0) it belongs to; what it `gives`: a
    "value" or a "gradient" of a node, or a "share" along an edge "from to", as in "w1 m1"; which
    nodes and edges are `marked`; the `tree` to compute; and its sentence. If it speaks of one
    edge, it also has this `edge`, the node `after` it and the `local` derivative: the tree is
    their product. If a line has another form there are no steps, but a `trouble`: the sentence
    that says so. The notebook itself has no need of that form.
    """
    try:
        return {
            "lines": {"forward": source(forward), "backward": source(backward)},
            "steps": [*forward_steps(forward), *backward_steps(backward)],
        }
    except ValueError as error:
        return {"trouble": str(error)}


def forward_steps(forward: Callable) -> list[Step]:
    """Return one step for each line of `forward`."""
    steps = []
    for line, node, expression in assignments(forward, "v"):
        edges = [f"{name} {node}" for name in operands(expression)]
        step = {"function": "forward", "line": line, "gives": "value", "node": node}
        step |= {"marked": [node, *edges], "tree": tree(expression)}
        steps.append(step | {"sentence": equation(symbol(node), expression)})
    return steps


def backward_steps(backward: Callable) -> list[Step]:
    """Return the steps of each line of `backward`."""
    steps = []
    for line, node, expression in assignments(backward, "g"):
        shares = read_shares(expression)
        several = share_steps(node, expression, shares) if shares else [whole(node, expression)]
        steps += [{"function": "backward", "line": line, "node": node} | step for step in several]
    return steps


def whole(node: str, expression: ast.expr) -> Step:
    """Return the step of a line of `backward` that is no sum of shares."""
    sentence = equation(f"∂f/∂{symbol(node)}", expression)
    step = {"gives": "gradient", "marked": [node], "tree": tree(expression)}
    return step | {"sentence": sentence}


# Reading the source


def source(function: Callable) -> list[str]:
    """Return the lines of a function's source, without the indentation that all of them share."""
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError) as error:
        raise ValueError(f"the source of {function!r} cannot be read") from error
    return textwrap.dedent(text).rstrip().splitlines()


def assignments(function: Callable, owner: str) -> list[tuple[int, str, ast.expr]]:
    """Return (line, node, expression) for each line such as `v.z = v.m1 + v.m2`, if v is owner."""
    definition: Any = ast.parse("\n".join(source(function))).body[0]
    lines = []
    for statement in definition.body:
        match statement:
            case ast.Assign([ast.Attribute(ast.Name(name), node)], expression) if name == owner:
                lines.append((statement.lineno - 1, node, expression))
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("SimpleNamespace"))) | ast.Return(
                ast.Name(name)
            ) if name == owner:
                pass  # where the numbers are kept
            case ast.Expr(ast.Constant(str())):
                pass  # the docstring
            case _:
                text = ast.unparse(statement)
                raise ValueError(
                    f"{text!r} cannot be shown as a step: expected a line such as "
                    f"{owner}.name = ..., made of {ALLOWED}"
                )
    return lines


def tree(expression: ast.expr) -> Tree:
    """Return an expression as a tree that program.js computes."""
    match expression:
        case ast.Constant(int() | float() as value):
            return value
        case ast.Attribute(ast.Name("v" | "g" as owner), name):
            return [owner, name]
        case ast.UnaryOp(ast.USub(), operand):
            return ["-", tree(operand)]
        case ast.BinOp(base, ast.Pow(), ast.Constant(2)):
            return ["**", tree(base), 2]
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            return [OPERATORS[type(operator)], tree(left), tree(right)]
        case ast.Call(ast.Attribute(ast.Name("np"), "exp"), [operand], []):
            return ["exp", tree(operand)]
    text = ast.unparse(expression)
    raise ValueError(f"{text!r} cannot be shown step by step: expected only {ALLOWED}")


def operands(expression: ast.expr, owner: str = "v") -> list[str]:
    """Return the names of the values (or, of "g", the gradients) that an expression uses."""
    names: dict[str, None] = {}
    for part in ast.walk(expression):
        match part:
            case ast.Attribute(ast.Name(name), attribute) if name == owner:
                names[attribute] = None
    return list(names)


# Formulas


class Substitution(ast.NodeTransformer):
    """Puts names, or places for their numbers, where the source has `v.z` and `g.z`."""

    def __init__(self, numbers: bool) -> None:
        self.numbers = numbers

    def visit_Attribute(self, node: ast.Attribute) -> ast.Name:
        """Return what stands for `v.z`, `g.z`, or `np.exp`."""
        owner = ast.unparse(node.value)
        if self.numbers and owner in ("v", "g"):
            return ast.Name(f"{{({owner}.{node.attr})}}")
        return ast.Name(f"∂f/∂{symbol(node.attr)}" if owner == "g" else symbol(node.attr))


def formula(expression: ast.expr, numbers: bool = False) -> str:
    """Write an expression with names, or with places for their numbers."""
    text = ast.unparse(Substitution(numbers).visit(copy.deepcopy(expression)))
    if isinstance(expression, ast.Attribute):  # it stands alone, so it needs no brackets
        text = text.replace("{(", "{").replace(")}", "}")
    text = BRACKETED.sub(r"({\1})", text)  # exp(...) has brackets already
    for code, sign in SIGNS.items():
        text = text.replace(code, sign)
    return text


def formulas(expression: ast.expr) -> str:
    """Write an expression with names, and then with numbers if it has any names."""
    return " = ".join(dict.fromkeys([formula(expression), formula(expression, numbers=True)]))


def equation(left: str, expression: ast.expr) -> str:
    """Write "name = formula = formula with numbers = result", each part once."""
    if isinstance(expression, ast.Constant):
        return f"{left} = {{result}}"
    return f"{left} = {formulas(expression)} = {{result}}"


def symbol(name: str) -> str:
    """Write the name of a node: w1 is w₁."""
    return name.translate(SUBSCRIPTS)


# Shares: what comes back along the edges


@dataclass
class Share:
    """A term of a line of `backward`: the gradient of the node `after` times a local derivative."""

    after: str
    local: ast.expr
    product: ast.expr


def share_steps(node: str, expression: ast.expr, shares: list[Share]) -> list[Step]:
    """Return a step for each share of a node's gradient and, if there are more, for their sum."""
    if len(shares) == 1:
        step = share_step(node, shares[0])
        return [step | {"gives": "gradient", "marked": [node, step["edge"]]}]
    steps = [share_step(node, share, "a share of ") for share in shares]
    edges = [step["edge"] for step in steps]
    total = " + ".join(f"{{({edge})}}" for edge in edges)
    count = "twice" if len(shares) == 2 else f"{len(shares)} times"
    name = symbol(node)
    sentence = f"∂f/∂{name} = {total} = {{result}}: {name} is used {count}, so its shares add up"
    added = {"gives": "gradient", "marked": [node, *edges], "tree": tree(expression)}
    return [*steps, added | {"sentence": sentence}]


def share_step(node: str, share: Share, what: str = "") -> Step:
    """Return the step of one share. In the graph on the screen, `after` lies below `node`."""
    edge = f"{node} {share.after}"
    left = f"∂{symbol(share.after)}/∂{symbol(node)}"
    times = f"times {{g.{share.after}}} from below"
    sentence = f"{left} = {formulas(share.local)}, {times}, gives {what}{{result}}"
    step = {"gives": "share", "marked": [edge], "edge": edge, "after": share.after}
    return step | {"local": tree(share.local), "tree": tree(share.product), "sentence": sentence}


def read_shares(expression: ast.expr) -> list[Share]:
    """Return the shares that a line of `backward` adds up; none if it has another form."""
    shares = [split(term) for term in terms(expression)]
    known = [share for share in shares if share and not operands(share.local, "g")]
    different = {share.after for share in known}
    return known if len(different) == len(shares) else []


def terms(expression: ast.expr) -> list[ast.expr]:
    """Return the terms of a sum; any other expression is its own only term."""
    match expression:
        case ast.BinOp(left, ast.Add(), right):
            return [*terms(left), right]
    return [expression]


def split(term: ast.expr) -> Share | None:
    """Split `g.q1 * 2 * v.w1` into the node q1 and the local derivative, `2 * v.w1`.

    Return None for a term that is not a gradient times something.
    """
    match term:
        case ast.Attribute(ast.Name("g"), node):
            return Share(node, ast.Constant(1), term)
        case ast.BinOp(ast.Attribute(ast.Name("g"), node), ast.Mult(), local):
            return Share(node, local, term)
        case ast.BinOp(local, ast.Mult(), ast.Attribute(ast.Name("g"), node)):
            return Share(node, local, term)
        case ast.UnaryOp(ast.USub(), operand) if inner := split(operand):
            return Share(inner.after, ast.UnaryOp(ast.USub(), inner.local), term)
        case ast.BinOp(left, ast.Mult() | ast.Div() as operator, right) if inner := split(left):
            return Share(inner.after, ast.BinOp(inner.local, operator, right), term)
    return None
