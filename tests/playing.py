"""Play a notebook in this process, and take the alternatives of its sentences one by one.

A sentence with alternatives is made by an `if`, an `... if ... else ...`, or an operand of the
`and` and `or` in them. Each such condition in the cells that make answers, and in the functions
that make sentences, is marked: it reports what comes out of it, and it can be turned over. A test
that reads the answers must notice that, or it reads them too kindly.
"""

import ast
import contextlib
import copy
import functools
import inspect
import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from results import Answer

Texts = dict[str, str]


class Condition(NamedTuple):
    """A condition in the source of a notebook's cell or of a module's function."""

    where: str
    line: int
    text: str


class Alternative(NamedTuple):
    """A condition, and what came out of it."""

    condition: Condition
    outcome: bool

    def __str__(self) -> str:
        where, line, text = self.condition
        return f"{where}, line {line}: {text} is {self.outcome}"


class Marks:
    """The conditions that are known, the alternatives that were taken, the one to turn over."""

    def __init__(self) -> None:
        self.known: set[Condition] = set()
        self.taken: set[Alternative] = set()
        self.turned: Alternative | None = None

    def outcome(self, condition: tuple[str, int, str], value: Any) -> bool:
        """Note what came out of a condition; return the opposite if it is turned over."""
        alternative = Alternative(Condition(*condition), bool(value))
        self.taken.add(alternative)
        return bool(value) != (self.turned == alternative)

    @contextlib.contextmanager
    def noted(self) -> Iterator[set[Alternative]]:
        """Give the set of the alternatives that are taken from here on."""
        before, self.taken = self.taken, set()
        try:
            yield self.taken
        finally:
            self.taken = before

    @contextlib.contextmanager
    def turn(self, alternative: Alternative) -> Iterator[None]:
        """Turn one condition over wherever it has that outcome."""
        self.turned = alternative
        try:
            yield
        finally:
            self.turned = None


MARKS = Marks()


class Marked(ast.NodeTransformer):
    """Puts a mark on the condition of each `if`, or on each side of its `and` and `or`."""

    def __init__(self, where: str) -> None:
        self.where = where

    def visit_If(self, node: ast.If) -> ast.AST:
        """Mark the condition of a statement."""
        self.generic_visit(node)
        node.test = self.marked(node.test)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Mark the condition of an expression."""
        self.generic_visit(node)
        node.test = self.marked(node.test)
        return node

    def marked(self, test: ast.expr) -> ast.expr:
        """Return a condition that reports its outcome, and may be turned over."""
        if isinstance(test, ast.BoolOp):
            return ast.BoolOp(test.op, [self.marked(side) for side in test.values])
        condition = Condition(self.where, test.lineno, ast.unparse(test))
        MARKS.known.add(condition)
        parts = ast.Tuple([ast.Constant(part) for part in condition], ast.Load())
        return ast.Call(ast.Name("_outcome", ast.Load()), [parts, test], [])


def mark(tree: ast.AST, where: str) -> ast.AST:
    """Mark all conditions in a tree."""
    return ast.fix_missing_locations(Marked(where).visit(tree))


@contextlib.contextmanager
def marked_functions(module: ModuleType, names: Iterable[str]) -> Iterator[None]:
    """Replace some functions of a module by the same with marks."""
    before = {name: vars(module)[name] for name in names}
    source = ast.parse(inspect.getsource(module))
    for node in source.body:
        if isinstance(node, ast.FunctionDef) and node.name in before:
            tree = ast.Module([mark(node, f"{module.__name__}.{node.name}")], [])
            exec(compile(tree, module.__file__ or "", "exec"), vars(module))
    module._outcome = MARKS.outcome
    try:
        yield
    finally:
        vars(module).update(before)


class Spoken(NamedTuple):
    """What one input makes us say, the alternatives that it took, and a way to say it again."""

    answers: Texts
    taken: set[Alternative]
    again: Callable[[], Texts]

    def turned_over(self, alternative: Alternative) -> Texts | None:
        """Return what is said if one condition is turned over; None if that cannot be said."""
        with MARKS.turn(alternative):
            try:
                return self.again()
            except Exception:  # the other alternative needs what this input does not have
                return None


def spoken(say: Callable[[], Texts]) -> Spoken:
    """Return what a function says."""
    with MARKS.noted() as taken:
        return Spoken(say(), taken, say)


class Played:
    """A notebook that ran with some values: its numbers, its answers, and all that it showed."""

    def __init__(self, path: Path, out: Path, functions: Iterable[str] = (), **values: Any) -> None:
        self.name = path.stem
        self.functions = frozenset(functions)
        self.namespace: dict[str, Any] = {"__name__": "__main__", "_outcome": MARKS.outcome}
        self.answer_cells: list[Any] = []
        self.shown: list[str] = []
        self.fixed: list[str] = []
        with MARKS.noted() as self.taken, contextlib.redirect_stdout(io.StringIO()):
            for number, cell in enumerate(json.loads(path.read_text())["cells"]):
                self.play(number, cell)
                if "parameters" in cell["metadata"].get("tags", []):
                    self.namespace |= values | {"out": str(out)}
        self.truth: Any = None  # what a test knows about the input
        self.results = json.loads((out / f"results/{path.stem}.json").read_text())
        self.answers: Texts = self.results.pop("answers")

    def play(self, number: int, cell: dict[str, Any]) -> None:
        """Execute a cell of code, and keep what it shows; keep a cell of text."""
        tags = cell["metadata"].get("tags", [])
        source = "".join(cell["source"])
        if "explore" in tags:
            return
        if cell["cell_type"] != "code":
            self.fixed.append(source)
            return
        shown = self.execute(self.compiled(number, source, "answer" in tags))
        if "answer" in tags:
            self.answer_cells.append((number, source))
        if isinstance(shown, Answer):
            self.shown.append(shown.text)
        elif hasattr(shown, "alt"):
            self.shown.append(shown.alt)

    def compiled(self, number: int, source: str, whole: bool) -> tuple[Any, Any]:
        """Compile a cell, with marks on all of it or on the functions that make sentences."""
        return compiled(f"{self.name}, cell {number}", source, whole, self.functions)

    def execute(self, code: tuple[Any, Any]) -> Any:
        """Execute a compiled cell and return the value of its last expression."""
        body, last = code
        exec(body, self.namespace)
        return eval(last, self.namespace) if last else None

    @property
    def text(self) -> str:
        """Everything that is shown to a reader: fixed text, answers, alt texts."""
        return "\n".join(self.fixed + self.shown)

    def with_values(self, **changes: Any) -> "Played":
        """Return the same run with some of its values exchanged afterwards."""
        other = copy.copy(self)
        other.namespace = self.namespace | changes
        with MARKS.noted() as other.taken:
            other.answers = other.again()
        return other

    def again(self) -> Texts:
        """Execute the cells with answers once more, and return what they say."""
        answers = self.namespace["results"].answers
        before = dict(answers)
        try:
            for number, source in self.answer_cells:
                self.execute(self.compiled(number, source, True))
            return dict(answers)
        finally:
            answers.clear()
            answers.update(before)

    @property
    def said(self) -> Spoken:
        """The answers, and the alternatives behind them."""
        return Spoken(self.answers, self.taken, self.again)


@functools.cache
def compiled(where: str, source: str, whole: bool, functions: frozenset[str]) -> tuple[Any, Any]:
    """Compile a cell: its statements, and its last expression for itself."""
    tree = ast.parse(source)
    for i, node in enumerate(tree.body):
        if whole or (isinstance(node, ast.FunctionDef) and node.name in functions):
            tree.body[i] = mark(node, where)
    last: Any = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = compile(ast.Expression(tree.body.pop().value), where, "eval")
    return compile(tree, where, "exec"), last
