"""Run a notebook many times, once for each combination of parameters, and make a table.

    python -m sweep problem3_mlp.ipynb runs/width hidden=1,2,4 seed=0:50

A parameter gets one value, several (a,b,c) or a range lo:hi or lo:hi:step, which excludes hi; every
combination is a run. The output folder gets table.csv, summary.csv and a folder for each run. The
same command again runs only what is missing, failed or out of date.
"""

import argparse
import contextlib
import errno
import os
import queue
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import ModuleType

import joblib
from filelock import FileLock, Timeout
from tqdm import tqdm

from sweep import engine, grid, identity, notebook, print_anywhere, runs, table
from sweep.engine import Check, Submit
from sweep.runs import Run

NEWS = 10.0  # seconds between two lines in a log
CHECK = 2.0  # seconds without the end of a run, after which the cluster is checked
MOST_FAILURES = 10  # how many are printed
# What a file system without locks says, such as some of NFS and FUSE.
NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}
GO_ON = "the same command goes on from here"


def main(argv: list[str] | None = None) -> int:
    """Run a sweep from the command line, or from a list of arguments; return the exit code."""
    print_anywhere()
    options = arguments(argv)
    signal.signal(signal.SIGTERM, notebook.stop)
    try:
        code = sweep(options)
        sys.stdout.flush()
        return code
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # nobody reads on, as after `| head -1`
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        return 128 + signal.SIGPIPE
    except OSError as error:
        print(f"error: {error}; {GO_ON}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is stopping already
        print(f"stopped; {GO_ON}", file=sys.stderr)
        return 143 if isinstance(error, notebook.Stop) else 130


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line, or a list of arguments."""
    parser = argparse.ArgumentParser(
        "python -m sweep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("notebook", type=Path)
    add("out", type=Path, help="the sweep's folder")
    add("values", nargs="*", metavar="name=values", help="1,2,4 or 0:50 or 0.1:0.5:0.1")
    add("--plot", metavar="RESULT", help="draw a result against the first varied parameter")
    workers = joblib.cpu_count()  # which a container's limit may make fewer than the machine has
    add("--workers", type=int, default=workers, metavar="N", help="runs at once (all cores)")
    add("--time-limit", type=float, metavar="S", help="seconds for one run (no limit)")
    add("--kernel", action="store_true", help="a Jupyter kernel for each run: slower, same results")
    add("--skip", action="append", default=[], metavar="TAG", help="leave out cells with this tag")
    add("--keep-notebooks", action="store_true", help="keep each run's notebook and figures")
    add("--dask", metavar="ADDRESS", help="run on this dask cluster, or on a new one here: local")
    return parser.parse_intermixed_args(argv)


def check(options: argparse.Namespace) -> None:
    """Check what argparse cannot; raises ValueError with the reason."""
    limit = options.time_limit
    if options.dask == "":
        raise ValueError("--dask needs the address of a scheduler, or: local")
    if options.workers < 1:
        raise ValueError(f"--workers must be at least 1, not {options.workers}")
    if limit is not None and not 0 < limit <= notebook.LONGEST_LIMIT:
        limits = f"more than 0 s and at most {notebook.LONGEST_LIMIT} s"
        raise ValueError(f"--time-limit must be {limits}, not {limit:g}")
    if "=" in options.out.name or options.out.is_file():
        raise ValueError(f"the second argument must be the output folder, not {options.out}")
    notebook.check_folder(options.out)
    folder = options.out / "runs"
    if options.notebook.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{options.notebook} lies in {folder}, where its runs would replace it")


def drawing() -> ModuleType:
    """Return the module that draws: first when it is needed, and whatever MPLBACKEND says."""
    os.environ.pop("MPLBACKEND", None)  # a wrong name would stop matplotlib
    from sweep import plot

    return plot


def sweep(options: argparse.Namespace) -> int:
    """Run what is missing, write the tables and return the exit code.

    Raises ValueError if the command is wrong, KeyboardInterrupt if it is stopped.
    """
    check(options)
    swept = grid.swept_values(options.notebook, options.values)
    skip = grid.skipped_tags(options.notebook, options.skip)
    names = dict.fromkeys(text.partition("=")[0] for text in options.values)
    typed = {name: swept[name] for name in names}  # in this order, for the plot
    plot = drawing() if options.plot else None
    if plot:
        plot.axes(typed)
    planned = grid.all_runs(
        options.notebook,
        options.out,
        swept,
        kernel=options.kernel,
        keep=options.keep_notebooks,
        skip=skip,
    )
    with only_one(options.out):
        refuse_other_notebooks(options.out, options.notebook.name)
        failed = run_missing(planned, options)
        numbers = table.write_all(options.out, planned, list(swept))
        report_failures(failed, options.out)
        print(table.printed(numbers, list(swept)))
        files = f"{options.out}/table.csv, {options.out}/summary.csv"
        print(f"{len(planned) - len(failed)} done, {len(failed)} failed; {files}")
        if plot and numbers.empty:
            print(f"{options.plot}: no plot, because no run succeeded")
        elif plot:
            plot.plot(numbers, typed, options.plot, options.out)
            print(f"{options.plot}: {options.out}/plot.pdf, {options.out}/plot.png")
    return 1 if failed else 0


@contextlib.contextmanager
def only_one(out: Path) -> Iterator[None]:
    """Hold a sweep's folder against other sweeps; the system lets go when the process ends.

    If the file system has no locks, print a line and go on. Raises ValueError if one is running.
    """
    (out / "runs").mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / ".lock", timeout=0, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(f"another sweep is running in {out}") from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        text = f"{out} cannot be locked ({error.strerror}): do not start a second sweep there"
        print(f"{text} meanwhile", file=sys.stderr)
    try:
        yield
    finally:
        lock.release()


def refuse_other_notebooks(out: Path, name: str) -> None:
    """Raise ValueError if the folder holds runs of a notebook with another name."""
    files = out.glob("runs/*/run.json")
    record = next(filter(None, map(runs.read_record, files)), None)
    if record and record.notebook != name:
        raise ValueError(f"{out} holds runs of {record.notebook}; choose another output folder")


def run_missing(planned: list[Run], options: argparse.Namespace) -> dict[str, str]:
    """Run all that is not done yet; return the causes of the failures, by the runs' names."""
    missing = [run for run in planned if not runs.is_done(run)]
    count = "1 run" if len(planned) == 1 else f"{len(planned)} runs"
    there = f"{len(planned) - len(missing)} there already, {len(missing)} to do"
    print(f"{count} of {options.notebook.name}: {there}", flush=True)
    if not missing:
        return {}
    if missing[0].kernel and not options.kernel:
        print(
            f"{options.notebook.name} is not plain Python (a magic, await, get_ipython), "
            "so each run gets a Jupyter kernel, which costs about a second",
            flush=True,
        )
    if options.dask is None:
        executor = engine.this_machine(options.notebook, options.workers, options.time_limit)
    else:
        try:
            from sweep.cluster import cluster
        except ImportError as error:
            raise ValueError(f"--dask needs the package distributed ({error})") from None
        executor = cluster(options.dask, options.workers, options.time_limit, options.out)
    with executor as (submit, check_executor):
        return progress(outcomes(missing, submit, check_executor), len(missing))


def outcomes(
    missing: list[Run], submit: Submit, check_executor: Check
) -> Iterator[tuple[Run, str]]:
    """Start all runs; yield each when it has ended, with the cause of its failure, if any."""
    started = {submit(run): run for run in missing}
    finished: queue.SimpleQueue[Future[str]] = queue.SimpleQueue()
    for future in started:
        future.add_done_callback(finished.put)
    while started:
        try:
            batch = [finished.get(timeout=CHECK)]
        except queue.Empty:
            check_executor()
            continue
        batch += [finished.get() for _ in range(finished.qsize())]
        identity.forget()  # so the files are listed once for the batch, after all of it has ended
        for future in batch:
            run = started.pop(future)
            cause = outcome(run, future)
            if cause:
                runs.record_failure(run, cause)
            yield run, cause


def outcome(run: Run, future: "Future[str]") -> str:
    """Return the cause of a run's failure, or nothing; an error of the executor is one, too."""
    if future.cancelled():
        raise ValueError(f"the cluster has gone; {GO_ON}")
    if error := future.exception():
        return f"{type(error).__name__}: {error}".splitlines()[0]
    if cause := future.result():
        return cause
    if not runs.is_current(run):
        return "the notebook, a module or the data changed while it ran"
    return "" if runs.is_done(run) else "its results did not arrive in this folder"


def progress(outcomes: Iterable[tuple[Run, str]], total: int) -> dict[str, str]:
    """Show a bar on a terminal, a line now and then in a log; return the causes of failures."""
    failed: dict[str, str] = {}
    last_news = time.monotonic()
    with tqdm(total=total, unit="run", disable=not sys.stderr.isatty()) as bar:
        for count, (run, cause) in enumerate(outcomes, 1):
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
    more = len(failed) - MOST_FAILURES
    notes = [f"{more} more in table.csv"] if more > 0 else []
    if any(any((out / "runs" / name).glob("*.failed.ipynb")) for name in failed):
        notes.append(f"a failed copy of the notebook, if there is one, is in {out}/runs/NAME")
    if notes:
        print("; ".join(notes), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
