"""List R: the report stops on anything missing."""

import json
import re
import shutil
import subprocess

import pypdf
import pytest
from conftest import NOTEBOOKS, ROOT

import figures
from tools import markdown, report

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


@pytest.mark.parametrize("content", [None, "{", "[]", '{"metadata": {}}'])
def test_a_notebook_that_no_run_left_stops_the_build_and_is_named_r02(copy, content):
    path = copy / "problem2_linear.ipynb"
    path.unlink() if content is None else path.write_text(content)
    text = spoiled(copy, "Homework 2:", "Homework 2:")
    assert "problem2_linear.ipynb is not a notebook as its run leaves it" in text


def test_the_copy_of_a_run_that_failed_does_not_stop_the_build_r02(copy):
    (copy / "problem2_linear.failed.ipynb").write_text("{")
    assert report.read_seals(copy).keys() == {path.name for path in NOTEBOOKS}


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
    with pytest.raises(report.ReportError, match="install TeX Live 2022 or newer with latexmk"):
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
