"""A JupyterLab and a browser page for tests: nothing leaves the machine, and every complaint is kept."""

import ast
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
SCROLL = "node => node.scrollIntoView({block: 'center'})"
READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.content?.model && panel.sessionContext?.isReady
        && panel.sessionContext.session?.kernel?.status === 'idle';
}"""
RUN = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"  # without its promise: it never settles
STATE = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const cells = panel.content.widgets.filter(cell => cell.model.type === 'code');
    return {
        idle: panel.sessionContext.session.kernel.status === 'idle',
        left: cells.filter(cell => cell.model.executionCount === null).length,
        errors: cells.flatMap(cell => cell.model.outputs.toJSON()).filter(o => o.output_type === 'error'),
    };
}"""
ASK = """code => new Promise(resolve => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const asked = kernel.requestExecute({code: '', silent: true, user_expressions: {answer: code}});
    asked.onReply = message => resolve(message.content.user_expressions.answer);
})"""
WIDGET = ".jp-OutputArea-output:has(.hw)"


def free_port():
    """Return a port that nobody uses at the moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def server(folder, home, **more):
    """Run JupyterLab on a folder, with a home of its own; yield its address."""
    news = home / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
              "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
              "IPYTHONDIR": "ipython", "HOME": "."}  # fmt: skip
    env = (
        os.environ
        | {name: str(home / place) for name, place in places.items()}
        | more
        | {"JUPYTER_PREFER_ENV_PATH": "1"}
    )
    address = f"http://127.0.0.1:{free_port()}"
    words = ["--no-browser", "--allow-root", f"--ServerApp.port={address.rpartition(':')[2]}",
             "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"]  # fmt: skip
    with (home / "log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", *words]
        running = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while running.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/api"):
                break
            time.sleep(0.1)
        else:
            raise AssertionError((home / "log").read_text())
        yield address
    finally:
        running.terminate()
        running.wait()


class Desk:
    """A page of the browser, with a notebook on it.

    `complaints` are the browser's errors, `strangers` the requests that were for another machine, and were stopped.
    """

    def __init__(self, browser, address, **look):
        self.address, self.complaints, self.strangers = address, [], []
        self.page = browser.new_page(viewport={"width": 1280, "height": 1300}, **look)
        self.page.route("**/*", self.gate)
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def gate(self, route):
        """Let nothing pass but what is for the server here."""
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.strangers.append(route.request.url)
            route.abort()

    def open(self, notebook, seconds=120):
        """Open a notebook, wait for its kernel, run all cells from top to bottom; no cell may fail."""
        self.page.goto(f"{self.address}/lab/tree/{notebook}?reset")
        self.page.wait_for_function(READY, timeout=60_000)
        self.page.evaluate(RUN)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = self.page.evaluate(STATE)
            assert state["errors"] == []
            if state["idle"] and not state["left"]:
                return self.find(".hw")
            time.sleep(0.2)
        raise AssertionError(f"{notebook}: no end within {seconds} s: {state}")

    def value(self, code):
        """Return what an expression is in the kernel."""
        answer = self.page.evaluate(ASK, f"__import__('json').dumps({code})")
        assert answer["status"] == "ok", answer
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def until(self, code, seconds=20):
        """Wait until an expression is true in the kernel."""
        deadline = time.monotonic() + seconds
        while not self.value(f"bool({code})"):
            assert time.monotonic() < deadline, f"expected {code}"
            time.sleep(0.05)

    def find(self, selector, **more):
        """Return an element, scrolled into view and at rest."""
        found = self.page.locator(selector, **more).first
        found.wait_for(timeout=20_000)
        found.evaluate(SCROLL)
        self.page.wait_for_timeout(300)
        return found

    def button(self, name):
        """Return the button of that name."""
        found = self.page.locator("button:visible", has_text=re.compile(f"^{name}$")).first
        found.evaluate(SCROLL)
        return found

    def says(self, text, seconds=20):
        """Wait until the widget's line says so, sub- and superscripts read as they stand."""
        deadline = time.monotonic() + seconds
        while text not in (found := self.find(".widget-html [role=status]").text_content()):
            assert time.monotonic() < deadline, f"expected {text!r}, found {found!r}"

    def press(self, name, times=1):
        """Press a button."""
        for _ in range(times):
            self.button(name).click()

    def slide(self, name, key, times=1):
        """Move a slider with the keyboard."""
        self.find(".hw label.slider")
        handle = self.page.get_by_label(name, exact=False).first
        for _ in range(times):
            handle.press(key)

    def draw(self, points):
        """Draw a stroke on the pad with the mouse, through points in 0..100."""
        box, mouse = self.find(".hw canvas").bounding_box(), self.page.mouse
        spots = [(box["x"] + x * box["width"] / 100, box["y"] + y * box["height"] / 100) for x, y in points]
        mouse.move(*spots[0])
        mouse.down()
        for spot in spots[1:]:
            mouse.move(*spot, steps=8)
        mouse.up()
