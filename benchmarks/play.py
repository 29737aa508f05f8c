"""How fast the web pages are: `PYTHONPATH=. python benchmarks/play.py`, after `make html`.

For each page: its size; the time until the first picture; from a click to its picture; the pictures
per second while it plays; and for Problem 3 the time of 2000 training steps. In Chromium, headless.
"""

import statistics
import sys

from playwright.sync_api import sync_playwright

from common import ROOT
from tools.setup import BROWSERS, found

PAGES = ROOT / "report/build/html"
REPEATS = 30
PLAYING = 3  # seconds

# From the event of a click until the picture that follows it has been handed to the screen.
CLICK = """selector => new Promise(done => {
    const button = [...document.querySelectorAll(".hw button")]
        .find(node => node.textContent === selector && !node.disabled);
    const start = performance.now();
    button.click();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})"""
STROKE = """() => new Promise(done => {
    const pad = document.querySelector(".hw canvas");
    const box = pad.getBoundingClientRect();
    const event = (type, x, y) => pad.dispatchEvent(new PointerEvent(type, {
        pointerId: 1, isPrimary: true, bubbles: true,
        clientX: box.left + x * box.width, clientY: box.top + y * box.height,
    }));
    pad.setPointerCapture = () => {};
    if (!window.at) event("pointerdown", 0.3, 0.2);
    window.at = (window.at ?? 0) + 1;
    const start = performance.now();
    event("pointermove", 0.3 + 0.01 * window.at, 0.2 + 0.02 * window.at);
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})"""
FRAMES = """seconds => new Promise(done => {
    let frames = 0;
    const start = performance.now();
    const count = now => {
        frames += 1;
        if (now - start < 1000 * seconds) requestAnimationFrame(count);
        else done((1000 * frames) / (now - start));
    };
    requestAnimationFrame(count);
})"""
FIRST = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime"""
TRAIN = """() => {
    const start = performance.now();
    document.querySelector(".hw").play.train(2000);
    return performance.now() - start;
}"""


def main() -> int:
    """Print a line for each page."""
    program = found(BROWSERS["chromium"])
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for name in ("problem1_compgraph", "problem2_linear", "problem3_mlp", "problem4_mnist"):
            path = PAGES / f"{name}.html"
            page.goto(path.as_uri())
            page.locator(".hw").wait_for()
            print(f"{name}: {path.stat().st_size / 1000:.0f} KB", end="")
            print(f", first picture {page.evaluate(FIRST):.0f} ms", end="")
            if name == "problem4_mnist":
                times = [page.evaluate(STROKE) for _ in range(REPEATS)]
            else:
                step = "Next" if name == "problem1_compgraph" else "One step"
                times = [page.evaluate(CLICK, step) for _ in range(REPEATS)]
            median = statistics.median(times)
            print(f", click to picture {median:.0f} ms (slowest {max(times):.0f})", end="")
            if name in ("problem2_linear", "problem3_mlp"):
                page.get_by_role("button", name="Play").click()
                frames = page.evaluate(FRAMES, PLAYING)
                page.get_by_role("button", name="Pause").click()
                print(f", {frames:.0f} frames/s", end="")
            if name == "problem3_mlp":
                steps = statistics.median(page.evaluate(TRAIN) for _ in range(5))
                print(f", 2000 steps in {steps:.0f} ms", end="")
            print()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
