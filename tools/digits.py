"""Digits from a photographed sheet: `python -m tools.digits sheet.jpg --labels 0123456789`.

Finds the digits in reading order and draws each with its number on a contact sheet. Without labels
that is all: look at the sheet, then type the labels, one character per digit and a dot for each one
to leave out. With labels the digits become a file on which Problem 4 tries its classifiers.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import handwriting
import photos
from common import ROOT, DataError

MINE = ROOT / "data/handwritten/mine"
COLUMNS = 10  # of the contact sheet
CELL = 96  # pixels of the contact sheet for one digit
CAPTION = 20  # pixels above it
SHOWN = 84  # pixels of a digit
MARK = "#B8420A"
SMALL = ImageFont.load_default(14)
LARGE = ImageFont.load_default(16)
LABELS = set("0123456789.")


def numbered_page(sheet: photos.Sheet) -> Image.Image:
    """Draw the page with a numbered box around each digit."""
    page = Image.fromarray(sheet.page).convert("RGB")
    page.thumbnail((COLUMNS * CELL, 4 * COLUMNS * CELL))
    scale = page.width / sheet.page.shape[1]
    draw = ImageDraw.Draw(page)
    for number, box in enumerate(sheet.boxes, 1):
        left, top, right, bottom = (float(side) for side in box * scale)
        draw.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=MARK, width=2)
        draw.text((left - 2, top - 4), str(number), fill=MARK, anchor="lb", font=SMALL)
    return page


def contact_sheet(sheet: photos.Sheet, labels: str) -> Image.Image:
    """Draw the numbered page, and below it what the classifiers will see, with the labels."""
    page = numbered_page(sheet)
    row_height = CELL + CAPTION
    rows = -(-len(sheet.images) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * CELL, page.height + rows * row_height), "white")
    whole.paste(page)
    draw = ImageDraw.Draw(whole)
    for i, image in enumerate(sheet.images):
        x = i % COLUMNS * CELL
        y = page.height + i // COLUMNS * row_height
        digit = Image.fromarray(255 - image.reshape(28, 28))
        whole.paste(digit.resize((SHOWN, SHOWN), Image.Resampling.NEAREST), (x + 6, y + 22))
        text = f"{i + 1}: {labels[i]}" if i < len(labels) else f"{i + 1}"
        draw.text((x + CELL // 2, y + 19), text, fill="black", anchor="ms", font=LARGE)
    return whole


def check_labels(labels: str, count: int) -> None:
    """Raise ValueError unless there is a label for each digit, and not only dots."""
    if len(labels) != count or not set(labels) <= LABELS:
        raise ValueError(
            f"--labels: expected {count} characters of 0123456789 and dots, "
            f"found {len(labels)}: {labels!r}; compare them with the contact sheet"
        )
    if set(labels) == {"."}:
        raise ValueError("--labels leaves out every digit; there is nothing to save")


def digits(photo: Path, labels: str, out: Path) -> None:
    """Read the photo, write the contact sheet and, if there are labels, the digits.

    Raises ValueError if the labels do not fit, DataError or OSError.
    """
    drawn = out.with_name(f"{out.stem}.sheet.png")
    if photo.resolve() in (drawn.resolve(), out.resolve()):
        raise DataError(f"{photo} would be overwritten; choose another name with --out")
    sheet = photos.read_sheet(photo)
    count = len(sheet.images)
    drawn.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(sheet, labels).save(drawn)
    print(f"{count} digits found in {photo}; the contact sheet: {drawn}")
    if not labels:
        print(f"next: look at it, then add --labels and {count} characters, a dot to leave one out")
        return
    check_labels(labels, count)
    chosen = [i for i, label in enumerate(labels) if label != "."]
    handwriting.write_digits(out, sheet.images[np.array(chosen)], [int(labels[i]) for i in chosen])
    print(f"{len(chosen)} digits saved in {out}; problem4_mnist tries its classifiers on them")


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photo", type=Path, help="a JPEG, PNG or WebP of digits in rows on paper")
    add("--labels", default="", metavar="DIGITS", help="what is written, in reading order")
    add("--out", type=Path, metavar="FILE", help="the file (data/handwritten/mine/<photo>.json)")
    options = parser.parse_args()
    out = options.out or MINE / f"{options.photo.stem}.json"
    try:
        digits(options.photo, "".join(options.labels.split()), out)
    except (DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
