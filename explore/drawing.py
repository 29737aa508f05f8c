"""Problem 4, by hand: draw a digit and see what the models see, what they answer, and why."""

from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as ui
import numpy as np
import traitlets

import common
import handwriting
import results
from common import ROOT, Network
from explore.controls import ASSETS, COLUMN

BLANK = [0] * 784
NO_DIGIT = -1
NO_DRAWING: dict[str, Any] = {"strokes": [], "pen": 1}
NO_ANSWER: dict[str, Any] = {
    "text": "Draw a digit: the models answer while you draw.",
    "best": NO_DIGIT,
    "image": BLANK,
    "probabilities": [[0] * 10] * 2,
    "limit": 1,
    "evidence": [{"title": "", "values": BLANK}] * 2,
}


class Pad(anywidget.AnyWidget):
    """The pad, and beside it the models' answer to the drawing.

    A drawing has strokes, lists of [x, y] points in 0..100, and the width of the pen.
    """

    _esm = ASSETS / "pad.js"
    _css = ASSETS / "explore.css"
    drawing = traitlets.Dict(NO_DRAWING).tag(sync=True, echo_update=False)
    answer = traitlets.Dict(NO_ANSWER).tag(sync=True)
    saved = traitlets.Unicode().tag(sync=True)
    can_take_back = traitlets.Bool().tag(sync=True)


class DrawDigit:
    """Draw digits for the mean images and for the trained model; save them for Problem 4(c).

    Both models are linear classifiers of images (N, 784). `path` is the file of saved digits.
    """

    def __init__(
        self,
        templates: Network,
        trained: Network,
        path: str = "data/handwritten/mine/pad.json",
    ) -> None:
        self.templates = templates
        self.trained = trained
        self.path = ROOT / path
        self.recent: list[dict[str, Any]] = []  # saved by this pad, and not taken back

    def build(self) -> ui.Widget:
        """Return the widget."""
        self.pad = Pad(saved=self.first_words(), can_take_back=bool(self.recent))
        self.pad.observe(lambda change: self.look(change.new), "drawing")
        self.pad.on_msg(lambda _, message, buffers: self.hear(message))
        return ui.VBox([self.pad], layout=COLUMN)

    def look(self, drawing: dict[str, Any]) -> None:
        """Answer a drawing."""
        try:
            image = read({"digit": 0, **drawing})  # any digit will do
        except ValueError as error:
            text = str(error) if drawing.get("strokes") else NO_ANSWER["text"]
            self.pad.answer = NO_ANSWER | {"text": text}
        else:
            self.pad.answer = self.answer(image.ravel())

    def answer(self, image: np.ndarray) -> dict[str, Any]:
        """Return both models' answers, and what spoke for the trained model's two best digits.

        A pixel's share in a score leaves out what all ten rows have in common, because that
        speaks for no digit.
        """
        mean_images, trained = (
            common.softmax(model.logits(image[None]))[0] for model in (self.templates, self.trained)
        )
        second, best = np.argsort(trained)[-2:].tolist()
        W = self.trained.layers[0].W
        evidence = (W - W.mean(axis=0))[[best, second]] * (image / 255)
        titles = [f"spoke for {k} (red), against it (blue)" for k in (best, second)]
        return {
            "text": f"The trained model says {best}, {100 * trained[best]:.1f} % sure; "
            f"the mean images say {mean_images.argmax()}.",
            "best": best,
            "image": image.tolist(),
            "probabilities": [mean_images.tolist(), trained.tolist()],
            "limit": float(np.abs(evidence).max()) or 1.0,
            "evidence": [
                {"title": title, "values": values}
                for title, values in zip(titles, evidence.tolist(), strict=True)
            ],
        }

    def hear(self, message: dict[str, Any]) -> None:
        """Save a drawing or take back the last one, and say so.

        To save, the message holds the drawing and its digit. The reply holds the strokes that
        belong on the pad now, or None if they stay.
        """
        saving = "digit" in message
        strokes: list[Any] | None
        try:
            text, strokes = self.save(message) if saving else self.take_back()
        except (OSError, ValueError) as error:
            text = f"Not {'saved in' if saving else 'taken out of'} {self.name}: {self.why(error)}"
            strokes = None
        self.pad.saved = text
        self.pad.can_take_back = bool(self.recent)
        self.pad.send({"strokes": strokes})

    def save(self, message: dict[str, Any]) -> tuple[str, list[Any]]:
        """Add a digit to the file.

        Returns a sentence that says so, and no strokes: the pad is free for the next digit.
        Raises OSError or ValueError, and leaves the file alone, if that cannot be done.
        """
        item = {key: message.get(key) for key in ("digit", "pen", "strokes")}
        item["source"] = "pad"
        read(item)
        items = self.items()
        if item in items:
            return f"This drawing is already in {self.name}.", []
        self.write([*items, item])
        self.recent.append(item)
        text = f"Saved as {item['digit']}. {count(len(items) + 1)}"
        return f"{text} Run the cells below, or make report, to include them.", []

    def take_back(self) -> tuple[str, list[Any] | None]:
        """Take the last digit that this pad saved out of the file.

        Returns a sentence that says so, and the digit's strokes. Raises as `save` does.
        """
        if not self.recent:
            return "This pad has saved nothing that it could take back.", None
        item = self.recent[-1]
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

    def first_words(self) -> str:
        """Say how many digits there are before anything is saved, or why none can be."""
        try:
            return count(len(self.items()))
        except (OSError, ValueError) as error:
            return f"Digits cannot be saved in {self.name}: {self.why(error)}"

    def why(self, error: Exception) -> str:
        """Return the reason why the file could not be read or written, and what to do."""
        reason = str(error).removeprefix(f"{self.path}: ")
        return f"{reason}. The file is left alone: move it away, or name another."


def read(item: dict[str, Any]) -> np.ndarray:
    """Return the image (28, 28) of an entry of a digits file. Raises ValueError."""
    try:
        return handwriting.digit_image(item)[1]
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
