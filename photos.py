"""A picture of a page in, the digits on it out, prepared by handwriting.py.

In five steps, each with a classic tool. The paper is found by its edges, and nothing
outside it counts. Ink is what stands out from the paper's own brightness nearby. Ruled
lines are paths of ink that run across the whole paper; they are taken out, except where
a stroke crosses them. Strokes that nearly touch are one mark. Marks stand in rows; one
that may be no single digit stays, with a doubt, and none is left out without a reason.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull

from common import Array
from handwriting import BOX, SIDE, normalise
from pictures import read_picture

MOST_DIGITS = 1000  # on a page

# Lengths on the page are parts of its longer side, unless the comment says otherwise.
SMALL = 64  # pixels: a smaller picture has no table, no shading and no ruled lines
OVERVIEW = 240  # pixels: the paper is looked for in a picture of this length
NEAR = 0.1  # the window of a median that removes thin strokes
WIDE_WINDOW = 0.5  # the window of a median that removes thick strokes, too
MOST_WINDOW = 10  # pixels: a wider median is taken of fewer pixels
PAPER_WINDOW = 0.06  # the same, where the paper's corners should stay sharp
STEP = 0.12  # of the brightness: a step this high is an edge
LEAST_PAPER = 0.1  # of the picture's area
LITTLE = 2e-4  # writing for its area: a region with less has no thin strokes
SOLID_NOTE = 0.85  # of the area of its outline, with its holes
AS_DENSE = 0.2  # of the paper's writing for its area: a region has as much
QUADRILATERAL = 0.78  # of a sheet's area lies between four of its points
MUCH_INK = 0.005  # mean square of 0..1: so much is more than shading
PAPER_LEVEL = 75  # percent: brighter than this part of the pixels nearby is paper
DARKEST_PAPER = 64  # contrast is relative to the paper, or to this if it is darker
THICK = 0.6  # of the darkest ink's contrast: so dark are only strokes and blots
LOCAL = 0.05  # the paper under thick ink is an average over this distance
FAINT = 0.12  # contrast below which nothing is ink
GRAIN = 0.0005  # the noise of the camera is smoothed over this distance

CELL = 6  # pixels along a line in which it may rise or fall by one
BRIDGE = 3  # cells: a line may be interrupted by less
LONG = 0.5  # a ruled line is at least this long
THROUGH = 0.94  # of the paper's width: so is a line on a narrow strip
LINE_INK = 0.07  # contrast: a ruled line may be so pale
LINE_WIDTH = 0.012  # a ruled line is at most this wide
MOSTLY = 0.4  # of its length: a line is that thin there, as no stroke crosses it
TO_THE_END = 0.03  # a ruled line comes this near to both ends of the paper, ...
PARALLEL = 3  # ... or there are so many of them
STRAIGHT = 9  # cells: a line's height is a median over so many
DARKER = 1.6  # times the line's own ink: darker ink on it is a stroke

# Lengths of marks are parts of the usual height of a digit, unless it says otherwise.
LEAST = 0.008  # of the page's longer side: a smaller mark is a speck
INK = 0.42  # of a mark's darkest ink: a stroke is at least that dark
PALE = 0.4  # of the usual ink: a paler mark is no writing
ALIKE = 1.5  # times: heights that differ by less may be digits of one hand
GAP = 0.07  # on either side: strokes this close are one digit
PIECE = 0.65  # what is lower than this may be a piece of the digit next to it ...
PIECE_GAP = 0.2  # ... if it is this near ...
WHOLE = 1.35  # ... and both together are at most this tall and wide
SPECK = 0.25  # what is smaller is no digit
DASH = 0.2  # nor is what is lower
LOW = 0.55  # a lower mark may be a letter
WIDE = 1.4  # a wider mark may be two digits that touch
TALL = 1.8  # a taller mark may be anything
THIN = 0.25  # of its length: a mark that is thinner than this ...
LINE = 3.0  # ... and longer than this is a line
SOLID = 0.85  # of its box: a mark that fills it may be a blot, ...
NARROW = 0.5  # ... unless it is a 1, narrower than this
SOFT_EDGE = 0.04  # the pen's soft edge belongs to the digit
SAME_ROW = 1 / 3  # of its height: two digits in one row overlap at least this much
MOST_NOTES = 20  # filled marks: so many may be notes with a digit on each
SIDEWAYS = 4  # digits: from so many on, most of them wider than tall is worth a note
EIGHT_CONNECTED = np.ones((3, 3))
AT_EDGE = "at the edge of the paper"
BLOT = "filled: is it a blot?"
TOO_MANY = f"more than {MOST_DIGITS} marks"
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth"]
ORDINALS += ["seventh", "eighth", "ninth", "tenth"]


class LeftOut(NamedTuple):
    """What is no digit: its left, top, right and bottom on the page, and why."""

    box: tuple[int, int, int, int]
    reason: str


class Sheet(NamedTuple):
    """The digits on a page (H, W) of bytes, in reading order.

    images (N, 784) are bytes; boxes (N, 4) are left, top, right and bottom of each
    digit in pixels of the page; doubts say why one may be no single digit, or nothing;
    places are as in "row 2, third"; notes are about the page as a whole.
    """

    page: Array
    images: Array
    boxes: Array
    doubts: list[str]
    places: list[str]
    left_out: list[LeftOut]
    notes: list[str]


class Line(NamedTuple):
    """A ruled line: its height y at each of its columns x, both (n,), and its width."""

    x: Array
    y: Array
    width: int


class Marks(NamedTuple):
    """The marks on a page: the number of its mark, 1..N or 0, at every pixel (H, W).

    boxes (N, 4) and doubts (N) are as in Sheet; usual is a digit's usual height.
    """

    numbers: Array
    boxes: Array
    doubts: list[str]
    left_out: list[LeftOut]
    usual: float


def read_sheet(path: str | Path, turn: int = 0) -> Sheet:
    """Find the digits on a picture that is turned by `turn` degrees clockwise first.

    Raises DataError if the file cannot be read.
    """
    return find(read_picture(path, turn))


def find(page: Array) -> Sheet:
    """Find the digits on a grey page (H, W) of bytes; prepare each as MNIST's are.

    Doubtful marks are among them. Any page will do; there may be no digit on it.
    """
    inside = find_paper(page)
    ink, light = find_ink(page, inside)
    cleared, lines = without_lines(ink, inside)
    marks = find_marks(cleared, inside)
    if lines and not marks.doubts:  # a single 1 may be as long as a line
        cleared = ink
        lines = []
        marks = find_marks(ink, inside)
    rows = rows_of(marks.boxes, marks.usual)
    order = [i for row in rows for i in row]
    images = [cut_out(cleared, marks, i) for i in order]
    doubts = [marks.doubts[i] for i in order]
    if is_prepared(page, light, len(order)):
        images = [page if light else 255 - page]
        doubts = [""]  # centred by its mass, it may touch the edge
    return Sheet(
        page,
        np.array(images, np.uint8).reshape(-1, SIDE * SIDE),
        marks.boxes[order],
        doubts,
        places_of(rows),
        [*lines, *marks.left_out],
        notes_of(marks, inside),
    )


def shrink(page: Array, length: float) -> Array:
    """Return a page (H, W) of bytes by averages (h, w), at most `length` long."""
    factor = int(np.ceil(max(page.shape) / length))
    return np.asarray(Image.fromarray(page).reduce(factor), np.float64)


def percentile(image: Array, part: float, percent: float = 50) -> Array:
    """Return a percentile (H, W) around each pixel of an image.

    The window is a part of the image's longer side; of a small image it is all of it.
    """
    if max(image.shape) < SMALL:
        return np.full(image.shape, np.percentile(image, percent))
    factor = round(part * max(image.shape) / MOST_WINDOW)
    factor = max(1, min(factor, min(image.shape) // MOST_WINDOW))
    coarse = image[factor // 2 :: factor, factor // 2 :: factor]
    window = max(3, round(part * max(coarse.shape)))
    size = [min(window, side) for side in coarse.shape]  # scipy's filter takes no more
    level = ndimage.percentile_filter(coarse, percent, size=size, mode="reflect")
    return enlarge(level, image.shape)


def enlarge(image: Array, shape: tuple[int, ...]) -> Array:
    """Return an image enlarged to a shape (H, W), with soft transitions."""
    small = Image.fromarray(image.astype(np.float32))
    large = small.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(large)


def find_paper(page: Array) -> Array:
    """Return which pixels (H, W) of a page are inside the sheet of paper.

    Without its ink, the picture falls into regions between edges. The one with the most
    writing is the paper, and so are others with as much writing for their area: the
    edge between them is a shadow's. Strokes that are too thick for that leave a hole in
    a note. If four corners do not describe the paper, everything is inside.
    """
    everything = np.ones(page.shape, bool)
    if min(page.shape) < SMALL:
        return everything
    small = shrink(page, OVERVIEW)
    flat = percentile(small, PAPER_WINDOW)
    regions, writing = written_regions(small, flat)
    areas = np.bincount(regions.ravel(), minlength=len(writing))
    writing[areas < LEAST_PAPER * small.size] = 0
    best = int(writing.argmax())
    density = writing / np.maximum(areas, 1)
    if density[best] > LITTLE:
        outline = hull((density >= AS_DENSE * density[best])[regions])
    else:
        outline = note_outline(regions, areas >= LEAST_PAPER * small.size)
    if not is_quadrilateral(outline):
        return everything
    scale = int(np.ceil(max(page.shape) / OVERVIEW))
    sheet = Image.new("1", page.shape[::-1])
    corners = [(float(x), float(y)) for x, y in scale * outline]
    ImageDraw.Draw(sheet).polygon(corners, fill=1)
    return ndimage.minimum_filter(np.array(sheet), 2 * scale + 1)


def written_regions(small: Array, flat: Array) -> tuple[Array, Array]:
    """Return the regions between edges, numbered (h, w), and the writing in each (R,).

    `flat` is the picture without its thin strokes: where they are, the two differ.
    """
    brightest = ndimage.maximum_filter(flat, 3)
    step = (brightest - ndimage.minimum_filter(flat, 3)) / (brightest + 1)
    edges = step > STEP
    regions, count = ndimage.label(~edges)
    contrast = (small - flat) / np.maximum(flat, DARKEST_PAPER)
    reach = round(PAPER_WINDOW * max(small.shape))  # so far, an edge's corners differ
    contrast[ndimage.maximum_filter(edges, reach)] = 0
    # Ink is on one side of the paper's brightness; the grain of wood is on both.
    signed = contrast * np.abs(contrast)
    writing = np.abs(np.bincount(regions.ravel(), signed.ravel(), count + 1))
    writing[0] = 0  # region 0 is the edges
    return regions, writing


def note_outline(regions: Array, large: Array) -> Array:
    """Return the smallest outline (n, 2) of a large region that is like a note.

    It is solid but for a hole, a thick digit. Returns no points if there is none.
    """
    notes = [np.zeros((0, 2))]
    for number in np.flatnonzero(large[1:]) + 1:
        region = regions == number
        filled = ndimage.binary_fill_holes(region)
        outline = hull(region)
        is_solid = filled.sum() > SOLID_NOTE * area(outline)
        if is_solid and filled.sum() > region.sum() and is_quadrilateral(outline):
            notes.append(outline)
    return min(notes[1:] or notes, key=area)


def hull(region: Array) -> Array:
    """Return the corners (n, 2), x and y, of the convex hull of a region's pixels."""
    pixels = np.argwhere(region)[:, ::-1]
    steps = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
    points = (pixels[:, None] + steps).reshape(-1, 2)
    return points[ConvexHull(points).vertices]


def area(corners: Array) -> float:
    """Return the area of a polygon (n, 2): half the sum of cross products."""
    x, y = corners.T
    return float(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)


def is_quadrilateral(outline: Array) -> bool:
    """Return whether four points of a convex outline (n, 2) span nearly its area.

    They are the outermost ones in four directions, a right angle apart.
    """
    areas = [0.0]
    if not len(outline):
        return False
    for angle in np.radians(np.arange(0, 90, 5)):
        along = outline @ [np.cos(angle), np.sin(angle)]
        across = outline @ [-np.sin(angle), np.cos(angle)]
        ends = [along.argmax(), across.argmax(), along.argmin(), across.argmin()]
        areas.append(area(outline[ends]))
    return max(areas) >= QUADRILATERAL * area(outline)


def find_ink(page: Array, inside: Array) -> tuple[Array, bool]:
    """Return how much each pixel of a page stands out as ink, (H, W) of 0..1.

    Also returns whether the ink is lighter than the paper. There is none outside.
    """
    small = shrink(page, OVERVIEW)
    known = shrink(np.uint8(255) * inside, OVERVIEW) == 255
    if not known.all():  # paint the paper over what is outside
        nearest = ndimage.distance_transform_edt(
            ~known, return_distances=False, return_indices=True
        )
        small = small[tuple(nearest)]
    light = is_light(small)
    if light:
        page = 255 - page
        small = 255 - small
    paper = enlarge(paper_level(small, float(page.min())), page.shape)
    ink = (paper - page) / np.maximum(paper, DARKEST_PAPER)
    ink = ndimage.gaussian_filter(ink, GRAIN * max(page.shape))
    return ink.clip(0, 1) * inside, light


def is_light(small: Array) -> bool:
    """Return whether the ink is lighter than the paper.

    The paper is the median of a wide window, in which even a thick marker covers less
    than half. Little ink may be shading there, and then a nearer median decides.
    """
    ink = signed_ink(small, WIDE_WINDOW)
    if abs(ink) < MUCH_INK:
        ink = signed_ink(small, NEAR)
    return ink < 0


def signed_ink(small: Array, window: float) -> float:
    """Return the mean square of what differs from a median: dark minus light."""
    darker = (percentile(small, window) - small) / 255
    return float(np.mean(darker * np.abs(darker)))


def paper_level(small: Array, darkest: float) -> Array:
    """Return the paper's brightness (h, w) everywhere, also under the dark ink.

    A median follows the shading, whatever its form. It does not see thin strokes; the
    thick ones, nearly as dark as the darkest ink, are replaced by the paper beside them
    before.
    """
    rough = percentile(small, WIDE_WINDOW, PAPER_LEVEL)
    if max(small.shape) < SMALL:
        return rough
    thick = rough - small > THICK * (rough - darkest)
    beside = ~ndimage.maximum_filter(thick, 5)
    distance = LOCAL * max(small.shape)
    weight = ndimage.gaussian_filter(beside.astype(np.float64), distance) + 0.01
    total = ndimage.gaussian_filter(np.where(beside, small, 0.0), distance)
    average = (total + 0.01 * rough) / weight  # far from any paper, the rough level
    return percentile(np.where(thick, average, small), NEAR)


def ruled_lines(mask: Array, inside: Array) -> list[Line]:
    """Return the ruled lines that run along the rows of a mask of ink (H, W).

    They are unbroken paths of ink, thin except where a stroke crosses them. They run
    through the whole paper; or they are long, and beside others.
    """
    widest = round(LINE_WIDTH * max(mask.shape))
    if widest < 2:
        return []
    cells = ink_cells(mask)
    width, height = (np.ptp(np.flatnonzero(inside.any(axis=k))) + 1 for k in (0, 1))
    long = LONG * max(width, height)
    least = int(min(long, THROUGH * width)) // CELL
    paths, _ = ndimage.label(path_lengths(cells) >= max(least, 1), EIGHT_CONNECTED)
    thick = ndimage.binary_opening(cells, np.ones((widest + 1, 1)))
    lines = []
    for number, place in enumerate(ndimage.find_objects(paths), 1):
        path = (paths[place] == number) & ~thick[place]
        if path.any(axis=0).mean() >= MOSTLY:
            top, left = (side.start for side in place)
            lines.append(trace(path, top, left, mask.shape[1]))
    through = [line for line in lines if runs_through(line, inside)]
    beside = [line for line in lines if len(line.x) >= long]
    return beside if len(beside) >= max(PARALLEL, len(through)) else through


def ink_cells(mask: Array) -> Array:
    """Return which cells of a row, `CELL` pixels long, are ink: (H, W / CELL).

    Short interruptions are closed.
    """
    rest = -mask.shape[1] % CELL
    parts = np.pad(mask, ((0, 0), (0, rest)), mode="edge").reshape(len(mask), -1, CELL)
    cells = (parts.sum(axis=2, dtype=np.uint8) >= CELL // 2).view(np.uint8)
    bridged = ndimage.maximum_filter1d(cells, BRIDGE, axis=1)
    return ndimage.minimum_filter1d(bridged, BRIDGE, axis=1) > 0


def path_lengths(cells: Array) -> Array:
    """Return the length of the longest path through each cell (H, n), or 0.

    From a column to the next, a path rises or falls by one row at most, so its slope is
    at most 1 / CELL: 9 degrees.
    """
    before = lengths_before(cells)
    after = lengths_before(cells[:, ::-1])[:, ::-1]
    return np.where(cells, before + after - 1, 0)


def lengths_before(cells: Array) -> Array:
    """Return the length of the longest path that ends in each cell (H, n), or 0."""
    lengths = np.zeros(cells.shape, np.int32)
    last = np.zeros(len(cells), np.int32)
    for column in range(cells.shape[1]):
        longest = ndimage.maximum_filter1d(last, 3)
        last = np.where(cells[:, column], longest + 1, 0)
        lengths[:, column] = last
    return lengths


def trace(path: Array, top: int, left: int, page_width: int) -> Line:
    """Return the line that a path of cells (h, n) follows.

    Where strokes hide it, it is interpolated; a median removes what is not straight.
    """
    columns = np.flatnonzero(path.any(axis=0))
    heights = path.sum(axis=0)[columns]
    middles = (np.arange(len(path)) @ path)[columns] / heights
    every = np.arange(path.shape[1])
    y = np.interp(every, columns, middles)
    y = ndimage.median_filter(y, STRAIGHT, mode="nearest")
    x = np.arange(left * CELL, min((left + path.shape[1]) * CELL, page_width))
    centres = (left + every + 0.5) * CELL - 0.5
    rows = np.round(top + np.interp(x, centres, y)).astype(int)
    return Line(x, rows, int(np.median(heights)))


def runs_through(line: Line, inside: Array) -> bool:
    """Return whether a line comes near to both ends of the paper in its direction."""
    margin = max(CELL // 2, round(TO_THE_END * inside.shape[1]))
    for end, beyond in ((0, -margin), (-1, margin)):
        x = line.x[end] + beyond
        y = line.y[end]
        if 0 <= x < inside.shape[1] and inside[y, x]:
            return False
    return True


def take_out(line: Line, ink: Array) -> None:
    """Set a line's ink (H, W) to 0, except where a stroke crosses it.

    There, the ink goes on above or below the line, or it is darker than the line.
    """
    half = line.width // 2 + 1
    level = np.median(ink[line.y, line.x])
    rows = line.y + np.arange(-half - 2, half + 3)[:, None]
    columns = np.broadcast_to(line.x, rows.shape)
    on_page = (rows >= 0) & (rows < len(ink))
    band = np.where(on_page, ink[rows.clip(0, len(ink) - 1), columns], 0)
    above = band[:2].min(axis=0) > FAINT
    below = band[-2:].min(axis=0) > FAINT
    gone = on_page & ~above & ~below & (band <= DARKER * level)
    gone[:2] = False
    gone[-2:] = False
    ink[rows[gone], columns[gone]] = 0


def without_lines(ink: Array, inside: Array) -> tuple[Array, list[LeftOut]]:
    """Return the ink without ruled lines, and the lines that were left out."""
    cleared = ink.copy()
    left_out = []
    for upright in (False, True):
        view = cleared.T if upright else cleared
        for line in ruled_lines(view > LINE_INK, inside.T if upright else inside):
            take_out(line, view)
            half = line.width // 2
            left = int(line.x[0])
            top = int(line.y.min()) - half
            right = int(line.x[-1]) + 1
            bottom = int(line.y.max()) + half + 1
            box = (top, left, bottom, right) if upright else (left, top, right, bottom)
            left_out.append(LeftOut(box, "a ruled line"))
    return cleared, left_out


def find_strokes(ink: Array) -> tuple[Array, list[LeftOut]]:
    """Return which pixels (H, W) are strokes, and what is too pale for writing.

    Each mark has its own darkest ink, and its strokes are nearly as dark.
    """
    faint = ink > FAINT
    labels, count = ndimage.label(faint, EIGHT_CONNECTED)
    darkest = np.zeros(count + 1)
    np.maximum.at(darkest, labels[faint], ink[faint])
    boxes = boxes_of(labels)
    sizes = size_of(boxes)
    large = sizes >= LEAST * max(ink.shape)
    pale = np.zeros(count + 1, bool)
    if large.any():
        usual = weighted_median(darkest[1:][large], sizes[large])
        pale = darkest < PALE * usual
    strokes = faint & (ink > INK * darkest[labels]) & ~pale[labels]
    seen = np.flatnonzero(large & pale[1:])
    return strokes, [left_out(boxes[i], "paler than the writing") for i in seen]


def weighted_median(values: Array, weights: Array) -> float:
    """Return the value (n,) that has half of the weight on either side."""
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(sums, sums[-1] / 2)])


def left_out(box: Array, reason: str) -> LeftOut:
    """Return what is left out, with its box as plain numbers."""
    left, top, right, bottom = box.tolist()
    return LeftOut((left, top, right, bottom), reason)


def boxes_of(numbers: Array) -> Array:
    """Return left, top, right and bottom (N, 4) of each mark, given their numbers."""
    places = ndimage.find_objects(numbers)
    boxes = [(x.start, y.start, x.stop, y.stop) for y, x in places]
    return np.array(boxes, int).reshape(-1, 4)


def size_of(boxes: Array) -> Array:
    """Return the longer side of each box (N, 4)."""
    return (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)


def find_marks(ink: Array, inside: Array) -> Marks:
    """Return the marks that may be digits, and what else there is."""
    strokes, out = find_strokes(ink)
    rim = inside & ~ndimage.minimum_filter(inside, 5, mode="constant", cval=0)
    numbers, usual = group(strokes, rim)
    boxes = boxes_of(numbers)
    inks = np.bincount(numbers.ravel())[1:].tolist()
    at_edge = at_rim(numbers, rim).tolist()
    kept: list[int] = []
    doubts = []
    for i, box in enumerate(boxes):
        reason, doubt = judge(box, inks[i], at_edge[i], usual, LEAST * max(ink.shape))
        if not reason and len(kept) == MOST_DIGITS:
            reason = TOO_MANY
        if reason:
            out.append(left_out(box, reason))
        else:
            kept.append(i)
            doubts.append(doubt)
    renumber = np.zeros(len(boxes) + 1, np.int32)
    renumber[np.array(kept, int) + 1] = np.arange(1, len(kept) + 1)
    return Marks(renumber[numbers], boxes[kept], doubts, out, usual)


def group(strokes: Array, rim: Array) -> tuple[Array, float]:
    """Return the number of its mark at every pixel (H, W) and a digit's usual height.

    Strokes that nearly touch are one mark, and pieces go to the digit beside them.
    """
    numbers, _ = ndimage.label(strokes, EIGHT_CONNECTED)
    usual = usual_height(numbers, rim)
    numbers = join_strokes(strokes, usual)
    usual = usual_height(numbers, rim)
    return attach_pieces(numbers, usual), usual


def at_rim(numbers: Array, rim: Array) -> Array:
    """Return which marks (N,) touch the rim of the paper or of the picture."""
    touches = np.zeros(int(numbers.max(initial=0)) + 1, bool)
    touches[numbers[rim]] = True
    return touches[1:]


def usual_height(numbers: Array, rim: Array) -> float:
    """Return the usual height of a digit: the one that most marks (H, W) have, nearly.

    Marks count by their height, since there may be many more specks than digits; those
    at the edge count if there are no others.
    """
    boxes = boxes_of(numbers)
    large = size_of(boxes) >= LEAST * max(numbers.shape)
    best = np.flatnonzero(large & ~at_rim(numbers, rim))
    if not len(best):
        best = np.flatnonzero(large)
    if not len(best):
        return float(max(numbers.shape))
    heights = np.sort(boxes[best, 3] - boxes[best, 1]).astype(np.float64)
    sums = np.concatenate([[0], np.cumsum(heights)])
    ends = np.searchsorted(heights, ALIKE * heights, side="right")
    lowest = int(np.argmax(sums[ends] - sums[:-1]))
    return float(np.median(heights[lowest : ends[lowest]]))


def join_strokes(mask: Array, usual: float) -> Array:
    """Return the number of its mark at every pixel: strokes that nearly touch are one.

    `usual` is the usual height of a digit.
    """
    reach = max(1, round(GAP * usual))
    joined, _ = ndimage.label(ndimage.maximum_filter(mask, 2 * reach + 1))
    joined[~mask] = 0
    return joined


def attach_pieces(numbers: Array, usual: float) -> Array:
    """Return the numbers (H, W) of marks with each piece given to the digit beside it.

    A piece is low, but no speck, and together with the digit it is no larger than one.
    """
    boxes = boxes_of(numbers)
    sizes = size_of(boxes)
    heights = boxes[:, 3] - boxes[:, 1]
    pieces = np.flatnonzero((heights < PIECE * usual) & (sizes >= SPECK * usual))
    owners = np.arange(len(boxes) + 1, dtype=np.int32)
    for piece in pieces[np.argsort(-sizes[pieces])]:
        low = np.minimum(boxes[:, :2], boxes[piece, :2])
        high = np.maximum(boxes[:, 2:], boxes[piece, 2:])
        own = boxes[:, 2:] - boxes[:, :2]
        gaps = (high - low - own - own[piece]).max(axis=1)
        fits = (heights >= PIECE * usual) & (gaps <= PIECE_GAP * usual)
        fits &= ((high - low) <= WHOLE * usual).all(axis=1)
        if fits.any():
            nearest = int(np.where(fits, gaps, np.inf).argmin())
            owners[piece + 1] = nearest + 1
            boxes[nearest] = [*low[nearest], *high[nearest]]
    renumber = np.unique(owners, return_inverse=True)[1].astype(np.int32)
    return renumber[numbers]


def judge(
    box: Array, ink: int, at_edge: bool, usual: float, least: float
) -> tuple[str, str]:
    """Return why a mark is left out, or nothing, and why it is doubtful, or nothing.

    `ink` is the number of its pixels, `least` the size of a speck.
    """
    width = (box[2] - box[0]) / usual
    height = (box[3] - box[1]) / usual
    long = max(width, height)
    as_large = LOW < height < TALL and width < WIDE
    filled = ink / (width * height * usual**2)
    out = {
        "a speck": long < SPECK or long * usual < least,
        AT_EDGE: at_edge and not as_large,
        "a line": long > LINE and min(width, height) < THIN * long,
        "a dash": height < DASH,
    }
    doubts = {
        f"{AT_EDGE}: is it whole?": at_edge,
        "wider than a digit: do two touch?": width > WIDE,
        "taller than the others: is it a digit?": height > TALL,
        "lower than the others: is it a digit?": height < LOW,
        BLOT: filled > SOLID and width > NARROW * height,
    }
    return first(out), first(doubts)


def first(cases: dict[str, bool]) -> str:
    """Return the first text that is true, or nothing."""
    return next((text for text, is_true in cases.items() if is_true), "")


def rows_of(boxes: Array, usual: float) -> list[list[int]]:
    """Return the numbers of boxes (N, 4) in rows from the top, each row from the left.

    A row may slope: from left to right, a box joins the row that it overlaps most in
    height, at the box of the row that is nearest, if it overlaps enough. Boxes that are
    too tall or too low for digits come last, since they may reach over several rows.
    """
    heights = boxes[:, 3] - boxes[:, 1]
    odd = (heights < LOW * usual) | (heights > TALL * usual)
    rows: list[list[int]] = []
    for i in np.lexsort((boxes[:, 0], odd)):
        overlaps = [overlap(boxes[i], boxes[row]) for row in rows]
        best = int(np.argmax(overlaps)) if rows else -1
        if rows and overlaps[best] > SAME_ROW:
            rows[best].append(int(i))
        else:
            rows.append([int(i)])
    rows.sort(key=lambda row: (boxes[row, 1] + boxes[row, 3]).mean())
    return [sorted(row, key=lambda i: boxes[i, 0]) for row in rows]


def overlap(box: Array, row: Array) -> float:
    """Return how far a box overlaps the nearest box of a row (n, 4) in height.

    It is a part of the lower one of the two.
    """
    nearest = row[np.abs(row[:, 0] - box[0]).argmin()]
    common = min(box[3], nearest[3]) - max(box[1], nearest[1])
    return float(common / min(box[3] - box[1], nearest[3] - nearest[1]))


def places_of(rows: list[list[int]]) -> list[str]:
    """Return where each mark stands: "row 2, third"."""
    places = []
    for number, row in enumerate(rows, 1):
        for k in range(len(row)):
            where = ORDINALS[k] if k < len(ORDINALS) else f"number {k + 1}"
            places.append(f"row {number}, {where}")
    return places


def cut_out(ink: Array, marks: Marks, number: int) -> Array:
    """Return one mark (28, 28), prepared with its pen's soft edge.

    Its own ink decides how bright it is.
    """
    soft = max(1, round(SOFT_EDGE * marks.usual))
    left, top, right, bottom = marks.boxes[number]
    rows = slice(max(top - soft, 0), bottom + soft)
    columns = slice(max(left - soft, 0), right + soft)
    numbers = marks.numbers[rows, columns]
    own = numbers == number + 1
    near = ndimage.maximum_filter(own, 2 * soft + 1) & (own | (numbers == 0))
    scale = 1 / np.percentile(ink[rows, columns][own], 90)
    digit = np.where(near, ink[rows, columns] * scale, 0).clip(0, 1)
    return normalise((255 * digit).astype(np.uint8))


def is_prepared(page: Array, light: bool, count: int) -> bool:
    """Return whether a page is one digit that was prepared as MNIST's were.

    It fills the box of 20 x 20 pixels, and its centre of mass is in the middle.
    """
    if page.shape != (SIDE, SIDE) or count != 1:
        return False
    image = page if light else 255 - page
    rows = np.flatnonzero(image.any(axis=1))
    columns = np.flatnonzero(image.any(axis=0))
    if max(np.ptp(rows), np.ptp(columns)) + 1 != BOX:
        return False
    centre = np.array(ndimage.center_of_mass(image))
    return bool((np.abs(centre - SIDE / 2) <= 1).all())


def notes_of(marks: Marks, inside: Array) -> list[str]:
    """Return what is worth saying about the page as a whole."""
    notes = []
    sizes = marks.boxes[:, 2:] - marks.boxes[:, :2]
    if len(sizes) >= SIDEWAYS and np.median(sizes[:, 0] / sizes[:, 1]) > 1:
        notes.append(
            "most marks are wider than tall; if the page lies on its side, "
            "add --turn 90"
        )
    reaching = [out.box for out in marks.left_out if out.reason == AT_EDGE]
    longest = size_of(np.array(reaching, int).reshape(-1, 4)).max(initial=0)
    if not inside.all():
        notes.append(
            "only the paper was read, not what is around it; if a digit is missing, "
            "crop the picture to the paper"
        )
    elif longest > LINE * marks.usual:
        notes.append(
            "something dark reaches the edge of the picture; if it is the table, "
            "crop the picture to the paper"
        )
    if any(out.reason == TOO_MANY for out in marks.left_out):
        notes.append(f"of more than {MOST_DIGITS} marks, the others are left out")
    filled = sum(doubt == BLOT for doubt in marks.doubts)
    if 2 * filled > len(marks.doubts) and filled <= MOST_NOTES:
        notes.append(
            "most marks are filled; if they are notes with a digit on each, crop the "
            "picture to one note at a time"
        )
    return notes
