"""The contact sheet: what was found in the pictures, numbered, to compare with the labels.

A picture of several digits is drawn as a page, and below it each digit as the classifiers will see
it. Pictures of one digit each are drawn as tiles, the picture beside the digit. Digits have blue
boxes, doubtful ones red boxes, and what was left out is grey and crossed.
"""

import itertools
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont, ImageOps

from common import Array
from photos import Sheet

WIDTH = 960  # pixels of the contact sheet
MARGIN = 8  # around what is drawn
LINE = 20  # of text
COLUMNS = 10  # of digits
CELL = WIDTH // COLUMNS  # for one digit
SHOWN = 84  # of a digit: three for each of its own
TILES = 5  # in a row
TILE = WIDTH // TILES
FULL_PAGES = 3  # pictures whose pages get the whole width; more get less
HALF_PAGES = 12
SMALLEST_PAGE = 280  # pixels: smaller pages are enlarged to this length
TALLEST = 4  # a page is drawn at most so many times as tall as wide

DIGIT = "#0072B2"
DOUBT = "#D40000"
GREY = "#8A8A8A"
SMALLEST_BOX = 8  # pixels: a speck is drawn at least so large
MOST_REASONS = 20  # left out in one picture: of more, only the boxes are drawn
MOST_LETTERS = 110  # in a line
MOST_TILE_LETTERS = 24
SMALL = ImageFont.load_default(13)
LARGE = ImageFont.load_default(15)


class Drawn(NamedTuple):
    """A picture with N marks on the contact sheet.

    page is the picture with its numbered boxes; images (N, 784) and doubts (N) are those of its
    Sheet; first is the number of its first mark; text describes what was found.
    """

    page: Image.Image
    images: Array
    doubts: list[str]
    first: int
    name: str
    text: str
    is_tile: bool


def draw(sheet: Sheet, first: int, count: int, name: str, text: str) -> Drawn:
    """Draw one of `count` pictures; its first mark gets the number `first`.

    One digit of many pictures is drawn as a tile, which is too small for numbers and reasons.
    """
    is_tile = count > 1 and len(sheet.images) == 1
    page = scaled(sheet.page, SHOWN if is_tile else page_width(count))
    scale = page.width / sheet.page.shape[1]
    pen = ImageDraw.Draw(page)
    for mark in sheet.left_out:
        corners = framed(mark.box, scale)
        cross_out(pen, corners)
        if not is_tile and len(sheet.left_out) <= MOST_REASONS:
            write(pen, corners, mark.reason, GREY)
    for i, box in enumerate(sheet.boxes):
        corners = framed(box, scale)
        is_doubtful = bool(sheet.doubts[i])
        colour = DOUBT if is_doubtful else DIGIT
        pen.rectangle(corners, outline=colour, width=4 if is_doubtful else 2)
        if not is_tile:
            write(pen, corners, str(first + i), colour)
    return Drawn(page, sheet.images, sheet.doubts, first, name, text, is_tile)


def page_width(pictures: int) -> int:
    """Return how wide a page is drawn if there are so many pictures."""
    if pictures <= FULL_PAGES:
        return WIDTH
    return WIDTH // 2 if pictures <= HALF_PAGES else WIDTH // 3


def scaled(page: Array, width: int) -> Image.Image:
    """Return a page (H, W) as a picture: at most so wide, and small ones enlarged."""
    height, original = page.shape
    enlarged = max(1.0, SMALLEST_PAGE / max(page.shape))
    scale = min(enlarged, width / original, TALLEST * width / height)
    size = (max(1, round(scale * original)), max(1, round(scale * height)))
    way = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
    return Image.fromarray(page).resize(size, way).convert("RGB")


def framed(box: Array | tuple[int, ...], scale: float) -> tuple[float, float, float, float]:
    """Return the corners of a frame around a box of a page that is drawn at `scale`."""
    left, top, right, bottom = (float(side) * scale for side in box)
    wider = max(3, (SMALLEST_BOX - (right - left)) / 2)
    taller = max(3, (SMALLEST_BOX - (bottom - top)) / 2)
    return left - wider, top - taller, right + wider, bottom + taller


def cross_out(draw: ImageDraw.ImageDraw, corners: tuple[float, ...]) -> None:
    """Draw a grey crossed box."""
    left, top, right, bottom = corners
    draw.rectangle(corners, outline=GREY, width=2)
    draw.line((left, top, right, bottom), fill=GREY, width=1)
    draw.line((left, bottom, right, top), fill=GREY, width=1)


def write(draw: ImageDraw.ImageDraw, corners: tuple[float, ...], text: str, colour: str) -> None:
    """Write a text above a box, or inside where there is no room above; never off the picture."""
    left, top, _, _ = corners
    width = draw.textlength(text, font=SMALL)
    right_end = draw.im.size[0] - width - 2
    x = max(2, min(left, right_end))
    y = top - 2 if top > LINE else top + LINE - 2
    draw.text((x, y), text, colour, SMALL, "lb", stroke_width=2, stroke_fill="white")


def contact_sheet(pictures: list[Drawn], labels: list[str], refused: list[str]) -> Image.Image:
    """Draw everything that was found, with the label of each mark, and the files not read.

    A label is a digit, a dot for a mark to leave out, or empty if it is not known yet.
    """
    parts = []
    for is_tile, group in itertools.groupby(pictures, lambda picture: picture.is_tile):
        if is_tile:
            tiles = list(group)
            rows = [tiles[i : i + TILES] for i in range(0, len(tiles), TILES)]
            parts += [tile_row(row, labels) for row in rows]
        else:
            parts += [page_part(picture, labels) for picture in group]
    parts += [line_of_text(text, DOUBT) for text in refused]
    whole = Image.new("RGB", (WIDTH, sum(part.height for part in parts)), "white")
    y = 0
    for part in parts:
        whole.paste(part, (0, y))
        y += part.height
    return whole


def page_part(picture: Drawn, labels: list[str]) -> Image.Image:
    """Draw a picture as a page, and below it what the classifiers will see."""
    row_height = LINE + SHOWN + MARGIN
    rows = -(-len(picture.images) // COLUMNS)
    digits_top = LINE + MARGIN + picture.page.height + MARGIN
    part = Image.new("RGB", (WIDTH, digits_top + rows * row_height + MARGIN), "white")
    title = line_of_text(f"{picture.name}: {picture.text}", "black" if rows else DOUBT)
    part.paste(title)
    part.paste(picture.page, (0, LINE + MARGIN))
    for i in range(len(picture.images)):
        x = i % COLUMNS * CELL
        y = digits_top + i // COLUMNS * row_height
        draw_digit(part, (x + (CELL - SHOWN) // 2, y), picture, i, labels)
    return part


def tile_row(pictures: list[Drawn], labels: list[str]) -> Image.Image:
    """Draw a row of pictures of one digit each: the picture, and what the classifiers will see."""
    part = Image.new("RGB", (WIDTH, LINE + SHOWN + LINE + MARGIN), "white")
    draw = ImageDraw.Draw(part)
    for column, picture in enumerate(pictures):
        x = column * TILE + MARGIN // 2
        page = ImageOps.contain(picture.page, (SHOWN, SHOWN))
        part.paste(page, (x + (SHOWN - page.width) // 2, LINE + (SHOWN - page.height) // 2))
        draw_digit(part, (x + SHOWN + MARGIN, 0), picture, 0, labels)
        name = shortened(picture.name, MOST_TILE_LETTERS)
        draw.text((x, LINE + SHOWN + 3), name, fill="black", font=SMALL)
    return part


def draw_digit(
    part: Image.Image, corner: tuple[int, int], picture: Drawn, i: int, labels: list[str]
) -> None:
    """Draw what the classifiers will see of mark `i` of a picture: its number, label and pixels."""
    x, y = corner
    number = picture.first + i
    label = labels[number - 1]
    is_doubtful = bool(picture.doubts[i])
    colour = GREY if label == "." else DOUBT if is_doubtful else "black"
    text = {"": f"{number}", ".": f"{number} left out"}.get(label, f"{number}: {label}")
    digit = Image.fromarray(255 - picture.images[i].reshape(28, 28)).convert("RGB")
    digit = digit.resize((SHOWN, SHOWN), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(part)
    part.paste(digit, (x, y + LINE))
    draw.rectangle(
        (x - 1, y + LINE - 1, x + SHOWN, y + LINE + SHOWN),
        outline=DOUBT if is_doubtful else "#D0D0D0",
        width=3 if is_doubtful else 1,
    )
    draw.text((x + SHOWN // 2, y + LINE - 4), text, fill=colour, anchor="ms", font=LARGE)


def line_of_text(text: str, colour: str) -> Image.Image:
    """Draw one line of text on a strip as wide as the contact sheet."""
    strip = Image.new("RGB", (WIDTH, LINE + MARGIN), "white")
    draw = ImageDraw.Draw(strip)
    draw.text((MARGIN // 2, 4), shortened(text, MOST_LETTERS), fill=colour, font=LARGE)
    return strip


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many letters, cut in the middle, without odd characters."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[:half]}...{text[-half:]}"
