"""Problem 1, step by step: the graph fills with the numbers of the notebook's own `forward` and `backward`."""

import functools
import math
from collections.abc import Callable

import anywidget
import ipywidgets as ui
import numpy as np
import traitlets

import figures
from explore.controls import ASSETS, COLUMN, LEARNING_RATES, WRAP, Player, Slider, button, line
from explore.steps import Numbers, Step, backward_steps, forward_steps

LIMIT = 1.6  # of weights and inputs, either way
MANY = 30  # gradient steps at once, as in part (c)
NAMES = {"w1": "weight w₁", "w2": "weight w₂", "x1": "input x₁", "x2": "input x₂"}
BEGIN = Step("", "Press <b>Next</b> to compute the first line of <code>forward</code>, or <b>Play</b>.", "")


def _symbol(text: str) -> str:
    for old, new in {"$": "", "\\cdot": "·", "^2": "²", "_1": "₁", "_2": "₂"}.items():
        text = text.replace(old, new)
    return text


def drawing(name: str) -> str:
    """Return a script that draws with svg.js, which stands before it."""
    return "\n".join((ASSETS / part).read_text(encoding="utf-8") for part in ("svg.js", name))


class Graph(anywidget.AnyWidget):
    """The drawing: figures.py says where the nodes are, the kernel which numbers are known."""

    _esm, _css = drawing("graph.js"), ASSETS / "explore.css"
    nodes = traitlets.Dict({k: [x, y, _symbol(s)] for k, (x, y, s) in figures.GRAPH_NODES.items()}).tag(sync=True)
    edges = traitlets.List(list(figures.GRAPH_EDGES)).tag(sync=True)
    spots = traitlets.Dict(figures.GRAPH_SPOTS).tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    gradients = traitlets.Dict().tag(sync=True)
    marked = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)


class Contours(anywidget.AnyWidget):
    """Lines of equal f over w1 and w2, and the path that gradient steps have taken among them."""

    _esm, _css = drawing("contours.js"), ASSETS / "explore.css"
    limit = traitlets.Float(LIMIT).tag(sync=True)
    lines: traitlets.List = traitlets.List().tag(sync=True)
    path: traitlets.List = traitlets.List().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)


class Descent:
    """A point w1, w2, x1, x2 with its values and gradients, and the path that its weights have taken.

    `forward(**point)` returns the values, `backward(values)` the gradients, as attributes. A move to where they cannot
    be computed raises ArithmeticError and changes nothing.
    """

    def __init__(self, forward: Callable, backward: Callable, point: Numbers) -> None:
        self.forward, self.backward = forward, backward
        self.move(point)

    def move(self, point: Numbers) -> None:
        """Go to a point; there a new path begins."""
        values = self.forward(**point)
        v, g = vars(values), vars(self.backward(values))
        if not all(map(math.isfinite, [*v.values(), *g.values()])):
            raise OverflowError("a number is no longer finite")
        self.point, self.v, self.g = dict(point), v, g
        self.path = [[point["w1"], point["w2"]]]

    def step(self, learning_rate: float) -> None:
        """Take one step against the gradient, as part (c) does."""
        before = self.path
        w1, w2 = (self.point[name] - learning_rate * self.g[f"d{name}"] for name in ("w1", "w2"))
        self.move({**self.point, "w1": w1, "w2": w2})
        self.path = [*before, *self.path]

    def landscape(self) -> list[list[list[float]]]:
        """Return the lines of equal f over the weights, for the present inputs: lists of points."""
        ticks = np.linspace(-LIMIT, LIMIT, 33)
        inputs = self.point["x1"], self.point["x2"]
        f = [[self.forward(w1, w2, *inputs).f for w1 in ticks] for w2 in ticks]
        drawn = figures.figure()[1].contour(ticks, ticks, f, levels=14)
        return [part.tolist() for level in drawn.allsegs for part in level if len(part) > 1]


class StepThrough:
    """Problem 1's graph, a line of code at a time, and the way downhill; see Descent for the functions."""

    def __init__(self, forward: Callable, backward: Callable, point: Numbers, learning_rate: float) -> None:
        self.now, self.first, self.learning_rate, self.at = Descent(forward, backward, point), point, learning_rate, 0

    def build(self) -> ui.Widget:
        """Return the widget: the steps, the graph, and below it what can be moved."""
        self.graph, self.contours, self.said, self.downhill = Graph(), Contours(), ui.HTML(), ui.HTML()
        self.player = Player("graph", self.play, 1.2)
        steps = [
            button("Back", "step-backward", lambda: self.go(self.at - 1)),
            button("Next", "step-forward", lambda: self.go(self.at + 1), button_style="primary"),
            self.player.button,
            button("Start over", "refresh", lambda: self.go(0)),
        ]
        self.show()
        self.contours.lines = self.now.landscape()
        below = ui.HBox([self.panel(), ui.Box([self.contours], layout={"width": "20rem"})], layout=WRAP)
        return ui.VBox([ui.HBox(steps, layout=WRAP), self.said, self.graph, below], layout=COLUMN)

    def panel(self) -> ui.Widget:
        """Return the sliders and the buttons that go downhill."""
        grid = [round(0.01 * i, 2) for i in range(round(-100 * LIMIT), round(100 * LIMIT) + 1)]
        self.sliders = {
            name: Slider(text, grid, self.now.point[name], functools.partial(self.move, name))
            for name, text in NAMES.items()
        }
        rate = Slider("learning rate", LEARNING_RATES, self.learning_rate, lambda value: setattr(self, "learning_rate", value))
        down = [
            button("One gradient step", "arrow-down", self.descend, button_style="primary"),
            button(f"{MANY} steps", "forward", lambda: self.descend(MANY)),
            button("First weights again", "home", self.restart),
        ]
        return ui.VBox([*self.sliders.values(), rate, ui.HBox(down, layout=WRAP), self.downhill])

    def show(self, trouble: str = "") -> None:
        """Show the present point at the present step, and the path to it."""
        self.steps = [
            *forward_steps(self.now.forward, self.now.v),
            *backward_steps(self.now.backward, self.now.v, self.now.g),
        ]
        self.go(self.at)
        taken = len(self.now.path) - 1
        with self.contours.hold_sync():
            self.contours.path = self.now.path
            self.contours.alt = f"Lines of equal f over the two weights; a path of {taken} gradient steps"
        self.downhill.value = trouble or f"after {taken} gradient steps: <b>f = {self.now.v['f']:.6f}</b>"

    def play(self) -> bool:
        """Go on by a step, from the end to the beginning; return whether there are more."""
        return self.go(self.at + 1 if self.at < len(self.steps) else 0)

    def go(self, at: int) -> bool:
        """Show what is known after `at` steps; return whether there are more."""
        self.at = min(max(at, 0), len(self.steps))
        done = self.steps[: self.at]
        known, last = {step.name for step in done}, (done or [BEGIN])[-1]
        v, g = self.now.v, self.now.g
        with self.graph.hold_sync():
            self.graph.values = {name: v[name] for name in v if name in known or name in self.now.point}
            self.graph.gradients = {name: g[name] for name in g if name in known}
            self.graph.marked = last.marked
            self.graph.alt = f"Problem 1's graph after {self.at} of {len(self.steps)} steps"
        way = "" if not done else "forward: " if last.name in v else "backward: "
        self.said.value = line(f"<small>{self.at} of {len(self.steps)}</small><br>{way}{last.text}", lines=2)
        return self.at < len(self.steps)

    def move(self, name: str, value: float) -> None:
        """Put a number where its slider says."""
        self.now.move({**self.now.point, name: value})
        if name in ("x1", "x2"):
            self.contours.lines = self.now.landscape()
        self.show()

    def descend(self, steps: int = 1) -> None:
        """Go downhill; where the step size is so large that the numbers overflow, say so and stay."""
        trouble = ""
        try:
            for _ in range(steps):
                self.now.step(self.learning_rate)
        except ArithmeticError:
            trouble = "the next step is too large to be computed: take a <b>smaller learning rate</b>"
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
