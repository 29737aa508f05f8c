"""Digits from a photographed sheet: `python -m tools.digits sheet.jpg --labels 0123456789`.

Finds the digits in reading order and shows each on a contact sheet with its number. Without labels that is all: look,
then type them, one character a digit, a dot for one to leave out. With labels the digits become a file that Problem 4
tries its classifiers on.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import handwriting
from common import ROOT, DataError

MINE = ROOT / "data/handwritten/mine"
COLUMNS, CELL = 10, 96
MARK = "#B8420A"


def contact_sheet(sheet: handwriting.Sheet, labels: str) -> Image.Image:
    """Draw the page with a numbered box around each digit, and below it what the classifiers will see."""
    page = Image.fromarray(sheet.page).convert("RGB")
    page.thumbnail((COLUMNS * CELL, 4 * COLUMNS * CELL))
    scale = page.width / sheet.page.shape[1]
    draw = ImageDraw.Draw(page)
    for number, box in enumerate(sheet.boxes, 1):
        left, top, right, bottom = (float(side) for side in box * scale)
        draw.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=MARK, width=2)
        draw.text((left - 2, top - 4), str(number), fill=MARK, anchor="lb", font=ImageFont.load_default(14))
    rows = -(-len(sheet.images) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * CELL, page.height + rows * (CELL + 20)), "white")
    whole.paste(page)
    draw = ImageDraw.Draw(whole)
    for i, image in enumerate(sheet.images):
        x, y = i % COLUMNS * CELL, page.height + i // COLUMNS * (CELL + 20)
        shown = Image.fromarray(255 - image.reshape(28, 28)).resize((84, 84), Image.Resampling.NEAREST)
        whole.paste(shown, (x + 6, y + 22))
        text = f"{i + 1}: {labels[i]}" if labels else f"{i + 1}"
        draw.text((x + 48, y + 19), text, fill="black", anchor="ms", font=ImageFont.load_default(16))
    return whole


def digits(photo: Path, labels: str, out: Path) -> int:
    """Read the photo, write the contact sheet and, if there are labels, the digits; return the exit code."""
    shown = out.with_name(f"{out.stem}.sheet.png")
    if photo.resolve() in (shown.resolve(), out.resolve()):
        raise DataError(f"{photo}: expected a photograph, found the name of a file to be written; use another --out")
    sheet = handwriting.read_sheet(photo)
    labels = "".join(labels.split())
    count = len(sheet.images)
    fits = len(labels) == count and set(labels) <= set("0123456789.")
    shown.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(sheet, labels if fits else "").save(shown)
    print(f"{count} digits found in {photo}; the contact sheet: {shown}")
    if not labels:
        print(f"next: look at it, then add --labels and {count} characters, a dot for one to leave out")
        return 0
    if not fits:
        print(f"error: --labels: expected {count} characters of 0123456789 and dots, found {len(labels)}: {labels!r}; "
              "compare them with the contact sheet", file=sys.stderr)  # fmt: skip
        return 2
    kept = [i for i, label in enumerate(labels) if label != "."]
    if not kept:
        print("error: --labels: expected at least one digit, found only dots", file=sys.stderr)
        return 2
    handwriting.write_digits(out, sheet.images[np.array(kept)], [int(labels[i]) for i in kept])
    print(f"{len(kept)} digits saved in {out}; problem4_mnist tries its classifiers on them")
    return 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, help="a JPEG, PNG or WebP of digits in rows on paper")
    parser.add_argument("--labels", default="", metavar="DIGITS", help="what is written, in reading order")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to save (data/handwritten/mine/<photo>.json)")
    words = parser.parse_args()
    try:
        return digits(words.photo, words.labels, words.out or MINE / f"{words.photo.stem}.json")
    except (DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
