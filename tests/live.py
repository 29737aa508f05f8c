"""Widgets on a bare page in a real browser, without a kernel: no request, no error."""

import json

from explore import widget

HTML = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>body {{ margin: 8px; }} {style}</style>
<body class="page"><div id="play"></div>
<script type="application/json" id="start">{start}</script>
<script type="module">{script}</script></body></html>"""


def write_page(folder, name, start):
    """Write a page with a widget, and return its address."""
    values = json.dumps(widget.plain(start)).replace("<", "\\u003c")
    parts = {"style": widget.style(name), "start": values, "script": widget.page_script(name)}
    path = folder / f"{name}.html"
    path.write_text(HTML.format(name=name, **parts), encoding="utf-8")
    return path.as_uri()


class Watch:
    """What went wrong on a page of the browser: errors, and requests to other machines."""

    def __init__(self, page):
        self.troubles = []
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", self.listen)
        page.on("request", self.ask)

    def listen(self, message):
        """Keep the errors among the messages of the browser's console."""
        if message.type == "error":
            self.troubles.append(message.text)

    def ask(self, request):
        """Keep the requests to anything but this page's own file."""
        if not request.url.startswith(("file:", "data:", "blob:", "about:")):
            self.troubles.append(request.url)
