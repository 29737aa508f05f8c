"""Pictures of the widgets on the web pages: `python -m tools.screenshots`, after `make html`.

All of them go to report/build/screenshots, to be looked at: each widget at the start, in the
middle and at the end of its work, on a phone, and on a dark page. Those that the README shows, and
a moving picture, go to docs as well. It needs playwright and a Chromium.
"""

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from common import ROOT
from tools.setup import BROWSERS, found

PAGES = ROOT / "report/build/html"
FOLDER = ROOT / "report/build/screenshots"
DOCS = ROOT / "docs"
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 800}}
FRAMES = 48  # of the moving picture
FRAME_SECONDS = 0.12
FRAME_WIDTH = 800  # pixels
QUALITY = 70  # of the moving picture
SEVEN = [(0.28, 0.2), (0.72, 0.2), (0.6, 0.48), (0.48, 0.86)]
IN_README = {"problem1_compgraph": "middle", "problem3_mlp": "end", "problem4_mnist": "end"}


def press(page: Any, name: str, times: int = 1) -> None:
    """Press a button of the widget."""
    for _ in range(times):
        page.locator(".hw").get_by_role("button", name=name).first.click()


def walk(page: Any) -> None:
    """Go two thirds of the way through the steps of Problem 1."""
    press(page, "Next", 27)


def walk_on(page: Any) -> None:
    """Go to the last step, and downhill."""
    press(page, "To the end")
    press(page, "30 steps", 8)


def train(page: Any, steps: int = 20) -> None:
    """Take a few steps."""
    press(page, "One step", steps)


def train_on(page: Any) -> None:
    """Train until the picture hardly changes."""
    press(page, "Play")
    page.wait_for_timeout(5000)
    press(page, "Pause")


def draw(page: Any, strokes: list[tuple[float, float]] = SEVEN) -> None:
    """Draw a digit with the mouse."""
    box = page.locator(".hw canvas").first.bounding_box()
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in strokes]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=12)
    page.mouse.up()


def draw_part(page: Any) -> None:
    """Draw the beginning of a digit."""
    draw(page, SEVEN[:2])


def draw_whole(page: Any) -> None:
    """Draw a digit on an empty pad."""
    press(page, "Clear")
    draw(page)


PLAYS = {
    "problem1_compgraph": (walk, walk_on),
    "problem2_linear": (train, train_on),
    "problem3_mlp": (train, train_on),
    "problem4_mnist": (draw_part, draw_whole),
}


def picture(page: Any) -> bytes:
    """Return a picture of the widget, with the mouse out of the way."""
    page.mouse.move(1, 1)
    page.wait_for_timeout(400)
    return page.locator(".hw").screenshot()


def opened(browser: Any, name: str, size: str, scheme: str = "light") -> Any:
    """Return a page of the browser with the widget of a notebook in view."""
    page = browser.new_page(viewport=SIZES[size], color_scheme=scheme)
    page.goto((PAGES / f"{name}.html").as_uri())
    page.locator(".hw").scroll_into_view_if_needed()
    return page


def pictures(browser: Any, name: str) -> dict[str, bytes]:
    """Return the five pictures of a notebook's widget."""
    middle, end = PLAYS[name]
    page = opened(browser, name, "desktop")
    shots = {"start": picture(page)}
    middle(page)
    shots["middle"] = picture(page)
    end(page)
    shots["end"] = picture(page)
    page.close()
    for look, size, scheme in (("phone", "phone", "light"), ("dark", "desktop", "dark")):
        page = opened(browser, name, size, scheme)
        middle(page)
        shots[look] = picture(page)
        page.close()
    return shots


def moving_picture(browser: Any) -> bytes:
    """Return Problem 3's network while it learns, as an animated WebP."""
    page = opened(browser, "problem3_mlp", "desktop")
    side = page.locator(".hw .side")
    frames = []
    for number in range(FRAMES):
        content = side.screenshot()
        image = Image.open(io.BytesIO(content)).convert("RGB")
        frames.append(image.resize((FRAME_WIDTH, FRAME_WIDTH * image.height // image.width)))
        press(page, "One step", 1 if number < FRAMES // 3 else 6)
    page.close()
    milliseconds = [round(1000 * FRAME_SECONDS)] * (FRAMES - 1) + [2000]
    content = io.BytesIO()
    options: dict[str, Any] = {"quality": QUALITY, "method": 6, "loop": 0}
    frames[0].save(
        content, "WEBP", save_all=True, append_images=frames[1:], duration=milliseconds, **options
    )
    return content.getvalue()


def write(path: Path, content: bytes) -> None:
    """Write a picture and print its size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    print(f"{path.relative_to(ROOT)}: {len(content) / 1000:.0f} KB")


def main() -> int:
    """Make all pictures."""
    from playwright.sync_api import sync_playwright

    program = found(BROWSERS["chromium"])
    if program is None or not (PAGES / "index.html").is_file():
        print("error: this needs Chromium, and the pages; type: make html", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        for name in PLAYS:
            for when, content in pictures(browser, name).items():
                write(FOLDER / f"{name}_{when}.png", content)
                if IN_README.get(name) == when:
                    write(DOCS / f"play_{name.partition('_')[0]}.png", content)
        write(DOCS / "play.webp", moving_picture(browser))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
