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
NO_ANSWER: dict[str, Any] = {
    "text": "Draw a digit: the answers come when you lift the pen.",
    "best": NO_DIGIT,
    "image": BLANK,
    "probabilities": [[0] * 10] * 2,
    "limit": 1,
    "evidence": [{"title": "", "values": BLANK}] * 2,
}


class Pad(anywidget.AnyWidget):
    """The pad, and beside it the models' answer to the drawing."""

    _esm = ASSETS / "pad.js"
    _css = ASSETS / "explore.css"
    strokes: traitlets.List = traitlets.List().tag(sync=True)
    answer = traitlets.Dict(NO_ANSWER).tag(sync=True)
    saved = traitlets.Unicode().tag(sync=True)


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

    def build(self) -> ui.Widget:
        """Return the widget."""
        self.pad = Pad()
        self.pad.on_msg(lambda _, message, buffers: self.hear(message))
        return ui.VBox([self.pad], layout=COLUMN)

    def hear(self, message: dict[str, Any]) -> None:
        """Answer a drawing or, if the message names its digit, save it.

        The message holds strokes, lists of [x, y] points in 0..100, and the pen's width.
        """
        item = {
            "digit": message.get("digit", 0),
            "pen": message.get("pen"),
            "strokes": message.get("strokes"),
        }
        try:
            _, image = handwriting.digit_image(item)
        except ValueError:  # nothing drawn
            answer = NO_ANSWER
        else:
            if "digit" in message:
                self.pad.saved = self.save(item)
                return
            answer = self.answer(image.ravel())
        with self.pad.hold_sync():
            self.pad.strokes = item["strokes"] or []
            self.pad.saved = ""
            self.pad.answer = answer

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

    def save(self, item: dict[str, Any]) -> str:
        """Add a digit to the file and say so; a file that is not a list of digits is left alone."""
        inside = self.path.is_relative_to(ROOT)
        name = self.path.relative_to(ROOT) if inside else Path(self.path.name)
        try:
            before = handwriting.digit_items(self.path) if self.path.exists() else []
            if not all(isinstance(entry, dict) and "digit" in entry for entry in before):
                raise ValueError("it must hold digits only, and some of its entries are none")
            if item in before:
                return f"This drawing is already in {name}."
            results.write_json(self.path, [*before, item])
        except (OSError, ValueError) as error:
            return f"Not saved in {name}: {error}"
        count = len(before) + 1
        return (
            f"Saved as {item['digit']}; digits in {name}: {count}. "
            "Run the cells below to include them."
        )
