"""The notebooks: tests of form, and fast runs of all four."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import NOTEBOOKS, ROOT, gone, processes, write_notebook
from scipy.optimize import minimize

import results
from sweep.notebook import execute

FAST = {
    "problem1_compgraph": [],
    "problem2_linear": ["steps=60"],
    "problem3_mlp": ["steps=300", "seeds=2"],
    "problem4_mnist": ["epochs=2"],
}
EXPECTED = {
    "problem1_compgraph": "f df_dw1 df_dw2 df_dx1 df_dx2 w1_final w2_final f_final",
    "problem2_linear": "accuracy loss_final separable W b separated example_gradient",
    "problem3_mlp": "linear_accuracy mlp_accuracy hidden seed separable dead_at_start "
    "fewest_at_least fewest_at_most linear_fresh_accuracy mlp_fresh_accuracy",
    "problem4_mnist": "dataset n_train n_test template_accuracy template_bias_accuracy "
    "trained_accuracy trained_loss "
    "steps own_images own_template_accuracy own_trained_accuracy",
}
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def cells(path, kind):
    return [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


def test_there_are_four_notebooks():
    assert [p.stem for p in NOTEBOOKS] == sorted(FAST)


@each
def test_a_notebook_has_no_outputs_and_no_magics(path):
    for cell in cells(path, "code"):
        assert cell["outputs"] == [] and cell["execution_count"] is None, "type: make strip"
        assert not re.search(r"^\s*[%!]", source(cell), re.M), "plain Python runs anywhere"


@each
def test_every_parameter_has_a_type_a_default_and_a_word_of_help(path):
    (cell,) = [c for c in cells(path, "code") if "parameters" in c["metadata"].get("tags", [])]
    for line in source(cell).splitlines():
        assert re.fullmatch(r"\w+: (int|float|str|bool) = \S+  # .+", line), line
    assert 'out: str = "report/build"' in source(cell)


@each
def test_a_notebook_checks_its_gradient_and_answers(path):
    text = "\n".join(source(cell) for cell in cells(path, "markdown") + cells(path, "code"))
    assert "## Is the gradient right?" in text and "**Answer.**" in text
    assert any("assert " in source(cell) for cell in cells(path, "code"))


def test_each_module_has_one_third_party_world():
    allowed = {
        "common": {"numpy", "threadpoolctl"},
        "results": set(),
        "points": {"numpy", "scipy", "common"},
        "verdicts": {"points"},
        "figures": {"numpy", "matplotlib", "common"},
        "handwriting": {"numpy", "PIL", "scipy", "common", "results"},
        "photos": {"numpy", "PIL", "scipy", "common", "handwriting", "pictures"},
        "pictures": {"numpy", "PIL", "common", "pillow_heif"},
    }
    for name, modules in allowed.items():
        found = set(re.findall(r"^(?:from|import) (\w+)", (ROOT / f"{name}.py").read_text(), re.M))
        assert found - set(sys.stdlib_module_names) <= modules, name


def run(notebook, out, *words, cwd=ROOT, env=None):
    command = [
        sys.executable,
        "-m",
        "tools.run",
        str(notebook),
        str(out),
        *(w for p in words for w in ("-p", p)),
    ]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=env)


@each
def test_a_fast_run_writes_everything(path, tmp_path, subset):
    words = [*FAST[path.stem], *([f"data_dir={subset}"] if "mnist" in path.stem else [])]
    done = run(path.name, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / f"results/{path.stem}.json").read_text())
    assert set(EXPECTED[path.stem].split()) <= set(results)
    assert {"commit", "dirty", "versions", "threads", "seed", "sha256", "python", "seconds"} <= set(
        results["provenance"]
    )
    drawn = {p.stem for p in (tmp_path / "figures").glob("*.pdf")}
    assert drawn and drawn == {p.stem for p in (tmp_path / "figures").glob("*.png")}
    executed = json.loads((tmp_path / path.name).read_text())
    assert set(executed["metadata"]) == {"kernelspec", "language_info", "seal"}, (
        "a run that no person watches must not save widgets"
    )
    alts = [
        o["metadata"]["image/png"]["alt"]
        for c in executed["cells"]
        if c["cell_type"] == "code"
        for o in c["outputs"]
        if "image/png" in o.get("data", {})
    ]
    assert len(alts) == len(drawn) and all(len(alt) > 20 for alt in alts)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["figures", path.name, "results"]
    if path.stem == "problem4_mnist":
        assert results["dataset"] == "a subset of MNIST" and results["n_train"] == 4000


def test_problem1s_numbers(tmp_path):
    assert run("problem1_compgraph.ipynb", tmp_path).returncode == 0
    results = json.loads((tmp_path / "results/problem1_compgraph.json").read_text())
    assert [round(results[k], 8) for k in ("w1_final", "w2_final", "f_final")] == [
        0.20894800,
        -0.39577440,
        0.57105120,
    ]
    assert [round(results[k], 6) for k in ("f", "df_dw1", "df_dw2", "df_dx1", "df_dx2")] == [
        0.635057,
        0.349756,
        -0.400488,
        0.074634,
        -0.124389,
    ]


def problem1(out, **values):
    """Run Problem 1 in this process; return its answers, as the notebook shows them."""
    values = {"w1": 0.3, "w2": -0.5, "x1": 0.2, "x2": 0.4} | values
    execute(ROOT / "problem1_compgraph.ipynb", out, values, kernel=False)
    shown = json.loads((out / "problem1_compgraph.ipynb").read_text())["cells"]
    outputs = [o for cell in shown for o in cell.get("outputs", [])]
    assert not [o for o in outputs if o.get("name") == "stderr"]
    texts = "".join("".join(o["data"].get("text/markdown", "")) for o in outputs if "data" in o)
    answers = json.loads((out / "results/problem1_compgraph.json").read_text())["answers"]
    assert all(answers[part] in texts for part in ("1a", "1b", "1c"))
    for words in ("towards zero", "nearly straight", "nan", "inf"):
        assert words not in texts
    return answers


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "$f$ falls at every step. At the start"),
        ({"learning_rate": 0.5, "steps": 1}, "$f$ falls at every step. At the start"),
        ({"learning_rate": 0.5, "steps": 1000}, "falls at 25 of the steps, rises at 0, and stays"),
        ({"learning_rate": 1.0, "steps": 1000}, "falls at 3 of the steps, rises at 0, and stays"),
        ({"learning_rate": 3.0, "steps": 1}, "$f$ rises at every step. With a small enough step"),
        (
            {"learning_rate": 3.0, "steps": 1000},
            "At step 12 a number in the graph",
        ),
        ({"learning_rate": 1e300}, "No step could be taken. At step 1 a number in the graph"),
        (
            {"learning_rate": 3.0, "steps": 600, "x1": 0.0, "x2": 0.0},
            "ended before its 600 steps",
        ),
        ({"learning_rate": 2.0, "x1": 0.0, "x2": 0.0}, "falls at 0 of the steps, rises at 0, and"),
    ],
)
def test_problem1_says_how_its_descent_went_t07(tmp_path, values, words):
    assert words in problem1(tmp_path, **values)["1c"]
    assert len(list((tmp_path / "figures").glob("*.pdf"))) == 3


@pytest.mark.parametrize(
    ("values", "about_w1", "about_w2"),
    [
        ({}, "penalty: both push it down", "oppose each other, and the penalty pushes it up"),
        (
            {"w1": -0.02, "w2": 0.01},
            "oppose each other, and the sigmoid pushes it down",
            "penalty: both push it down",
        ),
        ({"w1": 0.0, "x2": 0.0}, "only the sigmoid pushes it, down", "only the penalty pushes"),
        ({"w1": 0.0, "x1": 0.0, "x2": -1.0}, "nothing pushes it", "both push it up"),
        ({"w1": -0.25, "w2": 0.25, "x1": 1.0, "x2": 1.0}, "each other and cancel", "both push"),
    ],
)
def test_problem1_says_what_each_share_does_t07(tmp_path, monkeypatch, values, about_w1, about_w2):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    answer = problem1(tmp_path, steps=3, **values)["1c"]
    first, second = answer.split("the shares of ")[1:]
    assert first.startswith("$w_1$ are ") and about_w1 in first
    assert second.startswith("$w_2$ are ") and about_w2 in second


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {},
            "disagrees with it for $w_1$, $w_2$, $x_1$, $x_2$; the difference is largest",
        ),
        ({"x1": 0.0}, "disagrees with it for $w_2$, $x_1$, $x_2$; "),
        ({"x1": 0.0}, "It agrees for $w_1$, where the sigmoid's part is zero"),
        ({"w1": 0.0, "w2": 0.0, "x1": 0.0, "x2": 0.0}, "agrees with it as well here"),
    ],
)
def test_problem1_says_where_the_formula_of_2019_is_wrong_t07(tmp_path, monkeypatch, values, words):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    assert words in problem1(tmp_path, steps=1, **values)["1a"]


@pytest.mark.parametrize("x", [(0.2, 0.4), (0.0, 0.0), (0.0, -3.0), (10.0, 10.0)])
def test_problem1s_minimum_is_lower_than_what_another_method_finds_t07(tmp_path, monkeypatch, x):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    problem1(tmp_path, x1=x[0], x2=x[1], learning_rate=0.01)
    ours = json.loads((tmp_path / "results/problem1_compgraph.json").read_text())

    def f(w):
        return 1 / (1 + np.exp(-(w @ x))) + 0.5 * w @ w

    found = minimize(f, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15})
    assert np.allclose([ours["w1_minimum"], ours["w2_minimum"]], found.x, atol=1e-6)
    assert ours["f_minimum"] <= found.fun + 1e-15
    last = np.array([ours["w1_final"], ours["w2_final"]])
    assert np.isclose(ours["distance_final"], np.linalg.norm(last - found.x), atol=1e-6)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("hiden=3", "did you mean hidden?"),
        ("hidden", "parameter hidden has no value; write hidden=VALUE"),
        ("hidden=three", "parameter hidden must be a whole number, not 'three'"),
        ("hidden=1e3", "parameter hidden must be a whole number, not '1e3'"),
        ("hidden=0", "parameter hidden must be ≥ 1, not 0"),
        ("learning_rate=nan", "parameter learning_rate must be a finite number, not 'nan'"),
        ("learning_rate=-1", "parameter learning_rate must be > 0, not -1"),
        ("seed=-1", "parameter seed must be ≥ 0, not -1"),
        ("out=elsewhere", "there is no parameter 'out' to set"),
    ],
)
def test_a_wrong_parameter_is_refused_before_a_kernel_starts_b09(tmp_path, word, message):
    done = run("problem3_mlp.ipynb", tmp_path / "out", word)
    assert done.returncode == 2 and message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def make_notebook(path, *sources):
    return write_notebook(path, 'out: str = "x"  # where', *sources)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "x = 1\nraise ValueError('no such digit')",
            ["code cell [4]", "line 2", "ValueError: no such digit"],
        ),
        ("assert 1 + 1 == 3", ["AssertionError", "line 1"]),
        ("import sys; sys.exit(1)", ["SystemExit"]),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", ["Kernel died"]),
    ],
)
def test_a_failed_run_says_where_and_why_b06(tmp_path, code, words):
    notebook = make_notebook(tmp_path / "bad.ipynb", "y = 2", code)
    done = run(notebook, tmp_path / "out")
    assert done.returncode == 1
    message = done.stderr[done.stderr.index("error:") :]
    assert all(word in message for word in ["bad.ipynb", "failed copy", *words]), done.stderr
    assert len(message.splitlines()) <= 15
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["bad.failed.ipynb"]


@pytest.mark.parametrize("code", ["import time; time.sleep(600)", "x = 1"])
def test_a_run_has_a_time_limit_b06(tmp_path, code):
    notebook = make_notebook(tmp_path / "n.ipynb", code)
    command = [sys.executable, "-m", "tools.run", notebook, tmp_path / "out", "--time-limit"]
    limit = "20" if code == "x = 1" else "3"
    done = subprocess.run([*command, limit], cwd=ROOT, capture_output=True, text=True)
    if code == "x = 1":
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode == 1 and "error: n.ipynb timed out after 3 s" in done.stderr
        assert list((tmp_path / "out").iterdir()) == []
    for limit in ("-1", "inf", "nan"):
        done = subprocess.run([*command, limit], cwd=ROOT, capture_output=True, text=True)
        message = f"--time-limit must be at least 0 s and at most 1000000 s, not {limit}\n"
        assert done.returncode == 2 and done.stderr == f"error: {message}"


def test_a_notebook_is_never_replaced_by_its_own_copy(tmp_path):
    notebook = make_notebook(tmp_path / "n.ipynb", "x = 1")
    before = notebook.read_bytes()
    done = run(notebook, tmp_path)
    assert done.returncode == 2 and "is the notebook's own folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert notebook.read_bytes() == before and list(tmp_path.iterdir()) == [notebook]


def test_papermill_does_not_warn_of_bounds(tmp_path):
    first = 'k: int = 1  # >= 0   which\nout: str = "x"  # where'
    done = run(write_notebook(tmp_path / "n.ipynb", first), tmp_path / "out", "k=2")
    assert done.returncode == 0 and "arse line" not in done.stderr
    assert "unknown parameter" not in done.stderr


def test_another_folder_home_locale_and_backend_b08_b10(tmp_path):
    out = tmp_path / "a folder with ünïcode and {seed}"
    env = {
        "PATH": "/usr/bin:/bin",
        "MPLBACKEND": "Qt5Agg",
        "LANG": "C",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    done = run(ROOT / "problem2_linear.ipynb", out, "steps=3", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert (out / "figures/problem2_history.pdf").is_file() and (
        out / "problem2_linear.ipynb"
    ).is_file()


def test_the_line_of_a_run_is_one_write_b01(tmp_path):
    # Unbuffered, print writes the text and the line's end apart, and under make -j the line of
    # another run may come between them.
    notebook = make_notebook(tmp_path / "n.ipynb", "y = 2")
    here, there = socket.socketpair(type=socket.SOCK_SEQPACKET)  # keeps writes apart
    env = os.environ | {"PYTHONUNBUFFERED": "1"}
    with here, there:
        subprocess.run(
            [sys.executable, "-m", "tools.run", notebook, tmp_path / "out"],
            cwd=ROOT,
            env=env,
            stdout=there,
        )
        assert here.recv(4096).decode() == f"running {notebook}\n"


def test_ones_own_points_as_a_parameter(tmp_path):
    rng = np.random.RandomState(0)
    (tmp_path / "mine.txt").write_text(
        "".join(f"{a} {b} {int(a > b)}\n" for a, b in rng.randn(50, 2))
    )
    done = run(
        "problem3_mlp.ipynb",
        tmp_path / "out",
        f"points={tmp_path / 'mine.txt'}",
        "steps=50",
        "seeds=1",
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out/results/problem3_mlp.json").read_text())
    assert results["N"] == 50 and results["K"] == 2 and results["separable"] is True


def test_plain_papermill_lists_and_sets_parameters(tmp_path):
    command = [sys.executable, "-m", "papermill"]
    helped = subprocess.run(
        [*command, "--help-notebook", "problem3_mlp.ipynb"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "hidden: int (default 8)" in helped.stdout and "hidden units" in helped.stdout
    words = "problem3_mlp.ipynb out.ipynb -p hidden 3 -p seed 3 -p steps 20 -p seeds 1 -p out"
    words = words.replace("out.ipynb", str(tmp_path / "o.ipynb")).split()
    done = subprocess.run(
        [*command, *words, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results/problem3_mlp.json").read_text())
    assert results["hidden"] == 3 and results["seed"] == 3


def test_provenance_knows_commit_versions_and_data_b12():
    data = ROOT / "data/set2.csv"
    found = results.provenance(3, {str(data): results.file_sha256(data)}, began=0.0)
    assert (
        found["seed"] == 3
        and found["threads"] >= 1
        and found["versions"]["numpy"] == np.__version__
    )
    sums = (ROOT / "data/SHA256SUMS").read_text()
    assert all(digest in sums for digest in found["sha256"].values()) and len(found["sha256"]) == 1


@pytest.mark.parametrize(
    ("name", "code", "message"), [("INT", 130, "interrupted\n"), ("TERM", 143, "terminated\n")]
)
def test_a_run_that_is_stopped_leaves_nothing_b03(tmp_path_factory, name, code, message):
    tmp_path = tmp_path_factory.mktemp("b")  # short: a socket's path has a limit
    up = tmp_path / "up"
    notebook = make_notebook(
        tmp_path / "sleep.ipynb", f"open({str(up)!r}, 'w')", "import time; time.sleep(60)"
    )
    env = os.environ | {"TMPDIR": str(tmp_path)}  # the kernel's command line names a file in it
    command = [sys.executable, "-m", "tools.run", notebook, tmp_path / "out"]
    running = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    while not up.exists():
        assert running.poll() is None
        time.sleep(0.1)
    time.sleep(0.5)  # until the kernel is in the sleeping cell
    assert len(processes(str(tmp_path))) == 2, "the runner and the kernel"
    running.send_signal(getattr(signal, f"SIG{name}"))
    assert running.communicate(timeout=20)[1] == message and running.returncode == code
    assert list((tmp_path / "out").iterdir()) == []
    assert gone(str(tmp_path)), "orphans"


def test_problem2_on_points_that_cannot_be_separated_t05(tmp_path):
    done = run("problem2_linear.ipynb", tmp_path, "points=data/set3.csv", "steps=20")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "results/problem2_linear.json").read_text())
    assert found["separable"] is False and found["inseparable_pairs"] == 3
    assert "None" not in " ".join(found["answers"].values())


def test_a_share_is_written_as_0_or_100_per_cent_only_if_it_is():
    exact = {0: "0.0 %", 1: "100.0 %", 0.6375: "63.8 %"}
    close = {1 / 3000: "0.03 %", 2999 / 3000: "99.97 %"}
    for share, text in (exact | close).items():
        assert results.percent(share) == text
