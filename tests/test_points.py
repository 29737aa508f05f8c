"""The points of Problems 2 and 3: reading them, making them, and the verdict on them."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from common import DataError, Linear, Network, ReLU, accuracy, one_hot, train
from points import margins, read_points, separability


@pytest.mark.parametrize(
    "text",
    [
        "x1,x2,label\n1,2,0\n3,-4.5,1\n-1e-1,.5,2\n",
        "1 2 0\n3\t-4.5  1\n\n# a remark\n-0.1 0.5 2",
        "1, 2, 1, 0, 0\n3, -4.5, 0, 1, 0\n-0.1, 0.5, 0, 0, 1.0\n",
        "\ufeffa b y0 y1 y2\r\n1 2 1 0 0\r\n3 -4.5 0 1 0\r\n-0.1 0.5 0 0 1\r\n",
    ],
)
def test_points_are_read_in_every_format(tmp_path, text):
    (tmp_path / "p.csv").write_text(text, encoding="utf-8", newline="")
    x, labels = read_points(tmp_path / "p.csv")
    assert x.tolist() == [[1, 2], [3, -4.5], [-0.1, 0.5]] and labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("1,2,0\n3,4\n", 2, "3 columns"),
        ("1,2,0\n3,4,1,5\n", 2, "3 columns"),
        ("1,2\n", 1, "3 columns"),
        ("# x\n1,2,0\n3,four,1\n", 3, "numbers"),
        ("1,2,0\n3,nan,1\n", 2, "finite"),
        ("nan,nan,nan\n1,2,0\n3,4,1\n", 1, "finite"),
        ("1,2,0\n3,4,1e30\n", 2, "whole number"),
        ("1,2,0,1\n3,4,,0\n", 2, "numbers"),
        ("1,2,0\n3,1e999,1\n", 2, "finite"),
        ("1,2,0\n3,4,0.5\n", 2, "whole number"),
        ("1,2,0\n3,4,-1\n", 2, "whole number"),
        ("1,2,1,0\n3,4,1,1\n", 2, "one-hot"),
        ("1,2,1,0\n3,4,0,0\n", 2, "one-hot"),
        ("1,2,1\n3,4,2\n", None, "labels 0 to K-1"),
        ("1,2,0\n3,4,0\n", None, "K at least 2"),
        ("", None, "K at least 2"),
        ("x1,x2,label\n", None, "K at least 2"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path, text, line, word):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=word) as caught:
        read_points(path)
    assert str(path) in str(caught.value) and "found" in str(caught.value)
    assert line is None or f"line {line}:" in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError, match=str(path)):
            read_points(path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(DataError):
        read_points(tmp_path / "binary")


def test_committed_points_are_what_the_script_makes(tmp_path):
    (tmp_path / "make_points.py").write_text((ROOT / "data/make_points.py").read_text())
    subprocess.run([sys.executable, str(tmp_path / "make_points.py")], check=True)
    for name in ("set2.csv", "set3.csv"):
        assert (tmp_path / name).read_bytes() == (ROOT / "data" / name).read_bytes()


def test_the_data_has_its_checksums():
    done = subprocess.run(
        ["sha256sum", "-c", "--quiet", "SHA256SUMS"],
        cwd=ROOT / "data",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_set2_is_separable():
    x, labels = read_points(ROOT / "data/set2.csv")
    verdict = separability(x, labels)
    assert verdict.separable and not verdict.in_the_way.any()
    assert margins(x, labels, verdict.W, verdict.b).min() > 0 and len(x) == 150


def test_set3_is_separable_only_without_the_named_points():
    x, labels = read_points(ROOT / "data/set3.csv")
    verdict = separability(x, labels)
    assert not verdict.separable and len(x) % 40 == 0
    rest = ~verdict.in_the_way
    assert 0 < verdict.in_the_way.sum() < 40 and separability(x[rest], labels[rest]).separable


def test_eight_hidden_units_are_enough_for_set3():
    x, labels = read_points(ROOT / "data/set3.csv")
    rng = np.random.RandomState(0)
    network = Network(
        [Linear(rng.randn(8, 2), rng.randn(8)), ReLU(), Linear(rng.randn(3, 8), rng.randn(3))]
    )
    train(network, x, one_hot(labels, 3), learning_rate=0.5, steps=2000)
    assert accuracy(network, x, labels) >= 0.975


def test_verdicts_known_by_hand():
    corners = np.array([[0.0, 0], [1, 1], [0, 1], [1, 0]])
    assert separability(corners, np.array([0, 1, 0, 1])).separable
    xor = separability(corners, np.array([0, 0, 1, 1]))
    assert not xor.separable and xor.in_the_way.any()
    same = np.zeros((2, 2))
    assert not separability(same, np.array([0, 1])).separable
    line = np.arange(5.0)[:, None] * [1, 1]
    assert separability(line, np.array([0, 0, 1, 1, 1])).separable
    assert not separability(line, np.array([0, 1, 1, 0, 0])).separable


@pytest.mark.parametrize("seed", range(10))
def test_verdict_survives_scaling_and_shifting(seed):
    rng = np.random.RandomState(seed)
    x = rng.randn(40, 2)
    labels = rng.randint(3, size=40)
    planted = (x @ rng.randn(2, 3)).argmax(axis=1)
    for scale, shift in ((1, 0), (1e4, -5e5), (1e-4, 3)):
        if len(set(planted)) == 3:
            assert separability(x * scale + shift, planted).separable
        assert not separability(x * scale + shift, labels).separable
