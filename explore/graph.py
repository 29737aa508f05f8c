"""Problem 1, step by step: the graph fills with the numbers of the notebook's own `forward` and `backward`."""

import functools
import time
from collections.abc import Callable

import anywidget
import ipywidgets as ui
import numpy as np
import traitlets

import figures
from explore.controls import ASSETS, COLUMN, WRAP, Player, button, line, slider
from explore.steps import Numbers, Step, backward_steps, forward_steps

LIMIT = 1.6  # of weights and inputs, either way
BEGIN = Step("", "Press <b>Next</b> to compute the first line of <code>forward</code>, or <b>Play</b>.", "")


def _symbol(text: str) -> str:
    for old, new in {"$": "", "\\cdot": "·", "^2": "²", "_1": "₁", "_2": "₂"}.items():
        text = text.replace(old, new)
    return text


class Graph(anywidget.AnyWidget):
    """The drawing: figures.py says where the nodes are, the kernel which numbers are known."""

    _esm, _css = ASSETS / "graph.js", ASSETS / "explore.css"
    nodes = traitlets.Dict({k: [x, y, _symbol(s)] for k, (x, y, s) in figures.GRAPH_NODES.items()}).tag(sync=True)
    edges = traitlets.List(list(figures.GRAPH_EDGES)).tag(sync=True)
    spots = traitlets.Dict(figures.GRAPH_SPOTS).tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    gradients = traitlets.Dict().tag(sync=True)
    marked = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)


class Contours(anywidget.AnyWidget):
    """Lines of equal f over w1 and w2, and the path that gradient steps have taken among them."""

    _esm, _css = ASSETS / "contours.js", ASSETS / "explore.css"
    limit = traitlets.Float(LIMIT).tag(sync=True)
    lines: traitlets.List = traitlets.List().tag(sync=True)
    path: traitlets.List = traitlets.List().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)


class StepThrough:
    """Problem 1's graph, a line of code at a time, and the way downhill.

    `point` holds w1, w2, x1, x2; `forward(**point)` returns the values, `backward(values)` the gradients, both with
    the names of figures.GRAPH_NODES.
    """

    def __init__(self, forward: Callable, backward: Callable, point: Numbers, learning_rate: float) -> None:
        self.forward, self.backward, self.learning_rate = forward, backward, learning_rate
        self.first, self.point = dict(point), dict(point)
        self.at, self.quiet_until = 0, 0.0
        self.path = [[point["w1"], point["w2"]]]

    def build(self) -> ui.Widget:
        """Return the widget: the steps, the graph, and below it what can be moved."""
        self.graph, self.contours = Graph(), Contours()
        self.said, self.downhill = ui.HTML(), ui.HTML()
        self.player = Player(lambda: self.go(self.at + 1), 1.2)
        steps = [
            button("Back", "step-backward", lambda: self.go(self.at - 1)),
            button("Next", "step-forward", lambda: self.go(self.at + 1), button_style="primary"),
            self.player.button,
            button("Start over", "refresh", lambda: self.go(0)),
        ]
        names = {"w1": "weight w₁", "w2": "weight w₂", "x1": "input x₁", "x2": "input x₂"}
        bounds = {"min": -LIMIT, "max": LIMIT, "step": 0.01}
        self.sliders = {
            name: slider(ui.FloatSlider, text, self.shown(name), functools.partial(self.move, name), **bounds)
            for name, text in names.items()
        }
        rate = slider(ui.FloatLogSlider, "step size", self.learning_rate, self.set_rate, min=-3, max=0.5, step=0.05)
        down = button("One gradient step", "arrow-down", self.descend, button_style="primary")
        home = button("First weights again", "home", self.restart)
        panel = ui.VBox([*self.sliders.values(), rate, ui.HBox([down, home], layout=WRAP), self.downhill])
        map_of_f = ui.Box([self.contours], layout={"width": "20rem"})
        self.landscape()
        self.compute()
        below = ui.HBox([panel, map_of_f], layout=WRAP)
        return ui.VBox([ui.HBox(steps, layout=WRAP), self.said, self.graph, below], layout=COLUMN)

    def landscape(self) -> None:
        """Draw the lines of equal f for the present inputs."""
        ticks = np.linspace(-LIMIT, LIMIT, 33)
        inputs = self.point["x1"], self.point["x2"]
        f = [[self.forward(w1, w2, *inputs).f for w1 in ticks] for w2 in ticks]
        drawn = figures.figure()[1].contour(ticks, ticks, f, levels=14)
        self.contours.lines = [part.tolist() for level in drawn.allsegs for part in level if len(part) > 1]

    def compute(self) -> None:
        """Run the notebook's forward and backward at the present point, and show the present step."""
        v = self.forward(**self.point)
        self.v, self.g = vars(v), vars(self.backward(v))
        self.steps = [*forward_steps(self.forward, self.v), *backward_steps(self.backward, self.v, self.g)]
        self.go(self.at)
        with self.contours.hold_sync():
            self.contours.path = list(self.path)
            self.contours.alt = f"Lines of equal f over the two weights; a path of {len(self.path) - 1} gradient steps"
        self.downhill.value = f"after {len(self.path) - 1} gradient steps: <b>f = {self.v['f']:.6f}</b>"

    def go(self, at: int) -> bool:
        """Show what is known after `at` steps; return whether there are more."""
        self.at = min(max(at, 0), len(self.steps))
        done = self.steps[: self.at]
        known, last = {step.name for step in done}, (done or [BEGIN])[-1]
        with self.graph.hold_sync():
            self.graph.values = {name: self.v[name] for name in self.v if name in known or name in self.point}
            self.graph.gradients = {name: self.g[name] for name in self.g if name in known}
            self.graph.marked = last.marked
            self.graph.alt = f"Problem 1's graph after {self.at} of {len(self.steps)} steps"
        way = "" if not done else "forward: " if last.name in self.v else "backward: "
        self.said.value = line(f"<small>{self.at} of {len(self.steps)}</small><br>{way}{last.text}", lines=2)
        return self.at < len(self.steps)

    def set_rate(self, value: float) -> None:
        """Take another step size."""
        self.learning_rate = value

    def move(self, name: str, value: float) -> None:
        """Put a number where its slider says; another point begins another path."""
        echo = time.monotonic() < self.quiet_until or abs(value - self.shown(name)) < 1e-6
        if echo:  # the browser says back, rounded in its own way, where the slider was put
            return
        self.point[name] = value
        self.path = [[self.point["w1"], self.point["w2"]]]
        if name in ("x1", "x2"):
            self.landscape()
        self.compute()

    def descend(self) -> None:
        """Take one step against the gradient, as part (c) does."""
        self.path.append([self.point[name] - self.learning_rate * self.g[f"d{name}"] for name in ("w1", "w2")])
        self.follow()

    def restart(self) -> None:
        """Go back to the first weights."""
        self.path = [[self.first["w1"], self.first["w2"]]]
        self.follow()

    def follow(self) -> None:
        """Put the weights, and their sliders, at the end of the path."""
        for name, value in zip(("w1", "w2"), self.path[-1], strict=True):
            self.point[name] = value
            self.sliders[name].value = self.shown(name)
        self.quiet_until = time.monotonic() + 0.4
        self.compute()

    def shown(self, name: str) -> float:
        """Return the number as a slider can show it."""
        return round(self.point[name], 2)
