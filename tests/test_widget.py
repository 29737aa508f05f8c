"""What carries the widgets: scripts, start values, and the output of a cell that shows one."""

import base64
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from jupyter_client.manager import start_new_kernel

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


class OldAnywidget:
    """Has no AnyWidget, or one that cannot be shown."""

    def __init__(self, **values):
        self.__dict__.update(values)


def broken(error):
    """Return a class of widgets that raise this error."""

    def fail(*_, **__):
        raise error

    return type("AnyWidget", (), {"__init__": fail})


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (None, "ModuleNotFoundError: import of anywidget halted"),
        (OldAnywidget(), "AttributeError: 'OldAnywidget' object has no attribute 'AnyWidget'"),
        (OldAnywidget(AnyWidget=type("AnyWidget", (), {})), "TypeError: "),
        (OldAnywidget(AnyWidget=broken(RuntimeError("no comm\nmore"))), "RuntimeError: no comm"),
        (OldAnywidget(AnyWidget=broken(OSError(2, "no bundle"))), "FileNotFoundError: [Errno 2]"),
    ],
    ids=["missing", "too old", "of another kind", "without a connection", "half installed"],
)
def test_a_jupyter_whose_anywidget_is_missing_or_broken_is_told_in_a_sentence_x14(
    monkeypatch, module, reason
):
    monkeypatch.setitem(sys.modules, "anywidget", module)
    output = bundle(monkeypatch, True, points=[])
    assert set(output) == {"text/plain"}
    text = output["text/plain"]
    assert f"anywidget is missing or does not work ({reason}" in text and "\n" not in text
    assert "pip install --upgrade anywidget" in text


def test_a_jupyter_without_traitlets_or_ipywidgets_is_told_in_a_sentence_x14(monkeypatch):
    for name in ("traitlets", "ipywidgets"):
        with monkeypatch.context() as patched:
            for module in [m for m in sys.modules if m.partition(".")[0] in ("anywidget", name)]:
                patched.delitem(sys.modules, module)
            patched.setitem(sys.modules, name, None)
            assert name in bundle(patched, True, points=[])["text/plain"]


def test_a_front_end_that_cannot_show_widgets_shows_a_sentence_x14(monkeypatch):
    output = bundle(monkeypatch, True, points=[])
    assert output["text/plain"] == widget.INSTEAD
    assert "application/vnd.jupyter.widget-view+json" in output


LAB = {"metadata": {"cellId": "c1"}, "content": {"allow_stdin": True}}
PERSON = {"metadata": {}, "content": {"allow_stdin": True}}
PROGRAM = {"metadata": {}, "content": {"allow_stdin": False}}


@pytest.mark.parametrize(
    ("shell", "is_watched"),
    [
        (SimpleNamespace(get_parent=lambda: LAB), True),
        (SimpleNamespace(get_parent=lambda: PERSON), True),
        (SimpleNamespace(get_parent=lambda: PROGRAM), False),
        (SimpleNamespace(parent_header=PERSON), True),
        (SimpleNamespace(get_parent=lambda: {}), False),
        (SimpleNamespace(get_parent=lambda: None), False),
        (SimpleNamespace(), False),
        (None, False),
    ],
    ids=[
        "JupyterLab",
        "VS Code, Colab, nbclassic",
        "papermill, nbconvert",
        "a kernel without get_parent",
        "before the first cell",
        "between two cells",
        "a terminal",
        "no IPython",
    ],
)
def test_a_person_watches_where_a_cell_may_ask_for_input_x14(monkeypatch, shell, is_watched):
    monkeypatch.setattr(widget, "get_ipython", lambda: shell)
    assert widget.watched() is is_watched
    assert repr(show("train", points=[])) == widget.INSTEAD


def test_a_kernel_shows_a_widget_to_a_person_only_x14():
    code = """import sys; sys.modules["anywidget"] = None
import explore; explore.show("train", points=[], labels=[])"""
    manager, client = start_new_kernel(cwd=str(ROOT))
    shown = []
    try:
        for person in (True, False):
            client.execute_interactive(
                code, allow_stdin=person, stdin_hook=print, output_hook=shown.append, timeout=60
            )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    texts = [m["content"]["data"] for m in shown if m["msg_type"] == "execute_result"]
    assert "anywidget is missing" in texts[0]["text/plain"] and widget.PLAY not in texts[0]
    assert texts[1]["text/plain"] == widget.INSTEAD and widget.PLAY in texts[1]


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
