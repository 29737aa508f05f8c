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
LOOP = "for s in $(seq 0 {last}); do papermill {notebook} {out}/$s.ipynb -p seed $s -p out {out}/$s; done"
OWN = """
import os, sys, time, json
os.environ["SKIP_FIGURES"] = "1"
import numpy, scipy.optimize, common, figures, separability
cells = ["".join(c["source"]) for c in json.load(open(sys.argv[1]))["cells"] if c["cell_type"] == "code"]
for turn in range(4):
    began = time.perf_counter()
    space = {}
    for i, cell in enumerate(cells):
        exec(cell + (f"\\nseed, out = {turn}, {sys.argv[2]!r}" if i == 1 else ""), space)
    print("own", time.perf_counter() - began)
"""


def timed(command: list[str], **more: str) -> tuple[float, str]:
    """Run a command in the repository; return its seconds and what it said."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PATH": path} | more
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, done.stdout


def numbers(folder: Path) -> list[str]:
    """Return the results in a folder, but for their provenance, in a fixed order."""
    found = [json.loads(path.read_text()) for path in folder.rglob("results/problem3_mlp.json")]
    return sorted(json.dumps({k: v for k, v in one.items() if k != "provenance"}) for one in found)


def main() -> None:
    """Measure and print."""
    sweep = [sys.executable, "-m", "tools.sweep", NOTEBOOK]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loop, _ = timed(["bash", "-ec", LOOP.format(last=RUNS - 1, notebook=NOTEBOOK, out=folder / "loop")])
        two, _ = timed([*sweep, str(folder / "two"), f"seed=0:{RUNS}", "--workers", "2"])
        one, _ = timed([*sweep, str(folder / "one"), f"seed=0:{RUNS}", "--workers", "1"])
        start, _ = timed([*sweep, str(folder / "one"), f"seed=0:{RUNS}", "--workers", "1"])
        own = [float(line.split()[1]) for line in timed([sys.executable, "-c", OWN, NOTEBOOK, str(folder / "own")],
               PYTHONPATH=str(ROOT))[1].splitlines() if line.startswith("own")]  # fmt: skip
        equal = numbers(folder / "loop") == numbers(folder / "two") == numbers(folder / "one")
    each = statistics.median(own[1:])
    print(f"{RUNS} runs of {NOTEBOOK}, results equal: {equal}")
    print(f"papermill in a shell loop  {loop:7.1f} s")
    print(f"sweep, two processes       {two:7.1f} s, {loop / two:.1f} times faster")
    print(f"sweep, one process         {one:7.1f} s, two are {one / two:.2f} times faster")
    print(f"a sweep with nothing to do {start:7.1f} s")
    print(f"overhead a point           {(one - start) / RUNS - each:7.3f} s beside {each:.3f} s of the notebook's own")


if __name__ == "__main__":
    main()
