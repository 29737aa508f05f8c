"""A photographed sheet of paper in, the digits on it out, prepared by handwriting.py.

In four steps, each with a classic tool: the paper's brightness is a wide median, so
that shading disappears; ink is what stands out from it; strokes that nearly touch are
one digit; and digits that overlap in height stand in one row. All sizes are in pixels
of the page as it is read, 1600 to 3200 along its longer side.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from common import Array, DataError
from handwriting import normalise

FORMATS = ("JPEG", "PNG", "WEBP")  # every further decoder is a further risk
JPEG_FORMATS = ("JPEG", "MPO")  # MPO: two JPEGs in one file, as phones write them
PAGE = 1600  # pixels: a page is read at this length, or up to twice it
MOST_PIXELS_JPEG = 60_000_000  # a JPEG is decompressed at a fraction of its size
MOST_PIXELS = 15_000_000  # the others in full
# Of a JPEG: each scan is decompressed over the whole picture. The video that some
# phones append to a photo contains such markers too, so there may be many.
MOST_SCANS = 1000
MOST_DIGITS = 1000  # on a sheet

SHRINK = 8  # the paper's brightness is measured on every eighth pixel
PAPER_WINDOW = 10  # the median's window is this part of the page's longer side
DARKEST_PAPER = 64  # contrast is relative to the paper, or to this if it is darker
FAINT = 0.12  # contrast below which nothing is ink
INK = 0.45  # of the darkest ink: a stroke is at least that dark
MARGIN = 0.02  # of the shorter side: what comes this near to the edge is the table
LONG = 0.5  # of the page: what is longer is a ruled line

SPECK = 0.4  # of the usual height: what is smaller is no digit
GAP = 0.07  # of the usual height, on either side: strokes this close are one digit
THIN = 0.5  # of the usual height: narrower than this ...
TALL = 1.8  # ... and taller than this, a mark is the paper's edge, not a digit
WIDE = 1.4  # of the usual height: a mark wider than this is two digits that touch
SOFT_EDGE = 0.04  # of the usual height: the pen's soft edge belongs to the digit
SAME_ROW = 1 / 3  # of its height: two digits in one row overlap at least this much
EIGHT_CONNECTED = np.ones((3, 3))


class Sheet(NamedTuple):
    """The digits on a page (H, W), in reading order.

    images (N, 784) are bytes; boxes (N, 4) are left, top, right and bottom of each
    digit.
    """

    page: Array
    images: Array
    boxes: Array


def read_sheet(path: str | Path) -> Sheet:
    """Find the digits on a photographed sheet and prepare each as MNIST's makers did.

    Raises DataError if the file is no photograph, if there is no ink on it, or if two
    digits seem to touch.
    """
    page = read_page(path)
    ink = contrast(page)
    numbers, boxes = find_digits(find_strokes(ink), path)
    if not len(boxes):
        raise DataError(
            f"{path}: expected digits written with a pen on paper, found no ink"
        )
    check_room(boxes, path)
    return Sheet(page, cut_out(ink, numbers, boxes), boxes)


def read_page(path: str | Path) -> Array:
    """Read a photograph or a scan: upright, grey, (H, W) of 0..255.

    Raises DataError if Pillow cannot read it or if it is too large.
    """
    path = Path(path)
    try:
        with Image.open(path, formats=FORMATS) as image:
            check_size(image, path)
            # A large JPEG is decompressed at a half, a quarter or an eighth.
            image.draft("L", (PAGE, PAGE))
            grey = to_grey(ImageOps.exif_transpose(image))
            return np.asarray(grey.reduce(max(1, max(grey.size) // PAGE)))
    except DataError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise unreadable(path, error) from error
    except Image.DecompressionBombError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> DataError:
    """Return the error for a file that Pillow cannot read."""
    formats = ", ".join(FORMATS)
    return DataError(f"{path}: expected a photograph as {formats}, found: {error}")


def check_size(image: Image.Image, path: Path) -> None:
    """Raise DataError for a picture that would take too much memory or time."""
    is_jpeg = image.format in JPEG_FORMATS
    most = MOST_PIXELS_JPEG if is_jpeg else MOST_PIXELS
    if image.width * image.height > most:
        raise DataError(
            f"{path}: expected at most {most} pixels, "
            f"found {image.width} x {image.height}"
        )
    scans = path.read_bytes().count(b"\xff\xda") if is_jpeg else 0
    if scans > MOST_SCANS:
        raise DataError(
            f"{path}: expected at most {MOST_SCANS} scans in a JPEG, found {scans}"
        )


def to_grey(image: Image.Image) -> Image.Image:
    """Return a picture of any mode as grey; what is transparent becomes white paper."""
    if image.mode.startswith("I"):  # 16 bits per pixel
        high_bytes = (np.asarray(image) >> 8).clip(0, 255)
        image = Image.fromarray(high_bytes.astype(np.uint8))
    elif image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    return image.convert("L")


def contrast(page: Array) -> Array:
    """Return how much each pixel of a grey page (H, W) stands out as ink, 0..1.

    Ink is darker than the paper or lighter, whichever has the stronger contrast in all:
    dark on light, or light on dark.
    """
    small = page[::SHRINK, ::SHRINK].astype(np.float64)
    window = max(3, max(small.shape) // PAPER_WINDOW)
    paper = ndimage.median_filter(small, size=window, mode="nearest")
    zoom = np.array(page.shape) / paper.shape
    paper = ndimage.zoom(paper, zoom, order=1, mode="nearest", grid_mode=True)
    darker = (paper - page) / np.maximum(paper, DARKEST_PAPER)
    lighter = (page - paper) / np.maximum(255 - paper, DARKEST_PAPER)
    ink = max(darker, lighter, key=lambda side: np.square(side.clip(0, 1)).sum())
    return ink.clip(0, 1)


def find_strokes(ink: Array) -> Array:
    """Return which pixels (H, W) are pen strokes.

    They are nearly as dark as the darkest ink, not part of a long line, and not at the
    edge of the picture.
    """
    dark = ink[ink > FAINT]
    if not len(dark):
        return np.zeros(ink.shape, bool)
    mask = ink > max(FAINT, INK * np.percentile(dark, 95))
    labels, _ = ndimage.label(mask, EIGHT_CONNECTED)
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        part = labels[rows, columns] == number
        bottom = ink.shape[0] - rows.stop
        right = ink.shape[1] - columns.stop
        to_edge = min(rows.start, columns.start, bottom, right)
        length = max(np.array(part.shape) / ink.shape)
        if to_edge < MARGIN * min(ink.shape) or length > LONG:
            mask[rows, columns][part] = False
    return mask


def find_digits(mask: Array, path: str | Path = "page") -> tuple[Array, Array]:
    """Return where the digits of a mask of strokes are.

    The first array (H, W) has the number of its digit, 1..N, at every pixel, else 0;
    the second is the boxes (N, 4). Raises DataError if they are too many.
    """
    pieces, _ = ndimage.label(mask, EIGHT_CONNECTED)
    places = ndimage.find_objects(pieces)
    heights = np.array([rows.stop - rows.start for rows, _ in places])
    if not len(heights):
        return pieces, np.zeros((0, 4), int)
    usual = float(np.median(heights[heights > SPECK * heights.max()]))
    joined = join_strokes(mask, usual)
    boxes = boxes_of(joined)
    digits = np.flatnonzero(are_digits(boxes, usual))
    if len(digits) > MOST_DIGITS:
        raise DataError(
            f"{path}: expected at most {MOST_DIGITS} digits on a sheet, "
            f"found {len(digits)} marks"
        )
    digits = digits[reading_order(boxes[digits])]
    numbers = np.zeros(len(boxes) + 1, int)
    numbers[digits + 1] = np.arange(1, len(digits) + 1)
    return numbers[joined], boxes[digits]


def join_strokes(mask: Array, usual: float) -> Array:
    """Return the number of its mark at every pixel: strokes that nearly touch are one.

    `usual` is the usual height of a digit.
    """
    reach = max(1, round(GAP * usual))
    joined, _ = ndimage.label(ndimage.maximum_filter(mask, 2 * reach + 1))
    joined[~mask] = 0
    return joined


def boxes_of(numbers: Array) -> Array:
    """Return left, top, right and bottom (N, 4) of each mark, given their numbers."""
    places = ndimage.find_objects(numbers)
    boxes = [(x.start, y.start, x.stop, y.stop) for y, x in places]
    return np.array(boxes)


def are_digits(boxes: Array, usual: float) -> Array:
    """Return which marks (N,) are digits by their size, not specks or an edge."""
    widths = boxes[:, 2] - boxes[:, 0]
    heights = boxes[:, 3] - boxes[:, 1]
    is_speck = np.maximum(widths, heights) <= SPECK * usual
    is_edge = (widths < THIN * usual) & (heights > TALL * usual)
    return ~is_speck & ~is_edge


def reading_order(boxes: Array) -> list[int]:
    """Return the order of boxes (N, 4): in rows from the top, each row from the left.

    A row may slope: from left to right, a box joins the row whose last box it overlaps
    most in height, if it overlaps enough.
    """
    rows: list[list[int]] = []
    for i in np.argsort(boxes[:, 0], kind="stable"):
        top = boxes[i, 1]
        bottom = boxes[i, 3]
        lasts = [boxes[row[-1]] for row in rows]
        overlaps = [min(bottom, last[3]) - max(top, last[1]) for last in lasts]
        best = int(np.argmax(overlaps)) if rows else -1
        if rows and overlaps[best] > SAME_ROW * (bottom - top):
            rows[best].append(int(i))
        else:
            rows.append([int(i)])
    rows.sort(key=lambda row: boxes[row, 1].mean())
    return [i for row in rows for i in row]


def check_room(boxes: Array, path: str | Path) -> None:
    """Raise DataError if a digit is so large that it must be two that touch."""
    widths = boxes[:, 2] - boxes[:, 0]
    heights = boxes[:, 3] - boxes[:, 1]
    usual = np.median(heights)
    too_large = (widths > WIDE * usual) | (heights > TALL * usual)
    if too_large.any():
        i = int(too_large.argmax())
        raise DataError(
            f"{path}, digit {i + 1}: expected room around each digit, found one of "
            f"{widths[i]} x {heights[i]} pixels where most are {usual:.0f} tall; "
            "do two touch?"
        )


def cut_out(ink: Array, numbers: Array, boxes: Array) -> Array:
    """Return the digits (N, 784), prepared one by one with their pen's soft edge."""
    scale = 1 / np.percentile(ink[numbers > 0], 90)
    usual = np.median(boxes[:, 3] - boxes[:, 1])
    soft = max(1, round(SOFT_EDGE * usual))
    near = ndimage.maximum_filter(numbers, 2 * soft + 1)
    images = []
    for number, (left, top, right, bottom) in enumerate(boxes, 1):
        rows = slice(max(top - soft, 0), bottom + soft)
        columns = slice(max(left - soft, 0), right + soft)
        strokes = near[rows, columns] == number
        digit = np.where(strokes, ink[rows, columns] * scale, 0).clip(0, 1)
        images.append(normalise((255 * digit).astype(np.uint8)).ravel())
    return np.array(images)
