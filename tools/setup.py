"""Environment, TeX, browser: `python3 tools/setup.py environment|tex|browser`. Standard library only."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages if this user may without being asked; else print the command to type."""
    root = os.geteuid() == 0
    sudo = [] if root else ["sudo", "-n"]
    may = shutil.which("apt-get") and (root or _quiet(["sudo", "-n", "true"]))
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if may:
        print(f"installing {' '.join(packages)} (this can take a minute)", flush=True)
        env = ["env", "DEBIAN_FRONTEND=noninteractive"]
        quiet = [] if sys.stdout.isatty() else ["-qq", "-o", "Dpkg::Use-Pty=0"]
        _quiet([*sudo, *env, "apt-get", "update"])
        if subprocess.run([*sudo, *env, *install, *quiet], stdin=subprocess.DEVNULL).returncode == 0:
            return True
    print(f"please type:\n  sudo apt-get update && sudo {' '.join(install)}", file=sys.stderr)
    return False


def _quiet(command: list[str]) -> bool:
    """Run a command without a word; say whether it went well."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
    except OSError:
        return False


def environment() -> int:
    """Build .venv from the lock, whole or not marked as built."""
    if sys.version_info < (3, 11):  # noqa: UP036  (this file runs before anything is checked)
        print(f"error: expected Python 3.11 or newer, found {sys.version.split()[0]}; "
              "type: make PYTHON=/path/to/python3.11", file=sys.stderr)  # fmt: skip
        return 1
    if VENV.is_symlink():
        print(f"error: {VENV}: expected a folder of its own, found a link; remove it", file=sys.stderr)
        return 1
    make_venv = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if not _quiet([sys.executable, "-c", "import ensurepip, venv"]) and not apt_install(["python3-venv"]):
        return 1
    print("making .venv and installing requirements.lock (a minute)", flush=True)
    pip = [str(VENV / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install"]
    quiet = [] if sys.stdout.isatty() else ["-q"]
    # --no-deps: the lock is complete, and it leaves out one package on purpose (see pyproject.toml).
    lock = [*quiet, "--no-deps", "--require-hashes", "-r", str(ROOT / "requirements.lock")]
    for command in (make_venv, [*pip, *lock]):
        if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
            print("error: the environment could not be made; the lines above say why", file=sys.stderr)
            return 1
    (VENV / "installed").touch()
    return 0


def tex() -> int:
    """See to it that the packages of apt.txt are there."""
    packages = (ROOT / "apt.txt").read_text().split()
    if shutil.which("dpkg-query"):
        shown = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Status}\n", *packages],
                               capture_output=True, text=True).stdout  # fmt: skip
        missing = [p for p in packages if f"{p} install ok installed" not in shown]
    else:
        missing = [] if shutil.which("latexmk") else packages
    if not missing or apt_install(missing):
        return 0
    print("error: TeX is not complete; notebooks and figures do not need it, the PDF does", file=sys.stderr)
    return 1


def browser() -> int:
    """See to it that there is a Chromium for the tests of the widgets."""
    there = any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    return 0 if there or apt_install(["chromium"]) else 1


if __name__ == "__main__":
    verbs = {"environment": environment, "tex": tex, "browser": browser}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(verbs)}")
    sys.exit(verbs[sys.argv[1]]())
