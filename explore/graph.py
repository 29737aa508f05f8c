"""Problem 1, step by step: the notebook's `forward` and `backward` fill the graph with numbers."""

import functools
import math
from collections.abc import Callable

import anywidget
import ipywidgets as ui
import numpy as np
import traitlets

import figures
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
from explore.steps import Numbers, Step, backward_steps, forward_steps

Nodes = dict[str, tuple[float, float, str]]
LIMIT = 1.6  # sliders and map show weights and inputs from -LIMIT to LIMIT
MANY = 30  # gradient steps of one button, as many as part (c) takes
PLAY_SECONDS = 1.2  # for each step
NAMES = {"w1": "weight w₁", "w2": "weight w₂", "x1": "input x₁", "x2": "input x₂"}
BEGIN = "Press <b>Next</b> to compute the first line of <code>forward</code>, or <b>Play</b>."
TOO_LARGE = "the next step is too large to be computed: take a <b>smaller learning rate</b>"


def plain(symbol: str) -> str:
    """Write a node's symbol without TeX."""
    signs = {"$": "", "\\cdot": "·", "^2": "²", "_1": "₁", "_2": "₂"}
    for tex, sign in signs.items():
        symbol = symbol.replace(tex, sign)
    return symbol


def script(name: str) -> str:
    """Return a widget's script with svg.js, which it draws with, before it."""
    return "\n".join((ASSETS / part).read_text(encoding="utf-8") for part in ("svg.js", name))


class Graph(anywidget.AnyWidget):
    """The drawing: where the nodes are, which numbers are known, and what to look at."""

    _esm = script("graph.js")
    _css = ASSETS / "explore.css"
    nodes = traitlets.Dict().tag(sync=True)
    edges = traitlets.Dict().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    gradients = traitlets.Dict().tag(sync=True)
    shares = traitlets.Dict().tag(sync=True)
    marked: traitlets.List = traitlets.List().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)


class Contours(anywidget.AnyWidget):
    """Lines of equal f over w1 and w2, and the path of the gradient steps among them."""

    _esm = script("contours.js")
    _css = ASSETS / "explore.css"
    limit = traitlets.Float(LIMIT).tag(sync=True)
    lines: traitlets.List = traitlets.List().tag(sync=True)
    path: traitlets.List = traitlets.List().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)


class Descent:
    """A point w1, w2, x1, x2, its values and gradients, and the path that its weights have taken.

    `v = forward(**point)` holds the values, `g = backward(v)` the gradients, both by node. A move
    to where they cannot be computed raises ArithmeticError and changes nothing.
    """

    def __init__(self, forward: Callable, backward: Callable, point: Numbers) -> None:
        self.forward = forward
        self.backward = backward
        self.move(point)

    def move(self, point: Numbers) -> None:
        """Go to a point, where a new path begins."""
        with np.errstate(all="ignore"):  # an overflow is not finite, which is refused below
            v = self.forward(**point)
            g = self.backward(v)
        if not all(map(math.isfinite, [*vars(v).values(), *vars(g).values()])):
            raise OverflowError("a number is no longer finite")
        self.point = dict(point)
        self.v = v
        self.g = g
        self.path = [[point["w1"], point["w2"]]]

    def step(self, learning_rate: float) -> None:
        """Take one step against the gradient, as part (c) does."""
        before = self.path
        w1 = self.point["w1"] - learning_rate * self.g.w1
        w2 = self.point["w2"] - learning_rate * self.g.w2
        self.move({**self.point, "w1": w1, "w2": w2})
        self.path = [*before, *self.path]

    def landscape(self) -> list[list[list[float]]]:
        """Return the lines of equal f over the weights, for the present inputs: lists of points."""
        ticks = np.linspace(-LIMIT, LIMIT, 33)
        inputs = self.point["x1"], self.point["x2"]
        f = [[self.forward(w1, w2, *inputs).f for w1 in ticks] for w2 in ticks]
        _, ax = figures.figure()
        contours = ax.contour(ticks, ticks, f, levels=14)
        return [part.tolist() for level in contours.allsegs for part in level if len(part) > 1]


class StepThrough:
    """Problem 1's graph, one line of code at a time, and the way downhill.

    `forward`, `backward` and `point` are as in Descent. `nodes` has (column, row, symbol) for each
    node; `edges` has, for each edge such as "w1 m1", where along it its number stands (0 to 1).
    """

    def __init__(
        self,
        forward: Callable,
        backward: Callable,
        point: Numbers,
        learning_rate: float,
        nodes: Nodes,
        edges: Numbers,
    ) -> None:
        self.now = Descent(forward, backward, point)
        self.first = point
        self.learning_rate = learning_rate
        self.nodes = {name: [x, y, plain(symbol)] for name, (x, y, symbol) in nodes.items()}
        self.edges = edges
        self.at = 0

    def build(self) -> ui.Widget:
        """Return the widget: the steps, the graph, and below it what can be moved."""
        self.graph = Graph(nodes=self.nodes, edges=self.edges)
        self.contours = Contours(lines=self.now.landscape())
        self.sentence = ui.HTML()
        self.downhill = ui.HTML()
        self.player = Player("graph", self.play, PLAY_SECONDS)
        buttons = [
            button("Back", "step-backward", lambda: self.go(self.at - 1)),
            button("Next", "step-forward", lambda: self.go(self.at + 1), button_style="primary"),
            self.player.button,
            button("Start over", "refresh", lambda: self.go(0)),
        ]
        self.show()
        map_of_f = ui.Box([self.contours], layout={"width": "20rem"})
        below = ui.HBox([self.panel(), map_of_f], layout=WRAP)
        steps = ui.HBox(buttons, layout=WRAP)
        return ui.VBox([steps, self.sentence, self.graph, below], layout=COLUMN)

    def panel(self) -> ui.Widget:
        """Return the sliders and the buttons that go downhill."""
        grid = [i / 100 for i in range(round(-100 * LIMIT), round(100 * LIMIT) + 1)]
        self.sliders = {
            name: Slider(text, grid, self.now.point[name], functools.partial(self.move, name))
            for name, text in NAMES.items()
        }
        rate = Slider("learning rate", LEARNING_RATES, self.learning_rate, self.choose_rate)
        buttons = [
            button("One gradient step", "arrow-down", self.descend, button_style="primary"),
            button(f"{MANY} steps", "forward", lambda: self.descend(MANY)),
            button("First weights again", "home", self.restart),
        ]
        down = ui.HBox(buttons, layout=WRAP)
        return ui.VBox([*self.sliders.values(), rate, down, self.downhill])

    def show(self, trouble: str = "") -> None:
        """Show the present point at the present step, and the path to it."""
        now = self.now
        self.steps = [
            *forward_steps(now.forward, now.v),
            *backward_steps(now.backward, now.v, now.g),
        ]
        self.go(self.at)
        taken = len(now.path) - 1
        with self.contours.hold_sync():
            self.contours.path = now.path
            self.contours.alt = f"Lines of equal f over both weights; {taken} gradient steps"
        progress = f"after {taken} gradient steps: <b>f = {now.v.f:.6f}</b>"
        self.downhill.value = trouble or progress

    def play(self) -> bool:
        """Go to the next step, or from the end to the beginning; return True if there are more."""
        return self.go(self.at + 1 if self.at < len(self.steps) else 0)

    def go(self, at: int) -> bool:
        """Show what is known after `at` steps; return True if there are more."""
        self.at = min(max(at, 0), len(self.steps))
        done = self.steps[: self.at]
        progress = f"{self.at} of {len(self.steps)}"
        text = BEGIN
        if done:
            direction = "forward" if done[-1].values else "backward"
            text = f"{direction}: {done[-1].text}"
        self.sentence.value = line(f"<small>{progress}</small><br>{text}", lines=2)
        with self.graph.hold_sync():
            self.fill(done)
            self.graph.alt = f"Problem 1's graph after {progress} steps"
        return self.at < len(self.steps)

    def fill(self, done: list[Step]) -> None:
        """Fill the graph with the numbers of some steps, and mark what the last one speaks of."""
        values = dict(self.now.point)
        gradients: Numbers = {}
        shares: Numbers = {}
        for step in done:
            values |= step.values
            gradients |= step.gradients
            shares |= step.shares
        self.graph.values = values
        self.graph.gradients = gradients
        self.graph.shares = shares
        self.graph.marked = done[-1].marked if done else []

    def choose_rate(self, value: float) -> None:
        """Take another learning rate."""
        self.learning_rate = value

    def move(self, name: str, value: float) -> None:
        """Set a weight or an input to what its slider says."""
        self.now.move({**self.now.point, name: value})
        if name in ("x1", "x2"):
            self.contours.lines = self.now.landscape()
        self.show()

    def descend(self, steps: int = 1) -> None:
        """Go downhill; if a step is too large to be computed, say so and stay."""
        trouble = ""
        try:
            for _ in range(steps):
                self.now.step(self.learning_rate)
        except ArithmeticError:
            trouble = TOO_LARGE
        self.follow(trouble)

    def restart(self) -> None:
        """Go back to the first weights."""
        self.now.move({**self.now.point, "w1": self.first["w1"], "w2": self.first["w2"]})
        self.follow()

    def follow(self, trouble: str = "") -> None:
        """Put the sliders where the weights are."""
        for name in ("w1", "w2"):
            self.sliders[name].place(self.now.point[name])
        self.show(trouble)
