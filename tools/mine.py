"""The folder of a student's own digits: a digits file for each picture, and a copy of the picture.

A file is named after its picture. If that name is taken by another picture, it gets a number; the
same picture, known by its hash, replaces its own digits. Nothing of another picture is overwritten.
"""

import io
import re
from pathlib import Path
from typing import NamedTuple

from PIL import Image

import handwriting
import results
from common import Array, DataError
from handwriting import CONTACT_SHEET

LOSSLESS = 640  # pixels: a copy that is not longer is a PNG, a larger one a JPEG
QUALITY = 90  # of the JPEG
COPIES = (".png", ".jpg")
ODD = r"[^\w.-]+"  # blanks and the like, on which make would stumble
MOST_LETTERS = 60  # of a name


class DigitsFile(NamedTuple):
    """A digits file: how many digits it has and, if all are of one picture, of which."""

    path: Path
    digits: int
    picture: str
    sha256: str


class Origin(NamedTuple):
    """Where digits come from: the picture's name and hash; a copy may be all that is left."""

    picture: str
    sha256: str
    is_copy: bool


def digits_files(folder: Path) -> list[DigitsFile]:
    """Return the digits files of a folder; a broken one has no digits and no picture."""
    paths = [path for path in sorted(folder.glob("*.json")) if not path.name.startswith(".")]
    return [read_file(path) for path in paths]


def read_file(path: Path) -> DigitsFile:
    """Return what a digits file holds."""
    try:
        items = handwriting.digit_items(path)
    except DataError:
        items = []
    origins = {
        (str(item.get("picture", "")), str(item.get("sha256", "")))
        if isinstance(item, dict)
        else ("", "")
        for item in items
    }
    picture, sha256 = origins.pop() if len(origins) == 1 else ("", "")
    return DigitsFile(path, len(items), picture, sha256)


def origin_of(path: Path, files: list[DigitsFile]) -> Origin:
    """Return where the digits in a picture come from: if it is a copy, from its original."""
    sha256 = results.file_sha256(path)
    place = path.resolve()
    for file in files:
        if file.sha256 == sha256:
            return Origin(path.name, sha256, False)
    for file in files:
        is_beside = place.with_suffix(".json") == file.path.resolve()
        if file.sha256 and is_beside and place.suffix in COPIES:
            return Origin(file.picture, file.sha256, True)
    return Origin(path.name, sha256, False)


def places_for(origins: list[Origin], folder: Path) -> list[Path]:
    """Return the path of the digits file for each picture: the one it has, or a free name."""
    known = {file.sha256: file.path for file in digits_files(folder) if file.sha256}
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    taken = {Path(name).stem.lower() for name in names if not name.endswith(CONTACT_SHEET)}
    places = []
    for origin in origins:
        if origin.sha256 not in known:
            stem = free_name(tidy(Path(origin.picture).stem), taken)
            taken.add(stem.lower())
            known[origin.sha256] = folder / f"{stem}.json"
        places.append(known[origin.sha256])
    return places


def free_name(stem: str, taken: set[str]) -> str:
    """Return a name, with a number if it is taken: a, a-2, a-3."""
    free = stem
    number = 2
    while free.lower() in taken:
        free = f"{stem}-{number}"
        number += 1
    return free


def tidy(name: str) -> str:
    """Return a name without a suffix as one that every program can handle."""
    name = re.sub(ODD, "_", name).removesuffix(Path(CONTACT_SHEET).stem)
    return name.lstrip(".-")[:MOST_LETTERS] or "picture"


def copy_of(page: Array) -> tuple[str, bytes]:
    """Return suffix and content of a copy of a page (H, W), without any metadata."""
    is_small = max(page.shape) <= LOSSLESS
    content = io.BytesIO()
    Image.fromarray(page).save(content, "PNG" if is_small else "JPEG", quality=QUALITY)
    return COPIES[0] if is_small else COPIES[1], content.getvalue()


def save(
    path: Path,
    origin: Origin,
    kind: str,
    copy: tuple[str, bytes],
    images: Array,
    labels: list[int],
    contact_sheet: str,
) -> None:
    """Save the digits of a picture, images (N, 784), as a digits file, and a copy beside it.

    `kind` is "page" or "file", `contact_sheet` the name of the file that shows them. With N = 0,
    what was saved of the picture before is removed, but not a copy that may be all that is left.
    """
    suffix, content = copy
    if not labels:
        if path.exists() and not origin.is_copy:
            path.with_suffix(suffix).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        return
    write_whole(path.with_suffix(suffix), content)
    handwriting.write_digits(
        path,
        images,
        labels,
        source=kind,
        picture=origin.picture,
        sha256=origin.sha256,
        contact_sheet=contact_sheet,
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all. Raises DataError if that is impossible."""
    try:
        results.write_whole(path, content)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror}); choose another folder with --out"
        ) from error
