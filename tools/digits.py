"""Your own digits, from any pictures: `python -m tools.digits PATH...`.

A path is a picture of a sheet of paper with digits, a picture of one digit, or a folder of either.
The digits are numbered on a contact sheet. Look at it, and type the command again with the digits
that you see after --labels, one for each number and a dot for each mark to leave out: then they are
saved for Problem 4(c). A picture of one digit whose name or folder says which (7_2.png, img_3.jpg,
five/01.png) is saved at once. A label never comes from a classifier.
"""

import argparse
import io
import re
import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from PIL import Image

import photos
import pictures
from common import ROOT, DataError
from handwriting import AT_LEAST, CONTACT_SHEET, MINE
from tools import contact_sheet, labels, mine

MOST_PICTURES = 300  # in one command
MOST_NAMED = 8  # files in one message or command
DONE, FAILED, BAD_OPTIONS, STOPPED = 0, 1, 2, 130  # exit codes


class Options(NamedTuple):
    """The command line."""

    paths: list[Path]
    labels: list[str]  # as typed, in groups
    turn: int
    out: Path


class Picture(NamedTuple):
    """A picture that was read. The page of its sheet is gone: it is drawn, and there is a copy."""

    path: Path
    origin: mine.Origin
    kind: str  # "page" if there are several marks on it, or "file"
    sheet: photos.Sheet
    drawn: contact_sheet.Drawn
    copy: tuple[str, bytes]


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.digits",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help="a picture, or a folder of pictures")
    add("--labels", default="", metavar="DIGITS", help="what is written, in the order of numbers")
    add("--turn", type=int, default=0, choices=pictures.TURNS, help="degrees, clockwise")
    add("--out", type=Path, default=MINE, metavar="FOLDER", help="default: data/handwritten/mine")
    given = parser.parse_args()
    typed = given.labels.split()
    try:
        return digits(Options(given.paths, typed, given.turn, given.out))
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return FAILED
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_OPTIONS
    except KeyboardInterrupt:
        print("stopped; type the same command to begin again", file=sys.stderr)
        return STOPPED


def digits(options: Options) -> int:
    """Read the pictures, write the contact sheet and, if every label is known, save the digits.

    Returns the exit code. Raises ValueError for bad options, DataError or OSError.
    """
    labels.check_letters("".join(options.labels))
    if options.out.exists() and not options.out.is_dir():
        raise ValueError(f"--out: expected a folder, found the file {options.out}")
    files = find_files(options.paths)
    if len(files) > MOST_PICTURES:
        raise ValueError(f"expected at most {MOST_PICTURES} pictures, found {len(files)}")
    read, unreadable = read_all(files, options)
    if not read:
        return FAILED
    known = known_labels(read, options)
    drawn = contact_sheet.contact_sheet([picture.drawn for picture in read], known, unreadable)
    sheet = write_contact_sheet(drawn, read, options)
    print(
        f"{numbered(len(known), 'digit')} in {numbered(len(read), 'picture')}; "
        f"the contact sheet: {shown(sheet)}"
    )
    refused = len(unreadable) + sum(not picture.sheet.doubts for picture in read)
    if refused:
        explain_refusal(read, known, refused, options)
        return FAILED
    if options.labels:
        labels.check_count("".join(options.labels), len(known))
        labels.check_groups(options.labels, labels.template(known, rows_of(read)).split())
    if is_complete(read, known):
        save(read, known, sheet, options)
    else:
        ask(read, known, options)
    return DONE


# Finding and reading the pictures.


def find_files(paths: list[Path]) -> list[Path]:
    """Return the files to read; folders are replaced by the pictures in them."""
    files: list[Path] = []
    for path in paths:
        files += pictures_in(path) if path.is_dir() else [path]
    return files


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder and one level down, in natural order; name the rest."""
    files: list[Path] = []
    for path in sorted(folder.iterdir(), key=natural):
        is_open = path.is_dir() and not path.name.startswith(".")
        files += sorted(path.iterdir(), key=natural) if is_open else [path]
    found = [path for path in files if is_wanted(path)]
    others = [path for path in files if not is_wanted(path)]
    if others:
        kinds = [f"{path.relative_to(folder)} ({pictures.kind_of(path)})" for path in others]
        print(f"{folder}: left out, because they are hidden or no pictures: {listed(kinds)}")
    if not found:
        raise DataError(f"{folder}: there is no picture in this folder")
    return found


def is_wanted(path: Path) -> bool:
    """Return whether a file in a folder is a picture to read."""
    if path.name.startswith(".") or path.name.endswith(CONTACT_SHEET):
        return False
    return pictures.is_picture(path)


def natural(path: Path) -> list[str | int]:
    """Return a key that sorts img_2 before img_10."""
    parts = re.split("([0-9]+)", path.name.lower())
    return [int(part) if part.isdecimal() else part for part in parts]


def read_all(files: list[Path], options: Options) -> tuple[list[Picture], list[str]]:
    """Read the pictures and say what is on them; return them, and why others cannot be read."""
    read: list[Picture] = []
    unreadable = []
    hashes: dict[str, Path] = {}
    saved = mine.digits_files(options.out)
    for path in files:
        first = 1 + sum(len(picture.sheet.images) for picture in read)
        try:
            picture = read_one(path, first, len(files), options.turn, saved)
        except DataError as error:
            unreadable.append(str(error))
            print(f"error: {error}", file=sys.stderr)
            continue
        twin = hashes.setdefault(picture.origin.sha256, path)
        if twin is not path:
            print(f"{path}: the same picture as {twin}; it is read once")
            continue
        read.append(picture)
        describe(picture)
    return read, unreadable


def read_one(
    path: Path, first: int, count: int, turn: int, saved: list[mine.DigitsFile]
) -> Picture:
    """Read one of `count` pictures; its first mark gets the number `first`. Raises DataError."""
    sheet = photos.read_sheet(path, turn)
    name = "/".join(path.parts[-2:])
    return Picture(
        path,
        mine.origin_of(path, saved),
        "page" if len(sheet.images) > 1 else "file",
        sheet._replace(page=sheet.page[:0]),
        contact_sheet.draw(sheet, first, count, name, summary(sheet)),
        mine.copy_of(sheet.page),
    )


# Labels, and what to do with them.


def known_labels(read: list[Picture], options: Options) -> list[str]:
    """Return the label of each mark: as typed, or as the picture's name says, or empty.

    A doubtful mark gets a label only if one is typed; a copy is not labelled by its name.
    """
    count = sum(len(picture.sheet.images) for picture in read)
    typed = "".join(options.labels)
    if len(typed) == count:
        return list(typed)
    known = []
    singles = [picture.path for picture in read if picture.sheet.doubts == [""]]
    names = dict(zip(singles, labels.from_names(singles), strict=True))
    for picture in read:
        label = "" if picture.origin.is_copy else names.get(picture.path, "")
        known += [label] * len(picture.sheet.images)
    return known


def is_complete(read: list[Picture], known: list[str]) -> bool:
    """Return whether there are labels, and one for each mark that is not doubtful."""
    doubts = [doubt for picture in read for doubt in picture.sheet.doubts]
    pairs = zip(known, doubts, strict=True)
    return any(map(str.isdecimal, known)) and all(label or doubt for label, doubt in pairs)


def write_contact_sheet(drawn: Image.Image, read: list[Picture], options: Options) -> Path:
    """Write the contact sheet, named after the first path; it replaces none of the pictures."""
    first = options.paths[0]
    name = mine.tidy(first.resolve().name)
    if not first.is_dir():
        name = mine.places_for([read[0].origin], options.out)[0].stem
    path = options.out / f"{name}{CONTACT_SHEET}"
    while path.resolve() in [picture.path.resolve() for picture in read]:
        path = path.with_name(f"another-{path.name}")
    content = io.BytesIO()
    drawn.save(content, "PNG")
    mine.write_whole(path, content.getvalue())
    return path


def save(read: list[Picture], known: list[str], sheet: Path, options: Options) -> None:
    """Save the marks that have a label, and say so; `sheet` is the contact sheet."""
    count = 0
    places = mine.places_for([picture.origin for picture in read], options.out)
    for picture, path in zip(read, places, strict=True):
        own = labels_of(picture, known)
        chosen = [i for i, label in enumerate(own) if label.isdecimal()]
        images = picture.sheet.images[chosen]
        digits = [int(own[i]) for i in chosen]
        if not chosen and path.exists():
            print(f"{picture.path}: every mark is left out; the digits saved before are removed")
        mine.save(path, picture.origin, picture.kind, picture.copy, images, digits, sheet.name)
        count += len(chosen)
    print(f"{numbered(count, 'digit')} saved in {shown(options.out)}")
    if not options.labels:
        explain_names(read, known, options)
    total = sum(file.digits for file in mine.digits_files(options.out))
    few = "" if total >= AT_LEAST else f"; the homework asks for at least {AT_LEAST}"
    print(f"{shown(options.out)} now holds {numbered(total, 'digit')} of your own{few}")
    if options.out.resolve() == MINE.resolve():
        print("next: make report")
    else:
        print(f"the report reads only {MINE.relative_to(ROOT)}: leave --out away to save there")


def labels_of(picture: Picture, known: list[str]) -> list[str]:
    """Return the labels of one picture's marks."""
    start = picture.drawn.first - 1
    return known[start : start + len(picture.sheet.images)]


# Messages.


def summary(sheet: photos.Sheet) -> str:
    """Describe what was found on a sheet in a few words."""
    doubtful = sum(map(bool, sheet.doubts))
    words = numbered(len(sheet.doubts), "digit") if sheet.doubts else "no digit was found"
    if doubtful:
        words += f" ({doubtful} doubtful)"
    reasons = Counter(mark.reason for mark in sheet.left_out)
    if reasons:
        counted = [f"{reason} ({count})" for reason, count in reasons.most_common()]
        words += f"; left out: {', '.join(counted)}"
    return words


def describe(picture: Picture) -> None:
    """Print what was found in a picture, and where something is doubtful."""
    sheet = picture.sheet
    print(f"{picture.path}: {picture.drawn.text}")
    for i, doubt in enumerate(sheet.doubts):
        if doubt:
            print(f"    {picture.drawn.first + i}, {sheet.places[i]}: {doubt}")
    for note in sheet.notes:
        print(f"    {note}")


def ask(read: list[Picture], known: list[str], options: Options) -> None:
    """Print that labels are missing, and the command to type."""
    singles = [picture for picture in read if len(picture.sheet.doubts) == 1]
    if len(singles) > 1:
        print("a name gives no label if it has no digit, several, or perhaps a running number")
    print(
        "nothing is saved yet; next: look at it, replace each ? by the digit that you see, or by a "
        f"dot to leave it out, and type\n    {command(options.paths, read, known, options)}"
    )


def explain_names(read: list[Picture], known: list[str], options: Options) -> None:
    """Print that labels come from names, which marks are not saved, and how to change that."""
    doubtful = known.count("")
    print(
        f"{numbered(len(known) - doubtful, 'label')} from the names of files and folders: "
        "compare them with the contact sheet"
    )
    change = "to correct a label"
    if doubtful:
        print(f"{numbered(doubtful, 'doubtful mark')} not saved")
        change += " or to save a doubtful mark"
    print(f"{change}, change it here and type\n    {command(options.paths, read, known, options)}")


def explain_refusal(read: list[Picture], known: list[str], refused: int, options: Options) -> None:
    """Print that nothing is saved, and the command to go on with the other pictures."""
    good = [picture for picture in read if picture.sheet.doubts]
    print(f"nothing is saved, since {numbered(refused, 'picture')} cannot be used")
    if not good:
        return
    paths = [picture.path for picture in good]
    if len(paths) > MOST_NAMED:
        print(
            "next: move what cannot be used out of the folder, look at the contact sheet, and type"
        )
        paths = options.paths
    else:
        print("next: to go on with the others, look at the contact sheet, and type")
    print(f"    {command(paths, good, known, options)}")


def command(paths: list[Path], read: list[Picture], known: list[str], options: Options) -> str:
    """Return the command that saves the marks of some pictures, ready to be copied."""
    words = ["python", "-m", "tools.digits"]
    words += [f"./{path}" if str(path).startswith("-") else str(path) for path in paths]
    words += ["--turn", str(options.turn)] if options.turn else []
    words += ["--out", str(options.out)] if options.out != MINE else []
    return shlex.join([*words, "--labels", labels.template(known, rows_of(read))])


def rows_of(read: list[Picture]) -> list[str]:
    """Return a name for the row of each mark; it is empty for a picture of one digit."""
    rows = []
    for picture in read:
        is_single = len(picture.sheet.places) == 1
        for place in picture.sheet.places:
            row = f"{picture.path} {place.split(',')[0]}"
            rows.append("" if is_single else row)
    return rows


def shown(path: Path) -> Path:
    """Return a path as short as it can be written here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def listed(names: list[str]) -> str:
    """Return some names as a text, the first ones if they are many."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def numbered(count: int, noun: str) -> str:
    """Return a count with its noun: 1 digit, 2 digits."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


if __name__ == "__main__":
    sys.exit(main())
