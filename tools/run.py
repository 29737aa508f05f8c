"""Run one notebook: `python -m tools.run problem3_mlp.ipynb runs/3 -p hidden=8 -p seed=3`.

The executed copy, its figures and its numbers land in the folder; the copy gets its name only when
it is complete. Parameters are checked before a kernel starts. It runs in the repository's folder.
"""

import argparse
import signal
import sys
from pathlib import Path

import common
from sweep import parameters, print_anywhere
from sweep.notebook import LONGEST_LIMIT, NotebookError, Stop, check_folder, execute, stop


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    add = parser.add_argument
    add("notebook", type=Path)
    add("out", type=Path, help="folder for the executed copy, figures and numbers")
    add("-p", dest="values", action="append", default=[], metavar="name=value", help="repeatable")
    add("--time-limit", type=float, default=0, metavar="S", help="seconds (0: no limit)")
    return parser.parse_args()


def run(options: argparse.Namespace) -> int:
    """Check the options and execute the notebook; return the exit code. Raises ValueError."""
    if not 0 <= options.time_limit <= LONGEST_LIMIT:
        limits = f"at least 0 s and at most {LONGEST_LIMIT} s"
        raise ValueError(f"--time-limit must be {limits}, not {options.time_limit:g}")
    if options.time_limit and not hasattr(signal, "setitimer"):
        raise ValueError("--time-limit needs timers that this system lacks; leave it out")
    check_folder(options.out)
    if options.out.exists() and not options.out.is_dir():
        raise ValueError(f"{options.out} is a file; the second argument must be the output folder")
    values = parameters.read(options.notebook, options.values)
    common.threads()  # refuses a wrong THREADS before a kernel starts
    # One write, even where output is unbuffered: make -j runs several of these at once.
    print(f"running {options.notebook}\n", end="", flush=True)
    signal.signal(signal.SIGTERM, stop)
    if options.time_limit:
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, options.time_limit)
    try:
        execute(options.notebook, options.out, values)
    except (NotebookError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Stop as reason:
        if reason.args == (signal.SIGTERM,):
            print("terminated", file=sys.stderr)
            return 143
        limit = f"{options.time_limit:g} s"
        print(f"error: {options.notebook.name} timed out after {limit}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def main() -> int:
    """Run a notebook from the command line; return the exit code."""
    print_anywhere()
    try:
        return run(arguments())
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
