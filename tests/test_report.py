"""Lists R and H: the report stops on anything missing, holds no typed numbers, and the hand-in is checked."""

import hashlib
import json
import re
import shutil
import subprocess
import zipfile

import nbformat
import pypdf
import pytest
from conftest import NOTEBOOKS, ROOT, copy_house

import figures
from tools import handin, report, run

TEX = ROOT / "report/report.tex"


@pytest.fixture
def copy(build, tmp_path):
    """Return a copy of the build folder that a test may spoil."""
    shutil.copytree(build, tmp_path / "build", ignore=shutil.ignore_patterns("tex"))
    return tmp_path / "build"


def test_r01_same_bytes(build, copy):
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


def test_r02_missing_figure(copy):
    (copy / "figures/problem2_history.pdf").unlink()
    assert "problem2_history" in spoiled(copy, "Homework 2:", "Homework 2:")


def test_r02_unknown_number(copy):
    assert "problem1_compgraph.nothing" in spoiled(
        copy, r"\result{problem1_compgraph.steps}", r"\result{problem1_compgraph.nothing}"
    )


def test_r02_undefined_reference(copy):
    assert "fig:nowhere" in spoiled(copy, r"\Cref{fig:graph}", r"\Cref{fig:nowhere}")


def test_r02_overfull_box(copy):
    wide = r"\begin{document}\noindent\hbox to 1.02\textwidth{x\hfill y}"
    assert "Overfull" in spoiled(copy, r"\begin{document}", wide)
    report.build_report(TEX, copy)


def test_r03_no_typed_numbers():
    """No number that a notebook computes stands in report.tex, at the precision of a reader."""
    text = re.sub(r"(?m)(?<!\\)%.*$|\\begin\{(?:tabular|subfigure)\}.*$", "", TEX.read_text())
    text = re.sub(
        r"\\(?:result|decimals|percent|figureof|label|[cC]ref|texttt|includegraphics)(?:\[\d\]|\{\d\})?\{[^}]*\}",
        "",
        text,
    )
    body = text[text.index(r"\begin{document}") :]
    typed = set(re.findall(r"(?<![\w.])\d+\.\d+(?!in|pt|em|\\text)", body))
    given = {"0.5", "0.3", "0.2", "0.4", "600.482", "3.0"}  # of the homework, and of a licence
    assert typed - given == set(), "numbers typed by hand"


def test_r04_no_tex(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(report.ReportError, match="sudo apt-get install latexmk"):
        report.build_report(TEX, tmp_path)


def test_r05_r06_the_pdf(build):
    pdf = pypdf.PdfReader(build / "report.pdf")
    assert pdf.metadata.title == "Homework 2: backpropagation by hand"
    assert pdf.trailer["/Root"]["/Lang"] == "en"
    text = "".join(page.extract_text() for page in pdf.pages).replace("\u2009", "").replace(" ", "")
    results = {p.stem: json.loads(p.read_text()) for p in (build / "results").glob("*.json")}
    mnist = results["problem4_mnist"]
    for value in (mnist["template_accuracy"], mnist["template_bias_accuracy"], mnist["trained_accuracy"]):
        assert f"{100 * value:.2f}%" in text
    for value in (
        results["problem2_linear"]["accuracy"],
        results["problem3_mlp"]["linear_accuracy"],
        mnist["own_trained_accuracy"],
    ):
        assert f"{100 * value:.1f}%" in text
    assert f"{results['problem1_compgraph']['w1_final']:.8f}" in text and mnist["dataset"].replace(" ", "") in text
    streams = b"".join(page.get_contents().get_data() for page in pdf.pages)
    assert streams.count(b"/Alt") == len(list((build / "figures").glob("*.pdf")))


def test_every_figure_is_in_the_report(build):
    used = re.findall(r"\\figureof\{(\w+)\}", TEX.read_text())
    assert sorted(used) == sorted(p.stem for p in (build / "figures").glob("*.pdf"))


def test_latex_escapes():
    assert report.latex(r"50% of a_b & #1 $x \y^~{}") == (
        r"50\% of a\_b \& \#1 \$x \textbackslash{}y\textasciicircum{}\textasciitilde{}\{\}"
    )


HOSTILE = r"100 % of a_b & c #1 $x^2 ~ {\input{secret}} \ « naïve Šárka, œuvre »"


def hostile(copy, text):
    """Build a report whose results, keys and alt texts hold a text, and that prints one; return the PDF."""
    results = {"text": text, "50% #1 {}\\": 1, "naïve & co": {"a~b^c$": [2]}}
    (copy / "results/hostile.json").write_text(json.dumps(results))
    figures.save_figure(figures.figure()[0], copy, "hostile", alt=f"hostile alt text: {text}")
    preamble = TEX.read_text().partition(r"\begin{document}")[0]
    body = "\\begin{document}\n\\result{hostile.text}\n\n\\figureof{hostile}\n\\end{document}\n"
    (copy / "report.tex").write_text(preamble + body)
    return pypdf.PdfReader(report.build_report(copy / "report.tex", copy))


def test_r06_hostile_text_comes_out_right(copy):
    (page,) = hostile(copy, HOSTILE).pages
    assert HOSTILE.replace(" ", "") in page.extract_text().replace(" ", "").replace("\n", "")
    (alt,) = re.findall(rb"/Alt *\(\\376\\377((?:\\\d{3}|[^)\\])*)\)", page.get_contents().get_data())
    plain = re.sub(rb"\\(\d{3})", lambda octal: bytes([int(octal[1], 8)]), alt)
    assert plain.decode("utf-16-be") == f"hostile alt text: {HOSTILE}"


def test_r02_a_letter_that_the_fonts_do_not_have(copy):
    with pytest.raises(report.ReportError, match="数"):
        hostile(copy, "数 is a number")


def test_h01_h02_handin(build, tmp_path):
    files = handin.contents(build)
    names = {"report.pdf", "common.py", "figures.py", "separability.py", "handwriting.py", "report/figures.mplstyle"}
    widgets = {f"explore/{p.name}" for p in (ROOT / "explore").iterdir() if p.is_file()}
    assert set(files) == names | widgets | {p.name for p in NOTEBOOKS} and "explore/pad.js" in widgets
    handin.write_zip(tmp_path / "a.zip", files)
    handin.write_zip(tmp_path / "b.zip", handin.contents(build))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("report.pdf") == (build / "report.pdf").read_bytes()
    assert sorted(p.name for p in tmp_path.glob("*.zip")) == ["a.zip", "b.zip"] and not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["report.pdf", *(p.name for p in NOTEBOOKS)])
def test_h03_missing(copy, name):
    (copy / name).unlink()
    with pytest.raises(handin.HandinError, match=name.replace(".", r"\.")):
        handin.contents(copy)


def edit(path, change):
    notebook = json.loads(path.read_text())
    code = [
        c
        for c in notebook["cells"]
        if c["cell_type"] == "code" and "injected-parameters" not in c["metadata"].get("tags", [])
    ]
    change(code)
    path.write_text(json.dumps(notebook))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda code: code[3].update(execution_count=None), "not executed"),
        (lambda code: code[3].update(execution_count=99), "top to bottom"),
        (lambda code: code[3].update(source=["1 + 1"]), "others"),
        (
            lambda code: code[3]["outputs"].append(
                {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
            ),
            "errors",
        ),
    ],
)
def test_h04_bad_notebooks(copy, change, word):
    edit(copy / "problem2_linear.ipynb", change)
    with pytest.raises(handin.HandinError, match=word):
        handin.contents(copy)


@pytest.mark.parametrize(
    ("name", "old", "new", "word"),
    [
        ("problem4_mnist.ipynb", "templates: 63.10%", "templates: 93.10%", "edited"),
        ("problem2_linear.ipynb", "## The data", "## My data", "others"),
        ("problem3_mlp.ipynb", 'out = \\"', 'hidden = 64\\nout = \\"', "parameters"),
    ],
)
def test_h04_tampering(copy, name, old, new, word):
    text = (copy / name).read_text()
    old = old if old in text else "templates: 60.70%"
    assert old in text
    (copy / name).write_text(text.replace(old, new))
    with pytest.raises(handin.HandinError, match=word):
        handin.contents(copy)


def test_h04_another_run_or_another_pdf(copy):
    for name in ("problem2_linear.ipynb", "report.pdf"):
        sums = (copy / "SHA256SUMS").read_text()
        (copy / "SHA256SUMS").write_text(sums.replace(hashlib.sha256((copy / name).read_bytes()).hexdigest(), "0" * 64))
        with pytest.raises(handin.HandinError, match="another"):
            handin.contents(copy)
        (copy / "SHA256SUMS").write_text(sums)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.5\n", b"not a pdf"])
def test_h05_bad_pdf(copy, data):
    (copy / "report.pdf").write_bytes(data)
    with pytest.raises(handin.HandinError, match=r"report\.pdf: expected a (readable PDF|report)"):
        handin.contents(copy)


def test_h05_pdf_cut(copy):
    whole = (copy / "report.pdf").read_bytes()
    (copy / "report.pdf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(handin.HandinError, match=r"report\.pdf: expected a readable PDF"):
        handin.contents(copy)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda book: book.metadata.update(authors=[{"name": "Alice"}]), "found authors"),
        (lambda book: book.cells[2].update(source=5), "expected a notebook"),
    ],
)
def test_h04_odd_notebooks(copy, spoil, word):
    path = copy / "problem2_linear.ipynb"
    notebook = nbformat.read(path, as_version=4)
    spoil(notebook)
    path.write_text(json.dumps(notebook))
    with pytest.raises(handin.HandinError, match=word):
        handin.check_notebook(path, ROOT / path.name)


def test_h04_markdown_hides_nothing(copy):
    notebook = nbformat.read(copy / "problem2_linear.ipynb", as_version=4)
    before = handin.own_cells(notebook)
    notebook.cells[0].metadata.update(tags=["injected-parameters"])
    assert handin.own_cells(notebook) == before


def test_h05_a_notebook_too_deep_to_read(copy):
    (copy / "problem2_linear.ipynb").write_text("[" * 100_000)
    with pytest.raises(handin.HandinError, match="expected a notebook"):
        handin.contents(copy)


def test_h06_nothing_personal_in_the_pdf(copy, monkeypatch):
    monkeypatch.setattr(handin, "check_pdf", lambda path: f"a page that names {ROOT}")
    with pytest.raises(handin.HandinError, match="expected nothing personal"):
        handin.contents(copy)


def test_h01_no_link_and_no_hidden_file(build, tmp_path, monkeypatch):
    monkeypatch.setattr(handin, "ROOT", copy_house(tmp_path))
    for name in (".mine.env", "notes.txt"):
        (tmp_path / "explore" / name).symlink_to("/etc/hostname")
    found = set(handin.contents(build))
    assert "explore/pad.js" in found and not {"explore/.mine.env", "explore/notes.txt"} & found


def test_h06_nothing_personal(copy):
    def leak(code):
        code[2]["outputs"].append({"output_type": "stream", "name": "stdout", "text": [f"{ROOT}/common.py\n"]})

    path = copy / "problem2_linear.ipynb"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    edit(path, leak)
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["seal"] = run.seal(notebook.cells)  # as if the run itself had printed it
    nbformat.write(notebook, path)
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    (copy / "SHA256SUMS").write_text((copy / "SHA256SUMS").read_text().replace(before, after))
    with pytest.raises(handin.HandinError, match="expected nothing personal"):
        handin.contents(copy)


def test_b04_second_make_runs_nothing(build):
    done = subprocess.run(
        ["make", "--no-print-directory", "report"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    said = done.stdout + done.stderr
    assert re.sub(r"make(\[\d\])?: Nothing to be done for 'report'\.\n", "", said) == ""
