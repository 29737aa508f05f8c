"""What the widgets share: who watches, a play button, sliders."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import ipywidgets as ui
from IPython import get_ipython
from IPython.display import display

ASSETS = Path(__file__).resolve().parent
# Not ui.Layout, which is a widget itself and would be saved in notebooks that show none.
COLUMN = {"width": "auto", "max_width": "54rem"}
WRAP = {"flex_flow": "row wrap", "align_items": "center"}
FITTING = {"width": "auto"}


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


def slider(kind: type, text: str, value: float, work: Callable[[Any], Any], **limits: Any) -> ui.Widget:
    """Return a slider that hands its value on whenever it moves."""
    style, layout = {"description_width": "8rem"}, {"width": "24rem", "max_width": "100%"}
    made = kind(value=value, description=text, style=style, layout=layout, **limits)
    made.observe(lambda change: work(change.new), "value")
    return made


def line(text: str, lines: int = 1) -> str:
    """Return HTML that a screen reader reads out when it changes, with room for so many lines: nothing jumps."""
    return f'<div role="status" style="font-size: 1.1em; line-height: 1.5; min-height: {1.5 * lines}em">{text}</div>'


class Player:
    """A play button: calls `tick` again and again while it is pressed, until that returns False."""

    def __init__(self, tick: Callable[[], bool], seconds: float) -> None:
        self.tick, self.seconds = tick, seconds
        self.button = ui.ToggleButton(description="Play", icon="play", layout=FITTING)
        self.button.observe(self._pressed, "value")

    def _pressed(self, change: Any) -> None:
        self.button.description, self.button.icon = ("Pause", "pause") if change.new else ("Play", "play")
        if change.new:
            self.task = asyncio.ensure_future(self._play())

    async def _play(self) -> None:
        while self.button.value:
            began = time.monotonic()
            if not self.tick():
                self.button.value = False
            await asyncio.sleep(max(0.01, self.seconds - (time.monotonic() - began)))
