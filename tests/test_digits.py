"""List P, the command: pictures by any door in, a contact sheet always, and nothing overwritten."""

import functools
import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

import handwriting
import photos
from tools import contact_sheet, digits, labels, mine

STROKES = json.loads((ROOT / "data/handwritten/strokes.json").read_text())
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def ink(item, height):
    """Draw a typed digit at some height: ink is 255."""
    drawn = handwriting.render([np.array(s, float) for s in item["strokes"]], item["pen"])
    width = max(1, round(drawn.shape[1] * height / drawn.shape[0]))
    return np.asarray(Image.fromarray(drawn).resize((width, height)))


def single(item, side=200, height=120, paper=230):
    """Draw a picture of one digit."""
    digit = ink(item, height)
    page = np.full((side, side), float(paper))
    top = (side - height) // 2
    left = (side - digit.shape[1]) // 2
    page[top : top + height, left : left + digit.shape[1]] -= digit / 255 * (paper - 30)
    return Image.fromarray(page.astype(np.uint8))


def sheet(items, columns=4, cell=160, height=90):
    """Draw a sheet of paper with digits in rows."""
    rows = -(-len(items) // columns)
    page = Image.new("L", (cell * (columns + 1), cell * (rows + 1)), 230)
    for i, item in enumerate(items):
        row, column = divmod(i, columns)
        digit = single(item, cell - 10, height)
        page.paste(digit, (cell // 2 + column * cell, cell // 2 + row * cell))
    return page


def touching(items):
    """Draw a sheet of eight digits; the third of the second row becomes two that touch."""
    page = np.array(sheet(items))
    pair = np.hstack([ink(items[0], 90), ink(items[0], 90)])
    top = 80 + 160 + 30
    page[240:400, 395:720] = 230
    page[top : top + 90, 410 : 410 + pair.shape[1]] = 230 - pair * 0.8
    return Image.fromarray(page)


def saved(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; mine/ is its folder for digits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(digits, "ROOT", tmp_path)
    monkeypatch.setattr(digits, "MINE", tmp_path / "mine")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["tools.digits", *map(str, words)])
        try:
            code = digits.main()
        except SystemExit as error:  # argparse
            code = error.code
        return code, *capsys.readouterr()

    return run


def next_command(output):
    """Return the words of the last command that the output asks for, without python -m."""
    lines = [line for line in output.splitlines() if line.startswith("    python -m tools.digits ")]
    return shlex.split(lines[-1])[3:]


def read(path):
    images, numbers = handwriting.read_digits(path)
    return images, "".join(map(str, numbers))


def snapshot(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def items_of(text):
    """Return a typed digit for each character."""
    return [next(item for item in STROKES if item["digit"] == int(digit)) for digit in text]


def test_a_sheet_is_shown_then_saved_by_the_command_that_was_printed_p06(command, tmp_path):
    saved(sheet(items_of("01234567")), tmp_path / "my sheet.jpg")
    code, out, err = command("my sheet.jpg")
    assert code == 0 and not err and "8 digits" in out
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["my_sheet.sheet.png"]
    words = next_command(out)
    assert words == ["my sheet.jpg", "--labels", "???? ????"]
    code, _, err = command(*words)
    assert code == 2 and "replace each ?" in err
    code, out, _ = command(*words[:-1], "0123 4.67")
    assert code == 0 and "7 digits saved in mine" in out
    assert "at least 15" in out and "next: make report" in out
    images, numbers = read(tmp_path / "mine/my_sheet.json")
    assert numbers == "0123467"
    found = photos.read_sheet(tmp_path / "my sheet.jpg").images
    assert np.array_equal(images, np.delete(found, 5, axis=0))


def test_a_digits_file_says_where_it_comes_from_p13(command, tmp_path):
    large = sheet(items_of("01234567"))
    saved(large, tmp_path / "a.jpg")
    saved(single(items_of("3")[0]), tmp_path / "3.png")
    command("a.jpg", "--labels", "01234567")
    command("3.png")
    for name, source in (("a.jpg", "page"), ("3.png", "file")):
        content = (tmp_path / name).read_bytes()
        entries = json.loads((tmp_path / "mine" / name).with_suffix(".json").read_text())
        assert {entry["source"] for entry in entries} == {source}
        assert {entry["picture"] for entry in entries} == {name}
        assert {entry["sha256"] for entry in entries} == {hashlib.sha256(content).hexdigest()}


def test_the_copy_is_upright_and_without_metadata_p13(command, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker of the telephone"
    page = sheet(items_of("01234567"))
    page.rotate(90, expand=True).save(tmp_path / "a.jpg", exif=exif, quality=95)
    command("a.jpg", "--labels", "01234567")
    copy = Image.open(tmp_path / "mine/a.jpg")
    assert copy.size == page.size and not copy.getexif()
    assert b"maker" not in (tmp_path / "mine/a.jpg").read_bytes()
    small = saved(single(items_of("3")[0]), tmp_path / "3.png")
    command("3.png")
    assert np.array_equal(Image.open(tmp_path / "mine/3.png"), Image.open(small))


NAMES = {
    "7_2.png": "7",
    "7.png": "7",
    "7-a.jpg": "7",
    "7_001.png": "7",
    "img_3.jpg": "3",
    "digit-4.png": "4",
    "DIGIT4.PNG": "4",
    "4 (2).png": "4",
    "five/01.png": "5",
    "Five/img_5.png": "5",
    "5/01.png": "5",
    "five/7_2.png": "5",
    "IMG_2024.jpg": "",
    "img_03.png": "",
    "a_3_b_4.png": "",
    "digit_7_001.png": "",
    "2024-05-07.png": "",
    "5-4-2024.png": "",
    "Screenshot 2024-05-12 at 9.41.22.png": "",
    "image (3).png": "",
    "scan copy 3.png": "",
    "3rd try.png": "",
    "12.png": "",
    "seven.png": "",
    "55/x.png": "",
    "5/7_2.png": "",
}


@pytest.mark.parametrize("name", NAMES)
def test_which_names_say_a_digit_p04(tmp_path, name):
    path = tmp_path / "pictures" / name
    path.parent.mkdir(parents=True)
    path.touch()
    assert labels.from_names([path]) == [NAMES[name]]


def test_running_numbers_say_nothing_p04(tmp_path):
    for number in range(1, 16):
        (tmp_path / f"IMG_{number}.png").touch()
        (tmp_path / f"{number}_scan.png").touch()
        (tmp_path / f"img_{number % 10}x.png").touch()
    paths = sorted(tmp_path.iterdir())
    assert set(labels.from_names(paths)) == {""}  # img_1x: a letter follows
    (tmp_path / "IMG_3.png").rename(tmp_path / "digit_3.png")
    assert labels.from_names([tmp_path / "digit_3.png"]) == ["3"]


@pytest.mark.parametrize(
    ("numbers", "is_said"),
    [
        ("12345", False),
        ("012", False),
        ("12", False),
        ("3", True),
        ("1", True),
        ("37", True),
        ("23", True),
        ("1123", True),
        ("123456789", True),
        ("0123456789", True),
    ],
)
def test_a_few_running_numbers_are_not_taken_for_digits_p04(tmp_path, numbers, is_said):
    paths = []
    for i, number in enumerate(numbers):
        paths.append(tmp_path / f"img_{number}{'.png' if i % 2 else '.jpg'}")
        paths[-1].touch()
    assert labels.from_names(paths) == [number if is_said else "" for number in numbers]


def test_ten_folders_of_running_numbers_say_the_digit_p04(tmp_path):
    for folder in "5", "7":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.png").touch()
    paths = [tmp_path / "5/1.png", tmp_path / "7/1.png"]
    assert labels.from_names(paths) == ["5", "7"]


def test_a_folder_of_single_digits_is_saved_by_the_names_p04(command, tmp_path):
    for i, item in enumerate(STROKES):
        saved(single(item), tmp_path / f"digits/{item['digit']}_{i}.png")
    code, out, err = command("digits")
    assert code == 0 and not err
    assert "40 digits saved in mine" in out and "40 labels from the names" in out
    assert "15" not in out.split("now holds")[1]
    shown = Image.open(tmp_path / "mine/digits.sheet.png")
    assert shown.width == 960 and shown.height < 2000  # tiles, not 40 pages
    for i, item in enumerate(STROKES):
        images, numbers = read(tmp_path / f"mine/{item['digit']}_{i}.json")
        found = photos.read_sheet(tmp_path / f"digits/{item['digit']}_{i}.png").images
        assert numbers == str(item["digit"]) and np.array_equal(images, found)
    # The printed command corrects a label.
    words = next_command(out)
    assert words[:-1] == ["digits", "--labels"]
    corrected = "9" + words[-1].replace(" ", "")[1:]
    before = len(list((tmp_path / "mine").iterdir()))
    code, out, _ = command("digits", "--labels", corrected)
    assert code == 0 and "40 digits saved" in out and "now holds 40" in out
    assert read(tmp_path / "mine/0_0.json")[1] == "9"
    assert len(list((tmp_path / "mine").iterdir())) == before


def test_typed_digits_as_28_x_28_files_come_back_the_same_p04(command, tmp_path):
    images, numbers = handwriting.read_digits(ROOT / "data/handwritten/strokes.json")
    for polarity, folder in ((0, "light"), (255, "dark")):
        for i, image in enumerate(images):
            picture = Image.fromarray(
                np.abs(polarity - image.astype(int)).astype(np.uint8).reshape(28, 28)
            )
            saved(picture, tmp_path / folder / f"{numbers[i]}_{i}.png")
        code, out, _ = command(folder, "--out", f"mine-{folder}")
        assert code == 0 and "40 digits in 40 pictures" in out
        if "doubtful" in out:
            code, out, _ = command(
                folder, "--out", f"mine-{folder}", "--labels", "".join(map(str, numbers))
            )
        for i, image in enumerate(images):
            found, label = read(tmp_path / f"mine-{folder}/{numbers[i]}_{i}.json")
            assert label == str(numbers[i])
            assert np.abs(found[0].astype(int) - image).mean() < 8


def test_running_numbers_are_only_shown_and_labels_asked_for_p04(command, tmp_path):
    for number, item in enumerate(STROKES[:12], 1):
        saved(single(item), tmp_path / f"photos/img_{number}.png")
    code, out, _ = command("photos")
    assert code == 0 and not list((tmp_path / "mine").glob("*.json"))
    words = next_command(out)
    assert words == ["photos", "--labels", "?????????? ??"]
    assert out.index("img_2.png") < out.index("img_10.png")  # in natural order
    typed = "".join(str(item["digit"]) for item in STROKES[:12])
    code, out, _ = command(*words[:-1], typed)
    assert code == 0 and "12 digits saved" in out
    for number, item in enumerate(STROKES[:12], 1):
        assert read(tmp_path / f"mine/img_{number}.json")[1] == str(item["digit"])


def test_folders_in_a_folder_and_what_is_no_picture_p04(command, tmp_path):
    for word, item in zip(WORDS, items_of("0123456789"), strict=True):
        saved(single(item), tmp_path / f"set/{word}/01.png")
        saved(single(item, height=110), tmp_path / f"set/{word}/02.png")
    (tmp_path / "set/notes.txt").write_text("my notes")
    (tmp_path / "set/.DS_Store").write_bytes(b"\0\0\0\1Bud1")
    saved(single(STROKES[0]), tmp_path / "set/.hidden/7_1.png")
    saved(single(STROKES[0]), tmp_path / "set/five/deeper/7_1.png")
    (tmp_path / "set/gone.png").symlink_to(tmp_path / "nowhere.png")
    code, out, _ = command("set")
    assert code == 0 and "20 digits saved" in out
    line = next(line for line in out.splitlines() if line.startswith("set: left out"))
    for name in ("notes.txt", ".DS_Store", ".hidden", "five/deeper", "gone.png"):
        assert name in line
    saved_labels = [read(path)[1] for path in (tmp_path / "mine").glob("*.json")]
    assert sorted(saved_labels) == sorted("0123456789" * 2)  # ten pictures are called 01.png


def test_several_files_and_a_sheet_in_one_command_p04(command, tmp_path):
    saved(single(items_of("7")[0]), tmp_path / "7.png")
    saved(sheet(items_of("01234567")), tmp_path / "sheet.png")
    saved(single(items_of("5")[0]), tmp_path / "x.png")
    code, out, _ = command("7.png", "sheet.png", "x.png")
    assert code == 0 and not list((tmp_path / "mine").glob("*.json"))
    words = next_command(out)
    assert words[-1] == "7 ???? ???? ?"
    assert command(*words[:-1], "7 0123 4567 5")[0] == 0
    assert [read(tmp_path / f"mine/{stem}.json")[1] for stem in ("7", "sheet", "x")] == [
        "7",
        "01234567",
        "5",
    ]


def test_a_doubtful_mark_is_red_named_by_its_place_and_saved_only_if_typed_p06(command, tmp_path):
    saved(touching(items_of("01234567")), tmp_path / "a.png")
    code, out, _ = command("a.png")
    assert code == 0 and "7 digits (1 doubtful)" in out and "7, row 2, third: " in out
    assert red_pixels(tmp_path / "mine/a.sheet.png") > 200
    command("a.png", "--labels", "012345.")
    assert read(tmp_path / "mine/a.json")[1] == "012345"
    command("a.png", "--labels", "0123450")
    assert read(tmp_path / "mine/a.json")[1] == "0123450"


def red_pixels(path):
    red = np.asarray(Image.open(path).convert("RGB")).astype(int)
    return ((red[..., 0] > 180) & (red[..., 1] < 60)).sum()


def test_a_doubtful_single_digit_is_not_saved_by_its_name_p06(command, tmp_path, monkeypatch):
    saved(single(items_of("7")[0]), tmp_path / "d/7_1.png")
    saved(single(items_of("3")[0]), tmp_path / "d/3_1.png")
    find = photos.find

    def doubtful(page):
        found = find(page)
        seven = np.array_equal(page, Image.open(tmp_path / "d/7_1.png"))
        return found._replace(doubts=["is it whole?"] if seven else [""])

    monkeypatch.setattr(photos, "find", doubtful)
    code, out, _ = command("d")
    assert code == 0 and "1 digit saved" in out and "1 doubtful mark not saved" in out
    assert [path.name for path in (tmp_path / "mine").glob("*.json")] == ["3_1.json"]
    assert next_command(out)[-1] == "3?"
    assert command("d", "--labels", "37")[0] == 0
    assert read(tmp_path / "mine/7_1.json")[1] == "7"


def test_what_is_left_out_is_counted_and_drawn_grey_p06(tmp_path):
    page = np.full((400, 600), 230, np.uint8)
    mark = photos.LeftOut((100, 100, 300, 110), "a ruled line")
    empty = np.zeros((0, 784), np.uint8)
    found = photos.Sheet(page, empty, np.zeros((0, 4), int), [], [], [mark, mark], [])
    assert digits.summary(found) == "no digit was found; left out: a ruled line (2)"
    drawn = np.asarray(contact_sheet.draw(found, 1, 1, "a.png", "").page)
    grey = (drawn == int(contact_sheet.GREY[1:3], 16)).all(axis=2)
    assert grey.sum() > 400 and not grey[:80].any()


def test_a_page_without_digits_has_a_contact_sheet_p06(command, tmp_path):
    saved(Image.new("L", (300, 200), 230), tmp_path / "empty.png")
    code, out, _ = command("empty.png")
    assert code == 1 and "no digit was found" in out
    assert (tmp_path / "mine/empty.sheet.png").is_file()


def test_one_refused_picture_stops_saving_but_not_showing_p06(command, tmp_path):
    saved(single(items_of("7")[0]), tmp_path / "7.png")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7")
    code, out, err = command("7.png", "scan.pdf")
    assert code == 1 and "scan.pdf: this is a PDF" in err and "nothing is saved" in out
    assert not list((tmp_path / "mine").glob("*.json"))
    assert red_pixels(tmp_path / "mine/7.sheet.png") > 20  # it names the PDF
    words = next_command(out)
    assert words == ["7.png", "--labels", "7"]
    assert command(*words)[0] == 0
    code, out, err = command("scan.pdf")
    assert code == 1 and not out and len(err.splitlines()) == 1
    code, _, err = command("none.png", "--labels", "3")
    assert code == 1 and "there is no such file" in err


def test_turn_p11(command, tmp_path):
    page = sheet(items_of("01234567"))
    saved(page.rotate(90, expand=True), tmp_path / "a.png")
    _, out, _ = command("a.png", "--turn", "90")
    assert next_command(out) == ["a.png", "--turn", "90", "--labels", "???? ????"]
    command("a.png", "--turn", "90", "--labels", "01234567")
    saved(page, tmp_path / "b.png")
    command("b.png", "--labels", "01234567")
    assert np.array_equal(read(tmp_path / "mine/a.json")[0], read(tmp_path / "mine/b.json")[0])


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["a.png", "--turn", "45"],
        ["a.png", "--labels", "0123456"],
        ["a.png", "--labels", "012345678"],
        ["a.png", "--labels", "0123456x"],
        ["a.png", "--labels", "........"],
        ["a.png", "--labels", "0123456²"],
        ["a.png", "--out", "a.png"],
        ["a.png", "--what"],
    ],
)
def test_bad_options_are_refused_and_nothing_is_saved_p06(command, tmp_path, words):
    saved(sheet(items_of("01234567")), tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    code, _, err = command(*words)
    assert code == 2 and "error: " in err
    assert not list(tmp_path.rglob("*.json")) and (tmp_path / "a.png").read_bytes() == before


def test_labels_of_a_wrong_number_still_have_a_contact_sheet_p06(command, tmp_path):
    saved(sheet(items_of("01234567")), tmp_path / "a.png")
    code, _, err = command("a.png", "--labels", "0123")
    assert code == 2 and "expected 8 characters" in err and "found 4" in err
    assert (tmp_path / "mine/a.sheet.png").is_file()


def test_two_pictures_of_the_same_name_are_both_kept_p13(command, tmp_path):
    for folder, text in (("x", "01234567"), ("y", "76543210"), ("z", "33333333")):
        saved(sheet(items_of(text)), tmp_path / folder / "IMG_1.png")
    command("x/IMG_1.png", "--labels", "01234567")
    first = snapshot(tmp_path / "mine")
    command("y/IMG_1.png", "--labels", "76543210")
    command("z/IMG_1.png", "--labels", "33333333")
    everything = snapshot(tmp_path / "mine")
    assert first.items() <= everything.items()
    assert [read(tmp_path / f"mine/IMG_1{end}.json")[1] for end in ("", "-2", "-3")] == [
        "01234567",
        "76543210",
        "33333333",
    ]
    # The same picture again, by whatever name, replaces its own digits and nothing else.
    (tmp_path / "y/IMG_1.png").rename(tmp_path / "renamed.png")
    command("renamed.png", "--labels", "765432..")
    after = snapshot(tmp_path / "mine")
    assert read(tmp_path / "mine/IMG_1-2.json")[1] == "765432"
    changed = {path.name for path in after if after[path] != everything.get(path)}
    assert changed <= {"IMG_1-2.json", "IMG_1-2.sheet.png"} and after.keys() == everything.keys()


def test_files_that_are_no_digits_of_the_picture_are_never_overwritten_p13(command, tmp_path):
    page = saved(sheet(items_of("01234567")), tmp_path / "a.png")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a.json").write_text("[]")
    (folder / "A-2.JPG").write_bytes(b"somebody's")
    (folder / "a-3.json").write_text("{broken")
    before = snapshot(folder)
    code, _, _ = command(page, "--labels", "01234567")
    assert code == 0 and before.items() <= snapshot(folder).items()
    assert read(folder / "a-4.json")[1] == "01234567"


def test_a_picture_that_lies_in_mine_already_p13(command, tmp_path):
    original = saved(sheet(items_of("01234567")), tmp_path / "mine/a.png")
    before = original.read_bytes()
    for _ in range(2):
        assert command(original, "--labels", "01234567")[0] == 0
        assert original.read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == [
        "a-2.jpg",
        "a-2.json",
        "a-2.sheet.png",
        "a.png",
    ]
    # The folder itself: the original and its copy are one picture.
    code, out, _ = command("mine")
    assert code == 0 and "the same picture as" in out and "8 digits in 1 picture" in out


def test_mine_itself_is_read_again_without_labels_from_the_names_of_copies_p13(command, tmp_path):
    for word in ("five", "six"):
        saved(single(items_of(str(WORDS.index(word)))[0]), tmp_path / f"set/{word}/01.png")
    command("set")
    saved_before = {path: read(path)[1] for path in (tmp_path / "mine").glob("*.json")}
    assert sorted(saved_before.values()) == ["5", "6"]
    code, out, _ = command("mine")  # 01-2.png is no 2
    assert code == 0 and next_command(out)[-1] == "??"
    assert {path: read(path)[1] for path in (tmp_path / "mine").glob("*.json")} == saved_before
    code, out, _ = command("mine", "--labels", "5.")
    assert "every mark is left out; the digits saved before are removed" in out
    assert (tmp_path / "mine/01-2.jpg").exists() or (tmp_path / "mine/01-2.png").exists()
    assert [read(path)[1] for path in (tmp_path / "mine").glob("*.json")] == ["5"]


def test_the_same_file_twice_is_read_once_p13(command, tmp_path):
    saved(single(items_of("7")[0]), tmp_path / "7.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "7.png")
    code, out, _ = command("7.png", "./7.png", "link.png")
    assert code == 0 and out.count("the same picture as 7.png") == 2 and "1 digit saved" in out
    assert len(list((tmp_path / "mine").glob("*.json"))) == 1


ODD_NAMES = [
    "it's 7.png",
    '"7".png',
    "$HOME 7.png",
    "é 7.png",
    "七 7.png",
    "-7.png",
    "7;ls.png",
    "~7.png",
]


@pytest.mark.parametrize(
    "name", [*ODD_NAMES, "new\nline 7.png", ".7.png", "..7.png", "7.sheet.png"]
)
def test_odd_names_p13(command, tmp_path, name):
    saved(single(items_of("7")[0]), tmp_path / name)
    code, _, err = command(f"./{name}", "--labels", "7")
    assert code == 0 and not err
    (file,) = (tmp_path / "mine").glob("*.json")
    assert not set(file.name) & set(" $'\"\n;~#:%*") and not file.name.startswith((".", "-"))
    assert json.loads(file.read_text())[0]["picture"] == name
    command(f"./{name}", "--labels", "7")  # it is its own, by its hash
    assert len(list((tmp_path / "mine").glob("*.json"))) == 1


def test_the_printed_command_survives_the_shell_p06(command, tmp_path):
    for name in ODD_NAMES:
        saved(sheet(items_of("01234567")), tmp_path / name)
        words = [f"./{name}"] if name.startswith("-") else [name]
        _, out, _ = command(*words)
        line = next(line for line in out.splitlines() if line.startswith("    python -m"))
        script = line.replace("python -m tools.digits", f"{sys.executable} -c {shlex.quote(ECHO)}")
        echoed = subprocess.check_output(["bash", "-c", script], cwd=tmp_path)
        path, option, text = json.loads(echoed)
        assert (tmp_path / path).samefile(tmp_path / name)
        assert (option, text) == ("--labels", "???? ????")


ECHO = "import sys, json; print(json.dumps(sys.argv[1:]))"


def test_a_name_that_is_no_text_p13(tmp_path):
    name = os.fsencode(tmp_path) + b"/7_\xff.png"
    single(items_of("7")[0]).save(os.fsdecode(name))
    done = subprocess.run(
        [sys.executable, "-m", "tools.digits", name, "--out", tmp_path / "mine"],
        cwd=ROOT,
        capture_output=True,
        env=os.environ | {"PYTHONUTF8": "0", "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert len(list((tmp_path / "mine").glob("*.json"))) == 1


def test_a_folder_that_cannot_be_written_is_named_p13(command, tmp_path, monkeypatch):
    saved(single(items_of("7")[0]), tmp_path / "7.png")

    def refuse(self, content):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(mine.Path, "write_bytes", refuse)
    code, _, err = command("7.png")
    assert code == 1 and "cannot be written (Permission denied)" in err
    assert "choose another folder with --out" in err and len(err.splitlines()) == 1
    code, _, err = command("7.png", "--out", "7.png/folder")
    assert code == 1 and "cannot be written (Not a directory)" in err


def test_ctrl_c_leaves_nothing_half_written_p13(tmp_path):
    for i in range(200):
        saved(single(STROKES[i % 40], height=100 + i // 40), tmp_path / f"set/5_{i}.png")
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "tools.digits", tmp_path / "set", "--out", tmp_path / "mine"],
        cwd=ROOT,
        # What a shell starts in the background inherits that Ctrl-C is ignored.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()  # it reads
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.splitlines() == [
        "stopped; type the same command to begin again"
    ]
    assert not (tmp_path / "mine").exists()


def test_writing_that_fails_leaves_the_old_file_and_no_other_p13(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    mine.write_whole(path, b"old")

    def stop(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(mine.Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        mine.write_whole(path, b"new")
    assert snapshot(tmp_path) == {path: b"old"}


def test_too_many_pictures_are_refused_p06(command, tmp_path):
    code, _, err = command(*["a.png"] * (digits.MOST_PICTURES + 1))
    assert code == 2 and "at most 300 pictures" in err
    (tmp_path / "nothing").mkdir()
    code, _, err = command("nothing")
    assert code == 1 and "there is no picture in this folder" in err


def test_white_ink_on_transparency_is_a_digit_p15(command, tmp_path):
    digit = ink(items_of("7")[0], 120)
    alpha = np.pad(digit, 60)
    for name, value in (("white", 255), ("black", 0)):
        shade = np.full_like(alpha, value)
        picture = Image.fromarray(np.dstack([shade, shade, shade, alpha]), "RGBA")
        saved(picture, tmp_path / f"7_{name}.png")
        assert command(f"7_{name}.png")[0] == 0
    white, black = (read(tmp_path / f"mine/7_{name}.json")[0] for name in ("white", "black"))
    assert np.abs(white.astype(int) - black).mean() < 4


def test_the_contact_sheet_shows_boxes_digits_and_labels_p04(command, tmp_path):
    saved(sheet(items_of("01234567")), tmp_path / "a.png")
    command("a.png")
    without = np.asarray(Image.open(tmp_path / "mine/a.sheet.png"))
    command("a.png", "--labels", "01234567")
    labelled = np.asarray(Image.open(tmp_path / "mine/a.sheet.png"))
    assert without.shape == labelled.shape and without.shape[1] == 960
    assert (without != labelled).any() and red_pixels(tmp_path / "mine/a.sheet.png") == 0
    blue = tuple(int(contact_sheet.DIGIT[i : i + 2], 16) for i in (1, 3, 5))
    assert (labelled == blue).all(axis=2).sum() > 8 * 200


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (3000, 40), (40, 3000), (1600, 1200)])
def test_a_page_of_any_size_is_drawn_p01(size):
    width, height = size
    box = np.array([[0, 0, width, height]])
    mark = photos.LeftOut((0, 0, 1, 1), "a speck")
    page = np.full((height, width), 200, np.uint8)
    images = np.zeros((1, 784), np.uint8)
    for doubt in ("", "wider than a digit: do two touch?"):
        found = photos.Sheet(page, images, box, [doubt], ["row 1, first"], [mark], [])
        for count in (1, 2, 10, 50):
            drawn = contact_sheet.draw(found, 1, count, "a.png", "1 digit").page
            assert drawn.width <= 960 and drawn.height <= 4 * 960


def test_a_long_name_is_cut_in_the_middle():
    text = contact_sheet.shortened("the beginning" + 500 * "x" + "the end.png", 40)
    assert len(text) <= 40 and text.startswith("the beginning") and text.endswith("the end.png")
    assert contact_sheet.shortened("a\nb\ud800", 40) == "a?b?"


def test_labels_in_groups_must_fit_the_rows_p06(command, tmp_path):
    saved(sheet(items_of("0123456789")), tmp_path / "a.png")
    rows = [len(row) for row in next_command(command("a.png")[1])[-1].split()]
    assert len(rows) > 1
    digits_of = "0123456789"
    groups = [digits_of[: rows[0] - 1], digits_of[rows[0] - 1 : sum(rows[:2])]]
    groups += [digits_of[sum(rows[:i]) : sum(rows[: i + 1])] for i in range(2, len(rows))]
    code, _, error = command("a.png", "--labels", " ".join(groups))
    assert code == 2 and f"group 1 is {groups[0]}" in error and "row 1 of the contact" in error
    assert not (tmp_path / "mine/a.json").exists()
    assert command("a.png", "--labels", digits_of)[0] == 0


def test_each_digit_names_its_contact_sheet_p13(command, tmp_path):
    for item in items_of("37"):
        saved(single(item), tmp_path / f"some/{item['digit']}_1.png")
    command("some")
    for name in ("3_1", "7_1"):
        entries = json.loads((tmp_path / f"mine/{name}.json").read_text())
        assert [entry["contact_sheet"] for entry in entries] == ["some.sheet.png"]
    assert (tmp_path / "mine/some.sheet.png").is_file()


def test_two_processes_that_write_one_file_leave_it_whole(tmp_path):
    path = tmp_path / "pad.json"
    program = "import results, pathlib, sys\n"
    program += (
        "for n in range(300): results.write_json(pathlib.Path(sys.argv[1]), [sys.argv[2]] * n)"
    )
    command = [sys.executable, "-c", program, str(path)]
    writers = [subprocess.Popen([*command, word], cwd=ROOT) for word in ("one", "another")]
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            assert len(set(json.loads(path.read_text()))) <= 1
    assert [writer.returncode for writer in writers] == [0, 0]
    assert [file.name for file in tmp_path.iterdir()] == ["pad.json"]
