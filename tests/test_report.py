"""Lists R and H: the report stops on anything missing, and the hand-in is checked."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pypdf
import pytest
from conftest import NOTEBOOKS, ROOT, copy_house

import figures
import handwriting
from sweep.notebook import seal
from tools import handin, markdown, report

TEX = ROOT / "report/report.tex"


@pytest.fixture
def copy(build, tmp_path):
    """Return a copy of the build folder that a test may spoil."""
    shutil.copytree(build, tmp_path / "build", ignore=shutil.ignore_patterns("tex"))
    return tmp_path / "build"


def test_two_builds_give_the_same_bytes_r01(build, copy):
    report.build_report(TEX, copy)
    assert (copy / "report.pdf").read_bytes() == (build / "report.pdf").read_bytes()


def test_what_a_killed_tex_left_does_not_stop_the_next_build_b02(build, copy):
    report.build_report(TEX, copy)
    written = [path for path in (copy / "tex").iterdir() if path.suffix != ".pdf"]
    assert {".aux", ".out", ".fls", ".fdb_latexmk"} <= {path.suffix for path in written}
    for path in written:
        path.write_bytes(path.read_bytes()[:-7])
    (copy / "tex/report.aux").write_text(r"\@writefile{toc}{\contentsline {section}{")
    report.build_report(TEX, copy)
    assert (copy / "report.pdf").read_bytes() == (build / "report.pdf").read_bytes()


def spoiled(copy, old, new):
    text = TEX.read_text()
    assert old in text
    (copy / "report.tex").write_text(text.replace(old, new, 1))
    (copy / "report.pdf").unlink()
    with pytest.raises(report.ReportError) as caught:
        report.build_report(copy / "report.tex", copy)
    assert not (copy / "report.pdf").exists()
    return str(caught.value)


def test_a_missing_figure_stops_the_build_r02(copy):
    (copy / "figures/problem2_history.pdf").unlink()
    assert "problem2_history" in spoiled(copy, "Homework 2:", "Homework 2:")


@pytest.mark.parametrize("macro", [r"\result", r"\percent", r"\decimals{4}"])
def test_an_unknown_number_stops_the_build_and_is_named_r02(copy, macro):
    asked = rf"\begin{{document}}{macro}{{problem1_compgraph.nothing}}"
    assert "numbers that are missing: problem1_compgraph.nothing" in spoiled(
        copy, r"\begin{document}", asked
    )


def test_a_results_file_that_is_no_json_stops_the_build_r02(copy):
    (copy / "results/study.json").write_text('{"runs": 1')
    assert "study.json is no results file" in spoiled(copy, "Homework 2:", "Homework 2:")


def test_an_undefined_reference_stops_the_build_r02(copy):
    assert "fig:nowhere" in spoiled(copy, r"\cref{fig:graph}", r"\cref{fig:nowhere}")


def test_an_overfull_box_stops_the_build_r02(copy):
    wide = r"\begin{document}\noindent\hbox to 1.02\textwidth{x\hfill y}"
    assert "Overfull" in spoiled(copy, r"\begin{document}", wide)
    report.build_report(TEX, copy)


def test_a_float_that_is_too_large_stops_the_build_r02(copy):
    tall = r"\begin{figure}[p]\rule{1pt}{1.2\textheight}\caption{Tall}\end{figure}"
    text = spoiled(copy, r"\begin{document}", r"\begin{document}" + tall)
    assert "Float too large" in text


HOMEWORK_NUMBERS = {"0.5", "0.3", "0.2", "0.4", "600.482", "3.0"}  # 3.0 is of a licence
NO_TEXT = (  # comments, and what takes keys, sizes or names
    r"(?m)(?<!\\)%.*$",
    r"(?m)^.*#\d.*$",  # of a macro
    r"table-format=-?\d\.\d",
    r"(?m)\\begin\{(?:tabular|subfigure)\}.*$",
    r"\\(?:result|decimals|percent|figureof|label|[cC]ref|texttt|includegraphics)"
    r"(?:\[\d\]|\{\d\})?\{[^}]*\}",
)


def typed_decimals(tex):
    """Return the decimal numbers in the text of a LaTeX file, in which no macro wrote them."""
    for pattern in NO_TEXT:
        tex = re.sub(pattern, "", tex)
    body = tex[tex.index(r"\begin{document}") :]
    return set(re.findall(r"(?<![\w.])\d+\.\d+(?!\d|in|pt|em|\\text)", body))


def test_no_number_that_a_notebook_computes_is_typed_r03():
    assert typed_decimals(TEX.read_text()) <= HOMEWORK_NUMBERS


def test_a_typed_number_is_found_r03():
    tex = TEX.read_text().replace(r"\begin{document}", r"\begin{document} It gets 92.49 \%.")
    assert typed_decimals(tex) - HOMEWORK_NUMBERS == {"92.49"}


def test_without_tex_the_message_says_what_to_install_r04(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(report.ReportError, match="sudo apt-get install latexmk"):
        report.build_report(TEX, tmp_path)


def test_the_pdf_has_its_numbers_title_language_and_alt_texts_r05_r06(build):
    pdf = pypdf.PdfReader(build / "report.pdf")
    assert pdf.metadata.title == "Homework 2: backpropagation by hand"
    assert pdf.trailer["/Root"]["/Lang"] == "en"
    text = "".join(page.extract_text() for page in pdf.pages).replace("\u2009", "").replace(" ", "")
    results = {p.stem: json.loads(p.read_text()) for p in (build / "results").glob("*.json")}
    mnist = results["problem4_mnist"]
    for value in (
        mnist["template_accuracy"],
        mnist["template_bias_accuracy"],
        mnist["trained_accuracy"],
        results["problem2_linear"]["accuracy"],
        results["problem3_mlp"]["linear_accuracy"],
        mnist["own_trained_accuracy"],
    ):
        assert f"{100 * value:.1f}%" in text
    assert (
        figures.number(results["problem1_compgraph"]["w1_final"]) in text
        and mnist["dataset"].replace(" ", "") in text
    )
    streams = b"".join(page.get_contents().get_data() for page in pdf.pages)
    left_out = [name for name, values in results.items() if values.get("inseparable_pairs") == 0]
    drawn = len(list((build / "figures").glob("*.pdf"))) - len(left_out)  # crossings of no pair
    assert streams.count(b"/Alt") == drawn


def test_every_figure_is_in_the_report_r05(build):
    used = re.findall(r"\\figureof\{(\w+)\}", TEX.read_text())
    assert sorted(used) == sorted(p.stem for p in (build / "figures").glob("*.pdf"))


def test_the_signs_of_latex_are_escaped_r06():
    assert markdown.escape(r"50% of a_b & #1 $x \y^~{}") == (
        r"50\% of a\_b \& \#1 \$x \textbackslash{}y\textasciicircum{}\textasciitilde{}\{\}"
    )


HOSTILE = r"100 % of a_b & c #1 $x^2 ~ {\input{secret}} \ « naïve Šárka, œuvre »"


def hostile(copy, text):
    """Return the PDF of a report whose results, keys and alt texts hold a text."""
    results = {"text": text, "50% #1 {}\\": 1, "naïve & co": {"a~b^c$": [2]}}
    (copy / "results/hostile.json").write_text(json.dumps(results))
    figures.save_figure(figures.figure()[0], copy, "hostile", alt=f"hostile alt text: {text}")
    preamble = TEX.read_text().partition(r"\begin{document}")[0]
    body = "\\begin{document}\n\\result{hostile.text}\n\n\\figureof{hostile}\n\\end{document}\n"
    (copy / "report.tex").write_text(preamble + body)
    return pypdf.PdfReader(report.build_report(copy / "report.tex", copy))


def test_hostile_text_comes_out_right_r06(copy):
    (page,) = hostile(copy, HOSTILE).pages
    assert HOSTILE.replace(" ", "") in page.extract_text().replace(" ", "").replace("\n", "")
    (alt,) = re.findall(
        rb"/Alt *\(\\376\\377((?:\\\d{3}|[^)\\])*)\)", page.get_contents().get_data()
    )
    plain = re.sub(rb"\\(\d{3})", lambda octal: bytes([int(octal[1], 8)]), alt)
    assert plain.decode("utf-16-be") == f"hostile alt text: {HOSTILE}"


def test_a_letter_that_the_fonts_do_not_have_stops_the_build_r02(copy):
    with pytest.raises(report.ReportError, match="数"):
        hostile(copy, "数 is a number")


def test_the_zip_holds_exactly_what_it_should_and_repeats_h01_h02(build, tmp_path):
    files = handin.contents(build)
    modules = ("common", "figures", "handwriting", "points", "results", "verdicts")
    names = {"report.pdf", "report/figures.mplstyle", *(f"{name}.py" for name in modules)}
    widgets = {f"explore/{p.name}" for p in (ROOT / "explore").iterdir() if p.is_file()}
    data = {f"data/{name}" for name in ("README.md", "datasets.json", "make_points.py")}
    data |= {"data/set2.csv", "data/set3.csv", "data/handwritten/strokes.json"}
    to_run = {"README.txt", "requirements.lock"}
    to_run |= {f"tools/{name}.py" for name in ("__init__", "fetch", "lock")}
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
    digits = json.dumps([{"digit": 1, "contact_sheet": "folder.sheet.png"}])
    names = {"page.json", "page.jpg", "folder.sheet.png"}
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


@pytest.mark.slow
def test_the_notebooks_run_from_the_zip_alone_in_an_empty_folder_x07(build, tmp_path, subset):
    handin.write_zip(tmp_path / "a.zip", handin.contents(build))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "received")
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SKIP_FIGURES")}
    env |= {"MNIST_DIR": str(subset), "HOME": str(tmp_path)}
    for notebook in NOTEBOOKS:
        command = [sys.executable, "-m", "papermill", notebook.name, "again.ipynb"]
        done = subprocess.run(
            command, cwd=tmp_path / "received", env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        written = tmp_path / "received/report/build/results" / f"{notebook.stem}.json"
        assert json.loads(written.read_text())["answers"], notebook


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


@pytest.mark.parametrize("name", ["problem2_linear.ipynb", "report.pdf"])
def test_another_run_or_another_pdf_is_refused_h04(copy, name):
    sums = (copy / "SHA256SUMS").read_text()
    sha256 = hashlib.sha256((copy / name).read_bytes()).hexdigest()
    (copy / "SHA256SUMS").write_text(sums.replace(sha256, "0" * 64))
    with pytest.raises(handin.HandinError, match="changed after the report was made"):
        handin.contents(copy)


def spoiled_pdf(copy, cut):
    """Give the report's PDF other bytes, and the sums with it."""
    path = copy / "report.pdf"
    whole = path.read_bytes()
    path.write_bytes(cut(whole))
    old, new = (hashlib.sha256(data).hexdigest() for data in (whole, cut(whole)))
    sums = (copy / "SHA256SUMS").read_text()
    (copy / "SHA256SUMS").write_text(sums.replace(old, new))


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
    sums = (copy / "SHA256SUMS").read_text()
    spoiled_pdf(copy, cut)
    with pytest.raises(handin.HandinError, match=r"report\.pdf is not a readable PDF"):
        handin.contents(copy)
    (copy / "SHA256SUMS").write_text(sums)
    with pytest.raises(handin.HandinError, match=r"report\.pdf changed after"):
        handin.contents(copy)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda book: book.metadata.update(authors=[{"name": "Alice"}]), "no run writes: authors"),
        (lambda book: book.cells[2].update(source=5), "is not a notebook"),
    ],
)
def test_strange_metadata_and_broken_cells_are_refused_h04(copy, spoil, reason):
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
    monkeypatch.setattr(handin, "read_text", lambda path: f"a page that names {ROOT}")
    with pytest.raises(handin.HandinError, match="private path"):
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
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    edit(path, lambda code: code[2]["outputs"].append(line))
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["seal"] = seal(notebook.cells)  # as if the run itself had printed it
    nbformat.write(notebook, path)
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    (copy / "SHA256SUMS").write_text((copy / "SHA256SUMS").read_text().replace(before, after))
    with pytest.raises(handin.HandinError, match="private path"):
        handin.contents(copy)


def test_a_second_make_report_runs_nothing_b04(build):
    command = ["make", "--no-print-directory", "report"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    output = done.stdout + done.stderr
    assert re.sub(r"make(\[\d\])?: Nothing to be done for 'report'\.\n", "", output) == ""


def test_an_answer_reads_the_same_in_latex_r06():
    answer = "**Answer.** It is right on *18 of 240*, 7.5 % & more: $|m|^2$.\n\n- `W_k` is −1\n"
    latex = (
        r"\textbf{Answer.} It is right on \emph{18 of 240}, 7.5\,\% \& more: $|m|^2$."
        "\n\n\\begin{itemize}\n\\item \\texttt{W\\_k} is $-$1\n\\end{itemize}"
    )
    assert markdown.to_latex(answer) == latex


@pytest.mark.parametrize("answer", ["1. one\n2. two\n", "# A heading\n", "- one\n  1. two\n"])
def test_markdown_without_a_form_in_latex_is_refused_r02(answer):
    with pytest.raises(AttributeError):
        markdown.to_latex(answer)


def test_what_has_no_form_in_latex_stops_the_build_r02(copy):
    results = {"answers": {"9": "![a picture](somewhere.png)"}}
    (copy / "results/more.json").write_text(json.dumps(results))
    assert "more.json is no results file" in spoiled(copy, "Homework 2:", "Homework 2:")


def test_an_unknown_answer_stops_the_build_and_is_named_r02(copy):
    asked = r"\begin{document}\answer{5d}"
    assert "answers that are missing: 5d" in spoiled(copy, r"\begin{document}", asked)
