"""Files of points as Excel, pandas, R and others write them; points of any size.

A file is read as it is meant, or refused with line and reason: no point is lost, none invented.
"""

import gzip
import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

import figures
from common import DataError
from explore import widget
from pointfiles import read_points
from points import frame
from sweep import notebook

POINTS = [[0.6, 0.7], [-1.5, 20], [3, 0.25]]
LABELS = [0, 1, 2]
TEXT = "x1,x2,label\n0.6,0.7,0\n-1.5,20,1\n3,0.25,2\n"
ROWS = TEXT.split("\n", 1)[1]
GERMAN = "x1;x2;label\n0,6;0,7;0\n-1,5;20;1\n3;0,25;2\n"
TAB = "\t"

MEANT = {
    "semicolons": TEXT.replace(",", ";"),
    "semicolons and decimal commas": GERMAN,
    "the same without a heading": GERMAN.split("\n", 1)[1],
    "Excel's line with the separator": f"sep=;\n{GERMAN}",
    "Excel's line with the separator, quoted": f'"sep=,"\n{TEXT}',
    "tabs": TEXT.replace(",", TAB),
    "tabs and decimal commas": GERMAN.replace(";", TAB),
    "blanks and decimal commas": GERMAN.replace(";", "  "),
    "every number quoted": re.sub(r"[^,\n]+", r'"\g<0>"', TEXT),
    "quoted numbers with decimal commas": re.sub(r"([^;\n]+);?", r'"\1",', GERMAN),
    "quotes after blanks": '0.6, "0.7", "0"\n-1.5, "20", "1"\n3, "0.25", "2"\n',
    "a comma and a tab": TEXT.replace(",", ",\t"),
    "blanks around": TEXT.replace(",", " , ").replace("\n", "  \n"),
    "an index without a name, as pandas writes it": ",x1,x2,label\n0,0.6,0.7,0\n1,-1.5,20,1\n"
    "2,3,0.25,2\n",
    "an index that was read back": "Unnamed: 0,x1,x2,label\n4,0.6,0.7,0\n7,-1.5,20,1\n9,3,0.25,2\n",
    "the label first": "label,x1,x2\n0,0.6,0.7\n1,-1.5,20\n2,3,0.25\n",
    "the label in between": "Length;Species;Width\n0,6;0;0,7\n-1,5;1;20\n3;2;0,25\n",
    "the label first, in a remark of numpy's": "# label x_1 x_2\n0 .6 .7\n1 -1.5 20\n2 3 .25\n",
    "the same between commas": "#label,x1,x2\n0,.6,.7\n1,-1.5,20\n2,3,.25\n",
    "x2 and x1 in a remark": f"# by hand\n# x2{TAB}x1{TAB}y\n.7 .6 0\n20 -1.5 1\n.25 3 2\n",
    "a remark with other separators": f"# x1, x2, label\n{ROWS.replace(',', ' ')}",
    "a remark about names": f"# label, x1 and x2 of set 5\n{ROWS}",
    "a remark below the heading": TEXT.replace("label\n", "label\n# label,x1,x2\n"),
    "one-hot columns as pandas names them": "x1,x2,species_a,species_b,species_c\n.6,.7,1,0,0\n"
    "-1.5,20,0,1,0\n3,.25,0,0,1\n",
    "y and x": "y,x,class\n0.7,0.6,0\n20,-1.5,1\n0.25,3,2\n",
    "x, y and label": TEXT.replace("x1,x2", "x,y"),
    "y for the label": "y,x_1,x_2\n0,0.6,0.7\n1,-1.5,20\n2,3,0.25\n",
    "one-hot columns first": "y0,y1,y2,x1,x2\n1,0,0,.6,.7\n0,1,0,-1.5,20\n0,0,1,3,.25\n",
    "units behind the names": "x2 (cm),x1 [mm],label\n.7,.6,0\n20,-1.5,1\n.25,3,2\n",
    "the kind first": "type,length,width\n0,.6,.7\n1,-1.5,20\n2,3,.25\n",
    "points that are commented out": f"#0.1,0.2,0\n# 0.1,0.2,1\n{ROWS}#-5,5,1\n",
    "blanks of other kinds": f"\xa0\n\x0c\n{ROWS}\xa0\n",
    "an empty last column": TEXT.replace("\n", ",\n"),
    "empty columns and rows of a sheet": GERMAN.replace("\n", ";;\n") + ";;;;\n;;;;\n",
    "a remark at a line's end": TEXT.replace("0\n", "0  # looks odd, see 3\n"),
    "labels as numpy saves them": ROWS.replace("1\n", "1.000000000000000000e+00\n"),
    "lines that end as on old Macs": TEXT.replace("\n", "\r"),
    "lines that end twice": TEXT.replace("\n", "\r\r\n"),
    "blank lines before the heading": f"\n \n{TAB}\n{TEXT}",
}


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a file as it is."""
    path = folder / "p.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("case", MEANT)
def test_a_file_of_points_is_read_as_it_is_meant_x01(tmp_path, case):
    x, labels = read_points(write(tmp_path, MEANT[case]))
    assert x.tolist() == POINTS and labels.tolist() == LABELS


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac-roman"]
)
def test_the_encoding_of_a_file_of_points_is_found_x01(tmp_path, encoding):
    mark = "\ufeff" * encoding.endswith(("-le", "-be"))
    for text in (GERMAN.replace("x1", "Länge"), TEXT):
        x, labels = read_points(write(tmp_path, mark + text, encoding))
        assert x.tolist() == POINTS and labels.tolist() == LABELS


def test_points_that_differ_by_less_than_their_digits_are_refused_x02(tmp_path):
    near = [[1e9 + i * 1e-6, i, i % 2] for i in range(8)]
    with pytest.raises(DataError, match="subtract what they have in common"):
        read_points(write(tmp_path, "\n".join(",".join(map(repr, row)) for row in near)))


def test_a_heading_above_whole_numbers_is_no_point_and_takes_none_x01(tmp_path):
    x, labels = read_points(write(tmp_path, "x1,x2,label\n0,1,2\n5,5,0\n6,6,1\n"))
    assert x.tolist() == [[0, 1], [5, 5], [6, 6]] and labels.tolist() == [2, 0, 1]


REFUSED = {
    "pandas' numbers of the columns": ("0,1,2\n" + ROWS, 1, "heading"),
    "numbers of the columns from 1": ("1;2;3\n" + GERMAN.split("\n", 1)[1], 1, "heading"),
    "the same above an index": (",0,1,2\n0,.6,.7,0\n1,-1.5,20,1\n", 1, "numbers"),
    "numbers of columns and a name": ("0,1,label\n" + ROWS, 1, "heading"),
    "an index without a heading": ("0,5,1,0\n1,6,0,1\n2,7,1,0\n", 1, "heading"),
    "an index from 1 without a heading": ("1;5;1;0\n2;6;0;1\n", 1, "heading"),
    "a shuffled index": ("2,5,1,0\n0,7,0,1\n1,3,0,1\n", 1, "heading"),
    "an index with decimals": ("5.0,5,1,0\n4.0,7,0,1\n", 1, "heading"),
    "three coordinates": ("x0,x1,x2\n0,2,1\n1,3,0\n", 1, "columns x1, x2"),
    "numbered features the wrong way": ("feature_2,feature_1,label\n5,6,0\n7,8,1\n", 1, "order"),
    "a word of LibreOffice's": ("1,2,0\n3,0,1\n####,0.5,1\n", 3, "numbers"),
    "a quoted word of a French sheet": ('1,2,0\n3,0,1\n"#N/D",0.5,1\n', 3, "numbers"),
    "a Russian word": ("#ДЕЛ/0!;0,5;1\n1;2;0\n3;0;1\n", 1, "numbers"),
    "a word within a row": ("1,2,0\n3,#REF!,1\n5,1,#NAME?\n", 2, "columns"),
    "an index with a name": ("id,x1,x2,label\n0,1,0,1\n1,2,1,0\n", 1, "columns x1, x2"),
    "an index in front of other names": ("nr;a;b;class\n0;1;0;1\n1;2;1;0\n", 1, "columns x1, x2"),
    "another column behind the label": ("x1,x2,label,w\n5,6,0,1\n7,8,1,0\n", 1, "columns x1, x2"),
    "two labels": ("x1,x2,group label,class\n5,6,0,1\n7,8,1,0\n", 1, "columns x1, x2"),
    "two labels and other names": ("a,b,cluster,class\n5,6,0,1\n7,8,1,0\n", 1, "columns x1, x2"),
    "one-hot columns in front of other names": ("class0,class1,a,b\n1,0,0,1\n", 1, "columns x1"),
    "one-hot columns in another order": ("x1,x2,y1,y0\n5,6,0,1\n7,8,1,0\n", 1, "order"),
    "names of rows, as R writes them": ('"x1" "x2" "label"\n"1" .6 .7 0\n', 2, "3 columns"),
    "decimal commas between commas": ("x1,x2,label\n1,5,2,5,0\n3,5,4,5,1\n", 2, "3 columns"),
    "commas that may divide thousands": ("x1;x2;label\n1,234;5;0\n2,500;6;1\n", 2, "thousands"),
    "quoted thousands": ('x1,x2,label\n"1,234",5,0\n"22,500",6,1\n', 2, "thousands"),
    "decimal points and commas": ("x1;x2;label\n1.5;5;0\n2,5;6;1\n", 2, "commas"),
    "thousands and decimals": ("x1;x2;label\n1.234,5;5;0\n2,5;6;1\n", 2, "commas"),
    "a second heading": (TEXT + TEXT, 5, "numbers"),
    "a line of units": (TEXT.replace("label\n", "label\ncm,cm,\n"), 2, "numbers"),
    "names of classes": ("x1,x2,species\n1,2,setosa\n", 2, "numbers"),
    "names of classes without a heading": ("1,2,setosa\n3,4,virginica\n", 1, "numbers"),
    "a missing cell": (TEXT.replace("20", ""), 3, "numbers"),
    "a missing cell in the first row": (",0.7,0\n" + ROWS, 1, "numbers"),
    "a first row without any cell": ("NA,NA,NA\n" + ROWS, 1, "numbers"),
    "a missing cell between tabs": ("1\t\t1\t0\n1\t\t0\t1\n", 1, "numbers"),
    "an error of Excel's": (TEXT.replace("-1.5", "#N/A"), 3, "numbers"),
    "a division by zero in the sheet": ("#DIV/0!;2;0\n1;2;1\n2;2;0\n", 1, "numbers"),
    "a German error of Excel's": ("1;2;0\n#BEZUG!;2;1\n2;2;1\n", 2, "numbers"),
    "Fortran's exponents": ("1D0 2 0\n3 4 1\n", 1, "numbers"),
    "Python's underscores": ("1_0,2,0\n3,4,1\n", 1, "numbers"),
    "hexadecimal": ("1,2,0\n0x1F,4,1\n", 2, "numbers"),
    "full-width digits": ("1,2,0\n３,4,1\n", 2, "numbers"),
    "infinity": ("1,2,0\ninf,4,1\n", 2, "finite"),
    "a first row of infinities": ("inf,-inf,0\n1,2,0\n3,4,1\n", 1, "finite"),
    "a number too small for a float": ("1,2,0\n1e-400,4,1\n", 2, "size"),
    "labels of a regression": ("1,2,0\n3,4,0.5\n", 2, "whole number"),
    "labels -1 and 1": ("1,2,1\n3,4,-1\n", 2, "whole number"),
    "labels from 1": ("1,2,1\n3,4,2\n", None, "labels 0 to K-1"),
    "another separator": ("1|2|0\n3|4|1\n", 1, "3 columns"),
    "a title above the heading": ("My points\n" + TEXT, 1, "columns x1, x2"),
    "quotes that do not end": ('1,2,0\n"3,4,1\n', 2, "3 columns"),
    "names twice": ("a,a,label\n1,2,0\n3,4,1\n", 1, "numbers"),
    "nothing": ("", None, "labels 0 to K-1"),
    "a heading and nothing else": ("x1;x2;label\n", None, "labels 0 to K-1"),
    "a very long cell": ("1,2,0\n" + "9" * 10**6 + ",4,1\n", 2, "3 columns"),
}


def check_refused(path: Path, word: str, line: int | None = None) -> None:
    """Check that a file is refused in one short sentence that names it, its line, and why."""
    with pytest.raises(DataError, match=word) as caught:
        read_points(path)
    text = str(caught.value)
    assert str(path) in text and "expected" in text and "found" in text
    assert len(text) < 400 + len(str(path)) and "\n" not in text
    assert line is None or f", line {line}: " in text


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_clear_point_is_refused_with_its_line_x01(tmp_path, case):
    text, line, word = REFUSED[case]
    check_refused(write(tmp_path, text), word, line)


def saved_by_numpy() -> bytes:
    """Return the bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, np.eye(3))
    return file.getvalue()


OTHERS = {
    "a workbook": (b"PK\x03\x04", "Excel"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
    "numpy's": (saved_by_numpy(), "numpy"),
    "parquet": (b"PAR1\x15\x04", "parquet"),
    "a PDF": (b"%PDF-1.7\n", "PDF"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "picture"),
    "packed": (gzip.compress(TEXT.encode()), "gzip"),
    "JSON": (json.dumps([{"x1": 0.6, "x2": 0.7, "label": 0}]).encode(), "JSON"),
    "a page that says not found": (b"<!DOCTYPE html><title>404</title>", "web page"),
    "NUL bytes": (TEXT.encode() + b"\0\0", "binary"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "binary"),
    "UTF-32": (TEXT.encode("utf-32"), "binary"),
    "UTF-32, the larger byte first": (("\ufeff" + TEXT).encode("utf-32-be"), "binary"),
    "too much": (b"1,2,0\n" * 2 * 10**6, "MB"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_file_of_another_kind_is_named_and_refused_x01(tmp_path, kind):
    content, word = OTHERS[kind]
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    check_refused(path, word)


def test_a_folder_and_a_path_that_is_none_are_refused_x01(tmp_path):
    for path, word in ((tmp_path, "directory"), (tmp_path / "no", "No such"), ("a\0b", "null")):
        with pytest.raises(DataError, match=word):
            read_points(path)


NUMBERS = st.floats(-1e9, 1e9).map(lambda v: v if abs(v) > 1e-99 else 0.0)


@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=6),
    heading=st.sampled_from(["", "x1{}x2{}label\n", "a{}b{}class\n"]),
    separator=st.sampled_from([",", ";", "\t", " "]),
    comma=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_no_point_is_lost_or_invented_in_any_format_x01(
    tmp_path_factory, rows, heading, separator, comma, end
):
    labels = [n % 2 for n in range(len(rows))]
    comma = comma and separator != ","
    lines = [f"{a!r}{separator}{b!r}{separator}{k}" for (a, b), k in zip(rows, labels, strict=True)]
    text = heading.format(separator, separator) + "\n".join(lines)
    text = (text.replace(".", ",") if comma else text).replace("\n", end)
    path = write(tmp_path_factory.getbasetemp(), text)
    try:
        x, read = read_points(path)
    except DataError as error:
        assert comma and "thousands" in str(error)
        return
    assert x.tolist() == [list(row) for row in rows] and read.tolist() == labels


def made(number: int, every: int) -> tuple[np.ndarray, np.ndarray]:
    """Return some of our points."""
    x, labels = read_points(ROOT / f"data/set{number}.csv")
    return x[::every], labels[::every]


TWO, THREE = made(2, 6), made(3, 6)
PAIR = np.arange(6) % 2
SIZES = {
    "times 1e-98": (TWO[0] * 1e-98, TWO[1]),
    "times 1e3": (THREE[0] * 1e3, THREE[1]),
    "times 1e98": (THREE[0] * 1e98, THREE[1]),
    "shifted by 1e6": (TWO[0] + 1e6, TWO[1]),
    "a small spread far away": (1e9 + TWO[0] / 4, TWO[1]),
    "overlapping, with a small spread far away": (1e9 + THREE[0] / 4, THREE[1]),
    "one axis a million times the other": (TWO[0] * [1, 1e6], TWO[1]),
    "one axis 1e190 times the other": (THREE[0] * [1e-95, 1e95], THREE[1]),
    "all in one place": (np.full((6, 2), 1e9), PAIR),
    "all at the origin": (np.zeros((6, 2)), PAIR),
    "in a column": (np.column_stack([np.full(6, 5.0), np.arange(6)]), np.repeat([0, 1], 3)),
    "one point far out": (np.vstack([THREE[0], [1e8, -1e8]]), np.append(THREE[1], 0)),
}
LINEAR = (ROOT / "problem2_linear.ipynb", {"steps": 300})
MLP = (ROOT / "problem3_mlp.ipynb", {"steps": 40, "linear_steps": 300, "seeds": 1})


def run(folder: Path, case: tuple, values: dict, kind: tuple) -> dict:
    """Run a notebook in this process on some points and return its results; nothing may warn."""
    path, usual = kind
    x, labels = case
    rows = [f"{a!r},{b!r},{k}\n" for (a, b), k in zip(x.tolist(), labels.tolist(), strict=True)]
    table = write(folder, "x1,x2,label\n" + "".join(rows))
    notebook.execute(path, folder, usual | {"points": str(table)} | values, kernel=False)
    cells = json.loads((folder / path.name).read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert [o["text"] for o in outputs if o.get("name") == "stderr"] == []
    return json.loads((folder / f"results/{path.stem}.json").read_text())


@pytest.mark.parametrize("case", SIZES)
def test_points_of_any_size_go_through_problem_2_x02(tmp_path, monkeypatch, case):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    results = run(tmp_path, SIZES[case], {}, LINEAR)
    assert results["separable"] is (SIZES[case][1] is TWO[1] or case == "in a column")
    if results["separable"]:
        assert results["separated"] and results["accuracy"] == 1


@pytest.mark.parametrize("case", SIZES)
def test_points_of_any_size_go_through_problem_3_x02(tmp_path, monkeypatch, case):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    results = run(tmp_path, SIZES[case], {}, MLP)
    assert results["separable"] is (SIZES[case][1] is TWO[1] or case == "in a column")
    if results["separable"]:
        assert results["linear_wrong"] == 0 and "Training converged" not in results["answers"]["3a"]


def test_the_unit_of_the_axes_changes_no_weight_that_is_learned_x02(tmp_path, monkeypatch):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    x, labels = THREE
    ways = [(1, 0), (1e6, 0), (np.array([1e-3, 1e9]), np.array([20, -3e12]))]
    runs = [run(tmp_path, (x * unit + shift, labels), {}, MLP) for unit, shift in ways]
    assert len({(r["linear_wrong"], r["mlp_accuracy"], r["dead_units"]) for r in runs}) == 1
    assert np.allclose([r["mlp_loss"] for r in runs], runs[0]["mlp_loss"], rtol=1e-3)


def test_a_frame_leaves_points_around_the_origin_where_they_are_x02():
    for number in (2, 3):
        middle, unit = frame(read_points(ROOT / f"data/set{number}.csv")[0])
        assert not middle.any() and (unit == 1).all()


@pytest.mark.parametrize(
    "x", [x for x, _ in SIZES.values()] + [np.array([[4.0, 9]]), np.array([[-7e5, 1], [-7e5, 2]])]
)
def test_in_its_frame_a_set_of_points_has_a_usual_size_x02(x):
    middle, unit = frame(x)
    scaled = (x - middle) / unit
    assert (
        np.abs(scaled).max() <= 10 and (np.ptp(scaled, axis=0)[np.ptp(x, axis=0) > 0] > 0.6).all()
    )


def test_axes_that_differ_a_million_times_are_not_drawn_as_a_thin_strip_x02():
    for stretch, expected in ((1, 1.0), (10, 1.0), (1e6, "auto"), (1e-6, "auto"), (0, 1.0)):
        _, ax = figures.figure()
        figures.scatter(ax, TWO[0] * [1, stretch], TWO[1])
        assert ax.get_aspect() == expected


def test_only_creases_that_cross_the_figure_are_drawn_x02():
    _, ax = figures.figure()
    ax.axis((1e9, 1e9 + 1, -1e-9, 1e-9))
    W = np.array([[0.0, 0], [1, 0], [1, 0], [1e-99, 1e-90], [1, 0]])
    b = np.array([1.0, 1e30, -1e9 - 0.25, -1e-90, 1])
    with np.errstate(all="raise"):
        figures.creases(ax, W, b)
    assert len(ax.lines) == 2


@pytest.mark.parametrize("kind", [LINEAR, MLP])
@pytest.mark.parametrize("rate", [1e4, 1e15, 1e100])
def test_a_step_size_that_is_too_large_is_named_as_the_cause_x02(tmp_path, monkeypatch, kind, rate):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    values = {"learning_rate": rate}
    try:
        run(tmp_path, SIZES["shifted by 1e6"], values, kind)
    except notebook.NotebookError as error:
        assert "try a smaller learning rate" in str(error)


@pytest.mark.parametrize("kind", [LINEAR, MLP])
def test_run_all_reaches_the_end_where_anywidget_is_missing_x14(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.setattr(widget, "watched", lambda: True)
    run(tmp_path, TWO, {}, kind)
    assert "pip install --upgrade anywidget" in (tmp_path / kind[0].name).read_text()
