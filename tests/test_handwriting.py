"""Own handwriting: strokes in, MNIST-style images out."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image, ImageDraw
from scipy import ndimage
from sklearn.datasets import load_digits

from common import DataError, Linear, Network
from handwriting import (
    corner,
    crop,
    deform,
    deformed_image,
    digit_items,
    looks_changed,
    normalise,
    read_digits,
    read_own,
    render,
    scikit_digits,
    smooth,
    stroke_width,
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


def test_images_look_changed_only_if_most_digits_are_read_after_the_change():
    """A network that reads half of the typed digits, as they are or turned, tells nothing."""
    images, labels = read_digits(STROKES)
    for x in (images, images.reshape(-1, 28, 28)[:, ::-1].reshape(images.shape)):
        for classes, expected in ((5, ""), (10, "" if x is images else "upside down")):
            means = [x[labels == k].mean(axis=0) / 255 for k in range(10)]
            W = np.array(means)
            b = np.where(np.arange(10) < classes, -(W**2).sum(axis=1) / 2, -1e6)
            assert looks_changed(Network([Linear(W, b)]), lambda digits: digits) == expected


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
    deformed, same = read_digits(STROKES, np.random.RandomState(3))
    assert deformed.shape == images.shape and deformed.dtype == np.uint8
    assert np.array_equal(labels, same)
    for image in deformed.reshape(-1, 28, 28):
        assert np.abs(centre(image) - 14).max() <= 0.5 + 1e-9
    again, _ = read_digits(STROKES, np.random.RandomState(3))
    assert np.array_equal(deformed, again)


def test_each_digit_is_deformed_anew_and_moderately():
    images, _ = read_digits(STROKES)
    rng = np.random.RandomState(0)
    rounds = [images, *(read_digits(STROKES, rng)[0] for _ in range(3))]
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
    deformed, same = read_digits(tmp_path / "i.json", np.random.RandomState(0))
    assert np.array_equal(labels, same) and deformed.shape == images.shape
    for before, after in zip(images, deformed, strict=True):
        assert not np.array_equal(before, after)
        assert np.abs(centre(after.reshape(28, 28)) - 14).max() <= 0.5 + 1e-9
        assert 0.7 < after.sum(dtype=float) / before.sum(dtype=float) < 1.4
    (tmp_path / "d.json").write_text(json.dumps([{"digit": 1, "pen": 5, "strokes": [[[3, 4]]]}]))
    assert read_digits(tmp_path / "d.json", np.random.RandomState(0))[0].any()


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


def rendered(item, pen):
    return render([np.array(stroke, float) for stroke in item["strokes"]], pen)


def test_shift_scale_and_brightness_hardly_change_a_digit_of_thin_strokes_p03():
    for item in digit_items(STROKES)[::4]:
        drawn = rendered(item, 4)
        reference = normalise(drawn).astype(int)
        shifted = np.zeros((900, 900), np.uint8)
        shifted[200 : 200 + drawn.shape[0], 90 : 90 + drawn.shape[1]] = drawn
        assert np.array_equal(normalise(shifted), reference)
        assert np.abs(normalise(drawn // 2) - reference / 2).mean() < 2
        larger = np.asarray(Image.fromarray(drawn).resize((drawn.shape[1] * 2, drawn.shape[0] * 2)))
        assert np.abs(normalise(larger) - reference).mean() < 4


@pytest.mark.parametrize(("pen", "least"), [(5, 36), (4, 35), (3, 34)])
def test_digits_of_a_thin_pen_are_read_p09(trained, pen, least):
    """Without widening, hardly more than half of those of the thinnest pen are."""
    items = digit_items(STROKES)
    images = np.array([normalise(rendered(item, pen)).ravel() for item in items])
    labels = np.array([item["digit"] for item in items])
    assert (trained.predict(images) == labels).sum() >= least


def test_faint_thin_digits_on_noisy_paper_are_read_p09(trained):
    """A pale pencil: a third of full ink, a soft edge, and grain in it."""
    rng = np.random.RandomState(0)
    items = digit_items(STROKES)
    images = []
    for item in items:
        ink = ndimage.gaussian_filter(rendered(item, 4).astype(float), 4) / 3
        grain = rng.normal(0, 4, ink.shape) * (ink > 8)
        images.append(normalise((ink + grain).clip(0, 255).astype(np.uint8)).ravel())
    bright = np.array(images) * np.uint8(3)
    labels = np.array([item["digit"] for item in items])
    assert (trained.predict(bright) == labels).sum() >= 35


def test_strokes_of_a_usual_width_are_prepared_as_they_always_were_p09(mnist):
    small = list(mnist.x_test[:1000].reshape(-1, 28, 28))
    large = [rendered(item, item["pen"]) for item in digit_items(STROKES) if item["pen"] >= 11]
    for images, most in ((small, 3), (large, 0)):
        changed = [not np.array_equal(normalise(image), plainly(image)) for image in images]
        assert len(images) >= 12 and sum(changed) <= most


def plainly(image):
    """Prepare an image as `normalise` did at first, whatever the width of the strokes."""
    digit = Image.fromarray(crop(image))
    scale = 20 / max(digit.size)
    width, height = (max(1, round(scale * side)) for side in digit.size)
    box = np.asarray(digit.resize((width, height), Image.Resampling.BOX))
    top, left = corner(box)
    return np.pad(box, ((top, 28 - top - height), (left, 28 - left - width)))


@pytest.mark.parametrize("angle", [0, 20, 45, 70, 90])
@pytest.mark.parametrize("pen", [10, 20, 30])
def test_the_width_of_a_stroke_is_measured_at_any_angle_and_brightness_p09(pen, angle):
    """A line of length 200 with round ends: its area and its edge are known."""
    direction = np.radians(angle)
    line = np.array([[0, 0], [200 * np.cos(direction), 200 * np.sin(direction)]])
    drawn = crop(render([line], pen))
    width = 2 * (200 * pen + np.pi * pen**2 / 4) / (400 + np.pi * pen)
    expected = width * 4 * 20 / max(drawn.shape)  # 4 pixels a unit, 20 a box
    for image in (drawn, drawn // 3):
        assert abs(stroke_width(image) / expected - 1) < 0.1


def test_a_thick_marker_stays_solid_p10():
    """A 7 with a line of 60 pixels in 700 x 700, and what a mouse draws: no outline, no hollow."""
    marker = Image.new("L", (700, 700))
    ImageDraw.Draw(marker).line((150, 120, 550, 120, 300, 600), fill=255, width=60, joint="curve")
    ones = [rendered(item, 30) for item in digit_items(STROKES) if item["digit"] == 1]
    for drawn in [np.asarray(marker), *ones]:
        image = normalise(drawn)
        strokes = image > 127
        assert np.array_equal(ndimage.binary_fill_holes(strokes), strokes)
        scale = 20 / max(crop(drawn).shape)
        assert abs(image.sum() / (drawn.sum() * scale**2) - 1) < 0.1
        assert np.array_equal(image, plainly(drawn))


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


def test_images_of_all_kinds_are_deformed(mnist):
    rng = np.random.RandomState(0)
    kinds = {
        "a corner": np.zeros((28, 28), np.uint8),
        "a line": np.zeros((28, 28), np.uint8),
        "faint": np.zeros((28, 28), np.uint8),
        "full": np.full((28, 28), 255, np.uint8),
        "grain": rng.randint(0, 256, (28, 28)).astype(np.uint8),
        "MNIST": mnist.x_test[0].reshape(28, 28),
    }
    kinds["a corner"][0, 27] = 255
    kinds["a line"][:, 1] = 255
    kinds["faint"][14, 14] = 1
    for name, image in kinds.items():
        for _ in range(20):
            deformed = deformed_image(image, rng)
            assert deformed.shape == (28, 28) and deformed.dtype == np.uint8, name
            assert deformed.any(), name


BLANK = json.dumps([{"digit": 1, "image": ["00" * 28] * 28}])


@pytest.mark.parametrize(
    "content",
    [
        BLANK,
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
        '[{"digit": 1, "pen": 5, "strokes": [[["1_0", " 2 "]]]}]',
        '[{"digit": 1, "pen": 5, "strokes": [[[true, false]]]}]',
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


def entries(count, **keys):
    """Return typed digits as entries of a digits file, with further keys."""
    return [item | keys for item in digit_items(STROKES)[:count]]


def test_own_digits_come_file_by_file_in_the_order_of_the_names_p13(tmp_path):
    images, labels = read_digits(STROKES)
    write_digits(tmp_path / "b.json", images[:3], [4, 5, 6], source="page", picture="b.jpg")
    write_digits(tmp_path / "a.json", images[3:5], [7, 8], source="file", sha256="0" * 64)
    (tmp_path / "c.json").write_text(json.dumps(entries(2)))
    write_digits(tmp_path / "d.json", images[:1], [9])
    (tmp_path / "e.json").write_text(json.dumps(entries(3, source=["x"], more={"y": 1})[2:]))
    own = read_own(tmp_path)
    assert own.labels.tolist() == [7, 8, 4, 5, 6, *labels[:2], 9, labels[2]]
    expected = [*images[3:5], *images[:3], *images[:2], images[0], images[2]]
    assert np.array_equal(own.images, expected) and own.images.dtype == np.uint8
    origins = ["file"] * 2 + ["page"] * 3 + ["unknown"] * 4
    assert own.sources == origins
    assert [path.name for path in own.files] == [f"{name}.json" for name in "abcde"]
    assert own.warnings == []


def test_what_is_known_of_a_digits_origin_is_written_into_each_entry_p13(tmp_path):
    images, _ = read_digits(STROKES)
    origin = {"source": "page", "picture": "ü 1.jpg", "sha256": "f" * 64}
    write_digits(tmp_path / "a.json", images[:2], [1, 2], **origin)
    for item in digit_items(tmp_path / "a.json"):
        assert {key: item[key] for key in origin} == origin
    write_digits(tmp_path / "b.json", images[:2], [1, 2])
    assert all(set(item) == {"digit", "image"} for item in digit_items(tmp_path / "b.json"))
    for name in ("a.json", "b.json"):
        assert np.array_equal(read_digits(tmp_path / name)[0], images[:2])


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "",
        "{",
        "{}",
        "7",
        r'"a\nb"',
        "[1]",
        BLANK,
        '[{"digit": 1}]',
        "[" * 100_000,
        "\x00\xff",
    ],
)
def test_a_broken_digits_file_is_left_out_with_one_sentence_p13(tmp_path, content):
    (tmp_path / "a.json").write_text(content, encoding="latin-1")
    (tmp_path / "b.json").write_text(json.dumps(entries(2)))
    own = read_own(tmp_path)
    assert len(own.images) == len(own.labels) == len(own.sources) == 2
    assert [path.name for path in own.files] == ["b.json"]
    (warning,) = own.warnings
    assert str(tmp_path / "a.json") in warning and warning.endswith("file is left out")
    assert "\n" not in warning and len(warning) < 300


def test_a_digit_that_is_wrong_takes_its_whole_file_along_p13(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([*entries(2), {"digit": 11}]))
    own = read_own(tmp_path)
    assert len(own.images) == 0 and own.files == []
    assert "digit 3: expected a digit 0 to 9" in own.warnings[0]


def test_a_drawing_that_is_in_two_files_counts_once_p13(tmp_path):
    """As when a web page hands out its digits twice, the second time with one more."""
    items = entries(3)
    for name, count in (("pad", 2), ("pad (1)", 3), ("pad (2)", 3)):
        (tmp_path / f"{name}.json").write_text(json.dumps(items[:count]))
    own = read_own(tmp_path)
    assert len(own.images) == len(own.labels) == len(own.sources) == 3
    assert [warning.split(": ")[1] for warning in own.warnings] == [
        "3 of its 3 digits are in another file, too, and count once",
        "2 of its 2 digits are in another file, too, and count once",
    ]
    moved = read_own(tmp_path, np.random.RandomState(0))
    assert len(moved.images) == 3


def test_pictures_and_contact_sheets_are_no_stray_files_p13(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(entries(1)))
    for name in ("x.jpg", "x.png", "x.sheet.png", "all.sheet.png", ".DS_Store", "._x.json"):
        (tmp_path / name).write_bytes(b"")
    assert read_own(tmp_path).warnings == []
    (tmp_path / "x.json").unlink()  # a removed file: its picture is left
    own = read_own(tmp_path)
    assert len(own.images) == 0
    assert [Path(warning.split()[0]).name for warning in own.warnings] == ["x.jpg", "x.png"]


def test_stray_files_and_folders_are_named_p13(tmp_path):
    (tmp_path / "b.json").write_text(json.dumps(entries(1)))
    (tmp_path / "a.txt").write_text("[]")
    (tmp_path / "c").mkdir()
    (tmp_path / "d.json").mkdir()
    own = read_own(tmp_path)
    assert len(own.images) == 1
    for name, warning in zip(("a.txt", "c", "d.json"), own.warnings, strict=True):
        assert warning.startswith(str(tmp_path / name)) and "left out" in warning


def test_a_missing_or_an_empty_folder_has_no_digits_p13(tmp_path):
    for folder in (tmp_path / "none", str(tmp_path / "none"), tmp_path):
        own = read_own(folder)
        assert own.images.shape == (0, 784) and own.labels.shape == (0,)
        assert own.sources == own.files == own.warnings == []


def test_one_file_of_own_digits_is_read_and_a_broken_one_refused_p13(tmp_path):
    images, labels = read_digits(STROKES)
    own = read_own(STROKES)
    assert np.array_equal(own.images, images) and own.labels.tolist() == labels.tolist()
    assert own.files == [STROKES] and own.sources == ["unknown"] * 40 and own.warnings == []
    for content in ("", "[]", "{}"):
        (tmp_path / "file.json").write_text(content)
        with pytest.raises(DataError, match=r"file\.json: expected a JSON list of digits"):
            read_own(tmp_path / "file.json")


def test_each_of_the_own_digits_is_deformed_and_repeats_with_the_seed(tmp_path):
    images, labels = read_digits(STROKES)
    write_digits(tmp_path / "a.json", images[:4], labels[:4].tolist())
    (tmp_path / "b.json").write_text(json.dumps(entries(4)))
    plain = read_own(tmp_path)
    deformed = read_own(tmp_path, np.random.RandomState(1))
    again = read_own(tmp_path, np.random.RandomState(1))
    assert np.array_equal(deformed.images, again.images)
    assert np.array_equal(deformed.labels, plain.labels)
    assert (deformed.images != plain.images).any(axis=1).all()
