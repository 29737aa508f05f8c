"""Any picture file in, an upright grey page out, at a size that is quick to read.

A file is recognised by its content, not by its name; what is no picture is named, with
the way to convert it. A large picture is made grey and small strip by strip, so that
only one copy of it is in memory at full size.
"""

import mmap
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from common import Array, DataError

PAGE = 1600  # pixels: a page is read at this length, or up to twice it
TURNS = (0, 90, 180, 270)  # degrees, clockwise

# What is read, and the most megapixels of each: what takes at most 5 s and 500 MB,
# measured. A JPEG is decompressed at a fraction of its size, the others in full.
MOST_MEGAPIXELS = {
    "JPEG": 60,
    "PNG": 60,
    "TIFF": 60,
    "GIF": 60,
    "BMP": 60,
    "WEBP": 25,
    "AVIF": 40,
    "HEIC": 60,
}
PILLOW_NAMES = {"HEIC": "HEIF"}  # where they are others
BMP_RLE = (1, 2)  # run-length encoded BMP, which Pillow decodes in Python ...
MOST_RLE = 5  # ... so fewer megapixels are read
MOST_BYTES = 250_000_000  # of a file
MOST_TEXT = 1 << 24  # bytes of a PNG's colour profile, or of one text; Pillow: 1 MB
# A progressive JPEG comes in scans, and each is decompressed over the whole picture.
SCAN = re.compile(rb"\xff\xda\0[\x08\x0a\x0c\x0e][\x01-\x04]")  # how a scan begins
MOST_SCANNED = 1200  # megapixels: twenty scans, as programs write at most, of 60

STRIP = 1 << 22  # pixels: so many are made grey at a time
LIGHT = 96  # of 255: what is drawn on transparency is light ink if none is darker ...
FEW = 0.002  # ... but this share of it

HEAD = 4096  # bytes at the beginning of a file that show what it is
SIGNATURES = {  # the first that fits
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "GIF": rb"GIF8[79]a",
    "BMP": rb"BM....\0\0\0\0",
    "WEBP": rb"RIFF....WEBP",
    "AVIF": rb"....ftyp(....){0,9}?avi[fs]",
    "HEIC": rb"....ftyp(....){0,9}?(hei[cmsx]|hev[cmsx]|mif1|msf1)",
    "video": rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ",
    "PDF": rb".{0,999}%PDF-",
    "document": rb"PK\x03\x04|\xd0\xcf\x11\xe0|\{\\rtf",
    "HTML": rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype )?html",
    "SVG": rb"(\xef\xbb\xbf)?\s*(<[?!].*)?<svg",
    "text": rb"[\t-\r -~\x80-\xff]+\Z",
    "empty": rb"\Z",
}
ADVICE = {
    "video": "this is a video; take a still picture from it",
    "PDF": "this is a PDF; export the page as PNG or take a screenshot of it",
    "document": "this is an office document or a zip archive; "
    "take the pictures out of it, or export the page as PNG",
    "SVG": "this is an SVG drawing; export it as PNG or take a screenshot of it",
    "HTML": "this is a web page; save the picture that it shows",
    "text": "this is a text file; name a picture",
    "empty": "the file is empty; copy or export the picture again",
    "folder": "this is a folder; name a picture in it",
    "missing": "there is no such file",
    "closed": "the file cannot be opened; look at its permissions",
    "device": "this is no ordinary file; name a picture",
    "unknown": "this is no picture in a format that is read here "
    f"({', '.join(MOST_MEGAPIXELS)}); export it as PNG or JPEG",
}
NO_HEIC = (
    "this is an iPhone's HEIC; type: pip install pillow-heif, or in the phone's "
    "settings choose Camera, Formats, Most Compatible, or export it as JPEG"
)


def read_picture(path: str | Path, turn: int = 0) -> Array:
    """Read a picture as an upright grey page (H, W) of bytes.

    It is turned as its EXIF data says, then by `turn` degrees clockwise. Transparency
    becomes paper. The longer side of a large picture is reduced to 1600 to 3200 pixels.
    Raises DataError if the file is no picture, damaged, or too large.
    """
    if turn not in TURNS:
        raise ValueError(f"turn: expected one of {TURNS}, found {turn}")
    path = Path(path)
    kind = kind_of(path)
    if kind not in MOST_MEGAPIXELS:
        raise DataError(f"{path}: {ADVICE[kind]}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata
            return decode(path, kind, turn)
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise too_large(path, kind) from error
    except Exception as error:  # decoders raise all sorts of errors for broken files
        if "MAX_TEXT" in str(error):
            raise DataError(
                f"{path}: this PNG has too much text, or too large a colour profile, "
                "beside the picture; export it without metadata"
            ) from error
        raise DataError(
            f"{path}: this {kind} file is damaged or incomplete ({reason(error)}); "
            "copy or export the picture again"
        ) from error


def kind_of(path: str | Path) -> str:
    """Return what a file is, by its content.

    That is a key of MOST_MEGAPIXELS if it is a picture that can be read, otherwise one
    of ADVICE.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return "folder"
        if not path.exists():
            return "missing"
        if not path.is_file():
            return "device"
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return "closed"
    for kind, signature in SIGNATURES.items():
        if re.match(signature, head, re.DOTALL):
            return kind
    return "unknown"


def is_picture(path: str | Path) -> bool:
    """Return whether a file is, or may be, a picture that can be read."""
    return kind_of(path) in (*MOST_MEGAPIXELS, "closed")


def decode(path: Path, kind: str, turn: int) -> Array:
    """Read a picture of a known kind; raises DataError, or what a decoder raises."""
    if kind == "HEIC":
        add_heic(path)
    if kind == "PNG":
        PngImagePlugin.MAX_TEXT_CHUNK = MOST_TEXT
    with Image.open(path, formats=[PILLOW_NAMES.get(kind, kind)]) as image:
        check_size(image, path, kind)
        if kind == "JPEG":  # decompressed at a half, a quarter or an eighth
            image.draft("L", (PAGE, PAGE))
        image.load()
        page = Image.fromarray(grey_page(image))
        # A TIFF is upright once it is loaded: so the orientation is asked for after it.
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    page.getexif()[ExifTags.Base.Orientation] = orientation
    upright = ImageOps.exif_transpose(page)
    return np.asarray(upright.rotate(-turn, expand=True))


def add_heic(path: Path) -> None:
    """Let Pillow read HEIC files. Raises DataError without the package pillow-heif."""
    try:
        from pillow_heif import register_heif_opener  # optional
    except ImportError as error:
        raise DataError(f"{path}: {NO_HEIC}") from error
    register_heif_opener()


def check_size(image: Image.Image, path: Path, kind: str) -> None:
    """Raise DataError for a picture that would take too much memory or time."""
    megapixels = image.width * image.height / 1e6
    is_rle = image.info.get("compression") in BMP_RLE
    most = MOST_RLE if is_rle else MOST_MEGAPIXELS[kind]
    if megapixels > most or path.stat().st_size > MOST_BYTES:
        raise too_large(path, kind)
    if kind == "JPEG" and megapixels * count_scans(path) > MOST_SCANNED:
        raise DataError(
            f"{path}: this JPEG has more scans than a photograph; export it again"
        )
    if kind == "TIFF" and getattr(image, "n_frames", 1) > 1:
        raise DataError(f"{path}: this TIFF has several pages; export each as PNG")


def too_large(path: Path, kind: str) -> DataError:
    """Return the error for a picture that is too large."""
    return DataError(
        f"{path}: this {kind} is too large (at most {MOST_MEGAPIXELS[kind]} million "
        f"pixels and {MOST_BYTES // 10**6} MB are read); export it smaller, as JPEG"
    )


def count_scans(path: Path) -> int:
    """Return how many scans a JPEG file has, those of its thumbnails included."""
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with content:
            return sum(1 for _ in SCAN.finditer(content))


def reason(error: Exception) -> str:
    """Return what a decoder said, as a part of a sentence."""
    if isinstance(error, UnidentifiedImageError):
        return "its beginning makes no sense"
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def grey_page(image: Image.Image) -> Array:
    """Return a loaded picture of any mode as grey (H, W), reduced if it is large."""
    factor = max(1, max(image.size) // PAGE)
    if is_deep(image):
        white = brightest(image)
        grey = [eight_bits(strip, white) for strip in strips(image, factor)]
    else:
        paper = paper_colour(image) if image.has_transparency_data else ""
        grey = [to_grey(strip, paper) for strip in strips(image, factor)]
    return np.vstack([np.asarray(strip.reduce(factor)) for strip in grey])


def strips(image: Image.Image, factor: int = 1) -> Iterator[Image.Image]:
    """Yield a picture in strips of rows, each but the last a multiple of `factor`."""
    rows = factor * max(1, STRIP // (factor * image.width))
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def is_deep(image: Image.Image) -> bool:
    """Return whether a picture has more than 8 bits per pixel and colour."""
    return image.mode[0] in "IF"


def brightest(image: Image.Image) -> float:
    """Return the brightest value of a picture with more than 8 bits per pixel."""
    return max(float(np.nan_to_num(np.asarray(strip)).max()) for strip in strips(image))


def eight_bits(image: Image.Image, white: float) -> Image.Image:
    """Return a picture with more than 8 bits per pixel as grey: `white` becomes 255."""
    values = np.nan_to_num(np.asarray(image, np.float32)) * (255 / max(white, 1e-9))
    return Image.fromarray(np.round(values.clip(0, 255)).astype(np.uint8))


def to_grey(image: Image.Image, paper: str) -> Image.Image:
    """Return a picture as grey; what is transparent becomes paper of that colour."""
    if image.mode == "LAB":
        return image.getchannel(0)
    if image.has_transparency_data:
        sheet = Image.new("RGBA", image.size, paper)
        image = Image.alpha_composite(sheet, image.convert("RGBA"))
    return image.convert("L")


def paper_colour(image: Image.Image) -> str:
    """Return the paper behind transparency: black if all that is drawn is light."""
    small = image.resize((PAGE // 4, PAGE // 4), Image.Resampling.NEAREST)
    colours = small.convert("RGBA")
    alpha = np.asarray(colours.getchannel("A"))
    visible = (alpha > 0) & (alpha >= alpha.max() / 2)
    dark = np.asarray(colours.convert("L"))[visible] < LIGHT
    return "white" if dark.sum() >= FEW * visible.sum() else "black"
