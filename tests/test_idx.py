"""List I: the idx reader takes what is right and refuses everything else."""

import contextlib
import gzip
import json
import os
import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, witness
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import common
from common import DataError, idx_header, read_idx, read_mnist, write_idx

IMAGES = np.random.RandomState(0).randint(0, 256, (7, 28, 28)).astype(np.uint8)
LABELS = np.arange(7, dtype=np.uint8)


def idx_bytes(array):
    """Return an array as the content of an idx file."""
    return (
        idx_header(array.dtype, array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


GOOD = idx_bytes(IMAGES)


def refused(path, *words, ndim=None):
    with pytest.raises(DataError) as caught:
        read_idx(path, ndim)
    message = str(caught.value)
    assert str(path) in message and "expected" in message and "found" in message
    for word in words:
        assert word in message
    assert "\n" not in message.strip()


@pytest.fixture
def file(tmp_path):
    def write(data, name="x-idx"):
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("kind", [str, Path])
def test_good_files_are_read_i01(file, pack, kind):
    assert np.array_equal(read_idx(kind(file(pack(GOOD))), ndim=3), IMAGES)
    assert np.array_equal(read_idx(kind(file(pack(idx_bytes(LABELS)))), ndim=1), LABELS)


@pytest.mark.parametrize("length", range(16))
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_header_cut_anywhere_is_refused_i02(file, length, pack):
    refused(file(pack(GOOD[:length])))


def test_first_bytes_other_than_zero_are_refused_i03(file):
    refused(file(b"\x00\x01" + GOOD[2:]), "two zero bytes")
    refused(file(b"\x01\x00" + GOOD[2:]))


def test_labels_given_as_images_are_refused_i04(file):
    refused(file(idx_bytes(LABELS)), "images", "labels", "0x803", "0x801", ndim=3)
    refused(file(GOOD), "images", "labels", ndim=1)


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "i4", "f4", "f8"])
def test_every_type_is_read_in_its_byte_order_i05(file, kind):
    array = np.array([[1, 2, 100], [-3 if kind != "u1" else 3, 0, 7]], dtype=kind)
    read = read_idx(file(idx_bytes(array)))
    assert read.dtype == np.dtype(kind) and read.dtype.isnative and np.array_equal(read, array)


@pytest.mark.parametrize("code", [0x00, 0x07, 0x0A, 0x0F, 0xFF])
def test_an_unknown_type_is_refused_i05(file, code):
    refused(file(GOOD[:2] + bytes([code]) + GOOD[3:]), "type", f"{code:#04x}")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "data", [GOOD[:-784], GOOD[:-10], GOOD[:-1], GOOD + b"\0", GOOD + bytes(784), GOOD[:16]]
)
def test_too_few_or_too_many_bytes_are_refused_i06_i07_i08(file, data, pack):
    refused(file(pack(data)), str(7 * 784))


def test_a_little_endian_header_is_refused_with_a_hint_i09(file):
    refused(file(struct.pack("<IIII", 0x803, 7, 28, 28) + GOOD[16:]), "byte order")
    refused(file(GOOD[:4] + struct.pack("<III", 7, 28, 28) + GOOD[16:]), "byte order")


def test_a_file_of_no_images_is_read_i10(file):
    assert read_idx(file(idx_bytes(IMAGES[:0]))).shape == (0, 28, 28)


def peak(work):
    """Return the most memory that some work allocates, in bytes.

    (The peak of the process itself may lie before it.)
    """
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "sizes",
    [
        (2**32 - 1,) * 2,
        (2**32 - 1,) * 3,
        (2**32 - 1,),
        (0, 2**32 - 1, 2**32 - 1),
        (2**32 - 1,) * 255,
        (0,) * 255,
    ],
)
def test_huge_dimensions_are_refused_without_allocating_i10(file, sizes, pack):
    path = file(pack(struct.pack(f">HBB{len(sizes)}I", 0, 8, len(sizes), *sizes)))
    assert peak(lambda: refused(path)) < 10e6


@pytest.mark.parametrize("twentieth", range(20))
def test_a_gzip_file_cut_anywhere_is_refused_i11(file, twentieth):
    packed = gzip.compress(GOOD)
    refused(file(packed[: len(packed) * twentieth // 20]))


def test_a_flipped_bit_is_never_silently_different_i12(file):
    packed = gzip.compress(GOOD)
    rng = np.random.RandomState(0)
    outcomes = {"same": 0, "refused": 0}
    for position in rng.randint(0, len(packed) * 8, 200):
        flipped = bytearray(packed)
        flipped[position // 8] ^= 1 << position % 8
        try:
            assert np.array_equal(read_idx(file(bytes(flipped))), IMAGES)
            outcomes["same"] += 1
        except DataError:
            outcomes["refused"] += 1
    assert outcomes["refused"] > 150


@pytest.mark.parametrize(
    "tail",
    [b"garbage", b"\0", b"\0" * 100, gzip.compress(b""), gzip.compress(GOOD), gzip.compress(b"x")],
)
def test_bytes_after_the_gzip_stream_are_refused_i13(file, tail):
    refused(file(gzip.compress(GOOD) + tail))


def test_two_gzip_members_are_refused_i13(file):
    refused(file(gzip.compress(GOOD[:1000]) + gzip.compress(GOOD[1000:])))


def test_a_gzip_bomb_stops_one_byte_after_the_declared_size_i14(file):
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(struct.pack(">HBBI", 0, 8, 1, 1000))
    packed += b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    path = file(packed)
    assert peak(lambda: refused(path)) < 60e6
    with path.open("rb") as stream:
        assert len(common.GzipReader(stream, path).read(1009)) == 1009


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html>", b"\n <html><body>403 Forbidden", b"<?xml version"]
)
def test_an_html_page_is_refused_by_name_i15(file, page):
    refused(file(page, "train-images-idx3-ubyte.gz"), "HTML")
    refused(file(gzip.compress(page)), "HTML")


def write_set(folder, images=IMAGES, labels=LABELS, test_images=IMAGES, test_labels=LABELS):
    for name, array in zip(
        common.MNIST_FILES, (images, labels, test_images, test_labels), strict=True
    ):
        (folder / name).write_bytes(idx_bytes(array))


def test_another_set_in_mnists_form_is_read(tmp_path):
    write_set(tmp_path)
    mnist = read_mnist(tmp_path)
    assert (
        mnist.name == "an unknown set"
        and mnist.x_train.shape == (7, 784)
        and mnist.image_shape == (28, 28)
    )


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"labels": LABELS + 4}, "0 to 9"),
        ({"labels": LABELS[:6]}, "7 labels"),
        ({"test_labels": np.arange(8, dtype=np.uint8)}, "7 labels"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "at least one"),
        ({"test_images": IMAGES[:, :20]}, "images of one size"),
        ({"images": IMAGES // 128}, "pixels from 0 .* found none above 1; multiply"),
        ({"test_images": IMAGES // 16}, "found none above 15; multiply"),
        ({"images": IMAGES[:, :0]}, "found none above 0"),
        ({"labels": LABELS + 1, "test_labels": LABELS + 20}, "the smallest 20 and the largest 26"),
    ],
)
def test_labels_that_do_not_fit_the_images_are_refused_i16(tmp_path, change, word):
    write_set(tmp_path, **change)
    with pytest.raises(DataError, match=word):
        read_mnist(tmp_path)


@pytest.mark.parametrize("taken", [(0,), (0, 1), (0, 2), (1, 3)])
def test_the_files_of_two_known_sets_are_no_set_x03(tmp_path, monkeypatch, taken):
    one, other, own = (tmp_path / name for name in ("one", "other", "own"))
    for folder, images, labels in (
        (one, IMAGES, LABELS),
        (other, IMAGES[::-1], LABELS[::-1]),
        (own, 255 - IMAGES, LABELS // 2),
    ):
        folder.mkdir()
        write_set(folder, images, labels, images, LABELS)  # the test labels are the same
    known = {folder.name: read_mnist(folder).sha256 for folder in (one, other)}
    (tmp_path / "data").mkdir()
    (tmp_path / "data/datasets.json").write_text(json.dumps(known))
    monkeypatch.setattr(common, "ROOT", tmp_path)
    assert [read_mnist(folder).name for folder in (one, other)] == ["one", "other"]
    (own / common.MNIST_FILES[3]).write_bytes(idx_bytes(LABELS // 3))
    for number in taken:
        name = common.MNIST_FILES[number]
        (own / name).write_bytes((one / name).read_bytes())
        (other / name).write_bytes((one / name).read_bytes())
    with pytest.raises(DataError, match="of one set, found files of one and of other"):
        read_mnist(other)
    if 3 not in taken:
        assert read_mnist(own).name == "an unknown set", "one's own test images, say"


def test_a_missing_file_is_named_i16(tmp_path):
    write_set(tmp_path)
    (tmp_path / common.MNIST_FILES[2]).unlink()
    with pytest.raises(DataError, match="t10k-images"):
        read_mnist(tmp_path)


def test_a_missing_or_unreadable_file_or_a_folder_is_refused_i17(tmp_path):
    refused(tmp_path / "missing")
    refused(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path / "loop")
    if os.geteuid():  # root may read everything
        (tmp_path / "locked").write_bytes(idx_bytes(LABELS))
        (tmp_path / "locked").chmod(0)
        refused(tmp_path / "locked")


def test_a_recompressed_file_is_accepted_i18(file, tmp_path):
    for level in (0, 1, 9):
        assert np.array_equal(read_idx(file(gzip.compress(GOOD, level, mtime=level))), IMAGES)


arrays = st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"]).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5))
)
plenty = settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))


def test_a_type_unknown_to_idx_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match="not float16"):
        write_idx(tmp_path / "x", np.zeros(3, np.float16))
    assert list(tmp_path.iterdir()) == []


@plenty
@given(array=arrays, packed=st.booleans())
def test_any_array_is_read_back_as_written_i19(tmp_path, array, packed):
    path = tmp_path / "x"
    write_idx(path, array)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes(), 1))
    read = read_idx(path)
    assert (
        read.dtype == array.dtype
        and read.shape == array.shape
        and read.tobytes() == array.tobytes()
    )


headed = st.builds(
    lambda a, b, c: a + b + c, st.just(b"\0\0\x08"), st.binary(max_size=13), st.binary(max_size=64)
)


@plenty
@given(data=st.one_of(st.binary(max_size=4096), headed, headed.map(gzip.compress)))
@example(data=b"")
def test_any_bytes_give_an_array_or_a_refusal_i19(tmp_path, data):
    path = tmp_path / "x"
    path.write_bytes(data)
    with contextlib.suppress(DataError):
        assert isinstance(read_idx(path), np.ndarray)


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4)])
def test_idx2numpy_reads_the_same_i20(tmp_path, kind, shape):
    idx2numpy = witness("idx2numpy")
    array = (np.random.RandomState(1).randn(*shape) * 50).astype(kind)
    (tmp_path / "x").write_bytes(idx_bytes(array))
    assert np.array_equal(
        idx2numpy.convert_from_file(str(tmp_path / "x")), read_idx(tmp_path / "x")
    )


def torchvision_reader():
    """Import torchvision's reader, even if its compiled operators do not fit PyTorch."""
    try:
        return witness("torchvision.datasets.mnist").read_sn3_pascalvincent_tensor
    except (
        RuntimeError
    ):  # an operator that the package describes, and that its library did not bring
        operators = witness("torch").library.Library("torchvision", "FRAGMENT")
        pooled = ("roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d")
        for name in (
            "nms",
            "qnms",
            "qroi_align",
            *pooled,
            *(f"_{name}_backward" for name in pooled),
        ):
            operators.define(f"{name}(Tensor a) -> Tensor")
        return witness("torchvision.datasets.mnist").read_sn3_pascalvincent_tensor


def test_torchvision_reads_the_same_i20(tmp_path):
    theirs = torchvision_reader()
    for array in (IMAGES, LABELS, IMAGES.astype(np.int32), IMAGES / 7):
        (tmp_path / "x").write_bytes(idx_bytes(array))
        assert np.array_equal(
            theirs(str(tmp_path / "x"), strict=False).numpy(), read_idx(tmp_path / "x")
        )


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests/corpus").iterdir()), ids=lambda path: path.name
)
@pytest.mark.parametrize("ndim", [None, 1, 3])
def test_what_fuzzing_found_is_read_or_refused_i19(path, ndim):
    """An array or a refusal, nothing else; tests/fuzz_idx.py says how the files came about."""
    with contextlib.suppress(DataError):
        array = read_idx(path, ndim)
        assert array.nbytes <= 1 << 20 and (ndim is None or array.ndim == ndim)


def test_a_plain_file_is_mapped(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(idx_header(np.uint8, (100_000, 28, 28)))
        file.truncate(16 + 100_000 * 784)  # 78 MB of zeros that take no room on the disk
    before = own_memory()
    images = read_idx(path, ndim=3)
    assert (
        images.shape == (100_000, 28, 28)
        and images[99_999].max() == 0
        and not images.flags.writeable
    )
    assert own_memory() - before < 10, "read when it is used, and not before"


def own_memory():
    """Return the memory of this process that is not a file's, in MB."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
