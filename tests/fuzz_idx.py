"""Coverage-guided fuzzing of the idx reader: `pip install atheris`, then

    PYTHONPATH=. python tests/fuzz_idx.py tests/corpus \\
        -max_total_time=600 -max_len=4096 -rss_limit_mb=1024

Any outcome but an array or a DataError is a crash, and so is memory beyond the limit. What it finds
lands in the folder; keep the small files, because `make test` reads them all.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["common"]):
    from common import DataError, read_idx

FILE = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)) / "input"


def one(data: bytes) -> None:
    """Read one input as any idx file, and as images and labels."""
    FILE.write_bytes(data)
    for ndim in (None, 3, 1):
        try:
            array = read_idx(FILE, ndim)
        except DataError:
            continue
        assert ndim is None or array.ndim == ndim
        assert array.nbytes <= 1 << 28


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
