"""Own handwriting: strokes in, MNIST-style images out."""

import json
from collections import Counter

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image, ImageDraw
from scipy import ndimage
from sklearn.datasets import load_digits

from common import DataError
from handwriting import (
    crop,
    deform,
    deformed_digits,
    digit_items,
    normalise,
    read_digits,
    render,
    scikit_digits,
    smooth,
    write_digits,
)

STROKES = ROOT / "data/handwritten/strokes.json"
SEVEN = [np.array([[10.0, 10], [90, 10], [90, 10], [50, 130]])]


def centre(image):
    return np.array(ndimage.center_of_mass(image))


def test_the_typed_digits_are_prepared_like_mnists():
    images, labels = read_digits(STROKES)
    assert images.shape == (40, 784) and images.dtype == np.uint8
    assert set(Counter(labels.tolist()).items()) == {(digit, 4) for digit in range(10)}
    for image in images.reshape(-1, 28, 28):
        rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20 and image.max() > 200
        assert np.abs(centre(image) - 14).max() <= 0.5
    assert len({image.tobytes() for image in images}) == 40


def test_the_pen_draws_as_it_always_did():
    """However `render` is made faster, the committed digits stay the same, up to rounding."""
    images, _ = read_digits(STROKES)
    for item, image in zip(digit_items(STROKES), images, strict=True):
        expected = normalise(slowly_rendered(item["strokes"], item["pen"]))
        assert np.abs(image.reshape(28, 28) - expected.astype(int)).max() <= 1


def slowly_rendered(strokes, pen):
    """Draw as `render` did at first: point by point, with numpy's numbers."""
    points = np.vstack(strokes)
    low = points.min(axis=0) - pen
    size = np.ceil((points.max(axis=0) + pen - low) * 4).astype(int)
    image = Image.new("L", tuple(size.tolist()))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        line = (smooth(np.array(stroke, float)) - low) * 4
        draw.line([tuple(point) for point in line], fill=255, width=round(4 * pen))
        for point in line:
            draw.ellipse((*(point - 2 * pen), *(point + 2 * pen)), fill=255)
    return np.asarray(image)


def test_deformed_digits_keep_their_labels_their_place_and_repeat_with_the_seed():
    images, labels = read_digits(STROKES)
    deformed, same = deformed_digits(STROKES, np.random.RandomState(3))
    assert deformed.shape == images.shape and deformed.dtype == np.uint8
    assert np.array_equal(labels, same)
    for image in deformed.reshape(-1, 28, 28):
        assert np.abs(centre(image) - 14).max() <= 0.5 + 1e-9
    again, _ = deformed_digits(STROKES, np.random.RandomState(3))
    assert np.array_equal(deformed, again)


def test_each_digit_is_deformed_anew_and_moderately():
    images, _ = read_digits(STROKES)
    rng = np.random.RandomState(0)
    rounds = [images, *(deformed_digits(STROKES, rng)[0] for _ in range(3))]
    for number in range(len(images)):
        assert len({digits[number].tobytes() for digits in rounds}) == 4
    ink = [digits.sum(axis=1, dtype=float) for digits in rounds]
    for changed in ink[1:]:
        assert np.abs(np.log(changed / ink[0])).max() < np.log(1.6)
        assert changed.std() > 0 and np.corrcoef(changed, ink[0])[0, 1] > 0.7


def test_a_deformed_stroke_of_many_points_stays_smooth():
    """Jitter that is drawn for each point alone would make a saw of it."""
    line = np.stack([np.linspace(0, 50, 200), np.linspace(0, 130, 200)], axis=1)
    moved = deform(line, np.random.RandomState(1))
    steps = np.diff(moved, axis=0)
    assert np.linalg.norm(moved - line, axis=1).max() > 2
    assert np.linalg.norm(np.diff(steps, axis=0), axis=1).max() < 0.05


def test_a_point_that_is_written_twice_is_deformed_to_one_point():
    moved = deform(SEVEN[0], np.random.RandomState(2))
    assert np.allclose(moved[1], moved[2]) and not np.allclose(moved[0], moved[1])


def test_images_and_dots_are_deformed_too(tmp_path):
    images, labels = read_digits(STROKES)
    write_digits(tmp_path / "i.json", images, labels.tolist())
    deformed, same = deformed_digits(tmp_path / "i.json", np.random.RandomState(0))
    assert np.array_equal(labels, same) and deformed.shape == images.shape
    for before, after in zip(images, deformed, strict=True):
        assert not np.array_equal(before, after)
        assert np.abs(centre(after.reshape(28, 28)) - 14).max() <= 0.5 + 1e-9
        assert 0.7 < after.sum(dtype=float) / before.sum(dtype=float) < 1.4
    (tmp_path / "d.json").write_text(json.dumps([{"digit": 1, "pen": 5, "strokes": [[[3, 4]]]}]))
    assert deformed_digits(tmp_path / "d.json", np.random.RandomState(0))[0].any()


def test_scikit_learns_digits_are_prepared_like_mnists():
    images, labels = scikit_digits()
    assert images.shape == (1797, 784) and images.dtype == np.uint8
    assert np.array_equal(labels, load_digits().target)
    for image in images.reshape(-1, 28, 28):
        rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
        assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 20
        assert np.abs(centre(image) - 14).max() <= 0.5 + 1e-9


def test_scikit_learns_digits_still_look_like_themselves():
    """Shrunk to as few pixels as before, the ink is where it was: nothing is turned or mirrored."""
    images, _ = scikit_digits()
    alike = []
    for image, counts in zip(images[:300], load_digits().images, strict=False):
        before = crop(counts)
        digit = Image.fromarray(crop(image.reshape(28, 28)))
        small = digit.resize(before.shape[::-1], Image.Resampling.BOX)
        alike.append(np.corrcoef(np.asarray(small).ravel(), before.ravel())[0, 1])
    assert np.median(alike) > 0.9 and min(alike) > 0.4


def test_no_typed_digit_is_an_mnist_image(mnist):
    images, _ = read_digits(STROKES)
    both = np.concatenate([mnist.x_train, mnist.x_test])
    assert min(np.abs(both - image.astype(int)).mean() for image in images[::8]) > 3


def test_mnist_images_stay_as_they_are(mnist):
    """MNIST's makers put the centre of mass on pixel 14, and so do we: only faint pixels change."""
    images = mnist.x_test[:1000].reshape(-1, 28, 28)
    off = [np.abs(normalise(image).astype(int) - image).mean() for image in images]
    assert np.mean(np.array(off) < 0.5) > 0.98


def test_the_centre_of_mass_is_on_pixel_14_p03():
    """Half a pixel is the best that whole pixels can do; more would show a wrong rounding."""
    for item in json.loads(STROKES.read_text()):
        strokes = [np.array(stroke, float) for stroke in item["strokes"]]
        for scale in (0.7, 1, 1.3):
            image = normalise(render([scale * stroke for stroke in strokes], scale * item["pen"]))
            assert np.abs(centre(image) - 14).max() <= 0.5 + 1e-9


def test_shift_and_scale_hardly_change_a_digit_p03():
    reference = normalise(render(SEVEN, 10)).astype(int)
    shifted = np.zeros((900, 900), np.uint8)
    drawn = render(SEVEN, 10)
    shifted[300 : 300 + drawn.shape[0], 120 : 120 + drawn.shape[1]] = drawn
    assert np.array_equal(normalise(shifted), reference)
    larger = normalise(render([2 * stroke for stroke in SEVEN], 20)).astype(int)
    assert np.abs(larger - reference).mean() < 4


@pytest.mark.parametrize(
    "image",
    [
        np.full((1, 1), 255, np.uint8),
        np.eye(300, dtype=np.uint8) * 9,
        np.full((28, 28), 200, np.uint8),
    ],
)
def test_odd_images_give_a_digit(image):
    result = normalise(image)
    assert result.shape == (28, 28) and result.dtype == np.uint8 and result.any()


def test_an_image_without_ink_is_refused():
    with pytest.raises(DataError, match="ink"):
        normalise(np.zeros((28, 28), np.uint8))


def test_smooth_keeps_ends_and_doubled_corners():
    line = smooth(np.array([[0.0, 0], [10, 0], [10, 0], [10, 10]]))
    assert (
        line[0].tolist() == [0, 0]
        and line[-1].tolist() == [10, 10]
        and np.abs(line - [10, 0]).sum(axis=1).min() < 0.1
    )
    assert (smooth(np.array([[1.0, 2]])) == [1, 2]).all()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "[1]",
        '[{"digit": 1}]',
        '[{"digit": 10, "pen": 5, "strokes": [[[0, 0]]]}]',
        '[{"digit": 1, "pen": 0, "strokes": [[[0, 0]]]}]',
        '[{"digit": 1, "pen": 5, "strokes": []}]',
        '[{"digit": 1, "pen": 5, "strokes": [[[0, 0], [1]]]}]',
        '[{"digit": 1, "pen": 5, "strokes": [[[0, 1e9]]]}]',
        '[{"digit": Infinity, "pen": 5, "strokes": [[[0, 0]]]}]',
        '[{"digit": 7.9, "pen": 5, "strokes": [[[0, 0]]]}]',
        '[{"digit": true, "pen": 5, "strokes": [[[0, 0]]]}]',
        "[" * 100000,
        '[{"digit": 1, "pen": 0.001, "strokes": [[[0, 0], [900, 900]]]}]',
        '[{"digit": 1, "pen": 5, "strokes": [[[0, NaN]]]}]',
        '[{"digit": 1, "pen": 5, "strokes": [[]]}]',
        '[{"digit": 1, "pen": 5, "strokes": [1, 2]}]',
        '[{"digit": 1, "pen": 5, "strokes": [[' + "[0, 0], " * 10_000 + "[1, 1]]]}]",
    ],
)
def test_bad_strokes_are_refused(tmp_path, content):
    path = tmp_path / "s.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"s\.json"):
        read_digits(path)


def test_a_dot_is_a_digit(tmp_path):
    (tmp_path / "s.json").write_text(json.dumps([{"digit": 1, "pen": 5, "strokes": [[[3, 4]]]}]))
    assert read_digits(tmp_path / "s.json")[0].any()
