"""The study: its texts say what its runs say, whatever that is."""

import csv
import json
import re

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

import figures
from tools import study


def networks(width, accuracies, dead, dead_at_start=0):
    """Return a table of runs of one width, as the study makes it, beside a linear 85 %."""
    runs = pd.DataFrame({"mlp_accuracy": accuracies, "dead_units": dead})
    runs = runs.assign(hidden=width, seed=range(len(runs)), dead_at_start=dead_at_start)
    runs["perfect"] = runs["mlp_accuracy"] == 1
    runs["failed"] = (runs["mlp_accuracy"] <= 0.85) & ~runs["perfect"]
    runs["has_dead"] = runs["dead_units"] > 0
    return runs


def test_wilson_intervals_against_the_formula():
    for count, n in ((27, 30), (0, 70), (26, 300), (7, 7)):
        share = study.Share(count, n)
        z = 1.959963984540054
        middle = (count + z**2 / 2) / (n + z**2)
        half = z / (n + z**2) * np.sqrt(count * (n - count) / n + z**2 / 4)
        assert np.allclose([share.low, share.high], [middle - half, middle + half], atol=1e-12)
    assert str(study.Share(27, 30)) == "27 of 30 (90 %, interval 74 to 97 %)"


@pytest.mark.parametrize(
    ("narrow", "wide", "words", "never"),
    [
        ([0.5] * 100, [1.0] * 100, "8 hidden units reach 100 % more often", "cannot be told"),
        ([1.0] * 100, [0.5] * 100, "2 hidden units reach 100 % more often", "cannot be told"),
        (
            [0.9] * 100,
            [0.9] * 100,
            "cannot be told: these intervals overlap",
            "units reach 100 % more often",
        ),
        (
            [0.9] * 100,
            [0.9] * 100,
            "numbers of units: none. All runs reach it with these: none",
            "3",
        ),
        (
            [1.0] * 2,
            [1.0] * 2,
            "of units: 2 and 8. All runs reach it with these: 2 and 8.",
            "units reach 100 % more often",
        ),
    ],
)
def test_what_is_said_about_luck_t06(narrow, wide, words, never):
    runs = {2: networks(2, narrow, 0), 8: networks(8, wide, 0)}
    text = study.about_luck(runs, 0.85)
    assert words in text and never not in text


@pytest.mark.parametrize(
    ("accuracies", "dead", "words"),
    [
        ([0.6] * 30 + [0.95] * 70, [1] * 27 + [0] * 73, "27 of 30 (90 %, interval 74 to 97 %)"),
        ([0.6] * 30 + [0.95] * 70, [1] * 27 + [0] * 73, "and in 0 of 70 (0 %, interval 0 to 5 %)"),
        ([0.6] * 30 + [0.95] * 70, [1] * 27 + [0] * 73, "failure and dead units go together"),
        ([0.6] * 30 + [0.95] * 70, [0] * 30 + [1] * 70, "dead units are rarer among the failures"),
        ([0.6] * 30 + [0.95] * 70, 0, "whether the two go together cannot be told"),
        ([0.95] * 100, [1] + [0] * 99, "no run fails in this sense; 1 of 100"),
        ([0.6] * 100, [1] + [0] * 99, "all runs fail in this sense; 1 of 100"),
    ],
)
def test_what_is_said_about_dead_units(accuracies, dead, words):
    text = study.about_dead({2: networks(2, accuracies, dead)})
    assert words in text
    assert ("go together" in text) == ("go together" in words or "of 30" in words or "70" in words)


def test_dead_units_are_counted_per_unit():
    runs = {2: networks(2, [1.0] * 10, [1] * 4 + [0] * 6, [1] * 2 + [0] * 8)}
    text = study.about_dead(runs)
    assert "the share of dead units is 20 % with 2 hidden units" in text
    assert "Of all 4 dead units, 2 were dead before the first step." in text
    assert "4 of 10 runs have a dead unit; 4 of these 4 reach 100 % all the same." in text


@pytest.mark.parametrize(
    ("accuracies", "dead", "seed", "words"),
    [
        ([0.4, 0.6, 1.0], [2, 1, 1], 1, "One unit is dead: all points lie on the side"),
        ([0.4, 0.6, 1.0], [2, 0, 1], 0, "2 units are dead: "),
        ([0.4, 0.6, 1.0], [0, 0, 1], 0, "None of its units is dead."),
        ([0.9, 0.95, 1.0], [0, 1, 1], 0, "better than (a). None of its units is dead."),
    ],
)
def test_the_network_that_is_shown_is_the_best_example_there_is(accuracies, dead, seed, words):
    run = study.worst_failure(networks(2, accuracies, dead))
    text = study.about_failure(run, 0.85)
    assert run["seed"] == seed and words in text
    assert ("parallel stripes" in text) == (run["dead_units"] == 1)
    assert ("no better than (a)" in text) == (run["mlp_accuracy"] <= 0.85)


def sizes(accuracies):
    """Return runs and the results of the whole run, from {size: (trained, nearest) or several}."""
    columns = ["n_train", *(study.MODELS[name] for name in ("trained", "with bias", "mean images"))]
    rows = [
        (size, *pair, 0.6)
        for size, pairs in accuracies.items()
        for pair in (pairs if isinstance(pairs, list) else [pairs])
    ]
    runs = pd.DataFrame(rows, columns=columns)
    return runs, {"trained_low": 0.78, "trained_high": 0.82}


@pytest.mark.parametrize(
    ("accuracies", "words"),
    [
        ({100: (0.6, 0.7), 400: (0.8, 0.7)}, "With 100 images the nearest mean has the higher"),
        ({100: (0.6, 0.7), 400: (0.65, 0.7)}, "With 400 images the nearest mean has the higher"),
        ({100: (0.7, 0.7), 400: (0.8, 0.7)}, "The trained weights have no lower median"),
        ({100: (0.7, 0.7), 400: (0.8, 0.7), 800: (0.79, 0.7)}, "from 400 to 800 −1.0; an"),
        (
            {100: [(0.6, 0.7), (0.6, 0.7), (0.7, 0.6)], 400: (0.8, 0.7)},
            "median, and the higher accuracy in 2 of 3 runs.",
        ),
        ({90: (0.7, 0.6)}, "The run above took 90 images; no smaller numbers were tried."),
    ],
)
def test_what_is_said_about_the_number_of_images_t03(accuracies, words):
    assert words in study.about_sizes(*sizes(accuracies))


def test_a_set_smaller_than_all_sizes_has_its_own_run_only_t03(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "BUILD", tmp_path)
    monkeypatch.setattr(study, "sweep", lambda *_: pytest.fail("nothing is to be run"))
    results = study.Results()
    whole = dict.fromkeys(study.MODELS.values(), 0.5) | {"n_train": 60, "n_test": 10}
    study.study_sizes(results, whole)
    assert results.values["sizes"] == "60" and results.values["size_runs"] == 0
    assert (tmp_path / "figures/study_size.pdf").is_file()


def test_a_figure_of_any_number_of_seeds(tmp_path):
    runs = pd.concat([networks(2, [0.5, 1.0, 0.9], 0), networks(16, [1.0], 0)])
    picture = figures.accuracy_by_width(tmp_path, "study_width", runs, 0.85)
    assert "Medians: 90 % with 2, 100 % with 16" in picture.alt


def test_the_study_says_what_its_runs_say():
    folder = ROOT / "report/build/study"
    if not (folder / "luck").is_dir():
        pytest.skip("no study yet: make study")
    results = json.loads((ROOT / "report/build/results/study.json").read_text())
    runs = []
    for name in ("width", "luck"):
        with (folder / name / "table.csv").open() as file:
            runs += list(csv.DictReader(file))
    assert len(runs) == results["runs"] and results["width_seeds"] >= 20
    for width, numbers in results["width"].items():
        accuracies = [float(run["mlp_accuracy"]) for run in runs if run["hidden"] == width]
        assert len(accuracies) == numbers["runs"] >= (100 if width in ("2", "8") else 20)
        assert np.isclose(numbers["median"], np.median(accuracies))
        assert numbers["perfect"]["count"] == sum(a == 1 for a in accuracies)
        dead = sum(int(float(run["dead_units"])) for run in runs if run["hidden"] == width)
        count, share = map(int, re.findall(r"\d+", numbers["dead"]))
        assert count == dead and abs(share / 100 - dead / int(width) / len(accuracies)) < 0.0051
    problem3 = json.loads((ROOT / "report/build/results/problem3_mlp.json").read_text())
    linear = problem3["linear_accuracy"]
    failures = [r for r in runs if r["hidden"] == "2" and float(r["mlp_accuracy"]) <= linear]
    with_dead = sum(float(run["dead_units"]) > 0 for run in failures)
    said = re.search(r"a dead unit is in (\d+) of (\d+) ", results["answers"]["3b dead"])
    assert said and [int(n) for n in said.groups()] == [with_dead, len(failures)]
