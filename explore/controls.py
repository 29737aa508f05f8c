"""What the widgets share: when to show one, buttons, sliders, a play button, a spoken line."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import anywidget
import ipywidgets as ui
import traitlets
from IPython import get_ipython
from IPython.display import display

ASSETS = Path(__file__).resolve().parent
# Plain dictionaries: a ui.Layout is a widget, and would be saved in notebooks that show none.
COLUMN = {"width": "auto", "max_width": "54rem"}
WRAP = {"flex_flow": "row wrap", "align_items": "center"}
FITTING = {"width": "auto"}
LEARNING_RATES = [m * 10.0**e for e in range(-3, 1) for m in (1, 2, 5)]
LONGEST_PLAY = 300.0  # seconds; then a player stops, because its page may have been closed
SHORTEST_PAUSE = 0.01  # seconds between two frames, in which the kernel hears the buttons


class Buildable(Protocol):
    """Something to play with that makes its widget when it is shown."""

    def build(self) -> ui.Widget:
        """Return the widget."""


def watched() -> bool:
    """Return True if a person may be watching.

    JupyterLab names the cell that it executes; a program that runs a notebook does not.
    """
    shell: Any = get_ipython()
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return bool(request.get("metadata", {}).get("cellId"))


def show(thing: Buildable) -> None:
    """Display a widget if a person may be watching."""
    if watched():
        display(thing.build())


def button(text: str, icon: str, action: Callable[[], Any], **style: Any) -> ui.Button:
    """Return a button that calls `action`."""
    button = ui.Button(description=text, icon=icon, layout=FITTING, **style)
    button.on_click(lambda _: action())
    return button


def line(text: str, lines: int = 1) -> str:
    """Return HTML that a screen reader reads out when it changes.

    It keeps room for so many lines, so that nothing below it jumps.
    """
    style = f"font-size: 1.1em; line-height: 1.5; min-height: {1.5 * lines}em"
    return f'<div role="status" style="{style}">{text}</div>'


class Slider(anywidget.AnyWidget):
    """A labelled slider over given values; calls `action(value)` when a person moves it."""

    _esm = ASSETS / "slider.js"
    _css = ASSETS / "explore.css"
    text = traitlets.Unicode().tag(sync=True)
    options: traitlets.List = traitlets.List().tag(sync=True)
    index = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        text: str,
        values: Sequence[float],
        value: float,
        action: Callable[[Any], Any],
    ) -> None:
        self.values = sorted({*values, value})
        self.action = action
        self.placing = False
        options = [f"{v:g}".replace("-", "−") for v in self.values]
        super().__init__(text=text, options=options, index=self.values.index(value))
        self.observe(self._moved, "index")

    def _moved(self, change: Any) -> None:
        if not self.placing:
            self.action(self.values[change.new])

    def place(self, value: float) -> None:
        """Move to the option nearest to `value`.

        This is not the user's choice, so `action` is not called.
        """
        after = min(bisect_left(self.values, value), len(self.values) - 1)
        before = max(after - 1, 0)
        self.placing = True
        self.index = min((before, after), key=lambda i: abs(self.values[i] - value))
        self.placing = False


class Player:
    """A play button: while it is pressed, calls `tick` every so many seconds.

    It stops when `tick` returns False. Only one player of each kind plays at a time: the player
    of a cell that is run again replaces the one before.
    """

    players: ClassVar[dict[str, "Player"]] = {}

    def __init__(self, kind: str, tick: Callable[[], bool], seconds: float) -> None:
        self.tick = tick
        self.seconds = seconds
        self.task: asyncio.Future | None = None
        self.button = ui.ToggleButton(description="Play", icon="play", layout=FITTING)
        self.button.observe(self._pressed, "value")
        if kind in self.players:
            self.players[kind].button.value = False
        self.players[kind] = self

    def _pressed(self, change: Any) -> None:
        self.button.description = "Pause" if change.new else "Play"
        self.button.icon = "pause" if change.new else "play"
        if self.task:
            self.task.cancel()
        if change.new:
            self.task = asyncio.ensure_future(self._play())

    async def _play(self) -> None:
        end = time.monotonic() + LONGEST_PLAY
        while (began := time.monotonic()) < end and self.tick():
            spent = time.monotonic() - began
            await asyncio.sleep(max(SHORTEST_PAUSE, self.seconds - spent))
        self.task = None  # otherwise the button below would cancel the task that it runs in
        self.button.value = False
