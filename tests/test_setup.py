"""Kinds X09 to X12: whose TeX, folders, make, shell and pip settings these are."""

import ast
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pypdf
import pytest
from conftest import ROOT, absent, copy_house

from tools import report, setup


def write_program(folder, name, *lines):
    """Write a small shell script and make it executable."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Return a function that makes a machine of these programs alone: name to a script's line."""

    def only(root=False, **programs):
        for name, line in programs.items():
            write_program(tmp_path / "bin", name.replace("_", "-"), line)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        monkeypatch.setattr(setup.os, "geteuid", lambda: 0 if root else 1000)

    return only


ALL_FILES = 'for name; do echo "/texmf/$name"; done'
NO_SIUNITX = 'for name; do [ "$name" = siunitx.sty ] || echo "/texmf/$name"; done'
COMPLETE = {"latexmk": "exit 0", "pdflatex": "exit 0", "kpsewhich": ALL_FILES}
NEVER = "touch called; exit 1"


def test_a_tex_that_no_package_manager_knows_will_do_x09(machine, monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    machine(**COMPLETE, apt_get=NEVER, dpkg_query="exit 1", sudo="exit 1")
    assert setup.tex() == 0
    assert capfd.readouterr() == ("", "") and not Path("called").exists()


def test_this_machines_own_tex_reached_by_links_will_do_x09(monkeypatch, tmp_path, capfd):
    if setup.tex_lacks():
        absent("TeX is not installed")
    folder = tmp_path / "texlive/bin"
    folder.mkdir(parents=True)
    for name in setup.TEX_PROGRAMS:
        (folder / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    assert not setup.is_debians() and setup.tex() == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("verb, word", [(setup.tex, "error"), (setup.try_tex, "note")])
def test_without_tex_one_sentence_says_what_to_type_on_debian_x09(machine, capfd, verb, word):
    machine(apt_get=NEVER, sudo="exit 1")
    assert verb() == (word == "error")
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and said.startswith(f"{word}: ")
    assert "type: sudo apt-get update && sudo apt-get install latexmk" in said
    assert "missing: latexmk, pdflatex, kpsewhich" in said


@pytest.mark.parametrize("program", ["dnf", "pacman", "brew", "nothing"])
def test_without_tex_and_apt_one_sentence_says_what_to_install_x09(machine, capfd, program):
    machine(**{program: NEVER}, sudo="exit 1")
    assert setup.tex() == 1
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and "missing: latexmk, pdflatex, kpsewhich" in said
    assert "install TeX Live 2022 or newer with latexmk" in said and "apt-get" not in said


def test_root_without_sudo_is_not_told_to_type_sudo_x09(machine, capfd):
    machine(root=True, apt_get="exit 100", env='shift; "$@"')
    assert setup.tex() == 1
    said = capfd.readouterr().err
    assert "type: apt-get update && apt-get install latexmk" in said and "sudo" not in said


def test_a_sudo_that_asks_is_not_asked_x09(machine, monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    machine(apt_get=NEVER, sudo='[ "$1" = -n ] || touch called; exit 1')
    assert setup.tex() == 1 and not Path("called").exists()


def test_missing_styles_are_named_and_apt_is_not_asked_for_a_tex_of_ones_own_x09(
    machine, monkeypatch, tmp_path, capfd
):
    monkeypatch.chdir(tmp_path)
    machine(root=True, **(COMPLETE | {"kpsewhich": NO_SIUNITX}), apt_get=NEVER)
    assert setup.tex() == 1 and not Path("called").exists()
    said = capfd.readouterr().err
    assert "missing: siunitx.sty" in said and "apt-get" not in said


def test_debians_latexmk_without_a_package_names_the_style_and_the_packages_x09(
    monkeypatch, capfd, machine
):
    machine(kpsewhich=NO_SIUNITX, apt_get=NEVER)
    here = {name: f"/usr/bin/{name}" for name in (*setup.TEX_PROGRAMS, "apt-get")}
    monkeypatch.setattr(setup.shutil, "which", here.get)
    assert setup.tex() == 1
    said = capfd.readouterr().err
    assert "missing: siunitx.sty" in said
    assert "type: sudo apt-get update" in said and "texlive-science" in said


def test_a_tex_that_is_too_old_is_told_by_its_own_error_x09(machine, capfd):
    error = r"! Undefined control sequence."
    machine(**(COMPLETE | {"pdflatex": f"echo '{error}'; exit 1"}))
    assert setup.tex() == 1
    said = capfd.readouterr().err
    assert f"cannot set the report: {error} (TeX Live 2022 or newer can)" in said


def test_a_latexmk_that_does_not_start_is_told_before_anything_slow_x09(machine, capfd):
    machine(**(COMPLETE | {"latexmk": 'echo "Can\'t locate Time/HiRes.pm" >&2; exit 2'}))
    assert setup.tex() == 1
    assert "latexmk: Can't locate Time/HiRes.pm" in capfd.readouterr().err


def test_the_report_tells_what_latexmk_says_where_there_is_no_log_x09(machine, tmp_path):
    machine(latexmk="echo broken >&2; exit 2")
    source = tmp_path / "report.tex"
    source.touch()
    with pytest.raises(report.ReportError, match=r"not built:\n  broken$"):
        report.run_latexmk(source, tmp_path)


def test_every_style_that_the_report_loads_is_asked_for_x09(machine):
    machine(latexmk="", pdflatex="", kpsewhich="")
    asked = setup.tex_lacks()
    text = (ROOT / "report/report.tex").read_text()
    assert asked[0] == "article.cls" and len(asked) > text.count(r"\usepackage")
    assert {"tgpagella.sty", "mathpazo.sty", "hyperref.sty", "siunitx.sty"} <= set(asked)
    assert all(re.fullmatch(r"\w+\.(sty|cls)", name) for name in asked), asked


def make(folder, *arguments, **env):
    """Run make and return what happened."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MNIST_DIR"}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=folder, env=clean | env, capture_output=True, text=True)


OURS = (f"PY={sys.executable}", "ENV=")


@pytest.mark.parametrize("target", ["test", "test-slow"])
def test_the_tests_do_not_ask_for_tex_x09(target):
    done = make(ROOT, "-n", *OURS, target)
    assert "pytest" in done.stdout and "setup.py" not in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("version", ["3.81", "3.82", "4.0", "4.1"])
@pytest.mark.parametrize("target", ["help", "report"])
def test_an_old_make_says_what_to_install_before_it_does_anything_x11(version, target):
    done = make(ROOT, f"MAKE_VERSION={version}", target)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "needs GNU make 4.2 or newer; on macOS type: brew install make" in done.stderr


def test_a_make_of_another_name_calls_itself_x11(tmp_path):
    shutil.copytree(ROOT, copy := tmp_path / "copy", ignore=shutil.ignore_patterns(".*", "build"))
    write_program(tmp_path / "bin", "make", "echo 'this is make 3.81'; exit 1")
    (tmp_path / "bin/gmake").symlink_to(shutil.which("make"))
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    done = subprocess.run(
        ["gmake", *OURS, "MNIST_DIR=nowhere", "data"],
        cwd=copy,
        env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert "tools.fetch" in said and "3.81" not in said, said


def test_no_nproc_no_getconf_no_bash_x11(tmp_path):
    programs = ("sh", "make", "awk", "printf", "mkdir", "cksum", "id")
    (tmp_path / "bin").mkdir()
    for name in programs:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or "/bin/true")
    (tmp_path / "bin/python3").symlink_to(sys.executable)
    done = make(ROOT, "-n", *OURS, "figures", PATH=str(tmp_path / "bin"))
    assert done.returncode == 0 and done.stderr == "", done.stderr


def test_a_clone_with_autocrlf_has_no_carriage_return_x11(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("not a git repository")
    git = ["git", "-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    subprocess.run([*git, "clone", "-q", "--depth", "1", f"file://{ROOT}", "c"], cwd=tmp_path)
    listed = subprocess.check_output([*git, "ls-files", "--eol"], cwd=tmp_path / "c", text=True)
    assert len(listed.splitlines()) > 50 and "w/crlf" not in listed and "w/mixed" not in listed


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """Return a copy of the repository in which every text file has the line ends of Windows."""
    house = copy_house(tmp_path_factory.mktemp("crlf"))
    for path in [*house.glob("*.*"), *house.glob("*/*.*"), house / "Makefile"]:
        if path.is_file() and b"\0" not in path.read_bytes():
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    return house


def test_make_reads_files_that_were_edited_on_windows_x11(edited):
    assert b"\r\n" in (edited / "Makefile").read_bytes()
    listed = make(edited, "help")
    assert listed.returncode == 0 and listed.stdout == make(ROOT, "help").stdout
    done = make(edited, "-n", *OURS, "report")
    assert done.returncode == 0 and "tools.report" in done.stdout, done.stderr


def test_the_lock_apt_txt_and_notebooks_are_read_with_carriage_returns_x11(edited, monkeypatch):
    plain = setup.debian_packages()
    monkeypatch.setattr(setup, "ROOT", edited)
    assert setup.debian_packages() == plain
    for path in edited.glob("problem*.ipynb"):
        assert nbformat.read(path, 4).cells == nbformat.read(ROOT / path.name, 4).cells
    lacking = [sys.executable, "-m", "tools.setup", "lacking"]
    here, there = (setup.run(lacking, cwd=folder) for folder in (edited, ROOT))
    assert here.returncode == there.returncode == 0 and here.stdout == there.stdout, here.stderr


@pytest.mark.parametrize("name, oldest", [("lock.py", (3, 6)), ("setup.py", (3, 7))])
def test_an_old_python_can_read_that_it_is_too_old_x12(name, oldest):
    ast.parse((ROOT / "tools" / name).read_text(), feature_version=oldest)


def test_the_first_thing_that_make_runs_refuses_an_old_python_x12(tmp_path):
    code = (
        "import runpy, sys; sys.version_info = (3, 6, 8); sys.version = '3.6.8 (x)'; "
        f"sys.argv = ['lock.py', '{tmp_path}/file', 'true']; "
        f"runpy.run_path({str(ROOT / 'tools/lock.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and not (tmp_path / "file").exists()
    assert done.stderr == "error: Python 3.6.8 is too old; type: make PYTHON=/path/to/python3.11\n"


NAMES = {  # a folder's name may have any character but a slash
    "TeX's characters": "~a%b$c#d&e{f}_g^h",
    "quotes and blanks": " a  b\"c'd`e ",
    "a command": "$(touch called);x|y>z",
    "accents and emoji": "Übung — 深度 😀",
    "a dash first, a backslash, a newline": "-outdir=x\\n\nb",
    "commas and double slashes of kpathsea": "a,b;c!!d:e",
    "240 letters": "x" * 240,
}
SMALL = r"""\documentclass{article}\usepackage{graphicx}\input{numbers.tex}\begin{document}
\answer\includegraphics{figures/a.pdf}\end{document}"""


@pytest.mark.parametrize("kind", NAMES)
def test_a_pdf_is_made_in_a_folder_of_any_name_x10(tmp_path, kind):
    if setup.tex_lacks():
        absent("TeX is not installed")
    build = tmp_path / NAMES[kind] / "report/build"
    (build / "figures").mkdir(parents=True)
    figure = pypdf.PdfWriter()
    figure.add_blank_page(100, 100)
    figure.write(build / "figures/a.pdf")
    (build / "numbers.tex").write_text(r"\newcommand{\answer}{forty-two}")
    source = build.parent / "report.tex"
    source.write_text(SMALL)
    pdf = report.run_latexmk(source, build)
    assert "forty-two" in pypdf.PdfReader(pdf).pages[0].extract_text()
    assert sorted(p.name for p in build.iterdir()) == ["figures", "numbers.tex", "tex"]


FOLDERS = ("/a b{c}%20~", "/it's $HOME", "/a#b", '/"q" `x` $(touch called)', "~/mnist", "ü\\n")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_data_folder_of_any_name_is_remembered_x10(tmp_path, folder):
    copy_house(tmp_path)
    quiet = ("PY=true", "ENV=", "report/build/data.done")
    assert make(tmp_path, *quiet, MNIST_DIR=folder).returncode == 0
    done = tmp_path / "report/build/data.done"
    assert done.read_text() == f"{folder}\n"
    assert make(tmp_path, "-q", *quiet).returncode == 0, "it is not set: the same folder"
    assert make(tmp_path, "-q", *quiet, MNIST_DIR=folder).returncode == 0, "the same folder"
    assert make(tmp_path, "-q", *quiet, MNIST_DIR=folder + "2").returncode == 1
    typed = folder.replace("$", "$$")
    assert make(tmp_path, *quiet, f"MNIST_DIR={typed}2").returncode == 0
    assert done.read_text() == f"{folder}2\n" and not (tmp_path / "called").exists()


# A registry in a folder: tiny packages that the test makes.


def write_wheel(folder, name, version, python="py3-none-any"):
    """Write a wheel that holds one empty module, and return its hash."""
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-{python}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {python}\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_sdist(folder, name, version):
    """Write a source package whose setup.py says that it ran, and return its hash."""
    path = folder / f"{name}-{version}.tar.gz"
    source = folder / f"{name}-{version}"
    source.mkdir()
    ran = f"open({str(folder / 'ran')!r}, 'w'); "
    (source / "setup.py").write_text(f"{ran}from setuptools import setup; setup(name={name!r})")
    (source / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    subprocess.run(["tar", "-czf", path, "-C", folder, source.name], check=True)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Return a folder with two packages and a lock that asks for them."""
    folder = tmp_path_factory.mktemp("registry")
    one = write_wheel(folder, "tinyone", "1.0")
    two = write_wheel(folder, "tinytwo", "2.0.post1")
    write_wheel(folder, "tinyone", "9.0")
    lock = f"tinyone==1.0 \\\n    --hash=sha256:{one}\n"
    lock += f"tinytwo==2.0.post1 ; python_version >= '3' \\\n    --hash=sha256:{two}\n"
    lock += f"notthere==1 ; sys_platform == 'never' \\\n    --hash=sha256:{one}\n"
    (folder / "requirements.lock").write_text(lock)
    return folder


@pytest.fixture(scope="module")
def empty_venv(tmp_path_factory):
    """Return an environment with nothing but pip."""
    folder = tmp_path_factory.mktemp("venv") / "empty"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def house(registry, empty_venv, tmp_path, monkeypatch):
    """Return a folder with this lock and an empty environment, and no pip settings but its own."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    shutil.copytree(empty_venv, tmp_path / ".venv", symlinks=True)
    shutil.copy(registry / "requirements.lock", tmp_path)
    (tmp_path / "pip.conf").write_text(f"[global]\nno-index = true\nfind-links = {registry}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    return tmp_path


def installed(house):
    """Return the packages in .venv that come from the lock, name to version."""
    folders = house.glob(".venv/lib/python*/site-packages/tiny*.dist-info")
    return dict(path.name.removesuffix(".dist-info").split("-") for path in folders)


BOTH = {"tinyone": "1.0", "tinytwo": "2.0.post1"}
HOSTILE = {  # settings that change what is installed, or where
    "user": "true",
    "target": "/nowhere/target",
    "prefix": "/nowhere/prefix",
    "root": "/nowhere/root",
    "dry-run": "true",
    "require-virtualenv": "true",
    "no-binary": ":all:",
    "only-binary": ":none:",
    "constraint": "/nowhere/constraint.txt",
    "requirement": "/nowhere/requirements.txt",
    "ignore-installed": "true",
    "ignore-requires-python": "true",
    "break-system-packages": "true",
    "require-hashes": "false",
    "quiet": "3",
    "report": "/nowhere/report.json",
    "src": "/nowhere/src",
    "pre": "true",
    "upgrade": "true",
    "no-build-isolation": "true",
}


def assert_installs(house):
    """Assert that the lock, all of it and nothing else, lands in .venv."""
    assert setup.install() == 0
    assert installed(house) == BOTH
    assert not Path("/nowhere").exists()


def test_settings_in_pips_file_change_neither_what_nor_where_x12(house):
    lines = [f"{name} = {value}\n" for name, value in HOSTILE.items()]
    with (house / "pip.conf").open("a") as file:
        file.writelines([*lines, "[install]\n", *lines])
    assert_installs(house)


def test_settings_in_the_environment_change_neither_what_nor_where_x12(house, monkeypatch):
    for name, value in HOSTILE.items():
        monkeypatch.setenv("PIP_" + name.upper().replace("-", "_"), value)
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE", "VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.setenv(name, str(house / "elsewhere"))
    monkeypatch.setenv("PYTHONNOUSERSITE", "")
    assert_installs(house)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_each_setting_alone_changes_neither_what_nor_where_x12(house, monkeypatch, name):
    monkeypatch.setenv("PIP_" + name.upper().replace("-", "_"), HOSTILE[name])
    assert_installs(house)


def test_where_packages_come_from_is_what_the_user_says_x12():
    listed = "\n".join(
        (
            "For variant 'user', will try loading '/home/ada/.config/pip/pip.conf'",
            ":env:.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'",
            "global.index-url='https://mirror.example/simple'",
            "global.proxy='http://ada:p%20w=d@proxy.example:3128'",
            "global.user='true'",
            'install.cert="/etc/ssl/our ca\'s.pem"',
            "install.index-url='https://pypi.example/simple'",
            "download.timeout='1'",
        )
    )
    assert setup.kept_settings(listed) == {
        "PIP_INDEX_URL": "https://pypi.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://a.example/simple\nhttps://b.example/simple",
        "PIP_PROXY": "http://ada:p%20w=d@proxy.example:3128",
        "PIP_CERT": "/etc/ssl/our ca's.pem",
    }


def test_a_setting_that_pip_cannot_understand_is_told_by_pip_x12(house, monkeypatch, capfd):
    monkeypatch.setenv("PIP_TIMEOUT", "soon")
    assert setup.install() != 0
    assert "timeout" in capfd.readouterr().err


def test_a_python_that_pip_should_use_elsewhere_is_not_asked_x12(house, monkeypatch, capfd):
    monkeypatch.setenv("PIP_PYTHON", "/no/python")
    setup.install()
    assert "/no/python" not in capfd.readouterr().err


def test_pip_settings_that_cannot_be_read_are_told_by_pip_x12(house, capfd):
    (house / "pip.conf").write_text("index-url = https://no.section\n")
    assert setup.install() != 0
    said = capfd.readouterr().err
    assert "pip.conf" in said and "Traceback" not in said


def test_a_package_without_a_wheel_is_refused_and_not_built_x12(house, registry, capfd):
    folder = house / "sources"
    folder.mkdir()
    digest = write_sdist(folder, "tinysource", "1.0")
    (house / "pip.conf").write_text(f"[global]\nno-index = true\nfind-links = {folder}\n")
    (house / "requirements.lock").write_text(f"tinysource==1.0 --hash=sha256:{digest}\n")
    assert setup.install() != 0 and not (folder / "ran").exists()


def test_another_file_than_the_locks_is_refused_x12(house):
    text = (house / "requirements.lock").read_text()
    (house / "requirements.lock").write_text(re.sub(r"sha256:\w{8}", "sha256:00000000", text))
    assert setup.install() != 0 and installed(house) == {}


def test_an_environment_without_what_the_lock_says_is_not_marked_as_built_x12(
    house, monkeypatch, capfd
):
    def other(*_):
        site = next(house.glob(".venv/lib/python*/site-packages"))
        (site / "tinyone-9.0.dist-info").mkdir()
        text = "Metadata-Version: 2.1\nName: tinyone\nVersion: 9.0\n"
        (site / "tinyone-9.0.dist-info/METADATA").write_text(text)
        return 0

    (house / ".venv/installed").write_text("of an older lock")
    monkeypatch.setattr(setup, "install", other)
    assert setup.environment() == 1
    said = capfd.readouterr().err
    assert "tinyone==1.0 is asked for, 9.0 is there" in said
    assert "tinytwo==2.0.post1 is asked for, none is there" in said and "notthere" not in said
    assert not (house / ".venv/installed").exists()


def test_an_environment_is_made_again_where_it_was_moved_or_its_python_went_x12(tmp_path):
    house = copy_house(tmp_path / "it's $HOME {a}")
    (house / ".venv/bin").mkdir(parents=True)
    python = house / ".venv/bin/python"
    python.symlink_to(write_program(tmp_path, "python3.11", "exit 0"))
    mark = house / ".venv/installed"
    mark.write_bytes(os.fsencode(f"{house} {python.resolve()}\n"))
    assert "setup.py environment" not in make(house, "-n", "env").stdout
    moved = house.rename(tmp_path / "moved")
    assert "setup.py environment" in make(moved, "-n", "env").stdout
    moved.rename(house)
    (tmp_path / "python3.11").unlink()
    assert "setup.py environment" in make(house, "-n", "env").stdout


def test_a_python_that_cannot_make_environments_is_told_in_one_sentence_x12(
    house, machine, monkeypatch, tmp_path, capfd
):
    machine(python3="exit 1")
    monkeypatch.setattr(setup.sys, "executable", str(tmp_path / "bin/python3"))
    assert setup.environment() == 1
    said = capfd.readouterr().err
    assert (
        said.count("\n") == 1 and "cannot make environments; on Debian type: sudo apt-get" in said
    )
    assert "make PYTHON=" in said


def test_a_disk_that_is_full_leaves_no_environment_marked_as_built_x12(house, capfd):
    with (house / ".venv/installed").open("w") as file:
        file.write("of an older lock")
    limits = "ulimit -f 8; exec"  # blocks of 512 or 1024 bytes
    code = (
        "import pathlib, sys; from tools import setup; root = pathlib.Path(sys.argv[1]); "
        "setup.ROOT = root; setup.VENV = root / '.venv'; "
        "sys.exit(setup.environment())"
    )
    command = ["sh", "-c", f'{limits} "$@"', "sh", sys.executable, "-c", code, str(house)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "the environment could not be made" in done.stderr
    assert not (house / ".venv/installed").exists()


@pytest.mark.slow
def test_an_environment_that_is_active_can_be_made_again_x12(house):
    code = (
        "import pathlib, sys; from tools import setup; root = pathlib.Path(sys.argv[1]); "
        "setup.ROOT = root; setup.VENV = root / '.venv'; "
        "sys.exit(setup.environment())"
    )
    env = os.environ | {"VIRTUAL_ENV": str(house / ".venv"), "PYTHONPATH": str(ROOT)}
    for _ in range(2):
        command = [house / ".venv/bin/python", "-c", code, house]
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert installed(house) == BOTH and (house / ".venv/installed").exists()


@pytest.mark.slow
def test_the_readmes_plain_way_runs_problem_1_with_an_empty_home_x11_x12(tmp_path):
    asked = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", tmp_path, "six"]
    if subprocess.run(asked, capture_output=True).returncode:
        absent("packages cannot be had here")
    house = copy_house(tmp_path / "a clean copy")
    text = (ROOT / "README.md").read_text().partition("**Anywhere")[2].split("```")[1]
    lines = text.strip().splitlines()
    assert lines.pop().startswith("jupyter lab ")
    assert [line.split()[0] for line in lines] == ["python", "source", "pip"]
    run = "jupyter nbconvert --to notebook --execute --output ran problem1_compgraph.ipynb"
    write_program(tmp_path / "bin", "python", f'exec "{sys.executable}" "$@"')
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG", "PYTHON", "JUPYTER"))}
    env |= {"HOME": str(tmp_path / "home"), "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    (tmp_path / "home").mkdir()
    script = "\n".join(["set -e", *lines, "jupyter lab --version", run])
    done = subprocess.run(
        ["bash", "-c", script], cwd=house, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cells = nbformat.read(house / "ran.ipynb", 4).cells
    assert all(cell.execution_count for cell in cells if cell.cell_type == "code")


@pytest.mark.parametrize("home", ["/nowhere", ""])
def test_jupyterlab_opens_where_home_cannot_be_written_x16(tmp_path, home):
    """JupyterLab itself would stop with a traceback."""
    for name in ("Makefile", "data/datasets.json", "common.py", "tools/fetch.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    stub = write_program(tmp_path / "bin", "python", 'echo "$HOME" > "home of $2"')
    (tmp_path / "report/build").mkdir(parents=True)
    (tmp_path / "report/build/data.done").write_text("\n")
    env = {
        name: text for name, text in os.environ.items() if name not in ("MNIST_DIR", "MAKEFLAGS")
    }
    command = ["make", f"PY={stub}", "ENV=", "lab"]
    done = subprocess.run(
        command, cwd=tmp_path, env=env | {"HOME": home}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = Path((tmp_path / "home of jupyterlab").read_text().strip())
    assert found == tmp_path / "report/build/home" and found.is_dir()
