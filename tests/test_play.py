"""What holds for every widget, on a page of its own: keys, sizes, colours, Firefox (list L)."""

import io
import json

import numpy as np
import pytest
from conftest import ROOT, program
from firefox import firefox
from live import write_page
from PIL import Image

import common
from explore import program as steps_of
from explore.widget import plain
from pointfiles import read_points

WIDGETS = ("walk", "linear", "hidden", "pad")
SHOWN = {"walk": "walk", "linear": "train", "hidden": "train", "pad": "pad"}
WIDTHS = {"phone": 390, "tablet": 900, "desktop zoomed to 150 %": 853, "desktop": 1280}


def notebook_names(notebook, *wanted):
    """Return what some cells of a notebook define: functions and tables that need no run."""
    cells = json.loads((ROOT / notebook).read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    path = ROOT / notebook
    names = {}
    for name in wanted:
        beginnings = (f"def {name}(", f"{name} = {{")
        source = next(s for s in sources if any(begin in s for begin in beginnings))
        setup = "import numpy as np\nfrom types import SimpleNamespace\n"
        names[name] = run_as_file(setup + source, f"{path}:{name}")[name]
    return names


def run_as_file(source, file):
    """Execute a source so that inspect finds it again."""
    import linecache

    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace = {}
    exec(compile(source, file, "exec"), namespace)
    return namespace


@pytest.fixture(scope="session")
def starts(subset):
    """Return the start values of each widget: those of the notebooks, with simple models of 4."""
    graph = notebook_names("problem1_compgraph.ipynb", "forward", "backward", "nodes", "edges")
    walk = {
        "program": steps_of(graph["forward"], graph["backward"]),
        "point": {"w1": 0.3, "w2": -0.5, "x1": 0.2, "x2": 0.4},
        "learning_rate": 0.01,
        "nodes": graph["nodes"],
        "edges": graph["edges"],
    }
    values = {"walk": walk}
    for name, file, more in (("linear", 2, {}), ("hidden", 3, {"hidden": 8, "seed": 0})):
        x, labels = read_points(ROOT / f"data/set{file}.csv")
        values[name] = {"points": x, "labels": labels, "learning_rate": 0.5, **more}
    mnist = common.read_mnist(subset)
    x = mnist.x_train.reshape(len(mnist.x_train), -1) / 255
    means = np.array([x[mnist.labels_train == k].mean(axis=0) for k in range(10)])
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    bias = -5 * (unit**2).sum(axis=1)
    values["pad"] = {"templates": [means, np.zeros(10)], "trained": [10 * unit, bias]}
    return {name: plain(start) for name, start in values.items()}


@pytest.fixture
def play(live, starts):
    """Return a function that opens a widget on a bare page, with its start values."""

    def play(name, **look):
        return live(SHOWN[name], starts[name], **look)

    return play


FOCUSABLE = """() => [...document.querySelectorAll(
    ".hw :is(button, input, select, canvas, svg, [tabindex])"
)].filter(node => node.tabIndex >= 0 && !node.disabled && node.getClientRects().length > 0)"""
FOCUSED = """() => {
    const node = document.activeElement;
    const look = getComputedStyle(node);
    const shape = node.tagName === "g" && getComputedStyle(node.querySelector("circle"));
    const ring = shape ? parseFloat(shape.strokeWidth) >= 3
        : look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
    const name = node.ariaLabel || node.textContent || node.labels?.[0]?.textContent || "";
    return { at: (FOCUSABLE)().indexOf(node), ring, name: name.trim(), tag: node.tagName };
}""".replace("FOCUSABLE", FOCUSABLE)


@pytest.mark.parametrize("name", WIDGETS)
def test_every_control_is_reached_with_tab_seen_and_named_l04(play, name):
    page = play(name)
    use(page, name)
    count = page.evaluate(f"() => ({FOCUSABLE})().length")
    assert count > 5
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(count + 5):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["at"] < 0:
            continue
        reached.add(focused["at"])
        assert focused["ring"], f"no ring around {focused}"
        assert focused["name"], f"no name: {focused}"
    assert reached == set(range(count))


CUT = """([within, right]) => [...document.querySelectorAll(within)].filter(node => {
    const box = node.getBoundingClientRect();
    const look = getComputedStyle(node);
    if (!box.width || look.visibility === "hidden") return false;
    const scrolls = node.scrollWidth > node.clientWidth + 1 && look.overflowX !== "visible"
        && node.clientWidth > 0;
    return box.right > right + 1 || box.left < -1 || scrolls;
}).map(node => node.outerHTML.slice(0, 120))"""
SMALL = """() => [...document.querySelectorAll(".hw *")].filter(node => {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
    if (!own || !node.getClientRects().length) return false;
    const scale = node.ownerSVGElement ? node.getScreenCTM().a : 1;
    return parseFloat(getComputedStyle(node).fontSize) * scale < 11.5;
}).map(node => node.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", WIDGETS)
def test_nothing_is_cut_or_too_small_to_read_l05(play, name, width):
    page = play(name, viewport={"width": width, "height": 800})
    use(page, name)
    assert page.evaluate(CUT, ["body *", width]) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(SMALL) == []


def use(page, name):
    """Bring a widget into the middle of its work."""
    if name == "walk":
        for _ in range(20):
            page.get_by_role("button", name="Next").click()
    elif name == "pad":
        box = page.locator(".hw canvas").first.bounding_box()
        spots = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in STROKE]
        page.mouse.move(*spots[0])
        page.mouse.down()
        for spot in spots[1:]:
            page.mouse.move(*spot, steps=6)
        page.mouse.up()
    else:
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("document.querySelector('.hw').play.lab.past.shown.step >= 100")
        page.get_by_role("button", name="Pause").click()


STROKE = [(0.3, 0.2), (0.7, 0.2), (0.5, 0.9)]
CONTRASTS = """() => {
    const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const rgba = colour => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + [0.2126, 0.7152, 0.0722][i] * c, 0);
    const behind = node => {
        for (let at = node; at; at = at.parentElement) {
            const colour = rgba(getComputedStyle(at).backgroundColor);
            if (colour[3] > 250) return colour;
        }
        return rgba(getComputedStyle(document.querySelector(".hw")).getPropertyValue("--paper"));
    };
    return [...document.querySelectorAll(".hw *")].filter(node => {
        const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
        return own && node.getClientRects().length && !node.closest(":disabled, option");
    }).map(node => {
        const look = getComputedStyle(node);
        const text = rgba(node.ownerSVGElement ? look.fill : look.color);
        const [a, b] = [luminance(text), luminance(behind(node))].sort((x, y) => x - y);
        return [(b + 0.05) / (a + 0.05), node.outerHTML.slice(0, 120)];
    });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", WIDGETS)
def test_all_text_can_be_read_in_light_and_dark_l06(play, name, scheme):
    page = play(name, color_scheme=scheme)
    page.evaluate("document.body.style.background = 'var(--paper)'")
    use(page, name)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 10
    assert [entry for entry in contrasts if entry[0] < 4.5] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_regions_have_a_border_that_grey_print_keeps_l07(live, scheme):
    """Two points, one of each class: the border runs down the middle, far from both."""
    start = {"points": [[-1, 0], [1, 0]], "labels": [0, 1], "learning_rate": 0.5}
    page = live("train", start, color_scheme=scheme)
    for _ in range(5):
        page.get_by_role("button", name="One step").click()
    shot = page.locator(".hw canvas").first.screenshot()
    grey = np.asarray(Image.open(io.BytesIO(shot)).convert("L")).astype(float)
    row = grey[len(grey) // 4, 60:-20]  # above the points, without the axis and its numbers
    line = np.abs(row - np.median(row)).argmax()
    beside = [row[line - 15], row[line + 15]]
    assert np.abs(row[line] - beside).min() > 60, "darker or lighter than both regions"


@pytest.fixture(scope="module")
def fox(tmp_path_factory):
    """Return a page of Firefox; skip, and say why, where it is not installed."""
    with firefox(program("firefox-esr"), tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.mark.parametrize("name", WIDGETS)
def test_firefox_shows_the_same_l11(fox, starts, tmp_path, name):
    fox.open(write_page(tmp_path, SHOWN[name], starts[name]))
    fox.until("document.querySelector('.hw')")
    lines = "[...document.querySelectorAll('.hw [role=status]')].map(line => line.textContent)"
    said = f"JSON.stringify({lines})"
    before = fox.value(said)
    press = "[...document.querySelectorAll('.hw button')].find(b => b.textContent.includes('{}'))"
    if name == "pad":
        box = fox.value("document.querySelector('.hw canvas').getBoundingClientRect()")
        spots = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in STROKE]
        fox.drag(*spots)
    elif name == "walk":
        fox.value(f"{press.format('Next')}.click()")
    else:
        fox.value(f"{press.format('Play')}.click()")
    fox.until(f"{said} !== {json.dumps(before)}")
    assert fox.troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_high_contrast_keeps_the_drawing_the_bars_and_what_is_pressed_l06(play, scheme):
    page = play("pad", forced_colors="active", color_scheme=scheme)
    box = page.locator(".hw canvas").first.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 200, steps=8)
    page.mouse.up()
    picture = Image.open(io.BytesIO(page.locator(".hw canvas").first.screenshot())).convert("L")
    darkest, lightest = picture.getextrema()
    assert lightest - darkest > 150
    assert page.evaluate("""() => {
        const bar = document.querySelector(".hw .bar.best > div");
        const colour = (node) => getComputedStyle(node).backgroundColor;
        return colour(bar) !== colour(bar.querySelector("span"));
    }""")
    page = play("hidden", forced_colors="active", color_scheme=scheme)
    colours = page.evaluate("""() => [true, false].map((pressed) => getComputedStyle(
        document.querySelector(`.hw button[aria-pressed="${pressed}"]`)).backgroundColor)""")
    assert colours[0] != colours[1]


@pytest.mark.parametrize("name", WIDGETS)
def test_browsers_of_2022_are_enough_and_older_ones_are_told_so(browser, starts, tmp_path, name):
    address = write_page(tmp_path, SHOWN[name], starts[name])
    page = browser.new_page()
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.add_init_script("delete window.OffscreenCanvas; delete Array.prototype.findLast;")
    page.goto(address)
    page.locator(".hw button").first.wait_for()
    page.wait_for_timeout(300)
    assert troubles == []
    page.add_init_script("delete Element.prototype.append; delete Node.prototype.appendChild;")
    page.reload()
    page.get_by_text("please use a newer browser").wait_for()
    page.close()


def test_a_frame_that_forbids_links_does_not_stop_a_widget(browser, starts, tmp_path):
    write_page(tmp_path, "train", starts["linear"])
    page = browser.new_page()
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.set_content("<iframe sandbox='allow-scripts' width=1000 height=900></iframe>")
    page.evaluate(
        "text => { document.querySelector('iframe').srcdoc = text; }",
        (tmp_path / "train.html").read_text(encoding="utf-8"),
    )
    step = page.frame_locator("iframe").get_by_role("button", name="One step")
    step.click()
    page.wait_for_timeout(600)  # the link is written a little later
    step.click()
    assert troubles == []
    page.close()


@pytest.mark.parametrize("end", ["", ").", ",", "&amp;", ">", '".'])
def test_a_link_may_have_gone_through_a_letter_l09(modules, end):
    link = f"hidden=2&amp;seed=3{end}"
    model = f"{{get: () => {json.dumps(link)}}}"
    assert modules("ui").evaluate(f"fromLink({model})") == {"hidden": "2", "seed": "3"}
