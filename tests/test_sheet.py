"""List P: photographs of digits on paper in, 28 x 28 images out, or a refusal."""

import json
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image, ImageFilter

import common
import handwriting
import photos
from common import DataError
from tools import digits

STROKES = json.loads((ROOT / "data/handwritten/strokes.json").read_text())
WRITTEN = "".join(str(item["digit"]) for item in STROKES)


def drawn(item, height=110):
    image = Image.fromarray(
        handwriting.render([np.array(s, float) for s in item["strokes"]], item["pen"])
    )
    return np.asarray(image.resize((max(1, round(image.width * height / image.height)), height)))


def paper(images, columns=8, cell=160, *, tilt=0.0, shade=0.4, ruled=False, blur=1.0, noise=4.0):
    """Lay images of ink on shaded paper, and photograph it askew, blurred and with noise."""
    rng = np.random.RandomState(0)
    height = (-(-len(images) // columns) + 1) * cell
    width = (columns + 1) * cell
    cover = np.zeros((height, width))
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        top, left = (
            cell * (n + 1) - side // 2 for n, side in zip((row, column), image.shape, strict=True)
        )
        cover[top : top + image.shape[0], left : left + image.shape[1]] = image / 255
    blank = np.full((height, width), 230.0)
    if ruled:
        blank[40 :: cell // 3] = blank[41 :: cell // 3] = 185
    light = 1 - shade * (np.linspace(0, 0.6, width) + np.linspace(0, 0.4, height)[:, None])
    page = Image.fromarray((((1 - cover) * blank + cover * 35) * light).astype(np.uint8))
    if tilt:
        x = width * tilt
        y = height * tilt
        corners = (-x, -y, 0, height + y, width + x, height, width, 0)
        page = page.transform(
            page.size, Image.Transform.QUAD, corners, Image.Resampling.BILINEAR, fillcolor=200
        )
    blurred = np.asarray(page.filter(ImageFilter.GaussianBlur(blur))) + noise * rng.randn(
        height, width
    )
    return Image.fromarray(blurred.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def sheet():
    return paper([drawn(item) for item in STROKES])


def read(image, path, **save):
    image.save(path, **save)
    return photos.read_sheet(path)


WAYS = {
    "plain": {},
    "shaded": {"shade": 0.7},
    "ruled": {"ruled": True},
    "askew": {"tilt": 0.03},
    "blurred": {"blur": 2.5, "noise": 10},
    "all": {"ruled": True, "tilt": 0.03, "blur": 1.5, "noise": 8, "shade": 0.6},
}


@pytest.mark.parametrize("way", WAYS)
def test_every_digit_is_found_in_reading_order(tmp_path, way):
    found = read(
        paper([drawn(item) for item in STROKES], **WAYS[way]), tmp_path / "sheet.jpg", quality=85
    )
    assert found.images.shape == (40, 784) and found.images.dtype == np.uint8
    reference, _ = handwriting.read_digits(ROOT / "data/handwritten/strokes.json")
    off = np.abs(found.images[:, None].astype(int) - reference).mean(axis=2)
    alike = [WRITTEN[nearest] for nearest in off.argmin(axis=1)]
    assert (
        sum(a == b for a, b in zip(alike, WRITTEN, strict=True)) >= 38
        and np.median(np.diag(off)) < 15
    )
    for image in found.images.reshape(-1, 28, 28):
        mass = image / image.sum()
        middle = np.array([(mass.sum(axis=1) @ np.arange(28)), (mass.sum(axis=0) @ np.arange(28))])
        assert np.abs(middle - 14).max() <= 0.5


@pytest.mark.parametrize("way", ["plain", "all"])
def test_mnist_on_paper_loses_at_most_3_points_p02(tmp_path, mnist, way):
    few = 240
    large = [
        np.asarray(Image.fromarray(i.reshape(28, 28)).resize((140, 140), Image.Resampling.BICUBIC))
        for i in mnist.x_test[:few]
    ]
    means = np.array(
        [mnist.x_train[mnist.labels_train == k].mean(axis=0) / 255 for k in range(10)], np.float32
    )
    network = common.Network([common.Linear(means, np.zeros(10, np.float32))])
    targets = common.one_hot(mnist.labels_train, 10, np.float32)
    rng = np.random.RandomState(0)
    common.train(
        network,
        mnist.x_train,
        targets,
        learning_rate=0.2,
        momentum=0.9,
        batch_size=512,
        steps=400,
        rng=rng,
    )
    found = read(paper(large, 12, 170, **WAYS[way]), tmp_path / "sheet.jpg", quality=85)
    assert len(found.images) == few
    labels = mnist.labels_test[:few]
    plain, through = (
        common.accuracy(network, x, labels) for x in (mnist.x_test[:few], found.images)
    )
    assert through >= plain - 0.03


def test_polarity_scale_and_rotation_change_hardly_anything_p03(tmp_path, sheet):
    reference = read(sheet, tmp_path / "a.png").images.astype(int)
    turned = sheet.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to the right to see it upright
    others = {
        "inverted": read(sheet.point(lambda v: 255 - v), tmp_path / "b.png"),
        "larger": read(sheet.resize((sheet.width * 2, sheet.height * 2)), tmp_path / "c.png"),
        "turned": read(turned, tmp_path / "d.jpg", quality=95, exif=exif),
    }
    for name, other in others.items():
        assert other.images.shape == reference.shape, name
        assert np.abs(other.images - reference).mean() < 4, name


def test_every_colour_mode_is_read_p01(tmp_path, sheet):
    reference = read(sheet, tmp_path / "a.png").images.astype(int)
    alpha = Image.merge(
        "RGBA", [Image.new("L", sheet.size, 0)] * 3 + [sheet.point(lambda v: 255 - v)]
    )
    wide = Image.fromarray(np.asarray(sheet).astype(np.uint16) * 257)
    rgb = sheet.convert("RGB")
    modes = {
        "rgb.png": rgb,
        "palette.png": sheet.convert("P"),
        "alpha.png": alpha,
        "wide.png": wide,
        "cmyk.jpg": rgb.convert("CMYK"),
        "w.webp": rgb,
    }
    for name, image in modes.items():
        found = read(image, tmp_path / name)
        assert (
            found.images.shape == reference.shape and np.abs(found.images - reference).mean() < 4
        ), name


def bomb():
    """Return a PNG that claims 60000 x 60000 pixels."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )


def test_what_is_no_photograph_is_refused_p01(tmp_path, sheet):
    sheet.save(tmp_path / "good.jpg", quality=85)
    good = (tmp_path / "good.jpg").read_bytes()
    cases = {
        "bomb.png": bomb(),
        "cut.jpg": good[: len(good) // 2],
        "text.png": b"not an image",
        "empty.jpg": b"",
        "page.html": b"<html>",
        "head.jpg": good[:100],
    }
    for kind in (
        "gif",
        "bmp",
        "tiff",
        "ppm",
    ):  # which Pillow could read; each decoder more is a door more
        sheet.save(tmp_path / kind, format=kind)
        cases[f"{kind}.png"] = (tmp_path / kind).read_bytes()
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match=f"{name}: expected"):
            photos.read_sheet(tmp_path / name)
    empty = {
        "white": Image.new("L", (800, 600), 255),
        "black": Image.new("L", (800, 600)),
        "one": Image.new("L", (1, 1)),
        "grey": Image.new("RGB", (900, 40), "gray"),
    }
    for name, image in empty.items():
        with pytest.raises(DataError, match="found no ink"):
            read(image, tmp_path / f"{name}.png")
    for path in (tmp_path / "nothing.jpg", tmp_path):
        with pytest.raises(DataError, match="expected a photograph"):
            photos.read_sheet(path)


def test_two_digits_that_touch_are_refused_p01(tmp_path):
    images = [drawn(item) for item in STROKES[:12]]
    images[3] = np.hstack([images[2], images[2]])
    with pytest.raises(DataError, match="digit 4: expected room around each digit, found one"):
        read(paper(images, cell=300), tmp_path / "a.png")


def test_strokes_of_one_digit_are_joined_and_specks_are_dropped(tmp_path):
    images = [drawn(item) for item in STROKES[:16]]
    images[2] = images[2].copy()
    images[2][52:58] = 0  # a 0 in two halves with a small gap
    images[5] = np.zeros((12, 12), np.uint8)
    images[5][3:9, 3:9] = 255  # a speck
    assert len(read(paper(images), tmp_path / "a.png").images) == 15


def test_more_pixels_than_a_photograph_has_are_refused_p01(tmp_path):
    """Fewer than Pillow itself calls a bomb, more than we read."""
    for name, side, most in (("a.jpg", 8000, 60_000_000), ("a.png", 4000, 15_000_000)):
        Image.new("L", (side, side)).save(tmp_path / name)
        with pytest.raises(DataError, match=f"at most {most} pixels, found {side} x {side}"):
            photos.read_sheet(tmp_path / name)


def test_a_photograph_of_two_pictures_as_telephones_write(tmp_path, sheet):
    large = sheet.resize((4000, 5000))
    large.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[sheet])
    assert len(photos.read_sheet(tmp_path / "a.jpg").images) == 40


def test_small_files_that_would_take_minutes_are_refused_p01(tmp_path, sheet):
    sheet.save(tmp_path / "scans.jpg", progressive=True)
    with (tmp_path / "scans.jpg").open("ab") as file:
        file.write(b"\xff\xda" * 1000)  # each would be unpacked over the whole picture
    with pytest.raises(DataError, match="at most 1000 scans"):
        photos.read_sheet(tmp_path / "scans.jpg")
    dots = np.full((1600, 1600), 255, np.uint8)
    dots[100:-100, 100:-100] = np.kron(
        np.ones((175, 175), np.uint8),
        np.pad(np.zeros((3, 3), np.uint8), (0, 5), constant_values=255),
    )
    with pytest.raises(DataError, match=r"a\.png: expected at most 1000 digits"):
        read(Image.fromarray(dots), tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.jpg", "alpha.png", "wide.png"])
def test_12_megapixels_take_at_most_300_mb_p01(tmp_path, name):
    page = paper([drawn(item) for item in STROKES]).resize((3000, 4000))
    wide = Image.fromarray(np.asarray(page).astype(np.uint16) * 257)  # 16 bits a pixel
    pages = {"a.jpg": page.convert("RGB"), "alpha.png": page.convert("RGBA"), "wide.png": wide}
    pages[name].save(tmp_path / name, quality=90, compress_level=1)
    code = f"""import re, photos
status = "/proc/self/status"  # getrusage would count the parent's memory, too
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open(status).read())[1])
before = peak()
assert len(photos.read_sheet({str(tmp_path / name)!r}).images) == 40
print(peak() - before)"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert 5 < float(done.stdout) / 1024 < 300


def command(*words):
    done = subprocess.run(
        [sys.executable, "-m", "tools.digits", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return done


def test_the_command_finds_shows_and_saves_digits(tmp_path, sheet):
    sheet.save(tmp_path / "mine.jpg", quality=85)
    out = tmp_path / "set/mine.json"
    looked = command(tmp_path / "mine.jpg", "--out", out)
    assert (
        looked.returncode == 0
        and "40 digits found" in looked.stdout
        and "40 characters" in looked.stdout
    )
    assert (tmp_path / "set/mine.sheet.png").is_file() and not out.exists()
    wrong = command(tmp_path / "mine.jpg", "--out", out, "--labels", WRITTEN[:-1])
    assert (
        wrong.returncode == 2
        and "expected 40 characters" in wrong.stderr
        and "found 39" in wrong.stderr
    )
    assert not out.exists()
    done = command(
        tmp_path / "mine.jpg", "--out", out, "--labels", f".{WRITTEN[1:20]} {WRITTEN[20:]}"
    )
    assert done.returncode == 0 and "39 digits saved" in done.stdout
    images, labels = handwriting.read_digits(out)
    assert images.shape == (39, 784) and "".join(map(str, labels)) == WRITTEN[1:]
    assert np.array_equal(images, photos.read_sheet(tmp_path / "mine.jpg").images[1:])
    # The photograph is not written over.
    for name, written in (("p.sheet.png", "p.json"), ("p.png", "p.png")):
        sheet.save(tmp_path / name)
        before = (tmp_path / name).read_bytes()
        clash = command(tmp_path / name, "--out", tmp_path / written)
        assert (
            clash.returncode == 1
            and "would be overwritten; choose another name with --out" in clash.stderr
        )
        assert (tmp_path / name).read_bytes() == before
    broken = command(tmp_path / "nothing.jpg")
    assert (
        broken.returncode == 1
        and broken.stderr.startswith("error: ")
        and len(broken.stderr.splitlines()) == 1
    )


@pytest.mark.parametrize("image", [["00" * 28] * 27, ["zz" * 28] * 28, 7, ["00" * 27] * 28])
def test_a_bad_image_in_a_digits_file(tmp_path, image):
    (tmp_path / "a.json").write_text(json.dumps([{"digit": 1, "image": image}]))
    with pytest.raises(DataError, match="digit 1: expected an image, 28 rows of 28 bytes"):
        handwriting.read_digits(tmp_path / "a.json")


def test_reading_order_of_sloping_rows():
    boxes = np.array(
        [
            (x * 100, y * 150 + x * 12, x * 100 + 50, y * 150 + x * 12 + 80)
            for y in range(3)
            for x in range(9)
        ]
    )
    shuffled = np.random.RandomState(0).permutation(27)
    assert [shuffled[i] for i in photos.reading_order(boxes[shuffled])] == list(range(27))


def test_the_contact_sheet_shows_page_and_digits(sheet, tmp_path):
    found = read(sheet, tmp_path / "a.png")
    shown = digits.contact_sheet(found, WRITTEN)
    assert shown.width == 960 and shown.height > 400 and len(shown.getcolors(10**6)) > 10
