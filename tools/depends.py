"""Write down which Python files each target of the Makefile needs: `python3 -m tools.depends FILE`.

FILE gets a rule for each notebook and for each verb, taken from what they import. Standard library
only, because make needs FILE before there is an environment.
"""

import sys
from pathlib import Path

from sweep import sources

BUILD = "report/build"
MADE_BY = {
    "tools.fetch": "data.done",
    "tools.study": "results/study.json",
    "tools.report": "report.pdf",
    "tools.pages": "html/index.html",
}


def needs() -> dict[str, set[Path]]:
    """Return the files that each target needs."""
    runner = sources.imported("import tools.run")
    files = {
        f"{BUILD}/{made}": sources.imported(f"import {verb}") for verb, made in MADE_BY.items()
    }
    for notebook in sources.ROOT.glob("problem*.ipynb"):
        files[f"{BUILD}/{notebook.name}"] = sources.modules(notebook) | runner
    return files


def rules(target: str) -> str:
    """Return a rule for each target, and one for `target`, the file that holds these rules."""
    files = needs()
    every = set().union(*files.values())
    files[target] = every
    lines = [f"{name}: {' '.join(sorted(map(relative, files[name])))}" for name in sorted(files)]
    # A file that is removed later is no error.
    lines += [f"{name}:" for name in sorted(map(relative, every))]
    return "\n".join(lines) + "\n"


def relative(file: Path) -> str:
    """Return a file's path as the Makefile writes it."""
    return file.relative_to(sources.ROOT).as_posix()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 -m tools.depends FILE")
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(rules(sys.argv[1]), encoding="utf-8")
    unfinished.replace(path)
