"""Run a notebook many times, once for each combination of parameters, and make a table.

    python -m sweep problem3_mlp.ipynb runs/width hidden=1,2,4 seed=0:50

A parameter gets one value, several (a,b,c) or a range without its end (lo:hi or lo:hi:step); every
combination is a run. The output folder gets table.csv, summary.csv and a folder for each run. The
same command again runs only what is missing, failed or out of date.
"""

import argparse
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, as_completed
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from sweep import engine, grid, notebook, runs
from sweep.engine import Submit
from sweep.runs import Run

NEWS = 10.0  # seconds between two lines in a log
CHECK = 2.0  # seconds between two looks at the cluster
MOST_FAILURES = 10  # that are printed
GO_ON = "the same command goes on from here"


def main(words: list[str] | None = None) -> int:
    """Run a sweep from the command line, or from words in its place; return the exit code."""
    options = arguments(words)
    os.environ |= engine.ONE_CORE
    signal.signal(signal.SIGTERM, notebook.stop)
    try:
        return sweep(options)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error}; {GO_ON}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is stopping already
        print(f"stopped; {GO_ON}", file=sys.stderr)
        return 143 if isinstance(error, notebook.Stop) else 130


def arguments(words: list[str] | None) -> argparse.Namespace:
    """Read the command line, or words in its place."""
    parser = argparse.ArgumentParser(
        "python -m sweep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("notebook", type=Path)
    add("out", type=Path, help="the sweep's folder")
    add("values", nargs="*", metavar="name=values", help="1,2,4 or 0:50 or 0.1:0.5:0.1")
    add("--plot", metavar="RESULT[:PARAMETER]", help="draw a result against a parameter")
    add("--workers", type=int, default=cores(), metavar="N", help="runs at once (all cores)")
    add("--time-limit", type=float, metavar="S", help="seconds for one run (no limit)")
    add("--kernel", action="store_true", help="a Jupyter kernel for each run: slower, same results")
    add("--keep-notebooks", action="store_true", help="keep each run's notebook and figures")
    add("--dask", metavar="ADDRESS", help="run on this dask cluster, or on a new one here: local")
    return parser.parse_intermixed_args(words)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check(options: argparse.Namespace) -> None:
    """Check what argparse cannot; raises ValueError with the reason."""
    if options.workers < 1:
        raise ValueError(f"--workers must be at least 1, not {options.workers}")
    if options.time_limit is not None and not options.time_limit > 0:
        raise ValueError(f"--time-limit must be more than 0 s, not {options.time_limit:g}")
    if "=" in options.out.name or options.out.is_file():
        raise ValueError(f"the second argument must be the output folder, not {options.out}")


def sweep(options: argparse.Namespace) -> int:
    """Run what is missing, write the tables and return the exit code.

    Raises ValueError if the command is wrong, KeyboardInterrupt if it is stopped.
    """
    check(options)
    if options.notebook.is_file() and not options.dask:
        with engine.no_interrupts():  # which the process that it starts inherits
            engine.warm_up(engine.modules_to_preload(options.notebook.absolute()))
    from sweep import plot, table  # these take a second, during which that process is busy, too

    swept = grid.swept_values(options.notebook, options.values)
    if options.plot:
        plot.choose(options.plot, swept)
    how = {"kernel": options.kernel, "keep": options.keep_notebooks}
    every = grid.all_runs(options.notebook, options.out, swept, **how)
    with only_one(options.out):
        failed = run_missing(every, options)
        numbers = table.write_all(options.out, every, list(swept))
        print(table.printed(numbers, list(swept)))
        files = f"{options.out}/table.csv, {options.out}/summary.csv"
        print(f"{len(every) - len(failed)} done, {len(failed)} failed; {files}")
        if options.plot:
            plot.plot(numbers, swept, options.plot, options.out)
            print(f"{options.plot}: {options.out}/plot.pdf, {options.out}/plot.png")
    report_failures(failed, options.out)
    return 1 if failed else 0


@contextlib.contextmanager
def only_one(out: Path) -> Iterator[None]:
    """Hold a sweep's folder against other sweeps, and leave nothing unfinished in it."""
    (out / "runs").mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / ".lock", timeout=0):
            remove_unfinished(out)
            try:
                yield
            finally:
                remove_unfinished(out)
    except Timeout:
        raise ValueError(f"another sweep is running in {out}") from None


def remove_unfinished(out: Path) -> None:
    """Remove the folders of runs that did not finish."""
    for folder in (out / "runs").glob(".*"):
        shutil.rmtree(folder, ignore_errors=True)


def run_missing(every: list[Run], options: argparse.Namespace) -> dict[str, str]:
    """Run all that is not done yet; return the causes of the failures, by the runs' names."""
    todo = [run for run in every if not runs.is_done(run)]
    count = "1 run" if len(every) == 1 else f"{len(every)} runs"
    there = f"{len(every) - len(todo)} there already, {len(todo)} to do"
    print(f"{count} of {options.notebook.name}: {there}", flush=True)
    if not todo:
        return {}
    with executor(options) as (submit, look):
        return progress(outcomes(todo, submit, look), len(todo))


@contextlib.contextmanager
def executor(options: argparse.Namespace) -> Iterator[tuple[Submit, Callable[[], None]]]:
    """Yield what hands a run over, here or to a cluster, and what is to be called now and then."""
    if not options.dask:
        with engine.this_machine(options.workers, options.time_limit) as submit:
            yield submit, lambda: None
        return
    try:
        from sweep.cluster import cluster
    except ImportError as error:
        raise ValueError(f"--dask needs the package distributed ({error})") from None
    with cluster(options.dask, options.workers, options.time_limit, options.out) as pair:
        yield pair


def outcomes(
    todo: list[Run], submit: Submit, look: Callable[[], None]
) -> Iterator[tuple[Run, str]]:
    """Hand all runs over; yield each when it has ended, with the cause of its failure, if any."""
    waiting = {submit(run): run for run in todo}
    while waiting:
        with contextlib.suppress(TimeoutError):
            for future in as_completed(list(waiting), timeout=CHECK):
                run = waiting.pop(future)
                cause = outcome(future)
                if not cause and not runs.is_current(run):
                    cause = "the notebook, a module or the data changed while it ran"
                if cause:
                    runs.record_failure(run, cause)
                yield run, cause
        look()


def outcome(future: "Future[str]") -> str:
    """Return the cause of a run's failure, or nothing; an error of the executor is one, too."""
    if future.cancelled():
        raise ValueError(f"the cluster has gone; {GO_ON}")
    error = future.exception()
    return f"{type(error).__name__}: {error}".splitlines()[0] if error else future.result()


def progress(ended: Iterator[tuple[Run, str]], total: int) -> dict[str, str]:
    """Show a bar on a terminal, a line now and then in a log; return the causes of failures."""
    failed: dict[str, str] = {}
    last_news = time.monotonic()
    with tqdm(total=total, unit="run", disable=not sys.stderr.isatty()) as bar:
        for count, (run, cause) in enumerate(ended, 1):
            if cause:
                failed[run.folder.name] = cause
                bar.set_postfix_str(f"{len(failed)} failed")
            bar.update()
            if bar.disable and time.monotonic() - last_news > NEWS:
                last_news = time.monotonic()
                print(f"{count} of {total} runs, {len(failed)} failed", file=sys.stderr, flush=True)
    return failed


def report_failures(failed: dict[str, str], out: Path) -> None:
    """Print the causes of the first failures, and where the failed copies are."""
    for name, cause in list(failed.items())[:MOST_FAILURES]:
        print(f"failed: {name}: {cause}", file=sys.stderr)
    if failed:
        more = len(failed) - MOST_FAILURES
        text = f"{more} more in table.csv; " if more > 0 else ""
        print(
            f"{text}each failed copy is in {out}/runs, in the folder of that name", file=sys.stderr
        )


if __name__ == "__main__":
    sys.exit(main())
