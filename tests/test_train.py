"""The widget of Problems 2 and 3, in a real browser: training, the past, points, the link."""

import json
import re

import numpy as np
import pytest
from conftest import ROOT

from data.make_points import pinwheel
from pointfiles import read_points

PLAY = "document.querySelector('#play').play"
PHONE = {"viewport": {"width": 390, "height": 800}}


def start_of(file, **more):
    """Return the start values for one of the homework's sets of points."""
    x, labels = read_points(ROOT / f"data/{file}.csv")
    return {"points": x.tolist(), "labels": labels.tolist(), "learning_rate": 0.5, **more}


LINEAR = start_of("set2")
HIDDEN = start_of("set3", hidden=8, seed=0)


def run(page, script):
    """Return the value of a script, in which `train` is the widget and `lab` its experiment."""
    body = script if "return" in script else f"return {script}"
    return page.evaluate(f"() => {{ const train = {PLAY}; const {{ lab }} = train; {body} }}")


def train(page, steps):
    """Take so many steps at once."""
    run(page, f"train.train({steps}); return null")


def judged(page):
    """Wait until the verdict is there, and return it in words."""
    page.wait_for_function(f"() => {PLAY}.lab.verdict")
    return page.locator(".verdict .readout").inner_text()


def click_at(page, point):
    """Click at a point of the plane."""
    x, y = run(page, f"train.plane.pixels({json.dumps(point)})")
    page.locator(".plane canvas").click(position={"x": x, "y": y})


def weights(page):
    """Return all numbers of the network that is shown."""
    return run(page, "lab.network.flatMap(({ W, b }) => [...W, ...b])")


def shown_step(page):
    """Return the step that is shown."""
    return run(page, "lab.past.shown.step")


def slide(page, name, value):
    """Move a slider as a user does, by its place."""
    page.get_by_role("slider", name=name).evaluate(
        "(range, value) => { range.value = value; range.dispatchEvent(new Event('input')); }", value
    )


@pytest.fixture(scope="module")
def sets(modules):
    """Return a page that holds the functions of sets.js."""
    return modules("sets")


# The points


def test_the_pinwheel_is_that_of_make_points(sets):
    draw = "([seed, ...recipe]) => pinwheel(randomState(seed), ...recipe)"
    for seed in range(20):
        recipe = (37 + seed, 2 + seed % 4, 0.3 * seed, 0.05 * seed)
        made = sets.evaluate(draw, [seed, *recipe])
        x, labels = pinwheel(np.random.RandomState(seed), *recipe)
        np.testing.assert_allclose(made["points"], x, rtol=0, atol=1e-12)
        assert made["labels"] == labels.tolist()


@pytest.mark.parametrize("name", ["pinwheel", "circle", "xor", "spiral"])
def test_a_draw_can_be_repeated_and_its_fresh_points_are_others(sets, name):
    draw = f"seed => drawSet('{name}', 90, 0.1, seed, 1.4)"
    first, again, other = (sets.evaluate(draw, seed) for seed in (3, 3, 4))
    assert first == again
    assert first["points"] != other["points"]
    assert len(first["points"]) == len(first["fresh"]["points"]) == 90
    assert not set(map(tuple, first["points"])) & set(map(tuple, first["fresh"]["points"]))
    counts = np.bincount(first["labels"])
    assert len(counts) == (3 if name == "pinwheel" else 2)
    assert counts.min() == counts.max()


@pytest.mark.parametrize("name", ["pinwheel", "circle", "xor", "spiral"])
def test_each_set_gets_fresh_points_with_an_accuracy_of_their_own(live, name):
    page = live("train", HIDDEN)
    page.get_by_role("button", name=name).click()
    train(page, 100)
    measured = run(page, "lab.past.shown.measured")
    assert set(measured) >= {"loss", "accuracy", "freshLoss", "freshAccuracy"}
    assert "on the fresh points" in page.locator(".state").inner_text()
    share = f"fresh points {100 * measured['freshAccuracy']:.1f} %"
    assert share in page.locator(".right .legend").nth(1).inner_text()


def test_the_homeworks_points_have_no_fresh_ones_and_nothing_to_draw(live):
    page = live("train", HIDDEN)
    assert "fresh" not in page.locator(".state").inner_text()
    assert "fresh" not in "".join(page.locator(".legend").all_inner_texts())
    assert page.get_by_label("noise").is_disabled()
    assert page.get_by_role("button", name="New draw").is_disabled()
    assert page.get_by_label("show the fresh points").is_disabled()
    reason = page.get_by_text("choose another set to draw new ones")
    assert reason.is_visible()
    page.get_by_role("button", name="circle").click()
    assert reason.is_hidden()


def test_a_new_draw_and_other_noise_give_other_points(live):
    page = live("train", HIDDEN, "set=circle")
    seen = [run(page, "lab.points")]
    page.get_by_role("button", name="New draw").click()
    seen.append(run(page, "lab.points"))
    slide(page, "noise", 8)
    seen.append(run(page, "lab.points"))
    assert seen[0] != seen[1] != seen[2]
    assert run(page, "[lab.settings.draw, lab.settings.noise]") == [1, 0.4]


def test_a_click_adds_a_point_rounded_to_four_decimals_and_training_goes_on(live):
    page = live("train", HIDDEN)
    train(page, 7)
    page.get_by_role("button", name="▲ class 2").click()
    click_at(page, [-1.5, 1.7])
    assert run(page, "[lab.points.length, lab.labels.at(-1)]") == [241, 2]
    point = run(page, "lab.points.at(-1)")
    np.testing.assert_allclose(point, [-1.5, 1.7], atol=0.02)
    assert point == [round(value, 4) for value in point]
    assert shown_step(page) == 7
    train(page, 1)
    assert shown_step(page) == 8


def test_two_clicks_on_the_same_spot_add_one_point(live):
    page = live("train", HIDDEN)
    click_at(page, [-1.5, 1.7])
    click_at(page, [-1.5, 1.7])
    assert run(page, "lab.points.length") == 241
    assert "here already" in page.locator(".answer").inner_text()


def test_a_point_is_taken_away_only_where_one_is(live):
    page = live("train", HIDDEN)
    page.get_by_role("button", name="take away").click()
    click_at(page, [1.9, -2.2])
    assert run(page, "lab.points.length") == 240
    target = HIDDEN["points"][239]
    click_at(page, target)
    assert run(page, "lab.points.length") == 239
    assert target not in run(page, "lab.points")


def test_undo_takes_back_the_last_change_and_the_first_points_come_again(live):
    page = live("train", HIDDEN)
    undo = page.get_by_role("button", name="Undo")
    first = page.get_by_role("button", name="The first points again")
    assert undo.is_disabled()
    assert first.is_disabled()
    click_at(page, [-1.5, 1.7])
    click_at(page, [-1.2, 1.9])
    first.click()
    assert run(page, "lab.points") == HIDDEN["points"]
    assert first.is_disabled()
    undo.click()
    assert run(page, "lab.points.length") == 242
    undo.click()
    undo.click()
    assert run(page, "lab.points") == HIDDEN["points"]
    assert undo.is_disabled()


def test_the_last_point_stays_and_one_class_alone_is_nothing_to_separate(live):
    start = {**LINEAR, "points": [[0, 0], [1, 0], [0, 1]], "labels": [0, 1, 2]}
    page = live("train", start)
    take = page.get_by_role("button", name="take away")
    take.click()
    for point in start["points"][:2]:
        click_at(page, point)
    assert "of one class" in judged(page)
    assert take.is_disabled()
    click_at(page, [0, 1])
    assert "The last point stays" in page.locator(".answer").inner_text()
    assert run(page, "[lab.points.length, lab.K, lab.network[0].M]") == [1, 3, 3]
    train(page, 5)
    assert shown_step(page) == 5


def test_the_plane_works_with_the_keyboard_alone(live):
    page = live("train", HIDDEN)
    page.locator(".plane canvas").focus()
    for key in ("ArrowUp", "ArrowRight", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    side, left, top, extent = run(
        page, "return [train.plane.side, lab.limits.left, lab.limits.top, lab.limits.extent]"
    )
    apart = extent / side
    expected = [left + extent / 2 + 9 * apart, top - extent / 2 + 8 * apart]
    np.testing.assert_allclose(run(page, "lab.points.at(-1)"), expected, atol=1e-3)
    page.keyboard.press("Control+ArrowLeft")
    page.keyboard.press("Enter")
    assert run(page, "lab.points.length") == 241


def test_the_cross_hair_stays_in_the_plane(live):
    page = live("train", HIDDEN)
    page.locator(".plane canvas").focus()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    np.testing.assert_allclose(
        run(page, "lab.points.at(-1)")[0], run(page, "lab.limits.left"), atol=1e-3
    )


# Training, and the past


def test_a_linear_classifier_starts_from_zero_without_units(live):
    page = live("train", LINEAR)
    assert not any(weights(page))
    assert page.locator(".unit").count() == 0
    assert page.get_by_label("seed").count() == 0
    assert page.get_by_label("hidden units").count() == 0
    train(page, 300)
    assert "every point is right" in page.locator(".state").inner_text()


def test_the_past_comes_back_exactly_and_training_goes_on_from_there(live):
    page = live("train", HIDDEN)
    before = [weights(page)]
    for _ in range(30):
        train(page, 3)
        before.append(weights(page))
    slide(page, "Back in time", 10)
    assert shown_step(page) == 30
    assert weights(page) == before[10]
    slide(page, "Back in time", 30)
    assert weights(page) == before[30]
    slide(page, "Back in time", 10)
    assert "replaces the later ones" in page.locator(".state").inner_text()
    page.get_by_role("button", name="One step").click()
    assert run(page, "[lab.past.shown.step, lab.past.last.step]") == [31, 31]
    assert "replaces" not in page.locator(".state").inner_text()
    train(page, 2)
    assert weights(page) == before[11]


def test_a_long_past_is_thinned_evenly_and_keeps_both_ends(live):
    page = live("train", LINEAR)
    run(page, "for (let i = 0; i < 1500; i += 1) lab.train(2); train.draw(); return null")
    steps = run(page, "lab.past.states.map(({ step }) => step)")
    assert steps[0] == 0
    assert steps[-1] == 3000
    assert 150 <= len(steps) <= 400
    apart = np.diff(steps)[:-1]
    assert apart.max() <= 2 * apart.min()
    run(page, "train.back(77); return null")
    step = shown_step(page)
    kept = weights(page)
    page.get_by_role("button", name="Start over").click()
    train(page, step)
    assert weights(page) == kept


def test_dragging_back_stops_the_film(live):
    page = live("train", HIDDEN)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"() => {PLAY}.lab.past.states.length > 3")
    slide(page, "Back in time", 1)
    assert page.get_by_role("button", name="Play").is_visible()
    assert run(page, "lab.past.at") == 1


def test_play_goes_on_until_pause(live):
    page = live("train", HIDDEN)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"() => {PLAY}.lab.past.shown.step > 20")
    page.get_by_role("button", name="Pause").click()
    step = shown_step(page)
    page.wait_for_timeout(150)
    assert shown_step(page) == step
    assert page.locator(".state").get_attribute("aria-live") == "polite"


def test_training_that_leaves_the_finite_numbers_stops_and_says_so(live):
    page = live("train", {**HIDDEN, "learning_rate": 1e200})
    page.get_by_role("button", name="Play").click()
    page.get_by_text("Training has stopped").wait_for()
    page.get_by_role("button", name="Play").wait_for()
    assert all(np.isfinite(weights(page)))
    slide(page, "learning rate", 4)
    page.get_by_role("button", name="Start over").click()
    train(page, 5)
    assert "Step 5" in page.locator(".state").inner_text()


@pytest.mark.parametrize(("name", "place", "shape"), [("hidden units", 2, 3), ("seed", 5, 8)])
def test_another_network_begins_at_step_0(live, name, place, shape):
    page = live("train", HIDDEN)
    train(page, 5)
    before = weights(page)
    slide(page, name, place)
    assert shown_step(page) == 0
    assert page.locator(".unit").count() == shape
    assert weights(page) != before


# What one sees and reads


def test_the_shading_uses_the_scores_of_core(modules):
    page = modules("field")
    compare = """() => {
        let most = 0;
        for (const network of [linearNetwork(3), twoLayers(7, 1, 4), twoLayers(1, 2, 2)]) {
            const { normal } = randomState(5);
            const grid = Float64Array.from({ length: 400 }, normal);
            const K = network.at(-1).M;
            const logits = new Float64Array(200 * K);
            scoresOfAll(network, grid, logits);
            for (let n = 0; n < 200; n += 1)
                forward(network, grid, n).at(-1).forEach((score, k) => {
                    most = Math.max(most, Math.abs(score - logits[n * K + k]));
                });
        }
        return most;
    }"""
    assert page.evaluate(compare) < 1e-12


def test_a_line_is_drawn_where_two_regions_meet(live):
    start = {**LINEAR, "points": [[-1, 0], [1, 0], [-1, 1], [1, 1]], "labels": [0, 1, 0, 1]}
    page = live("train", start)
    train(page, 200)
    pixel = """const [x, y] = train.plane.pixels([PLACE, 0.7]).map((pixel) => 2 * pixel);
        return [...train.plane.board.pen.getImageData(x, y, 1, 1).data].slice(0, 3)"""
    left, dark, right = (run(page, pixel.replace("PLACE", x1)) for x1 in ("-0.5", "0", "0.5"))
    assert max(dark) < 90
    assert left[2] > left[0] + 40, "blue, the class of the left"
    assert right[0] > right[2] + 40, "orange, the class of the right"


def test_the_shading_is_strong_where_the_network_is_sure(live):
    page = live("train", HIDDEN)
    pixels = "[...train.plane.field.image.data]"
    flat = np.array(run(live("train", LINEAR), pixels)).reshape(-1, 4)
    assert (flat == flat[0]).all(), "the zero network is equally unsure everywhere"
    train(page, 500)
    shaded = np.array(run(page, pixels)).reshape(-1, 4)[:, :3]
    saturation = np.ptp(shaded, axis=1)
    assert saturation.max() > 60
    assert saturation.min() < 45


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([5.9, 0.0187], [0.01, 0.1, 1, 10]),
        ([1.0986], [1, 2]),
        ([0.69, 0.693], [0.5, 1]),
        ([1, 1], [0.5, 1]),
        ([0.2, 3], [0.2, 0.5, 1, 2, 5]),
        ([0.0, 1.0], [1e-16, 1e-13, 1e-10, 1e-7, 1e-4, 1e-1]),
    ],
)
def test_the_loss_has_a_logarithmic_axis_with_round_ticks(modules, values, ticks):
    axis = modules("chart").evaluate("values => logAxis(values)", values)
    np.testing.assert_allclose(axis["ticks"], ticks)
    assert axis["bottom"] <= max(min(values), 1e-16)
    assert axis["top"] >= max(values)


def test_the_readout_tells_step_loss_wrong_points_and_dead_units(live):
    page = live("train", HIDDEN)
    train(page, 10)
    text = page.locator(".state").inner_text()
    loss, accuracy = run(page, "[lab.past.shown.measured.loss, lab.past.shown.measured.accuracy]")
    wrong = round((1 - accuracy) * 240)
    active = run(page, "[...lab.past.shown.measured.active]")
    assert f"Step 10: accuracy {100 * accuracy:.1f} %, loss" in text
    assert float(re.search(r"loss ([\d.]+);", text).group(1)) == pytest.approx(loss, abs=1e-4)
    assert f"{wrong} points are wrong" in text
    assert f"{active.count(0)} of 8 hidden units is dead" in text
    label = page.locator(".plane canvas").get_attribute("aria-label")
    assert "step 10" in label
    assert f"240 points in 3 classes, {wrong} of them wrong" in label


def test_the_units_activity_is_that_of_the_points(live):
    page = live("train", HIDDEN)
    train(page, 20)
    W, b = run(page, "[[...lab.network[0].W], [...lab.network[0].b]]")
    before_relu = np.array(HIDDEN["points"]) @ np.reshape(W, (8, 2)).T + b
    assert (
        run(page, "[...lab.past.shown.measured.active]") == (before_relu > 0).sum(axis=0).tolist()
    )


def test_a_unit_explains_itself_when_pointed_at_focused_or_chosen(live):
    page = live("train", HIDDEN)
    sentence = page.locator(".sentence")
    units = page.locator(".unit")
    active = run(page, "[...lab.past.shown.measured.active]")
    units.nth(1).hover()
    assert sentence.inner_text().startswith("Hidden unit 2 of 8")
    assert f"active on {active[1]} of 240 points" in sentence.inner_text()
    page.locator(".state").hover()
    assert "Hidden unit 2" not in sentence.inner_text()
    units.nth(2).focus()
    assert sentence.inner_text().startswith("Hidden unit 3 of 8")
    assert run(page, "train.lit") == 2
    page.keyboard.press("Enter")
    assert units.nth(2).get_attribute("aria-pressed") == "true"
    page.locator(".plane canvas").focus()
    assert run(page, "train.lit") == 2, "a chosen unit stays lit"
    units.nth(2).click()
    assert units.nth(2).get_attribute("aria-pressed") == "false"


def test_the_lit_crease_changes_the_plane(live):
    page = live("train", HIDDEN)
    picture = "train.plane.node.toDataURL()"
    before = run(page, picture)
    page.locator(".unit").nth(1).hover()
    assert run(page, picture) != before


def test_the_sentence_names_side_class_and_strength(modules):
    page = modules("units")
    network = (
        {"W": [0, 2], "b": [-1], "M": 1, "D": 2},
        {"W": [1, -2, 4], "b": [0] * 3, "M": 3, "D": 1},
    )
    limits = {"left": -2, "top": 2, "extent": 4}
    explain = "([network, active, limits]) => explain(network, 0, active, 50, limits)"
    text = page.evaluate(explain, [network, 20, limits])
    assert "on the upper side of its crease" in text
    assert "active on 20 of 50 points" in text
    assert "class 2 ▲" in text
    assert "gains 3 over the average" in text
    dead = page.evaluate(explain, [network, 0, limits])
    assert "is dead" in dead
    network[0]["b"] = [9]
    assert "in the whole picture" in page.evaluate(explain, [network, 50, limits])
    network[1]["W"] = [1, 1, 1]
    assert "no class more than" in page.evaluate(explain, [network, 50, limits])


def test_a_dead_unit_is_an_empty_picture_and_no_step_changes_it(live):
    page = live("train", HIDDEN)
    train(page, 10)
    dead = run(page, "[...lab.past.shown.measured.active].indexOf(0)")
    unit = page.locator(".unit").nth(dead)
    assert "dead" in unit.get_attribute("class")
    assert unit.get_attribute("aria-label").endswith("dead")
    colours = unit.locator("canvas").evaluate(
        "c => [...new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)]"
    )
    assert colours == [255]
    row = f"[...lab.network[0].W.slice({2 * dead}, {2 * dead + 2}), lab.network[0].b[{dead}]]"
    before = run(page, row)
    train(page, 50)
    assert run(page, row) == before


def test_where_all_units_are_dead_the_page_says_what_training_still_changes(live):
    page = live("train", HIDDEN)
    run(page, "lab.network[0].b.fill(-1e3); lab.back(0); train.draw(); return null")
    assert "All hidden units are dead" in page.locator(".sentence").inner_text()
    before = run(page, "lab.network.map(({ W, b }) => [[...W], [...b]])")
    train(page, 3)
    after = run(page, "lab.network.map(({ W, b }) => [[...W], [...b]])")
    assert after[0] == before[0]
    assert after[1][0] == before[1][0]
    assert after[1][1] != before[1][1]


# The verdict


def test_separable_points_are_called_so_and_have_no_proof_to_show(live):
    page = live("train", LINEAR)
    assert "Straight lines can separate these points: checked" in judged(page)
    assert page.get_by_label("show the proof").is_disabled()


def test_the_proof_is_named_and_drawn(live):
    page = live("train", HIDDEN)
    text = judged(page)
    assert "No straight lines can separate these points" in text
    count = run(page, "lab.verdict.inTheWay.filter(Boolean).length")
    assert f"{count} points are in the way" in text
    common_point = run(page, "lab.verdict.proof.common")
    shown = [float(v.replace("−", "-")) for v in re.search(r"\((\S+), (\S+)\)", text).groups()]
    np.testing.assert_allclose(shown, common_point, atol=1e-4)
    before = run(page, "train.plane.node.toDataURL()")
    page.get_by_label("show the proof").check()
    assert run(page, "train.plane.node.toDataURL()") != before


def test_the_same_points_are_judged_once(live):
    page = live("train", HIDDEN)
    judged(page)
    run(page, "window.kept = lab.verdict; return null")
    click_at(page, [-1.5, 1.7])
    judged(page)
    assert run(page, "lab.verdict !== window.kept")
    page.get_by_role("button", name="Undo").click()
    assert run(page, "lab.verdict === window.kept")
    train(page, 3)
    assert run(page, "lab.verdict === window.kept")


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (None, "Computing"),
        ({"lone": True}, "of one class"),
        ({"many": True}, "not computed"),
        ({"separable": None, "inTheWay": [True]}, "Neither answer could be proven"),
        ({"separable": True}, "can separate these points"),
    ],
)
def test_the_verdict_says_only_what_was_found(modules, verdict, words):
    text = modules("words").evaluate("verdict => verdictText(verdict, [0])", verdict)
    assert words in text


def test_a_proof_over_three_classes_is_put_into_words(modules):
    members = [{"point": n, "rival": k, "weight": 1 / 6} for n in range(3) for k in range(2)]
    proof = {"members": members, "classes": None, "common": None}
    verdict = {"separable": False, "inTheWay": [True, False, False], "proof": proof}
    text = modules("words").evaluate("verdict => verdictText(verdict, [0, 1, 2])", verdict)
    assert "at 3 points" in text
    assert "1 point is in the way" in text


def test_points_that_change_again_at_once_are_not_judged_between(live):
    page = live("train", HIDDEN)
    judged(page)
    run(
        page,
        "window.count = 0; const { judge } = lab; lab.judge = () => { window.count += 1; "
        "judge.call(lab); }; return null",
    )
    for x1 in (-1.5, -1.2, -0.9):
        run(page, f"train.edit(() => lab.addPoint([{x1}, 1.9], 0)); return null")
    judged(page)
    page.get_by_role("button", name="Undo").click()
    judged(page)
    page.get_by_role("button", name="The first points again").click()
    assert "Computing" not in page.locator(".verdict").inner_text()
    page.wait_for_timeout(700)
    assert page.evaluate("window.count") == 2


def test_a_widget_that_leaves_the_page_does_nothing_more(live):
    page = live("train", HIDDEN)
    click_at(page, [-1.5, 1.7])
    run(
        page,
        "window.drawn = 0; train.leave(); train.draw = train.drawCharts = "
        "train.writeLink = () => { window.drawn += 1; }; return null",
    )
    page.set_viewport_size({"width": 500, "height": 800})
    page.wait_for_timeout(700)
    assert page.evaluate("window.drawn") == 0
    assert run(page, "lab.verdict") is None
    assert page.evaluate("location.hash") == ""


# The challenges


def met(page):
    """Return which challenges are met, by their marks."""
    return [mark == "✓" for mark in page.locator(".challenges .mark").all_inner_texts()]


def test_a_seed_with_two_units_meets_the_first_challenge_and_it_stays_met(live):
    page = live("train", HIDDEN, "hidden=2&seed=5")
    assert met(page) == [False] * 3
    train(page, 1500)
    assert met(page) == [True, False, False]
    page.get_by_role("button", name="Start over").click()
    assert met(page) == [True, False, False]
    assert page.get_by_text("Challenges met").inner_text() == "Challenges met: 1 of 3."
    page.wait_for_function("() => location.hash.includes('met=1')")
    again = live("train", HIDDEN, page.evaluate("location.hash.slice(1)"))
    assert met(again) == [True, False, False]
    slide(again, "seed", 7)
    again.wait_for_function("() => location.hash.includes('seed=7')")
    assert link(again)["met"] == "1"


def test_half_of_the_seeds_from_0_to_19_meet_it_some_of_them_late(modules):
    x = [value for point in HIDDEN["points"] for value in point]
    first_steps = """([x, labels, seeds]) => seeds.map(seed => {
        const network = twoLayers(2, seed, 3);
        for (let step = 0; step < 2000; step += 1)
            if (trainingStep(network, x, labels, 0.5).accuracy > 0.95) return step;
        return null;
    })"""
    steps = modules("core").evaluate(first_steps, [x, HIDDEN["labels"], list(range(20))])
    enough = [step for step in steps if step is not None]
    assert len(enough) == 10
    assert min(enough) < 500
    assert max(enough) > 1500


def test_a_large_learning_rate_makes_a_unit_die(live):
    page = live("train", HIDDEN, "rate=10&seed=1")
    run(page, "for (let i = 0; i < 30; i += 1) train.train(10); return null")
    assert met(page)[1]


def test_the_spiral_can_be_had_with_six_units(live):
    page = live("train", HIDDEN, "set=spiral&noise=0.05&hidden=6&rate=1&seed=3")
    run(page, "for (let i = 0; i < 200; i += 1) train.train(2); return null")
    assert met(page)[2]


def test_the_first_challenge_of_a_linear_classifier_wants_a_good_learning_rate(live):
    page = live("train", LINEAR)
    train(page, 10)
    assert met(page) == [False] * 3
    slide(page, "learning rate", 8)
    page.get_by_role("button", name="Start over").click()
    train(page, 10)
    assert met(page) == [True, False, False]


def test_one_point_on_the_wrong_side_meets_the_second_challenge(live):
    page = live("train", LINEAR)
    judged(page)
    page.get_by_role("button", name="class 1").click()
    x = np.array(LINEAR["points"])[np.array(LINEAR["labels"]) == 0]
    click_at(page, x.mean(axis=0).tolist())
    judged(page)
    page.wait_for_function("() => document.querySelectorAll('.met').length")
    assert met(page) == [False, True, False]


def test_taking_the_points_in_the_way_meets_the_third_challenge(live):
    page = live("train", LINEAR, "set=pinwheel&noise=0.5&draw=1")
    judged(page)
    places = run(page, "lab.points.filter((_, n) => lab.verdict.inTheWay[n])")
    assert 0 < len(places) < 40
    page.get_by_role("button", name="take away").click()
    for place in places:
        run(page, f"lab.takeAway(lab.points.findIndex(p => `${{p}}` === '{place[0]},{place[1]}'))")
    run(page, "train.edited(true, ''); return null")
    judged(page)
    page.wait_for_function("() => document.querySelectorAll('.met').length")
    assert met(page) == [False, False, True]


# The link


def link(page):
    """Return what the page's link says, once it is written."""
    page.wait_for_function("() => location.hash.length > 1")
    return dict(part.split("=", 1) for part in page.evaluate("location.hash.slice(1)").split("&"))


def test_the_link_carries_the_state_to_another_page(live):
    page = live("train", HIDDEN)
    slide(page, "seed", 3)
    slide(page, "hidden units", 4)
    slide(page, "learning rate", 6)
    slide(page, "speed", 4)
    click_at(page, [-1.5, 1.7])
    page.get_by_role("button", name="take away").click()
    click_at(page, HIDDEN["points"][239])
    page.wait_for_function("() => location.hash.includes('gone')")
    text = page.evaluate("location.hash.slice(1)")
    other = live("train", HIDDEN, text)
    for what in ("lab.settings", "lab.points", "lab.labels"):
        assert run(other, what) == run(page, what)
    assert weights(other) == weights(page)
    assert other.get_by_role("slider", name="hidden units").input_value() == "4"


def test_a_set_and_its_noise_are_in_the_link(live):
    page = live("train", HIDDEN)
    page.get_by_role("button", name="xor").click()
    page.get_by_role("button", name="New draw").click()
    page.wait_for_function("() => location.hash.includes('draw=1')")
    said = link(page)
    assert (said["set"], said["draw"], said["hidden"]) == ("xor", "1", "8")


def test_a_link_holds_200_changes_and_with_more_the_page_says_that_it_gives_the_first_points(live):
    page = live("train", HIDDEN)
    run(
        page,
        """for (let i = 0; i < 199; i += 1) lab.addPoint([-1.2345 - i / 1e4, -2.1111], 1);
        for (let i = 0; i < 200; i += 1) lab.takeAway(0); return null""",
    )
    click_at(page, [1.9, -2.2])
    page.wait_for_function("() => location.hash.includes('add')")
    text = page.evaluate("location.hash.slice(1)")
    assert len(text) < 6500
    assert "Too many" not in page.locator(".answer").inner_text()
    assert run(live("train", HIDDEN, text), "lab.points") == run(page, "lab.points")
    click_at(page, [1.7, -2.2])
    page.wait_for_function("() => !location.hash.includes('add')")
    assert "it gives the first points" in page.locator(".answer").inner_text()
    assert run(page, "lab.points.length") == 241
    page.get_by_role("button", name="circle").click()
    assert "Too many" not in page.locator(".answer").inner_text()


@pytest.mark.parametrize(
    "text",
    [
        "hidden=0&seed=-1&rate=abc&speed=3&noise=9&draw=1.5&set=moon",
        "hidden=&seed=&rate=&speed=&noise=&draw=&set=",
        "hidden=1e9&seed=NaN&rate=Infinity&constructor=1&__proto__=2",
        "add=1,2,3&gone=-1",
        "add=1,2&gone=240",
        "add=a,b,0",
        "gone=" + ",".join(map(str, range(240))),
        "=&&&%zz",
    ],
)
def test_what_is_invalid_in_a_link_is_ignored(live, text):
    page = live("train", HIDDEN, text)
    settings = {"set": "homework", "noise": 0.1, "draw": 0, "rate": 0.5, "speed": 5}
    assert run(page, "lab.settings") == {**settings, "hidden": 8, "seed": 0}
    assert run(page, "lab.points") == HIDDEN["points"]
    assert link(page) == {name: str(value) for name, value in run(page, "lab.settings").items()}


def test_a_link_to_the_place_of_the_widget_stays_as_it_is(live):
    page = live("train", HIDDEN, "play")
    assert page.evaluate("location.hash") == "#play"


def test_the_notebooks_own_values_are_among_the_choices(live):
    page = live("train", {**HIDDEN, "learning_rate": 0.3, "hidden": 50, "seed": 1234})
    shown = [
        page.locator("label.slider", has_text=name).locator("output").inner_text()
        for name in ("learning rate", "hidden units", "seed")
    ]
    assert shown == ["0.3", "50", "1234"]
    assert run(page, "lab.network[0].M") == 50


# The page around it


def test_many_points_come_as_bytes_and_are_not_judged(live):
    rng = np.random.RandomState(0)
    start = {**HIDDEN, "points": rng.randn(4100, 2), "labels": rng.randint(3, size=4100)}
    page = live("train", start)
    np.testing.assert_array_equal(run(page, "lab.points"), start["points"])
    assert run(page, "lab.labels") == start["labels"].tolist()
    assert "not computed" in judged(page)


@pytest.mark.parametrize("width", [740, 853, 900, 1280])
@pytest.mark.parametrize("start", [LINEAR, HIDDEN], ids=["linear", "hidden"])
def test_the_curves_stand_beside_the_plane_and_the_units_under_it(live, start, width):
    page = live("train", start, viewport={"width": width, "height": 800})
    plane = page.locator(".plane canvas").bounding_box()
    curve = page.locator(".right canvas").first.bounding_box()
    assert plane["width"] >= 380
    assert curve["width"] >= 300
    assert curve["x"] >= plane["x"] + plane["width"]
    assert curve["y"] < plane["y"] + plane["height"] / 2
    for unit in page.locator(".unit").all():
        assert 0 < unit.bounding_box()["y"] - plane["y"] - plane["height"] < 60


def test_on_a_phone_play_and_speed_stay_in_sight_over_plane_and_units(live):
    page = live("train", HIDDEN, **PHONE)
    page.locator(".unit").last.scroll_into_view_if_needed()
    page.locator(".unit").last.evaluate("unit => unit.scrollIntoView({ block: 'end' })")
    plane = page.locator(".plane canvas").bounding_box()
    controls = page.locator(".controls").bounding_box()
    assert controls["y"] >= 0
    assert controls["y"] + controls["height"] <= plane["y"]
    page.mouse.wheel(0, 600)
    page.wait_for_function("() => scrollY > 500")
    assert page.locator(".controls").bounding_box()["y"] == pytest.approx(0, abs=1)
    assert page.get_by_role("slider", name="speed").bounding_box()["y"] < 100


@pytest.mark.parametrize("width", [390, 853])
@pytest.mark.parametrize("name", ["homework", "circle"])
def test_nothing_moves_while_a_network_trains(live, name, width):
    page = live("train", HIDDEN, f"set={name}", viewport={"width": width, "height": 800})
    judged(page)
    places = """[...document.querySelectorAll(".plane, .right, .panel")]
        .map(node => node.getBoundingClientRect().top)"""
    before = page.evaluate(places)
    for steps in (1, 9, 90, 400, 1500):
        train(page, steps)
        assert page.evaluate(places) == before


def test_on_a_phone_the_plane_is_as_wide_as_the_column_and_a_tap_adds_a_point(live):
    page = live("train", HIDDEN, has_touch=True, **PHONE)
    plane = page.locator(".plane canvas")
    assert plane.bounding_box()["width"] > 350
    x, y = run(page, "train.plane.pixels([-1.5, 1.7])")
    plane.tap(position={"x": x, "y": y})
    np.testing.assert_allclose(run(page, "lab.points.at(-1)"), [-1.5, 1.7], atol=0.02)
    page.locator(".unit").nth(3).tap()
    assert "Hidden unit 4" in page.locator(".sentence").inner_text()


def test_another_theme_draws_everything_anew(live):
    page = live("train", HIDDEN, color_scheme="light")
    pixel = "[...train.plane.field.image.data.slice(0, 3)]"
    train(page, 100)
    light = run(page, pixel)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"light => {PLAY}.plane.field.image.data[0] !== light", arg=light[0])
    assert sum(run(page, pixel)) < sum(light)


def test_a_widget_that_comes_into_the_page_late_has_the_colours_of_the_theme(live):
    page = live("train", HIDDEN)
    run(
        page,
        """const el = document.createElement("div");
        window.late = new train.constructor(train.model, el);
        document.body.append(el); return null""",
    )
    corner = "late.plane.field.image.data.slice(0, 3).join()"
    page.wait_for_function(
        f"known => {corner} === known", arg=run(page, corner.replace("late", "train"))
    )


def test_start_over_and_the_past_are_disabled_where_there_is_nothing_to_do(live):
    page = live("train", HIDDEN)
    again = page.get_by_role("button", name="Start over")
    assert again.is_disabled()
    assert page.get_by_label("Back in time").is_disabled()
    train(page, 1)
    assert again.is_enabled()
    assert page.get_by_label("Back in time").is_enabled()
    again.click()
    assert again.is_disabled()
    assert shown_step(page) == 0


def test_the_first_pages_picture_says_that_another_pinwheel_comes(live):
    page = live("teaser", {"hidden": 8, "seed": 0}, reduced_motion="reduce")
    page.evaluate("""() => {
        window.said = [];
        const count = document.querySelector(".count");
        new MutationObserver(() => window.said.push(count.textContent))
            .observe(count, { childList: true });
        window.requestAnimationFrame = (tick) => setTimeout(() => tick(performance.now()), 0);
    }""")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "() => said.includes('next: another pinwheel') && said.at(-1).startsWith('step')"
    )
    said = page.evaluate("said")
    at = said.index("next: another pinwheel")
    assert said[at - 1].startswith("step 1200: ")
    after = next(text for text in said[at:] if text.startswith("step"))
    assert after.startswith("step 0: ")


@pytest.mark.parametrize("worst", ["Infinity", "NaN", "1.7e308"])
def test_a_loss_that_is_not_finite_still_has_an_axis(modules, worst):
    axis = modules("chart").evaluate(f"logAxis([0.5, 2, {worst}])")
    assert axis["bottom"] <= 0.5 and np.isfinite(axis["top"])
    assert len(axis["ticks"]) >= 2


def test_a_click_lands_where_it_is_also_in_a_very_small_set(live):
    rng = np.random.RandomState(0)
    points = 1 + 1e-5 * rng.randn(60, 2)
    start = {"points": points, "labels": np.arange(60) % 2, "learning_rate": 0.5}
    page = live("train", start)
    plane = page.locator(".hw canvas").first
    for x, y in ((100, 100), (200, 100), (100, 200)):
        plane.click(position={"x": x, "y": y})
    added = np.array(run(page, "lab.edits().added"))
    assert len(added) == 3
    assert np.isclose(added[0][1], added[1][1], rtol=0, atol=1e-8)
    extent = run(page, "lab.limits.extent")
    apart = (added[1] - added[0])[0] / extent
    assert np.isclose(apart, 100 / run(page, "train.plane.side"), atol=0.01)


def test_many_classes_are_not_judged(live):
    rng = np.random.RandomState(0)
    start = {"points": rng.randn(30, 2), "labels": np.arange(30) % 7, "learning_rate": 0.5}
    assert "not computed" in judged(live("train", start))
