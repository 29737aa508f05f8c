"""Make the points of Problems 2 and 3: `python data/make_points.py` writes set2.csv and set3.csv.

The course's own sets are lost. Ours are pinwheels: three arms of points around the origin. If the
arms are hardly twisted, a linear classifier separates them (set 2); if they are twisted further, it
cannot (set 3). README.md says how the seeds were chosen.
"""

from pathlib import Path
from typing import Any

import numpy as np

SET2: dict[str, Any] = {"N": 150, "K": 3, "twist": 0.7, "spread": 0.2}
SET3: dict[str, Any] = {"N": 240, "K": 3, "twist": 1.4, "spread": 0.2}
SEED2 = 1
SEED3 = 52
ROUNDING = 1e-4  # the files have four decimals


def pinwheel(
    rng: np.random.RandomState, N: int, K: int, twist: float, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return x (N, 2) and labels (N,): points on K arms.

    An arm's angle, in radians, grows by `twist` per unit of radius; `spread` is the standard
    deviation of the points' angles around it.
    """
    labels = np.arange(N) * K // N
    radius = rng.uniform(0.3, 2.0, N)
    angle = 2 * np.pi * labels / K + twist * radius + spread * rng.randn(N)
    directions = np.column_stack([np.cos(angle), np.sin(angle)])
    return radius[:, None] * directions, labels


def is_pinwheel(x: np.ndarray, labels: np.ndarray, seed: int, recipe: dict[str, Any]) -> bool:
    """Return whether points are the pinwheel of that seed and recipe, in the same order."""
    made, arms = pinwheel(np.random.RandomState(seed), **recipe)
    return np.array_equal(labels, arms) and np.allclose(x, made, rtol=0, atol=ROUNDING)


def write(name: str, x: np.ndarray, labels: np.ndarray) -> None:
    """Write a CSV file beside this one: x1 and x2 with four decimals, and the label."""
    lines = ["x1,x2,label\n"]
    for (x1, x2), label in zip(x, labels, strict=True):
        lines.append(f"{x1:.4f},{x2:.4f},{label}\n")
    Path(__file__).with_name(name).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write("set2.csv", *pinwheel(np.random.RandomState(SEED2), **SET2))
    write("set3.csv", *pinwheel(np.random.RandomState(SEED3), **SET3))
