"""Widgets to play with: step through Problem 1's graph, train while you watch, draw a digit.

What they show is computed by the notebook's own functions, handed in, and by common.py; JavaScript draws and listens.
They are for somebody who watches: `show` does nothing where a program runs the notebook, which has the static figures.
Letters as in common.py.
"""

from explore.controls import show
from explore.drawing import DrawDigit
from explore.graph import StepThrough
from explore.training import LiveTraining

__all__ = ["DrawDigit", "LiveTraining", "StepThrough", "show"]
