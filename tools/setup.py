"""Environment, TeX, browser: `python3 tools/setup.py environment|tex|browser`.

Standard library only, and an older Python than ours can read it: it must say that it is too old.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = (3, 11)
# Debian's packages, and the names of the programs that will do as well.
BROWSERS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox-esr": ("firefox-esr", "firefox"),
}


def fail(message: str) -> int:
    """Print an error and return the exit code."""
    print(f"error: {message}", file=sys.stderr)
    return 1


def succeeds(command: list[str]) -> bool:
    """Run a command without output and return whether it succeeded."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages if that needs no password; otherwise print the command to type."""
    root = os.geteuid() == 0
    sudo = [] if root else ["sudo", "-n"]
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("apt-get") and (root or succeeds(["sudo", "-n", "true"])):
        print(f"installing {' '.join(packages)} (this can take a minute)", flush=True)
        env = ["env", "DEBIAN_FRONTEND=noninteractive"]
        quiet = [] if sys.stdout.isatty() else ["-qq", "-o", "Dpkg::Use-Pty=0"]
        succeeds([*sudo, *env, "apt-get", "update"])
        command = [*sudo, *env, *install, *quiet]
        if subprocess.run(command, stdin=subprocess.DEVNULL).returncode == 0:
            return True
    print(f"please type:\n  sudo apt-get update && sudo {' '.join(install)}", file=sys.stderr)
    return False


def environment() -> int:
    """Build .venv from the lock; it is marked as built only when it is complete."""
    if sys.version_info < PYTHON:
        version = sys.version.split()[0]
        return fail(f"Python {version} is too old; type: make PYTHON=/path/to/python3.11")
    if VENV.is_symlink():
        return fail(f"{VENV} is a link; remove it, so that a folder can be made there")
    has_venv = succeeds([sys.executable, "-c", "import ensurepip, venv"])
    if not has_venv and not apt_install(["python3-venv"]):
        return 1
    print("making .venv and installing requirements.lock (a minute)", flush=True)
    pip = [str(VENV / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install"]
    quiet = [] if sys.stdout.isatty() else ["-q"]
    # --no-deps: the lock is complete and leaves out one package on purpose (see pyproject.toml).
    options = ["--no-deps", "--require-hashes", "-r", str(ROOT / "requirements.lock")]
    commands = [sys.executable, "-m", "venv", "--clear", str(VENV)], [*pip, *quiet, *options]
    for command in commands:
        if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
            return fail("the environment could not be made; the lines above say why")
    (VENV / "installed").touch()
    return 0


def tex() -> int:
    """Make sure that the packages in apt.txt are installed."""
    packages = (ROOT / "apt.txt").read_text().split()
    if shutil.which("dpkg-query"):
        query = ["dpkg-query", "-W", "-f", "${Package} ${Status}\n", *packages]
        status = subprocess.run(query, capture_output=True, text=True).stdout
        missing = [name for name in packages if f"{name} install ok installed" not in status]
    else:
        missing = [] if shutil.which("latexmk") else packages
    if missing and not apt_install(missing):
        return fail("TeX is not complete; notebooks and figures do not need it, but the PDF does")
    return 0


def browser() -> int:
    """Make sure that there are a Chromium and a Firefox for the tests of the widgets."""
    missing = [package for package, programs in BROWSERS.items() if not found(programs)]
    return 0 if not missing or apt_install(missing) else 1


def found(programs: tuple[str, ...]) -> str | None:
    """Return the path of the first of these programs that is installed."""
    return next(filter(None, map(shutil.which, programs)), None)


if __name__ == "__main__":
    verbs = {"environment": environment, "tex": tex, "browser": browser}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(verbs)}")
    sys.exit(verbs[sys.argv[1]]())
