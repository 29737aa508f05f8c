"""A papermill engine that runs a notebook's cells in this process: no kernel, the same results.

A cell is plain Python. It shows its last value, as in Jupyter, and may call display(), which here
shows texts only.
"""

import ast
import base64
import contextlib
import io
import linecache
import sys
import traceback
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_output
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

from sweep.notebook import Stop
from sweep.sources import ROOT

NAME = "in-process"


class InProcessEngine(Engine):
    """Execute the cells one after the other; stop at the first one that fails."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any
    ) -> None:
        """Run the code cells of `nb_man.nb` in a new namespace; papermill has set the folder."""
        own_modules_first()
        namespace = {"__name__": "__main__", "display": display}
        count = 0
        # Without papermill's cell_start and cell_complete: each of them would write the file.
        for index, cell in enumerate(nb_man.nb.cells):
            if cell.cell_type != "code":
                continue
            count += 1
            cell.outputs = run_cell(cell.source, f"cell {index}", namespace, count)
            cell.execution_count = count
            if any(output.output_type == "error" for output in cell.outputs):
                nb_man.cell_exception(cell, index)
                return


def own_modules_first() -> None:
    """Let `import common` find the project's module, wherever the command was typed."""
    if sys.path[0] != str(ROOT):
        sys.path.insert(0, str(ROOT))


def display(*values: Any, **options: Any) -> None:
    """Show values as IPython does without a kernel."""
    from IPython.display import display as show  # not before a cell needs it

    show(*values, **options)


def run_cell(source: str, name: str, namespace: dict[str, Any], count: int) -> list[NotebookNode]:
    """Execute a cell and return its outputs; the last one is an error if the cell failed."""
    printed = io.StringIO()
    warned = io.StringIO()
    last: list[NotebookNode] = []
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(warned):
            value = run_source(source, name, namespace)
            if value is not None:
                last = [shown(value, count)]
    except Stop:
        raise
    except BaseException as error:  # sys.exit or Ctrl-C in a cell is a failure, too
        last = [failure(error, source, name)]
    streams = [("stdout", writable(printed.getvalue())), ("stderr", writable(warned.getvalue()))]
    return [new_output("stream", name=name, text=text) for name, text in streams if text] + last


def run_source(source: str, name: str, namespace: dict[str, Any]) -> Any:
    """Execute statements and return the value of the last one if it is an expression, else None."""
    # As in a kernel, `inspect` and tracebacks find the source of what a cell defines.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    body: list[Any] = ast.parse(source, name).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    # The asserts count, whatever PYTHONOPTIMIZE says.
    exec(compile(ast.Module(body, []), name, "exec", optimize=0), namespace)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), name, "eval", optimize=0), namespace)


def shown(value: Any, count: int) -> NotebookNode:
    """Return the output that a kernel would show for a cell's last value."""
    bundle = getattr(value, "_repr_mimebundle_", None)
    data, metadata = bundle() if bundle else ({}, {})
    texts = {
        kind: base64.b64encode(part).decode() if isinstance(part, bytes) else part
        for kind, part in data.items()
    }
    texts = {"text/plain": repr(value)} | texts
    return new_output("execute_result", texts, metadata=metadata, execution_count=count)


def failure(error: BaseException, source: str, name: str) -> NotebookNode:
    """Return the error output of a failed cell; its traceback ends with the cell's own line."""
    lines = traceback.format_exception(error)
    frames = traceback.extract_tb(error.__traceback__)
    numbers = [frame.lineno for frame in frames if frame.filename == name and frame.lineno]
    if numbers:
        lines.append(f"---> {numbers[-1]} {source.splitlines()[numbers[-1] - 1]}")
    lines = list(map(writable, lines))
    return new_output(
        "error", ename=type(error).__name__, evalue=writable(str(error)), traceback=lines
    )


def writable(text: str) -> str:
    """Return a text that UTF-8 can hold: the name of a file may have bytes that are no letters."""
    return text.encode("utf-8", "backslashreplace").decode()


own_modules_first()  # for what is imported ahead of all runs
papermill_engines.register(NAME, InProcessEngine)
# Compiles the schema of notebooks, once for all processes that are forked from this one.
nbformat.validate(new_notebook())
