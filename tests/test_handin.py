"""Lists H, X06, X07 and X08: the hand-in is checked, and nothing in it is private."""

import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pypdf
import pytest
from conftest import NOTEBOOKS, ROOT, copy_house
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import handwriting
from sweep.notebook import execute, seal, tidy
from tools import handin, private


@pytest.fixture
def copy(build, tmp_path):
    """Return a copy of the build folder that a test may spoil."""
    shutil.copytree(build, tmp_path / "build", ignore=shutil.ignore_patterns("tex"))
    return tmp_path / "build"


def test_the_zip_holds_exactly_what_it_should_and_repeats_h01_h02(build, tmp_path):
    files = handin.contents(build)
    modules = ("common", "figures", "handwriting", "pointfiles", "points", "results", "verdicts")
    names = {"report.pdf", "report/figures.mplstyle", *(f"{name}.py" for name in modules)}
    widgets = {f"explore/{p.name}" for p in (ROOT / "explore").iterdir() if p.is_file()}
    data = {f"data/{name}" for name in ("README.md", "datasets.json", "make_points.py")}
    data |= {"data/set2.csv", "data/set3.csv", "data/handwritten/strokes.json"}
    to_run = {"README.txt", "requirements.lock"}
    to_run |= {f"tools/{name}.py" for name in ("__init__", "fetch")}
    of_build = [*build.glob("results/*.json"), *build.glob("study/*/*.csv")]
    to_run |= {p.relative_to(build).as_posix() for p in of_build}
    mine = {name for name in files if name.startswith("data/handwritten/mine/")}
    assert bool(mine) == any(handwriting.MINE.glob("*.json"))
    assert set(files) == names | widgets | data | to_run | mine | {p.name for p in NOTEBOOKS}
    assert "explore/pad.js" in widgets
    handin.write_zip(tmp_path / "a.zip", files)
    handin.write_zip(tmp_path / "b.zip", handin.contents(build))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("report.pdf") == (build / "report.pdf").read_bytes()
    assert sorted(p.name for p in tmp_path.glob("*.zip")) == ["a.zip", "b.zip"] and not list(
        tmp_path.glob(".*")
    )


def test_own_digits_are_in_the_zip_with_their_pictures_p14(build, copy, monkeypatch, tmp_path):
    house = copy_house(tmp_path / "house")
    monkeypatch.setattr(handin, "ROOT", house)
    monkeypatch.setattr(handin.sources, "ROOT", house)
    mine = house / "data/handwritten/mine"
    mine.mkdir(exist_ok=True)
    digits = json.dumps([{"digit": 1, "contact_sheet": "caf\u00e9.sheet.png"}])
    names = {"page.json", "page.jpg", "cafe\u0301.sheet.png"}  # as a Mac may spell it
    others = {".DS_Store", "other.jpg", "page.sheet.png", "empty.json", "broken.json"}
    for name in names | others:
        (mine / name).write_text({"page.json": digits, "empty.json": "[]"}.get(name, "x"))
    with pytest.raises(handin.HandinError, match=r"page\.json is not in the report"):
        handin.contents(copy)
    results = json.loads((copy / "results/problem4_mnist.json").read_text())
    sha256 = hashlib.sha256((mine / "page.json").read_bytes()).hexdigest()
    results["provenance"]["sha256"]["data/handwritten/mine/page.json"] = sha256
    (copy / "results/problem4_mnist.json").write_text(json.dumps(results))
    assert {Path(name).name for name in handin.contents(copy) if "/mine/" in name} == names


@pytest.mark.parametrize("name", ["report.pdf", *(p.name for p in NOTEBOOKS)])
def test_a_missing_part_is_refused_h03(copy, name):
    (copy / name).unlink()
    with pytest.raises(handin.HandinError, match=name.replace(".", r"\.")):
        handin.contents(copy)


def edit(path, change):
    """Let `change` change the code cells of a notebook."""
    notebook = nbformat.read(path, as_version=4)
    change([c for c in notebook.cells if c.cell_type == "code" and not handin.is_injected(c)])
    path.write_text(json.dumps(notebook))


ERROR = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda code: code[3].update(execution_count=None), "not executed"),
        (lambda code: code[3].update(execution_count=99), "not as its run left it"),
        (lambda code: code[3].update(source="1 + 1"), "does not have the cells of"),
        (lambda code: code[3]["outputs"].append(ERROR), "an error in an output"),
    ],
)
def test_a_cell_without_its_run_is_refused_h04(copy, change, reason):
    edit(copy / "problem2_linear.ipynb", change)
    with pytest.raises(handin.HandinError, match=reason):
        handin.contents(copy)


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("problem4_mnist.ipynb", "templates: 6310 of", "templates: 9310 of", "was edited"),
        ("problem2_linear.ipynb", "## The data", "## My data", "does not have the cells of"),
        ("problem3_mlp.ipynb", 'out = \\"', 'hidden = 64\\nout = \\"', "other parameters"),
    ],
)
def test_an_edit_after_the_run_is_refused_h04(copy, name, old, new, reason):
    text = (copy / name).read_text()
    old = old if old in text else "templates: 607 of"
    assert old in text
    (copy / name).write_text(text.replace(old, new))
    with pytest.raises(handin.HandinError, match=reason):
        handin.contents(copy)


def change_made_of(copy, **changes):
    """Let the build say that the report was made of something else."""
    path = copy / "made_of.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("name", ["problem2_linear.ipynb", "report.pdf"])
def test_another_run_or_another_pdf_is_refused_h04(copy, name):
    change_made_of(copy, **{name: "0" * 64})
    with pytest.raises(handin.HandinError, match=r"changed after (the report|it) was made"):
        handin.contents(copy)


def spoiled_pdf(copy, cut):
    """Give the report's PDF other bytes, and let the build say that it was made so."""
    path = copy / "report.pdf"
    path.write_bytes(cut(path.read_bytes()))
    change_made_of(copy, **{"report.pdf": hashlib.sha256(path.read_bytes()).hexdigest()})


@pytest.mark.parametrize(
    "cut",
    [
        lambda whole: b"",
        lambda whole: b"%PDF-1.5\n",
        lambda whole: b"not a pdf",
        lambda whole: whole[: len(whole) // 2],
    ],
    ids=["empty", "header", "text", "half"],
)
def test_a_file_that_is_no_pdf_is_refused_h05(copy, cut):
    made_of = (copy / "made_of.json").read_text()
    spoiled_pdf(copy, cut)
    with pytest.raises(handin.HandinError, match=r"report\.pdf is not a readable PDF"):
        handin.contents(copy)
    (copy / "made_of.json").write_text(made_of)
    with pytest.raises(handin.HandinError, match=r"report\.pdf changed after"):
        handin.contents(copy)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda book: book.cells[2].update(source=5), "is not a notebook"),
    ],
)
def test_broken_cells_are_refused_h04(copy, spoil, reason):
    path = copy / "problem2_linear.ipynb"
    notebook = nbformat.read(path, as_version=4)
    spoil(notebook)
    path.write_text(json.dumps(notebook))
    with pytest.raises(handin.HandinError, match=reason):
        handin.check_notebook(path, ROOT / path.name)


def test_a_text_cell_cannot_pass_as_papermills_own_h04(copy):
    notebook = nbformat.read(copy / "problem2_linear.ipynb", as_version=4)
    before = handin.written_cells(notebook)
    notebook.cells[0].metadata.update(tags=["injected-parameters"])
    assert handin.written_cells(notebook) == before


def test_a_notebook_too_deep_to_read_is_refused_h04(copy):
    (copy / "problem2_linear.ipynb").write_text("[" * 100_000)
    with pytest.raises(handin.HandinError, match="is not a notebook"):
        handin.contents(copy)


def test_a_private_path_in_the_pdf_is_refused_h06(copy, monkeypatch):
    monkeypatch.setattr(handin.private, "texts_of_pdf", lambda pdf: [f"a page that names {ROOT}"])
    with pytest.raises(handin.HandinError, match=r"report\.pdf contains a private path"):
        handin.contents(copy)


def test_links_and_hidden_files_stay_out_of_the_zip_h01(build, tmp_path, monkeypatch):
    house = copy_house(tmp_path)
    monkeypatch.setattr(handin, "ROOT", house)
    monkeypatch.setattr(handin.sources, "ROOT", house)
    for name in (".mine.env", "notes.txt"):
        (tmp_path / "explore" / name).symlink_to("/etc/hostname")
    found = set(handin.contents(build))
    assert "explore/pad.js" in found and not {"explore/.mine.env", "explore/notes.txt"} & found


def test_a_private_path_in_an_output_is_refused_h06(copy):
    line = {"output_type": "stream", "name": "stdout", "text": f"{ROOT}/common.py\n"}
    path = copy / "problem2_linear.ipynb"
    edit(path, lambda code: code[2]["outputs"].append(line))
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["seal"] = seal(notebook.cells)  # as if the run itself had printed it
    nbformat.write(notebook, path)
    change_made_of(copy, **{path.name: seal(notebook.cells)})
    with pytest.raises(handin.HandinError, match=r"private path in cells\[\d+\]\.outputs"):
        handin.contents(copy)


# X06: notebooks that an editor has opened and saved.


def small_notebook():
    """Return a notebook as a run leaves it, with outputs of each kind that ours have."""
    data = {
        "stream": [{"output_type": "stream", "name": "stdout", "text": ["a\n", "b = 1.0\n"]}],
        "image": [
            {
                "output_type": "execute_result",
                "execution_count": 2,
                "data": {"image/png": "iVBORw0K\nGgo=\n", "text/plain": ["Picture(\n", "  1)"]},
                "metadata": {"image/png": {"alt": "what it shows", "figure": "f"}},
            }
        ],
        "widget": [
            {
                "output_type": "execute_result",
                "execution_count": 3,
                "data": {
                    "application/vnd.homework.play+json": {"start": '{"x": [1.0]}', "n": 2},
                    "text/plain": "Play",
                },
                "metadata": {},
            }
        ],
    }
    cells = [{"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "two\n", "lines"]}]
    for number, (tag, outputs) in enumerate(data.items(), 1):
        cells.append(
            {
                "cell_type": "code",
                "execution_count": number,
                "metadata": {"tags": [tag], "jupyter": {"source_hidden": True}},
                "outputs": outputs,
                "source": [f"x = {number}\n", "if x:\n", "    print(x)"],
            }
        )
    for number, cell in enumerate(cells):
        cell["id"] = str(number)
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def code_of(book):
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def vs_code(book):
    book["metadata"]["kernelspec"]["display_name"] = ".venv (3.11.9)"
    book["metadata"] |= {
        "vscode": {"interpreter": {"hash": "1f"}},
        "language_info": {"name": "python"},
    }
    for cell in code_of(book):
        cell["metadata"]["vscode"] = {"languageId": "python"}
        for output in cell["outputs"]:
            if "data" in output:
                output["data"] = {k: output["data"][k] for k in reversed(output["data"])}
                output["metadata"]["tags"] = []
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = "iVBORw0KGgo="


def jupyterlab(book):
    book["metadata"] |= {"toc-autonumbering": True, "toc-showtags": False}
    book["metadata"]["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {
            "state": {},
            "version_major": 2,
            "version_minor": 0,
        }
    }
    book["cells"][0]["metadata"] |= {"jp-MarkdownHeadingCollapsed": True, "editable": True}
    for cell in code_of(book):
        cell["metadata"] |= {"collapsed": False, "scrolled": True}
    empty = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    book["cells"].append(empty | {"id": "f00d", "source": []})


def colab(book):
    book["nbformat_minor"] = 0
    book["metadata"] |= {"colab": {"provenance": [], "authorship_tag": "ABX9"}}
    for number, cell in enumerate(book["cells"]):
        cell["metadata"] |= {"id": cell.pop("id") + "GqXk"}
        if cell["cell_type"] == "code":
            user = {"displayName": "A Person", "userId": "123"}
            cell["metadata"]["executionInfo"] = {"elapsed": 5, "status": "ok", "user": user}
            cell["metadata"] |= {"outputId": str(number), "colab": {"base_uri": "https://x/"}}


def jupytext(book):
    book["metadata"]["jupytext"] = {"formats": "ipynb,py:percent", "main_language": "python"}
    for cell in book["cells"]:
        cell["metadata"]["lines_to_next_cell"] = 2


def each_text_in_one_piece(book):
    for cell in book["cells"]:
        cell["source"] = "".join(cell["source"])
        for output in cell.get("outputs", []):
            if "text" in output:
                output["text"] = "".join(output["text"])


def windows(book):
    for cell in book["cells"]:
        cell["source"] = [line.replace("\n", "\r\n") for line in cell["source"]]


def blanks_at_the_ends_of_lines(book):
    for cell in book["cells"]:
        cell["source"] = [line.rstrip("\n") + "  \n" for line in cell["source"]]


def slides(book):
    book["metadata"]["celltoolbar"] = "Slideshow"
    for cell in book["cells"]:
        cell["metadata"]["slideshow"] = {"slide_type": "slide"}


def notebook_format_4_4(book):
    book["nbformat_minor"] = 4
    for cell in book["cells"]:
        del cell["id"]


def names_that_are_missing(book):
    for cell in book["cells"]:
        del cell["id"]


EDITORS = [
    vs_code,
    jupyterlab,
    colab,
    jupytext,
    each_text_in_one_piece,
    windows,
    blanks_at_the_ends_of_lines,
    slides,
    notebook_format_4_4,
    names_that_are_missing,
]


def in_code(**metadata):
    """Return an editor that gives this metadata to each code cell."""
    return lambda book: [cell["metadata"].update(metadata) for cell in code_of(book)]


def in_notebook(**metadata):
    """Return an editor that gives this metadata to the notebook."""
    return lambda book: book["metadata"].update(metadata)


def named(*names):
    """Return an editor that gives the cells these ids, again and again."""
    return lambda book: [
        cell.update(id=names[i % len(names)]) for i, cell in enumerate(book["cells"])
    ]


ODD_METADATA = {
    "null for folded outputs": in_code(collapsed=None),
    "odd scrolling": in_code(scrolled="sometimes"),
    "no scrolling": in_code(scrolled=None),
    "an empty name": in_code(name=""),
    "odd times": in_code(execution={"iopub.execute_input": 5}),
    "a kernel without a name": in_notebook(kernelspec={"display_name": "Python 3"}),
    "null for the kernel": in_notebook(kernelspec=None),
    "no language": in_notebook(language_info={}),
    "a title that is no text": in_notebook(title=5),
    "authors that are no list": in_notebook(authors="A Person"),
    "empty ids": named(""),
    "odd ids": named("a b", "\u00e9", "x" * 99, None, 5),
    "an id twice": named("same"),
}
ODD_TAGS = {
    "null for tags": in_code(tags=None),
    "a text for tags": in_code(tags="a"),
    "odd tags": in_code(tags=["a", "", "b,c", 5, None]),
    "a tag twice": in_code(tags=["a", "a"]),
    "null for folding": in_code(jupyter=None),
}


def outputs_of(book):
    return [output for cell in code_of(book) for output in cell["outputs"]]


def add_to_data(kind, content):
    """Return an editor that adds a kind of data to each output that has data."""
    return lambda book: [
        output["data"].update({kind: content}) for output in outputs_of(book) if "data" in output
    ]


def split_streams(book):
    for cell in code_of(book):
        parts = []
        for output in cell["outputs"]:
            texts = output.get("text", [None])
            parts += [output | ({"text": [text]} if text else {}) for text in texts]
        cell["outputs"] = parts


def of_the_picture(change):
    """Return an editor that changes the metadata of the output with a picture."""
    return lambda book: change(code_of(book)[1]["outputs"][0]["metadata"])


def an_output_of_colab(book):
    kind = "application/vnd.google.colaboratory.module+javascript"
    added = {"output_type": "display_data", "data": {kind: "x"}, "metadata": {}}
    code_of(book)[2]["outputs"].append(added)


COLABS_KIND = "application/vnd.google.colaboratory.intrinsic+json"
ODD_OUTPUTS = {
    "Colab's kind of data": add_to_data(COLABS_KIND, {"type": "string"}),
    "Colab's output": an_output_of_colab,
    "a picture's background": of_the_picture(
        lambda about: about["image/png"].update(needs_background="light")
    ),
    "a kind's empty metadata": of_the_picture(lambda about: about.update({"text/plain": {}})),
    "a kind's null metadata": of_the_picture(lambda about: about.update({"text/plain": None})),
    "a kind's other metadata": of_the_picture(
        lambda about: about.update({"text/plain": {"expanded": True}})
    ),
    "null for an output's metadata": lambda book: code_of(book)[2]["outputs"][0].update(
        metadata=None
    ),
    "no metadata of an output": lambda book: code_of(book)[2]["outputs"][0].pop("metadata"),
    "streams in several pieces": split_streams,
    "something transient": lambda book: [o.update(transient={}) for o in outputs_of(book)],
    "an id of an output": lambda book: [
        o.update(id="f00d", truncated=False) for o in outputs_of(book)
    ],
}


@pytest.fixture
def small(tmp_path):
    """Return paths of a small source, and of its copy as a run leaves it; a report is made."""
    source, executed = tmp_path / "small.ipynb", tmp_path / "build/small.ipynb"
    executed.parent.mkdir()
    book = small_notebook()
    executed.write_text(json.dumps(book))
    tidy(executed)
    for cell in code_of(book):
        cell |= {"outputs": [], "execution_count": None}
    source.write_text(json.dumps(book))
    (executed.parent / "report.pdf").write_bytes(b"x")
    sealed = json.loads(executed.read_text())["metadata"]["seal"]
    made_of = {"report.pdf": hashlib.sha256(b"x").hexdigest(), "small.ipynb": sealed}
    (executed.parent / "made_of.json").write_text(json.dumps(made_of))
    return source, executed


def save(path, editor):
    """Let an editor save a notebook, indented in its own way."""
    book = json.loads(path.read_text())
    editor(book)
    path.write_text(json.dumps(book, indent=2, ensure_ascii=False))


def checked(source, executed):
    """Check a notebook and return its copy for the zip."""
    notebook = handin.check_notebook(executed, source)
    handin.check_made_of(executed.parent, {executed.name: notebook})
    return handin.for_the_zip(notebook)


SAVED = {editor.__name__: editor for editor in EDITORS} | ODD_METADATA


def cases(**editors):
    """Return a mark that runs a test once with each editor."""
    return pytest.mark.parametrize("editor", editors.values(), ids=editors)


@cases(**SAVED, **ODD_OUTPUTS)
def test_an_executed_notebook_that_was_only_opened_and_saved_is_taken_as_it_was_x06(editor, small):
    before = checked(*small)
    nbformat.validate(nbformat.reads(before, as_version=4))
    save(small[1], editor)
    assert checked(*small) == before


@cases(**ODD_TAGS)
def test_odd_tags_and_folding_are_left_out_of_the_zip_x06(editor, small):
    before = json.loads(checked(*small))
    for path in small:
        save(path, editor)
    after = checked(*small)
    nbformat.validate(nbformat.reads(after, as_version=4))
    after = json.loads(after)
    for old, new in zip(code_of(before), code_of(after), strict=True):
        assert set(new.pop("metadata").get("tags", [])) <= {"a", *old.pop("metadata")["tags"]}
    assert before == after


def test_the_windows_ends_of_lines_of_papermills_own_cell_are_no_parameters_x06(small):
    injected = {"cell_type": "code", "execution_count": 9, "outputs": [], "id": "9"}
    injected["metadata"] = {"tags": ["injected-parameters"]}
    source = '# Parameters\nout = "report/build"\n'
    save(small[1], lambda book: book["cells"].append(injected | {"source": source}))
    tidy(small[1])
    save(small[1], lambda book: book["cells"][-1].update(source=source.replace("\n", "\r\n")))
    handin.check_notebook(small[1], small[0])
    save(small[1], lambda book: book["cells"][-1].update(source=source + "hidden = 64"))
    with pytest.raises(handin.HandinError, match="other parameters"):
        handin.check_notebook(small[1], small[0])


@cases(**SAVED, **ODD_TAGS, **ODD_OUTPUTS)
def test_a_source_that_was_opened_run_and_saved_is_the_same_source_x06(editor, small):
    source, executed = small
    shutil.copy(executed, source)  # with outputs and numbers
    save(source, editor)
    assert checked(source, executed)


RUNNABLE = SAVED | ODD_TAGS
del RUNNABLE["null for tags"]  # papermill refuses it


@cases(**RUNNABLE)
def test_a_source_that_an_editor_saved_runs_and_its_run_is_taken_x06(editor, small, tmp_path):
    source = small[0]
    save(source, lambda book: code_of(book)[0]["metadata"].update(tags=["parameters"]))
    save(source, lambda book: code_of(book)[0].update(source=['out: str = "."']))
    save(source, editor)
    execute(source, tmp_path / "out", {}, kernel=False)
    executed = json.loads((tmp_path / "out" / source.name).read_text())
    taken = handin.check_notebook(tmp_path / "out" / source.name, source)
    copy = json.loads(handin.for_the_zip(taken))
    assert set(copy["metadata"]) == {"kernelspec", "language_info", "seal"}
    assert copy["metadata"]["seal"] == executed["metadata"]["seal"]
    assert not re.search("A Person|userId|vscode|jupytext|colab", json.dumps(copy))


CHANGES = {
    "a cell's source": lambda book: code_of(book)[0]["source"].append("\ny = 2"),
    "indentation": lambda book: code_of(book)[0].update(source="x = 1\nif x:\n  print(x)"),
    "a text": lambda book: book["cells"][0].update(source="# My title"),
    "a printed number": lambda book: code_of(book)[0]["outputs"][0].update(text=["a\n", "b = 2\n"]),
    "a picture": lambda book: code_of(book)[1]["outputs"][0]["data"].update({"image/png": "iVB="}),
    "an alt text": lambda book: code_of(book)[1]["outputs"][0].update(metadata={}),
    "another alt text": lambda book: outputs_of(book)[1]["metadata"]["image/png"].update(alt="x"),
    "another figure": lambda book: outputs_of(book)[1]["metadata"]["image/png"].update(figure="g"),
    "another stream": lambda book: outputs_of(book)[0].update(name="stderr"),
    "a line printed more": lambda book: code_of(book)[0]["outputs"].append(
        {"output_type": "stream", "name": "stdout", "text": ["c = 3\n"]}
    ),
    "another kind of data": add_to_data("text/html", "<b>98 %</b>"),
    "a widget's start": lambda book: code_of(book)[2]["outputs"][0]["data"].popitem(),
    "outputs cleared": lambda book: [cell.update(outputs=[]) for cell in code_of(book)],
    "run again": lambda book: code_of(book)[1].update(execution_count=9),
    "a cell left out": lambda book: book["cells"].pop(),
    "two cells exchanged": lambda book: book["cells"].reverse(),
    "an attachment": lambda book: book["cells"][0].update(
        attachments={"a.png": {"image/png": "iVB="}}
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_person_changed_is_refused_with_advice_that_helps_x06(change, small):
    save(small[1], change)
    with pytest.raises(handin.HandinError) as error:
        checked(*small)
    assert f"type: rm {small[1]} && make handin" in str(error.value)


BROKEN = {
    "half of it": lambda path: path.write_text(path.read_text()[:200]),
    "a source that is a number": lambda path: save(
        path, lambda book: book["cells"][1].update(source=5)
    ),
    "no cells": lambda path: save(path, lambda book: book.pop("cells")),
    "a cell of no kind": lambda path: save(
        path, lambda book: book["cells"][0].update(cell_type="x")
    ),
    "a list": lambda path: path.write_text("[]"),
    "no text": lambda path: path.write_bytes(b"\xff"),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN)
def test_nobody_is_told_to_remove_a_source_that_is_broken_x06(spoil, small):
    spoil(small[0])
    with pytest.raises(handin.HandinError) as error:
        checked(*small)
    reason = str(error.value)
    assert str(small[0]) in reason and "rm " not in reason and "\n" not in reason
    assert "git checkout small.ipynb" in reason


def test_a_notebook_run_again_without_a_new_report_is_refused_x06(small):
    save(small[1], CHANGES["a printed number"])
    tidy(small[1])
    with pytest.raises(handin.HandinError, match=r"rm \S*report\.pdf && make handin"):
        checked(*small)


def test_the_advice_can_be_typed_where_a_folder_has_blanks_x06(tmp_path):
    path = tmp_path / "my homework/a.ipynb"
    assert str(path) in shlex.split(handin.anew(path))


# X07: the hand-in runs where it is received.


@pytest.mark.slow
@pytest.mark.parametrize("place", ["received", "another's repository/my homework (2)"])
def test_the_notebooks_run_from_the_zip_alone_in_an_empty_folder_x07(build, tmp_path, place):
    """Without a network: tools.fetch, as README.txt says, then takes the images of a package."""
    handin.write_zip(tmp_path / "a.zip", handin.contents(build))
    received = tmp_path / place
    received.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(tmp_path / "another's repository")], check=True)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(received)
    ours = ("PYTHONPATH", "SKIP_FIGURES", "MNIST_DIR")
    env = {k: v for k, v in os.environ.items() if k not in ours}
    env |= {"HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}

    def run(*words):
        command = [sys.executable, "-m", *words]
        done = subprocess.run(command, cwd=received, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]

    run("tools.fetch")
    for notebook in NOTEBOOKS:
        run("papermill", notebook.name, "again.ipynb")
        written = json.loads((received / f"report/build/results/{notebook.stem}.json").read_text())
        assert written["answers"] and written["provenance"]["commit"] is None


def test_a_data_file_is_in_the_zip_because_a_notebook_read_it_x07(tmp_path, monkeypatch):
    monkeypatch.setattr(handin, "ROOT", tmp_path)
    (tmp_path / "points").mkdir()
    (tmp_path / "points/mine.csv").write_text("x")
    (tmp_path / "top.csv").write_text("x")
    x = hashlib.sha256(b"x").hexdigest()
    read = {"points/mine.csv": x, "top.csv": x, "train-images-idx3-ubyte": "0"}
    names = {path.name for path in handin.data_files(read)}
    assert names == {"mine.csv", "top.csv"}
    for name, digest, reason in [
        ("../points.csv", x, "outside this folder"),
        ("/elsewhere/points.csv", x, "outside this folder"),
        ("points/mine.csv", "0" * 64, "not as the notebooks read it"),
        ("points/gone.csv", x, "not as the notebooks read it"),
    ]:
        with pytest.raises(handin.HandinError, match=reason):
            handin.data_files({name: digest})


def test_what_the_notebooks_read_is_among_the_files_x07(build):
    named = {"data/set2.csv", "data/set3.csv", "data/handwritten/strokes.json"}
    read = {p.relative_to(ROOT).as_posix() for p in handin.data_files(handin.hashes(build))}
    mine = {path.relative_to(ROOT).as_posix() for path in handwriting.MINE.glob("*.json")}
    assert {"data/set2.csv", "data/set3.csv"} < read <= named | mine
    assert read <= set(handin.contents(build))


def test_the_files_in_the_zips_readmes_commands_are_in_the_zip_x07():
    modules = re.findall(r"-m (tools\.\w+)", handin.README)
    named = {f"{module.replace('.', '/')}.py" for module in modules}
    named |= set(re.findall(r"-r (\S+)", handin.README))
    assert named == {"tools/fetch.py", "requirements.lock"}
    assert named <= {path.relative_to(ROOT).as_posix() for path in handin.to_run_again()}


def test_odd_white_space_within_a_source_reaches_the_zip_x07(small):
    odd = "text = 'a\x0cb\u2028c'\n\n\ty"
    for path in small:
        save(path, lambda book: code_of(book)[0].update(source=odd))
    tidy(small[1])
    notebook = handin.check_notebook(small[1], small[0])
    assert json.loads(handin.for_the_zip(notebook))["cells"][1]["source"][0].startswith("text")
    assert nbformat.reads(handin.for_the_zip(notebook), 4).cells[1].source == odd


# X08: nothing personal, and no false alarm.


@pytest.fixture
def machine(monkeypatch):
    """Return a function that says where project, home and temporary files are, and whose."""

    def at(root="/srv/hw", home="/nowhere", tmp="/tmp", user="nobody"):
        monkeypatch.setattr(private, "ROOT", Path(root))
        monkeypatch.setenv("HOME", home)
        monkeypatch.setattr(private.tempfile, "gettempdir", lambda: tmp)
        monkeypatch.setattr(private.getpass, "getuser", lambda: user)

    return at


def in_a_notebook(text, kind="text"):
    """Return a notebook in one of whose outputs something is."""
    stream = {"output_type": "stream", "name": "stderr", "text": [text]}
    shown = {"output_type": "display_data", "metadata": {}, "data": {kind: text}}
    output = stream if kind == "text" else shown
    cell = {"cell_type": "code", "outputs": [output], "source": "", "metadata": {}}
    return json.dumps({"cells": [cell]}).encode()


LEAKS = {
    "a warning": "/srv/hw/common.py:3: UserWarning: x",
    "a place in quotes": "cannot open '/srv/hw'",
    "behind an equals sign": "cwd=/srv/hw/data",
    "in a second line": "a\n/srv/hw/common.py",
    "after a tab": "\t/srv/hw/common.py",
    "in colour": "File \x1b[0;32m/srv/hw/common.py\x1b[0m",
    "a URL": "see file:///srv/hw/report.pdf",
    "a URL with blanks": "file:///nowhere/my%20files/x",
    "another's home": "/home/somebody/hw/a.py",
    "macOS": 'File "/Users/somebody/hw/a.py"',
    "Windows": r"C:\Users\somebody\hw\a.py",
    "Windows, in a text in a text": r"C:\\Users\\somebody",
    "Windows, from Linux": "/mnt/c/Users/somebody/hw",
    "the user's folder elsewhere": "/scratch/alice/venv/lib/python3.11/x.py",
    "temporary files of one's own": "/var/folders/zz/T/ipykernel_1/2.py",
    "matplotlib's warning": "mkdir -p failed for path /nowhere/my files/.config/matplotlib: x",
}


@pytest.mark.parametrize("text", LEAKS.values(), ids=LEAKS)
def test_a_private_path_is_found_wherever_a_path_can_be_x08(text, machine):
    machine(home="/nowhere/my files/", tmp="/var/folders/zz/T", user="alice")
    for content in (in_a_notebook(text), in_a_notebook(text, "text/plain")):
        found = private.find("a.ipynb", content)
        assert "private path in cells[0].outputs[0]" in found and "type: make handin" in found
    assert private.find("results/a.json", json.dumps({"a": [text]}).encode())
    assert private.find("results/a.json", json.dumps({text: 1}).encode())
    assert private.find("a.csv", text.encode())


@pytest.mark.parametrize("root", ["/hw", "/src", "/data", "/report", "/explore", "/root", "/"])
def test_a_short_path_is_not_found_where_it_is_no_path_x08(root, machine):
    machine(root, home=root, user=root.strip("/") or "root")
    letters = f"iVBO{root}/{root}+{root}/9j{root}/A" * 40
    assert not private.find("a.ipynb", in_a_notebook(letters, "image/png"))
    assert not private.find("a.ipynb", in_a_notebook(f"/9j{letters}\n{root}/A", "image/jpeg"))
    play = {"start": json.dumps({"float64": f"AA{letters}"})}
    assert not private.find("a.ipynb", in_a_notebook(play, "application/vnd.homework.play+json"))
    for text in (f"report{root}/a", f"https://example.org{root}/a", f"${{x}}{root}/", "3/x"):
        assert not private.find("a.py", text.encode())
    assert bool(private.find("a.py", f"open('{root}/a.py')".encode())) == (root != "/")


@pytest.mark.parametrize(
    "root", ["/hw", "/src", "/data", "/report", "/explore", "/code", "/b", "/span", "/figures", "/"]
)
def test_nothing_in_the_project_is_a_private_path_wherever_it_lies_x08(root, machine):
    machine(root, home=root, user=root.strip("/") or "root")
    for path in {*handin.to_run_again(), *NOTEBOOKS}:
        assert not private.find(path.name, path.read_bytes()), path


OF_ANYBODY = [
    "/usr/lib/python3/dist-packages/x.py",
    "/usr/local/lib/python3.11/site-packages",
    "/opt/conda/bin/python",
    "/var/lib/data/x",
    "/kaggle/data/train.csv",
    "/mnt/root/python/x.py",
    "'/usr/games/python'",
    "/content/src:/etc/postgres",
]


@pytest.mark.parametrize("user", ["lib", "data", "python", "root", "src", "Data", "games", "conda"])
def test_a_user_called_like_a_common_folder_gives_no_false_alarm_x08(user, machine):
    machine(home=f"/home/{user}", user=user)
    for text in OF_ANYBODY:
        assert not private.find("a.txt", text.encode()), text
    assert private.find("a.txt", f"/home/{user}/x".encode())
    assert private.find("a.txt", b"/srv/hw/x")


@pytest.mark.parametrize("folder", ["/scratch", "/data/users/a", "/run/media", "/var/spool/mail"])
@pytest.mark.parametrize("user", ["alice", "data.smith", "jlib1"])
def test_a_user_called_like_nobody_elses_folder_is_found_in_a_path_x08(folder, user, machine):
    machine(user=user)
    assert private.find("a.txt", f"in {folder}/{user}/x".encode())
    assert private.find("a.txt", f"in {folder}/{user}".encode())
    assert not private.find("a.txt", f"in {folder}/{user}s/x".encode())


@pytest.mark.parametrize("home", ["", "/", "relative", None])
def test_a_home_that_is_none_stops_nothing_x08(home, machine, monkeypatch):
    machine(home=home or "")
    if home is None:
        monkeypatch.delenv("HOME")

    def nameless():
        raise OSError("no such user")

    monkeypatch.setattr(private.getpass, "getuser", nameless)
    assert not private.find("a.txt", b"/usr/lib/python3 and ./relative/x and relative")
    assert private.find("a.txt", b"/srv/hw/x")


def test_a_home_behind_a_link_is_found_under_both_names_x08(machine, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    machine(home=f"{tmp_path}/link/")
    for name in ("real", "link"):
        assert private.find("a.txt", f"in {tmp_path}/{name}/x".encode())
    assert not private.find("a.txt", f"in {tmp_path}/reality".encode())


def test_a_photograph_with_the_notes_of_its_camera_is_refused_x08(tmp_path):
    image = Image.new("L", (8, 8))
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (39.0, 19.0, 44.0)}  # where it was taken
    image.save(tmp_path / "a.jpg", exif=exif)
    image.save(tmp_path / "b.jpg")
    for name in ("a.jpg", "A.JPG", "a.b.Jpeg"):
        assert "EXIF" in private.find(name, (tmp_path / "a.jpg").read_bytes())
        assert not private.find(name, (tmp_path / "b.jpg").read_bytes())
    assert not private.find("c.jpg", b"no picture")


def test_a_path_in_what_a_pdf_or_a_picture_says_of_itself_is_refused_x08(machine):
    machine()
    writer = pypdf.PdfWriter()
    writer.add_blank_page(10, 10)
    writer.add_metadata({"/Creator": "/srv/hw/report.tex"})
    pdf, png = io.BytesIO(), io.BytesIO()
    writer.write(pdf)
    text = PngInfo()
    text.add_text("Description", "from /srv/hw/x")
    Image.new("L", (8, 8)).save(png, "PNG", pnginfo=text)
    assert private.find("a.pdf", pdf.getvalue()) and private.find("a.png", png.getvalue())


def test_the_pdf_and_the_zip_name_no_author_and_no_owner_x08(build, tmp_path):
    about = pypdf.PdfReader(build / "report.pdf").metadata
    assert not (about.author or about.creator or about.producer)
    handin.write_zip(tmp_path / "a.zip", handin.contents(build))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        entries = archive.infolist()
    assert {entry.external_attr >> 16 for entry in entries} == {0o644}
    assert all(not entry.extra and not entry.comment for entry in entries)
