"""Find what would tell a stranger whose machine a file was made on.

A path is looked for where one can be: in texts, and not in the letters of a picture. Names are not
looked for: a name may be there because somebody typed it, and the name of a user may be a word.
For the same reason a user called like many a folder is not looked for in paths.
"""

import contextlib
import getpass
import io
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image
from pypdf import PdfReader

from common import ROOT

PUBLIC = {"/", "/tmp", "/var/tmp"}  # folders that say nothing
BEFORE = r"(?<![\w.~+/})\]<-])(?:file://(?:localhost)?)?"  # so a path begins, or the URL of one
PART = r"[^\s/\\:\"'<>|]+"  # of a path
AFTER = r"(?![\w-])(?!\.\w)"  # so a part of a path ends
HOME = rf"(?:(?:/mnt/\w)?/(?:home|Users)/|[A-Za-z]:[/\\]+Users[/\\]+){PART}"
SYSTEM = r"/(?:bin|dev|etc|lib\w*|opt|proc|sbin|sys|usr|Applications|Library|System)/"
# Names of users, some of them in containers, that anybody's folders have.
COMMON = {
    *("app", "bin", "build", "conda", "data", "dev", "etc", "home", "include", "lib", "lib64"),
    *("local", "media", "mnt", "opt", "project", "projects", "python", "root", "scratch", "share"),
    *("src", "srv", "storage", "sys", "tmp", "user", "users", "usr", "var", "venv", "work"),
    *("workspace",),
}
COLOUR = r"\x1b\[[0-9;]*m"  # in what a terminal would show
MOST = 60  # characters of a path that a message shows
PICTURES = (".jpg", ".jpeg", ".png")


def find(name: str, content: bytes) -> str:
    """Say what in a file is private, and what to do; nothing if nothing is."""
    if Path(name).suffix.lower() in PICTURES and about_picture(content)[0]:
        return (
            "contains EXIF metadata from a camera or phone, which may say where and when it was "
            "taken; read the photograph again with tools.digits, whose copy has none"
        )
    paths = re.compile(pattern())
    for place, text in texts(name, content):
        plain = re.sub(COLOUR, " ", text)
        if private := paths.search(plain):
            shown = plain[private.start() :].split("\n")[0][:MOST]
            return (
                f"contains a private path{place}: {shown}\n"
                "  find out what wrote it, a warning perhaps; when it is mended, remove "
                "the notebooks in report/build and type: make handin"
            )
    return ""


def pattern() -> str:
    """Return a regular expression for paths of this machine, and of anybody's home."""
    paths = [re.escape(spelt) for path in own_paths() for spelt in (path, quote(path))]
    with contextlib.suppress(OSError, KeyError, ImportError):  # a user without a name
        user = getpass.getuser()
        if user.lower() not in COMMON:
            paths.append(rf"(?!{SYSTEM})(?:/{PART})*/{re.escape(user)}(?=[/\s:\"']|$)")
    return f"{BEFORE}(?:{'|'.join([*paths, HOME])}){AFTER}"


def own_paths() -> set[str]:
    """Return where project, home and temporary files are: the paths as given, and without links."""
    given = [str(ROOT), os.environ.get("HOME", ""), tempfile.gettempdir()]
    with contextlib.suppress(RuntimeError):  # a user without a home
        given.append(str(Path.home()))
    absolute = [path for path in given if Path(path).is_absolute()]
    paths = {form(path) for path in absolute for form in (os.path.normpath, os.path.realpath)}
    return paths - PUBLIC


def texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield (place, text) for each text in a file."""
    kind = Path(name).suffix.lower()
    if kind == ".pdf":
        yield from (("", text) for text in texts_of_pdf(content))
    elif kind in PICTURES:
        yield from (("", text) for text in about_picture(content)[1])
    elif kind in (".json", ".ipynb"):
        yield from texts_of_json("", json.loads(content))
    else:
        yield "", content.decode(errors="replace")


def texts_of_json(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield (place, text) for each text and key in JSON; a notebook's pictures are left out."""
    if isinstance(value, str):
        yield f" in {place}" if place else "", value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            is_line = isinstance(item, str)
            yield from texts_of_json(place if is_line else f"{place}[{number}]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield f" in {place}" if place else "", key
            if not key.startswith("image/") or isinstance(item, dict):
                yield from texts_of_json(f"{place}.{key}".lstrip("."), item)


def texts_of_pdf(content: bytes) -> list[str]:
    """Return the text of each page of a PDF, and what it says of itself. Raises PyPdfError."""
    reader = PdfReader(io.BytesIO(content), strict=True)
    about = map(str, (reader.metadata or {}).values())
    return [*about, *(page.extract_text() for page in reader.pages)]


def about_picture(content: bytes) -> tuple[bool, list[str]]:
    """Return whether a picture has the metadata of a camera, and what else it says of itself."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            of_camera = bool(image.getexif()) or "xmp" in image.info
            return of_camera, list(map(str, image.info.values()))
    except OSError:  # no picture
        return False, []
