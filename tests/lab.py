"""A JupyterLab and a browser page for tests: no request leaves the machine, all errors are kept."""

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

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Playwright does not say where an error comes from; its stack does.
TELL = """
    const tell = error => window.complain(String(error?.message ?? error), String(error?.stack));
    window.addEventListener('error', event => event.error && tell(event.error));
    window.addEventListener('unhandledrejection', event => tell(event.reason));
"""
SCROLL = "node => node.scrollIntoView({block: 'center'})"
READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.content?.model && panel.sessionContext?.isReady
        && panel.sessionContext.session?.kernel?.status === 'idle';
}"""
# The command's promise is not returned: it never settles.
RUN = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
STATE = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const cells = panel.content.widgets.filter(cell => cell.model.type === 'code');
    const outputs = cells.flatMap(cell => cell.model.outputs.toJSON());
    return {
        idle: panel.sessionContext.session.kernel.status === 'idle',
        left: cells.filter(cell => cell.model.executionCount === null).length,
        errors: outputs.filter(output => output.output_type === 'error'),
    };
}"""
ASK = """code => new Promise(resolve => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const request = {code: '', silent: true, user_expressions: {answer: code}};
    const asked = kernel.requestExecute(request);
    asked.onReply = message => resolve(message.content.user_expressions.answer);
})"""


def free_port():
    """Return a port that is free at the moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def private_home(home):
    """Return the environment variables that keep JupyterLab inside the folder `home`."""
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
        "HOME": ".",
    }
    return {name: str(home / folder) for name, folder in folders.items()}


def settle(home):
    """Switch off JupyterLab's question whether it may fetch news, and its autosave.

    A notebook that was saved with its widgets would show them again in the next test, while that
    test makes new ones.
    """
    news = {"fetchNews": "false", "checkForUpdates": False}
    for name, settings in {
        "apputils-extension/notification": news,
        "docmanager-extension/plugin": {"autosave": False},
    }.items():
        path = home / f"settings/@jupyterlab/{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings))


def wait_for_server(process, address, log, seconds=120):
    """Wait until the server answers; fail with its log if it ends or stays silent."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/api"):
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@contextlib.contextmanager
def server(folder, home, **variables):
    """Run JupyterLab on a folder, with its own home and more variables; yield its address."""
    settle(home)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--ServerApp.port={port}",
        "--IdentityProvider.token=",
        "--LabApp.expose_app_in_browser=True",
    ]
    env = os.environ | private_home(home) | variables | {"JUPYTER_PREFER_ENV_PATH": "1"}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
    try:
        wait_for_server(process, address, home / "log")
        yield address
    finally:
        process.terminate()
        process.wait()


class Desk:
    """A page of the browser, with a notebook on it.

    `complaints` are the browser's errors, without those in which only JupyterLab's own scripts took
    part; `strangers` are requests to other machines, all stopped.
    """

    def __init__(self, browser, address, **look):
        self.address = address
        self.complaints = []
        self.strangers = []
        self.page = browser.new_page(viewport={"width": 1280, "height": 1300}, **look)
        self.page.route("**/*", self.gate)
        self.page.on("console", self.listen)
        self.page.expose_function("complain", self.complain)
        self.page.add_init_script(TELL)

    def listen(self, message):
        """Keep the errors among the messages of the browser's console."""
        if message.type == "error":
            self.complaints.append(message.text)

    def complain(self, message, stack):
        """Keep an error, unless only JupyterLab's own scripts took part: a widget is a blob."""
        if "/static/lab/" not in stack or "blob:" in stack or "/lab/extensions/" in stack:
            self.complaints.append(message)

    def gate(self, route):
        """Let only requests to the server of this test pass."""
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.strangers.append(route.request.url)
            route.abort()

    def open(self, notebook, seconds=120):
        """Open a notebook, wait for its kernel, run all cells; none may fail."""
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
        raise AssertionError(f"{notebook} did not end within {seconds} s: {state}")

    def value(self, code):
        """Return the value of an expression in the kernel."""
        answer = self.page.evaluate(ASK, f"__import__('json').dumps({code})")
        assert answer["status"] == "ok", answer
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def until(self, code, seconds=60):
        """Wait until an expression is true in the kernel."""
        deadline = time.monotonic() + seconds
        while not self.value(f"bool({code})"):
            assert time.monotonic() < deadline, f"still not true: {code}"
            time.sleep(0.05)

    def find(self, selector, **options):
        """Return an element, scrolled into view and at rest."""
        element = self.page.locator(selector, **options).first
        element.wait_for()
        element.evaluate(SCROLL)
        self.page.wait_for_timeout(300)
        return element

    def button(self, name):
        """Return the button of that name."""
        button = self.page.locator("button:visible", has_text=re.compile(f"^{name}$")).first
        button.evaluate(SCROLL)
        return button

    def draw(self, points):
        """Draw a stroke on the pad with the mouse, through points in 0..100."""
        box = self.find(".hw canvas").bounding_box()
        mouse = self.page.mouse
        spots = [
            (box["x"] + x * box["width"] / 100, box["y"] + y * box["height"] / 100)
            for x, y in points
        ]
        mouse.move(*spots[0])
        mouse.down()
        for spot in spots[1:]:
            mouse.move(*spot, steps=8)
        mouse.up()
