"""List P: picture files of every kind in, an upright grey page out, or one sentence."""

import os
import re
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest
from conftest import ROOT, witness
from PIL import Image, ImageDraw

import pictures
from common import DataError
from pictures import read_picture

NEAR = 4  # grey levels, on average: what a lossy format may change


def page(width=240, height=160):
    """Draw a grey page that looks different whichever way it is turned."""
    image = Image.new("L", (width, height), 230)
    draw = ImageDraw.Draw(image)
    draw.line((20, 20, width - 30, 20, 60, height - 20), fill=40, width=12)
    draw.ellipse((150, 90, 200, 140), fill=90)
    return image


def difference(found, expected):
    assert found.dtype == np.uint8 and found.shape == np.shape(expected)
    return np.abs(found.astype(int) - np.asarray(expected, int)).mean()


def saved(image, path, **how):
    image.save(path, **how)
    return path


def stored(upright, orientation):
    """Return how an upright array is stored with an EXIF orientation, by the EXIF standard."""
    transposed = np.swapaxes(upright, 0, 1)
    ways = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: transposed,
        6: np.rot90(upright),
        7: transposed[::-1, ::-1],
        8: np.rot90(upright, -1),
    }
    return np.ascontiguousarray(ways[orientation])


GREY = page()
RGB = GREY.convert("RGB")
WAYS = {
    "grey.png": (GREY, {}),
    "rgb.png": (RGB, {}),
    "palette.png": (GREY.convert("P"), {}),
    "rgba.png": (GREY.convert("RGBA"), {}),
    "la.png": (GREY.convert("LA"), {}),
    "interlaced.png": (RGB, {"interlace": 1}),
    "a.jpg": (RGB, {"quality": 90}),
    "grey.jpg": (GREY, {"quality": 90}),
    "cmyk.jpg": (RGB.convert("CMYK"), {"quality": 95}),
    "progressive.jpg": (RGB, {"quality": 90, "progressive": True}),
    "a.mpo": (RGB, {"quality": 90, "save_all": True, "append_images": [RGB.rotate(90)]}),
    "a.webp": (RGB, {"quality": 90}),
    "lossless.webp": (RGB, {"lossless": True}),
    "a.tiff": (RGB, {}),
    "lzw.tiff": (GREY, {"compression": "tiff_lzw"}),
    "cmyk.tiff": (RGB.convert("CMYK"), {}),
    "lab.tiff": (
        Image.merge("LAB", [GREY, Image.new("L", GREY.size), Image.new("L", GREY.size)]),
        {},
    ),
    "a.gif": (GREY, {}),
    "a.bmp": (RGB, {}),
    "a.avif": (RGB, {"quality": 90}),
}


@pytest.mark.parametrize("name", WAYS)
def test_every_format_and_colour_mode_gives_the_same_page_p01_p08(tmp_path, name):
    image, how = WAYS[name]
    assert difference(read_picture(saved(image, tmp_path / name, **how)), GREY) < NEAR


def test_heic_is_read_where_pillow_heif_is_installed_p08(tmp_path):
    witness("pillow_heif").register_heif_opener()
    path = saved(RGB, tmp_path / "IMG_1.HEIC", format="HEIF", quality=90)
    assert difference(read_picture(path), GREY) < NEAR
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        lying = Image.fromarray(stored(np.asarray(RGB), orientation))
        saved(lying, path, format="HEIF", quality=90, exif=exif.tobytes())
        assert difference(read_picture(path), GREY) < NEAR
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="this HEIC file is damaged"):
        read_picture(path)


@pytest.mark.parametrize("brands", [b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heix"])
def test_heic_without_pillow_heif_is_named_with_three_ways_out_p08(tmp_path, monkeypatch, brands):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it was not installed
    path = tmp_path / "IMG_1.HEIC"
    path.write_bytes(b"\0\0\0\x18ftyp" + brands + bytes(100))
    with pytest.raises(DataError, match="iPhone's HEIC") as error:
        read_picture(path)
    for way in ("pip install pillow-heif", "Most Compatible", "export it as JPEG"):
        assert way in str(error.value)


def test_a_file_is_known_by_its_content_not_by_its_name_p01(tmp_path):
    for kind, name in (("PNG", "a.jpg"), ("JPEG", "a.png"), ("TIFF", "a"), ("GIF", "a.pdf")):
        assert difference(read_picture(saved(RGB, tmp_path / name, format=kind)), GREY) < NEAR


def test_more_than_8_bits_keep_their_shades_p01(tmp_path):
    values = np.asarray(GREY).astype(np.float32)
    lightest = values * (255 / values.max())  # more than 8 bits: the brightest becomes white
    deep = {
        "16.png": Image.fromarray((values * 257).astype(np.uint16)),
        "12 of 16.png": Image.fromarray((values * 16).astype(np.uint16)),
        "16.tiff": Image.fromarray((values * 257).astype(np.uint16)),
        "big-endian.tiff": Image.fromarray((values * 257).astype(">u2")),
        "32.tiff": Image.fromarray((values * 1000).astype(np.int32)),
        "float.tiff": Image.fromarray(values / 255),
    }
    for name, image in deep.items():
        assert difference(read_picture(saved(image, tmp_path / name)), lightest) < 1, name
    odd = np.full((20, 30), np.nan, np.float32)
    found = read_picture(saved(Image.fromarray(odd), tmp_path / "nan.tiff"))
    assert found.shape == (20, 30) and not found.any()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp", "avif"])
def test_every_exif_rotation_is_undone_p01(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying = Image.fromarray(stored(np.asarray(GREY), orientation))
    path = saved(lying.convert("RGB"), tmp_path / f"a.{suffix}", exif=exif)
    assert difference(read_picture(path), GREY) < NEAR


def test_a_large_picture_is_reduced_and_still_turned_upright_p01(tmp_path):
    large = page().resize((4000, 3000))
    exif = Image.Exif()
    exif[0x0112] = 8
    path = saved(large.rotate(-90, expand=True), tmp_path / "a.jpg", exif=exif)
    assert difference(read_picture(path), large.reduce(2)) < NEAR
    assert difference(read_picture(saved(large, tmp_path / "a.png")), large.reduce(2)) < 1


def test_turn_is_clockwise_after_the_exif_rotation_p11(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3
    path = saved(GREY.rotate(180), tmp_path / "a.png", exif=exif)
    for turn in (0, 90, 180, 270):
        assert np.array_equal(read_picture(path, turn), np.rot90(np.asarray(GREY), -turn // 90))
    with pytest.raises(ValueError, match="turn: expected one of"):
        read_picture(path, 45)


def ink_on_transparency(colour, mode="RGBA"):
    """Draw a stroke of some colour on nothing; below transparent pixels lies black."""
    image = Image.new("RGBA", (120, 90), (0, 0, 0, 0))
    ImageDraw.Draw(image).line((20, 20, 100, 20, 50, 80), fill=colour, width=8)
    return image.convert(mode)


@pytest.mark.parametrize(
    ("colour", "paper", "ink"),
    [
        ((0, 0, 0, 255), 255, 0),
        ((255, 255, 255, 255), 0, 255),
        ((30, 60, 200, 255), 255, 67),
        ((255, 240, 120, 255), 0, 231),
        ((255, 255, 255, 128), 0, 128),
        ((0, 0, 0, 128), 255, 127),
    ],
)
def test_ink_of_any_colour_on_transparency_lies_on_paper_p15(tmp_path, colour, paper, ink):
    image = ink_on_transparency(colour)
    ways = {"a.png": {}, "a.webp": {"lossless": True}, "a.tiff": {}, "a.avif": {"quality": 100}}
    for name, how in ways.items():
        found = read_picture(saved(image, tmp_path / name, **how))
        assert abs(int(np.median(found)) - paper) <= 2, name
        assert abs(int(found[20, 60]) - ink) <= 6, name


@pytest.mark.parametrize("name", ["a.gif", "a.png"])
def test_a_palette_with_a_transparent_colour_p15(tmp_path, name):
    image = Image.new("P", (120, 90), 0)
    image.putpalette([10, 200, 30, 255, 255, 255, 20, 20, 20])
    ImageDraw.Draw(image).line((20, 20, 100, 20), fill=1, width=8)
    white = read_picture(saved(image, tmp_path / name, transparency=0))
    assert np.median(white) == 0 and white[20, 60] == 255
    ImageDraw.Draw(image).line((20, 20, 100, 20), fill=2, width=8)
    black = read_picture(saved(image, tmp_path / name, transparency=0))
    assert np.median(black) == 255 and black[20, 60] < 30


def test_paper_cut_out_of_its_background_stays_on_white_p15(tmp_path):
    cut = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    draw = ImageDraw.Draw(cut)
    draw.rectangle((40, 30, 260, 170), fill=(230, 230, 225, 255))
    draw.line((100, 60, 140, 140), fill=(20, 20, 60, 255), width=6)
    found = read_picture(saved(cut, tmp_path / "a.png"))
    assert found[5, 5] == 255 and found[100, 50] > 220 and found[100, 120] < 60
    nothing = Image.new("RGBA", (30, 20), (0, 0, 0, 0))
    assert len(np.unique(read_picture(saved(nothing, tmp_path / "b.png")))) == 1


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_of_a_moving_picture_the_first_frame_is_read_p08(tmp_path, name):
    frames = [RGB.rotate(90), RGB.rotate(180)]
    how = {"lossless": True} if name == "a.webp" else {}
    path = saved(RGB, tmp_path / name, save_all=True, append_images=frames, **how)
    assert difference(read_picture(path), GREY) < NEAR


def test_a_tiff_of_several_pages_is_not_read_in_part_p08(tmp_path):
    path = saved(RGB, tmp_path / "a.tiff", save_all=True, append_images=[RGB.rotate(90)])
    with pytest.raises(DataError, match="this TIFF has several pages"):
        read_picture(path)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (50_000, 3), (3, 50_000), (1600, 1), (28, 28)])
def test_odd_sizes_p01(tmp_path, size):
    found = read_picture(saved(Image.new("L", size, 200), tmp_path / "a.png"))
    longer = max(size)
    assert max(found.shape) == longer if longer < 3200 else 1600 <= max(found.shape) <= 3200
    assert found.dtype == np.uint8 and (found == 200).all()


def test_all_white_and_all_black_stay_so_p01(tmp_path):
    for value in (0, 255):
        for mode in ("1", "L", "RGB", "RGBA", "CMYK", "I;16"):
            image = Image.new("L", (90, 70), value).convert(mode.replace("I;16", "I"))
            found = read_picture(saved(image.convert(mode), tmp_path / "a.tiff"))
            assert (found == value).all(), (value, mode)


OTHERS = {
    "a.pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF; export the page as PNG"),
    "a.svg": (b'<?xml version="1.0"?>\n<svg xmlns="...">', "an SVG drawing; export it as PNG"),
    "b.svg": (b'\xef\xbb\xbf<svg width="3">', "an SVG drawing; export it as PNG"),
    "a.html": (b"<!DOCTYPE html>\n<html><svg></svg>", "a web page; save the picture"),
    "a.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "an office document"),
    "a.mov": (b"\0\0\0\x14ftypqt  \0\0\0\0" + bytes(99), "a video; take a still picture"),
    "a.txt": ("drei Ziffern: 1, 2, ü\n".encode(), "a text file; name a picture"),
    "a.png": (b"", "the file is empty"),
    "a.psd": (b"8BPS\0\1" + bytes(99), "no picture in a format that is read here"),
    "BM.txt": (b"BM is a text, too, is it not", "a text file"),
    "noise": (bytes(range(256)) * 8, "no picture in a format that is read here"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_picture_is_named_with_the_way_to_convert_it_p08(tmp_path, name):
    content, words = OTHERS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{re.escape(name)}: .*{words}") as error:
        read_picture(tmp_path / name)
    assert "\n" not in str(error.value)


def test_what_is_no_file_is_named_p08(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    os.mkfifo(tmp_path / "pipe.png")  # opening it would wait for ever
    cases = {
        "a.docx": "office document or a zip archive",
        "pipe.png": "no ordinary file",
        ".": "this is a folder",
        "none.png": "there is no such file",
        "x" * 300: "cannot be opened",
    }
    for name, words in cases.items():
        with pytest.raises(DataError, match=words):
            read_picture(tmp_path / name)
    saved(GREY, tmp_path / "a.png")
    monkeypatch.setattr(pictures.Path, "open", lambda *_: (_ for _ in ()).throw(PermissionError()))
    with pytest.raises(DataError, match=r"a\.png: the file cannot be opened"):
        read_picture(tmp_path / "a.png")


def test_a_png_may_have_a_large_colour_profile_and_what_is_too_large_is_said_p08(tmp_path):
    large = np.random.RandomState(0).bytes(3 << 20)
    page = read_picture(saved(GREY, tmp_path / "profile.png", icc_profile=large))
    assert np.array_equal(page, np.asarray(GREY))
    saved(GREY, tmp_path / "huge.png", icc_profile=large * 8)
    with pytest.raises(DataError, match=r"huge\.png: this PNG has too much text"):
        read_picture(tmp_path / "huge.png")


@pytest.mark.parametrize("name", WAYS)
def test_a_cut_or_damaged_file_is_refused_in_one_sentence_p01(tmp_path, name):
    image, how = WAYS[name]
    content = saved(image, tmp_path / name, **how).read_bytes()
    for share in (0.01, 0.3, 0.6)[: 2 if name == "a.mpo" else 3]:  # an MPO's first half is whole
        (tmp_path / name).write_bytes(content[: int(share * len(content))])
        with pytest.raises(DataError) as error:
            read_picture(tmp_path / name)
        assert str(error.value).startswith(f"{tmp_path / name}: ") and "\n" not in str(error.value)
    rng = np.random.RandomState(0)
    for _ in range(30):  # a page or a refusal, nothing else
        damaged = bytearray(content)
        for place in rng.randint(0, len(content), 3):
            damaged[place] = rng.randint(256)
        (tmp_path / name).write_bytes(damaged)
        try:
            found = read_picture(tmp_path / name)
        except DataError as error:
            assert "\n" not in str(error)
        else:
            assert found.dtype == np.uint8 and found.ndim == 2


def png_that_claims(width, height):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(10**6)))
    return b"\x89PNG\r\n\x1a\n" + head + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_000, 11_000, 60_000])
def test_a_bomb_is_refused_p01(tmp_path, side, recwarn):
    (tmp_path / "a.png").write_bytes(png_that_claims(side, side))
    with pytest.raises(DataError, match=r"this PNG is too large \(at most 60 million pixels"):
        read_picture(tmp_path / "a.png")
    assert not recwarn.list


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tiff", "a.gif", "a.bmp", "a.avif"])
def test_more_pixels_than_a_format_may_have_are_refused_p01(tmp_path, monkeypatch, name):
    saved(Image.new("RGB", (1100, 1000)), tmp_path / name)
    assert read_picture(tmp_path / name).shape == (1000, 1100)
    for kind in pictures.MOST_MEGAPIXELS:
        monkeypatch.setitem(pictures.MOST_MEGAPIXELS, kind, 1)
    with pytest.raises(DataError, match=r"is too large \(at most 1 million pixels"):
        read_picture(tmp_path / name)


def test_a_run_length_encoded_bmp_is_read_unless_large_p01(tmp_path):
    def bmp(width, height):
        rows = height * (b"".join(b"\x01" + bytes([x % 2]) for x in range(width)) + b"\0\0")
        head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(rows), 0, 0, 2, 0)
        colours = b"\0\0\0\0\xff\xff\xff\0"
        start = 14 + len(head) + len(colours)
        first = b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start)
        return first + head + colours + rows

    (tmp_path / "a.bmp").write_bytes(bmp(100, 60))
    found = read_picture(tmp_path / "a.bmp")
    assert found.shape == (60, 100) and set(found[0, :4]) == {0, 255}
    (tmp_path / "a.bmp").write_bytes(bmp(2600, 2000))
    with pytest.raises(DataError, match="is too large"):
        read_picture(tmp_path / "a.bmp")


def test_a_file_of_many_megabytes_is_refused_p01(tmp_path):
    path = saved(RGB, tmp_path / "a.bmp")
    os.truncate(path, pictures.MOST_BYTES + 1)
    with pytest.raises(DataError, match="is too large"):
        read_picture(path)


def test_many_scans_are_refused_but_not_a_video_after_the_photograph_p01(tmp_path):
    large = Image.new("RGB", (4000, 3000), "white")
    path = saved(large, tmp_path / "a.jpg", progressive=True)
    plain = path.read_bytes()
    assert read_picture(path).shape == (1500, 2000)
    path.write_bytes(plain + 1000 * b"\xff\xda??\xff\xda")  # a film behind it: no scans
    assert read_picture(path).shape == (1500, 2000)
    last = plain[plain.rindex(b"\xff\xda") : -2]
    path.write_bytes(plain[:-2] + 200 * last + b"\xff\xd9")
    with pytest.raises(DataError, match="more scans than a photograph"):
        read_picture(path)


MEASURE = """import re, sys, pictures
status = "/proc/self/status"  # getrusage would count the parent's memory, too
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", open(status).read())[1])
before = peak()
page = pictures.read_picture(sys.argv[1])
assert 1600 <= max(page.shape) <= 3200
print(peak() - before)"""


@pytest.mark.parametrize("size", [(4000, 3000), (8165, 6124)])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "alpha.png", "wide.png", "a.tiff", "a.gif"])
def test_50_megapixels_take_less_than_430_mb_p01(tmp_path, name, size):
    large = Image.new("L", size, 220)
    ImageDraw.Draw(large).line((500, 500, 3000, 2500), fill=30, width=50)
    ways = {"a.gif": "L", "alpha.png": "RGBA", "wide.png": "I;16"}
    image = large.convert(ways.get(name, "RGB"))
    image.save(tmp_path / name, **({"compress_level": 1} if name.endswith("png") else {}))
    words = [sys.executable, "-c", MEASURE, str(tmp_path / name)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert 2 < float(done.stdout) / 1024 < 430  # and Python with its modules takes 60
