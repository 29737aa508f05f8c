"""List X, where runs and sweeps are started: settings, folders, locks, terminals, systems."""

import contextlib
import errno
import fcntl
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import matplotlib.figure
import pandas as pd
import pytest
from conftest import NOTEBOOKS, ROOT, write_notebook
from test_sweep import go, make, rows, tag

from sweep import notebook, plot, print_anywhere, sources
from tools import run as run_tool

OUT = 'out: str = "x"  # where'
WRITE = """from results import write_json
write_json(f"{out}/results/n.json", found)"""


def tool(path, out, *words, cwd=ROOT, **env):
    """Run a notebook as `python -m tools.run` does, in an environment with more variables."""
    command = [sys.executable, "-m", "tools.run", path, out, *words]
    env = {name: value for name, value in (os.environ | env).items() if value is not None}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)


def results(folder):
    return json.loads((folder / "results/n.json").read_text())


# Settings of the user


STARTUP = """import builtins, numpy
builtins.from_startup = True
numpy.set_printoptions(precision=2)
"""


@pytest.fixture
def home(tmp_path):
    """Return variables of a user who has set up IPython and Jupyter for other work."""
    profile = tmp_path / "home/.ipython/profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup/00.py").write_text(STARTUP)
    lines = '["import builtins", "builtins.from_startup = True"]'
    for name in ("ipython_config.py", "ipython_kernel_config.py"):
        (profile / name).write_text(f"c.InteractiveShellApp.exec_lines = {lines}")
    (tmp_path / "first.py").write_text(STARTUP)
    kernel = tmp_path / "jupyter/kernels/python3"
    kernel.mkdir(parents=True)
    elsewhere = {"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(elsewhere))
    return {
        "HOME": str(tmp_path / "home"),
        "IPYTHONDIR": str(tmp_path / "home/.ipython"),
        "JUPYTER_PATH": str(tmp_path / "jupyter"),
        "JUPYTER_DATA_DIR": str(tmp_path / "jupyter"),
        "PYTHONSTARTUP": str(tmp_path / "first.py"),
        "PYTHONWARNINGS": "error",
        "PYTHONOPTIMIZE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "7",
    }


SETTINGS = """import builtins, sys, warnings
import numpy as np
found = {"asserts": False, "startup": hasattr(builtins, "from_startup")}
try:
    assert False
except AssertionError:
    found["asserts"] = True
warnings.warn("one that is no error", DeprecationWarning)
found |= {"printed": str(np.array([1 / 3])), "python": sys.executable}"""


def test_a_kernel_takes_nothing_from_the_users_settings_x13_x18(tmp_path, home):
    path = write_notebook(tmp_path / "n.ipynb", OUT, SETTINGS, WRITE)
    done = tool(path, tmp_path / "out", **home)
    assert done.returncode == 0, done.stderr
    expected = {"asserts": True, "startup": False, "python": sys.executable}
    assert results(tmp_path / "out") == expected | {"printed": "[0.33333333]"}


def test_a_kernel_starts_without_home_and_for_a_notebook_without_metadata_x13_x16(tmp_path):
    path = write_notebook(tmp_path / "n.ipynb", OUT, "found = {'k': 1}", WRITE)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"metadata": {}}))
    done = tool(path, tmp_path / "out", HOME=None)
    assert done.returncode == 0, done.stderr


DRAWS = """import matplotlib.font_manager
matplotlib.get_cachedir()
found = {"k": 1}
"""


@pytest.mark.parametrize(
    "variables",
    [
        {"HOME": "{file}"},
        {"XDG_CONFIG_HOME": "/proc/x", "XDG_CACHE_HOME": "/proc/y"},
        {"MPLCONFIGDIR": "/proc/x"},
        {"MPLBACKEND": "nonsense"},
    ],
)
def test_matplotlib_writes_no_warning_into_a_notebook_x08_x16(tmp_path, variables):
    (tmp_path / "file").touch()
    path = write_notebook(tmp_path / "n.ipynb", OUT, DRAWS, WRITE)
    given = {name: text.format(file=tmp_path / "file") for name, text in variables.items()}
    done = tool(path, tmp_path / "out", **given)
    assert done.returncode == 0, done.stderr
    cells = json.loads((tmp_path / "out/n.ipynb").read_text())["cells"]
    assert not any(cell.get("outputs") for cell in cells)


def test_a_user_without_a_name_and_a_home_is_given_one_for_the_run_x16(monkeypatch):
    def nobody(*_):
        if "HOME" in os.environ:
            return Path(os.environ["HOME"])
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(notebook.Path, "home", nobody)
    monkeypatch.delenv("HOME", raising=False)
    with notebook.tidy_environment(""):
        assert Path(os.environ["HOME"]).is_dir()
    assert "HOME" not in os.environ


@pytest.mark.parametrize("command", ["tools.run", "sweep"])
def test_a_folder_whose_name_cannot_be_written_is_refused_first_x10_x18(tmp_path, command):
    path = write_notebook(tmp_path / "n.ipynb", OUT, "found = {'k': 1}", WRITE)
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", command, path, tmp_path / "é/o"],
        cwd=ROOT,
        env=os.environ | ascii_only,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "set LC_ALL=C.UTF-8" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "é").exists()


def test_a_backend_that_does_not_exist_stops_no_sweep_and_no_plot_x13(tmp_path):
    cells = "found = {'k': x}"
    path = write_notebook(tmp_path / "n.ipynb", f"x: int = 1\n{OUT}", cells, WRITE)
    done = subprocess.run(
        [sys.executable, "-m", "sweep", path, tmp_path / "s", "x=1,2", "--plot", "k"],
        cwd=ROOT,
        env=os.environ | {"MPLBACKEND": "nonsense"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and (tmp_path / "s/plot.png").exists(), done.stderr


def test_an_empty_address_of_a_cluster_is_refused_x17(tmp_path):
    path = write_notebook(tmp_path / "n.ipynb", f"x: int = 1\n{OUT}", "found = {'k': x}", WRITE)
    done = go(path, tmp_path / "s", "x=1,2", "--dask", "")
    assert done.returncode == 2 and "needs the address" in done.stderr


@pytest.mark.parametrize("flag", ["-O", "-OO"])
def test_asserts_of_cells_count_in_this_process_whatever_python_is_told_x18(flag):
    code = """from sweep import inprocess
(error,) = inprocess.run_cell("1\\nassert 1 == 2, 'no'", "c", {}, 1)
print(error["ename"], error["evalue"], error["traceback"][-1])"""
    command = [sys.executable, flag, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "AssertionError no ---> 2 assert 1 == 2, 'no'\n", done.stderr


USERS_FIGURES = {
    "axes.facecolor": "red",
    "lines.linewidth": 9,
    "font.size": 30,
    "text.usetex": True,
    "savefig.bbox": "tight",
    "axes.formatter.use_locale": True,
    "axes.prop_cycle": matplotlib.cycler(color=["k"]),
}


@pytest.mark.parametrize("style", [plot.STYLE, Path("none.mplstyle")], ids=["style", "none"])
def test_a_plot_is_the_same_whatever_matplotlibrc_says_x13(tmp_path, monkeypatch, style):
    monkeypatch.setattr(plot, "STYLE", style)
    swept = {"k": [1, 2]}
    numbers = pd.DataFrame({"k": [1, 2], "value": [3.5, 4]})
    drawn = []
    for name, settings in (("own", {}), ("users", USERS_FIGURES)):
        (tmp_path / name).mkdir()
        with matplotlib.rc_context(settings):
            plot.plot(numbers, swept, "value", tmp_path / name)
            assert (
                matplotlib.rcParams["font.size"] == settings.get("font.size", 10.0) or not settings
            )
        drawn.append([(tmp_path / name / f"plot.{kind}").read_bytes() for kind in ("png", "pdf")])
    assert drawn[0] == drawn[1]


# Modules of the same name


def test_the_projects_modules_come_before_others_of_the_same_name_x18(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for name in ("common", "results", "figures"):
        (other / f"{name}.py").write_text("raise RuntimeError('that of another project')")
    cell = "import common, figures\nfound = {'file': common.__file__}"
    path = write_notebook(tmp_path / "n.ipynb", OUT, cell, WRITE)
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{other}"}
    command = [sys.executable, "-m", "sweep", path, tmp_path / "out"]
    done = subprocess.run(command, cwd=other, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "out/runs/defaults")["file"] == str(ROOT / "common.py")
    done = tool(path, tmp_path / "run", PYTHONPATH=str(other))
    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "run")["file"] == str(ROOT / "common.py")


# Folders for temporary files


@pytest.mark.parametrize("length", [40, 56, 90, 200])
def test_a_socket_finds_a_folder_with_a_short_path_x16(tmp_path_factory, monkeypatch, length):
    base = tempfile.mkdtemp(dir="/tmp")
    place = Path(base) / ("ü" * ((length - len(base)) // 2))
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with notebook.temporary_folder() as folder:
        assert len(os.fsencode(folder)) <= notebook.LONGEST_PLACE + 12
        assert (Path(folder).parent == place) == (length == 40)
    assert not Path(folder).exists()
    shutil.rmtree(base)


def test_a_sweep_and_a_kernel_run_where_tmpdir_has_a_long_path_x16(tmp_path):
    place = tmp_path / ("long" * 30)
    place.mkdir()
    path = write_notebook(tmp_path / "n.ipynb", OUT, "found = {'k': 1}", WRITE)
    command = [sys.executable, "-m", "sweep", path, tmp_path / "out", "--kernel"]
    env = os.environ | {"TMPDIR": str(place)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(place.iterdir()) == []


def test_without_a_short_path_a_sentence_says_what_to_set_x16(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OSError, match="set TMPDIR to a folder with a path of at most"):
        notebook.short_place()

    def none():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    path = write_notebook(tmp_path / "n.ipynb", OUT, "1")
    with pytest.raises(notebook.NotebookError, match="No usable temporary directory found"):
        notebook.execute(path, tmp_path / "out", {})


# Locks


@pytest.mark.parametrize("name", ["ENOSYS", "ENOLCK", "EOPNOTSUPP", "EINVAL"])
def test_where_there_are_no_locks_a_sweep_says_so_and_goes_on_x16(tmp_path, monkeypatch, name):
    def flock(*_):
        raise OSError(getattr(errno, name), "no locks here")

    monkeypatch.setattr(fcntl, "flock", flock)
    out = tmp_path / "out"
    done = go(make(tmp_path), out, "k=1")
    assert done.returncode == 0 and len(rows(out)) == 1
    warning = f"{out} cannot be locked (no locks here): do not start a second sweep there meanwhile"
    assert done.stderr == f"{warning}\n"


def test_any_other_error_of_a_lock_is_not_taken_for_a_sweep_x16(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(fcntl, "flock", flock)
    done = go(make(tmp_path), tmp_path / "out", "k=1")
    assert done.returncode == 1 and "the disk is broken" in done.stderr
    assert "another sweep" not in done.stderr and len(done.stderr.splitlines()) == 1
    (tmp_path / "two/.lock").mkdir(parents=True)
    done = go(make(tmp_path), tmp_path / "two", "k=1")
    assert done.returncode == 1 and "another sweep" not in done.stderr


# Terminals


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("ascii", r"4 +- 0 x 2*3 >= -1 M\xfcller \u6570"),
        ("latin-1", r"4 ± 0 × 2·3 >= -1 Müller \u6570"),
        ("cp1252", r"4 ± 0 × 2·3 >= -1 Müller \u6570"),
        ("cp437", r"4 ± 0 x 2·3 ≥ -1 Müller \u6570"),
        ("utf-8", "4 ± 0 × 2·3 ≥ −1 Müller 数"),
    ],
)
def test_what_a_terminal_cannot_show_is_spelled_out_x18(monkeypatch, encoding, text):
    bytes_written = io.BytesIO()
    for name in ("stdout", "stderr"):
        stream = io.TextIOWrapper(bytes_written, encoding=encoding, write_through=True)
        monkeypatch.setattr(sys, name, stream)
    print_anywhere()
    print("4 ± 0 × 2·3 ≥ −1 Müller 数")
    assert bytes_written.getvalue().decode(encoding) == f"{text}\n"
    print("a name \udcff that is no text", file=sys.stderr)
    assert r"a name \udcff that is no text" in bytes_written.getvalue().decode(encoding)


ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.parametrize("env", [ASCII, {"PYTHONIOENCODING": "ascii"}], ids=["locale", "streams"])
def test_commands_print_on_a_terminal_that_knows_ascii_only_x18(tmp_path, env):
    path = make(tmp_path)
    words = ["k=1,2", "seed=0:2", "--plot", "square"]
    command = [sys.executable, "-m", "sweep", path, tmp_path / "out", *words]
    env = os.environ | env
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0 and " +- 0" in done.stdout, done.stderr
    done = tool("problem3_mlp.ipynb", tmp_path / "o", "-p", "hidden=0", **env)
    assert done.returncode == 2
    assert done.stderr == "error: parameter hidden must be >= 1, not 0\n"
    for command in (["tools.run", "--help"], ["sweep", "--help"], ["tools.digits", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, env=env, text=True, capture_output=True
        )
        assert done.returncode == 0 and "usage" in done.stdout, done.stderr


# Notebooks of one's own


MAGIC = {
    "line": "%matplotlib inline\n%precision 3\nx = %time 2 + k",
    "cell": "%%time\nimport math\ny = math.sqrt(x)",
    "in a block": "if k:\n    %time z = 3\n    pass",
    "shell": "!echo hidden\nnames = !printf 'a\\nb'",
    "help": "math.sqrt?",
    "bash": "%%bash\necho 1 > /dev/null",
    "await": "import asyncio\nasync def later(): return 5\nw = await later()",
    "display": "display(w)\nget_ipython().user_ns['from_shell'] = 8",
    "indented": "  v = 1\n  u = 2",
    "script": "import pathlib, tempfile\nname = tempfile.mkdtemp() + '/one.py'\n"
    "pathlib.Path(name).write_text('from_file = 9')\n%run $name",
    "captured": "%%capture text\nprint(1)\nt = 4",
}
FOUND = """found = {"x": x, "y": y, "z": z, "names": list(names), "w": w, "v": v, "u": u, "t": t}
found |= {"shell": from_shell, "file": from_file, "text": text.stdout}
found["figures"] = __import__("os").environ.get("SKIP_FIGURES")"""


def test_a_notebook_with_magics_gets_a_kernel_and_a_line_says_so_x18(tmp_path):
    first = f"%load_ext autoreload\nk: int = 2  # which\n{OUT}"
    path = write_notebook(tmp_path / "n.ipynb", first, *MAGIC.values(), FOUND, WRITE)
    for there in (0, 1):
        done = go(path, tmp_path / "out", "k=2")
        assert done.returncode == 0, done.stderr
        line = "n.ipynb is not plain Python (a magic, await, get_ipython), so each run gets"
        assert (line in done.stdout) != there
    found = results(tmp_path / "out/runs/k=2")
    assert found == {"x": 4, "y": 2.0, "z": 3, "names": ["a", "b"], "w": 5, "v": 1, "u": 2} | {
        "t": 4,
        "shell": 8,
        "file": 9,
        "text": "1\n",
        "figures": "1",
    }
    assert sorted(p.name for p in tmp_path.iterdir()) == ["n.ipynb", "out"]


@pytest.mark.parametrize("cell", [*MAGIC.values(), "from IPython import get_ipython", "def f(:"])
def test_a_notebook_needs_ipython_only_for_cells_that_run_x18(tmp_path, cell):
    path = tag(write_notebook(tmp_path / "n.ipynb", OUT, cell), {cell: "a"})
    assert sources.needs_ipython(path) != sources.needs_ipython(path, ("a",))


def test_the_projects_own_notebooks_need_no_ipython():
    assert not any(map(sources.needs_ipython, NOTEBOOKS))


def test_display_in_a_run_without_a_kernel(tmp_path):
    cell = "display(3, 'x')\nimport sys\nfound = {'n': 1, 'kernels': 'ipykernel' in sys.modules}"
    done = go(write_notebook(tmp_path / "n.ipynb", OUT, cell, WRITE), tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "out/runs/defaults") == {"n": 1, "kernels": False}


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("%time 1 / 0", "ZeroDivisionError: division by zero"),
        ("%no_such_magic", "CellExecutionError"),
        ("%%bash\nexit 3", "CalledProcessError"),
        ("def f(:", "SyntaxError"),
    ],
)
def test_a_failure_in_a_magic_is_a_failure_of_the_cell_x18(tmp_path, code, cause):
    done = go(write_notebook(tmp_path / "n.ipynb", OUT, code), tmp_path / "out")
    assert done.returncode == 1 and "failed: defaults: code cell [3]" in done.stderr
    assert cause in done.stderr


@pytest.mark.parametrize("date", ["", "abc", "9" * 20, "-5", "1e9"])
def test_a_date_that_is_none_does_not_stop_figures(monkeypatch, tmp_path, date):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", date)
    with notebook.tidy_environment(""):
        matplotlib.figure.Figure().savefig(tmp_path / "f.pdf")
        assert ("SOURCE_DATE_EPOCH" in os.environ) == (date == "-5")
    assert os.environ["SOURCE_DATE_EPOCH"] == date


def test_a_sweep_keeps_what_no_float_and_no_file_can_hold(tmp_path):
    """A result of 400 digits; a failure that names a file in bytes that are no letters."""
    cells = 'if x == 2: raise ValueError("no caf\\udce9\\x1b[31m\\x07.csv")\nfound = {"n": 10**400}'
    path = write_notebook(tmp_path / "n.ipynb", f"x: int = 1\n{OUT}", cells, WRITE)
    done = go(path, tmp_path / "s", "x=1,2")
    assert done.returncode == 1
    table = pd.read_csv(tmp_path / "s/table.csv", dtype=str)
    assert table.n[0] == str(10**400)
    assert table.cause[1].endswith("ValueError: no caf\\udce9.csv")
    assert "\x1b" not in done.stderr and "\x07" not in done.stderr


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("%matplotlib inline\nimport figures", {"figures"}),
        ("%%time\nimport figures", {"figures"}),
        ("if True:\n    %time import figures", {"figures"}),
        ("x = %time __import__('a')\nfrom common import one_hot", {"common", "common.one_hot"}),
        ("!pip install nothing\nimport figures", {"figures"}),
        ("%run figures.py", {"figures"}),
        ("%run -i tools/run.py a b", {"tools/run"}),
        ("%%bash\nimport figures\necho $x", set()),
        ("  import figures", {"figures"}),
        ("get_ipython().run_line_magic(f'{name}', text)", set()),
        ("import (", set()),
    ],
)
def test_a_run_depends_on_what_is_imported_beside_and_inside_of_magics_x18(cell, names):
    assert sources.imports(cell) == names


def test_the_projects_own_notebooks_are_read_without_ipython_x18():
    code = """import sys
sys.modules["IPython"] = None
from pathlib import Path
from sweep import sources
print(*sources.modules(Path("problem4_mnist.ipynb")), sources.imports("%magic"))"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "handwriting.py" in done.stdout and "frozenset()" in done.stdout, done.stderr


# Systems and variables


@pytest.mark.parametrize("value", ["auto", "0", "-1", "2.5", "all cores"])
def test_a_wrong_number_of_threads_is_refused_before_a_kernel_starts_x18(tmp_path, value):
    done = tool("problem4_mnist.ipynb", tmp_path / "out", THREADS=value)
    assert done.returncode == 2 and "THREADS should be a number of threads" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not (tmp_path / "out").exists()


def test_a_time_limit_where_there_are_no_timers_is_refused_in_a_sentence_x18(
    tmp_path, monkeypatch, capsys
):
    for name in ("SIGALRM", "setitimer", "ITIMER_REAL"):
        monkeypatch.delattr(signal, name)
    path = write_notebook(tmp_path / "n.ipynb", OUT, "1")
    ran = []
    monkeypatch.setattr(run_tool, "execute", lambda *values: ran.append(values))
    before = signal.getsignal(signal.SIGTERM)
    for words, code in ((["--time-limit", "3"], 2), ([], 0)):
        monkeypatch.setattr(sys, "argv", ["run", str(path), str(tmp_path / "out"), *words])
        assert run_tool.main() == code
    signal.signal(signal.SIGTERM, before)
    assert len(ran) == 1
    assert "--time-limit needs timers that this system lacks" in capsys.readouterr().err


def test_a_system_without_files_as_sockets_gets_ports_x16(monkeypatch):
    options = notebook.kernel_settings("folder")
    assert options["config"].KernelManager.transport == "ipc"
    monkeypatch.setattr(notebook.os, "name", "nt")
    options = notebook.kernel_settings("folder")
    assert set(options["config"].KernelManager) == {"connection_file"}


# Clusters


@contextlib.contextmanager
def server(answer):
    """Serve this answer to everybody who asks; yield the address."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            open_ones = []
            with contextlib.suppress(OSError):
                while True:
                    one, _ = listening.accept()
                    open_ones.append(one)
                    if answer is None:
                        one.close()
                    else:
                        one.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.0 400 Bad Request\r\n\r\nwhat?", b"", b"SSH-2.0-OpenSSH_9.6\r\n", None, bytes(64)],
    ids=["a web server", "says nothing", "ssh", "hangs up", "zeros"],
)
def test_what_is_no_scheduler_is_given_up_soon_with_a_sentence_x17(tmp_path, monkeypatch, answer):
    cluster = pytest.importorskip("sweep.cluster")
    monkeypatch.setattr(cluster, "CONNECTING", 0.5)
    with server(answer) as address:
        done = go(make(tmp_path), tmp_path / "out", "k=1", "--dask", address)
    assert done.returncode == 2 and "there is no usable cluster" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert rows(tmp_path / "out") == [] if (tmp_path / "out/table.csv").exists() else True


@pytest.mark.parametrize(
    "address", ["nonsense", "http://127.0.0.1:1", "tls://127.0.0.1:9", "tcp:/x"]
)
def test_a_mistyped_address_is_a_sentence_x17(tmp_path, monkeypatch, address):
    cluster = pytest.importorskip("sweep.cluster")
    monkeypatch.setattr(cluster, "CONNECTING", 0.5)
    done = go(make(tmp_path), tmp_path / "out", "k=1", "--dask", address)
    assert done.returncode == 2 and f"--dask {address}: there is no usable" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_address_of_a_worker_is_not_taken_for_the_schedulers_x17(tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "processes": False, "protocol": "tcp", "dashboard_address": None}
    with distributed.LocalCluster(**options) as local:
        address = local.workers[0].address
        done = go(make(tmp_path), tmp_path / "out", "k=1", "--dask", address)
    assert done.returncode == 2 and "the address of a worker, not of the scheduler" in done.stderr
