"""Problems 2 and 3, live: a network trains while you watch, and a click adds a point."""

from collections.abc import Callable
from functools import partial

import anywidget
import ipywidgets as ui
import numpy as np
import traitlets

import common
import figures
from common import Linear, Network
from explore.controls import ASSETS, COLUMN, STEP_SIZES, WRAP, Player, Slider, button, line

SIDE = 120  # points a side of the grid that shows the regions
CHOICES = {"hidden": ("hidden units", 1, 32), "seed": ("seed", 0, 99)}
KEPT = 400  # entries of the curves: more than the chart has pixels for


class Plane(anywidget.AnyWidget):
    """The points, the regions, and the curves of loss and accuracy."""

    _esm, _css = ASSETS / "plane.js", ASSETS / "explore.css"
    colours = traitlets.List(list(figures.COLOURS)).tag(sync=True)
    points: traitlets.List = traitlets.List().tag(sync=True)
    rings: traitlets.List = traitlets.List().tag(sync=True)
    limits: traitlets.List = traitlets.List().tag(sync=True)
    grid = traitlets.Bytes().tag(sync=True)
    history = traitlets.Dict().tag(sync=True)


class LiveTraining:
    """Train a network of the notebook's on its points (N, 2), and on those that are added.

    `separability` is the function of that name. `start(**choice)` makes the network, without it a linear classifier
    from zero; `choice` may hold `hidden` and `seed`, which get sliders.
    """

    def __init__(self, x: np.ndarray, labels: np.ndarray, separability: Callable, learning_rate: float,
                 start: Callable | None = None, **choice: int) -> None:  # fmt: skip
        self.given = self.x, self.labels = x, labels
        self.K = int(labels.max()) + 1
        self.start, self.separability = start or self.linear, separability
        self.learning_rate, self.choice, self.pace = learning_rate, choice, 5

    def build(self) -> ui.Widget:
        """Return the widget: buttons, the plane, the verdict, and below it what can be changed."""
        self.plane, self.state, self.verdict = Plane(limits=self.limits()), ui.HTML(), ui.HTML()
        self.plane.on_msg(lambda _, message, buffers: self.add(*message["add"]))
        self.player = Player("training", lambda: self.train(self.pace), 0.05)
        first = [self.player.button, button("One step", "step-forward", lambda: self.train(1)),
                 button("Start over", "refresh", self.reset)]  # fmt: skip
        classes = [(f"{'●■▲'[k % 3]} class {k}", k) for k in range(self.K)]
        self.added = ui.ToggleButtons(options=classes, style={"button_width": "6rem"})
        adding = [ui.Label("a click adds"), self.added, button("Remove my points", "undo", self.remove)]
        sliders = [
            Slider("step size", STEP_SIZES, self.learning_rate, lambda value: setattr(self, "learning_rate", value)),
            Slider("steps a frame", range(1, 51), self.pace, lambda value: setattr(self, "pace", value)),
        ]
        for name, value in self.choice.items():
            text, low, high = CHOICES[name]
            sliders.append(Slider(text, range(low, high + 1), value, partial(self.choose, name)))
        self.reset()
        self.judge()
        rows = [
            ui.HBox(first, layout=WRAP),
            self.plane,
            self.state,
            self.verdict,
            ui.HBox(adding, layout=WRAP),
            *sliders,
        ]
        return ui.VBox(rows, layout=COLUMN)

    def limits(self) -> list[float]:
        """Return left, right, bottom and top of a square around the points, and make the grid in it."""
        low, high = self.x.min(axis=0), self.x.max(axis=0)
        half = 0.58 * (high - low).max()
        left, bottom = (low + high) / 2 - half
        across, up = np.linspace(left, left + 2 * half, SIDE), np.linspace(bottom + 2 * half, bottom, SIDE)
        self.mesh = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        return [left, left + 2 * half, bottom, bottom + 2 * half]

    def linear(self) -> Network:
        """Return a linear classifier with W = 0 and b = 0."""
        return Network([Linear(np.zeros((self.K, 2)), np.zeros(self.K))])

    def reset(self) -> None:
        """Begin again, with a new network."""
        self.network = self.start(**self.choice)
        self.state.value = ""
        self.curves: dict[str, list] = {"steps": [], "loss": [], "accuracy": []}
        self.train(0)

    def train(self, steps: int) -> bool:
        """Take `steps` steps as the notebook does, and show where they led; return whether it can go on."""
        targets = common.one_hot(self.labels, self.K)
        try:
            history = common.train(self.network, self.x, targets, learning_rate=self.learning_rate, steps=steps)
        except FloatingPointError as error:
            self.state.value = line(f"Training has stopped: {error}, and <b>Start over</b>.")
            return False
        done = (self.curves["steps"] or [0])[-1] + steps
        for name, value in {"steps": done, "loss": history.loss[-1], "accuracy": history.accuracy[-1]}.items():
            self.curves[name].append(value)
            if len(self.curves[name]) > KEPT:
                self.curves[name] = self.curves[name][::2]
        with self.plane.hold_sync():
            self.plane.grid = self.network.predict(self.mesh).astype(np.uint8).tobytes()
            self.plane.history = {name: list(values) for name, values in self.curves.items()}
        return True

    def judge(self) -> None:
        """Show the points, and whether straight lines can separate them."""
        found = self.separability(self.x, self.labels)
        with self.plane.hold_sync():
            self.plane.points = [
                [*point, int(label)] for point, label in zip(self.x.tolist(), self.labels, strict=True)
            ]
            self.plane.rings = np.flatnonzero(found.in_the_way).tolist()
        count = len(self.plane.rings)
        self.verdict.value = line(
            "The points are <b>linearly separable</b>, says the linear programme." if found.separable
            else f"<b>Not linearly separable</b>: of any straight-edged regions, {count} "
            f"{'point is' if count == 1 else 'points are'} in the way, ringed, says the linear programme."
        )  # fmt: skip

    def add(self, x1: float, x2: float) -> None:
        """Add a point of the chosen class; training goes on from where it is."""
        self.x, self.labels = np.vstack([self.x, [x1, x2]]), np.append(self.labels, self.added.value)
        self.judge()

    def remove(self) -> None:
        """Take the added points away."""
        self.x, self.labels = self.given
        self.judge()

    def choose(self, name: str, value: int) -> None:
        """Take another width or seed, and begin again."""
        self.choice[name] = value
        self.reset()
