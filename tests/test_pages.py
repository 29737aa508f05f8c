"""The web pages in a real browser: complete, readable on every screen, asking for nothing."""

import io
import itertools
import json
import shutil
from pathlib import Path
from urllib.parse import unquote

import nbformat
import numpy as np
import pytest
import yaml
from conftest import ROOT
from live import Watch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
)
from PIL import Image

import figures
from explore import widget
from tools import pages as maker
from tools import svg

PAGES = tuple(maker.LINKS)
SIZES = {
    "phone": {"viewport": {"width": 390, "height": 800}},
    "tablet": {"viewport": {"width": 900, "height": 900}},
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "zoom 150 %": {"viewport": {"width": 853, "height": 600}, "device_scale_factor": 1.5},
}
MOST = 6_000_000  # bytes of a page
SMALLEST_TEXT = 9  # pixels
FITS = "document.documentElement.scrollWidth <= window.innerWidth"
CUT = """() => [...document.querySelectorAll("main *, nav *, summary")].filter((element) =>
  !element.closest(".hw") && element.clientWidth > 0
  && getComputedStyle(element).display !== "inline"
  && element.scrollWidth > element.clientWidth + 1)
  .map((element) => element.outerHTML.slice(0, 200))
"""
HEADINGS = "headings => headings.map(heading => Number(heading.tagName[1]))"
SCALES = """figures => figures.flatMap(figure => [...figure.querySelectorAll("svg")]
  .filter(svg => svg.clientWidth > 0).map(svg => svg.clientWidth / svg.viewBox.baseVal.width))"""


@pytest.fixture(scope="session")
def pages(build, tmp_path_factory):
    """Return the folder of the web pages, made from a finished build."""
    copy = tmp_path_factory.mktemp("pages") / "build"
    shutil.copytree(build, copy, ignore=shutil.ignore_patterns("tex", "study"))
    return maker.write(copy)


@pytest.fixture
def visit(browser, pages):
    """Return a function that opens a page; none may fail or ask for anything."""
    opened = []

    def visit(name, **look):
        page = browser.new_page(**look)
        opened.append((page, Watch(page)))
        page.goto((pages / f"{name}.html").as_uri())
        return page

    yield visit
    for page, watch in opened:
        page.close()
        assert watch.troubles == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_fails_or_is_requested_l01_l05(visit, name, size, theme):
    page = visit(name, color_scheme=theme, **SIZES[size])
    assert page.evaluate(FITS), "too wide"
    assert page.evaluate(CUT) == []
    for details in page.locator("details:visible").all():
        details.evaluate("details => { details.open = true; }")
    assert page.evaluate(FITS), "too wide when all is unfolded"
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_a_name_a_language_headings_in_order_and_formulas_that_are_set(visit, name):
    page = visit(name)
    assert page.title()
    assert page.get_attribute("html", "lang") == "en"
    assert len(page.get_attribute("meta[name=description]", "content")) > 20
    levels = page.eval_on_selector_all("h1, h2, h3, h4, h5, h6", HEADINGS)
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    prose = page.locator("main p, main li").all_text_contents()
    assert prose
    assert not any("$" in text for text in prose), "a formula was not set"
    if name in PAGES[1:3]:
        assert page.locator("math").count() > 5


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES[1:])
def test_a_figure_is_a_vector_with_words_and_its_text_is_large_enough_l05(visit, name, size):
    page = visit(name, **SIZES[size])
    drawn = page.locator("figure.picture").all()
    assert drawn and page.locator("main img").count() == 0
    for figure in drawn:
        assert figure.get_attribute("role") == "img"
        assert len(figure.get_attribute("aria-label")) > 20
        assert figure.locator("svg:visible").count() in (1, 2)
    scales = page.eval_on_selector_all("figure.picture", SCALES)
    points = svg.SMALLEST if size == "phone" else 6  # of the smallest text
    assert min(scales) * points >= SMALLEST_TEXT


def contrast(first, second):
    """Return the contrast of two colours in 0..1 (WCAG 2)."""
    dark, light = sorted(1.05 / svg.contrast_with_white(np.array(c)) for c in (first, second))
    return light / dark


SWATCH = """([colour, inside]) => {
  const parent = document.querySelector(inside);
  const swatch = parent.appendChild(document.createElement("div"));
  swatch.style = `width: 20px; height: 20px; background: ${colour}; filter: var(--dark)`;
  swatch.id = "swatch";
}"""


def shown_colour(page, colour):
    """Return a figure's colour as the browser shows it in a dark page."""
    page.evaluate(SWATCH, [colour, "main"])
    swatch = page.locator("#swatch")
    with Image.open(io.BytesIO(swatch.screenshot())) as picture:
        pixel = picture.convert("RGB").getpixel((10, 10))
    swatch.evaluate("swatch => swatch.remove()")
    return np.array(pixel) / 255


def test_texts_of_figures_have_contrast_in_light_and_dark_pages_l06(visit, pages):
    drawn = [svg.load(path) for path in (pages.parent / "figures").glob("*.pickle")]
    texts = [text for fig in drawn for text in fig.findobj(Text) if text.get_text()]
    colours = {to_rgb(text.get_color()) for text in texts}
    assert len(colours) > 4
    page = visit("problem1_compgraph", color_scheme="dark")
    paper = shown_colour(page, "rgb(255, 255, 255)")
    assert paper.max() < 0.1
    for colour in colours:
        assert contrast(colour, (1, 1, 1)) >= 4.5
        red, green, blue = (round(255 * part) for part in colour)
        shown = shown_colour(page, f"rgb({red}, {green}, {blue})")
        assert contrast(shown, paper) >= 4.5, colour


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(visit, pages, name):
    page = visit(name)
    links = page.eval_on_selector_all("a[href]", "links => links.map(a => a.getAttribute('href'))")
    assert links
    for link in links:
        if "://" in link:
            continue
        file, _, place = link.partition("#")
        target = pages / (file or f"{name}.html")
        assert target.is_file(), link
        if place:
            assert f'id="{unquote(place)}"' in target.read_text(encoding="utf-8"), link


IN_SIGHT = """() => {
  const tops = [...document.querySelectorAll("#playing h2, #play")]
    .map((element) => element.getBoundingClientRect().top);
  return tops.length === 2 && tops.every((top) => 0 <= top && top < window.innerHeight);
}"""


def test_a_card_leads_to_something_to_play_with_and_its_heading(visit):
    for place in range(4):
        page = visit("index")
        page.locator(".card").nth(place).click()
        page.locator("#play.hw, #play .hw").first.wait_for()
        page.wait_for_function(IN_SIGHT)


@pytest.mark.parametrize("name", PAGES[1:])
def test_the_contents_lead_to_what_one_can_play_with(visit, name):
    page = visit(name, **SIZES["desktop"])
    page.get_by_role("navigation", name="on this page").get_by_text("Play:").click()
    page.wait_for_function(IN_SIGHT)


@pytest.mark.parametrize("name", PAGES[1:])
def test_paper_shows_figures_in_their_colours_and_nothing_to_play_with(visit, name):
    page = visit(name, color_scheme="dark")
    page.emulate_media(media="print")
    filters = "figures => figures.map((figure) => getComputedStyle(figure).filter)"
    assert set(page.eval_on_selector_all(".picture svg", filters)) == {"none"}
    assert page.locator("h2", has_text="Play:").is_hidden()
    assert page.locator("#play").is_hidden()
    assert page.locator("h2:visible").count() > 3


def test_the_overview_shows_intervals_and_both_answers_to_4c(visit, pages):
    page = visit("index")
    results = json.loads((pages.parent / "results/problem4_mnist.json").read_text())
    table = page.locator("table").inner_text()
    for name in ("trained", "own_template", "own_trained"):
        low, high = (100 * results[f"{name}_{end}"] for end in ("low", "high"))
        assert f"({low:.1f} to {high:.1f})" in table
    assert "In brackets: the 95 % interval." in page.locator("main").inner_text()
    for part in ("a", "b"):
        assert results["answers"][f"4c {part} in short"] in table


def test_the_overview_shows_what_a_run_with_other_data_answered(pages):
    values = maker.overview(pages.parent)
    mnist = values["mnist"]
    text = "15 digits drawn on the pad, read by a model of Fashion-MNIST"
    mnist["answers"] |= {"4c a in short": text, "4c b in short": text}
    mnist |= {"own_typed": False, "own_images": 15, "own_trained_accuracy": 0.125}
    del mnist["own_trained_low"]
    shared = {"here": "index", "has_pdf": False}
    html = maker.templates().get_template("index.html").render(values | shared)
    assert html.count(text) == 1
    assert '<td class="number">12.5 %</td>' in html, "no interval, no brackets"
    assert "13 people" not in html


REFUSED = """async () => {
  const refused = [];
  addEventListener("securitypolicyviolation", (e) => refused.push(e.effectiveDirective));
  const script = document.body.appendChild(document.createElement("script"));
  script.textContent = "window.injected = true";
  const image = document.body.appendChild(new Image());
  image.src = "https://example.org/picture.png";
  await fetch("https://example.org/").catch(() => null);
  await new Promise((done) => setTimeout(done, 100));
  return [window.injected === undefined, ...new Set(refused)];
}"""


@pytest.mark.parametrize("name", PAGES)
def test_the_policy_refuses_other_scripts_and_every_request_l01(browser, pages, name):
    page = browser.new_page()
    sent = []
    page.goto((pages / f"{name}.html").as_uri())
    page.on("request", lambda request: sent.append(request))
    blocked, *refused = page.evaluate(REFUSED)
    assert blocked
    assert {"script-src-elem", "img-src", "connect-src"} <= set(refused)
    assert [request.url for request in sent if request.failure != "csp"] == []
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_without_javascript_there_are_the_figures_and_a_word_l08(browser, pages, name):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((pages / f"{name}.html").as_uri())
    assert page.locator("#play").get_by_text("switch JavaScript on").is_visible()
    assert page.locator("main svg:visible").count() > 1
    context.close()


def test_pages_can_be_sent_around(pages, record_property):
    for name in PAGES:
        size = (pages / f"{name}.html").stat().st_size
        record_property(name, size)
        print(f"{name}: {size / 1000:.0f} kB")
        assert size < MOST


CHANGED = "text => document.querySelector('#play .count').textContent !== text"


def test_the_first_pages_network_learns_and_stands_still_for_those_who_want_that(visit):
    page = visit("index")
    count = page.locator("#play .count")
    before = count.text_content()
    page.wait_for_function(CHANGED, arg=before)
    page.get_by_role("button", name="Pause").click()
    paused = count.text_content()
    page.wait_for_timeout(300)
    assert count.text_content() == paused
    page = visit("index", reduced_motion="reduce")
    still = page.locator("#play .count").text_content()
    assert "of 180 right" in still
    page.wait_for_timeout(300)
    assert page.locator("#play .count").text_content() == still
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(CHANGED, arg=still)


# Small notebooks of our own: no build is needed.

TINY = """
export default { render: ({ model, el }) => { el.textContent = model.get("start").text; } };
"""


def test_start_values_cannot_end_their_element_and_the_pages_own_script_runs(
    browser, tmp_path, monkeypatch
):
    text = "</script><script>alert(1)</script> & <!-- <b>"
    play = {widget.PLAY: {"widget": "tiny", "start": json.dumps({"text": text})}}
    cells = [
        new_markdown_cell("# A title"),
        new_code_cell("1", outputs=[new_output("display_data", data=play)]),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "problem2_linear.ipynb")
    shutil.copy(widget.FOLDER / "page.js", tmp_path)
    (tmp_path / "tiny.js").write_text(TINY)
    monkeypatch.setattr(widget, "FOLDER", tmp_path)
    monkeypatch.setattr(widget, "style", lambda name: "")
    values = maker.problem(tmp_path, "problem2_linear")
    values |= {"here": "problem2_linear", "has_pdf": False}
    path = tmp_path / "page.html"
    path.write_text(maker.templates().get_template("problem.html").render(values))
    page = browser.new_page()
    watch = Watch(page)
    page.goto(path.as_uri())
    assert page.locator("#play").text_content() == text
    page.close()
    assert watch.troubles == []


PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
ERROR = {"output_type": "error", "ename": "NameError", "evalue": "no x", "traceback": []}


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (new_code_cell(""), ""),
        (new_code_cell("\n\na = 1\n\n"), "a"),
        (new_code_cell("%timeit 1"), "timeit"),
        (new_code_cell("print(1)"), "code"),
        (new_raw_cell("anything"), ""),
        (new_markdown_cell("```\n```"), ""),
        (new_markdown_cell("```\n\nb = 2\n```"), "b"),
        (new_code_cell("1", outputs=[new_output("display_data", {"image/png": PIXEL})]), "img"),
        (new_code_cell("1", outputs=[new_output("display_data", {"text/html": "<i>"})]), "1"),
        (new_code_cell("x", outputs=[nbformat.from_dict(ERROR)]), "NameError: no x"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_cell_of_ones_own_does_not_stop_the_pages(tmp_path, cell, words, first):
    cells = [cell] if first else [new_markdown_cell("# A title"), cell]
    shown = maker.cells(new_notebook(cells=cells), tmp_path)
    html = "".join(str(part.get("html", "")) + part["kind"] for part in shown)
    assert words in html


def test_a_script_that_would_end_its_element_is_refused(tmp_path, monkeypatch):
    (tmp_path / "bad.js").write_text('const a = "</SCRIPT>"; export default {};')
    (tmp_path / "page.js").write_text("")
    monkeypatch.setattr(widget, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="the script of the widget bad contains </script"):
        maker.script_of("bad")


@pytest.mark.parametrize(
    ("source", "folded"),
    [
        ("import numpy as np\nfrom results import Results\n\nresults = Results()", True),
        ('results.record(a=1)\nresults.write(f"{out}/a.json")', True),
        ("figures.descent(out, 'x', path, heights)", True),
        ("print('node')\nfor name in names:\n    print(name)", True),
        ("w = w - learning_rate * df_dw", False),
        ("assert np.allclose(a, b)", False),
        ("def f(x):\n    print(x)", False),
        ("for i in range(3):\n    w = w - 1", False),
        ("network.train(x)\nprint(1)", False),
    ],
)
def test_code_that_teaches_nothing_is_folded(source, folded):
    assert maker.is_plumbing(source) is folded


def test_formulas_are_set_and_code_is_left_alone():
    text = "`$HOME $PATH`, costs \\$5 and \\$6, $x_1$, FORMULA0END and $$\\sum_k t_k$$\n\n"
    html = maker.prose(text + "```\necho $a $b\n```\n")
    assert html.count("<math") == 2
    shown = html.replace("<span", "\0<span")  # the code is coloured
    for untouched in ("$HOME $PATH", "costs $5 and $6", "FORMULA0END"):
        assert untouched in shown
    assert "MathJax" not in html


def test_a_formula_may_be_broken_before_relations_and_sums_but_not_in_brackets():
    assert maker.mathml("a = b + (c + d) - e", "block").count("<math") == 4
    assert maker.mathml("-a", "inline").count("<math") == 1
    assert maker.mathml("f(x = 1)", "inline").count("<math") == 1


def saved(folder, fig):
    """Save a figure and return the file that the pages draw it from."""
    picture = figures.save_figure(fig, folder, "test", alt="A figure made for this test")
    return picture.path.with_suffix(".pickle")


@figures.in_style
def panels(columns, width=figures.FULL):
    """Return a figure with curves in panels side by side."""
    fig = Figure(figsize=(width, 2.4))
    for ax in fig.subplots(ncols=columns, squeeze=False).flat:
        ax.plot([0, 1], [0, 1])
        ax.set(xlabel="iteration", ylabel="loss")
    return fig


def test_panels_stand_below_each_other_on_a_phone(tmp_path):
    fig = svg.load(saved(tmp_path, panels(2)))
    svg.stack(fig)
    svg.settle(fig)
    first, second = (ax.get_position() for ax in fig.axes)
    assert first.y0 > second.y1
    assert fig.get_figwidth() == svg.NARROW


def test_a_narrow_figure_needs_no_change_and_a_wide_one_gets_another_svg(tmp_path):
    assert svg.narrow(saved(tmp_path, panels(1, figures.HALF))) == []
    assert len(svg.narrow(saved(tmp_path, panels(2)))) == 1


@figures.in_style
def test_a_crowded_figure_is_cut_where_no_text_is(tmp_path):
    fig = Figure(figsize=(figures.FULL, 2))
    ax = fig.subplots()
    ax.set(xlim=(-0.5, 9.5), xticks=range(10), yticks=[])
    ax.set_xticklabels(["a long name"] * 10)
    path = saved(tmp_path, fig)
    assert len(svg.narrow(path)) == 2
    fig = svg.load(path, svg.SMALLEST)
    svg.settle(fig)
    (_, end), (start, _) = svg.middle(fig)
    for box in svg.boxes(fig, svg.written(fig)):
        assert not box.x0 + 0.02 < end < box.x1 - 0.02
        assert not box.x0 + 0.02 < start < box.x1 - 0.02


def test_the_same_figure_gives_the_same_svg_and_its_names_are_its_own(tmp_path):
    path = saved(tmp_path, panels(2))
    assert svg.wide(path) == svg.wide(path)
    names = [part.split('"')[0] for part in svg.wide(path).split(' id="')[1:]]
    assert names and all(name.startswith("test-") for name in names)


def test_a_text_that_is_too_faint_or_too_small_on_a_phone_is_mended(tmp_path):
    fig = panels(1, figures.HALF)
    fig.axes[0].text(0, 0, "faint", color="#BBBBBB", fontsize=4)
    (text,) = svg.load(saved(tmp_path, fig), svg.SMALLEST).axes[0].texts
    assert svg.contrast_with_white(np.array(to_rgb(text.get_color()))) >= 4.5
    assert text.get_fontsize() == svg.SMALLEST


@figures.in_style
def test_a_figure_is_drawn_again_to_the_same_bytes(tmp_path):
    fig, ax = figures.figure()
    ax.plot([0, 1], [1, 0], "o", clip_on=True)
    figures.save_figure(fig, tmp_path, "line", alt="two points on a line")
    path = tmp_path / "figures/line.pickle"
    assert svg.wide(path) == svg.wide(path)
    assert svg.narrow(path) == svg.narrow(path)


def test_a_sweep_keeps_no_figures(tmp_path, monkeypatch):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    figures.save_figure(panels(1), tmp_path, "test", alt="A figure made for this test")
    assert list(Path(tmp_path).iterdir()) == []


def test_the_workflow_publishes_what_make_html_writes():
    workflow = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text())
    steps = workflow["jobs"]["build"]["steps"]
    made = next(i for i, step in enumerate(steps) if step.get("run") == "make html")
    (upload,) = (step for step in steps[made:] if "pages-artifact" in step.get("uses", ""))
    assert ROOT / upload["with"]["path"] == maker.BUILD / "html"
