"""Which digit a mark is: as typed after --labels, or as the picture's name says. Never a guess.

A name says it if the picture lies in a folder that is named as a digit (`5`, `five`), begins with
one (`7_2.png`), or has one number in all and that of a single digit (`img_3.jpg`). What may be a
running number says nothing: img_1 to img_15, and img_1 to img_5, too.
"""

import re
from pathlib import Path

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LEAVE_OUT = "."
ALPHABET = set("0123456789" + LEAVE_OUT)
UNKNOWN = "?"
GROUP = 10  # labels are typed in groups, if the rows of a page do not group them
COPIED = r"( ?\(\d+\)| copy( \d+)?)$"  # what programs add to the name of a second copy
BEGINS = r"()(\d)((?:[_-][^\d]*\d*[^\d]*)?)"  # 7, 7_2, 7-img-002
ONLY = r"([^\d]*)(\d)((?![a-z])[^\d]*)"  # img_3, digit4, not 3rd


def check_letters(labels: str) -> None:
    """Raise ValueError if there is anything but digits and dots, or if there are only dots."""
    if UNKNOWN in labels:
        raise ValueError(
            "--labels: replace each ? by the digit that you see, or by a dot to leave the mark out"
        )
    if not set(labels) <= ALPHABET:
        raise ValueError(f"--labels: expected digits 0 to 9 and dots, found {labels!r}")
    if labels and set(labels) == {LEAVE_OUT}:
        raise ValueError("--labels leaves out every mark; there is nothing to save")


def check_count(labels: str, count: int) -> None:
    """Raise ValueError unless there is a label for each of `count` marks."""
    if len(labels) != count:
        raise ValueError(
            f"--labels: expected {count} characters, one for each mark on the contact sheet, "
            f"found {len(labels)}"
        )


def check_groups(groups: list[str], rows: list[str]) -> None:
    """Raise ValueError if labels in as many groups as there are rows do not fit the rows."""
    if len(groups) != len(rows):  # other groups are only there to be read more easily
        return
    for number, (group, row) in enumerate(zip(groups, rows, strict=True), 1):
        if len(group) != len(row):
            raise ValueError(
                f"--labels: group {number} is {group}, {len(group)} characters, but there are "
                f"{len(row)} marks in row {number} of the contact sheet"
            )


def from_names(paths: list[Path]) -> list[str]:
    """Return the digit that the name of each picture says, or an empty text."""
    folders = {path.parent for path in paths}
    stems = {folder: [file.stem for file in folder.iterdir()] for folder in folders}
    return [from_name(path, stems[path.parent]) for path in paths]


def from_name(path: Path, neighbours: list[str]) -> str:
    """Return the digit that a picture's folder or name says, or an empty text.

    `neighbours` are the names, without suffixes, in the same folder. Where the folder's name and
    the file's own contradict each other, the folder's counts if it is surely that of a digit.
    """
    folder = digit_of(path.parent.name)
    own = from_stem(path.stem, neighbours)
    if folder and own and folder != own and not is_one_of_several(path.parent):
        return ""
    return folder or own


def digit_of(name: str) -> str:
    """Return the digit that a folder's name is, 5 or five, or an empty text."""
    name = name.lower()
    if name in WORDS:
        return str(WORDS.index(name))
    return name if re.fullmatch("[0-9]", name) else ""


def is_one_of_several(folder: Path) -> bool:
    """Return whether a folder's name means a digit: it is a word, or there are more of its kind."""
    if folder.name.lower() in WORDS:
        return True
    return sum(bool(digit_of(beside.name)) for beside in folder.parent.iterdir()) > 1


def from_stem(stem: str, neighbours: list[str]) -> str:
    """Return the digit that a name without suffix says, or an empty text."""
    name = plain(stem)
    found = re.fullmatch(BEGINS, name, re.ASCII) or re.fullmatch(ONLY, name, re.ASCII)
    if not found:
        return ""
    before, digit, after = (re.escape(part) for part in found.groups())
    alike = f"{before}([0-9]+){re.sub('[0-9]+', '[0-9]+', after)}"
    matches = [re.fullmatch(alike, plain(neighbour)) for neighbour in neighbours]
    return "" if are_running([match[1] for match in matches if match]) else digit


def are_running(numbers: list[str]) -> bool:
    """Return whether numbers at the same place in several names may just count the files.

    They do if one has two digits, or if they are 1 to 5 or the like, each once; but each of the
    ten digits once, or of those from 1 on, are a set of digits.
    """
    if any(len(number) > 1 for number in numbers):
        return True
    values = sorted(map(int, numbers))
    first = values[0]
    in_order = values == list(range(first, first + len(values)))
    return in_order and len(values) > 1 and first in (0, 1) and values[-1] < 9


def plain(stem: str) -> str:
    """Return a name in small letters, without what marks it as a second copy."""
    return re.sub(COPIED, "", stem.lower())


def template(labels: list[str], rows: list[str]) -> str:
    """Return the labels to type, in groups of a row or of ten; ? where none is known.

    `rows` name the row of each mark; marks of one row follow each other.
    """
    groups: list[str] = []
    previous = None
    for label, row in zip(labels, rows, strict=True):
        if row != previous or (not row and len(groups[-1]) == GROUP):
            groups.append("")
        groups[-1] += label or UNKNOWN
        previous = row
    return " ".join(groups)
