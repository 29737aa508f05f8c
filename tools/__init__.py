"""The verbs behind the Makefile, one file per verb: `python -m tools.<verb>`."""
