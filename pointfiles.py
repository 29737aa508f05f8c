"""Points from a text file, as spreadsheets, pandas and R write them."""

import codecs
import csv
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from common import Array, DataError

MOST_CLASSES = 10**6
SMALLEST = 1e-100  # of the sizes of coordinates, besides 0: squares must not vanish,
LARGEST = 1e100  # nor overflow
MOST_BYTES = 10**7  # of a file of points
MOST_SHOWN = 60  # characters of what was found
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
    b"": "utf-8",
}
OTHER_KINDS = {  # how other files begin
    b"PK": "a workbook of Excel or another zip file",
    b"\xd0\xcf\x11\xe0": "an old workbook of Excel",
    b"\x93NUMPY": "an array of numpy",
    b"PAR1": "a parquet file",
    b"%PDF": "a PDF file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "a gzip file",
    b"{": "JSON",
    b"[": "JSON",
    b"<": "a web page or XML",
}
WHITE = "\t"  # one tab or any number of blanks
SEPARATORS = (";", ",", WHITE)
COMMENT = re.compile("#.*")
NUMBERS = {  # as they are written with a decimal point, and with a decimal comma
    ".": re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE),
    ",": re.compile(r"[+-]?([0-9]+(,[0-9]+)?|,[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE),
}
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
NAME = re.compile(r"[^\W\d][^,;]*")
MISSING_VALUES = ("nan", "inf", "infinity", "na", "n/a", "null", "none")  # not names
COORDINATES = (("x1", "x2"), ("x", "y"), ("x0", "x1"))
LABEL = re.compile("^y$|label|class|cls|target|species|type|kind|cluster|group")
MOST_DISTANT = 1e10  # from 0, in ranges: there, float64 has six digits left


def read_points(path: str | Path) -> tuple[Array, Array]:
    """Read points x (N, 2) and their labels (N,) from a text file.

    Each line holds x1, x2 and a label 0..K-1, or x1, x2 and K one-hot columns, K at
    least 2, separated by semicolons, commas or white space; the first line decides.
    Numbers may be quoted and, except between bare commas, have decimal commas. Blank
    lines, what follows a #, Excel's "sep=;" and last columns without content are
    skipped.

    The first line is a heading if all its cells are names. Where a heading names x1 and
    x2, x and y, or the label, columns are taken by name; a first column without a name
    is pandas' index, and left out. Otherwise their order counts. Such a heading may
    follow a #, as numpy writes it.

    Raises DataError, which names the line, for everything else, and for what can be
    read in two ways: no point is left out, none is made up.
    """
    path = Path(path)
    lines = split(path, text_of(path))
    first = lines[0].cells if lines else []
    named = is_heading(first)
    columns = order(lines[0]) if named else list(range(len(first)))
    rows = lines[1:] if named else lines
    if not named:
        check_ambiguity(rows)
    mark = decimal_mark(rows)
    table = [parse_row(row, len(first), columns, mark) for row in rows]
    labels = labels_of(table)
    used = sorted(set(labels.tolist()))
    if len(used) < 2 or used != list(range(len(used))):
        raise DataError(
            f"{path}: expected labels 0 to K-1, all of them used, K at least 2, "
            f"found {shown(', '.join(map(str, used)))}"
        )
    x = np.array(table)[:, :2]
    ranges = np.ptp(x, axis=0)
    if (np.abs(x).max(axis=0) > MOST_DISTANT * ranges)[ranges > 0].any():
        raise DataError(
            f"{path}: expected coordinates that differ by at least "
            f"{1 / MOST_DISTANT:g} of their size, found less: their digits do not "
            "suffice; subtract what they have in common"
        )
    return x, labels


def text_of(path: Path) -> str:
    """Return the text of a file in UTF-8 or UTF-16. Raises DataError.

    A file in an older encoding is read, too: its numbers are the same in all of them.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"{path}: expected a text file of points, found: {reason}"
        ) from error
    if len(content) > MOST_BYTES:
        raise DataError(
            f"{path}: expected a text file of points, found more than "
            f"{MOST_BYTES // 10**6} MB; take a part of the points"
        )
    marks = (mark for mark in BYTE_ORDER_MARKS if content.startswith(mark))
    encoding = BYTE_ORDER_MARKS[next(marks, b"")]
    text = content.decode(encoding, errors="replace")
    if "\ufffd" in text and encoding == "utf-8":
        text = content.decode("latin-1")
    kinds = [kind for start, kind in OTHER_KINDS.items() if content.startswith(start)]
    if kinds or "\0" in text:
        kind = kinds[0] if kinds else "binary data"
        raise DataError(
            f"{path}: expected a text file with a line for each point, such as "
            f"0.6,0.7,0, found {kind}; save the table as CSV"
        )
    return text


class Line(NamedTuple):
    """A line with content: where it is, its text, and its cells."""

    place: str
    text: str
    cells: list[str]

    def refused(self, expected: str) -> DataError:
        """Return the error that says what was expected here."""
        found = shown(repr(self.text))
        return DataError(f"{self.place}: expected {expected}, found {found}")


def shown(text: str) -> str:
    """Return a text, or the beginning of a long one."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} ..."


def split(path: Path, text: str) -> list[Line]:
    """Return the lines that are not blank, each divided into cells."""
    separator = ""
    lines: list[Line] = []
    # Not splitlines: it also divides at characters that may stand in a name.
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        content = (line if is_error_value(line) else COMMENT.sub("", line)).strip(" ")
        if not content and not lines:
            content = commented_heading(line)
        is_sep_line = number == 1 and content.strip('"').lower().startswith("sep=")
        if is_sep_line or not content.strip().strip(' \t,;"'):
            continue
        separator = separator or separator_of(content)
        cells = cells_of(content, separator)
        lines.append(Line(f"{path}, line {number}", line.strip(), cells))
    while lines and all(line.cells[-1] == "" for line in lines):
        lines = [line._replace(cells=line.cells[:-1]) for line in lines]
    return lines


def is_error_value(line: str) -> bool:
    """Return whether a row begins with a word like #N/A: it is no comment.

    Spreadsheets write such words in many languages, or ### for what is too wide.
    """
    first, *rest = re.split(r"[;,\s]+", line.replace('"', "").strip())
    is_word = first.startswith("#") and first != "#" and not is_number(first[1:])
    return is_word and len(rest) >= 2 and all(map(is_number, filter(None, rest)))


def commented_heading(line: str) -> str:
    """Return the names after a #, as numpy.savetxt writes them, or "" for a remark.

    All of them must be known. In the usual order they say nothing that is not known.
    """
    content = line.strip("# \t")
    names = [plain(cell) for cell in cells_of(content, separator_of(content))]
    coordinates = {name for pair in COORDINATES for name in pair}
    known = all(name in coordinates or LABEL.search(name) for name in names)
    usual = tuple(names[:2]) in COORDINATES
    return content if len(names) >= 3 and known and not usual else ""


def separator_of(line: str) -> str:
    """Return the separator with which a line is names and numbers, three or more."""

    def fit(separator: str) -> tuple[bool, int]:
        """Return whether it fits, and how many cells it makes."""
        cells = cells_of(line, separator)
        good = [c == "" or is_name(c) or is_number(c) for c in cells]
        return len(cells) >= 3 and all(good), len(cells)

    return max(SEPARATORS, key=fit)


def cells_of(line: str, separator: str) -> list[str]:
    """Return the cells of a line, without quotes and blanks around them.

    White space is one tab, or blanks. A line whose quotes do not match is one cell.
    """
    if separator == WHITE:
        line = re.sub(r" *\t *| +", WHITE, line)
    style: dict[str, Any] = {"skipinitialspace": separator != WHITE, "strict": True}
    try:
        (cells,) = csv.reader([line], delimiter=separator, **style)
    except csv.Error:
        return [line]
    return [cell.strip() for cell in cells]


def is_number(cell: str) -> bool:
    """Return whether a cell is a decimal number, with a point or a comma."""
    return any(number.fullmatch(cell) for number in NUMBERS.values())


def is_name(cell: str) -> bool:
    """Return whether a cell begins with a letter, has no separator and is not NaN."""
    return bool(NAME.fullmatch(cell)) and cell.lower() not in MISSING_VALUES


def is_heading(cells: list[str]) -> bool:
    """Return whether all cells are different names; only the first may be empty."""
    names = cells[1:] if cells[:1] == [""] else cells
    return all(map(is_name, names)) and len(set(names)) == len(names) > 0


def plain(name: str) -> str:
    """Return a name in small letters, without its unit, marks and blanks."""
    return re.sub(r"\(.*\)|\[.*\]|[\W_]", "", name).lower()


def order(heading: Line) -> list[int]:
    """Return the columns of x1 and x2, then those of the label or the one-hot columns.

    The names decide, where they are known. Raises DataError if they leave a column
    over, or number the classes in another order.
    """
    names = [plain(cell) for cell in heading.cells]
    unnamed = names[0] == "" or names[0].startswith("unnamed")
    pairs = [pair for pair in COORDINATES if set(pair) <= set(names)]
    pair = [names.index(name) for name in pairs[0]] if pairs else []
    rest = [c for c in range(int(unnamed), len(names)) if c not in pair]
    label = [c for c in rest if LABEL.search(names[c])]
    if pair:
        x = pair
        targets = rest
    elif len(label) == 1:
        x = [c for c in rest if c not in label]
        targets = label
    else:
        x = rest[:2]
        targets = rest[2:]
    words = {word for c in label for word in LABEL.findall(names[c])[:1]}
    doubtful = len(pairs) > 1 or len(words) > 1
    if len(x) != 2 or not targets or (label and targets != label) or doubtful:
        raise heading.refused(
            "the columns x1, x2 and label, or x1, x2 and one-hot ones"
        )
    for columns in (x, targets):
        numbers = [int(n) for c in columns for n in re.findall("[0-9]+$", names[c])]
        if numbers != sorted(numbers):
            raise heading.refused("numbered columns in the order of their numbers")
    return x + targets


def check_ambiguity(rows: list[Line]) -> None:
    """Raise DataError if rows without a heading can be read in two ways."""
    first = rows[0].cells if rows else []
    counts = [[str(i + start) for i in range(len(first))] for start in (0, 1)]
    if len(first) >= 3 and first in counts:
        raise rows[0].refused(
            "a heading or a point (it can be either: put the heading x1,x2,label in "
            "its place, or above it if it is a point)"
        )
    # Two readings only if the last two columns are one-hot, and the first counts rows.
    numbered = [row.cells for row in rows if len(row.cells) == 4]
    one_hot = all({plain_number(c) for c in cells[2:]} == {0, 1} for cells in numbered)
    firsts = {plain_number(cells[0]) for cells in numbered}
    whole = all(number is not None and number % 1 == 0 for number in firsts)
    if one_hot and whole and len(firsts) == len(rows) > 1:
        raise rows[0].refused(
            "a heading above these four columns (they can be the rows' numbers, x1, x2 "
            "and label; or x1, x2 and two one-hot columns: put ,x1,x2,label or "
            "x1,x2,y0,y1 there)"
        )


def plain_number(cell: str) -> float | None:
    """Return the number in a cell, with a point or a comma; None if there is none."""
    return float(cell.replace(",", ".")) if is_number(cell) else None


def decimal_mark(rows: list[Line]) -> str:
    """Return what the numbers have, decimal points or commas.

    Raises DataError if the commas can as well divide thousands.
    """
    is_decimal = NUMBERS[","].fullmatch
    commas = [
        (cell, row)
        for row in rows
        for cell in row.cells
        if "," in cell and is_decimal(cell)
    ]
    if not commas:
        return "."
    if all(THOUSANDS.fullmatch(cell) for cell, _ in commas):
        raise commas[0][1].refused(
            "numbers without commas (these can be decimal commas or divide thousands)"
        )
    return ","


def parse_row(row: Line, width: int, columns: list[int], mark: str) -> list[float]:
    """Return the numbers of a row: x1, x2, then a label or one-hot columns.

    The row must have `width` cells; `columns` are those that count, in this order.
    Raises DataError.
    """
    if len(row.cells) != width or width < 3:
        raise row.refused(
            f"{max(width, 3)} columns (x1, x2, then a label or one-hot columns)"
        )
    cells = [row.cells[c] for c in columns]
    if not all(map(NUMBERS[mark].fullmatch, cells)):
        marks = {".": "points", ",": "commas"}[mark]
        raise row.refused(
            f"finite numbers with decimal {marks}, also for the label, or a heading"
        )
    numbers = [float(cell.replace(",", ".")) for cell in cells]
    written = zip(cells, numbers, strict=True)
    if not all(is_usual(number, cell) for cell, number in written):
        raise row.refused(
            f"finite numbers, each 0 or of a size from {SMALLEST:g} to {LARGEST:g}; "
            "take another unit"
        )
    target = numbers[2:]
    if len(target) == 1 and target[0] not in range(MOST_CLASSES):
        raise row.refused("a whole number from 0 as the label")
    if len(target) > 1 and sorted(target) != [0.0] * (len(target) - 1) + [1.0]:
        raise row.refused("one-hot columns, a single 1 among 0s")
    return numbers


def is_usual(number: float, cell: str) -> bool:
    """Return whether a number can be computed with: neither too large nor too small.

    What is read as 0 must have been written as 0.
    """
    if number == 0:
        return not re.search("[1-9]", re.split("e", cell, flags=re.IGNORECASE)[0])
    return SMALLEST <= abs(number) <= LARGEST


def labels_of(rows: list[list[float]]) -> Array:
    """Return the labels (N,) of parsed rows: the last column, or where the 1 is."""
    labels = [int(row[2]) if len(row) == 3 else row[2:].index(1) for row in rows]
    return np.array(labels, dtype=np.int64)
