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
from typing import NamedTuple

import numpy as np
import pytest
from conftest import ROOT, gone, write_notebook

from tools import grid, inprocess, point, run, sweep

PARAMETERS = """k: int = 1  # which run, at least 0
rate: float = 0.5  # a rate, above 0
fast: bool = True  # or not
points: str = "data/set2.csv"  # a file
seed: int = 0  # a seed
out: str = "x"  # where"""


def make(folder, *sources, name="little.ipynb"):
    """Write a notebook with the parameters above; its last cell writes results."""
    last = """results = {"square": k * k, "rate": rate, "by": {"seed": k + seed}, "list": [k]}
common.write_results(f"{out}/results/little.json", results | {"provenance": common.provenance(seed, [], 0.0)})"""
    return write_notebook(folder / name, PARAMETERS, *sources, last, before=("import common",))


class Done(NamedTuple):
    """How a sweep went."""

    returncode: int
    stdout: str
    stderr: str


def go(notebook, out, *words):
    """Run a sweep in this process: the workers' common parent is then started once for all tests."""
    said, complained = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGTERM)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            code = sweep.main([str(notebook), str(out), *words])
    finally:
        signal.signal(signal.SIGTERM, before)
    return Done(code, said.getvalue(), complained.getvalue())


def rows(out):
    with (out / "table.csv").open() as file:
        return list(csv.DictReader(file))


def marks(path):
    """Return how often each run left its mark."""
    lines = path.read_text().split() if path.exists() else []
    return {k: lines.count(k) for k in lines}


def marking(folder, *sources):
    """Write a notebook that leaves a mark a run."""
    mark = f"with open({str(folder / 'marks')!r}, 'a') as file:\n    file.write(f'{{k}}\\n')"
    return make(folder, mark, *sources)


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
def test_expand(text, kind, values):
    assert grid.expand(text, kind) == values.split()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["kk=1"], "did you mean k?"),
        (["out=a"], "names are k, rate, fast, points, seed"),
        (["k"], "expected name=value"),
        (["k=1.5"], "parameter k: expected int, found '1.5'"),
        (["k=1,2,x"], "parameter k: expected int, found 'x'"),
        (["k=-1:3"], "parameter k: expected a number at least 0, found '-1'"),
        (["rate=nan"], "expected a finite number"),
        (["rate=0:1:0.5"], "parameter rate: expected a number above 0"),
        (["k=4:4"], "expected a range lo:hi or lo:hi:step that goes up, found 4:4"),
        (["k=0:9:0"], "that goes up"),
        (["k=0:9:1:1"], "that goes up"),
        (["k=0:b"], "that goes up"),
        (["k=0:9999999999"], "that goes up"),
        (["fast=maybe"], "expected true or false"),
        (["k=0:2000", "seed=0:2000"], "expected at most 1000000 runs, found 4000000"),
        (["k="], "parameter k: expected int, found ''"),
        (["k=1", "--time-limit", "5", "--dask", "local"], "--time-limit: expected none with --dask"),
        (["k=1", "--workers", "0"], "--workers: expected at least 1, found 0"),
        (["k=1", "--time-limit", "-1"], "--time-limit: expected more than 0 s, found -1"),
    ],
)
def test_b09_refused_before_anything_runs(tmp_path, words, said):
    done = go(make(tmp_path), tmp_path / "out", *words)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_toml(tmp_path):
    file = tmp_path / "grid.toml"
    file.write_text('k = "0:3"\nrate = [1e-3, 0.5]\nfast = false\npoints = ["a,b.csv", "c"]')
    found = grid.axes(make(tmp_path), ["k=7", "k=8,7"], file)
    assert found == {"k": [7, 8], "rate": [0.001, 0.5], "fast": [False], "points": ["a,b.csv", "c"]}
    for text, said in (("k = [[1]]", "k: expected a value"), ("k = ", "expected a TOML file"), ("z = 1", "names are")):
        file.write_text(text)
        with pytest.raises(ValueError, match=said):
            grid.axes(tmp_path / "little.ipynb", [], file)
    with pytest.raises(ValueError, match=r"nothing\.toml: expected a TOML file"):
        grid.axes(tmp_path / "little.ipynb", [], tmp_path / "nothing.toml")


def test_table_and_summary(tmp_path):
    done = go(make(tmp_path), tmp_path / "out", "k=1,2", "seed=0:3", "rate=0.5")
    assert done.returncode == 0, done.stderr
    table = rows(tmp_path / "out")
    assert list(table[0]) == ["k", "rate", "seed", "status", "cause", "square", "by.seed"]
    assert [(row["k"], row["seed"], row["square"]) for row in table] == [
        (str(k), str(s), str(k * k)) for k in (1, 2) for s in range(3)
    ]
    with (tmp_path / "out/summary.csv").open() as file:
        found = {(r["k"], r["result"]): r for r in csv.DictReader(file)}
    by = found["2", "by.seed"]
    assert (by["n"], float(by["mean"]), float(by["std"]), float(by["max"])) == ("3", 3.0, 1.0, 4.0)
    assert "4 ± 0" in done.stdout
    assert not list((tmp_path / "out").glob(".*.csv")) and len(list((tmp_path / "out/points").iterdir())) == 6


def same(a, b):
    """Tell whether two runs' results are equal, bit for bit, but for commit and seconds."""
    one, other = (json.loads(path.read_text()) for path in (a, b))
    one.pop("provenance"), other.pop("provenance")
    return one == other


@pytest.mark.parametrize("words", [["--kernel"], ["--dask", "local"], ["--keep-notebooks"]])
def test_equal_results_in_every_way(tmp_path, words):
    values = ["hidden=2,8", "seed=3", "steps=60", "linear_steps=30", "seeds=1"]
    for name, more in (("plain", []), ("other", words)):
        done = go("problem3_mlp.ipynb", tmp_path / name, *values, *more)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "plain/table.csv").read_bytes() == (tmp_path / "other/table.csv").read_bytes()
    for path in (tmp_path / "plain/points").glob("*/results/*.json"):
        assert same(path, tmp_path / "other" / path.relative_to(tmp_path / "plain"))
    kept = sorted(p.name for p in (tmp_path / "other/points").glob("hidden=2*/**/*") if p.is_file())
    if words == ["--keep-notebooks"]:
        assert "problem3_mlp.ipynb" in kept and "problem3_losses.pdf" in kept
        cells = json.loads(next((tmp_path / "other/points").glob("*/*.ipynb")).read_text())["cells"]
        shown = [output for cell in cells for output in cell.get("outputs", [])]
        assert any("image/png" in o.get("data", {}) for o in shown)
    else:
        assert kept == ["point.json", "problem3_mlp.json"]


def test_keeping_runs_again(tmp_path):
    notebook = marking(tmp_path)
    for words, runs in ((["k=1"], 1), (["k=1"], 1), (["k=1", "--keep-notebooks"], 2), (["k=1"], 2)):
        assert go(notebook, tmp_path / "out", *words).returncode == 0
        assert marks(tmp_path / "marks") == {"1": runs}
    copy = json.loads((tmp_path / "out/points/k=1/little.ipynb").read_text())
    assert f'out = "{tmp_path}/out/points/k=1"' in json.dumps(copy).replace("\\", ""), "where the copy lies"


def test_resume_runs_what_is_out_of_date(tmp_path):
    notebook = marking(tmp_path)
    mine = tmp_path / "mine.csv"
    mine.write_text("0 0 0\n1 1 1\n")
    words = ["k=0:3", f"points={mine}"]
    go(notebook, tmp_path / "out", *words)
    text = json.loads(notebook.read_text())
    text["cells"].insert(0, {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "# A word"})
    notebook.write_text(json.dumps(text))
    assert "3 there already, 0 to do" in go(notebook, tmp_path / "out", *words).stdout
    go(notebook, tmp_path / "out", "k=0:4", f"points={mine}")
    assert marks(tmp_path / "marks") == {"0": 1, "1": 1, "2": 1, "3": 1}, "the grid grew by one"
    mine.write_text("0 0 0\n1 2 1\n")
    assert "0 there already, 3 to do" in go(notebook, tmp_path / "out", *words).stdout, "other data"
    marking(tmp_path, "x = 1")
    assert "0 there already, 3 to do" in go(notebook, tmp_path / "out", *words).stdout, "another notebook"
    shutil.rmtree(tmp_path / "out/points" / grid.label({"k": 1, "points": str(mine)}) / "results")
    assert "2 there already, 1 to do" in go(notebook, tmp_path / "out", *words).stdout, "results are gone"


def test_identity_knows_modules(tmp_path, monkeypatch):
    (tmp_path / "common.py").write_text("import figures\n")
    (tmp_path / "figures.py").write_text("x = 1\n")
    (tmp_path / "alone.py").write_text("y = 1\n")
    notebook = make(tmp_path)
    monkeypatch.setattr(point.common, "ROOT", tmp_path)
    before = point.sources(notebook)
    assert set(before) == {"little.ipynb", "common", "figures"}
    (tmp_path / "figures.py").write_text("x = 12\n")
    after = point.sources(notebook)
    assert {name for name in before if before[name] != after[name]} == {"figures"}
    assert point.identity(before, {"k": 1}) != point.identity(after, {"k": 1}) != point.identity(after, {"k": 2})


FAILURES = [
    ("if k == 2:\n    raise ValueError('no such\\ndigit')", "code cell [5], line 2: raise", "ValueError: no such"),
    ("import sys\nif k == 2: sys.exit(1)", "line 2", "SystemExit: 1"),
    ("import os, signal\nif k == 2: os.kill(os.getpid(), signal.SIGKILL)", "its process died, exit code -9", "memory"),
    ("import time\nif k == 2: time.sleep(60)", "no end within the time limit", ""),
    ("if k == 2: out = f'{out}/elsewhere'", "expected", "little.json, found none"),
]


@pytest.mark.parametrize(("code", "where", "what"), FAILURES)
def test_b06_b11_a_failure_is_kept_and_the_rest_goes_on(tmp_path, code, where, what):
    notebook = marking(tmp_path, code)
    done = go(notebook, tmp_path / "out", "k=0:5", "--time-limit", "4")
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    assert (
        len(said) == 1
        and "each failed copy lies in" in done.stderr.splitlines()[-1]
        and said[0].startswith("failed: k=2: ")
        and where in said[0]
        and what in said[0]
    ), done.stderr
    table = rows(tmp_path / "out")
    assert [row["status"] for row in table] == ["done", "done", "failed", "done", "done"]
    assert where in table[2]["cause"] and "\n" not in table[2]["cause"] and table[2]["square"] == ""
    assert not list((tmp_path / "out/points").glob(".*"))
    go(notebook, tmp_path / "out", "k=0:5", "--time-limit", "4")
    assert marks(tmp_path / "marks") == {"0": 1, "1": 1, "2": 2, "3": 1, "4": 1}, "only the failed one again"


def test_all_fail(tmp_path):
    done = go(make(tmp_path, "raise RuntimeError('no')"), tmp_path / "out", "k=0:20")
    assert done.returncode == 1 and "0 done, 20 failed" in done.stdout
    assert "10 more in table.csv" in done.stderr and len(done.stderr.splitlines()) == 11


def test_a_second_sweep_in_the_same_folder_is_refused(tmp_path):
    notebook = make(tmp_path, "import time; time.sleep(3)")
    first = subprocess.Popen([sys.executable, "-m", "tools.sweep", notebook, tmp_path / "out", "k=1"], cwd=ROOT)
    while not (tmp_path / "out/.lock").exists():
        time.sleep(0.05)
    time.sleep(0.2)
    second = go(notebook, tmp_path / "out", "k=1,2")
    assert second.returncode == 2 and "expected no other process at work there" in second.stderr
    assert first.wait() == 0 and len(rows(tmp_path / "out")) == 1


@contextlib.contextmanager
def started(notebook, out, *words):
    command = [sys.executable, "-m", "tools.sweep", str(notebook), str(out), *words]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.kill()


def test_dask_without_workers(tmp_path, dask, monkeypatch):
    from tools import cluster

    monkeypatch.setattr(cluster, "PATIENCE", 3.0)
    notebook = make(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    done = go(notebook, tmp_path / "out", "k=1", "--dask", dask[0])
    assert done.returncode in (1, 2) and ("expected workers, found none" in done.stderr or "died" in done.stderr)


SLOW = "import time; time.sleep(0.05)"


@pytest.mark.parametrize(("name", "code"), [("INT", 130), ("TERM", 143)])
@pytest.mark.parametrize("words", [[], ["--kernel"]])
def test_b03_stopped_and_started_again(tmp_path, name, code, words):
    notebook = marking(tmp_path, SLOW)
    with started(notebook, tmp_path / "out", "k=0:12", *words) as running:
        while len(marks(tmp_path / "marks")) < 4:
            time.sleep(0.02)
        os.kill(running.pid, getattr(signal, f"SIG{name}"))
        assert running.wait(timeout=10) == code
        assert running.stderr.read() == "stopped; the same command goes on from here\n"
    assert gone(str(tmp_path)) and not list((tmp_path / "out/points").glob(".*"))
    before = len(list((tmp_path / "out/points").iterdir()))
    assert before < 12
    (tmp_path / "marks").unlink()
    assert go(notebook, tmp_path / "out", "k=0:12").returncode == 0
    assert len(marks(tmp_path / "marks")) == 12 - before
    assert go(notebook, tmp_path / "whole", "k=0:12").returncode == 0
    assert (tmp_path / "out/table.csv").read_bytes() == (tmp_path / "whole/table.csv").read_bytes()


def test_b11_sweep_of_200_killed_at_a_third(tmp_path):
    notebook = marking(tmp_path)
    with started(notebook, tmp_path / "out", "k=0:200") as running:
        while len(list((tmp_path / "out").glob("points/k*"))) < 66:
            time.sleep(0.02)
        running.kill()
        running.wait()
    assert gone(str(tmp_path)), "the workers end with their parent"
    time.sleep(1)  # until the last of them has ended, too: it may leave its mark before
    before = {p.name for p in (tmp_path / "out/points").glob("k*")}
    (tmp_path / "marks").unlink()
    assert go(notebook, tmp_path / "out", "k=0:200").returncode == 0
    assert marks(tmp_path / "marks") == {str(k): 1 for k in range(200) if f"k={k}" not in before}
    assert [row["square"] for row in rows(tmp_path / "out")] == [str(k * k) for k in range(200)]


@pytest.mark.slow
def test_b11_killed_at_random_moments(tmp_path):
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
        assert gone(str(tmp_path))
        unfinished += not (out / "table.csv").exists()
        assert go(notebook, out, "k=0:10").returncode == 0
        assert tree(out) == tree(tmp_path / "whole")
    assert unfinished >= 5, "too many kills came too late"


@pytest.fixture
def dask(tmp_path):
    """Start a scheduler and two workers as processes of their own; return (address, workers)."""
    pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    cli = [sys.executable, "-m", "distributed.cli.dask_{}"]
    options = ["--host", "127.0.0.1", "--port", address.rsplit(":", 1)[1], "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path, "env": env}
    everyone = [subprocess.Popen([cli[0], cli[1], cli[2].format("scheduler"), *options], **quiet)]
    worker = [cli[0], cli[1], cli[2].format("worker"), address, "--nthreads", "2", "--no-nanny", "--no-dashboard"]
    everyone += [subprocess.Popen([*worker, "--local-directory", str(tmp_path / f"w{i}")], **quiet) for i in (0, 1)]
    yield address, everyone[1:]
    for process in everyone:
        process.kill()
        process.wait()


def test_b11_dask_worker_killed(tmp_path, dask):
    address, workers = dask
    notebook = marking(tmp_path, "import time; time.sleep(0.2)")
    with started(notebook, tmp_path / "out", "k=0:30", "--dask", address) as running:
        while len(marks(tmp_path / "marks")) < 8:
            assert running.poll() is None, running.stderr.read()
            time.sleep(0.02)
        workers[0].kill()
        assert running.wait(timeout=60) == 0, running.stderr.read()
    assert go(notebook, tmp_path / "here", "k=0:30").returncode == 0
    for name in ("table.csv", "summary.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    assert not list((tmp_path / "out/points").glob(".*"))
    done = go(notebook, tmp_path / "out", "k=0:31", "--dask", address)
    assert "30 there already, 1 to do" in done.stdout and done.returncode == 0
    done = go(notebook, tmp_path / "out", "k=0:31", "--dask", address)
    assert "31 there already, 0 to do" in done.stdout and done.returncode == 0


def test_dask_failures_are_reported(tmp_path, dask):
    address, _ = dask
    done = go(make(tmp_path, FAILURES[0][0]), tmp_path / "out", "k=0:4", "--dask", address)
    assert done.returncode == 1 and "failed: k=2: code cell [4]" in done.stderr
    assert [row["status"] for row in rows(tmp_path / "out")] == ["done", "done", "failed", "done"]


def test_dask_worker_without_what_it_needs(tmp_path, dask):
    from distributed import Client

    from tools import cluster

    with Client(dask[0]) as client:
        client.wait_for_workers(2, timeout=30)
        said = client.run(cluster.task("/no/such/folder", ""), pickle.dumps(None), "x")
        assert all("lacks the repository" in s and "expected at /no/such/folder" in s for s in said.values())
        said = client.run(cluster.task(str(ROOT), ""), pickle.dumps(None), str(tmp_path / "not/there"))
        assert all("does not see the sweep's folder" in s for s in said.values())
        (tmp_path / "sign").touch()
        said = client.run(cluster.task(str(ROOT), ""), pickle.dumps(None), str(tmp_path / "sign"))
        assert set(said.values()) == {""}
        old = point.Point(
            ROOT / "problem2_linear.ipynb", tmp_path / "p", {"points": "data/set2.csv"}, "another identity"
        )
        said = client.run(cluster.task(str(ROOT), ""), pickle.dumps(old), str(tmp_path / "sign"))
        assert all("differ from the sender's" in s for s in said.values())


def test_no_scheduler(tmp_path):
    done = go(make(tmp_path), tmp_path / "out", "k=1", "--dask", "tcp://127.0.0.1:9")
    assert done.returncode == 2 and "expected a scheduler with workers" in done.stderr


def test_inprocess_outputs():
    space = {}
    assert inprocess.run_cell("a = 3", "c", space, 1) == []
    printed, shown = inprocess.run_cell("print('x')\na + 1", "c", space, 2)
    assert (printed["text"], shown["data"]["text/plain"], shown["execution_count"]) == ("x\n", "4", 2)
    warned = inprocess.run_cell("import sys; _ = sys.stderr.write('careful')", "c", space, 3)
    assert warned[0]["name"] == "stderr" and "careful" in warned[0]["text"]
    for code, name, line in (("1\n1/0", "ZeroDivisionError", "---> 2 1/0"), ("%magic", "SyntaxError", None)):
        error = inprocess.run_cell(code, "c", space, 4)[-1]
        assert error["output_type"] == "error" and error["ename"] == name
        assert line is None or error["traceback"][-1] == line


def test_values_are_checked_like_a_single_run(tmp_path):
    notebook = make(tmp_path)
    assert run.parameters(notebook, ["k=3", "rate=1e-3"]) == {"k": 3, "rate": 0.001}
    (made,) = grid.grid(notebook, tmp_path, grid.axes(notebook, ["rate=1e-3"], None), kernel=False, keep=False)
    assert made.values == {"k": 1, "rate": 0.001, "fast": True, "points": "data/set2.csv", "seed": 0}


def test_labels():
    assert grid.label({"k": 1, "rate": 0.1}) == "k=1,rate=0.1" and grid.label({}) == "defaults"
    names = {grid.label({"points": path}) for path in ("../a", "a/b", "a/b ", "x" * 200, "数" * 100, "", "1,k=2")}
    assert len(names) == 7 and all(len(name) == 16 and name.isalnum() for name in names)


def test_the_notebook_changes_while_it_runs(tmp_path):
    change = (
        "import pathlib, json\nif k == 1:\n    p = pathlib.Path(points)\n    p.write_text(p.read_text() + '# more')"
    )
    (tmp_path / "mine.csv").write_text("0 0 0\n1 1 1\n")
    done = go(make(tmp_path, change), tmp_path / "out", "k=0:3", f"points={tmp_path / 'mine.csv'}", "--workers", "1")
    assert done.returncode == 1
    assert [row["status"] for row in rows(tmp_path / "out")] == ["done", "failed", "failed"]
    assert rows(tmp_path / "out")[1]["cause"] == "the notebook, a module or the data changed while it ran"


def test_runs_share_nothing(tmp_path):
    shared = """import builtins, random, subprocess, threading, time
import numpy as np
builtins.count = getattr(builtins, "count", 0) + 1
assert builtins.count == 1
subprocess.Popen(["sleep", "4242"])
threading.Thread(target=time.sleep, args=(60,)).start()
print("x" * 10**6)
results = {"square": np.random.rand(), "n": 1, "value": 2, "mean": 3, "k": k, "status": "mine"}
common.write_results(f"{out}/results/random.json", results)"""
    notebook = make(tmp_path, shared, name="random.ipynb")
    done = go(notebook, tmp_path / "out", "k=0:4", "--time-limit", "20")
    assert done.returncode == 0, done.stderr
    table = rows(tmp_path / "out")
    assert len({row["square"] for row in table}) == 4, "each run has its own global random numbers"
    assert table[1]["n"] == "1" and table[1]["result.status"] == "mine" and "result.k" not in table[0]
    assert gone("sleep 4242"), "what a run has started ends with it"


def test_a_reserved_name_is_refused(tmp_path):
    notebook = make(tmp_path)
    notebook.write_text(notebook.read_text().replace("rate: float", "mean: float"))
    done = go(notebook, tmp_path / "out", "mean=1,2")
    assert done.returncode == 2 and "parameter mean: expected another name" in done.stderr


def test_no_folder_given(tmp_path):
    done = go(make(tmp_path), "k=1,2")
    assert done.returncode == 2 and "expected a folder after the notebook" in done.stderr


def test_a_file_where_a_folder_must_be(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/points").write_text("")
    done = go(make(tmp_path), tmp_path / "out", "k=1")
    assert done.returncode == 1 and done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1


def test_untyped_and_odd_parameters(tmp_path):
    notebook = make(tmp_path)
    text = notebook.read_text()
    notebook.write_text(text.replace("k: int = 1 ", "k = 1 "))
    assert run.declared(notebook)["k"].kind == "int"
    notebook.write_text(text.replace("k: int = 1 ", "k: int = 1 / 3 "))
    with pytest.raises(ValueError, match="parameter k: expected a number, text or truth value as default"):
        run.declared(notebook)
    notebook.write_text("{}")
    with pytest.raises(ValueError, match="expected a notebook"):
        run.declared(notebook)


def test_imports_beside_a_magic():
    assert point.imports("%matplotlib inline\nimport figures\nfrom a.b import c") == {"figures", "a.b"}


def test_news_in_a_log(monkeypatch, capsys):
    monkeypatch.setattr(sweep, "NEWS", 0.0)
    made = point.Point(ROOT, ROOT / "k=1", {}, "")
    assert sweep.news(iter([(made, ""), (made, "why")]), 2) == {"k=1": "why"}
    assert capsys.readouterr().err.splitlines()[-1] == "2 of 2 runs, 1 failed"


def test_the_study_says_what_its_runs_say():
    folder = ROOT / "report/build/study"
    if not folder.is_dir():
        pytest.skip("no study yet: make study")
    study = json.loads((ROOT / "report/build/results/study.json").read_text())
    width, size = rows(folder / "width"), rows(folder / "size")
    assert study["width_seeds"] >= 20 and len(width) == study["runs"] == study["width_seeds"] * len(study["width"])
    for name, said in study["width"].items():
        found = [float(row["mlp_accuracy"]) for row in width if row["hidden"] == name]
        assert np.isclose(said["median"], np.median(found)) and np.isclose(said["min"], min(found))
        assert said["lucky"] == sum(a >= 0.925 for a in found)
    for name, said in study["size"].items():
        found = [float(row["trained_accuracy"]) for row in size if row["n_train"] == name]
        assert np.isclose(said["trained"]["median"], np.median(found)) and len(found) == study["size_seeds"]
    dead = study["dead"]
    assert dead["dead_units"] > 0 and dead["mlp_accuracy"] <= 0.85
