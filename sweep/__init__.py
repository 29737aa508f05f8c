"""Many runs of one notebook: every combination of its parameters, a process for each run, one table of results.

`python -m sweep NOTEBOOK OUT hidden=1,2,4 seed=0:50`. It works for any notebook with a parameters cell in which `out` is
the folder to write to, and that writes its numbers as JSON to `{out}/results/<the notebook's name>.json`.
"""
