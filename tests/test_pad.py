"""Problem 4's pad: its numbers against Python's, drawing, saving, with a kernel and without."""

import io
import json

import numpy as np
import pytest
from live import HTML, Watch, write_page
from PIL import Image

import common
import handwriting
from common import ROOT
from explore import widget
from explore.saved import SavedDigits

ONE = [(55, 12), (52, 50), (50, 88)]
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
TYPED = json.loads(handwriting.TYPED.read_text())
IMAGES = "drawings => drawings.map(([strokes, pen]) => [...digitImage(strokes, pen)])"
PENS = "drawings => drawings.map(penWidth)"
GOOD = {"digit": 1, "pen": 9, "strokes": [[[50, 10], [50, 90]]]}
OTHER = GOOD | {"digit": 7}


# ------------------------------------------------------------------------------------
# The numbers
# ------------------------------------------------------------------------------------


def greatest_difference(page, drawings):
    """Return how far the pad's images are from handwriting.py's, in grey levels."""
    images = np.array(page.evaluate(IMAGES, drawings))
    expected = [
        handwriting.digit_image({"digit": 0, "strokes": strokes, "pen": pen})[1].ravel()
        for strokes, pen in drawings
    ]
    return np.abs(images - np.array(expected, int)).max()


def as_drawn(rng, strokes, points_between):
    """Return strokes as a hand draws them on the pad: of some size, at some place, dense."""
    arrays = [np.array(stroke, float) for stroke in strokes]
    moved, _ = handwriting.deformed_drawing(arrays, 1, rng)
    points = np.vstack(moved)
    side = rng.uniform(5, 99)
    scale = side / np.ptp(points, axis=0).max()
    corner = rng.uniform(0, 100 - side, 2)
    placed = [(stroke - points.min(axis=0)) * scale + corner for stroke in moved]
    return [np.round(handwriting.smooth(one, points_between), 1).tolist() for one in placed]


def test_all_typed_digits_are_within_a_grey_level_of_pythons(modules):
    drawings = [[item["strokes"], item["pen"]] for item in TYPED]
    assert greatest_difference(modules("ink"), drawings) <= 1


def test_what_a_pad_can_draw_is_within_a_grey_level_of_pythons(modules):
    page = modules("ink")
    rng = np.random.RandomState(0)
    strokes = [as_drawn(rng, TYPED[i % 40]["strokes"], i % 3) for i in range(200)]
    for size in range(1, 51):  # any scribbles: lines, several strokes
        shape = (rng.randint(1, 4), rng.randint(1, 20), 2)
        strokes.append(np.round(rng.uniform(0, 2 * size, shape), 1).tolist())
    strokes += [[[[50, 50]]], [[[0, 0]], [[9, 90]]], [[[7, 3], [7, 3.3]], [[90, 99.9]]]]  # dots
    strokes += [[[[0, 0], [x, 100 - x]]] for x in range(0, 101, 10)]
    drawings = list(zip(strokes, page.evaluate(PENS, strokes), strict=True))
    assert greatest_difference(page, drawings) <= 1
    assert any(is_thin(strokes, pen) for strokes, pen in drawings), "some are widened"


def is_thin(strokes, pen):
    """Return whether Python widens a drawing."""
    image = handwriting.render([np.array(stroke, float) for stroke in strokes], pen)
    return handwriting.stroke_width(handwriting.crop(image)) < handwriting.THIN


def random_model(rng):
    """Return a linear model, and its parameters as a widget gets them."""
    W = rng.randn(10, 784)
    b = rng.randn(10)
    return common.Network([common.Linear(W, b)]), widget.plain([W, b])


def test_probabilities_equal_pythons(modules):
    rng = np.random.RandomState(2)
    network, parameters = random_model(rng)
    images = rng.randint(256, size=(20, 784), dtype=np.uint8)
    ask = "([model, images]) => images.map((image) => probabilities(linearModel(model), image))"
    shares = modules("scores").evaluate(ask, [parameters, images.tolist()])
    assert np.allclose(shares, common.softmax(network.logits(images)), rtol=1e-12, atol=0)


SUMS = """([parameters, image]) => {
  const model = withoutCommonPart(linearModel(parameters));
  const digits = [...Array(10).keys()];
  const shares = digits.map((k) => [...evidence(model, image, k)]);
  return [digits.map((k) => scoreSum(model.biases[k], shares[k])), shares];
}"""


def test_the_sums_add_up_and_their_differences_are_those_of_the_logits(modules):
    rng = np.random.RandomState(3)
    network, parameters = random_model(rng)
    image = rng.randint(256, size=784, dtype=np.uint8)
    sums, shares = modules("scores").evaluate(SUMS, [parameters, image.tolist()])
    scores = np.array([parts["score"] for parts in sums])
    logits = network.logits(image[None])[0]
    assert np.allclose(np.subtract.outer(scores, scores), np.subtract.outer(logits, logits))
    for parts, pixels in zip(sums, np.array(shares), strict=True):
        assert np.isclose(parts["ahead"], pixels[pixels > 0].sum())
        assert np.isclose(parts["against"], pixels[pixels < 0].sum())
        assert np.isclose(parts["score"], parts["bias"] + pixels.sum())


def test_the_evidence_leaves_out_what_all_ten_rows_share(modules):
    rng = np.random.RandomState(4)
    W = rng.randn(10, 784)
    image = rng.randint(256, size=784).tolist()
    shares = []
    for rows in (W, W + 5 * rng.randn(784)):  # the same classifier: all scores move alike
        parameters = widget.plain([rows, np.zeros(10)])
        shares.append(np.array(modules("scores").evaluate(SUMS, [parameters, image])[1]))
    assert np.abs(shares[0]).max() > 0.1
    assert np.allclose(*shares)
    assert np.allclose(shares[0].sum(axis=0), 0)


# ------------------------------------------------------------------------------------
# Drawing
# ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def start(subset):
    """Return the start values: the mean images as a linear model, and a trained model."""
    data = common.read_mnist(subset)
    x, labels = data.x_train, data.labels_train
    means = np.array([x[labels == k].mean(axis=0) / 255 for k in range(10)])
    bias = -(means**2).sum(axis=1) / 2
    network = common.Network([common.Linear(means.copy(), bias.copy())])
    rng = np.random.RandomState(0)
    targets = common.one_hot(labels, 10)
    common.train(network, x, targets, learning_rate=0.2, batch_size=200, steps=400, rng=rng)
    return {"templates": [means, bias], "trained": network.parameters}


def move_pen(page, points, lift=True):
    """Draw a stroke with the mouse, in units of the pad."""
    box = page.locator("canvas.drawing").bounding_box()
    for number, (x, y) in enumerate(points):
        at = (box["x"] + x * box["width"] / 100, box["y"] + y * box["height"] / 100)
        page.mouse.move(*at, steps=6 if number else 1)
        if not number:
            page.mouse.down()
    if lift:
        page.mouse.up()


def button(page, name):
    """Return a button of the pad."""
    return page.get_by_role("button", name=name, exact=True)


def meant(page, digit):
    """Return the button that saves the drawing as a digit."""
    return button(page, f"I meant {digit}")


def answer(page):
    """Return the sentence of the models' answer."""
    return page.locator(".answer").text_content()


def shown(page, name):
    """Return what the canvas of that name shows, as ink (0 to 255)."""
    picture = page.get_by_role("img", name=name).screenshot()
    return 255 - np.asarray(Image.open(io.BytesIO(picture)).convert("L"))


def downloaded(page, tmp_path):
    """Return the file that the page hands out."""
    with page.expect_download() as waited:
        button(page, "Download my digits").click()
    assert waited.value.suggested_filename == "pad.json"
    path = tmp_path / "mine" / "pad.json"
    waited.value.save_as(path)
    return path


def bars(page):
    """Return the lengths of the bars: (10, 2) from 0 to 1."""
    lengths = "bars => bars.map((bar) => parseFloat(bar.style.width) / 100)"
    return np.array(page.eval_on_selector_all(".bar span", lengths)).reshape(10, 2)


def test_the_models_answer_while_the_pen_is_down(live, start):
    page = live("pad", start)
    assert answer(page) == "Two models answer while you draw."
    move_pen(page, ONE, lift=False)
    assert "says 1," in " ".join(answer(page).split())
    line = page.locator(".answer")
    assert line.get_attribute("aria-busy") == "true", "it is read out when the pen is up"
    page.mouse.up()
    assert line.get_attribute("aria-busy") == "false"


def test_what_the_page_shows_is_what_python_finds_in_the_downloaded_drawing(live, start, tmp_path):
    page = live("pad", start)
    move_pen(page, THREE)
    lengths = bars(page)
    seen = shown(page, "what the models see")
    sums = page.locator(".sum p").all_text_contents()
    lead = page.locator(".sums > p", has_text="leads by").text_content()
    meant(page, 3).click()
    images, labels = handwriting.read_digits(downloaded(page, tmp_path))
    assert labels.tolist() == [3]
    networks = [
        common.Network([common.Linear(*map(np.float64, start[name]))])
        for name in ("templates", "trained")
    ]
    logits = [network.logits(images)[0] for network in networks]
    # A screen's style sheet keeps a few digits only.
    assert np.allclose(lengths.T, [common.softmax(one[None])[0] for one in logits], atol=1e-5)
    small = Image.fromarray(seen[1:-1, 1:-1]).resize((28, 28), Image.Resampling.BOX)
    assert np.corrcoef(np.asarray(small).ravel(), images[0])[0, 1] > 0.99
    second, best = np.argsort(logits[1])[-2:]
    for k, text in zip((best, second), sums, strict=True):
        score = logits[1][k] - logits[1].mean()
        assert text.startswith(f"{k}: bias")
        assert text.endswith(f"= {score:.2f}".replace("-", "−"))
    number = f"{logits[1][best] - logits[1][second]:.2f}"
    times = f"{float(f'{np.exp(float(number)):.3g}'):g}"
    assert f"leads by {number}, so it is e{number} ≈ {times} times as" in lead


def test_a_small_digit_is_read_as_a_large_one(live, start):
    page = live("pad", start)
    pictures = []
    for points in (THREE, SMALL_THREE):
        move_pen(page, points)
        assert "says 3," in " ".join(answer(page).split())
        pictures.append(shown(page, "what the models see").astype(float))
        button(page, "Clear").click()
    assert np.abs(pictures[0] - pictures[1]).sum() < 0.2 * pictures[0].sum()


def test_a_button_that_can_do_nothing_is_disabled_and_no_digit_is_proposed(live, start):
    page = live("pad", start)
    assert page.locator("button:enabled").count() == 0
    move_pen(page, ONE)
    move_pen(page, [(20, 20), (30, 20)])
    assert page.locator("button:enabled").count() == 12  # Undo, Clear, ten digits
    chosen = "[aria-pressed=true], :checked, select, .meant [class]"
    assert page.locator(chosen).count() == 0
    button(page, "Undo").click()
    assert button(page, "Undo").is_enabled()
    button(page, "Undo").click()
    assert page.locator("button:enabled").count() == 0
    assert answer(page) == "Two models answer while you draw."
    assert not bars(page).any()


def test_the_keyboard_draws_saves_and_keeps_the_focus(live, start):
    page = live("pad", start)
    one = ["ArrowUp"] * 8 + [" "] + ["ArrowDown"] * 17 + [" "]
    focus = "document.activeElement.className"

    def press(*keys):
        for key in keys:
            page.keyboard.press(key)

    press("Tab", *one)
    assert "says 1," in " ".join(answer(page).split())
    press("Tab", "Enter")  # Undo
    assert "drawing" in page.evaluate(focus), "the next keys draw"
    press(*one)
    press("Tab", "Tab", "Tab", "Tab", " ")  # Undo, Clear, 0, 1
    assert page.locator(".saved").text_content().startswith("1 digit saved in this page")
    assert "drawing" in page.evaluate(focus)


def test_no_letter_of_the_pad_reaches_jupyter(live, start):
    page = live("pad", start)
    page.evaluate("document.addEventListener('keydown', (e) => (window.heard = e.key))")
    move_pen(page, ONE)
    button(page, "Undo").focus()
    for key in ("b", "d", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("window.heard") is None


def test_a_finger_draws(live, start):
    page = live("pad", start, has_touch=True, viewport={"width": 390, "height": 800})
    box = page.locator("canvas.drawing").bounding_box()
    page.touchscreen.tap(box["x"] + 100, box["y"] + 100)
    assert button(page, "Undo").is_enabled()
    action = "getComputedStyle(document.querySelector('canvas.drawing')).touchAction"
    assert page.evaluate(action) == "none", "the page does not scroll under the finger"


def test_a_drawing_has_no_more_points_than_a_file_of_digits_can_hold(live, start):
    page = live("pad", start)
    many = [[[50, y % 100] for y in range(10_000)]]
    item = {"digit": 1, "pen": 12, "strokes": many, "source": "pad"}
    handwriting.digit_image(item)  # so many can be read
    keep = "item => sessionStorage.setItem('digits drawn on the pad', JSON.stringify([item]))"
    page.evaluate(keep, item)
    page.reload()
    button(page, "Take the last one back").click()
    move_pen(page, ONE)
    assert "The drawing is full" in answer(page)
    button(page, "Undo").click()
    assert button(page, "Undo").is_disabled(), "no stroke was begun"


def test_on_a_phone_the_answers_are_in_sight_while_one_draws(live, start):
    page = live("pad", start, viewport={"width": 390, "height": 800})
    assert page.locator(".pictures").is_hidden(), "nothing to explain yet"
    move_pen(page, THREE)
    pad = page.locator("canvas.drawing").bounding_box()
    bars = page.locator(".bars").bounding_box()
    assert pad["y"] + pad["height"] <= bars["y"]
    assert bars["y"] + bars["height"] <= 800
    assert meant(page, 0).bounding_box()["y"] > bars["y"]
    assert page.locator(".pictures").is_visible()


LOOKS = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "half": {"viewport": {"width": 900, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 800}},
    "dark": {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"},
}
CUT = """() => [...document.querySelectorAll(".hw *")].filter((node) =>
  node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== "inline").length"""


def contrast(locator):
    """Return the contrast of the lightest and the darkest spot of an element, 1 to 21 (WCAG)."""
    with Image.open(io.BytesIO(locator.screenshot())) as picture:
        srgb = np.asarray(picture.convert("RGB")) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return (luminance.max() + 0.05) / (luminance.min() + 0.05)


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_is_cut_and_everything_can_be_read(live, start, look):
    page = live("pad", start, **LOOKS[look])
    if look == "dark":
        page.add_style_tag(content="body { background: #16181b; }")
    move_pen(page, THREE)
    meant(page, 3).click()  # the longest text
    button(page, "Take the last one back").click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(CUT) == 0
    assert contrast(page.locator("canvas.drawing")) >= 7
    for part in (".answer", ".bar.best small", ".meant button", ".sum .for", ".sum .against"):
        assert contrast(page.locator(part).first) >= 4.5, part


# ------------------------------------------------------------------------------------
# Saving on a web page
# ------------------------------------------------------------------------------------


def test_a_page_counts_keeps_and_hands_out_what_was_drawn(live, start, tmp_path):
    page = live("pad", start)
    saved = page.locator(".saved")
    assert saved.text_content() == "No digits saved yet; the homework asks for at least 15."
    for digit in range(15):
        move_pen(page, [(x + digit, y) for x, y in ONE])
        meant(page, digit % 10).click()
        assert answer(page) == "Two models answer while you draw."
        assert f"{digit + 1} digit" in saved.text_content()
        assert ("asks for at least 15" in saved.text_content()) == (digit < 14)
    assert "move it into data/handwritten/mine" in saved.text_content()
    path = downloaded(page, tmp_path)
    items = json.loads(path.read_text())
    assert all(list(item) == ["digit", "pen", "strokes", "source"] for item in items)
    digits = handwriting.read_own(path.parent)
    assert digits.labels.tolist() == [*range(10), *range(5)]
    assert digits.sources == ["pad"] * 15
    assert digits.warnings == []
    assert right_text(start, digits.images, digits.labels) in saved.text_content()


def right_text(start, images, labels):
    """Return what a pad says about several digits, from Python's models."""
    right = {}
    for name, parameters in start.items():
        network = common.Network([common.Linear(*map(np.float64, parameters))])
        right[name] = (network.predict(images) == labels).sum() or "none"
    means, trained = right["templates"], right["trained"]
    return f"the trained model reads {trained} of them rightly, the mean images {means}"


def test_a_digit_taken_back_is_on_the_pad_again(live, start):
    page = live("pad", start)
    move_pen(page, THREE)
    before = answer(page)
    meant(page, 8).click()
    button(page, "Take the last one back").click()
    assert answer(page) == before
    assert button(page, "Take the last one back").is_disabled()
    assert button(page, "Download my digits").is_disabled()
    meant(page, 3).click()
    assert page.locator(".saved").text_content().startswith("1 digit saved")


def test_a_reload_keeps_the_digits(live, start, tmp_path):
    page = live("pad", start)
    move_pen(page, THREE)
    meant(page, 3).click()
    page.reload()
    assert page.locator(".saved").text_content().startswith("1 digit saved")
    assert handwriting.read_digits(downloaded(page, tmp_path))[1].tolist() == [3]


# ------------------------------------------------------------------------------------
# Saving through a kernel
# ------------------------------------------------------------------------------------

JUPYTER = """
const listeners = [];
const model = {
  get: (name) => ({ start: JSON.parse(document.getElementById("start").textContent) })[name],
  send: (message) => window.hear(message),
  on: (event, listener) => listeners.push(listener),
  off() {},
};
window.reply = (message) => listeners.forEach((listener) => listener(message));
widget.render({ model, el: document.getElementById("play") });
"""


class Kernel:
    """A kernel that hears a pad's messages when it is told to, and its replies."""

    def __init__(self, page, path):
        self.page = page
        self.saved = SavedDigits(path)
        self.messages = []

    def work(self):
        """Answer all messages that have come."""
        self.page.evaluate("0")  # what was sent has come
        while self.messages:
            self.page.evaluate("reply", self.saved.hear(self.messages.pop(0)))

    def text(self):
        """Return what the pad says about its saved digits."""
        return self.page.locator(".saved").text_content()

    def let_wait(self):
        """Let the pad lose its patience."""
        self.page.clock.fast_forward(3000)


@pytest.fixture
def kernel(browser, start, tmp_path):
    """Return a kernel whose page shows a pad; nothing may fail and nothing may be requested."""
    page = browser.new_page()
    watch = Watch(page)
    kernel = Kernel(page, tmp_path / "pad.json")
    page.expose_function("hear", lambda message: kernel.messages.append(message))
    page.clock.install()
    script = widget.script("pad").replace("export default", "const widget =") + JUPYTER
    values = json.dumps(widget.plain(start))
    path = tmp_path / "jupyter.html"
    path.write_text(HTML.format(name="pad", style=widget.style("pad"), start=values, script=script))
    page.goto(path.as_uri())
    page.locator(".hw").wait_for()
    yield kernel
    page.close()
    assert watch.troubles == []


def digits_in(path):
    """Return the digits of a file, in order."""
    return [item["digit"] for item in json.loads(path.read_text())]


def test_the_kernel_saves_takes_back_and_says_how_many_are_read_rightly(kernel, start):
    page = kernel.page
    kernel.work()
    assert kernel.text() == "No digits saved yet; the homework asks for at least 15."
    assert button(page, "Download my digits").is_hidden()
    for digit, points in ((1, ONE), (7, THREE)):  # the models do not say 7
        move_pen(page, points)
        meant(page, digit).click()
        assert kernel.text() == "Saving ..."
        assert button(page, "Take the last one back").is_disabled()
        kernel.work()
        assert kernel.text().startswith(f"Saved as {digit}.")
    assert digits_in(kernel.saved.path) == [1, 7]
    digits = handwriting.read_digits(kernel.saved.path)
    assert f"Drawn here: 2 digits; {right_text(start, *digits)}. Run" in kernel.text()
    button(page, "Take the last one back").click()
    kernel.work()
    assert digits_in(kernel.saved.path) == [1]
    assert "Drawn here: 1 digit; the trained model reads it rightly" in kernel.text()
    assert "says 3," in " ".join(answer(page).split()), "it is on the pad again"
    assert button(page, "Download my digits").is_hidden()


def test_without_a_kernel_drawing_goes_on_and_nothing_is_lost(kernel, tmp_path):
    page = kernel.page
    kernel.let_wait()
    assert "The kernel is busy or has ended." in kernel.text()
    for digit, points in ((1, ONE), (3, THREE)):
        move_pen(page, points)
        assert f"says {digit}," in " ".join(answer(page).split())
        meant(page, digit).click()
    assert "2 digits kept in this page" in kernel.text()
    assert handwriting.read_digits(downloaded(page, tmp_path))[1].tolist() == [1, 3]
    button(page, "Take the last one back").click()
    assert "1 digit kept in this page" in kernel.text()


def test_a_busy_kernel_saves_each_digit_once_when_it_is_free(kernel):
    page = kernel.page
    for digit, points in ((1, ONE), (8, THREE)):
        move_pen(page, points)
        meant(page, digit).click()
    kernel.let_wait()
    button(page, "Take the last one back").click()  # that was no 8
    meant(page, 3).click()
    kernel.work()
    assert digits_in(kernel.saved.path) == [1, 3]
    assert kernel.text().startswith("Saved as 3. 2 digits saved")
    assert button(page, "Download my digits").is_hidden()


def test_what_a_damaged_file_refuses_is_kept_and_saved_later(kernel, tmp_path):
    page = kernel.page
    kernel.saved.path.write_text('{"mine": 1}')
    move_pen(page, ONE)
    meant(page, 1).click()
    kernel.work()
    assert "Not saved in pad.json: expected a JSON list" in kernel.text()
    assert "1 digit kept in this page" in kernel.text()
    assert kernel.saved.path.read_text() == '{"mine": 1}'
    assert handwriting.read_digits(downloaded(page, tmp_path))[1].tolist() == [1]
    kernel.saved.path.unlink()
    move_pen(page, THREE)
    meant(page, 3).click()
    kernel.work()
    kernel.work()
    assert digits_in(kernel.saved.path) == [3, 1]
    assert button(page, "Download my digits").is_hidden()


def test_a_page_that_may_not_store_anything_starts_anew(browser, start, tmp_path):
    page = browser.new_page()
    watch = Watch(page)
    page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('no'); } })"
    )
    page.goto(write_page(tmp_path, "pad", start))
    move_pen(page, ONE)
    meant(page, 1).click()
    assert handwriting.read_digits(downloaded(page, tmp_path))[1].tolist() == [1]
    page.reload()
    assert page.locator(".saved").text_content().startswith("No digits saved yet")
    page.close()
    assert watch.troubles == []


# ------------------------------------------------------------------------------------
# The file
# ------------------------------------------------------------------------------------


def test_a_digit_is_saved_once_and_only_into_a_list_of_digits(tmp_path):
    saved = SavedDigits(tmp_path / "pad.json")
    for damage in ({"strokes": []}, {"pen": 0}, {"digit": 77}, {"strokes": "x"}):
        reply = saved.hear(GOOD | damage | {"id": "a"})
        assert "Not saved in pad.json: expected" in reply["saved"]
        assert reply["strokes"] is None
        assert not saved.path.exists()
    assert saved.hear(GOOD | {"id": "b"})["id"] == "b"
    reply = saved.hear(GOOD)
    assert "already" in reply["saved"]
    assert reply["strokes"] == []
    assert json.loads(saved.path.read_text()) == [GOOD | {"source": "pad"}]
    for other in ('{"mine": 1}', "[1]"):
        saved.path.write_text(other)
        first = SavedDigits(saved.path).hear({"hello": True})
        assert "Digits cannot be saved in pad.json: " in first["saved"]
        assert "Not saved in pad.json: " in saved.hear(OTHER)["saved"]
        reply = saved.hear({"back": True})
        assert "Not taken out of pad.json: " in reply["saved"]
        assert reply["recent"] == ["b"]
        assert saved.path.read_text() == other


def test_two_pads_keep_each_others_digits_and_take_back_only_their_own(tmp_path):
    first = SavedDigits(tmp_path / "pad.json")
    second = SavedDigits(tmp_path / "pad.json")
    first.hear(GOOD)
    text = second.hear(OTHER)["saved"]
    assert digits_in(first.path) == [1, 7]
    assert "2 digits saved; the homework asks for at least 15." in text
    third = SavedDigits(tmp_path / "pad.json")
    assert third.hear({"hello": True})["recent"] == []
    assert third.hear({"back": True})["strokes"] is None
    assert digits_in(first.path) == [1, 7]
    reply = first.hear({"back": True})
    assert reply["strokes"] == GOOD["strokes"]
    assert reply["recent"] == []
    assert digits_in(first.path) == [7]
    assert len(second.hear({"hello": True})["recent"]) == 1
    second.hear({"back": True})
    assert not first.path.exists(), "a list without digits would be no digits file"


def test_the_file_counts_up_to_what_the_homework_asks_for(tmp_path):
    saved = SavedDigits(tmp_path / "pad.json")
    for x in range(15):
        text = saved.hear(GOOD | {"strokes": [[[x, 10], [x, 90]]]})["saved"]
        assert f"{x + 1} digit" in text
        assert ("; the homework asks for at least 15." in text) == (x < 14)


def test_the_pads_file_is_in_the_folder_of_ones_digits():
    assert SavedDigits().path.parent == handwriting.MINE
    assert str(SavedDigits().name) == str(SavedDigits().path.relative_to(ROOT))


def test_the_page_asks_for_as_many_digits_as_the_homework(modules):
    assert modules("keep").evaluate("AT_LEAST") == handwriting.AT_LEAST


@pytest.mark.parametrize("message", [None, 5, True, [], "digit", ["digit"], {"back": None}, {}])
def test_a_message_that_makes_no_sense_changes_nothing(tmp_path, message):
    saved = SavedDigits(tmp_path / "pad.json")
    reply = saved.hear(message)
    assert reply["strokes"] is None
    assert not saved.path.exists()


@pytest.mark.parametrize("stored", ["{}", "5", '"x"', "[null]", '[{"digit": 1}]', "rubbish"])
def test_what_another_page_left_in_the_browser_stops_nothing(live, start, stored):
    page = live("pad", start)
    page.evaluate("text => sessionStorage.setItem('digits drawn on the pad', text)", stored)
    page.reload()
    assert "No digits saved" in page.locator(".saved").inner_text()
