"""A sweep against a shell loop of papermill, on the same runs: `python benchmarks/sweep.py`.

Prints the ratio, whether the results are equal, the overhead per run, and what a second process
brings.
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
SWEEP = [sys.executable, "-m", "sweep", NOTEBOOK]
# Without the notebook's own look at other starts (seeds=0): that is what the sweep is for.
LOOP = """mkdir -p {out}
for s in $(seq 0 {last}); do
    papermill {notebook} {out}/$s.ipynb -p seed $s -p seeds 0 -p out {out}/$s
done"""
# With next to no training, the time of a sweep beyond that of the bare cells is overhead.
SHORT = ["seeds=0", "steps=10", "linear_steps=10"]
MOST = 40
LEAST = 10  # runs; the difference leaves out what a sweep costs once
BARE = r"""
import json, os, sys, time
os.environ["SKIP_FIGURES"] = "1"
import numpy, scipy.optimize, common, figures, points, results
cells = json.load(open(sys.argv[1]))["cells"]
code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
given = f"seeds, steps, linear_steps, out = 0, 10, 10, {sys.argv[2]!r}"
for turn in range(int(sys.argv[3])):
    began = time.perf_counter()
    namespace = {}
    for number, cell in enumerate(code):
        exec(cell + (f"\n{given}\nseed = {turn}" if number == 1 else ""), namespace)
    print("bare", time.perf_counter() - began)
"""


def timed(command: list[str], **environment: str) -> tuple[float, str]:
    """Run a command in the repository; return its seconds and its output."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PATH": path} | environment
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return time.perf_counter() - began, done.stdout


def results(folder: Path) -> list[str]:
    """Return the results in a folder, without their provenance, in a fixed order."""
    files = [json.loads(path.read_text()) for path in folder.rglob("results/problem3_mlp.json")]
    for file in files:
        del file["provenance"]
    return sorted(map(json.dumps, files))


def overhead(folder: Path) -> tuple[float, float]:
    """Return the seconds that a sweep on one core adds to each run, and those of the bare cells."""
    one_core = ["--workers", "1", *SHORT]
    long, _ = timed([*SWEEP, str(folder / "most"), f"seed=0:{MOST}", *one_core])
    short, _ = timed([*SWEEP, str(folder / "least"), f"seed=0:{LEAST}", *one_core])
    bare = [sys.executable, "-c", BARE, NOTEBOOK, str(folder / "bare"), str(MOST)]
    _, output = timed(bare, PYTHONPATH=str(ROOT))
    lines = [line.split() for line in output.splitlines() if line.startswith("bare ")]
    cells = statistics.median(float(seconds) for _, seconds in lines)
    return (long - short) / (MOST - LEAST) - cells, cells


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        added, cells = overhead(folder)
        values = [f"seed=0:{RUNS}", "seeds=0"]
        two, _ = timed([*SWEEP, str(folder / "two"), *values, "--workers", "2"])
        one, _ = timed([*SWEEP, str(folder / "one"), *values, "--workers", "1"])
        script = LOOP.format(last=RUNS - 1, notebook=NOTEBOOK, out=folder / "loop")
        loop, _ = timed(["bash", "-ec", script])
        again, _ = timed([*SWEEP, str(folder / "two"), *values])
        equal = results(folder / "loop") == results(folder / "two") == results(folder / "one")
    print(f"{RUNS} runs of {NOTEBOOK}, results equal: {equal}")
    print(f"papermill in a shell loop {loop:7.1f} s")
    print(f"sweep, two processes      {two:7.1f} s, {loop / two:.1f} times faster")
    print(f"sweep, one process        {one:7.1f} s, two are {one / two:.2f} times faster")
    print(f"the same, nothing to do   {again:7.1f} s")
    print(
        f"overhead per run          {1000 * added:7.0f} ms, beside {1000 * cells:.0f} ms of cells"
    )


if __name__ == "__main__":
    main()
