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
from explore.controls import (
    ASSETS,
    COLUMN,
    LEARNING_RATES,
    WRAP,
    Player,
    Slider,
    button,
    line,
)

SIDE = 120  # points per side of the grid that shows the regions
MARGIN = 0.08  # around the points, as a part of their extent
FRAME_SECONDS = 0.05
FIRST_SPEED = 5  # steps per frame
MOST_ENTRIES = 400  # of the curves; the charts have fewer pixels
CHOICES = {"hidden": ("hidden units", 1, 32), "seed": ("seed", 0, 99)}
SEPARABLE = (
    "The points are <b>linearly separable</b>: "
    "straight-edged regions fit them, which has been checked without rounding."
)
NOT_SEPARABLE = (
    "<b>Not linearly separable</b>: no straight-edged regions fit, which has been proven "
    "without rounding. The linear programme gives up on the {points}."
)
UNDECIDED = "<b>Separable or not?</b> Neither could be proven for these points."


class Plane(anywidget.AnyWidget):
    """The points, the regions, and the curves of loss and accuracy."""

    _esm = ASSETS / "plane.js"
    _css = ASSETS / "explore.css"
    colours = traitlets.List(list(figures.COLOURS)).tag(sync=True)
    points: traitlets.List = traitlets.List().tag(sync=True)
    rings: traitlets.List = traitlets.List().tag(sync=True)
    limits: traitlets.List = traitlets.List().tag(sync=True)
    grid = traitlets.Bytes().tag(sync=True)
    history = traitlets.Dict().tag(sync=True)


class LiveTraining:
    """Train a network on the notebook's points x (N, 2), and on points that are added by hand.

    `separability` is the function of that name. `start(**choice)` makes the network; without it,
    the network is a linear classifier that starts at zero. `choice` may hold `hidden` and `seed`,
    each of which gets a slider.
    """

    def __init__(
        self,
        x: np.ndarray,
        labels: np.ndarray,
        separability: Callable,
        learning_rate: float,
        start: Callable[..., Network] | None = None,
        **choice: int,
    ) -> None:
        self.given = x, labels
        self.x = x
        self.labels = labels
        self.K = int(labels.max()) + 1
        self.separability = separability
        self.learning_rate = learning_rate
        self.start = start or self.linear
        self.choice = choice
        self.speed = FIRST_SPEED

    def build(self) -> ui.Widget:
        """Return the widget: buttons, the plane, the verdict, and below it what can be changed."""
        self.plane = Plane(limits=self.limits())
        self.plane.on_msg(lambda _, message, buffers: self.add(*message["add"]))
        self.state = ui.HTML()
        self.verdict = ui.HTML()
        self.player = Player("training", lambda: self.train(self.speed), FRAME_SECONDS)
        buttons = [
            self.player.button,
            button("One step", "step-forward", lambda: self.train(1)),
            button("Start over", "refresh", self.reset),
        ]
        classes = [(f"{'●■▲'[k % 3]} class {k}", k) for k in range(self.K)]
        self.added = ui.ToggleButtons(options=classes, style={"button_width": "6rem"})
        adding = [
            ui.Label("a click adds"),
            self.added,
            button("Remove my points", "undo", self.remove),
        ]
        self.reset()
        self.judge()
        rows = [
            ui.HBox(buttons, layout=WRAP),
            self.plane,
            self.state,
            self.verdict,
            ui.HBox(adding, layout=WRAP),
            *self.sliders(),
        ]
        return ui.VBox(rows, layout=COLUMN)

    def sliders(self) -> list[Slider]:
        """Return the sliders for the learning rate, the speed, and the choice."""
        set_rate = partial(setattr, self, "learning_rate")
        set_speed = partial(setattr, self, "speed")
        sliders = [
            Slider("learning rate", LEARNING_RATES, self.learning_rate, set_rate),
            Slider("speed (steps per frame)", range(1, 51), self.speed, set_speed),
        ]
        for name, value in self.choice.items():
            text, low, high = CHOICES[name]
            sliders.append(Slider(text, range(low, high + 1), value, partial(self.choose, name)))
        return sliders

    def limits(self) -> list[float]:
        """Return left, right, bottom and top of a square around the points; make the grid in it."""
        low = self.x.min(axis=0)
        high = self.x.max(axis=0)
        half = (0.5 + MARGIN) * (high - low).max()
        left, bottom = (low + high) / 2 - half
        right, top = (low + high) / 2 + half
        columns = np.linspace(left, right, SIDE)
        rows = np.linspace(top, bottom, SIDE)
        self.mesh = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        return [left, right, bottom, top]

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
        """Take `steps` steps as the notebook does, and show where they led.

        Returns False if training cannot go on.
        """
        targets = common.one_hot(self.labels, self.K)
        rate = self.learning_rate
        try:
            history = common.train(self.network, self.x, targets, learning_rate=rate, steps=steps)
        except FloatingPointError as error:
            self.state.value = line(f"Training has stopped: {error}, and <b>Start over</b>.")
            return False
        self.record(steps, history.loss[-1])
        with self.plane.hold_sync():
            self.plane.grid = self.network.predict(self.mesh).astype(np.uint8).tobytes()
            self.plane.history = {name: list(values) for name, values in self.curves.items()}
        return True

    def record(self, steps: int, loss: float) -> None:
        """Add an entry to the curves; if they become too long, drop every second one."""
        before = self.curves["steps"][-1] if self.curves["steps"] else 0
        self.curves["steps"].append(before + steps)
        self.curves["loss"].append(loss)
        self.curves["accuracy"].append(common.accuracy(self.network, self.x, self.labels))
        if len(self.curves["steps"]) > MOST_ENTRIES:
            self.curves = {name: values[::2] for name, values in self.curves.items()}

    def judge(self) -> None:
        """Show the points, and whether straight lines can separate them."""
        verdict = self.separability(self.x, self.labels)
        rings = np.flatnonzero(verdict.in_the_way).tolist()
        pairs = zip(self.x.tolist(), self.labels.tolist(), strict=True)
        with self.plane.hold_sync():
            self.plane.points = [[*point, label] for point, label in pairs]
            self.plane.rings = rings
        points = "ringed point" if len(rings) == 1 else f"{len(rings)} ringed points"
        texts = {True: SEPARABLE, False: NOT_SEPARABLE.format(points=points), None: UNDECIDED}
        self.verdict.value = line(texts[verdict.separable])

    def add(self, x1: float, x2: float) -> None:
        """Add a point of the chosen class; training goes on from where it is."""
        self.x = np.vstack([self.x, [x1, x2]])
        self.labels = np.append(self.labels, self.added.value)
        self.judge()

    def remove(self) -> None:
        """Take the added points away."""
        self.x, self.labels = self.given
        self.judge()

    def choose(self, name: str, value: int) -> None:
        """Take another width or seed, and begin again."""
        self.choice[name] = value
        self.reset()
