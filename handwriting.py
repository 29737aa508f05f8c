"""One handwritten digit: pen strokes or a drawing in, a 28 x 28 image like MNIST's out.

MNIST's makers fitted every digit into a box of 20 x 20 pixels, kept its proportions,
and placed it in a field of 28 x 28 so that its centre of mass is in the middle. A
classifier that looks at single pixels reads only digits that are prepared in the same
way. Source: yann.lecun.com/exdb/mnist. Strokes that are thinner than nearly all of
MNIST's are widened before. Ink is 255, paper is 0.
"""

import json
import math
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from common import ROOT, Array, DataError, Network
from results import write_json

TYPED = ROOT / "data/handwritten/strokes.json"  # forty digits, typed for this project
MINE = ROOT / "data/handwritten/mine"  # a student's own
AT_LEAST = 15  # so many images of one's own the homework asks for

BOX = 20  # pixels: the digit fits into such a square
SIDE = 28  # pixels: the image
INKED = 64  # of 255: a set's pixel with more is ink
MOST_LOOKED_AT = 2000  # images, to see where a set's ink lies
CANVAS_SCALE = 4  # pixels per unit of a stroke's coordinates, while it is drawn
DEFORMED_SCALE = 2  # pixels per pixel of an image, while it is deformed
FAINT = 0.1  # of the brightest pixel: less is no ink
# In pixels of the box: 15 of MNIST's 10 000 test images have thinner strokes.
THIN = 1.25
USUAL = 2.0  # pixels of the box: thin strokes become that wide; MNIST's median is 2.2
COARSE = 2  # times the box: the size at which strokes are measured
FINE = 4  # times the box: the size at which they are widened
SOURCES = ("page", "file", "pad")  # several digits, a picture of one, a drawing
CONTACT_SHEET = ".sheet.png"  # a picture that ends so shows how digits were found
MOST_PEN = 50  # units
MOST_POINTS = 10_000  # in one digit
MOST_COORDINATE = 1000  # units, either way
CHANGES = {  # of images (N, 28, 28), as other sets than MNIST show theirs
    "": lambda images: images,
    "transposed": lambda images: images.transpose(0, 2, 1),
    "mirrored": lambda images: images[:, :, ::-1],
    "upside down": lambda images: images[:, ::-1],
    "inverted": lambda images: 255 - images,
}

TURN = 10  # degrees: how far a deformed digit is turned at most, either way
SLANT = 0.2  # of its height: how far its top is pushed aside at most, either way
JITTER = 0.02  # of its size: how far a point strays at most, along either axis
PEN_CHANGE = 0.25  # how much wider or narrower the pen gets at most


def smooth(points: Array, rounds: int = 3) -> Array:
    """Round the corners of a stroke (n, 2) by Chaikin's corner cutting.

    Each round replaces a corner by two points, a quarter of the way along its two
    sides. A point that is written twice stays a corner.
    """
    for _ in range(rounds):
        start = points[:-1]
        end = points[1:]
        quarters = [0.75 * start + 0.25 * end, 0.25 * start + 0.75 * end]
        cut = np.stack(quarters, axis=1).reshape(-1, 2)
        points = np.vstack([points[:1], cut, points[-1:]])
    return points


def render(strokes: list[Array], pen: float) -> Array:
    """Draw strokes with a round pen: an image of bytes, large and close-cropped.

    A stroke (n, 2) is a list of points, x to the right and y down; `pen` is the width
    of the line in the same units.
    """
    points = np.vstack(strokes)
    low = points.min(axis=0) - pen
    high = points.max(axis=0) + pen
    width, height = np.ceil((high - low) * CANVAS_SCALE).astype(int)
    image = Image.new("L", (int(width), int(height)))
    draw = ImageDraw.Draw(image)
    radius = pen * CANVAS_SCALE / 2
    for stroke in strokes:
        line = (smooth(stroke) - low) * CANVAS_SCALE
        draw.line(line.ravel().tolist(), fill=255, width=round(2 * radius))
        for x, y in line.tolist():  # the round pen: it fills the joints and the ends
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(image)


def normalise(image: Array) -> Array:
    """Prepare an image (H, W) of bytes, bright ink on 0, as MNIST's makers did.

    Thin strokes are widened. Returns an image (28, 28). Raises DataError if there is no
    ink.
    """
    digit = fit(widened(crop(image)), BOX)
    top, left = corner(digit)
    height, width = digit.shape
    field = np.zeros((SIDE, SIDE), np.uint8)
    field[top : top + height, left : left + width] = digit
    return field


def fitter(images: Array) -> Callable[[Array], Array]:
    """Return a function that makes prepared digits (N, 784) look like a set's images.

    `images` (N, H, W) are the set's. The digits get their size, and the box of 20 x 20
    pixels in which they lie gets the share of it that the set's ink takes.
    """
    height, width = images.shape[1:]
    if (height, width) == (SIDE, SIDE):
        return lambda digits: digits
    tall, wide = (BOX / share for share in ink_shares(images))  # of the field to keep
    margin = math.ceil(max(tall, wide, SIDE))
    middle = SIDE / 2 + margin
    kept = (middle - wide / 2, middle - tall / 2, middle + wide / 2, middle + tall / 2)

    def fitted(digits: Array) -> Array:
        """Cut or extend the field of each digit and resize it: (N, H * W)."""
        fields = np.pad(
            digits.reshape(-1, SIDE, SIDE), [(0, 0), *[(margin, margin)] * 2]
        )
        pictures = [
            Image.fromarray(field).resize(
                (width, height), Image.Resampling.BILINEAR, box=kept
            )
            for field in fields
        ]
        return np.array([np.asarray(picture).ravel() for picture in pictures])

    return fitted


def ink_shares(images: Array) -> tuple[float, float]:
    """Return which share of the height and of the width a set's ink takes, at most 1.

    99 of 100 images (N, H, W) do not exceed it.
    """
    shares = []
    for axis in (2, 1):
        inked = np.any(images[:MOST_LOOKED_AT] > INKED, axis=axis)
        side = inked.shape[1]
        last = side - inked[:, ::-1].argmax(axis=1)
        extent = np.where(inked.any(axis=1), last - inked.argmax(axis=1), 0)
        most = float(np.percentile(extent, 99))
        if most < side:  # the pixels at its ends are half inked
            most -= 0.5
        shares.append(max(1, most) / side)
    return shares[0], shares[1]


def fit(digit: Array, side: int) -> Array:
    """Resize a digit so that its longer side has `side` pixels."""
    image = Image.fromarray(digit)
    scale = side / max(image.size)
    width = max(1, round(scale * image.width))
    height = max(1, round(scale * image.height))
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))


def widened(digit: Array) -> Array:
    """Return a close-cropped digit, its strokes widened if they are thin.

    Shrunk into the box as they are, thin strokes would come out pale, and the weights
    of a classifier beside them would meet no ink.
    """
    width = stroke_width(digit)
    if width >= THIN:
        return digit
    radius = FINE * (USUAL - width) / 2
    reach = math.ceil(radius)
    offsets = np.arange(-reach, reach + 1)
    disc = np.hypot(offsets, offsets[:, None]) <= radius
    room = np.pad(fit(digit, FINE * BOX), reach)
    return crop(ndimage.grey_dilation(room, footprint=disc))


def stroke_width(digit: Array) -> float:
    """Return how wide the strokes of a close-cropped digit are, in pixels of the box.

    A stroke of length l and width w covers l w and has two edges of length l, so w is
    twice its ink by the length of its edges. That length is the sum of the gradient's
    magnitudes, here by Roberts' cross, and a brighter digit has more of both. Noise is
    taken for edges, so the digit is made small first.
    """
    small = fit(digit, COARSE * BOX)
    height, width = small.shape
    ink = np.zeros((height + 2, width + 2), np.float32)
    ink[1:-1, 1:-1] = small
    falling = ink[1:, 1:] - ink[:-1, :-1]
    rising = ink[1:, :-1] - ink[:-1, 1:]
    edges = np.sqrt((falling**2 + rising**2) / 2).sum()
    return float(2 * ink.sum() / edges) / COARSE


def crop(image: Array) -> Array:
    """Return the part of an image that has ink. Raises DataError if there is none."""
    ink = image > image.max() * FAINT
    rows = np.flatnonzero(ink.any(axis=1))
    columns = np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        raise DataError("the image is blank: no ink was found; draw with a wider pen")
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def corner(box: Array) -> tuple[int, int]:
    """Return top and left of a box whose centre of mass is in the middle of the field.

    MNIST's makers put it on pixel 14, counted from 0, and not between 13 and 14: half a
    pixel costs about 5 percentage points of accuracy on MNIST's own images.
    """
    centre = np.array(ndimage.center_of_mass(box))
    wanted = np.round(SIDE / 2 - centre).astype(int)
    top, left = np.clip(wanted, 0, [SIDE - box.shape[0], SIDE - box.shape[1]])
    return int(top), int(left)


def deform(points: Array, rng: np.random.RandomState) -> Array:
    """Turn, slant and jitter the points (n, 2) of a digit by random amounts.

    The jitter is a wave across the digit, in a random direction for either axis: close
    points stray alike, so a stroke of many points stays smooth.
    """
    angle = np.radians(rng.uniform(-TURN, TURN))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.array([[1, rng.uniform(-SLANT, SLANT)], [0, 1]])
    waves = rng.uniform(-1, 1, (2, 2))
    phases = rng.uniform(0, 1, 2)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    size = np.ptp(points, axis=0).max() + 1  # a dot has a size, too
    centred = (points - middle) / size
    strays = JITTER * np.sin(2 * np.pi * (centred @ waves + phases))
    return middle + size * ((centred + strays) @ (turn @ slant).T)


def deformed_drawing(
    strokes: list[Array], pen: float, rng: np.random.RandomState
) -> tuple[list[Array], float]:
    """Return the strokes and the pen of a deformed drawing."""
    moved = deform(np.vstack(strokes), rng)
    ends = np.cumsum([len(stroke) for stroke in strokes])
    change = rng.uniform(-PEN_CHANGE, PEN_CHANGE)
    return np.split(moved, ends[:-1]), pen * (1 + change)


def deformed_image(image: Array, rng: np.random.RandomState) -> Array:
    """Return a deformed image (28, 28), prepared again; its strokes keep their width.

    It is prepared before, too: from the middle, no ink is turned out of the field.
    Raises DataError if there is no ink.
    """
    side = DEFORMED_SCALE * SIDE
    fine = np.indices((side, side)) / DEFORMED_SCALE
    x_y = fine[::-1].reshape(2, -1).T
    sources = deform(x_y, rng).T[::-1]  # the pixel that each pixel takes its ink from
    ink = ndimage.map_coordinates(normalise(image), sources, order=1)
    return normalise(ink.reshape(side, side))


def digit_image(
    item: Any, rng: np.random.RandomState | None = None
) -> tuple[int, Array]:
    """Return the digit and the image (28, 28) of one entry of a digits file.

    With `rng` it is deformed at random. Raises ValueError, whose message says what was
    expected.
    """
    if not isinstance(item, dict) or type(item.get("digit")) is not int:
        raise ValueError("a digit 0 to 9")
    if item["digit"] not in range(10):
        raise ValueError("a digit 0 to 9")
    if "image" in item:
        image = stored_image(item["image"])
        return item["digit"], deformed_image(image, rng) if rng else image
    strokes, pen = drawing(item.get("strokes"), item.get("pen"))
    if rng:
        strokes, pen = deformed_drawing(strokes, pen, rng)
    return item["digit"], normalise(render(strokes, pen))


def stored_image(rows: Any) -> Array:
    """Return an image (28, 28) stored as rows of hexadecimal; raises ValueError."""
    try:
        content = bytes.fromhex("".join(rows))
        image = np.frombuffer(content, np.uint8).reshape(SIDE, SIDE)
    except (TypeError, ValueError):
        raise ValueError("an image, 28 rows of 28 bytes in hexadecimal") from None
    if not image.any():
        raise ValueError("an image with ink")
    return image


def drawing(strokes: Any, pen: Any) -> tuple[list[Array], float]:
    """Return strokes, arrays (n, 2), and the width of the pen; raises ValueError."""
    if type(pen) not in (int, float) or not 0 < pen <= MOST_PEN:
        raise ValueError(f"a pen of 0 to {MOST_PEN} wide")
    try:
        arrays = [np.array(stroke) for stroke in strokes]
    except (TypeError, ValueError, OverflowError):
        arrays = []
    if sum(array.size for array in arrays) > 2 * MOST_POINTS:
        raise ValueError(f"strokes of at most {MOST_POINTS} points together")
    if not arrays or not all(map(is_stroke, arrays)):
        raise ValueError(f"strokes, lists of [x, y] points within {MOST_COORDINATE}")
    return arrays, pen


def is_stroke(array: Array) -> bool:
    """Return whether an array is a list of points (n, 2) that are not too far away."""
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iuf":
        return False
    return bool((np.abs(array) <= MOST_COORDINATE).all())


def digit_items(path: str | Path) -> list[Any]:
    """Return the entries of a digits file, not checked yet. Raises DataError."""
    path = Path(path)
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path}: expected a JSON list of digits, found: {error}"
        ) from error
    if not isinstance(items, list):
        found = f"{type(items).__name__} {repr(items)[:20]}"
        raise DataError(f"{path}: expected a JSON list of digits, found {found}")
    return items


def read_digits(
    path: str | Path, rng: np.random.RandomState | None = None
) -> tuple[Array, Array]:
    """Read a digits file: images (N, 784) of bytes and labels (N,). Raises DataError.

    The file is a JSON list of drawings and of images, which may be mixed:
        {"digit": 7, "pen": 10, "strokes": [[[x, y], ...], ...]}
        {"digit": 7, "image": [28 texts of 28 bytes in hexadecimal]}
    Other keys of an entry are ignored here; those of `write_digits` say where it comes
    from. With `rng`, each is deformed at random: turned, slanted and jittered, and a
    drawing gets a wider or narrower pen. Another call gives other deformations.
    """
    return digits_of(digit_items(path), path, rng)


def digits_of(
    items: list[Any], path: str | Path, rng: np.random.RandomState | None
) -> tuple[Array, Array]:
    """Return images (N, 784) and labels (N,) of a digits file's entries.

    Raises DataError.
    """
    if not items:
        raise DataError(f"{path}: expected a JSON list of digits, found an empty list")
    labels = []
    images = []
    for number, item in enumerate(items, 1):
        try:
            label, image = digit_image(item, rng)
        except DataError as error:
            raise DataError(f"{path}, digit {number}: {error}") from error
        except ValueError as error:
            found = repr(str(item)[:60])
            raise DataError(
                f"{path}, digit {number}: expected {error}, found {found}"
            ) from error
        labels.append(label)
        images.append(image.ravel())
    return np.array(images), np.array(labels)


def looks_changed(network: Network, fitted: Callable[[Array], Array]) -> str:
    """Return how the images of a classifier's set look: "mirrored", ..., or "".

    That is the change after which it reads the most of the forty typed digits rightly,
    if these are more than half of them. `fitted` is what `fitter` returns.
    """
    digits, labels = read_digits(TYPED)
    images = digits.reshape(-1, SIDE, SIDE)
    right = {}
    for name, change in CHANGES.items():
        changed = fitted(change(images).reshape(digits.shape))
        right[name] = (network.predict(changed) == labels).sum()
    likeliest = max(right, key=right.__getitem__)
    return likeliest if right[likeliest] > len(labels) / 2 else ""


def scikit_digits() -> tuple[Array, Array]:
    """Return scikit-learn's digits: images (1797, 784) of bytes and labels (1797,).

    Thirteen people wrote them. Each is given as 8 x 8 counts, 0 to 16, of the inked
    pixels in 4 x 4 pixels of a scan: it is enlarged to the size of the scan again, and
    prepared as MNIST was. Source: archive.ics.uci.edu, Optical Recognition of
    Handwritten Digits, its test part.
    """
    from sklearn.datasets import load_digits  # takes long, and is seldom needed

    counts, labels = load_digits(return_X_y=True)
    images = []
    for count in counts.reshape(-1, 8, 8):
        scan = Image.fromarray(np.uint8(np.round(count * 255 / 16)))
        large = scan.resize((32, 32), Image.Resampling.BICUBIC)
        images.append(normalise(np.asarray(large)).ravel())
    return np.array(images), labels


def write_digits(
    path: str | Path,
    images: Array,
    labels: list[int],
    *,
    source: str = "",
    picture: str = "",
    sha256: str = "",
    contact_sheet: str = "",
) -> None:
    """Write images (N, 784) of bytes and their labels as a digits file.

    `source` is one of SOURCES, `picture` names the file that the digits were read from,
    `sha256` is that of its bytes, and `contact_sheet` names the file that shows how
    they were found; each entry says what of these is known. The file is written whole
    or not at all.
    """
    origin = {
        "source": source,
        "picture": picture,
        "sha256": sha256,
        "contact_sheet": contact_sheet,
    }
    known = {key: value for key, value in origin.items() if value}
    items = []
    for label, image in zip(labels, images, strict=True):
        rows = [row.tobytes().hex() for row in image.reshape(SIDE, SIDE)]
        items.append({"digit": label, "image": rows} | known)
    write_json(path, items)


class OwnDigits(NamedTuple):
    """A student's own digits: images (N, 784) of bytes, and labels (N,).

    sources (N) are words of SOURCES or "unknown"; files are those that were read;
    warnings are sentences about what was left out.
    """

    images: Array
    labels: Array
    sources: list[str]
    files: list[Path]
    warnings: list[str]


def read_own(place: str | Path, rng: np.random.RandomState | None = None) -> OwnDigits:
    """Read a digits file, or all that are in a folder, in the order of their names.

    What is left out of a folder has its sentence in the warnings; so has a drawing that
    is in two files, which counts once. A folder that is missing has no digits. With
    `rng`, each digit is deformed at random.

    Raises DataError for a file that cannot be read, a folder that cannot be listed.
    """
    place = Path(place)
    if place.is_file():
        return own_of(digit_items(place), place, rng)
    paths = visible(place)
    names = {path.stem for path in paths if path.suffix == ".json"}
    own = OwnDigits(np.zeros((0, SIDE**2), np.uint8), np.zeros(0, int), [], [], [])
    seen: set[str] = set()
    for path in paths:
        if path.suffix == ".json":
            try:
                items = digit_items(path)
                own = joined(own, own_of(items, path, rng, seen))
                seen |= set(map(drawing_of, items))
            except DataError as error:
                own.warnings.append(f"{error}; the whole file is left out")
        elif path.stem not in names and not path.name.endswith(CONTACT_SHEET):
            own.warnings.append(
                f"{path} belongs to no digits file and is left out: read its digits "
                "with python -m tools.digits, or remove it"
            )
    return own


def own_of(
    items: list[Any],
    path: Path,
    rng: np.random.RandomState | None,
    seen: Collection[str] = (),
) -> OwnDigits:
    """Return a digits file's entries, without the drawings `seen` in other files.

    Raises DataError.
    """
    images, labels = digits_of(items, path, rng)
    new = np.array([drawing_of(item) not in seen for item in items])
    sources = [
        source_of(item) for item, is_new in zip(items, new, strict=True) if is_new
    ]
    warnings = []
    if not new.all():
        count = f"{(~new).sum()} of its {len(new)} digits"
        warnings = [f"{path}: {count} are in another file, too, and count once"]
    return OwnDigits(images[new], labels[new], sources, [path], warnings)


def drawing_of(item: Any) -> str:
    """Return what makes an entry of a digits file this drawing and no other."""
    if isinstance(item, dict):
        item = [item.get(key) for key in ("digit", "pen", "strokes", "image")]
    return json.dumps(item)


def joined(first: OwnDigits, second: OwnDigits) -> OwnDigits:
    """Return the digits of both."""
    return OwnDigits(
        images=np.concatenate([first.images, second.images]),
        labels=np.concatenate([first.labels, second.labels]),
        sources=first.sources + second.sources,
        files=first.files + second.files,
        warnings=first.warnings + second.warnings,
    )


def visible(folder: Path) -> list[Path]:
    """Return what a folder holds, in the order of the names, without hidden files.

    A missing folder holds nothing. Raises DataError if it cannot be listed.
    """
    try:
        paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(
            f"{folder}: expected a folder of digits files, found: {error}"
        ) from error
    return sorted(paths, key=lambda path: path.name)


def source_of(item: dict[str, Any]) -> str:
    """Return where an entry of a digits file comes from, as far as it says."""
    source = item.get("source")
    return source if source in SOURCES else "unknown"
