"""Drawings in, 28 x 28 images out, prepared as MNIST's makers prepared theirs.

Source of the recipe: yann.lecun.com/exdb/mnist: the digit is fitted into a 20 x 20 box, its proportions kept, and
placed in a 28 x 28 field so that its centre of mass stands in the middle. Ink is 255, paper is 0.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from common import DataError

BOX, SIDE = 20, 28
CANVAS_SCALE = 4  # pixels of the drawing a unit of the stroke's coordinates


def smooth(points: np.ndarray, rounds: int = 3) -> np.ndarray:
    """Round the corners of a stroke (n, 2) by Chaikin's cutting; a point written twice stays a corner."""
    for _ in range(rounds):
        first, second = points[:-1], points[1:]
        cut = np.stack([0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second], axis=1).reshape(-1, 2)
        points = np.vstack([points[:1], cut, points[-1:]])
    return points


def render(strokes: list[np.ndarray], pen: float) -> np.ndarray:
    """Draw strokes, lists of points (x to the right, y down), with a round pen of that width; return a large image."""
    low = np.vstack(strokes).min(axis=0) - pen
    size = np.ceil((np.vstack(strokes).max(axis=0) + pen - low) * CANVAS_SCALE).astype(int)
    image = Image.new("L", (int(size[0]), int(size[1])))
    draw = ImageDraw.Draw(image)
    radius = pen * CANVAS_SCALE / 2
    for stroke in strokes:
        line = (smooth(stroke) - low) * CANVAS_SCALE
        draw.line([tuple(point) for point in line], fill=255, width=round(2 * radius))
        for x, y in line:  # a round pen: it fills the joints and the ends
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(image)


def normalise(image: np.ndarray) -> np.ndarray:
    """Return an image (H, W) of bytes, ink bright on 0, as MNIST would have it: (28, 28) bytes.

    Raises DataError when there is no ink; the message says what was expected.
    """
    rows, columns = (np.flatnonzero((image > image.max() * 0.1).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise DataError("ink, a pen that is wide enough to be seen")
    digit = Image.fromarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = BOX / max(digit.size)
    width, height = (max(1, round(scale * side)) for side in digit.size)
    box = np.asarray(digit.resize((width, height), Image.Resampling.BOX))
    centre = np.array(ndimage.center_of_mass(box))
    top, left = np.clip(np.round(SIDE / 2 - centre).astype(int), 0, [SIDE - height, SIDE - width])
    field = np.zeros((SIDE, SIDE), np.uint8)
    field[top : top + height, left : left + width] = box
    return field


def _image(item: Any) -> tuple[int, np.ndarray]:
    """Check one entry of a strokes file and return its digit and image; raises ValueError."""
    if not isinstance(item, dict) or type(item.get("digit")) is not int or item["digit"] not in range(10):
        raise ValueError("a digit 0 to 9")
    pen: Any = item.get("pen")
    if type(pen) not in (int, float) or not 0 < pen <= 50:
        raise ValueError("a pen of 0 to 50 wide")
    try:
        strokes = [np.array(stroke, dtype=np.float64) for stroke in item["strokes"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        strokes = []
    if not strokes or not all(s.ndim == 2 and s.shape[1] == 2 and (np.abs(s) <= 1000).all() for s in strokes):
        raise ValueError("strokes, lists of [x, y] points within 1000")
    return item["digit"], normalise(render(strokes, pen))


def read_strokes(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a strokes file: images (N, 784) of bytes and labels (N,). Raises DataError.

    The file is a list of {"digit": 7, "pen": 10, "strokes": [[[x, y], ...], ...]}.
    """
    path = Path(path)
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected a JSON list of drawn digits, found: {error}") from error
    if not isinstance(items, list) or not items:
        raise DataError(f"{path}: expected a JSON list of drawn digits, found {type(items).__name__} {str(items)[:20]}")
    labels, images = [], []
    for number, item in enumerate(items, 1):
        try:
            label, image = _image(item)
        except ValueError as error:
            raise DataError(f"{path}, digit {number}: expected {error}, found {str(item)[:60]!r}") from error
        labels.append(label)
        images.append(image.ravel())
    return np.array(images), np.array(labels)
