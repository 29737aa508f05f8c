"""How well are digits from elsewhere read? `PYTHONPATH=. python benchmarks/handwritten.py`.

Prints the accuracy of the templates and of the trained model on digits that a preparation may
help or harm: drawn with thin pens, photographed in faint ink, MNIST's own, and scikit-learn's.
A change of `handwriting.py` or `photos.py` is worth keeping if no row gets worse.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

import common
import handwriting
import photos
from common import ROOT, Array, Linear, Network

STROKES = json.loads((ROOT / "data/handwritten/strokes.json").read_text(encoding="utf-8"))
SHEET = slice(9000, 9240)  # MNIST's test images on a sheet of paper
COLUMNS = 12
CELL = 170  # pixels of paper for a digit
HEIGHT = 140  # pixels of an MNIST image on paper
LINE = 15  # pixels of HEIGHT: hardly a line of MNIST is wider
THINNED = 0.5  # a line loses this part of its width
INKS = {  # grey of the ink and of the paper, blur and noise in pixels and greys
    "felt pen": (35, 230, 1, 4),
    "ballpoint": (60, 225, 1, 5),
    "pale pencil": (150, 225, 1, 3),
    "out of focus": (90, 225, 2, 6),
}


def models(mnist: common.Mnist) -> dict[str, Network]:
    """Return the mean images and the model that Problem 4 trains from them."""
    x = mnist.x_train
    labels = mnist.labels_train
    means = np.array([x[labels == k].mean(axis=0) / 255 for k in range(10)], np.float32)
    networks = {}
    for name, steps in (("templates", 0), ("trained", 24 * (len(x) // 512))):
        networks[name] = Network([Linear(means, np.zeros(10, np.float32))])
        common.train(
            networks[name],
            x,
            common.one_hot(labels, 10, np.float32),
            learning_rate=0.2,
            momentum=0.9,
            batch_size=512,
            steps=steps,
            rng=np.random.RandomState(0),
        )
    return networks


def typed(pen: float = 0) -> tuple[Array, Array]:
    """Return the typed digits, all drawn with one pen, or each with its own."""
    items = [item | {"pen": pen or item["pen"]} for item in STROKES]
    pairs = [handwriting.digit_image(item) for item in items]
    return np.array([image.ravel() for _, image in pairs]), np.array([k for k, _ in pairs])


def enlarged(image: Array, thinned: float = 0) -> Array:
    """Return an MNIST image (784,) at HEIGHT, less the outer part of each line."""
    small = Image.fromarray(image.reshape(28, 28))
    large = np.asarray(small.resize((HEIGHT, HEIGHT), Image.Resampling.BICUBIC))
    depth = ndimage.distance_transform_edt(large > 127)
    middle = depth > thinned * ndimage.maximum_filter(depth, LINE)
    return np.where(middle, 255, 0).astype(np.uint8) if thinned else large


def on_paper(digits: list[Array], ink: int, paper: int, blur: float, noise: float) -> Image.Image:
    """Return a photograph of digits in rows: shaded, blurred and with noise."""
    rows = -(-len(digits) // COLUMNS)
    cover = np.zeros(((rows + 1) * CELL, (COLUMNS + 1) * CELL))
    for i, digit in enumerate(digits):
        top = CELL * (i // COLUMNS + 1) - HEIGHT // 2
        left = CELL * (i % COLUMNS + 1) - HEIGHT // 2
        cover[top : top + HEIGHT, left : left + HEIGHT] = digit / 255
    shade = np.linspace(1, 0.8, cover.shape[1])
    page = Image.fromarray(np.uint8((paper + (ink - paper) * cover) * shade))
    soft = np.asarray(page.filter(ImageFilter.GaussianBlur(blur)), float)
    grain = np.random.RandomState(0).normal(0, noise, cover.shape)
    return Image.fromarray((soft + grain).clip(0, 255).astype(np.uint8))


def photographed(digits: list[Array], ink: str) -> Array:
    """Return the digits (N, 784) that are found on a photograph of them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.jpg"
        on_paper(digits, *INKS[ink]).save(path, quality=90)
        return photos.read_sheet(path).images


def show(name: str, images: Array, labels: Array, networks: dict[str, Network]) -> None:
    """Print a row of the table, or how many digits were found instead of all."""
    if len(images) != len(labels):
        print(f"| {name} | found {len(images)} of {len(labels)} | |")
        return
    rights = [100 * common.accuracy(network, images, labels) for network in networks.values()]
    print(f"| {name} | {rights[0]:.1f} | {rights[1]:.1f} |", flush=True)


def main() -> None:
    """Print the table."""
    mnist = common.read_mnist(common.find_mnist())
    networks = models(mnist)
    labels = mnist.labels_test
    print("| digits | templates % | trained % |\n| --- | --- | --- |")
    for pen in (3, 4, 5, 6, 7, 8, 9):
        show(f"typed, pen {pen}", *typed(pen), networks)
    show("typed, as committed", *typed(), networks)
    prepared = np.array([handwriting.normalise(x.reshape(28, 28)).ravel() for x in mnist.x_test])
    show("MNIST's test images, prepared again", prepared, labels, networks)
    for thinned in (0.4, 0.6, 0.8):
        digits = [enlarged(x, thinned) for x in mnist.x_test[:1000]]
        images = np.array([handwriting.normalise(digit).ravel() for digit in digits])
        name = f"1000 of MNIST, {100 * thinned:.0f} % of each line taken off"
        show(name, images, labels[:1000], networks)
    for ink in INKS:
        for thinned in (0, THINNED):
            digits = [enlarged(x, thinned) for x in mnist.x_test[SHEET]]
            name = f"{len(digits)} of MNIST, {ink}" + (", thinned" if thinned else "")
            show(name, photographed(digits, ink), labels[SHEET], networks)
    show("scikit-learn's, by 13 people", *handwriting.scikit_digits(), networks)


if __name__ == "__main__":
    main()
