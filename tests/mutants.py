"""Does each protection have a test that needs it? `make mutants` takes them out, one by one.

A row of TABLE names a function, what to change in it, and the tests that must notice:

    refusals    a condition before `raise` or `return` of a constant (each side of an `or` for
                itself) becomes False; an `except` that raises another error lets the error through
    calls       a line that only calls something is left out
    false       `return ...` becomes `return False`
    scaled      a returned value is multiplied by 1.001, each of several for itself
    shifted     a returned value is one larger, each of several for itself

Each change is made alone, in a copy of this house. To try some of the rows:
`pytest tests/mutants.py -k handin`.
"""

import ast
import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import ROOT, copy_house

LIMIT = 180  # seconds for the tests of one mutant; a test that never ends has noticed, too
LARGER = {"scaled": "1.001 *", "shifted": "1 +"}
PASSED, FAILED = 0, 1  # pytest's exit codes; the others mean that no test was run


class Row(NamedTuple):
    """A function whose protections are taken out, and the tests that must notice."""

    file: str
    function: str
    change: str
    tests: str  # a file, and pytest's -k after a blank


IDX = "test_idx.py not i19"
SETS = "test_image_sets.py x03"
FETCH = "test_fetch.py"
NUMERICS = "test_numerics.py"
POINTS = "test_points.py"
READING = "test_reading_points.py"
STROKES = "test_handwriting.py"
PICTURES = "test_pictures.py"
DIGITS = "test_digits.py"
REPORT = "test_report.py r0"
HANDIN = "test_handin.py h0"
RUNS = "test_notebooks.py b09 or b06 or b03"
SWEEPS = "test_sweep.py"
LOCK = "test_builds.py not slow"

TABLE = [
    Row("common.py", "_read_header", "refusals", IDX),
    Row("common.py", "read_idx", "refusals", IDX),
    Row("common.py", "GzipReader.read", "refusals", IDX),
    Row("common.py", "read_mnist", "refusals", IDX),
    Row("common.py", "_find_files", "refusals", SETS),
    Row("common.py", "train", "refusals", NUMERICS),
    Row("common.py", "check_finite", "refusals", NUMERICS),
    Row("common.py", "row_batches", "refusals", NUMERICS),
    Row("common.py", "kl_loss", "scaled", NUMERICS),
    Row("common.py", "Linear.gradients", "scaled", NUMERICS),
    Row("common.py", "Linear.backward", "scaled", NUMERICS),
    Row("common.py", "ReLU.backward", "scaled", NUMERICS),
    Row("common.py", "class_numbers", "refusals", NUMERICS),
    Row("common.py", "check_targets", "refusals", NUMERICS),
    Row("common.py", "numerical_gradient", "refusals", NUMERICS),
    Row("results.py", "plain", "refusals", NUMERICS),
    Row("pointfiles.py", "read_points", "refusals", POINTS),
    Row("pointfiles.py", "parse_row", "refusals", POINTS),
    Row("pointfiles.py", "text_of", "refusals", READING),
    Row("pointfiles.py", "order", "refusals", READING),
    Row("pointfiles.py", "check_ambiguity", "refusals", READING),
    Row("pointfiles.py", "decimal_mark", "refusals", READING),
    Row("points.py", "separates", "refusals", POINTS),
    Row("points.py", "overlaps", "refusals", POINTS),
    Row("points.py", "margins", "shifted", POINTS),
    Row("handwriting.py", "corner", "shifted", STROKES),
    Row("handwriting.py", "digit_items", "refusals", STROKES),
    Row("handwriting.py", "digits_of", "refusals", STROKES),
    Row("pictures.py", "check_size", "refusals", PICTURES),
    Row("pictures.py", "add_heic", "refusals", PICTURES),
    Row("sweep/parameters.py", "convert", "refusals", RUNS),
    Row("sweep/parameters.py", "split", "refusals", RUNS),
    Row("sweep/grid.py", "swept_values", "refusals", SWEEPS),
    Row("sweep/grid.py", "span", "refusals", SWEEPS),
    Row("sweep/engine.py", "follow_parent", "calls", SWEEPS),
    Row("sweep/__main__.py", "check", "refusals", SWEEPS),
    Row("tools/lock.py", "take", "calls", LOCK),
    Row("tools/fetch.py", "download", "refusals", FETCH),
    Row("tools/fetch.py", "pieces", "refusals", FETCH),
    Row("tools/fetch.py", "receive", "refusals", FETCH),
    Row("tools/fetch.py", "receive", "calls", FETCH),
    Row("tools/fetch.py", "new_folder", "calls", FETCH),
    Row("tools/report.py", "read_results", "refusals", REPORT),
    Row("tools/report.py", "check_names", "refusals", REPORT),
    Row("tools/report.py", "is_complaint", "false", REPORT),
    Row("tools/report.py", "build_report", "refusals", REPORT),
    Row("tools/handin.py", "read_notebook", "refusals", HANDIN),
    Row("tools/handin.py", "check_notebook", "refusals", HANDIN),
    Row("tools/handin.py", "check_made_of", "refusals", HANDIN),
    Row("tools/handin.py", "check_pdf", "refusals", HANDIN),
    Row("tools/handin.py", "contents", "refusals", HANDIN),
    Row("tools/labels.py", "check_letters", "refusals", DIGITS),
    Row("tools/labels.py", "check_count", "refusals", DIGITS),
    Row("tools/digits.py", "digits", "refusals", DIGITS),
    Row("tools/digits.py", "pictures_in", "refusals", DIGITS),
]


def find(tree: Any, name: str) -> ast.AST:
    """Return the node of a function, or of a method as Class.method. Raises StopIteration."""
    for part in name.split("."):
        tree = next(node for node in tree.body if getattr(node, "name", "") == part)
    return tree


def changes(function: ast.AST, change: str) -> Iterator[tuple[ast.AST, str]]:
    """Yield each place of a function where there is something to take out, and its new text."""
    for node in ast.walk(function):
        match change, node:
            case "refusals", ast.If(test=test, body=[*_, ast.Raise() | ast.Return(ast.Constant())]):
                is_or = isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or)
                yield from ((part, "False") for part in (test.values if is_or else [test]))
            case "refusals", ast.ExceptHandler(body=[*_, ast.Raise() as statement]):
                yield statement, "raise"
            case "calls", ast.Expr(ast.Call()):
                yield node, "pass"
            case "false", ast.Return(ast.expr() as value):
                yield value, "False"
            case "scaled" | "shifted", ast.Return(ast.expr() as value):
                for part in value.elts if isinstance(value, ast.Tuple | ast.List) else [value]:
                    yield part, f"{LARGER[change]} ({ast.unparse(part)})"


def replaced(source: str, node: ast.AST, text: str) -> str:
    """Return the source with other text in the place of a node."""
    lines = source.encode().split(b"\n")  # ast counts bytes
    before = [*lines[: node.lineno - 1], lines[node.lineno - 1][: node.col_offset]]
    after = [lines[node.end_lineno - 1][node.end_col_offset :], *lines[node.end_lineno :]]
    return (b"\n".join(before) + text.encode() + b"\n".join(after)).decode()


def mutants(row: Row) -> list:
    """Return a case for each thing to take out: the row, and the file's source without it."""
    source = (ROOT / row.file).read_text(encoding="utf-8")
    return [
        pytest.param(
            row,
            replaced(source, place, text),
            id=f"{row.file}-{row.function}-{row.change}-line-{place.lineno}",
        )
        for place, text in changes(find(ast.parse(source), row.function), row.change)
    ]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of this house with what is built, all of one age: nothing is built again."""
    house = copy_house(tmp_path_factory.mktemp("house"))
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):  # tests ask git for the files
        subprocess.run(command, cwd=house, check=True)
    shutil.copytree(ROOT / "report/build", house / "report/build")
    now = time.time()
    for path in house.rglob("*"):
        os.utime(path, (now, now))
    return house


def exit_code(house: Path, tests: str) -> int:
    """Run tests in the copy and return pytest's exit code."""
    file, _, chosen = tests.partition(" ")
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-k", chosen]
    # The copy has no environment of its own, and needs none; old bytecode would hide the change.
    env = os.environ | {"MAKEFLAGS": f"ENV= PY={sys.executable}", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            [*command, f"tests/{file}"],
            cwd=house,
            env=env,
            stdout=subprocess.DEVNULL,
            timeout=LIMIT,
        ).returncode
    except subprocess.TimeoutExpired:
        return FAILED


@functools.cache
def passes_whole(house: Path, tests: str) -> bool:
    """Return whether the tests pass with everything in place."""
    return exit_code(house, tests) == PASSED


@pytest.mark.parametrize(("row", "source"), [case for row in TABLE for case in mutants(row)])
def test_what_is_taken_out_is_noticed(house: Path, row: Row, source: str) -> None:
    assert passes_whole(house, row.tests), f"{row.tests}: fails with everything in place"
    path = house / row.file
    original = path.read_bytes()
    before = path.stat()
    try:
        path.write_text(source, encoding="utf-8")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # nothing for make to do
        assert exit_code(house, row.tests) == FAILED
    finally:
        path.write_bytes(original)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
