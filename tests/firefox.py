"""Firefox, driven by the protocol that it speaks itself (WebDriver BiDi), without a driver."""

import contextlib
import itertools
import json
import subprocess
import time

from lab import free_port
from websocket import create_connection

QUIET = """
user_pref("app.normandy.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("toolkit.telemetry.enabled", false);
"""
KEYS = {"ArrowRight": "\ue014", "Enter": "\ue007", "Tab": "\ue004"}


class Firefox:
    """A page of Firefox. `troubles` are the errors of its pages and their requests."""

    def __init__(self, address):
        self.numbers = itertools.count(1)
        self.socket = create_connection(address, timeout=60, suppress_origin=True)
        self.ask("session.new", capabilities={})
        tree = self.ask("browsingContext.getTree")
        self.page = tree["contexts"][0]["context"]
        self.troubles = []
        events = ["log.entryAdded", "network.beforeRequestSent"]
        self.ask("session.subscribe", events=events)

    def ask(self, method, **parameters):
        """Send a command and return its result; events that come in between are heard."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            self.listen(answer)
        assert answer["type"] == "success", answer
        return answer["result"]

    def listen(self, event):
        """Keep what went wrong."""
        details = event["params"]
        if event["method"] == "log.entryAdded" and details["level"] == "error":
            self.troubles.append(details["text"])
        elif event["method"] == "network.beforeRequestSent":
            address = details["request"]["url"]
            if not address.startswith(("file:", "data:", "blob:", "about:")):
                self.troubles.append(address)

    def open(self, address):
        """Open a page and wait until it is complete."""
        self.ask("browsingContext.navigate", context=self.page, url=address, wait="complete")

    def value(self, expression):
        """Return the value of an expression of JavaScript; a promise is waited for."""
        answer = self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self.page},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        return json.loads(answer["result"].get("value", "null"))

    def until(self, expression, seconds=30):
        """Wait until an expression is true."""
        deadline = time.monotonic() + seconds
        while not self.value(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"still not true: {expression}"
            time.sleep(0.05)

    def press(self, key):
        """Press a key."""
        actions = [{"type": kind, "value": KEYS.get(key, key)} for kind in ("keyDown", "keyUp")]
        keyboard = [{"type": "key", "id": "keyboard", "actions": actions}]
        self.ask("input.performActions", context=self.page, actions=keyboard)

    def drag(self, *points):
        """Press the mouse at the first point of the window, move it through the others, let go."""
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y)} for x, y in points]
        down, up = ({"type": f"pointer{way}", "button": 0} for way in ("Down", "Up"))
        actions = [moves[0], down, *moves[1:], up]
        mouse = [{"type": "pointer", "id": "mouse", "actions": actions}]
        self.ask("input.performActions", context=self.page, actions=mouse)


@contextlib.contextmanager
def firefox(program, home):
    """Start Firefox with a profile of its own in the folder `home`; yield its page."""
    (home / "user.js").write_text(QUIET)
    port = free_port()
    command = [program, "--headless", "--no-remote", "--profile", str(home)]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, f"--remote-debugging-port={port}"], stdout=log, stderr=log
        )
    try:
        yield Firefox(wait_for_address(process, port, home / "log"))
    finally:
        process.terminate()
        process.wait()


def wait_for_address(process, port, log, seconds=60):
    """Wait until Firefox listens, and return its address; fail with its log if it ends."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        if "WebDriver BiDi listening" in log.read_text():
            return f"ws://127.0.0.1:{port}/session"
        time.sleep(0.1)
    raise AssertionError(log.read_text())
