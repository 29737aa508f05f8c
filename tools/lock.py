"""One at a time: `python3 tools/lock.py FILE COMMAND...` locks FILE and runs a command.

The lock lasts until the command and every process that inherited it have ended: if make is killed
and its children go on, the next make waits for them. Standard library only, and Python 3.6 can
read it: make runs it first, and it says that an older Python than ours is too old.
"""

import fcntl
import os
import sys
from pathlib import Path
from typing import IO

PYTHON = (3, 11)


def take(path: Path) -> IO[str]:
    """Lock a file, which is created if necessary, and return it; the lock ends when it is closed.

    If another process has the lock, this one prints a line and waits. If the file system has no
    locks, it prints a line and goes on.
    """
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = f"waiting for another process that works here ({path})"
        print(text, file=sys.stderr, flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        text = f"{path} cannot be locked ({error.strerror})"
        text += ": do not start a second make until this one has ended"
        print(text, file=sys.stderr, flush=True)
    return file


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} FILE COMMAND...")
    if sys.version_info < PYTHON:
        version = sys.version.split()[0]
        sys.exit(f"error: Python {version} is too old; type: make PYTHON=/path/to/python3.11")
    try:
        locked = take(Path(sys.argv[1]))
    except OSError as error:
        sys.exit(f"error: nothing can be written here: {error}")
    os.set_inheritable(locked.fileno(), True)
    os.execvp(sys.argv[2], sys.argv[2:])
