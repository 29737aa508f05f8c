"""Widgets to play with: step through Problem 1's graph, watch a network train, draw a digit.

A widget is a module of JavaScript that computes and draws. JupyterLab shows it through anywidget,
a web page carries it as it is; so it goes on when the kernel has ended, and where there never was
one. Python gives the start values, and saves digits (saved.py).

    walk.js     Problem 1: film.js (the steps; code, graph.js, question.js), descent.js (downhill
                on the map of contours.js); program.js carries out the notebook's own lines
    train.js    Problems 2 and 3: lab.js (the experiment: sets.js, past.js, settings.js),
                plane.js, field.js, units.js, chart.js, words.js and challenges.js show it
    pad.js      Problem 4: pen.js, ink.js (28 x 28), scores.js, answers.js; keep.js keeps digits
    teaser.js   the picture that moves on the first page
    core.js     networks, the loss, gradients, random numbers; lp.js: are points separable?
    ui.js       elements and controls, board.js: canvases; page.js: a page instead of JupyterLab

Some numbers have twins in Python: core.js and scores.js in common.py, lp.js in points.py, sets.js
in data/make_points.py, ink.js in handwriting.py. The tests compare them.
"""

from explore.steps import program
from explore.widget import show

__all__ = ["program", "show"]
