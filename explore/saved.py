"""The digits that the pad saves for Problem 4(c): into their file, and out of it again."""

from pathlib import Path
from typing import Any

import common
import handwriting
import results
from common import ROOT

KEYS = ("digit", "pen", "strokes")


class SavedDigits:
    """The file of digits that were drawn on a pad; `path` is its name.

    A drawing has strokes, lists of [x, y] points in 0..100, and the width of the pen.
    """

    def __init__(self, path: str | Path = "data/handwritten/mine/pad.json") -> None:
        self.path = ROOT / path
        # What this pad has saved and not taken back, with the ids of the messages.
        self.recent: list[tuple[Any, dict[str, Any]]] = []

    def hear(self, message: Any) -> dict[str, Any]:
        """Save a drawing, take back the last one, or only say how many there are.

        To save, the message holds the drawing and its digit; to take back, `back`: the id of a
        message that may have saved a digit, or True for the last one that did. The reply has
        the message's `id`, and says what became of it. Its `strokes` are those that return to
        the pad; they are None if nothing was done. `recent` are the ids of the messages whose
        digits can still be taken back.
        """
        text, strokes = self.first_text(), None
        message = message if isinstance(message, dict) else {}
        if "digit" in message or "back" in message:
            text, strokes = self.change(message)
        return {
            "id": message.get("id"),
            "saved": text,
            "strokes": strokes,
            "recent": [name for name, _ in self.recent],
        }

    def change(self, message: dict[str, Any]) -> tuple[str, list[Any] | None]:
        """Save or take back. Returns a sentence and strokes; None says that it failed."""
        saving = "digit" in message
        try:
            return self.save(message) if saving else self.take_back(message["back"])
        except (OSError, ValueError) as error:
            failed = f"Not {'saved in' if saving else 'taken out of'} {self.name}"
            return f"{failed}: {self.why(error)}", None

    def save(self, message: dict[str, Any]) -> tuple[str, list[Any]]:
        """Add a digit to the file.

        Returns a sentence that says so, and no strokes: the pad is free for the next digit.
        Raises OSError or ValueError, and leaves the file alone, if that cannot be done.
        """
        item = {key: message.get(key) for key in KEYS}
        item["source"] = "pad"
        check(item)
        items = self.items()
        if item in items:
            return f"This drawing is already in {self.name}.", []
        self.write([*items, item])
        self.recent.append((message.get("id"), item))
        return f"Saved as {item['digit']}. {count(len(items) + 1)}", []

    def take_back(self, which: Any) -> tuple[str, list[Any] | None]:
        """Take the last digit that this pad saved out of the file, if it is the one that is meant.

        Returns a sentence that says so, and the digit's strokes. Raises as `save` does.
        """
        if not self.recent or which not in (True, self.recent[-1][0]):
            return "This pad has saved nothing that it could take back.", None
        _, item = self.recent[-1]
        items = self.items()
        if item in items:
            items.remove(item)
            self.write(items)
        self.recent.pop()
        text = f"The {item['digit']} is no longer in {self.name}. {count(len(items))}"
        return text, item["strokes"]

    @property
    def name(self) -> Path:
        """The file's name for a person: within the repository, if it is there."""
        inside = self.path.is_relative_to(ROOT)
        return self.path.relative_to(ROOT) if inside else Path(self.path.name)

    def items(self) -> list[Any]:
        """Return what is in the file now: another pad may have written it. Raises ValueError."""
        items = handwriting.digit_items(self.path) if self.path.exists() else []
        if not all(isinstance(item, dict) and "digit" in item for item in items):
            raise ValueError("it must hold digits only, and some of its entries are none")
        return items

    def write(self, items: list[Any]) -> None:
        """Write the file; without digits there is none."""
        if items:
            results.write_json(self.path, items)
        else:
            self.path.unlink(missing_ok=True)

    def first_text(self) -> str:
        """Say how many digits there are before anything is saved, or why none can be."""
        try:
            return count(len(self.items()))
        except (OSError, ValueError) as error:
            return f"Digits cannot be saved in {self.name}: {self.why(error)}"

    def why(self, error: Exception) -> str:
        """Return the reason why the file could not be read or written, and what to do."""
        reason = str(error).removeprefix(f"{self.path}: ")
        return f"{reason}. The file is left alone: move it away, or name another."


def check(item: dict[str, Any]) -> None:
    """Raise ValueError if an entry of a digits file cannot be read."""
    try:
        handwriting.digit_image(item)
    except common.DataError:
        raise
    except ValueError as error:
        raise ValueError(f"expected {error}") from error


def count(digits: int) -> str:
    """Say how many digits are saved, and how many there have to be."""
    text = f"{digits or 'No'} digit{'' if digits == 1 else 's'} saved{'' if digits else ' yet'}"
    if digits < handwriting.AT_LEAST:
        text += f"; the homework asks for at least {handwriting.AT_LEAST}"
    return f"{text}."
