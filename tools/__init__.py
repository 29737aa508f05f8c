"""The verbs behind the Makefile, one file a verb: `python -m tools.<verb>`."""
