"""One at a time: `python3 tools/lock.py FILE COMMAND...` locks FILE and runs a command.

The lock lasts until the command and every process that inherited it have ended: if make is killed
and its children go on, the next make waits for them. Standard library only.
"""

import fcntl
import os
import sys
from pathlib import Path
from typing import IO


def take(path: Path) -> IO[str]:
    """Lock a file, which is created if necessary, and return it; the lock ends when it is closed.

    If another process has the lock, this one prints a line and waits.
    """
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = f"waiting for another process that works here ({path})"
        print(text, file=sys.stderr, flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    return file


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} FILE COMMAND...")
    locked = take(Path(sys.argv[1]))
    os.set_inheritable(locked.fileno(), True)
    os.execvp(sys.argv[2], sys.argv[2:])
