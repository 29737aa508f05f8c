"""Lists X13 and X15: what surrounds the project changes neither its figures nor its provenance."""

import contextlib
import inspect
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import matplotlib
import numpy as np
import pytest
from conftest import ROOT

import figures
import results
from tools import report

# X13: the reader's settings.

SETTINGS = {
    "images": {
        "image.origin": "lower",  # digits upside down
        "image.interpolation": "bicubic",
        "image.cmap": "jet",
        "savefig.bbox": "tight",
        "savefig.facecolor": "red",
        "savefig.dpi": 72,
        "figure.dpi": 60,
    },
    "texts": {
        "text.usetex": True,
        "font.family": ["serif"],
        "font.size": 14,
        "mathtext.fontset": "cm",
        "pdf.fonttype": 3,
        "axes.formatter.use_locale": True,
        "axes.unicode_minus": False,
    },
    "lines": {
        "path.sketch": (1, 100, 2),  # as if drawn by hand
        "axes.prop_cycle": matplotlib.cycler("color", ["k"]),
        "figure.constrained_layout.use": False,
        "figure.autolayout": True,
        "axes.spines.left": False,
        "axes.grid": False,
        "lines.marker": "x",
        "svg.hashsalt": None,
    },
}


def draw(folder):
    """Draw two figures; return their files' bytes by name, pickles left out."""
    rng = np.random.RandomState(0)
    figures.mean_images(folder, "images", rng.rand(10, 28, 28), "noise")
    figures.labelled_points(folder, "points", rng.randn(9, 2), np.arange(9) % 3)
    files = (folder / "figures").iterdir()
    return {path.name: path.read_bytes() for path in files if path.suffix != ".pickle"}


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Return the files of the figures where matplotlib has its own settings."""
    with matplotlib.rc_context(matplotlib.rcParamsDefault | {"backend": "agg"}):
        return draw(tmp_path_factory.mktemp("usual"))


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_readers_settings_change_no_figure_and_stay_as_they_are_x13(settings, usual, tmp_path):
    with matplotlib.rc_context(settings):
        before = dict(matplotlib.rcParams)
        assert draw(tmp_path) == usual
        assert dict(matplotlib.rcParams) == before


def test_a_matplotlibrc_with_a_backend_and_a_style_for_all_changes_no_figure_x13(usual, tmp_path):
    rc = "backend: svg\nimage.origin: lower\nlines.linewidth: 9\nxtick.direction: in\n"
    (tmp_path / "matplotlibrc").write_text(rc)
    code = "import sys; sys.path.insert(0, 'tests'); import test_surroundings as here\n"
    code += f"from pathlib import Path; here.draw(Path({str(tmp_path)!r}))"
    env = os.environ | {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True)
    drawn = {name: (tmp_path / "figures" / name).read_bytes() for name in usual}
    assert drawn == usual


def test_importing_the_figures_changes_no_setting_x13():
    code = "import matplotlib as m; b = dict(m.rcParams); import figures; assert b == m.rcParams"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def in_force(function, setting):
    """Return the value of a setting when the body of a function begins."""
    body, seen, before = inspect.unwrap(function).__code__, [], sys.getprofile()

    def look(frame, event, _):
        if event == "call" and frame.f_code is body:
            seen.append(matplotlib.rcParams[setting])

    sys.setprofile(look)
    try:
        with contextlib.suppress(Exception):  # None is nothing to draw
            function(**dict.fromkeys(inspect.signature(function).parameters))
    finally:
        sys.setprofile(before)
    return seen[0]


def test_in_each_function_that_draws_a_figure_the_one_style_is_in_force_x13():
    functions = [f for _, f in inspect.getmembers(figures, inspect.isfunction)]
    drawing = [f for f in functions if {"out", "name"} <= inspect.signature(f).parameters.keys()]
    drawing.remove(figures.save_figure)
    assert len(drawing) > 20
    with matplotlib.rc_context({"image.origin": "lower"}):
        assert [f.__name__ for f in drawing if in_force(f, "image.origin") == "lower"] == []


# X15: whose commit is it?


def git(folder, *words):
    """Let git do something in a folder, as nobody in particular; return what it prints."""
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", *who, "-C", str(folder), *words]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout


def repository(folder):
    """Make a repository with one commit and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    (folder / "file").write_text("x")
    git(folder, "add", "file")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def commit_of(folder):
    return git(folder, "rev-parse", "--short=12", "HEAD").strip()


def inside_another(tmp):
    (repository(tmp / "outer") / "ours").mkdir()
    return tmp / "outer/ours"


def an_empty_git_folder_inside_another(tmp):
    (inside_another(tmp) / ".git").mkdir()
    return tmp / "outer/ours"


def committed_inside_another(tmp):
    ours = inside_another(tmp)
    (ours / "file").write_text("x")
    git(ours, "add", "file")
    git(ours, "commit", "-q", "-m", "two")
    return ours


def no_commit_yet(tmp):
    git(tmp, "init", "-q", "ours")
    return tmp / "ours"


def a_git_file_that_leads_nowhere(tmp):
    ours = inside_another(tmp)
    (ours / ".git").write_text(f"gitdir: {tmp}/gone/.git/worktrees/ours\n")
    return ours


def a_downloaded_zip(tmp):
    (tmp / "ours").mkdir()
    return tmp / "ours"


NO_COMMIT = [
    inside_another,
    an_empty_git_folder_inside_another,
    committed_inside_another,
    no_commit_yet,
    a_git_file_that_leads_nowhere,
    a_downloaded_zip,
]


@pytest.mark.parametrize("place", NO_COMMIT)
def test_another_repositorys_commit_is_never_taken_for_ours_x15(place, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "ROOT", place(tmp_path))
    assert results.git_commit() == (None, None)


def put_git(folder, script):
    """Write a program called git, and return the PATH on which it comes first."""
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_a_folder_that_git_refuses_because_of_its_owner_has_no_known_commit_x15(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(results, "ROOT", repository(tmp_path / "ours"))
    doubtful = f'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {shutil.which("git")} "$@"'
    monkeypatch.setenv("PATH", put_git(tmp_path / "bin", doubtful))
    assert results.git_commit() == (None, None)


def a_plain_repository(tmp):
    return repository(tmp / "ours")


def a_worktree(tmp):
    git(repository(tmp / "first"), "worktree", "add", "-q", str(tmp / "ours"))
    return tmp / "ours"


def a_shallow_clone(tmp):
    first = repository(tmp / "first")
    git(tmp, "clone", "-q", "--depth=1", f"file://{first}", "ours")
    return tmp / "ours"


def a_submodule(tmp):
    first = repository(tmp / "first")
    outer = repository(tmp / "outer")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(first))
    return outer / "first"


def a_name_with_blanks_and_colons(tmp):
    return repository(tmp / "a b: c%")


@pytest.mark.parametrize(
    "place",
    [a_plain_repository, a_worktree, a_shallow_clone, a_submodule, a_name_with_blanks_and_colons],
)
def test_the_repository_whose_top_is_this_folder_is_known_wherever_git_is_called_x15(
    place, tmp_path, monkeypatch
):
    ours = place(tmp_path)
    monkeypatch.setattr(results, "ROOT", ours)
    other = repository(tmp_path / "of a hook")
    for name, path in {"DIR": ".git", "INDEX_FILE": ".git/index", "WORK_TREE": ""}.items():
        monkeypatch.setenv(f"GIT_{name}", str(other / path))
    assert results.git_commit() == (commit_of(ours), False)
    (ours / "file").write_text("changed")
    assert results.git_commit() == (commit_of(ours), True)


def test_without_git_nothing_fails_x15(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert results.git_commit() == (None, None)


def test_a_git_that_may_not_be_executed_or_only_complains_is_no_git_x15(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", put_git(tmp_path / "bin", "echo install it first; exit 1"))
    assert results.git_commit() == (None, None)
    (tmp_path / "bin/git").chmod(0o644)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert results.git_commit() == (None, None)


def test_a_package_that_is_missing_has_no_version_and_nothing_fails_x15(monkeypatch):
    def version(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(results, "version", version)
    assert results.provenance(0, {}, 0.0)["versions"]["scikit-learn"] is None


SENTENCES = {
    "one": ([("abc", False)] * 5, r"Commit \texttt{abc}"),
    "changed": ([("abc", True)] * 5, r"Commit \texttt{abc} with uncommitted changes"),
    "two": ([("b", False), ("a", False)], r"Commits \texttt{a} and \texttt{b}"),
    "three": (
        [("b", True), ("a", False), ("c", False)],
        r"Commits \texttt{a}, \texttt{b} and \texttt{c} with uncommitted changes",
    ),
    "some": ([("a", False), (None, None)], r"Commits \texttt{a} and an unknown one"),
    "none": ([(None, None)] * 5, "Commit unknown"),
}


@pytest.mark.parametrize(("origins", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_the_report_says_in_words_which_commit_it_is_from_x15(origins, sentence, tmp_path):
    (tmp_path / "results").mkdir()
    for number, (commit, dirty) in enumerate(origins):
        content = {"provenance": {"commit": commit, "dirty": dirty}}
        (tmp_path / f"results/part{number}.json").write_text(json.dumps(content))
    texts, _ = report.read_results(tmp_path)
    assert texts["made.commit"] == sentence
