"""What the widgets share: who watches, a play button, sliders, a line that is read out."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import anywidget
import ipywidgets as ui
import traitlets
from IPython import get_ipython
from IPython.display import display

ASSETS = Path(__file__).resolve().parent
# Not ui.Layout, which is a widget itself and would be saved in notebooks that show none.
COLUMN = {"width": "auto", "max_width": "54rem"}
WRAP = {"flex_flow": "row wrap", "align_items": "center"}
FITTING = {"width": "auto"}
LONGEST = 300.0  # seconds that a player goes on by itself: the page may have been closed, and nobody says so
STEP_SIZES = [m * 10.0**e for e in range(-3, 1) for m in (1, 2, 5)]


class Built(Protocol):
    """Something to play with that makes its widget when it is shown."""

    def build(self) -> ui.Widget:
        """Return the widget."""


def watched() -> bool:
    """Tell whether somebody watches: a front end says which cell it executes, a program that runs them does not."""
    shell: Any = get_ipython()
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return bool(request.get("metadata", {}).get("cellId"))


def show(thing: Built) -> None:
    """Display a widget if somebody watches."""
    if watched():
        display(thing.build())


def button(text: str, icon: str, work: Callable[[], Any], **look: Any) -> ui.Button:
    """Return a button that does some work."""
    made = ui.Button(description=text, icon=icon, layout=FITTING, **look)
    made.on_click(lambda _: work())
    return made


def line(text: str, lines: int = 1) -> str:
    """Return HTML that a screen reader reads out when it changes, with room for so many lines: nothing jumps."""
    return f'<div role="status" style="font-size: 1.1em; line-height: 1.5; min-height: {1.5 * lines}em">{text}</div>'


class Slider(anywidget.AnyWidget):
    """A labelled slider over given values, in order; `work(value)` is called when a person moves it."""

    _esm, _css = ASSETS / "slider.js", ASSETS / "explore.css"
    text = traitlets.Unicode().tag(sync=True)
    options: traitlets.List = traitlets.List().tag(sync=True)
    index = traitlets.Int().tag(sync=True)

    def __init__(self, text: str, values: Sequence[float], value: float, work: Callable[[Any], Any]) -> None:
        self.values, self.placed = sorted({*values, value}), False
        options = [f"{v:g}".replace("-", "−") for v in self.values]
        super().__init__(text=text, options=options, index=self.values.index(value))
        self.observe(lambda change: None if self.placed else work(self.values[change.new]), "index")

    def place(self, value: float) -> None:
        """Put the slider at the value next to this one; that is nobody's wish for that value."""
        after = min(bisect_left(self.values, value), len(self.values) - 1)
        self.placed = True
        self.index = min((max(after - 1, 0), after), key=lambda i: abs(self.values[i] - value))
        self.placed = False


class Player:
    """A play button: calls `tick` again and again while it is pressed, until that returns False."""

    playing: dict[str, "Player"] = {}  # noqa: RUF012  (one for each kind of widget, shared on purpose)

    def __init__(self, kind: str, tick: Callable[[], bool], seconds: float) -> None:
        self.tick, self.seconds = tick, seconds
        self.task: asyncio.Future | None = None
        self.button = ui.ToggleButton(description="Play", icon="play", layout=FITTING)
        self.button.observe(self._pressed, "value")
        if kind in self.playing:  # the cell was run again
            self.playing[kind].button.value = False
        self.playing[kind] = self

    def _pressed(self, change: Any) -> None:
        self.button.description, self.button.icon = ("Pause", "pause") if change.new else ("Play", "play")
        if self.task:
            self.task.cancel()
        if change.new:
            self.task = asyncio.ensure_future(self._play())

    async def _play(self) -> None:
        end = time.monotonic() + LONGEST
        while (began := time.monotonic()) < end and self.tick():
            await asyncio.sleep(max(0.01, self.seconds - (time.monotonic() - began)))
        self.task = None  # or it would cancel itself here
        self.button.value = False
