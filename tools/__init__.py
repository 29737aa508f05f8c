"""The verbs behind the Makefile, one file per verb: `python -m tools.<verb>`."""

import sys

if hasattr(sys.stdout, "reconfigure"):  # a terminal may lack a letter of a file's name
    sys.stdout.reconfigure(errors="backslashreplace")
