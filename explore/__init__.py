"""Widgets to play with: step through Problem 1's graph, watch a network train, draw a digit.

What they show is computed by common.py and by functions that the notebook hands in; JavaScript
draws and listens. They need a person in front of the screen: when a program runs the notebook,
`show` does nothing and only the static figures appear. Letters as in common.py.
"""

from explore.controls import show
from explore.drawing import DrawDigit
from explore.graph import StepThrough
from explore.training import LiveTraining

__all__ = ["DrawDigit", "LiveTraining", "StepThrough", "show"]
