"""The numbers and answers of a run and where they came from, as strict JSON.

A notebook makes one `Results`, records each number where it is computed, makes its
answers out of these numbers, and writes them all in its last cell. JSON knows neither
numpy's numbers nor NaN: the former are converted, the latter is refused, by name.
"""

import hashlib
import json
import math
import os
import platform
import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
PACKAGES = ("numpy", "scipy", "scikit-learn", "matplotlib", "pillow")


@dataclass
class Answer:
    """Sentences in Markdown. A notebook shows them as text."""

    text: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple:
        return {"text/markdown": self.text, "text/plain": self.text}, {}


class Results:
    """The numbers and answers of one run of a notebook, by name."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.values: dict[str, Any] = {}
        self.answers: dict[str, str] = {}

    def record(self, **values: Any) -> None:
        """Keep some numbers, texts, truth values, or lists and dictionaries of them.

        A name that was recorded before gets the new value: a cell may be run again.
        Raises ValueError for NaN and infinity, TypeError for what JSON does not know.
        """
        for taken in ("answers", "provenance"):
            if taken in values:
                raise ValueError(f"the name {taken} is taken: `write` adds it")
        for name, value in values.items():
            self.values[name] = plain(name, value)

    def answer(self, name: str, text: str) -> Answer:
        r"""Keep some sentences under a name, and return them for the notebook to show.

        The text is Markdown: *emphasis*, **strong**, `code`, $formulas$, lists, and
        paragraphs. The web page shows it as it is; the report asks for it by name, as
        in `\answer{3b}`. It should be true whatever the numbers in it are.
        """
        self.answers[name] = text
        return Answer(text)

    def write(
        self,
        path: str | Path,
        *,
        seed: int | None = None,
        files: Iterable[str] = (),
        sha256: dict[str, str] | None = None,
    ) -> None:
        """Write everything recorded, the answers, and how all this was produced.

        `seed` is the seed of the run, `files` the data files that it read; `sha256` are
        hashes of data files that are known already.
        """
        hashes = {file: file_sha256(file) for file in files} | (sha256 or {})
        origin = provenance(seed, hashes, self.began)
        more = {"answers": self.answers, "provenance": origin}
        write_json(path, self.values | more)


def provenance(
    seed: int | None, sha256: dict[str, str], began: float
) -> dict[str, Any]:
    """Describe how a result was produced.

    `sha256` are the hashes of the data, `began` the time.perf_counter() of the start;
    the entry "seconds" is the time since then.
    """
    commit, dirty = git_commit()
    return {
        "commit": commit,
        "dirty": dirty,
        "seed": seed,
        "python": platform.python_version(),
        "versions": {name: version_of(name) for name in PACKAGES},
        "threads": blas_threads(),
        "sha256": sha256,
        "seconds": time.perf_counter() - began,
    }


def version_of(package: str) -> str | None:
    """Return the version of an installed package; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def git_commit() -> tuple[str | None, bool | None]:
    """Return the commit, and whether files differ from it; None if git does not know.

    Only the repository whose top is this folder counts, not another one around it.
    """
    if ask_git("rev-parse", "--show-cdup") != "":  # the way up to the top
        return None, None
    name = ask_git("describe", "--always", "--exclude=*", "--abbrev=12", "--dirty")
    if name is None:
        return None, None
    return name.removesuffix("-dirty"), name.endswith("-dirty")


def ask_git(*question: str) -> str | None:
    """Return what git answers about this folder; None if there is no answer.

    A hook of git has variables that would make it speak of the hook's repository.
    """
    env = {k: v for k, v in os.environ.items() if not re.match("GIT_(?!CONFIG)", k)}
    command = ["git", "-C", str(ROOT), *question]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True)
    except OSError:  # there is no git, or it may not be executed
        return None
    return None if done.returncode else done.stdout.strip()


def blas_threads() -> int:
    """Return how many threads the environment allows numpy's matrix products."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name, "").isdecimal():
            return int(os.environ[name])
    return os.cpu_count() or 1


def file_sha256(path: str | Path) -> str:
    """Return a file's hash."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def percent(share: float, digits: int = 1) -> str:
    """Write a share, 0..1, in per cent: "92.5 %". A half is rounded up, as in LaTeX.

    Only 0 and 1 are written as 0 and 100 %; what is close to them gets more digits.
    """
    per_cent = 100 * Decimal(repr(float(share)))
    rounded = per_cent.quantize(Decimal(10) ** -digits, ROUND_HALF_UP)
    if rounded != per_cent and rounded in (0, 100):
        return percent(share, digits + 1)
    return f"{rounded} %"


def plain(name: str, value: Any) -> Any:
    """Return a value as JSON has it: numpy's numbers and arrays become Python's own.

    Raises ValueError for NaN and infinity, TypeError for what JSON does not know. The
    message calls the value by its `name`.
    """
    if hasattr(value, "tolist"):  # numpy's
        value = value.tolist()
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"the result {name} has a key that is no text: {key!r}")
        return {key: plain(f"{name}.{key}", item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(f"{name}[{i}]", item) for i, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(
            f"the result {name} is {value}; results must be finite numbers"
        )
    if value is not None and not isinstance(value, str | int | float):
        kind = type(value).__name__
        raise TypeError(f"the result {name} is of type {kind}, unknown to JSON")
    return value


def write_json(path: str | Path, value: Any) -> None:
    """Write a value as strict JSON, whole or not at all.

    Raises ValueError for NaN and infinity, TypeError for what JSON does not know.
    """
    path = Path(path)
    text = json.dumps(plain(path.stem, value), indent=2, allow_nan=False) + "\n"
    write_whole(path, text.encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all, and make its folder. Raises OSError.

    If two processes do so at the same time, the file is as the later one wrote it.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
