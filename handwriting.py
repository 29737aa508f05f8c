"""Drawings and photographs in, 28 x 28 images out, prepared as MNIST's makers prepared theirs.

Source of the recipe: yann.lecun.com/exdb/mnist: the digit is fitted into a 20 x 20 box, its proportions kept, and
placed in a 28 x 28 field so that its centre of mass stands in the middle. Ink is 255, paper is 0.

A sheet is read by classic steps: the paper's brightness by a wide median, the ink by its contrast to it, digits by
connected components, rows by overlap. Its sizes are pixels of the page as it is read.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageOps
from scipy import ndimage

from common import DataError, write_results

BOX, SIDE = 20, 28
CANVAS_SCALE = 4  # pixels of the drawing a unit of the stroke's coordinates
FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 60_000_000  # of a JPEG, which is unpacked at a fraction; a quarter of it of others
MOST_SCANS = 1000  # of a JPEG: each is unpacked over the whole picture; a film behind a photograph looks like some
MOST_DIGITS, MOST_POINTS = 1000, 10_000  # on a sheet; in a drawing
PAGE = 1600  # a page is read at this length or up to twice it: enough for a pen
FAINT = 0.12  # contrast below which nothing is ink


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
    ink = image > image.max() * 0.1
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
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


def _drawn(item: dict[str, Any]) -> np.ndarray:
    """Return the image of pen strokes; raises ValueError with what was expected."""
    pen: Any = item.get("pen")
    if type(pen) not in (int, float) or not 0 < pen <= 50:
        raise ValueError("a pen of 0 to 50 wide")
    try:
        strokes = [np.array(stroke, dtype=np.float64) for stroke in item["strokes"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        strokes = []
    if sum(stroke.size for stroke in strokes) > 2 * MOST_POINTS:
        raise ValueError(f"strokes of at most {MOST_POINTS} points together")
    if not strokes or not all(s.ndim == 2 and s.shape[1] == 2 and (np.abs(s) <= 1000).all() for s in strokes):
        raise ValueError("strokes, lists of [x, y] points within 1000")
    return normalise(render(strokes, pen))


def digit_image(item: Any) -> tuple[int, np.ndarray]:
    """Check one entry of a digits file and return its digit and image; raises ValueError with what was expected."""
    if not isinstance(item, dict) or type(item.get("digit")) is not int or item["digit"] not in range(10):
        raise ValueError("a digit 0 to 9")
    if "image" not in item:
        return item["digit"], _drawn(item)
    try:
        return item["digit"], np.frombuffer(bytes.fromhex("".join(item["image"])), np.uint8).reshape(SIDE, SIDE)
    except (TypeError, ValueError):
        raise ValueError("an image, 28 rows of 28 bytes in hexadecimal") from None


def digit_items(path: str | Path) -> list[Any]:
    """Read the entries of a file of own digits, not checked yet. Raises DataError."""
    path = Path(path)
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected a JSON list of own digits, found: {error}") from error
    if not isinstance(items, list):
        raise DataError(f"{path}: expected a JSON list of own digits, found {type(items).__name__} {str(items)[:20]}")
    return items


def read_digits(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a file of own digits: images (N, 784) of bytes and labels (N,). Raises DataError.

    The file is a list of {"digit": 7, "pen": 10, "strokes": [[[x, y], ...], ...]} and of {"digit": 7, "image": [...]},
    28 rows of 28 bytes in hexadecimal.
    """
    items = digit_items(path)
    if not items:
        raise DataError(f"{path}: expected a JSON list of own digits, found list []")
    labels, images = [], []
    for number, item in enumerate(items, 1):
        try:
            label, image = digit_image(item)
        except ValueError as error:
            raise DataError(f"{path}, digit {number}: expected {error}, found {str(item)[:60]!r}") from error
        labels.append(label)
        images.append(image.ravel())
    return np.array(images), np.array(labels)


def write_digits(path: str | Path, images: np.ndarray, labels: list[int]) -> None:
    """Write images (N, 784) of bytes and their labels as a file for `read_digits`, whole or not at all."""
    rows = [[row.tobytes().hex() for row in image.reshape(SIDE, SIDE)] for image in images]
    write_results(path, [{"digit": label, "image": image} for label, image in zip(labels, rows, strict=True)])


class Sheet(NamedTuple):
    """The digits of a page (H, W) in reading order: images (N, 784), boxes (N, 4) of left, top, right, bottom."""

    page: np.ndarray
    images: np.ndarray
    boxes: np.ndarray


def read_page(path: str | Path) -> np.ndarray:
    """Read a photograph or scan, upright and grey: (H, W) of 0..255. Raises DataError."""
    path = Path(path)
    try:
        with Image.open(path, formats=FORMATS) as image:
            jpeg = image.format in ("JPEG", "MPO")  # MPO: two JPEGs in a file, as telephones write
            most = MOST_PIXELS if jpeg else MOST_PIXELS // 4
            if image.width * image.height > most:
                raise DataError(f"{path}: expected at most {most} pixels, found {image.width} x {image.height}")
            if jpeg and (scans := path.read_bytes().count(b"\xff\xda")) > MOST_SCANS:
                raise DataError(f"{path}: expected at most {MOST_SCANS} scans in a JPEG, found {scans}")
            image.draft("L", (PAGE, PAGE))  # a large JPEG is unpacked at a half, a quarter or an eighth
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I"):  # 16 bits a pixel
                upright = Image.fromarray((np.asarray(upright) >> 8).clip(0, 255).astype(np.uint8))
            elif upright.has_transparency_data:
                upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright.convert("RGBA"))
            grey = upright.convert("L")
            return np.asarray(grey.reduce(max(1, max(grey.size) // PAGE)))
    except DataError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: expected a photograph as {', '.join(FORMATS)}, found: {error}") from error


def contrast(page: np.ndarray) -> np.ndarray:
    """Return how much each pixel of a grey page (H, W) stands out as ink: (H, W) of 0..1.

    The paper is a wide median, so shading goes; ink is the rarer side of it, dark on light or light on dark.
    """
    small = page[::8, ::8].astype(np.float64)
    paper = ndimage.median_filter(small, size=max(3, max(small.shape) // 10), mode="nearest")
    paper = ndimage.zoom(paper, np.array(page.shape) / paper.shape, order=1, mode="nearest", grid_mode=True)
    darker = (paper - page) / np.maximum(paper, 64)
    lighter = (page - paper) / np.maximum(255 - paper, 64)
    return max((darker, lighter), key=lambda side: np.square(side.clip(0, 1)).sum()).clip(0, 1)


def strokes_of(ink: np.ndarray) -> np.ndarray:
    """Return which pixels are pen strokes, (H, W) bool: nearly as dark as the darkest, no long line, off the edge."""
    dark = ink[ink > FAINT]
    mask = ink > max(FAINT, 0.45 * np.percentile(dark, 95)) if len(dark) else np.zeros(ink.shape, bool)
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        part = labels[rows, columns] == number
        ends = (rows.start, columns.start, ink.shape[0] - rows.stop, ink.shape[1] - columns.stop)
        if min(ends) < 0.02 * min(ink.shape) or max(np.array(part.shape) / ink.shape) > 0.5:  # the table; a ruled line
            mask[rows, columns][part] = False
    return mask


def find_digits(mask: np.ndarray, name: str | Path = "page") -> tuple[np.ndarray, np.ndarray]:
    """Return a label image (H, W), numbered as the boxes (N, 4), of the digits in a mask of strokes.

    Strokes that nearly touch are one digit; what is far smaller than the others is a speck. Raises DataError, which
    names the page, if they are too many.
    """
    pieces, _ = ndimage.label(mask, np.ones((3, 3)))
    heights = np.array([rows.stop - rows.start for rows, _ in ndimage.find_objects(pieces)])
    if not len(heights):
        return pieces, np.zeros((0, 4), int)
    usual = np.median(heights[heights > 0.4 * heights.max()])
    reach = max(1, round(0.07 * usual))  # closes gaps of a seventh of a digit's height
    joined, _ = ndimage.label(ndimage.maximum_filter(mask, 2 * reach + 1))
    joined[~mask] = 0
    boxes = [(c.start, r.start, c.stop, r.stop) for r, c in ndimage.find_objects(joined)]
    sides = [(right - left, bottom - top) for left, top, right, bottom in boxes]
    large = [i for i, (wide, tall) in enumerate(sides) if max(wide, tall) > 0.4 * usual]
    large = [i for i in large if not (sides[i][0] < 0.5 * usual and sides[i][1] > 1.8 * usual)]  # the paper's edge
    if len(large) > MOST_DIGITS:
        raise DataError(f"{name}: expected at most {MOST_DIGITS} digits on a sheet, found {len(large)} marks")
    order = reading_order(np.array([boxes[i] for i in large]))
    number = np.zeros(len(boxes) + 1, int)
    number[[large[i] + 1 for i in order]] = np.arange(1, len(large) + 1)
    return number[joined], np.array([boxes[large[i]] for i in order])


def reading_order(boxes: np.ndarray) -> list[int]:
    """Return the order of boxes (N, 4) in rows from the top, each from the left; a row may slope.

    From left to right, a box joins the row whose last box it overlaps most in height, if by a third at least.
    """
    rows: list[list[int]] = []
    for i in np.argsort(boxes[:, 0], kind="stable"):
        _, top, _, bottom = boxes[i]
        shared = [min(bottom, boxes[row[-1]][3]) - max(top, boxes[row[-1]][1]) for row in rows]
        best = int(np.argmax(shared)) if shared else -1
        if shared and shared[best] > (bottom - top) / 3:
            rows[best].append(int(i))
        else:
            rows.append([int(i)])
    return [i for row in sorted(rows, key=lambda row: boxes[row, 1].mean()) for i in row]


def read_sheet(path: str | Path) -> Sheet:
    """Find the digits on a photographed sheet of paper and prepare each as MNIST's makers did.

    Raises DataError when the file is no photograph, holds no ink, or two digits seem to touch.
    """
    page = read_page(path)
    ink = contrast(page)
    numbers, boxes = find_digits(strokes_of(ink), path)
    if not len(boxes):
        raise DataError(f"{path}: expected digits written with a pen on paper, found no ink")
    widths = boxes[:, 2] - boxes[:, 0]
    heights = boxes[:, 3] - boxes[:, 1]
    tall = np.median(heights)
    for i in np.flatnonzero((widths > 1.4 * tall) | (heights > 1.8 * tall)):
        found = f"one of {widths[i]} x {heights[i]} pixels where most are {tall:.0f} tall (two that touch?)"
        raise DataError(f"{path}, digit {i + 1}: expected room around each digit, found {found}")
    scale = 1 / np.percentile(ink[numbers > 0], 90)
    soft = max(1, round(0.04 * tall))  # the pen's soft edge belongs to the digit
    near = ndimage.maximum_filter(numbers, 2 * soft + 1)
    cuts = []
    for number, (left, top, right, bottom) in enumerate(boxes, 1):
        rows, columns = slice(max(top - soft, 0), bottom + soft), slice(max(left - soft, 0), right + soft)
        digit = np.where(near[rows, columns] == number, ink[rows, columns] * scale, 0).clip(0, 1)
        cuts.append(normalise((255 * digit).astype(np.uint8)).ravel())
    return Sheet(page, np.array(cuts), boxes)
