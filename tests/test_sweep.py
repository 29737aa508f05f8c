"""List B, sweeps: the grid, the runs, what a failure leaves, and going on after any end."""

import contextlib
import csv
import io
import json
import os
import pickle
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, gone, write_notebook

from sweep import __main__ as sweep
from sweep import engine, grid, identity, inprocess, parameters, plot, runs, sources

PARAMETERS = """k: int = 1  # >= 0   which run
rate: float = 0.5  # ≥ 0.001, < 10   a rate
fast: bool = True  # or not
points: str = "data/set2.csv"  # a file
seed: int = 0  # a seed
out: str = "x"  # where"""
LIMIT = "15"  # seconds; a loaded machine needs some of them for a run that does nothing
SLOW = "import time; time.sleep(0.05)"
FOREVER = {
    "Python": "import time; time.sleep(600)",
    "C code that holds the GIL": "sum(range(10**11))",
}


def make(folder, *sources, name="little.ipynb"):
    """Write a notebook with the parameters above; its last cell writes results."""
    last = """numbers = {"square": k * k, "rate": rate, "by": {"seed": k + seed}, "list": [k]}
write_json(f"{out}/results/little.json", numbers | {"provenance": {"seed": seed}})"""
    first = "import os\nfrom results import write_json"
    return write_notebook(folder / name, PARAMETERS, *sources, last, before=(first,))


def tag(notebook, tags):
    """Give the cells with these sources a tag."""
    content = json.loads(notebook.read_text())
    for cell in content["cells"]:
        source = "".join(cell["source"])
        if source in tags:
            cell["metadata"]["tags"] = [tags[source]]
    notebook.write_text(json.dumps(content))
    return notebook


def leave_mark(folder):
    """Return code that appends k and the process to a file."""
    line = "f'{k} {os.getpid()}\\n'"
    return f"with open({str(folder / 'marks')!r}, 'a') as file:\n    file.write({line})"


def marking(folder, *sources):
    """Write a notebook whose runs leave a mark: k, and the process that ran it."""
    return make(folder, leave_mark(folder), *sources)


def marks(folder):
    """Return (k, process) of each run that left its mark."""
    path = folder / "marks"
    lines = path.read_text().splitlines() if path.exists() else []
    return [tuple(map(int, line.split())) for line in lines if len(line.split()) == 2]


def times_run(folder):
    """Return how often each k was run."""
    numbers = [k for k, _ in marks(folder)]
    return {k: numbers.count(k) for k in numbers}


def is_alive(pid):
    """Return True if a process runs, and is not just waiting for its parent to notice its end."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def all_gone(pids):
    """Wait up to 5 s until none of the processes runs; kill those that still do."""
    deadline = time.monotonic() + 5
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = list(filter(is_alive, pids))
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return not left


class Done(NamedTuple):
    """How a sweep went."""

    returncode: int
    stdout: str
    stderr: str


def go(notebook, out, *words):
    """Run a sweep in this process, so that what runs are forked from starts only once."""
    printed, complained = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGTERM)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
            code = sweep.main([str(notebook), str(out), *words])
    finally:
        signal.signal(signal.SIGTERM, before)
    return Done(code, printed.getvalue(), complained.getvalue())


@contextlib.contextmanager
def started(notebook, out, *words):
    """Start a sweep as a process of its own."""
    command = [sys.executable, "-m", "sweep", str(notebook), str(out), *words]
    running = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        yield running
    finally:
        running.kill()


def wait_for_marks(folder, count, running):
    """Wait until so many runs have left their mark."""
    while len(marks(folder)) < count:
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.02)


def rows(out, name="table"):
    with (out / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("3", "int", "3"),
        ("1,2,8", "int", "1 2 8"),
        ("0:4", "int", "0 1 2 3"),
        ("0:9:4,100", "int", "0 4 8 100"),
        ("0.1:0.4:0.1", "float", "0.1 0.2 0.3"),
        ("1e-3,1e-2", "float", "1e-3 1e-2"),
        ("-1:1", "int", "-1 0"),
        ("a:b,c", "str", "a:b c"),
    ],
)
def test_values_and_ranges_are_expanded(text, kind, values):
    assert grid.expand(text, kind) == values.split()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["kk=1"], "did you mean k?"),
        (["out=a"], "there are k, rate, fast, points, seed"),
        (["k"], "parameter k has no value; write k=VALUE"),
        (["k=1.5"], "parameter k must be a whole number, not '1.5'"),
        (["k=1,2,x"], "parameter k must be a whole number, not 'x'"),
        (["k=-1:3"], "parameter k must be ≥ 0, not -1"),
        (["rate=nan"], "parameter rate must be a finite number"),
        (["rate=0:1:0.5"], "parameter rate must be ≥ 0.001, not 0"),
        (["rate=10"], "parameter rate must be < 10, not 10"),
        (["k=4:4"], "; write lo:hi or lo:hi:step, with lo below hi"),
        (["k=0:9:0"], "is not a range"),
        (["k=0:9:1:1"], "is not a range"),
        (["k=0:b"], "is not a range"),
        (["k=0:9999999999"], "is not a range of at most 1000000 values"),
        (["fast=maybe"], "parameter fast must be true or false, not 'maybe'"),
        (["k=0:2000", "seed=0:2000"], "at most 1000000 runs, and these values make 4000000"),
        (["k="], "parameter k must be a whole number, not ''"),
        (
            ["k=1", "--skip", "slo"],
            "little.ipynb has the tag 'slo' to skip; did you mean slow?",
        ),
        (["k=1", "--skip", "slow,x"], "has the tag 'x' to skip; there are explore, slow"),
        (
            ["k=1", "--skip", "parameters"],
            "has the tag 'parameters' to skip; there are",
        ),
        (["k=1", "--workers", "0"], "--workers must be at least 1, not 0"),
        (["k=1", "--time-limit", "-1"], "--time-limit must be more than 0 s and at most"),
        (["k=1", "--time-limit", "nan"], "at most 1000000 s, not nan"),
        (["k=1", "--time-limit", "inf"], "at most 1000000 s, not inf"),
        (["k=1", "--plot", "square"], "--plot needs a parameter with several values"),
    ],
)
def test_a_wrong_word_is_refused_before_anything_runs_b09(tmp_path, words, message):
    notebook = tag(make(tmp_path, "1", "2"), {"1": "slow", "2": "explore"})
    done = go(notebook, tmp_path / "out", *words)
    assert done.returncode == 2 and message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [[], ["--kernel"], ["--dask", "local"]])
def test_cells_with_a_tag_are_left_out(tmp_path, words):
    if "--dask" in words:
        pytest.importorskip("distributed")
    one, two, three = "rate = 2", "raise ValueError('no')", "rate = 3"
    notebook = tag(make(tmp_path, "rate = 1", one, two, three), {one: "a", two: "b", three: "c"})
    done = go(notebook, tmp_path / "out", "k=0:2", "--skip", "b", "--skip", "c, b", *words)
    assert done.returncode == 0, done.stderr
    assert [row["rate"] for row in rows(tmp_path / "out")] == ["2", "2"]
    done = go(notebook, tmp_path / "out", "k=0:2", "--skip", "a,c", *words)
    assert done.returncode == 1 and "failed: k=0: code cell [5], line 1: raise" in done.stderr


def test_a_run_depends_on_the_cells_that_are_not_skipped(tmp_path):
    def again(*words):
        return go(tmp_path / "little.ipynb", tmp_path / "out", "k=0:2", *words).stdout

    tag(make(tmp_path, "a = 1", "b = 1"), {"a = 1": "a", "b = 1": "b"})
    assert "0 there already" in again("--skip", "a")
    assert "2 there already" in again("--skip", "a", "--skip", "a")
    assert "0 there already" in again("--skip", "a,b"), "fewer cells"
    assert "2 there already" in again("--skip", "b", "--skip", "a"), "the same tags"
    cells = {"import figures": "a", "b = 1": "b", "c = 1": "explore"}
    tag(make(tmp_path, *cells), cells)
    assert "2 there already" in again("--skip", "a,b"), "another cell, but it is left out"
    assert "0 there already" in again(), "no tags"
    assert "2 there already" in again("--skip", "explore"), "no result depends on these cells"


def test_values_given_twice_are_run_once(tmp_path):
    texts = ["k=7", "rate=1e-3,0.5", "k=8,7", "points=a,b"]
    swept = grid.swept_values(make(tmp_path), texts)
    assert swept == {"k": [7, 8], "rate": [0.001, 0.5], "points": ["a", "b"]}


def test_table_and_summary(tmp_path):
    done = go(make(tmp_path), tmp_path / "out", "k=1,2", "seed=0:3", "rate=0.5")
    assert done.returncode == 0, done.stderr
    table = rows(tmp_path / "out")
    assert list(table[0]) == ["k", "rate", "seed", "status", "cause", "square", "by.seed"]
    assert [(row["k"], row["seed"], row["square"]) for row in table] == [
        (str(k), str(s), str(k * k)) for k in (1, 2) for s in range(3)
    ]
    summary = {(r["k"], r["result"]): r for r in rows(tmp_path / "out", "summary")}
    assert len(summary) == 4
    by = summary["2", "by.seed"]
    assert (by["n"], by["rate"]) == ("3", "0.5")
    assert [float(by[how]) for how in ("mean", "std", "min", "median", "max")] == [3, 1, 2, 3, 4]
    assert "4 ± 0" in done.stdout and "6 done, 0 failed" in done.stdout
    assert not list((tmp_path / "out").glob(".*.csv"))
    assert len(list((tmp_path / "out/runs").iterdir())) == 6


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("open(path, 'w').write('{')", "results/odd.json is not JSON: "),
        ("open(path, 'w').write('{}')", "must be a JSON object with at least one result"),
        ("open(path, 'w').write('[1]')", "must be a JSON object with at least one result"),
        ("open(path, 'wb').write(b'\\xff')", "results/odd.json is not JSON: "),
        ("write_json(path, {'': 1})", "results/odd.json has a result without a name"),
    ],
)
def test_what_is_no_results_is_a_failure(tmp_path, code, cause):
    path = "import os\nos.makedirs(f'{out}/results')\npath = f'{out}/results/odd.json'\n"
    notebook = make(tmp_path, f"{path}{code}", name="odd.ipynb")
    for _ in range(2):
        done = go(notebook, tmp_path / "out", "k=1")
        assert done.returncode == 1 and cause in done.stderr, "it runs again"
        assert "failed copy" not in done.stderr
        assert [row["status"] for row in rows(tmp_path / "out")] == ["failed"]


def test_results_that_were_damaged_later_are_named(tmp_path):
    assert go(make(tmp_path), tmp_path / "out", "k=1").returncode == 0
    (tmp_path / "out/runs/k=1/results/little.json").write_text("{")
    done = go(tmp_path / "little.ipynb", tmp_path / "out", "k=1")
    assert done.returncode == 2 and f"{tmp_path}/out/runs/k=1: results/little.json" in done.stderr
    assert done.stderr.endswith("; remove this folder to run it again\n")


def test_a_notebook_in_its_own_output_folder_is_refused(tmp_path):
    (tmp_path / "out/runs/k=1").mkdir(parents=True)
    notebook = make(tmp_path / "out/runs/k=1")
    before = notebook.read_bytes()
    done = go(notebook, tmp_path / "out", "k=1")
    assert done.returncode == 2 and "where its runs would replace it" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and notebook.read_bytes() == before


def test_a_second_notebook_in_the_same_folder_is_refused(tmp_path):
    assert go(make(tmp_path), tmp_path / "out", "k=1").returncode == 0
    table = (tmp_path / "out/table.csv").read_bytes()
    done = go(marking(tmp_path).rename(tmp_path / "other.ipynb"), tmp_path / "out", "k=1")
    assert done.returncode == 2 and "out holds runs of little.ipynb" in done.stderr
    assert not marks(tmp_path) and (tmp_path / "out/table.csv").read_bytes() == table


def test_a_word_is_not_taken_for_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "ROOT", tmp_path)
    monkeypatch.setattr(identity, "empty_places", lambda: {"data_dir": []})
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/a.csv").write_text("1")
    assert identity.contents("name", "runs") == [] == identity.contents("name", ".")
    files = identity.contents("name", "./runs")
    assert [name for name, _ in files] == ["a.csv"]
    assert identity.contents("data_dir", "runs") == files
    assert identity.contents("name", "runs/a.csv") == files


def test_a_folder_is_listed_once_for_all_runs(tmp_path, monkeypatch):
    listed = []
    listing = Path.rglob
    monkeypatch.setattr(Path, "rglob", lambda *args: listed.append(1) or listing(*args))
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("1")
    notebook = make(tmp_path)
    swept = grid.swept_values(notebook, ["k=0:50", f"points={tmp_path / 'data'}"])
    out = tmp_path / "out"
    before = grid.all_runs(notebook, out, swept, kernel=False, keep=False)
    assert len(listed) == 1
    (tmp_path / "data/a.csv").write_text("22")
    after = grid.all_runs(notebook, out, swept, kernel=False, keep=False)
    assert len(listed) == 2 and before[0].identity != after[0].identity


def test_a_folder_around_the_output_is_refused(tmp_path):
    for place in (tmp_path, tmp_path.parent, "/"):
        done = go(make(tmp_path), tmp_path / "out", f"points={place}")
        assert done.returncode == 2 and f"parameter points names {place}" in done.stderr
        assert len(done.stderr.splitlines()) == 1 and not (tmp_path / "out").exists()


def test_a_plot_hides_no_failures(tmp_path):
    notebook = make(tmp_path, "assert k > 1, 'too small'")
    done = go(notebook, tmp_path / "out", "k=0:3", "--plot", "squere")
    assert done.returncode == 2 and "did you mean square?" in done.stderr.splitlines()[-1]
    assert done.stderr.startswith("failed: k=")  # first; the runs end in any order
    assert "failed: k=0: " in done.stderr and "failed: k=1: " in done.stderr
    done = go(notebook, tmp_path / "out", "k=0:2", "--plot", "square")
    assert done.returncode == 1 and "square: no plot, because no run succeeded" in done.stdout


def test_nobody_reads_the_output(tmp_path):
    command = f"{sys.executable} -m sweep {make(tmp_path)} {tmp_path}/out k=1,2 | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "2 runs of little.ipynb: 0 there already, 2 to do\n"
    assert done.stderr == "" and len(rows(tmp_path / "out")) == 2


def test_a_single_run_and_results_that_are_not_numbers(tmp_path):
    code = "write_json(f'{out}/results/odd.json', {'a': None, 'b': 'text', 'c': True, 'd': k})"
    notebook = make(tmp_path, code, name="odd.ipynb")
    done = go(notebook, tmp_path / "one")
    assert done.returncode == 0 and "no number varies" in done.stdout, done.stderr
    assert [row["result"] for row in rows(tmp_path / "one", "summary")] == ["d"]
    done = go(notebook, tmp_path / "two", "seed=1,2", "fast=true,false")
    assert done.returncode == 0 and [r["b"] for r in rows(tmp_path / "two")] == ["text"] * 4
    assert [(r["fast"], r["n"]) for r in rows(tmp_path / "two", "summary")] == [
        ("True", "2"),
        ("False", "2"),
    ]


def same(one, other):
    """Return True if two runs' results are equal, bit for bit, except for commit and seconds."""
    one, other = (json.loads(path.read_text()) for path in (one, other))
    one.pop("provenance"), other.pop("provenance")
    return one == other


@pytest.mark.parametrize("words", [["--kernel"], ["--dask", "local"], ["--keep-notebooks"]])
def test_results_are_equal_in_every_way(tmp_path, words):
    values = ["hidden=2,8", "seed=3", "steps=60", "linear_steps=30", "seeds=1"]
    for name, more in (("plain", []), ("other", words)):
        done = go("problem3_mlp.ipynb", tmp_path / name, *values, *more)
        assert done.returncode == 0, done.stderr
    plain, other = tmp_path / "plain", tmp_path / "other"
    assert (plain / "table.csv").read_bytes() == (other / "table.csv").read_bytes()
    results = list((plain / "runs").glob("*/results/*.json"))
    assert len(results) == 2
    assert all(same(path, other / path.relative_to(plain)) for path in results)
    kept = sorted(p.name for p in (other / "runs").glob("hidden=2*/**/*") if p.is_file())
    if words == ["--keep-notebooks"]:
        assert "problem3_mlp.ipynb" in kept and "problem3_losses.pdf" in kept
        cells = json.loads(next((other / "runs").glob("*/*.ipynb")).read_text())["cells"]
        shown = [output for cell in cells for output in cell.get("outputs", [])]
        assert any("image/png" in output.get("data", {}) for output in shown)
    else:
        assert kept == ["problem3_mlp.json", "run.json"]


def test_keeping_notebooks_runs_again(tmp_path):
    notebook = marking(tmp_path)
    for words, times in (
        (["k=1"], 1),
        (["k=1"], 1),
        (["k=1", "--keep-notebooks"], 2),
        (["k=1"], 2),
    ):
        assert go(notebook, tmp_path / "out", *words).returncode == 0
        assert times_run(tmp_path) == {1: times}
    copy = json.loads((tmp_path / "out/runs/k=1/little.ipynb").read_text())
    given = f'out = "{tmp_path}/out/runs/k=1"'
    assert given in json.dumps(copy).replace("\\", ""), "where the copy lies"


def test_the_same_command_runs_what_is_out_of_date(tmp_path):
    notebook = marking(tmp_path)
    mine = tmp_path / "mine.csv"
    mine.write_text("0 0 0\n1 1 1\n")
    words = ["k=0:3", f"points={mine}"]

    def again():
        return go(notebook, tmp_path / "out", *words).stdout

    assert "0 there already, 3 to do" in again()
    content = json.loads(notebook.read_text())
    text = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "# A word"}
    widget = content["cells"][0] | {"id": "w", "source": "1", "metadata": {"tags": ["explore"]}}
    content["cells"] = [text, *content["cells"], widget]
    notebook.write_text(json.dumps(content))
    assert "3 there already, 0 to do" in again(), "no result depends on text and widgets"
    go(notebook, tmp_path / "out", "k=0:4", f"points={mine}")
    assert times_run(tmp_path) == {0: 1, 1: 1, 2: 1, 3: 1}, "the grid grew by one"
    mine.write_text("0 0 0\n1 2 1\n")
    assert "0 there already, 3 to do" in again(), "other data"
    marking(tmp_path, "x = 1")
    assert "0 there already, 3 to do" in again(), "another notebook"
    run = tmp_path / "out/runs" / grid.label({"k": 1, "points": str(mine)})
    shutil.rmtree(run / "results")
    assert "2 there already, 1 to do" in again(), "results are gone"


def test_a_run_depends_on_the_modules_that_the_notebook_uses(tmp_path, monkeypatch):
    (tmp_path / "results.py").write_text("import figures\n")
    (tmp_path / "figures.py").write_text("x = 1\n")
    (tmp_path / "alone.py").write_text("y = 1\n")
    notebook = make(tmp_path)
    monkeypatch.setattr(identity, "ROOT", tmp_path)
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    before = dict(identity.code_hashes(notebook))
    assert set(before) == {"little.ipynb", "results.py", "figures.py"}
    (tmp_path / "figures.py").write_text("x = 12\n")
    after = dict(identity.code_hashes(notebook))
    assert {name for name in before if before[name] != after[name]} == {"figures.py"}
    hashes = [
        identity.identity(list(code.items()), values)
        for code, values in ((before, {"k": 1}), (after, {"k": 1}), (after, {"k": 2}))
    ]
    assert len(set(hashes)) == 3


@pytest.mark.parametrize("how", ["named", "by default"])
def test_a_run_depends_on_the_files_of_a_folder_that_a_parameter_names(tmp_path, monkeypatch, how):
    def folder(name):
        (tmp_path / name / "raw").mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "raw/images").write_text("1")
        return str(tmp_path / name)

    first = 'data_dir: str = ""  # where\nout: str = "."'
    code = f"""import json, os
os.makedirs(f"{{out}}/results")
with open({str(tmp_path / "marks")!r}, "a") as file:
    file.write(f"0 {{os.getpid()}}\\n")
with open(f"{{out}}/results/data.json", "w") as file:
    json.dump({{"images": open(f"{{data_dir}}/raw/images").read()}}, file)"""
    notebook = write_notebook(tmp_path / "data.ipynb", first, code)

    def again(place):
        monkeypatch.setenv("MNIST_DIR", place)
        words = [f"data_dir={place}"] if how == "named" else []
        done = go(notebook, tmp_path / "out", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    one = folder("one")
    assert "0 there already, 1 to do" in again(one)
    assert "1 there already, 0 to do" in again(one)
    (tmp_path / "one/raw/images").write_text("2")
    assert "0 there already, 1 to do" in again(one)
    (tmp_path / "one/raw/labels").write_text("3")
    assert "0 there already, 1 to do" in again(one)
    (tmp_path / "one/raw/labels").unlink()
    if how == "by default":
        (tmp_path / "one").rename(tmp_path / "two")
        assert "0 there already, 1 to do" in again(str(tmp_path / "two"))
        (tmp_path / "two").rename(tmp_path / "three")
        assert "1 there already, 0 to do" in again(str(tmp_path / "three")), "it was moved"


def test_where_an_empty_parameter_looks(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "ROOT", tmp_path)
    places = ["$SOME_DIR", "data/a", "data/b"]
    monkeypatch.setattr(identity, "empty_places", lambda: {"data_dir": places})
    monkeypatch.delenv("SOME_DIR", raising=False)
    assert identity.filled({"k": 1, "data_dir": ""}) == {"k": 1, "data_dir": ""}
    for name in ("data/a", "data/b"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "data/b/file").touch()  # an empty folder does not count
    identity.forget()
    assert identity.filled({"k": 1, "data_dir": ""}) == {"k": 1, "data_dir": "data/b"}
    monkeypatch.setenv("SOME_DIR", "/elsewhere")
    assert identity.filled({"data_dir": ""}) == {"data_dir": "/elsewhere"}, "as the notebook does"
    assert identity.filled({"data_dir": "x"}) == {"data_dir": "x"}
    (tmp_path / "data/own.json").touch()
    monkeypatch.setattr(identity, "empty_places", lambda: {"own": ["none", "data/own.json"]})
    assert identity.filled({"own": ""}) == {"own": "data/own.json"}
    assert identity.filled({"k": 1}) == {"k": 1}


FAILURES = [
    (
        "if k == 2:\n    raise ValueError('no such\\ndigit')",
        "code cell [5], line 2: raise",
        "ValueError: no such",
    ),
    ("import sys\nif k == 2: sys.exit(1)", "line 2", "SystemExit: 1"),
    (
        "import os, signal\nif k == 2: os.kill(os.getpid(), signal.SIGKILL)",
        "its process died, exit code -9",
        "memory",
    ),
    ("import time\nif k == 2: time.sleep(60)", f"timed out after {LIMIT} s", ""),
    ("if k == 2: sum(range(10**11))", f"timed out after {LIMIT} s", ""),
    ("if k == 2: out = f'{out}/elsewhere'", "the notebook did not write results/little.json", ""),
    ("if k == 2: raise KeyboardInterrupt('stop')", "code cell [5], line 1", "KeyboardInterrupt"),
]


@pytest.mark.parametrize(("code", "where", "what"), FAILURES)
def test_a_failure_is_kept_and_the_rest_goes_on_b06_b11(tmp_path, code, where, what):
    notebook = marking(tmp_path, code)
    done = go(notebook, tmp_path / "out", "k=0:5", "--time-limit", LIMIT)
    assert done.returncode == 1
    failed = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    assert len(failed) == 1 and failed[0].startswith("failed: k=2: "), done.stderr
    assert where in failed[0] and what in failed[0]
    copies = list((tmp_path / "out/runs/k=2").glob("*.failed.ipynb"))
    assert len(copies) == ("code cell" in failed[0])
    assert ("a failed copy of the notebook" in done.stderr.splitlines()[-1]) == len(copies)
    table = rows(tmp_path / "out")
    assert [row["status"] for row in table] == ["done", "done", "failed", "done", "done"]
    assert where in table[2]["cause"] and "\n" not in table[2]["cause"] and table[2]["square"] == ""
    assert not list((tmp_path / "out/runs").glob("**/.*"))
    if "timed out" in where:
        return  # to wait twice shows nothing new
    go(notebook, tmp_path / "out", "k=0:5", "--time-limit", LIMIT)
    assert times_run(tmp_path) == {0: 1, 1: 1, 2: 2, 3: 1, 4: 1}, "only the failed one again"


def test_all_runs_fail(tmp_path):
    done = go(make(tmp_path, "raise RuntimeError('no')"), tmp_path / "out", "k=0:20")
    assert done.returncode == 1 and "0 done, 20 failed" in done.stdout
    assert "10 more in table.csv" in done.stderr and len(done.stderr.splitlines()) == 11


def test_a_second_sweep_in_the_same_folder_is_refused(tmp_path):
    wait = f"""import pathlib, time
while not pathlib.Path({str(tmp_path / "go")!r}).exists():
    time.sleep(0.05)"""
    notebook = marking(tmp_path, wait)
    with started(notebook, tmp_path / "out", "k=1") as first:
        wait_for_marks(tmp_path, 1, first)
        second = go(notebook, tmp_path / "out", "k=1,2")
        assert second.returncode == 2 and "another sweep is running in" in second.stderr
        (tmp_path / "go").touch()
        assert first.wait(timeout=60) == 0
    assert len(rows(tmp_path / "out")) == 1 and times_run(tmp_path) == {1: 1}


@pytest.mark.parametrize(("name", "code"), [("INT", 130), ("TERM", 143)])
@pytest.mark.parametrize("words", [[], ["--kernel"]])
def test_stopped_and_started_again_b03(tmp_path, name, code, words):
    notebook = marking(tmp_path, SLOW)
    with started(notebook, tmp_path / "out", "k=0:40", *words) as running:
        wait_for_marks(tmp_path, 4, running)
        os.kill(running.pid, getattr(signal, f"SIG{name}"))
        assert running.wait(timeout=20) == code
        assert running.stderr.read() == "stopped; the same command goes on from here\n"
    assert all_gone(pid for _, pid in marks(tmp_path))
    assert not list((tmp_path / "out/runs").glob("**/.*"))
    before = len(list((tmp_path / "out/runs").glob("*/run.json")))
    assert before < 40
    (tmp_path / "marks").unlink()
    assert go(notebook, tmp_path / "out", "k=0:40").returncode == 0
    assert len(times_run(tmp_path)) == 40 - before
    assert go(notebook, tmp_path / "whole", "k=0:40").returncode == 0
    assert (tmp_path / "out/table.csv").read_bytes() == (tmp_path / "whole/table.csv").read_bytes()


@pytest.mark.parametrize("code", FOREVER.values(), ids=FOREVER)
def test_stopped_twice_while_a_run_does_not_listen_b03(tmp_path, code):
    notebook = marking(tmp_path, code)
    with started(notebook, tmp_path / "out", "k=0:3", "--workers", "2") as running:
        wait_for_marks(tmp_path, 2, running)
        for _ in range(2):
            os.kill(running.pid, signal.SIGINT)
            time.sleep(0.5)
        assert running.wait(timeout=20) == 130
    assert all_gone(pid for _, pid in marks(tmp_path)) and len(marks(tmp_path)) == 2


@pytest.mark.parametrize("code", FOREVER.values(), ids=FOREVER)
def test_a_run_ends_when_its_sweep_is_killed_b11(tmp_path, code):
    notebook = make(tmp_path, f"{leave_mark(tmp_path)}\n{code}")  # in one cell: it follows at once
    with started(notebook, tmp_path / "out", "k=1") as running:
        wait_for_marks(tmp_path, 1, running)
        time.sleep(0.5)
        running.kill()
        running.wait()
    ((_, pid),) = marks(tmp_path)
    assert all_gone([pid])


def test_a_sweep_of_200_killed_at_a_third_b11(tmp_path):
    notebook = marking(tmp_path)
    with started(notebook, tmp_path / "out", "k=0:200") as running:
        while len(list((tmp_path / "out").glob("runs/*/run.json"))) < 66:
            assert running.poll() is None, running.stderr.read()
            time.sleep(0.02)
        running.kill()
        running.wait()
    assert all_gone(pid for _, pid in marks(tmp_path))
    before = {path.parent.name for path in (tmp_path / "out/runs").glob("*/run.json")}
    assert len(before) < 200
    (tmp_path / "marks").unlink()
    assert go(notebook, tmp_path / "out", "k=0:200").returncode == 0
    assert times_run(tmp_path) == {k: 1 for k in range(200) if f"k={k}" not in before}
    assert [row["square"] for row in rows(tmp_path / "out")] == [str(k * k) for k in range(200)]


@pytest.mark.slow
def test_killed_at_random_moments_b11(tmp_path):
    def tree(out):
        return {p.relative_to(out): p.suffix == ".csv" and p.read_bytes() for p in out.rglob("*")}

    notebook, moments, unfinished = marking(tmp_path, SLOW), random.Random(0), 0
    began = time.monotonic()
    with started(notebook, tmp_path / "whole", "k=0:10") as running:
        assert running.wait() == 0
    takes = time.monotonic() - began
    for turn in range(20):
        out = tmp_path / f"out{turn}"
        with started(notebook, out, "k=0:10") as running:
            time.sleep(moments.uniform(0.2, 1) * takes)
            running.kill()
            running.wait()
        assert all_gone(pid for _, pid in marks(tmp_path))
        unfinished += not (out / "table.csv").exists()
        assert go(notebook, out, "k=0:10").returncode == 0
        assert tree(out) == tree(tmp_path / "whole")
    assert unfinished >= 5, "too many kills came too late"


@pytest.fixture
def dask(tmp_path):
    """Start a scheduler and two workers as processes of their own; return (address, processes)."""
    pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    quiet = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "cwd": tmp_path,
        "env": env,
    }

    def start(kind, *words):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words]
        return subprocess.Popen(command, **quiet)

    port = address.rsplit(":", 1)[1]
    processes = [start("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")]
    for i in (0, 1):
        options = ["--nthreads", "2", "--no-nanny", "--no-dashboard"]
        folder = str(tmp_path / f"w{i}")
        processes.append(start("worker", address, *options, "--local-directory", folder))
    yield address, processes
    for process in processes:
        process.kill()
        process.wait()


def test_a_dask_worker_killed_b11(tmp_path, dask):
    address, (_, worker, _) = dask
    notebook = marking(tmp_path, "import time; time.sleep(0.2)")
    with started(notebook, tmp_path / "out", "k=0:30", "--dask", address) as running:
        wait_for_marks(tmp_path, 8, running)
        worker.kill()
        assert running.wait(timeout=60) == 0, running.stderr.read()
    assert go(notebook, tmp_path / "here", "k=0:30").returncode == 0
    for name in ("table.csv", "summary.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    assert not list((tmp_path / "out/runs").glob("**/.*"))
    done = go(notebook, tmp_path / "out", "k=0:31", "--dask", address)
    assert "30 there already, 1 to do" in done.stdout and done.returncode == 0
    done = go(notebook, tmp_path / "out", "k=0:31", "--dask", address)
    assert "31 there already, 0 to do" in done.stdout and done.returncode == 0


def test_failures_on_a_cluster_are_those_of_one_machine_b11(tmp_path, dask):
    address, processes = dask
    code = """import builtins, signal, time
assert not hasattr(builtins, "here_before"), "a run sees what another left"
builtins.here_before = True
if k == 2: raise ValueError("no such digit")
if k == 3: os.kill(os.getpid(), signal.SIGKILL)
if k == 4: sum(range(10**11))"""
    words = ["k=0:7", "--time-limit", LIMIT, "--dask", address]
    done = go(make(tmp_path, code), tmp_path / "out", *words)
    assert done.returncode == 1
    causes = {row["k"]: row["cause"] for row in rows(tmp_path / "out") if row["status"] == "failed"}
    assert set(causes) == {"2", "3", "4"}, done.stderr
    assert "ValueError: no such digit" in causes["2"] and "its process died" in causes["3"]
    assert f"timed out after {LIMIT} s" in causes["4"]
    assert all(process.poll() is None for process in processes), "the workers go on"


@pytest.mark.parametrize("name", ["INT", "KILL"])
def test_a_sweep_that_was_stopped_leaves_no_runs_on_a_cluster(tmp_path, dask, name):
    notebook = marking(tmp_path, FOREVER["C code that holds the GIL"])
    with started(notebook, tmp_path / "out", "k=1,2", "--dask", dask[0]) as running:
        wait_for_marks(tmp_path, 2, running)
        os.kill(running.pid, getattr(signal, f"SIG{name}"))
        assert running.wait(timeout=60) == (130 if name == "INT" else -signal.SIGKILL)
    if name == "KILL":
        old = [pid for _, pid in marks(tmp_path)]
        assert go(make(tmp_path), tmp_path / "out", "k=1,2", "--dask", dask[0]).returncode == 0
        assert all_gone(old), "those of a killed sweep end when it goes on"
    assert all_gone(pid for _, pid in marks(tmp_path))


def test_a_dask_worker_says_what_it_lacks(tmp_path, dask):
    from distributed import Client

    from sweep import cluster

    old = runs.Run(ROOT / "problem2_linear.ipynb", tmp_path / "p", {}, "another identity")
    with Client(dask[0]) as client:
        client.wait_for_workers(2, timeout=30)

        def answers(root, *call):
            return set(client.run(cluster.task(root), *call).values())

        (answer,) = answers("/no/such/folder", "end_runs", str(tmp_path))
        assert "lacks the project" in answer and "must be at /no/such/folder" in answer
        assert answers(str(ROOT), "end_runs", str(tmp_path)) == {None}
        (answer,) = answers(str(ROOT), "run_here", pickle.dumps(old), None)
        assert "differ from the sender's" in answer


def test_results_that_do_not_arrive_are_a_failure(tmp_path):
    def submit(run):
        future = Future()
        future.set_result("")
        return future

    swept = grid.swept_values(make(tmp_path), ["k=1"])
    (run,) = grid.all_runs(tmp_path / "little.ipynb", tmp_path, swept, kernel=False, keep=False)
    ((_, cause),) = sweep.outcomes([run], submit, lambda: None)
    assert cause == "its results did not arrive in this folder" == runs.record(run).cause


@pytest.mark.parametrize("killed", ["workers", "everything"])
def test_a_cluster_that_is_gone_is_given_up_with_a_sentence(tmp_path, dask, monkeypatch, killed):
    from sweep import cluster

    monkeypatch.setattr(cluster, "PATIENCE", 3.0)
    address, processes = dask
    pids = [process.pid for process in processes[killed == "workers" :]]
    code = f"import signal\nfor pid in {pids}: os.kill(pid, signal.SIGKILL)"
    done = go(make(tmp_path, code), tmp_path / "out", "k=1", "--dask", address)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    reasons = ("no worker for 3 s", "failed: k=1: KilledWorker", "the cluster has gone")
    assert any(reason in done.stderr for reason in reasons)


def test_no_scheduler_is_a_sentence(tmp_path):
    done = go(make(tmp_path), tmp_path / "out", "k=1", "--dask", "tcp://127.0.0.1:9")
    assert done.returncode == 2 and "there is no usable cluster" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["ask", "Client"])
def test_a_scheduler_of_another_version_is_a_sentence_x17(tmp_path, monkeypatch, name):
    cluster = pytest.importorskip("sweep.cluster")

    async def there(_):
        return None

    def fail(*_, **__):
        raise TypeError("unexpected keyword 'reply'\nmore")

    monkeypatch.setattr(cluster, "ask", there)
    monkeypatch.setattr(cluster, name, fail)
    done = go(make(tmp_path), tmp_path / "out", "k=1", "--dask", "tcp://127.0.0.1:9")
    assert done.returncode == 2 and "TypeError: unexpected keyword 'reply'" in done.stderr
    assert f"Python {sys.version.split()[0]}" in done.stderr and "distributed" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_outputs_of_cells_that_run_in_this_process():
    namespace = {}
    assert inprocess.run_cell("a = 3", "c", namespace, 1) == []
    printed, shown = inprocess.run_cell("print('x')\na + 1", "c", namespace, 2)
    assert (printed["text"], shown["data"]["text/plain"]) == ("x\n", "4")
    assert shown["execution_count"] == 2
    (warned,) = inprocess.run_cell("import sys; _ = sys.stderr.write('careful')", "c", namespace, 3)
    assert warned["name"] == "stderr" and "careful" in warned["text"]
    for code, name, line in (
        ("1\n1/0", "ZeroDivisionError", "---> 2 1/0"),
        ("1 +", "SyntaxError", None),
    ):
        error = inprocess.run_cell(code, "c", namespace, 4)[-1]
        assert error["output_type"] == "error" and error["ename"] == name
        assert line is None or error["traceback"][-1] == line


def test_values_are_checked_as_those_of_a_single_run(tmp_path):
    notebook = make(tmp_path)
    assert parameters.read(notebook, ["k=3", "rate=1e-3"]) == {"k": 3, "rate": 0.001}
    (run,) = grid.all_runs(
        notebook, tmp_path, grid.swept_values(notebook, ["rate=1e-3"]), kernel=False, keep=False
    )
    defaults = {"k": 1, "fast": True, "points": "data/set2.csv", "seed": 0}
    assert run.values == defaults | {"rate": 0.001}


@pytest.mark.parametrize(
    ("comment", "bounds"),
    [
        (" > 0     step size", [(">", 0)]),
        (" >= 0, < 1   Nesterov momentum", [("≥", 0), ("<", 1)]),
        (" ≥ -1.5, ≤ 1e3: both", [("≥", -1.5), ("≤", 1000)]),
        (" how many, > 0 or so", []),
        (" step size, above 0", []),
        ("", []),
    ],
)
def test_bounds_stand_at_the_beginning_of_a_comment(comment, bounds):
    assert parameters.bounds(comment) == bounds


def test_names_of_runs():
    assert grid.label({"k": 1, "rate": 0.1}) == "k=1,rate=0.1" and grid.label({}) == "defaults"
    paths = ("../a", "a/b", "a/b ", "x" * 200, "数" * 100, "", "1,k=2")
    names = {grid.label({"points": path}) for path in paths}
    assert len(names) == 7 and all(len(name) == 16 and name.isalnum() for name in names)


def test_data_that_changes_while_a_run_uses_it(tmp_path):
    change = """import pathlib
if k == 1:
    p = pathlib.Path(points)
    p.write_text(p.read_text() + '# more')"""
    (tmp_path / "mine.csv").write_text("0 0 0\n1 1 1\n")
    words = ["k=0:3", f"points={tmp_path / 'mine.csv'}", "--workers", "1"]
    done = go(make(tmp_path, change), tmp_path / "out", *words)
    assert done.returncode == 1
    table = rows(tmp_path / "out")
    assert [row["status"] for row in table] == ["done", "failed", "failed"]
    assert table[1]["cause"] == "the notebook, a module or the data changed while it ran"


def test_runs_share_nothing(tmp_path):
    shared = """import builtins, subprocess, threading, time
import numpy as np
builtins.count = getattr(builtins, "count", 0) + 1
assert builtins.count == 1
subprocess.Popen(["sleep", "4242"])
threading.Thread(target=time.sleep, args=(60,)).start()
print("x" * 10**6)
numbers = {"square": np.random.rand(), "n": 1, "value": 2, "mean": 3, "k": k, "status": "mine"}
write_json(f"{out}/results/random.json", numbers)"""
    notebook = make(tmp_path, shared, name="random.ipynb")
    done = go(notebook, tmp_path / "out", "k=0:4", "--time-limit", "50")
    assert done.returncode == 0, done.stderr
    table = rows(tmp_path / "out")
    assert len({row["square"] for row in table}) == 4, "each run has its own global random numbers"
    assert (
        table[1]["n"] == "1" and table[1]["result.status"] == "mine" and "result.k" not in table[0]
    )
    assert gone("sleep 4242"), "what a run has started ends with it"


def test_what_a_notebook_imports_is_imported_once_for_all_runs():
    modules = engine.modules_to_preload(ROOT / "problem3_mlp.ipynb")
    assert {"common", "figures", "numpy"} <= set(modules)
    assert any(name.split(".")[0] == "explore" for name in modules), "its widgets' cells, too"


def test_each_run_uses_one_core(tmp_path, monkeypatch):
    names = ("THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
    for name in names:
        monkeypatch.setenv(name, "7")
    code = f"assert all(os.environ[name] == '1' for name in {names}), dict(os.environ)"
    with started(make(tmp_path, code), tmp_path / "out", "k=1") as running:
        assert running.wait(timeout=60) == 0, running.stderr.read()


def test_a_reserved_name_is_refused(tmp_path):
    notebook = make(tmp_path)
    notebook.write_text(notebook.read_text().replace("rate: float", "mean: float"))
    done = go(notebook, tmp_path / "out", "mean=1,2")
    assert done.returncode == 2 and "parameter mean must have another name" in done.stderr


def test_no_folder_given(tmp_path):
    done = go(make(tmp_path), "k=1,2")
    assert done.returncode == 2 and "the second argument must be the output folder" in done.stderr


def test_a_file_where_a_folder_must_be(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/runs").write_text("")
    done = go(make(tmp_path), tmp_path / "out", "k=1")
    assert done.returncode == 1 and done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


def test_untyped_and_odd_parameters(tmp_path):
    notebook = make(tmp_path)
    text = notebook.read_text()
    notebook.write_text(text.replace("k: int = 1 ", "k = 1 "))
    assert parameters.declared(notebook)["k"] == ("int", 1, [("≥", 0)])
    notebook.write_text(text.replace("data/set2.csv", "a#b=c"))
    assert parameters.declared(notebook)["points"].default == "a#b=c"
    notebook.write_text(text.replace("k: int = 1 ", "k: int = 1 / 3 "))
    with pytest.raises(ValueError, match=r"parameter k must have .* not `k: int = 1 / 3`"):
        parameters.declared(notebook)
    for line in ("k: list = 1", "k = [1]", "k: int = {1: 2}", "k: int", "k: int | None = None"):
        notebook.write_text(text.replace("k: int = 1 ", line))
        with pytest.raises(ValueError, match="parameter k must have one of the types int, float"):
            parameters.declared(notebook)
    notebook.write_text(text.replace("k: int = 1 ", "k: int = None "))
    assert parameters.declared(notebook)["k"] == ("int", None, [("≥", 0)])
    notebook.write_text(text.replace("out: str", "place: str"))
    with pytest.raises(ValueError, match="needs a parameter for the output folder"):
        parameters.declared(notebook)
    notebook.write_text(text.replace("k: int = 1 ", "k: int = "))
    with pytest.raises(ValueError, match=r"the parameters cell of .* is not Python"):
        parameters.declared(notebook)
    for broken in ("{}", "["):
        notebook.write_text(broken)
        with pytest.raises(ValueError, match="is not a notebook"):
            parameters.declared(notebook)
    notebook.write_bytes(b"\x89PNG")
    with pytest.raises(ValueError, match="is not a notebook"):
        parameters.declared(notebook)
    with pytest.raises(ValueError, match=r"none\.ipynb cannot be read: No such file"):
        parameters.declared(tmp_path / "none.ipynb")


def test_imports_beside_a_magic():
    found = sources.imports("%matplotlib inline\nimport figures\nfrom a.b import c")
    assert found == {"figures", "a.b", "a.b.c"}


def test_news_in_a_log(monkeypatch, capsys):
    monkeypatch.setattr(sweep, "NEWS", 0.0)
    run = runs.Run(ROOT, ROOT / "k=1", {}, "")
    assert sweep.progress(iter([(run, ""), (run, "why")]), 2) == {"k=1": "why"}
    assert capsys.readouterr().err.splitlines()[-1] == "2 of 2 runs, 1 failed"


def test_a_notebook_that_knows_nothing_of_the_homework(tmp_path):
    code = """import json, os
os.makedirs(f"{out}/results")
with open(f"{out}/results/a walk.json", "w") as file:
    json.dump({"far": (length * steps) ** 0.5, "n": steps}, file)"""
    first = 'steps = 3\nlength: float = 1.5  # > 0\nname: str = "x"\nout: str = "."'
    notebook = write_notebook(tmp_path / "a walk.ipynb", first, code)
    out = tmp_path / "out"
    done = go(notebook, out, "steps=1:4", "length=1,4", "name=a,b", "--plot", "far")
    assert done.returncode == 0, done.stderr
    assert [float(row["far"]) for row in rows(out)[:4]] == [1.0, 1.0, 2.0, 2.0]
    assert (out / "plot.png").is_file()


def test_the_package_imports_nothing_of_the_homework():
    names = [path.stem for path in (ROOT / "sweep").glob("*.py") if path.stem != "__init__"]
    code = f"""import importlib, sys
for name in {names}: importlib.import_module(f"sweep.{{name}}")
print(*sys.modules, sep="\\n")"""
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    own = {path.stem for path in ROOT.glob("*.py")} | {"tools", "explore"}
    assert "sweep.engine" in loaded and not own & {name.split(".")[0] for name in loaded}


def test_a_plot_of_the_runs(tmp_path):
    notebook, out = marking(tmp_path), tmp_path / "out"
    words = ["k=1,3,30", "seed=0:5", "rate=0.5,1", "points=a,b"]
    done = go(notebook, out, *words, "--plot", "by.seed")
    assert done.returncode == 0 and f"by.seed: {out}/plot.pdf, {out}/plot.png" in done.stdout
    assert (out / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "plot.pdf").read_bytes().startswith(b"%PDF")
    assert b"by.seed against k: dots" in (out / "plot.png").read_bytes()
    (out / "plot.png").unlink()
    done = go(notebook, out, *reversed(words), "--plot", "square")
    assert "60 there already, 0 to do" in done.stdout
    assert b"square against points: dots" in (out / "plot.png").read_bytes(), "typed first"
    done = go(notebook, out, *words, "--plot", "squere")
    assert done.returncode == 2 and done.stderr.endswith(
        "no number is called 'squere'; did you mean square? There are square, by.seed\n"
    )
    assert set(times_run(tmp_path).values()) == {20}


def numbers(swept, value):
    """Return a table of runs: every combination of the swept values, and a result."""
    columns = pd.MultiIndex.from_product(swept.values(), names=swept).to_frame(index=False)
    return columns.astype(object).assign(
        value=[value(*row) for row in columns.itertuples(index=False)]
    )


def test_a_plot_shows_every_run_the_median_and_the_middle_half():
    swept = {"seed": [0, 1, 2, 3, 4], "hidden": [1, 2, 16]}
    figure = plot.draw(numbers(swept, lambda s, h: h + s**2), swept, "value")
    (ax,) = figure.axes
    dots, band = ax.collections
    line = ax.lines[0]
    offsets = [[h, h + s**2] for s in range(5) for h in (1, 2, 16)]
    assert np.allclose(dots.get_offsets(), offsets)
    assert ax.get_xscale() == "log" and np.allclose(line.get_xdata(), [1, 2, 16])
    assert np.allclose(line.get_ydata(), [5, 6, 20])
    corners = band.get_paths()[0].vertices
    assert {2, 10} <= set(corners[np.isclose(corners[:, 0], 1)][:, 1])
    figure.draw_without_rendering()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "16"]
    assert ax.get_xlabel() == "hidden" and ax.get_ylabel() == "value" and not figure.legends


def test_a_plot_has_a_line_in_its_legend_for_each_value_of_a_second_parameter():
    swept = {"rate": [0.1, 0.2], "kind": ["a", "b", "c"], "seed": [0, 1]}
    heights = {"a": 1.0, "b": 1.001, "c": 500.0}
    figure = plot.draw(numbers(swept, lambda r, k, s: heights[k]), swept, "value")
    (ax,) = figure.axes
    assert ax.get_yscale() == "log" and ax.get_xscale() == "linear"
    assert np.allclose(ax.lines[0].get_xdata(), [0.1, 0.2])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == ["kind = a", "kind = b", "kind = c"]
    figure.draw_without_rendering()
    assert legend.get_window_extent().x0 >= ax.get_window_extent().x1, "beside the axes"
    colours = [line.get_color() for line in ax.lines]
    assert [line.get_color() for line in legend.get_lines()] == colours
    assert len(set(colours)) == 3


def test_a_plot_against_texts_truth_values_or_seeds():
    for name, values in (("kind", ["b", "a"]), ("fast", [True, False]), ("seed", list(range(40)))):
        swept = {name: values}
        assert plot.axes(swept) == [name]
        figure = plot.draw(numbers(swept, lambda v: float(len(str(v)))), swept, "value")
        figure.draw_without_rendering()
        (ax,) = figure.axes
        labels = [label.get_text() for label in ax.get_xticklabels()]
        assert len(labels) <= plot.MOST_TICKS
        if name != "seed":
            assert labels == list(map(str, values))
            assert list(ax.lines[0].get_xdata(orig=True)) == labels, "in the given order"
