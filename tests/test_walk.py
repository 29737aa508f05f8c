"""Problem 1's film: the steps read from the notebook's source, and the widget that shows them."""

import importlib.util
import re
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from conftest import ROOT

from explore import steps

NEEDED = ("def forward", "def backward", "nodes = {", "def f_and_gradient", "path = [w]")
IMPORTS = "from types import SimpleNamespace\n\nimport numpy as np\n"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """Return what Problem 1's notebook defines: both functions, the graph, part (c)'s path."""
    cells = nbformat.read(ROOT / "problem1_compgraph.ipynb", as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    parameters = next(c.source for c in cells if "parameters" in c.metadata.get("tags", []))
    inputs = next(source for source in code if source.startswith("x = np.array([x1, x2])"))
    parts = [source for source in code if any(word in source for word in NEEDED)]
    path = tmp_path_factory.mktemp("notebook") / "cells.py"
    sources = [IMPORTS, parameters, inputs, *(part for part in parts if part != inputs)]
    path.write_text("\n".join(sources), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("cells", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def start(notebook):
    """Return the start values that the notebook gives to the widget."""
    names = ("w1", "w2", "x1", "x2")
    return {
        "program": steps.program(notebook.forward, notebook.backward),
        "point": {name: getattr(notebook, name) for name in names},
        "learning_rate": notebook.learning_rate,
        "nodes": notebook.nodes,
        "edges": notebook.edges,
    }


@pytest.fixture
def walk(live, start):
    """Return a function that opens the widget with a link."""

    def opened(link="", **look):
        return live("walk", start, link, **look)

    return opened


# Sentences from the source


def sentences(page, forward, backward, *point):
    """Return the sentences of two functions at a point, without HTML."""
    v = forward(*point)
    names = forward.__code__.co_varnames[: len(point)]
    program = steps.program(forward, backward)
    script = """([program, point]) => {
        const now = compute(program, point);
        return program.steps.map((_, i) => sentence(program, now, i));
    }"""
    start = {name: getattr(v, name) for name in names}
    texts = page.evaluate(script, [program, start])
    return [text.replace("<b>", "").replace("</b>", "") for text in texts]


def nothing():
    """Return the backward pass of nothing."""
    g = SimpleNamespace()
    return g


def test_sentences_come_from_the_source_of_forward(modules):
    def forward(a, b):
        """Compute."""
        v = SimpleNamespace(a=a, b=b)
        v.m = v.a * v.b
        v.f = -(v.m**2)
        v.e1 = np.exp(v.a)
        v.e2 = np.exp(v.b) * (v.a + v.b)
        return v

    program = steps.program(forward, nothing)
    assert program["lines"]["forward"][3] == "    v.m = v.a * v.b"
    assert [step["line"] for step in program["steps"]] == [3, 4, 5, 6]
    marked = [step["marked"] for step in program["steps"]]
    assert marked == [["m", "a m", "b m"], ["f", "m f"], ["e1", "a e1"], ["e2", "b e2", "a e2"]]
    assert sentences(modules("program"), forward, nothing, 2.0, -3.0) == [
        "m = a · b = 2 · (−3) = −6",
        "f = −m² = −(−6)² = −36",
        "e₁ = exp(a) = exp(2) = 7.3891",
        "e₂ = exp(b) · (a + b) = exp(−3) · (2 + (−3)) = −0.0498",
    ]


def test_sentences_come_from_the_source_of_backward(modules):
    def forward(a, b):
        v = SimpleNamespace(a=a, b=b)
        v.m = v.a * v.b
        v.f = -(v.m**2)
        return v

    def backward(v):
        g = SimpleNamespace()
        g.f = 1.0
        g.m = g.f * -2 * v.m
        g.a = g.m * v.b
        g.b = v.a * g.m
        g.c = -g.m / v.b
        g.w1 = g.m * v.a + g.f + g.a * 2  # three shares
        g.w2 = g.m * v.a + v.b  # no share, so none is claimed
        g.w3 = g.m * v.a + g.m * v.b  # two along the same edge
        g.w4 = g.m * g.f
        return g

    assert sentences(modules("program"), forward, backward, 2.0, -3.0)[2:] == [
        "∂f/∂f = 1",
        "∂f/∂m = −2 · m = −2 · (−6), times 1 from below, gives 12",
        "∂m/∂a = b = −3, times 12 from below, gives −36",
        "∂m/∂b = a = 2, times 12 from below, gives 24",
        "∂m/∂c = −1/b = −1/(−3), times 12 from below, gives 4",
        "∂m/∂w₁ = a = 2, times 12 from below, gives a share of 24",
        "∂f/∂w₁ = 1, times 1 from below, gives a share of 1",
        "∂a/∂w₁ = 2, times −36 from below, gives a share of −72",
        "∂f/∂w₁ = 24 + 1 + (−72) = −47: w₁ is used 3 times, so its shares add up",
        "∂f/∂w₂ = ∂f/∂m · a + b = 12 · 2 + (−3) = 21",
        "∂f/∂w₃ = ∂f/∂m · a + ∂f/∂m · b = 12 · 2 + 12 · (−3) = −12",
        "∂f/∂w₄ = ∂f/∂m · ∂f/∂f = 12 · 1 = 12",
    ]
    taken = steps.program(forward, backward)["steps"][2:]
    assert taken[1]["marked"] == ["m", "m f"]
    assert taken[5]["marked"] == ["w1 m"]
    assert taken[8]["marked"] == ["w1", "w1 m", "w1 f", "w1 a"]
    assert "edge" not in taken[9]
    share = taken[7]
    parts = (share["gives"], share["local"], share["after"], share["tree"])
    assert parts == ("share", 2, "a", ["*", ["g", "a"], 2])


def other_function(v):
    """Compute with something that has no tree."""
    g = SimpleNamespace()
    g.f = np.sin(v.a)
    return g


def cube(v):
    """Compute a third power."""
    g = SimpleNamespace()
    g.f = v.a**3
    return g


def square(v):
    """Compute one gradient."""
    g = SimpleNamespace()
    g.f = v.a**2
    return g


def local_variable(v):
    """Compute in two steps, of which one has no node."""
    g = SimpleNamespace()
    half = 0.5
    g.f = v.a * half
    return g


@pytest.mark.parametrize(
    ("backward", "complaint"),
    [
        (other_function, r"'np.sin\(v.a\)' cannot be shown step by step: expected only \+ - "),
        (cube, r"'v.a \*\* 3' cannot be shown"),
        (local_variable, r"'half = 0.5' cannot be shown as a step: expected a line such as g.name"),
        (len, "the source of <built-in function len> cannot be read"),
    ],
)
def test_a_line_that_cannot_be_computed_here_is_told_and_stops_nothing(live, backward, complaint):
    program = steps.program(forward_of_one, backward)
    assert re.search(complaint, program["trouble"])
    page = live("walk", {"program": program})
    assert re.search(complaint, page.locator(".hw [role=status]").text_content())


def forward_of_one(a):
    """Compute one node."""
    v = SimpleNamespace(a=a)
    v.f = 2 * v.a
    return v


# The numbers


def test_l02_javascript_computes_forward_and_backward_as_the_notebook(modules, notebook, start):
    points = 3 * np.random.RandomState(0).randn(1000, 4)
    script = """([program, points]) => points.map(([w1, w2, x1, x2]) => {
        const { v, g } = compute(program, { w1, w2, x1, x2 });
        return { v, g };
    })"""
    results = modules("program").evaluate(script, [start["program"], points.tolist()])
    for point, numbers in zip(points, results, strict=True):
        v = notebook.forward(*point)
        g = notebook.backward(v)
        for ours, theirs in ((numbers["v"], vars(v)), (numbers["g"], vars(g))):
            assert ours.keys() == theirs.keys()
            theirs = [theirs[name] for name in ours]
            assert np.allclose(list(ours.values()), theirs, rtol=1e-12, atol=0)


def test_javascript_goes_downhill_as_part_c(modules, notebook, start):
    script = """([program, point, rate, count]) => {
        let now = compute(program, point);
        const path = [];
        for (let i = 0; i <= count; i += 1) {
            path.push([now.point.w1, now.point.w2]);
            now = descend(program, now, rate);
        }
        return path;
    }"""
    arguments = [start["program"], start["point"], notebook.learning_rate, notebook.steps]
    path = modules("program").evaluate(script, arguments)
    assert len(path) == notebook.steps + 1
    assert np.allclose(path, notebook.path, rtol=1e-12, atol=0)


def test_the_minimum_is_where_the_gradient_vanishes(modules, notebook, start):
    inputs = [[0.2, 0.4], [0, 0], [1.6, -1.6], [-10, 10], [3, 0.1]]
    script = """([program, inputs]) => inputs.map(([x1, x2]) =>
        minimum(program, { w1: 9, w2: 9, x1, x2 }))"""
    results = modules("program").evaluate(script, [start["program"], inputs])
    for weights, x in zip(results, inputs, strict=True):
        g = notebook.backward(notebook.forward(*weights, *x))
        assert np.hypot(g.w1, g.w2) < 1e-6


def test_lines_of_equal_f_lie_where_f_has_their_level(modules):
    script = """() => {
        const values = heights((a, b) => a * a + 2 * b, { centre: [0.5, 0], half: 1 });
        return levelLine(values, 0.3).flat();
    }"""
    points = np.array(modules("contours").evaluate(script)) / 32 - 1  # cells, 64 in a row
    assert len(points) > 100
    assert np.allclose((points[:, 0] + 0.5) ** 2 + 2 * points[:, 1], 0.3, atol=1e-3)


# The widget


def line(page):
    """Return the sentence of the present step."""
    return page.locator(".sentence").inner_text()


def press(page, name, times=1):
    """Press a button."""
    for _ in range(times):
        page.get_by_role("button", name=name, exact=True).click()


def is_enabled(page, name):
    """Return whether a button can be pressed."""
    return page.get_by_role("button", name=name, exact=True).is_enabled()


def progress(page):
    """Return how far the film is."""
    return page.locator(".progress").inner_text()


def numbers(page, kind):
    """Return the numbers in the graph: value, gradient, share or local."""
    return page.locator(f"svg g.{kind} text").all_text_contents()


def weights(page):
    """Return what the sliders say of the weights."""
    texts = page.locator(".panel output").all_text_contents()
    return [float(text.replace("−", "-")) for text in texts[:2]]


def readout(page):
    """Return what is said of the gradient steps."""
    return page.locator(".descent").inner_text()


def slider(page, name):
    """Return a slider."""
    return page.get_by_role("slider", name=name)


def test_the_first_picture_invites_and_shows_what_is_given(walk):
    page = walk()
    assert line(page).startswith("Press Next to compute the first line of forward, or Play.")
    assert progress(page) == "0 of 32"
    assert sorted(numbers(page, "value")) == ["0.2", "0.3", "0.4", "−0.5"]
    assert numbers(page, "gradient") == []
    disabled = {name: not is_enabled(page, name) for name in ("Back", "Next", "Start over")}
    assert disabled == {"Back": True, "Next": False, "Start over": True}
    assert page.locator(".line.now").count() == 0


def test_next_computes_a_line_lights_it_and_fills_the_graph(walk):
    page = walk()
    press(page, "Next", 3)
    assert line(page) == "forward z = m₁ + m₂ = 0.06 + (−0.2) = −0.14"
    assert page.locator(".line.now").inner_text() == "    v.z = v.m1 + v.m2"
    assert "z = −0.14" in numbers(page, "value")
    assert page.locator("path.edge.lit.forward").count() == 2
    press(page, "Next", 23)
    press(page, "Back")
    assert line(page) == (
        "backward ∂m₁/∂w₁ = x₁ = 0.2, times 0.2488 from below, gives a share of 0.0498"
    )
    assert progress(page) == "25 of 32"
    press(page, "To the end")
    assert not is_enabled(page, "Next") and not is_enabled(page, "To the end")
    press(page, "Start over")
    assert progress(page) == "0 of 32"


LIT_LINE = """() => {
    const line = document.querySelector(".line.now").getBoundingClientRect();
    const box = document.querySelector(".code").getBoundingClientRect();
    return line.top >= box.top && line.bottom <= box.bottom;
}"""


@pytest.mark.parametrize("width", [390, 1280])
def test_the_lit_line_is_always_in_view_inside_its_box(walk, width):
    page = walk(viewport={"width": width, "height": 800})
    for _ in range(32):
        page.locator("button.primary >> nth=0").click()
        assert page.evaluate(LIT_LINE)


def test_a_gradient_runs_back_and_its_share_is_told_from_the_local_derivative(walk):
    page = walk("at=25")
    assert numbers(page, "local") == ["× 0.2"]
    assert numbers(page, "share") == ["0.0498"]
    head, line = (page.locator(f"path.{part}.lit.back").bounding_box() for part in ("head", "edge"))
    node = page.locator("g.node", has_text="w₁").locator("circle").bounding_box()

    def distance(box):
        return np.hypot(
            box["x"] + box["width"] / 2 - node["x"] - node["width"] / 2,
            box["y"] + box["height"] / 2 - node["y"] - node["height"] / 2,
        )

    assert distance(head) < 40 < distance(line), "the arrowhead is at w1, where the share arrives"
    press(page, "Next", 2)
    assert "∂f/∂w₁ = 0.0498 + 0.3 = 0.3498: w₁ is used twice" in page.inner_text(".sentence")
    assert page.locator("path.edge.lit.back").count() == 2
    assert page.locator("g.node.lit").count() == 1
    assert numbers(page, "share") == ["0.0498", "0.3"] and numbers(page, "local") == []


def test_keys_go_through_the_film_but_not_while_a_slider_or_a_field_has_them(walk):
    page = walk()
    page.locator(".stage").click(position={"x": 5, "y": 5})
    keyboard = page.keyboard
    for key, at in [("ArrowRight", 1), ("End", 32), ("ArrowRight", 32), ("ArrowLeft", 31)]:
        keyboard.press(key)
        assert progress(page) == f"{at} of 32"
    keyboard.press("Home")
    assert progress(page) == "0 of 32"
    slider(page, "input x₁").focus()
    keyboard.press("ArrowRight")
    assert progress(page) == "0 of 32"
    slider(page, "step").focus()
    for _ in range(5):
        keyboard.press("ArrowRight")
    assert progress(page) == "5 of 32"


def test_the_film_plays_pauses_and_knows_other_speeds(walk):
    page = walk()
    slider(page, "speed").press("End")
    press(page, "▶ Play")
    page.locator(".progress", has_text="32 of 32").wait_for()
    page.get_by_role("button", name="▶ Play").wait_for()  # it has ended
    slider(page, "speed").press("Home")
    press(page, "▶ Play")
    page.locator(".progress", has_text="0 of 32").wait_for()  # again from the beginning
    press(page, "❚❚ Pause")
    assert progress(page) == "0 of 32"


def test_a_node_explains_itself_to_mouse_keyboard_and_touch(walk):
    page = walk("at=23", has_touch=True)
    note = page.locator(".note")
    page.locator("g.node", has_text="exp").hover()
    assert note.inner_text() == (
        "e is computed by the line v.e = np.exp(v.n). Its value is 1.1503. Its gradient is "
        "−0.2163: raise e by a small h, and f changes by about −0.2163 · h."
    )
    page.mouse.move(0, 0)
    assert note.inner_text().startswith("Point at a node")
    page.locator("g.node[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expected = "w₁ is a weight. Its value is 0.3. Its gradient is not computed yet."
    assert note.inner_text() == expected
    assert page.locator("g.node:focus").get_attribute("aria-label") == expected
    assert page.locator("g.node:focus title").text_content() == expected
    page.locator("g.node", has_text="½").tap()
    assert note.inner_text().startswith("r is computed by the line v.r = 0.5 * v.q.")


def test_on_a_phone_the_explanation_is_in_view_wherever_the_node_is(walk):
    page = walk("at=32", viewport={"width": 390, "height": 800}, has_touch=True)
    for name in ("w₂", "exp"):
        node = page.locator("g.node", has_text=name)
        node.tap()
        note = page.locator(".note").bounding_box()
        assert note["y"] >= 0 and note["y"] + note["height"] <= 800


def test_guess_first_hides_the_result_until_it_is_guessed_or_shown(walk):
    page = walk()
    page.get_by_label("Guess first").check()
    assert not is_enabled(page, "Check") and not is_enabled(page, "▶ Play")
    assert "Play rests" in page.get_by_role("button", name="▶ Play").get_attribute("title")
    press(page, "Next")
    assert not is_enabled(page, "Back") and not is_enabled(page, "Start over")
    field = page.get_by_label("your guess")
    assert field.evaluate("field => field === document.activeElement")
    assert line(page) == "forward m₁ = w₁ · x₁ = 0.3 · 0.2 = ?"
    assert progress(page) == "0 of 32" and "m₁ = 0.06" not in numbers(page, "value")
    verdict = page.locator(".verdict")
    field.press("ArrowRight")
    assert progress(page) == "0 of 32"
    for guess, says in [
        ("what", "Type a number, such as −0.25 or 1/3."),
        ("1/0", "Type a number, such as −0.25 or 1/3."),
        ("7", "Not yet: 7. Put the numbers into the formula."),
        ("-0.06", "Not yet: −0.06. Mind the sign."),
        ("0.6", "Not yet: 0.6. It is too far from 0."),
        ("0,03", "Not yet: 0.03. It is too near to 0."),
        ("0.0604", "Right."),
    ]:
        field.fill(guess)
        field.press("Enter")
        assert verdict.inner_text() == says
    assert progress(page) == "1 of 32" and line(page).endswith("= 0.06")
    page.keyboard.press("Enter")  # Next has the focus
    page.keyboard.type("−1/5")
    page.keyboard.press("Enter")
    assert verdict.inner_text() == "Right. 1 in a row at the first try."
    press(page, "Next")
    press(page, "Show me")
    assert progress(page) == "3 of 32" and line(page).endswith("= −0.14")
    press(page, "Next")
    press(page, "Back")
    assert progress(page) == "3 of 32" and is_enabled(page, "Next"), "no longer asked"


def test_a_guess_does_not_stand_in_the_graph_or_in_an_explanation(walk):
    page = walk("at=18")  # next is the gradient of d, which is its local derivative, times 1
    page.get_by_label("Guess first").check()
    press(page, "Next")
    assert line(page).endswith("gives ?")
    shown = page.locator(".walk").inner_text() + page.locator("svg").text_content()
    assert "−0.2163" not in shown


def test_sliders_move_all_numbers_and_begin_a_new_path(walk):
    page = walk("at=3")
    press(page, "One gradient step", 2)
    assert "after 2 gradient steps" in readout(page)
    for _ in range(10):
        slider(page, "input x₁").press("ArrowRight")
    assert "0.3" in numbers(page, "value")
    assert readout(page).startswith("f = ")
    assert progress(page) == "3 of 32"
    w1, w2 = weights(page)
    expected = f"{w1 * 0.3 + w2 * 0.4:.4f}".replace("-", "−")
    assert line(page).endswith(f"= {expected}")


def test_gradient_steps_go_where_part_c_goes_and_back_to_the_first_weights(walk, notebook):
    page = walk()
    assert not is_enabled(page, "First weights again")
    press(page, "30 steps")
    assert np.allclose(weights(page), notebook.path[30], atol=5e-5)
    text = readout(page)
    assert f"after 30 gradient steps: f = {notebook.heights[30]:.6f}".rstrip("0") in text
    fall = notebook.heights[29] - notebook.heights[30]
    assert f"{fall:.6f}".rstrip("0") + " less than before" in text
    press(page, "First weights again")
    assert weights(page) == [0.3, -0.5]
    assert not is_enabled(page, "First weights again")


def test_a_step_too_short_to_be_seen_says_so_and_the_zoom_shows_it(walk):
    page = walk()
    press(page, "One gradient step")
    assert "0.5 pixels of the map: zoom in." in readout(page)
    assert "points where the next step goes, only 0.5 pixels" in page.inner_text("figcaption")
    press(page, "100×")
    assert "48 pixels of the map." in readout(page)
    assert "The arrow is the next step." in page.inner_text("figcaption")
    assert "is outside" in page.inner_text("figcaption")


def test_at_the_minimum_f_stays_the_same_and_no_arrow_is_drawn(walk):
    page = walk()
    for _ in range(5):
        slider(page, "learning rate").press("ArrowRight")
    press(page, "30 steps", 3)
    text = readout(page)
    assert text.startswith("after 90 gradient steps: f = ")
    assert text.endswith(", the same as before in all digits shown.")
    assert "No arrow: the next step is too short for one" in page.inner_text("figcaption")


def test_an_arrow_is_as_long_as_its_step_or_says_so(modules):
    page = modules("contours")
    for step, star, kind, length in [
        ([200, 100], None, "whole", 100),
        ([200, 100], [150, 100], "whole", 100),  # this step does go past the minimum
        ([101, 100], None, "dashed", 28),
        ([101, 100], [120, 100], "dashed", 20),  # drawn up to the minimum, not past it
        ([101, 100], [105, 100], "none", None),
        ([100.001, 100], None, "none", None),
        ([100, 100], None, "none", None),
        ([100, -1e9], None, "cut", 100),
        ([1e9, 100], None, "cut", 190),
    ]:
        script = "([step, star]) => arrowOf([100, 100], step, star)"
        arrow = page.evaluate(script, [step, star])
        assert arrow["kind"] == kind
        assert arrow["length"] == pytest.approx(np.hypot(step[0] - 100, step[1] - 100))
        if length:
            assert np.hypot(arrow["to"][0] - 100, arrow["to"][1] - 100) == pytest.approx(length)


def test_an_arrow_that_leads_out_of_the_map_and_a_refused_step_are_told(walk):
    page = walk()
    slider(page, "learning rate").press("End")
    press(page, "100×")
    assert "up to the edge of the map: it leads out." in page.inner_text("figcaption")
    press(page, "30 steps", 12)
    assert "The next step is too large to be computed." in page.inner_text("figcaption")
    assert "rrow is the next step" not in page.inner_text("figcaption")


def test_no_number_is_broken_over_two_lines(walk):
    page = walk("at=31&w1=-152.0377&w2=-151.2&x1=-1.23")
    press(page, "One gradient step")
    for part in (".sentence", ".descent", "figcaption"):
        pieces = page.locator(f"{part} .number")
        whole = pieces.evaluate_all("all => all.map(one => getComputedStyle(one).whiteSpace)")
        assert set(whole) == {"nowrap"}
        rest = page.locator(part).inner_text()  # shall be without numbers
        for text in pieces.all_text_contents():
            rest = rest.replace(text, "", 1)
        assert re.search(r"\d", rest) is None
    assert "−150.5173" in page.locator(".sentence .number").all_text_contents()


def test_a_step_too_large_to_be_computed_is_refused_and_all_numbers_stay_readable(walk):
    page = walk("at=32")
    slider(page, "learning rate").press("End")
    press(page, "One gradient step", 5)
    assert abs(weights(page)[0]) > 100, "the slider says the number, not its own end"
    slider(page, "weight w₁").press("ArrowRight")
    assert abs(weights(page)[0]) <= 1.6
    press(page, "30 steps", 12)
    assert "the next step is too large to be computed: take a smaller" in readout(page)
    before = readout(page)
    press(page, "One gradient step")
    assert readout(page) == before
    assert "not finite" not in page.locator(".walk").inner_text()
    slider(page, "learning rate").press("Home")
    assert "too large" not in readout(page)


def on_map(page, w1, w2):
    """Return the position of weights on the map at zoom 1."""
    return {"x": 54 + 290 * (w1 + 1.6) / 3.2, "y": 10 + 290 * (1.6 - w2) / 3.2}


def test_a_click_on_the_map_begins_there(walk):
    page = walk()
    canvas = page.locator("canvas")
    canvas.click(position=on_map(page, -1, 0.8))
    assert np.allclose(weights(page), [-1, 0.8], atol=0.01)
    canvas.click(position={"x": 10, "y": 10})  # beside the map
    assert np.allclose(weights(page), [-1, 0.8], atol=0.01)


def test_arrow_keys_and_enter_on_the_map_begin_there(walk):
    page = walk("at=3")
    page.locator("canvas").focus()
    page.keyboard.press("Enter")  # nothing is chosen yet
    assert weights(page) == [0.3, -0.5]
    for key in ["ArrowRight"] * 5 + ["ArrowUp"] * 5:
        page.keyboard.press(key)
    assert readout(page) == "Enter begins at w₁ = 0.7, w₂ = −0.1."
    page.keyboard.press("Enter")
    assert np.allclose(weights(page), [0.7, -0.1])
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")  # the cross is gone
    assert readout(page).startswith("f = ")
    assert progress(page) == "3 of 32"


def test_the_link_keeps_the_state_and_opens_it_again(walk):
    page = walk()
    press(page, "Next", 2)
    slider(page, "weight w₁").press("ArrowRight")
    slider(page, "learning rate").press("End")
    page.wait_for_function("location.hash.includes('w1=0.31')")
    link = page.evaluate("location.hash.slice(1)")
    assert link == "at=2&w1=0.31&w2=-0.5&x1=0.2&x2=0.4&rate=5"
    again = walk(link)
    assert progress(again) == "2 of 32" and weights(again) == [0.31, -0.5]
    assert slider(again, "learning rate").get_attribute("aria-valuetext") == "5"


@pytest.mark.parametrize(
    "link",
    [
        "at=33&rate=-1&w1=NaN&w2=Infinity",
        "at=1.5&rate=0&x1=&x2=two",
        "at=-1&rate=x&w1=1e200&w2=1e400",
    ],
)
def test_a_link_that_says_nonsense_is_ignored(walk, link):
    page = walk(link)
    assert progress(page) == "0 of 32" and weights(page) == [0.3, -0.5]
    texts = page.locator(".panel output").all_text_contents()
    assert texts[2:] == ["0.2", "0.4", "0.01"]


OVERLAPS = """() => {
    const grown = (box, by) => ({ left: box.left - by, right: box.right + by,
        top: box.top - by, bottom: box.bottom + by });
    const texts = [...document.querySelectorAll(
        "svg .value text, svg .gradient text, svg .share text, svg .local text")];
    const tight = (node) => {
        const box = node.getBoundingClientRect();  // without the air above and below the digits
        return { left: box.left, right: box.right, top: box.top + 3, bottom: box.bottom - 3 };
    };
    const boxes = texts.map(tight);
    const frame = document.querySelector(".stage svg").getBoundingClientRect();
    const troubles = [];
    boxes.forEach((box, i) => {
        if (box.left < frame.left || box.right > frame.right || box.top < frame.top)
            troubles.push(`${texts[i].textContent} is cut`);
        for (let j = 0; j < i; j += 1) {
            const other = boxes[j];
            if (box.left < other.right && other.left < box.right
                && box.top < other.bottom && other.top < box.bottom)
                troubles.push(`${texts[i].textContent} covers ${texts[j].textContent}`);
        }
        const { of } = texts[i].parentNode.dataset;
        for (const path of document.querySelectorAll("svg path")) {
            if (path.dataset.of === of) continue;  // it may stand on its own edge
            const length = path.getTotalLength();
            const place = path.getScreenCTM();
            for (let part = 0; part <= length; part += 2) {
                const at = path.getPointAtLength(part).matrixTransform(place);
                if (at.x > box.left && at.x < box.right && at.y > box.top && at.y < box.bottom) {
                    troubles.push(`${texts[i].textContent} covers a line`);
                    break;
                }
            }
        }
    });
    return troubles;
}"""
LARGE = "w1=-2208.7&w2=3333.3"


@pytest.mark.parametrize("width", [900, 1280])
@pytest.mark.parametrize("link", ["", LARGE, "w1=-1.23&w2=-1.57&x1=-1.11&x2=-1.23"])
def test_no_number_covers_a_line_or_another_number(walk, width, link):
    page = walk(link, viewport={"width": width, "height": 800})
    for _ in range(32):
        page.locator("button.primary >> nth=0").click()
        assert page.evaluate(OVERLAPS) == [], line(page)


@pytest.mark.parametrize("link", ["", LARGE])
def test_on_a_phone_numbers_are_apart_too(walk, link):
    page = walk(link, viewport={"width": 390, "height": 800})
    for _ in range(32):
        page.locator("button.primary >> nth=0").click()
        assert page.evaluate(OVERLAPS) == [], line(page)


SMALL = "w1=-1.6&w2=-1.6&x1=1.6&x2=1.6"


@pytest.mark.parametrize("width", [390, 1280])
def test_small_numbers_are_not_written_as_0_and_do_not_cover_others(walk, width):
    page = walk(f"at=32&{SMALL}", viewport={"width": width, "height": 800})
    assert page.evaluate(OVERLAPS) == []
    assert numbers(page, "gradient").count("−3.5·10⁻⁵") == 2
    assert "0" not in numbers(page, "gradient") + numbers(page, "share")


ON_EDGE = """() => [...document.querySelectorAll("svg .share")].map((share) => {
    const box = share.querySelector("rect").getBBox();
    const path = document.querySelector(`svg path.edge[data-of="${share.dataset.of}"]`);
    const points = Array.from({ length: 1000 }, (_, i) =>
        path.getPointAtLength(i / 999 * path.getTotalLength()));
    return Math.min(...points.map(({ x, y }) =>
        Math.hypot(x - box.x - box.width / 2, y - box.y - box.height / 2)));
})"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("link", ["", LARGE, SMALL])
def test_a_share_stands_on_its_edge_and_each_computed_value_has_its_name(walk, width, link):
    page = walk(f"at=32&{link}", viewport={"width": width, "height": 800})
    distances = page.evaluate(ON_EDGE)
    assert len(distances) == 4
    assert max(distances) < 2
    texts = numbers(page, "value") + numbers(page, "name")
    names = {text.split(" =")[0] for text in texts if " =" in text}
    assert names == {"m₁", "m₂", "z", "n", "e", "d", "s", "q₁", "q₂", "q", "r", "f"}


SMALLEST = """() => Math.min(...[...document.querySelectorAll(".walk *")]
    .filter((node) => node.tagName !== "title" && [...node.childNodes]
        .some((child) => child.nodeType === 3 && child.textContent.trim()))
    .map((node) => parseFloat(getComputedStyle(node).fontSize)
        * (node.ownerSVGElement ? node.getScreenCTM().a : 1)))"""


@pytest.mark.parametrize("width", [390, 900, 1280])
def test_nothing_is_cut_and_no_text_is_small(walk, width):
    page = walk(f"at=26&{LARGE}", viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(SMALLEST) >= 12
    code, stage = (page.locator(part).bounding_box() for part in (".code", ".stage svg"))
    assert (code["x"] + code["width"] <= stage["x"]) == (width >= 900), "beside, or above"
    canvas = page.locator("canvas").bounding_box()
    assert canvas["width"] == 354 and canvas["x"] + canvas["width"] <= width, "drawn at its size"


def test_line_next_and_graph_are_visible_together(walk):
    page = walk("at=30", viewport={"width": 1280, "height": 800})
    for part in (".line.now", "button.primary >> nth=0", ".stage svg", ".sentence"):
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 800, part


CONTRASTS = """() => {
    const pen = new OffscreenCanvas(1, 1).getContext("2d");
    const light = (colour) => {
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((c) => c / 255)
            .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const style = getComputedStyle(document.querySelector(".walk"));
    const of = (name) => light(style.getPropertyValue(`--${name}`));
    return [["value", "paper"], ["gradient", "paper"], ["ink", "tint"], ["quiet", "tint"],
        ["quiet", "paper"]].map(([a, b]) => {
            const [low, high] = [of(a), of(b)].sort((x, y) => x - y);
            return (high + 0.05) / (low + 0.05);
        });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_text_have_contrast(walk, scheme):
    page = walk("at=20", color_scheme=scheme)
    assert min(page.evaluate(CONTRASTS)) >= 4.5


def test_the_map_is_painted_anew_when_the_theme_changes(walk):
    page = walk()
    pixel = """() => [...document.querySelector("canvas").getContext("2d")
        .getImageData(300, 300, 1, 1).data].slice(0, 3)"""
    light = sum(page.evaluate(pixel))
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => ({pixel})().reduce((a, b) => a + b) < {light / 2}")


def test_a_node_without_a_place_in_the_drawing_is_told(live):
    program = steps.program(forward_of_one, square)
    page = live("walk", {"program": program, "nodes": {}, "edges": {}})
    assert "has no place in the drawing" in page.locator(".hw [role=status]").text_content()
