"""What several tests share. An absent witness is skipped with a word; in CI, where all are there, it fails."""

import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest

from common import Mnist, read_mnist

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(ROOT.glob("problem*.ipynb"))


def absent(what: str) -> None:
    """Skip, or fail in CI."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(what)


def witness(name: str) -> ModuleType:
    """Import a library that is only a witness."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return absent(f"{name} is not installed; it is a witness of this test")


@pytest.fixture(scope="session")
def mnist() -> Mnist:
    """Return the original MNIST."""
    folders = [Path(p) for p in (os.environ.get("MNIST_DIR"), ROOT / "data/mnist") if p]
    for folder in folders:
        if folder.is_dir() and (found := read_mnist(folder)).name == "MNIST":
            return found
    return absent("the original MNIST is not at hand; name its folder in MNIST_DIR")
