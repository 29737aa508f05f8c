"""List N: downloads against a server that misbehaves in each way."""

import gzip
import hashlib
import http.server
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import ROOT

from common import MNIST_FILES, DataError, read_mnist
from tools import fetch


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve MNIST's files; the first part of the path says in which way to go wrong."""

    folder = None

    def do_GET(self):
        way, name = self.path.strip("/").split("/")
        data = (self.folder / name).read_bytes()
        if way.isdigit():
            return self.send_error(int(way))
        if way == "wrong":
            data = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
        if way == "other":  # whole, and not what it should be
            data = gzip.compress(b"other")
        if way == "html":
            data = b"<html>the page you look for</html>"
        if way == "never":
            return time.sleep(30)
        self.send_response(200)
        if way != "endless":
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        for _ in range(256 * (way == "endless")):  # until the other side hangs up, and not quite without end
            self.wfile.write(bytes(1 << 20))
        if way == "half":
            return self.wfile.write(data[: len(data) // 2])
        if step := {"drip": 1, "slow": 1 << 18, "steady": 1 << 20}.get(way):
            for i in range(0, len(data), step):
                self.wfile.write(data[i : i + step])
                self.wfile.flush()
                time.sleep(0.2)
            return None
        return self.wfile.write(data)

    def log_message(self, *words):
        pass


@pytest.fixture
def server(mnist_folder):
    Handler.folder = mnist_folder
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.handle_error = lambda *_: None  # a client that hangs up
    running.daemon_threads = True
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield lambda way: f"http://127.0.0.1:{running.server_port}/{way}/"
    running.shutdown()


@pytest.fixture(autouse=True)
def no_named_folder(monkeypatch):
    monkeypatch.delenv("MNIST_DIR", raising=False)


def names(folder):
    return sorted(p.name for p in folder.iterdir() if p.name != ".fetch.lock")


def test_good_mirror(server, tmp_path, capsys):
    assert fetch.fetch(tmp_path, (server("good"),)) == tmp_path / "mnist"
    assert names(tmp_path / "mnist") == sorted(f"{name}.gz" for name in MNIST_FILES)
    assert read_mnist(tmp_path / "mnist").name == "MNIST"
    assert fetch.fetch(tmp_path, (server("404"),)) == tmp_path / "mnist", "what is there is not fetched again"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("way", ["403", "404", "503", "half", "wrong", "html", "endless"])
def test_n01_n03_n04_next_mirror(server, tmp_path, capsys, way):
    assert fetch.fetch(tmp_path, (server(way), server("good"))) == tmp_path / "mnist"
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and server(way) in said[0]
    assert way not in ("403", "404", "503") or way in said[0]
    assert way != "endless" or "at most 64 MB" in said[0]
    assert names(tmp_path) == ["mnist"]


def test_n04_both_hashes(server, tmp_path, capsys):
    assert not fetch.from_mirrors(tmp_path / "mnist", (server("other"),))
    said = capsys.readouterr().err
    assert (
        hashlib.sha256(b"other").hexdigest() in said
        and "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" in said
    )
    assert names(tmp_path) == []


def test_n02_all_fail(server, tmp_path, capsys):
    folder = fetch.fetch(tmp_path, (server("403"), server("404")))
    said = capsys.readouterr().err
    assert all(f"{name}.gz" in said for name in MNIST_FILES) and "MNIST_DIR" in said
    assert folder == tmp_path / "mnist-subset" and names(tmp_path) == ["mnist-subset"]
    mnist = read_mnist(folder)
    assert mnist.name == "a subset of MNIST" and len(mnist.x_train) == 4000 and len(mnist.x_test) == 1000


@pytest.mark.parametrize("way", ["never", "drip"])
def test_n05_gives_up(server, tmp_path, monkeypatch, way):
    monkeypatch.setattr(fetch, "PATIENCE", 1)
    began = time.monotonic()
    assert fetch.fetch(tmp_path, (server(way), server("good"))) == tmp_path / "mnist"
    assert time.monotonic() - began < 15
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_n05_waits_for_a_slow_mirror(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "PATIENCE", 1)  # the largest file takes 2 s, but something comes all the time
    assert fetch.from_mirrors(tmp_path / "mnist", (server("steady"),))


def test_n05_patience_is_under_30_seconds():
    assert fetch.PATIENCE < 30


def test_n06_killed_in_the_middle(server, tmp_path):
    call = f"fetch.fetch(Path({str(tmp_path)!r}), ({server('slow')!r},))"
    code = f"from pathlib import Path; from tools import fetch; {call}"
    running = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    while not (tmp_path / ".mnist-unfinished").exists():
        time.sleep(0.01)
    time.sleep(0.5)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "mnist").exists()
    assert fetch.fetch(tmp_path, (server("good"),)) == tmp_path / "mnist" and names(tmp_path) == ["mnist"]


def test_n07_two_at_once(server, tmp_path):
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=fetch.fetch, args=(tmp_path, (server("slow"),))) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    assert read_mnist(tmp_path / "mnist").name == "MNIST" and names(tmp_path) == ["mnist"]


def test_n08_no_room(server, tmp_path):
    (tmp_path / "file").write_text("a file where a folder is needed")
    with pytest.raises(OSError, match="file"):
        fetch.fetch(tmp_path / "file", (server("good"),))


def test_n08_disk_full(server, tmp_path, monkeypatch):
    def full(*words, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch.pooch, "retrieve", full)
    with pytest.raises(OSError, match="No space left"):
        fetch.fetch(tmp_path, (server("good"),))
    assert names(tmp_path) == []


def test_mnist_dir_is_taken_or_refused(tmp_path, monkeypatch, mnist_folder):
    monkeypatch.setenv("MNIST_DIR", str(mnist_folder))
    assert fetch.fetch(tmp_path, ()) == mnist_folder and names(tmp_path) == []
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    done = subprocess.run([sys.executable, "-m", "tools.fetch"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "train-images" in done.stderr and len(done.stderr.splitlines()) == 1
    with pytest.raises(DataError):
        read_mnist(tmp_path)
