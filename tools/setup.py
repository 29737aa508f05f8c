"""Environment, TeX, browser: `python3 tools/setup.py environment|tex|try-tex|browser`.

Standard library only, so that this script can say that Python is too old.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = "requirements.lock"
PYTHON = (3, 11)
# Debian's packages, and the names of the programs that will do as well.
BROWSERS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox-esr": ("firefox-esr", "firefox"),
}
# The user's pip settings say where packages come from and how they are reached. What is installed,
# and where, the lock and .venv say: a setting like `user`, `target` or `no-deps` is not obeyed.
PIP_SETTINGS = {
    *("index-url", "pypi-url", "extra-index-url", "find-links", "no-index", "trusted-host"),
    *("proxy", "cert", "client-cert", "keyring-provider", "use-feature"),
    *("timeout", "default-timeout", "retries", "cache-dir", "no-cache-dir"),
}
# `pip config list` itself obeys some settings, and a variable is stronger than a file.
LIST_ALL = {"PIP_USER": "0", "PIP_GLOBAL": "0", "PIP_SITE": "0", "PIP_QUIET": "0"}
TEX_PROGRAMS = ("latexmk", "pdflatex", "kpsewhich")
# Some of what the report's text uses; an older TeX does not know the first two.
SAMPLE = r"\fpeval{1+1} \qty{1}{\percent} \texttt{a} \textbf{b} \emph{c} $d\mathbf{e}\mathcal{L}$"


def fail(message: str) -> int:
    """Print an error and return the exit code."""
    print(f"error: {message}", file=sys.stderr)
    return 1


def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed; if there is no such program, that it failed."""
    text: Any = {"capture_output": True, "text": True, "errors": "replace"}
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, **text, **options)
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def as_root(command: str) -> str:
    """Return how this user types a command that needs root."""
    return command if os.geteuid() == 0 else f"sudo {command}"


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages if that needs no password; return whether they are installed."""
    root = os.geteuid() == 0
    if not shutil.which("apt-get") or not (root or run(["sudo", "-n", "true"]).returncode == 0):
        return False
    print(f"installing {' '.join(packages)} (this can take a minute)", flush=True)
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=600"]
    apt = apt if root else ["sudo", "-n", *apt]
    quiet = [] if sys.stdout.isatty() else ["-qq", "-o", "Dpkg::Use-Pty=0"]
    run([*apt, "update"])
    command = [*apt, "install", "-y", "--no-install-recommends", *packages, *quiet]
    return subprocess.run(command, stdin=subprocess.DEVNULL).returncode == 0


def environment() -> int:
    """Build .venv from the lock; it is marked as built only when it holds what the lock says."""
    if sys.version_info < PYTHON:
        version = sys.version.split()[0]
        return fail(f"Python {version} is too old; type: make PYTHON=/path/to/python3.11")
    if VENV.is_symlink():
        return fail(f"{VENV} is a link; remove it, so that a folder can be made there")
    has_venv = [sys.executable, "-I", "-c", "import ensurepip, venv"]
    package = "python{}.{}-venv".format(*sys.version_info)
    if run(has_venv).returncode and not (apt_install([package]) and not run(has_venv).returncode):
        advice = as_root(f"apt-get install {package}")
        return fail(
            f"{sys.executable} cannot make environments; on Debian type: {advice}, "
            "elsewhere: make PYTHON=/path/to/another/python3"
        )
    print("making .venv and installing requirements.lock (a minute)", flush=True)
    made = subprocess.run([sys.executable, "-I", "-m", "venv", "--clear", str(VENV)]).returncode
    if made != 0 or install() != 0:
        return fail("the environment could not be made; the lines above say why")
    # -I, here and above: nothing of PYTHONPATH and PYTHONHOME.
    python = VENV / "bin/python"
    lacking = run([str(python), "-I", str(Path(__file__).resolve()), "lacking"], cwd=ROOT)
    if lacking.returncode or lacking.stdout:
        text = (lacking.stdout or lacking.stderr).strip()
        return fail(f"pip says that it is done, but .venv is not what the lock says: {text}")
    # the Makefile compares this
    (VENV / "installed").write_bytes(os.fsencode(f"{ROOT} {python.resolve()}\n"))
    return 0


def install() -> int:
    """Install the lock into .venv with pip and return its exit code."""
    pip = [str(VENV / "bin/python"), "-I", "-m", "pip"]
    env = {name: value for name, value in os.environ.items() if name != "PIP_PYTHON"}
    asked = run([*pip, "config", "list"], env=env | LIST_ALL)
    if asked.returncode:
        print(asked.stderr.strip() or asked.stdout.strip(), file=sys.stderr)
        return asked.returncode
    env = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    env |= kept_settings(asked.stdout)
    env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    quiet = [] if sys.stdout.isatty() else ["-q"]
    # --no-deps: the lock is complete and leaves out one package on purpose (see pyproject.toml).
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", LOCK]
    command = [*pip, "install", *quiet, *options]
    return subprocess.run(command, stdin=subprocess.DEVNULL, cwd=ROOT, env=env).returncode


def kept_settings(listed: str) -> dict[str, str]:
    """Return what is kept of `pip config list` as environment variables; the last word counts."""
    kept = {}
    for section in ("global", "install", ":env:"):
        for name, value in re.findall(rf"(?m)^{section}\.([\w-]+)=(['\"].*['\"])\r?$", listed):
            if name in PIP_SETTINGS:
                kept["PIP_" + name.upper().replace("-", "_")] = ast.literal_eval(value)
    return kept


def lacking() -> int:
    """Print what the lock in this folder asks of this Python and this environment lacks."""
    from importlib import metadata

    from pip._vendor.packaging.requirements import Requirement

    lines = re.findall(r"(?m)^\w[^\\\n]*", Path(LOCK).read_text(encoding="utf-8"))
    for asked in map(Requirement, lines):
        if asked.marker and not asked.marker.evaluate():
            continue
        try:
            version = metadata.version(asked.name)
        except metadata.PackageNotFoundError:
            version = ""
        if not version or not asked.specifier.contains(version, prereleases=True):
            print(f"{asked.name}{asked.specifier} is asked for, {version or 'none'} is there")
    return 0


def tex() -> int:
    """Make sure that the TeX on PATH can set the report; install Debian's if that is easy."""
    trouble = tex_trouble()
    return fail(trouble) if trouble else 0


def try_tex() -> int:
    """Do the same at the start of a build, which goes on without TeX as far as it can."""
    trouble = tex_trouble()
    if trouble:
        print(f"note: {trouble}", file=sys.stderr)
    return 0


def tex_trouble() -> str:
    """Install TeX if it is missing and that is easy; say why the report cannot be set, if so."""
    missing = tex_lacks()
    if missing and is_debians() and apt_install(debian_packages()):
        missing = tex_lacks()
    if missing:
        return f"{tex_advice(missing)} (notebooks, figures and web pages need no TeX)"
    refused = tex_refuses()
    path = shutil.which("pdflatex")
    return refused and f"{path} cannot set the report: {refused} (TeX Live 2022 or newer can)"


def debian_packages() -> list[str]:
    """Return the names in apt.txt."""
    return (ROOT / "apt.txt").read_text(encoding="utf-8").split()


def tex_lacks() -> list[str]:
    """Return which programs, or else which files that report.tex loads, TeX does not have."""
    programs = [name for name in TEX_PROGRAMS if shutil.which(name) is None]
    if programs:
        return programs
    source = (ROOT / "report/report.tex").read_text(encoding="utf-8")
    groups = re.findall(r"(?m)^\\usepackage(?:\[[^]]*\])?\{([^}]*)\}", source)
    files = ["article.cls", *(f"{name}.sty" for name in ",".join(groups).split(","))]
    paths = run(["kpsewhich", *files]).stdout.splitlines()
    return [name for name in files if name not in {Path(path).name for path in paths}]


def tex_refuses() -> str:
    """Return the error if latexmk does not start, or pdflatex cannot set a part of the report."""
    started = run(["latexmk", "-norc", "-v"])
    if started.returncode:
        return f"latexmk: {started.stderr.strip() or 'it does not start'}"
    source = (ROOT / "report/report.tex").read_text(encoding="utf-8")
    preamble = source.partition(r"\input{numbers.tex}")[0]
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error"]
    with tempfile.TemporaryDirectory() as folder:
        text = rf"{preamble}\begin{{document}}{SAMPLE}\end{{document}}"
        (Path(folder) / "sample.tex").write_text(text, encoding="utf-8")
        done = run([*command, "sample.tex"], cwd=folder)
    errors = re.findall(r"(?m)^!.*", done.stdout)
    return "".join(errors[:1]) or ("it failed" if done.returncode else "")


def is_debians() -> bool:
    """Return whether TeX here is, or would be, from Debian's packages."""
    path = shutil.which("pdflatex") or "/usr/bin/pdflatex"
    return bool(shutil.which("apt-get")) and Path(path).parent in {Path("/usr/bin"), Path("/bin")}


def tex_advice(missing: list[str]) -> str:
    """Return a sentence: what TeX lacks, and what to do."""
    advice = "install TeX Live 2022 or newer with latexmk"
    if is_debians():
        update, install = map(as_root, ("apt-get update", "apt-get install"))
        advice = f"type: {update} && {install} {' '.join(debian_packages())}"
    return f"the PDF needs TeX; {advice}; missing: {', '.join(missing)}"


def browser() -> int:
    """Make sure that there are a Chromium and a Firefox for the tests of the widgets."""
    missing = [package for package, programs in BROWSERS.items() if not found(programs)]
    if missing and not apt_install(missing):
        return fail(f"please type: {as_root('apt-get install ' + ' '.join(missing))}")
    return 0


def found(programs: tuple[str, ...]) -> str | None:
    """Return the path of the first of these programs that is installed."""
    return next(filter(None, map(shutil.which, programs)), None)


if __name__ == "__main__":
    verbs = {
        "environment": environment,
        "tex": tex,
        "try-tex": try_tex,
        "browser": browser,
        "lacking": lacking,
    }
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        sys.exit("usage: python3 tools/setup.py environment|tex|try-tex|browser")
    sys.exit(verbs[sys.argv[1]]())
