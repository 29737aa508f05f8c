"""Runs a notebook once for each combination of parameters, each in its own process, and collects
the results in one table.

`python -m sweep NOTEBOOK OUT hidden=1,2,4 seed=0:50` works for any notebook with a parameters cell
that has the parameter `out`, a folder, and that writes its numbers as JSON to
`{out}/results/<the notebook's name>.json`. It runs in the folder in which this package lies.
"""
