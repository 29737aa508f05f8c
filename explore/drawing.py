"""Problem 4, by hand: draw a digit, see what the models see, what they answer, and which strokes spoke for it."""

from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as ui
import numpy as np
import traitlets

import common
import handwriting
from common import ROOT, Network
from explore.controls import ASSETS, COLUMN

BLANK = [0] * 784
EMPTY: dict[str, Any] = {
    "said": "Draw a digit: the answers come when you lift the pen.", "best": -1, "image": BLANK,
    "probabilities": [[0] * 10] * 2, "limit": 1, "evidence": [{"title": "", "values": BLANK}] * 2,
}  # fmt: skip


class Pad(anywidget.AnyWidget):
    """The pad, and beside it what the kernel found in the drawing."""

    _esm, _css = ASSETS / "pad.js", ASSETS / "explore.css"
    strokes: traitlets.List = traitlets.List().tag(sync=True)
    found = traitlets.Dict(EMPTY).tag(sync=True)
    saved = traitlets.Unicode().tag(sync=True)


class DrawDigit:
    """Draw digits for the mean images and for the trained model; save them for Problem 4(c).

    Both models are linear classifiers of images (N, 784). `path` is the file of saved digits.
    """

    def __init__(self, templates: Network, trained: Network, path: str = "data/handwritten/mine/pad.json") -> None:
        self.templates, self.trained, self.path = templates, trained, ROOT / path

    def build(self) -> ui.Widget:
        """Return the widget."""
        self.pad = Pad()
        self.pad.on_msg(lambda _, message, buffers: self.hear(message))
        return ui.VBox([self.pad], layout=COLUMN)

    def hear(self, message: dict[str, Any]) -> None:
        """Take a drawing, as strokes of [x, y] points in 0..100 and a pen's width: answer it, or save it as a digit."""
        item = {"digit": message.get("digit", 0), "pen": message.get("pen"), "strokes": message.get("strokes")}
        try:
            _, image = handwriting.digit_image(item)
        except ValueError:  # nothing drawn
            found = EMPTY
        else:
            if "digit" in message:
                self.pad.saved = self.save(item)
                return
            found = self.find(image.ravel())
        with self.pad.hold_sync():
            self.pad.strokes, self.pad.saved, self.pad.found = item["strokes"] or [], "", found

    def find(self, image: np.ndarray) -> dict[str, Any]:
        """Return both models' answers, and W[k] * x for the two digits that the trained model likes best."""
        q = [common.softmax(model.logits(image[None]))[0] for model in (self.templates, self.trained)]
        second, best = np.argsort(q[1])[-2:].tolist()
        evidence = self.trained.layers[0].W[[best, second]] * (image / 255)
        maps = [{"title": f"spoke for {k} (red), against it (blue)", "values": e.tolist()}
                for k, e in zip((best, second), evidence, strict=True)]  # fmt: skip
        said = f"The trained model says {best}, {100 * q[1][best]:.1f} % sure; the mean images say {q[0].argmax()}."
        return {"said": said, "best": best, "image": image.tolist(), "probabilities": [p.tolist() for p in q],
                "limit": float(np.abs(evidence).max()) or 1.0, "evidence": maps}  # fmt: skip

    def save(self, item: dict[str, Any]) -> str:
        """Add a digit to the file and say how many there are; a file that is no list of digits is left alone."""
        name = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else Path(self.path.name)
        try:
            before = handwriting.digit_items(self.path) if self.path.exists() else []
            if not all(isinstance(one, dict) and "digit" in one for one in before):
                raise ValueError("expected a list of digits")
            if item in before:
                return f"It is in {name} already."
            common.write_results(self.path, [*before, item])
        except (OSError, ValueError) as error:
            return f"Not saved in {name}: {error}"
        return f"Saved as {item['digit']}; {len(before) + 1} in {name}. Run the cells below to count them in."
