"""Does each protection have a test that needs it? `make mutants` takes them out, one by one.

A row of TABLE names a function, what to change in it, and the tests that must notice. The changes
are found in the function's syntax tree and tried one at a time, in a copy of this house:

    refusals    a condition before `raise` or `return` of a constant (each side of an `or` for
                itself) becomes False; an `except` that raises another error lets the error through
    calls       a line that only calls something is left out
    false       `return ...` becomes `return False`
    scaled      a returned value is multiplied by 1.001, each of several for itself
"""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from conftest import ROOT, copy_house
from tqdm import tqdm

LIMIT = 180  # seconds for the tests of one mutant; a test that never ends has noticed, too
NO_TESTS = (2, 3, 4, 5)  # pytest's exit codes when it could not run tests, or found none


class Row(NamedTuple):
    """A function whose protections are taken out, and the tests that must notice."""

    file: str
    function: str
    change: str
    tests: str  # a file, and pytest's -k after a blank


IDX = "test_idx.py not i19"
FETCH = "test_fetch.py"
NUMERICS = "test_numerics.py"
POINTS = "test_points.py"
STROKES = "test_handwriting.py"
SHEETS = "test_sheet.py"
REPORT = "test_report.py r0"
HANDIN = "test_report.py h0"
RUNS = "test_notebooks.py b09 or b06 or b03"
SWEEPS = "test_sweep.py"
LOCK = "test_builds.py not slow"

TABLE = [
    Row("common.py", "_read_header", "refusals", IDX),
    Row("common.py", "read_idx", "refusals", IDX),
    Row("common.py", "GzipReader.read", "refusals", IDX),
    Row("common.py", "read_mnist", "refusals", IDX),
    Row("common.py", "check_finite", "refusals", NUMERICS),
    Row("common.py", "row_batches", "refusals", NUMERICS),
    Row("common.py", "kl_loss", "scaled", NUMERICS),
    Row("common.py", "Linear.gradients", "scaled", NUMERICS),
    Row("common.py", "Linear.backward", "scaled", NUMERICS),
    Row("common.py", "ReLU.backward", "scaled", NUMERICS),
    Row("results.py", "plain", "refusals", NUMERICS),
    Row("points.py", "read_points", "refusals", POINTS),
    Row("points.py", "parse_row", "refusals", POINTS),
    Row("handwriting.py", "digit_items", "refusals", STROKES),
    Row("handwriting.py", "read_digits", "refusals", STROKES),
    Row("photos.py", "read_page", "refusals", SHEETS),
    Row("photos.py", "check_size", "refusals", SHEETS),
    Row("photos.py", "find_digits", "refusals", SHEETS),
    Row("sweep/parameters.py", "convert", "refusals", RUNS),
    Row("sweep/parameters.py", "split", "refusals", RUNS),
    Row("sweep/grid.py", "swept_values", "refusals", SWEEPS),
    Row("sweep/grid.py", "span", "refusals", SWEEPS),
    Row("sweep/engine.py", "follow_parent", "calls", SWEEPS),
    Row("sweep/__main__.py", "check", "refusals", SWEEPS),
    Row("tools/lock.py", "take", "calls", LOCK),
    Row("tools/fetch.py", "download", "refusals", FETCH),
    Row("tools/fetch.py", "new_folder", "calls", FETCH),
    Row("tools/report.py", "read_results", "refusals", REPORT),
    Row("tools/report.py", "check_names", "refusals", REPORT),
    Row("tools/report.py", "is_complaint", "false", REPORT),
    Row("tools/report.py", "build_report", "refusals", REPORT),
    Row("tools/handin.py", "read_notebook", "refusals", HANDIN),
    Row("tools/handin.py", "check_notebook", "refusals", HANDIN),
    Row("tools/handin.py", "check_sums", "refusals", HANDIN),
    Row("tools/handin.py", "read_text", "refusals", HANDIN),
    Row("tools/handin.py", "contents", "refusals", HANDIN),
    Row("tools/digits.py", "check_labels", "refusals", SHEETS),
    Row("tools/digits.py", "digits", "refusals", SHEETS),
]

Change = tuple[ast.AST, str]  # a node, and the source that takes its place


def refusals(function: ast.AST) -> Iterator[Change]:
    """Yield each condition of a refusal as False, and each `raise` in an `except` as a bare one."""
    for node in ast.walk(function):
        if isinstance(node, ast.If) and is_refusal(node.body[-1]):
            is_or = isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.Or)
            for condition in node.test.values if is_or else [node.test]:
                yield condition, "False"
        if isinstance(node, ast.ExceptHandler) and isinstance(node.body[-1], ast.Raise):
            yield node.body[-1], "raise"


def is_refusal(statement: ast.stmt) -> bool:
    """Return whether a statement raises, or returns a constant."""
    returns_constant = isinstance(statement, ast.Return) and isinstance(
        statement.value, ast.Constant
    )
    return isinstance(statement, ast.Raise) or returns_constant


def calls(function: ast.AST) -> Iterator[Change]:
    """Yield each statement that is only a call as nothing."""
    for node in ast.walk(function):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield node, "pass"


def false(function: ast.AST) -> Iterator[Change]:
    """Yield each returned value as False."""
    for value in returned(function):
        yield value, "False"


def scaled(function: ast.AST) -> Iterator[Change]:
    """Yield each returned value times 1.001."""
    for value in returned(function):
        for part in value.elts if isinstance(value, ast.Tuple | ast.List) else [value]:
            yield part, f"1.001 * ({ast.unparse(part)})"


def returned(function: ast.AST) -> list[ast.expr]:
    """Return the values that a function returns."""
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
    return [node.value for node in returns if node.value]


CHANGES: dict[str, Callable[[ast.AST], Iterator[Change]]] = {
    change.__name__: change for change in (refusals, calls, false, scaled)
}


def find(tree: ast.Module, name: str) -> ast.AST:
    """Return the node of a function, or of a method as Class.method; raises LookupError."""
    node: ast.AST = tree
    for part in name.split("."):
        inside = {
            child.name: child for child in ast.iter_child_nodes(node) if hasattr(child, "name")
        }
        node = inside[part]
    return node


def replaced(source: str, node: ast.AST, text: str) -> str:
    """Return the source with other text in the place of a node."""
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    begin = starts[node.lineno - 1] + node.col_offset
    end = starts[node.end_lineno - 1] + node.end_col_offset
    whole = source.encode()
    return (whole[:begin] + text.encode() + whole[end:]).decode()


def mutants(source: str, function: str, change: str) -> list[tuple[str, str]]:
    """Return what is taken out, and the source without it. Raises LookupError if it is nothing."""
    node = find(ast.parse(source), function)
    made = [
        (f"line {place.lineno}: {ast.unparse(place)}", replaced(source, place, text))
        for place, text in CHANGES[change](node)
    ]
    if not made:
        raise LookupError(f"{function} has no {change}")
    return made


def run_tests(house: Path, tests: str) -> subprocess.CompletedProcess:
    """Run tests in the copy; raises SystemExit if there were none to run."""
    file, _, chosen = tests.partition(" ")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += [f"tests/{file}", *(["-k", chosen] if chosen else [])]
    # The copy has no environment of its own, and needs none; old bytecode would hide the change.
    env = os.environ | {"MAKEFLAGS": f"ENV= PY={sys.executable}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=house, env=env, capture_output=True, text=True, timeout=LIMIT
    )
    if done.returncode in NO_TESTS:
        sys.exit(f"{tests}: no test was run\n{done.stdout[-2000:]}")
    return done


def is_noticed(house: Path, file: str, source: str, tests: str) -> bool:
    """Give a file of the copy another source, and return whether its tests fail."""
    path = house / file
    original, before = path.read_text(encoding="utf-8"), path.stat()
    try:
        path.write_text(source, encoding="utf-8")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # nothing for make to do
        return run_tests(house, tests).returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(original, encoding="utf-8")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def copy_built(folder: Path) -> Path:
    """Copy this house with what is built, all files of one age, so that nothing is built again."""
    house = copy_house(folder / "house")
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):  # tests ask git for the files
        subprocess.run(command, cwd=house, check=True)
    shutil.copytree(ROOT / "report/build", house / "report/build")
    now = time.time()
    for path in house.rglob("*"):
        os.utime(path, (now, now))
    return house


def check_baseline(house: Path, rows: list[Row]) -> None:
    """Raise SystemExit if a test fails with everything in place."""
    for tests in dict.fromkeys(row.tests for row in rows):
        done = run_tests(house, tests)
        if done.returncode != 0:
            sys.exit(f"{tests}: a test fails with everything in place\n{done.stdout[-2000:]}")


def main(words: list[str]) -> int:
    """Try the rows, or those whose file or function contains one of the words."""
    rows = [r for r in TABLE if not words or any(w in f"{r.file} {r.function}" for w in words)]
    tried = []
    for row in rows:
        source = (ROOT / row.file).read_text(encoding="utf-8")
        tried += [(row, *mutant) for mutant in mutants(source, row.function, row.change)]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        house = copy_built(Path(folder))
        check_baseline(house, rows)
        for row, what, source in tqdm(tried, unit="mutant"):
            if not is_noticed(house, row.file, source, row.tests):
                survivors += 1
                tqdm.write(f"SURVIVED {row.file}, {row.function}, {what}")
    noticed = len(tried) - survivors
    print(f"{noticed} of {len(tried)} protections taken out were noticed by their tests")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
