"""A papermill engine that executes a notebook's cells in this process: no kernel to start, the same cells and results.

It does what this repository's notebooks need: no magics, no widgets, no display(); a cell's last value is shown.
"""

import ast
import base64
import contextlib
import io
import traceback
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_output
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

NAME = "in-process"


def display(value: Any, count: int) -> NotebookNode:
    """Return the output that a kernel would show for a cell's last value."""
    bundle = getattr(value, "_repr_mimebundle_", None)
    data, metadata = bundle() if bundle else ({}, {})
    texts = {kind: base64.b64encode(part).decode() if isinstance(part, bytes) else part for kind, part in data.items()}
    return new_output("execute_result", {"text/plain": repr(value)} | texts, metadata=metadata, execution_count=count)


def failure(error: BaseException, source: str, name: str) -> NotebookNode:
    """Return the error output of a failed cell; its traceback ends with the cell's own line."""
    lines = traceback.format_exception(error)
    numbers = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    lines += [f"---> {number} {source.splitlines()[number - 1]}" for number in numbers[-1:] if number]
    return new_output("error", ename=type(error).__name__, evalue=str(error), traceback=lines)


def run_cell(source: str, name: str, space: dict[str, Any], count: int) -> list[NotebookNode]:
    """Execute a cell in the namespace `space` and return its outputs; the last one is an error if it failed."""
    printed, warned = io.StringIO(), io.StringIO()
    last: list[NotebookNode] = []
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(warned):
            body: list[Any] = ast.parse(source, name).body
            last_line = body.pop() if body and isinstance(body[-1], ast.Expr) else None
            exec(compile(ast.Module(body, []), name, "exec"), space)
            value = eval(compile(ast.Expression(last_line.value), name, "eval"), space) if last_line else None
            last = [] if value is None else [display(value, count)]
    except (Exception, SystemExit) as error:  # sys.exit in a cell is a failure too
        last = [failure(error, source, name)]
    streams = [("stdout", printed.getvalue()), ("stderr", warned.getvalue())]
    return [new_output("stream", name=name, text=text) for name, text in streams if text] + last


class InProcessEngine(Engine):
    """Execute the cells one after the other; stop at the first that fails."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any) -> None:
        """Run the code cells of `nb_man.nb` in a fresh namespace; papermill has gone to the folder to work in."""
        space: dict[str, Any] = {"__name__": "__main__"}
        code = [(i, cell) for i, cell in enumerate(nb_man.nb.cells) if cell.cell_type == "code"]
        for count, (index, cell) in enumerate(code, 1):  # no cell_start, cell_complete: each would write the file
            cell.outputs, cell.execution_count = run_cell(cell.source, f"cell {index}", space, count), count
            if any(output.output_type == "error" for output in cell.outputs):
                nb_man.cell_exception(cell, index)
                return


papermill_engines.register(NAME, InProcessEngine)
nbformat.validate(new_notebook())  # compiles the notebooks' schema, once for all processes that fork from this one
