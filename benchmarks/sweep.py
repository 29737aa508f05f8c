"""A sweep against a shell loop of papermill, on the same points: `python benchmarks/sweep.py`.

Prints the ratio, whether the results are equal, the overhead a point, and what a second process brings.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = "problem3_mlp.ipynb"
RUNS = int(os.environ.get("RUNS", "100"))
# Without the notebook's own look at other starts (seeds=0): that is what the sweep is for.
LOOP = """mkdir -p {out}
for s in $(seq 0 {last}); do papermill {notebook} {out}/$s.ipynb -p seed $s -p seeds 0 -p out {out}/$s; done"""
# The notebook's cells and nothing else, next to no training: the rest of a sweep's time is overhead.
SHORT = ["seeds=0", "steps=10", "linear_steps=10"]
OWN = r"""
import json, os, sys, time
os.environ["SKIP_FIGURES"] = "1"
import numpy, scipy.optimize, common, figures, separability
cells = ["".join(c["source"]) for c in json.load(open(sys.argv[1]))["cells"] if c["cell_type"] == "code"]
given = f"seeds, steps, linear_steps, out = 0, 10, 10, {sys.argv[2]!r}"
for turn in range(int(sys.argv[3])):
    began, space = time.perf_counter(), {}
    for number, cell in enumerate(cells):
        exec(cell + (f"\n{given}\nseed = {turn}" if number == 1 else ""), space)
    print("own", time.perf_counter() - began)
"""


def timed(command: list[str], **more: str) -> tuple[float, str]:
    """Run a command in the repository; return its seconds and what it said."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PATH": path} | more
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return time.perf_counter() - began, done.stdout


def numbers(folder: Path) -> list[str]:
    """Return the results in a folder, but for their provenance, in a fixed order."""
    found = [json.loads(path.read_text()) for path in folder.rglob("results/problem3_mlp.json")]
    return sorted(json.dumps({k: v for k, v in one.items() if k != "provenance"}) for one in found)


def overhead(sweep: list[str], folder: Path) -> tuple[float, float]:
    """Return the seconds a point that a sweep on one core adds, and those of the notebook's own cells."""
    most, least = 40, 10
    words = ["--workers", "1", *SHORT]
    long, _ = timed([*sweep, str(folder / "most"), f"seed=0:{most}", *words])
    short, _ = timed([*sweep, str(folder / "least"), f"seed=0:{least}", *words])
    _, said = timed(
        [sys.executable, "-c", OWN, NOTEBOOK, str(folder / "own"), str(most)], PYTHONPATH=str(ROOT)
    )
    own = statistics.median(
        float(line.split()[1]) for line in said.splitlines() if line.startswith("own")
    )
    return (long - short) / (most - least) - own, own


def main() -> None:
    """Measure and print."""
    sweep = [sys.executable, "-m", "tools.sweep", NOTEBOOK]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        added, own = overhead(sweep, folder)
        words = [f"seed=0:{RUNS}", "seeds=0"]
        two, _ = timed([*sweep, str(folder / "two"), *words, "--workers", "2"])
        one, _ = timed([*sweep, str(folder / "one"), *words, "--workers", "1"])
        loop, _ = timed(
            ["bash", "-ec", LOOP.format(last=RUNS - 1, notebook=NOTEBOOK, out=folder / "loop")]
        )
        again, _ = timed([*sweep, str(folder / "two"), *words])
        equal = numbers(folder / "loop") == numbers(folder / "two") == numbers(folder / "one")
    print(f"{RUNS} runs of {NOTEBOOK}, results equal: {equal}")
    print(f"papermill in a shell loop {loop:7.1f} s")
    print(f"sweep, two processes      {two:7.1f} s, {loop / two:.1f} times faster")
    print(f"sweep, one process        {one:7.1f} s, two are {one / two:.2f} times faster")
    print(f"the same, nothing to do   {again:7.1f} s")
    print(
        f"overhead a run            {1000 * added:7.0f} ms, beside {1000 * own:.0f} ms of cells without training"
    )


if __name__ == "__main__":
    main()
