"""Runs a notebook once for each combination of parameters, each in its own process, and collects
the results in one table.

`python -m sweep NOTEBOOK OUT hidden=1,2,4 seed=0:50` works for any notebook with a parameters cell
that has the parameter `out`, a folder, and that writes its numbers as JSON to
`{out}/results/<the notebook's name>.json`. It runs in the folder in which this package lies.
"""

import codecs
import sys
from typing import Any

IN_ASCII = str.maketrans({"±": "+-", "×": "x", "·": "*", "−": "-", "≥": ">=", "≤": "<="})


def print_anywhere() -> None:
    """Let this process print any text, even where the terminal's encoding lacks its letters."""
    codecs.register_error("spell out", spelled_out)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="spell out")


def spelled_out(error: Any) -> tuple[bytes, int]:
    """Return letters that an encoding lacks in ASCII: ± as +-, others by their number."""
    text = error.object[error.start : error.end].translate(IN_ASCII)
    return text.encode("ascii", "backslashreplace"), error.end
