"""What carries the widgets: scripts, start values, and the output of a cell that shows one."""

import base64
import json
import sys

import numpy as np
import pytest

import figures
from explore import show, widget

WIDGETS = ("walk", "train", "pad")


def bundle(monkeypatch, watched, name="train", **start):
    """Return what a cell shows, and as which kinds."""
    monkeypatch.setattr(widget, "watched", lambda: watched)
    return show(name, **start)._repr_mimebundle_()[0]


def test_an_executed_notebook_carries_the_start_values_as_plain_json(monkeypatch):
    large = np.arange(5000.0).reshape(50, 100) / 3
    small = {"points": np.eye(2), "labels": np.array([0, 1]), "one": np.float32(0.5)}
    start = {"z": 1, "a": 2, **small, "W": [large]}
    output = bundle(monkeypatch, False, **start)
    assert output["text/plain"] == widget.INSTEAD
    played = json.loads(json.dumps(output[widget.PLAY]))
    assert played["widget"] == "train"
    values = json.loads(played["start"])
    assert list(values) == list(start), "in the same order"
    (W,) = values.pop("W")
    assert values == {"z": 1, "a": 2, "points": [[1, 0], [0, 1]], "labels": [0, 1], "one": 0.5}
    read = np.frombuffer(base64.b64decode(W["float64"]), "<f8").reshape(W["shape"])
    assert np.array_equal(read, large)


def test_a_start_value_that_is_not_finite_is_refused_at_once():
    with pytest.raises(ValueError, match="not JSON compliant"):
        show("train", learning_rate=np.nan)


def test_a_sweep_gets_no_start_values(monkeypatch):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    assert bundle(monkeypatch, False, points=[]) == {"text/plain": widget.INSTEAD}


def test_a_jupyter_without_anywidget_is_told_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    output = bundle(monkeypatch, True, points=[])
    assert output == {"text/plain": widget.MISSING}


def test_an_import_of_another_form_is_refused(tmp_path, monkeypatch):
    (tmp_path / "walk.js").write_text('import * as ui from "./ui.js";\nexport default {};\n')
    monkeypatch.setattr(widget, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"walk\.js: write an import as"):
        widget.script("walk")


@pytest.mark.parametrize("name", WIDGETS)
def test_a_script_has_each_module_once_before_it_is_used_and_asks_for_nothing(name):
    text = widget.script(name)
    assert "import " not in text.replace("import the", "")
    assert text.count("const COLOURS") == 1
    assert text.rstrip().endswith("export default { render };")
    page = widget.page_script(name)
    assert "export" not in page.replace("exported", "")
    assert page.count("const widget = { render }") == 1


def test_a_class_has_the_same_colour_in_a_widget_as_in_a_figure(modules):
    colours = modules("ui").evaluate("COLOURS")
    assert tuple(colour.upper() for colour in colours) == figures.COLOURS


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.24876, "0.2488"),
        (0, "0"),
        (-0.0, "0"),
        (0.00005, "0.0001"),
        (-3.53e-5, "−3.5·10⁻⁵"),
        (-2.5, "−2.5"),
        (999.99999, "1000"),
        (-2208.71234, "−2209"),
        (1234.5, "1235"),
        (99999, "99999"),
        (11225438.041, "1.123·10⁷"),
        (-1e100, "−1.000·10¹⁰⁰"),
    ],
)
def test_a_number_is_short_whatever_its_size(modules, value, text):
    assert modules("ui").evaluate("value => number(value)", value) == text
