"""The optimum of Problem 4(b), and what is said about it."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

import tools.optimum
from common import DataError, read_mnist, write_idx
from results import Results
from tools.optimum import in_words, optimum, paired, study_optimum


def overlapping(N, D=30, K=3, seed=0):
    """Return byte images and labels that no linear classifier reads without mistakes."""
    rng = np.random.RandomState(seed)
    x = rng.randint(0, 256, (N, D)).astype(np.uint8)
    x[:, :2] = 0  # never inked
    scores = x @ rng.randn(D, K)
    return x, (scores / scores.std() + rng.gumbel(size=(N, K))).argmax(axis=1)


def apart(N, D=30, K=3, seed=0):
    """Return byte images whose classes a linear classifier can tell apart."""
    rng = np.random.RandomState(seed)
    labels = np.arange(N) % K
    x = rng.randint(0, 100, (N, D)).astype(np.uint8)
    x[np.arange(N), labels] += 150
    return x, labels


@pytest.mark.parametrize("seed", [0, 1])
def test_the_optimum_is_scikit_learns_without_regularisation(seed):
    x, labels = overlapping(600, seed=seed)
    best = optimum(x, labels, K=3)
    witness = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(x / 255, labels)
    assert not best.separable and best.gradient < 1e-3
    expected = log_loss(labels, witness.predict_proba(x / 255))
    assert best.loss == pytest.approx(expected, abs=1e-4)
    assert (best.predict(x) == witness.predict(x / 255)).mean() > 0.99


def test_separable_images_are_recognised_and_read_with_the_widest_margin():
    x, labels = apart(300)
    best = optimum(x, labels, K=3)
    assert best.separable and best.loss == 0
    assert (best.predict(x) == labels).all()
    again, others = apart(300, seed=1)
    assert (best.predict(again) == others).mean() > 0.95


def test_one_wrong_label_is_enough_not_to_be_separable():
    x, labels = apart(300)
    x[0] = x[1]  # two equal images with different labels
    assert labels[0] != labels[1]
    best = optimum(x, labels, K=3)
    assert not best.separable
    assert best.loss >= 2 * np.log(2) / 300 * (1 - 1e-4)  # these two share the probability


@pytest.mark.parametrize("N", [300, 3000])
def test_dark_paper_and_equal_pixels_are_no_obstacle(N):
    """Then the Hessian is nearly singular, and rounding errors make it indefinite."""
    x, labels = overlapping(N, D=60)
    x = np.hstack([x // 4 + 190, x // 4 + 190, np.full_like(x, 255)])
    best = optimum(x, labels, K=3)
    witness = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000)
    witness.fit(x[:, :60] / 32 - 6, labels)
    expected = log_loss(labels, witness.predict_proba(x[:, :60] / 32 - 6))
    assert best.loss == pytest.approx(expected, abs=1e-3)


def test_a_class_without_images_changes_nothing():
    x, labels = overlapping(400)
    assert optimum(x, labels, K=4).loss == pytest.approx(optimum(x, labels, K=3).loss, abs=1e-3)
    x, labels = apart(300)
    some = labels != 1
    best = optimum(x[some], labels[some], K=4)
    assert best.separable and (best.predict(x[some]) == labels[some]).all()


def test_no_result_depends_on_the_number_of_threads(monkeypatch):
    monkeypatch.setattr(tools.optimum, "MOST_STAGES", 2)
    x, labels = overlapping(4500, D=400, K=10)
    found = []
    for threads in "1", "2", "3":
        monkeypatch.setenv("THREADS", threads)
        best = optimum(x, labels)
        found.append((best.loss, best.gradient, best.fell, best.predict(x).tobytes()))
    assert found[0] == found[1] == found[2]


def test_the_paired_test_counts_what_only_one_model_reads():
    right = np.array([True, True, False, False, True, True])
    assert paired(right, "0 1 2") == {"only_optimum": 2, "only_trained": 1, "chance": 1}
    assert paired(right, "2 3") == {"only_optimum": 0, "only_trained": 0, "chance": 1}
    all_right = np.ones(10, bool)
    numbers = " ".join(map(str, range(10)))
    assert paired(all_right, numbers)["chance"] == pytest.approx(2 / 2**10)
    assert paired(all_right, "")["only_optimum"] == 0


TRAINED = {
    "n_train": 60000,
    "trained_loss": 0.2534,
    "trained_accuracy": 0.9249,
    "trained_train_accuracy": 0.9306,
}
BEST = {
    "n_train": 60000,
    "separable": False,
    "method": "L-BFGS in whitened coordinates",
    "iterations": 100,
    "loss": 0.1998,
    "fell": 4e-5,
    "train_accuracy": 0.9447,
    "test_accuracy": 0.9181,
    "test_low": 0.9126,
    "test_high": 0.9233,
    "trained_low": 0.9196,
    "trained_high": 0.9299,
}


def test_the_answer_says_worse_better_or_not_settled_as_the_counts_do():
    def said(only_optimum, only_trained, chance, **changes):
        counts = {"only_optimum": only_optimum, "only_trained": only_trained, "chance": chance}
        return in_words(BEST | counts | changes, TRAINED)

    worse = said(100, 168, 4e-5)
    assert "reads new images worse, although it fits" in worse and "less than 0.001" in worse
    assert "the first reads 100 and the second 168" in worse
    assert "although" not in said(100, 168, 4e-5, train_accuracy=0.93)
    assert "reads new images better" in said(168, 100, 4e-5)
    unsettled = said(101, 110, 0.582)
    assert "not settled" in unsettled and "0.582" in unsettled
    assert "better:" not in unsettled and "worse" not in unsettled
    for text in worse, unsettled:
        assert "0.1998" in text and "94.5 %" in text and "91.8 %" in text and "92.5 %" in text
        assert "91.3 to 92.3 %" in text and "92.0 to 93.0 %" in text


def test_without_the_notebooks_mistakes_the_answer_concludes_nothing():
    text = in_words(BEST, TRAINED)
    assert "better" not in text and "worse" not in text and "intervals" in text


def test_separable_images_have_no_optimum_and_the_answer_says_so():
    text = in_words(BEST | {"separable": True, "train_accuracy": 1, "n_train": 4000}, TRAINED)
    assert "all 4000 training images right" in text and "no optimum" in text
    assert "0.1998" not in text and "L-BFGS" not in text


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Make a small set of images the one that `find_mnist` names; return it."""
    x, labels = overlapping(400, D=36, K=10)
    for part, rows in (("train", slice(0, 300)), ("t10k", slice(300, 400))):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", x[rows].reshape(-1, 6, 6))
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", labels[rows].astype(np.uint8))
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    monkeypatch.setattr(tools.optimum, "PROBLEM4", tmp_path / "problem4_mnist.json")
    return read_mnist(tmp_path)


def test_the_optimum_is_recorded_beside_the_notebooks_model(small):
    hashes = small.sha256 | {"data/more.csv": "of a file that the notebook reads, too"}
    origin = {"dataset": small.name, "provenance": {"sha256": hashes}}
    mistakes = {"trained_mistakes": "0 1 2", "trained_accuracy": 0.97}
    tools.optimum.PROBLEM4.write_text(json.dumps(TRAINED | origin | mistakes))
    numbers = Results()
    study_optimum(numbers)
    best = numbers.values["optimum"]
    assert best["test_low"] < best["test_accuracy"] < best["test_high"]
    assert best["trained_low"] < 0.97 < best["trained_high"]
    right = round(100 * best["test_accuracy"])
    assert best["only_optimum"] - best["only_trained"] == right - 97
    assert numbers.answers["4b optimum"] == in_words(best, TRAINED | mistakes)


def test_results_on_other_images_are_refused(small):
    hashes = dict.fromkeys(small.sha256, "of other files")
    origin = {"dataset": "MNIST", "provenance": {"sha256": hashes}}
    tools.optimum.PROBLEM4.write_text(json.dumps(TRAINED | origin))
    with pytest.raises(DataError, match=r"problem4_mnist\.json.*found results on MNIST"):
        study_optimum(Results())
