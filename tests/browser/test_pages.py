"""Web pages in headless Chromium: those of this machine stream from another port, a foreign one gets nothing.

Opt-in (`-m browser`, `make test-all`): a browser is the only judge of what a browser lets a page read.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from wires import Tool, tool

from cassettes.dialects import get
from cassettes.events import event_ends
from cassettes.store import shipped_root
from cassettes.yamlio import load_file

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / ".venv" / "sdk-node" / "node_modules" / "openai"
FOREIGN = "foreign.test"
PAGE = b'<!doctype html><meta charset="utf-8"><title>page</title><script type="module" src="/page.mjs"></script>'
KINDS = {".mjs": "text/javascript", ".js": "text/javascript", ".html": "text/html"}
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",  # a container's is too small
    "--no-proxy-server",
]
OWN = ("fetch", "eventSource", "credentials", "sdk", "missing", "tapes", "misses", "forget", "recorded")
OTHERS = ("fetch", "eventSource", "tapes", "misses", "forget", "rebound", "recorded", "blindly", "image")


class Site(ThreadingHTTPServer):
    """The origin of the pages: serves the page and the SDK, takes the results."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.results: dict[str, Any] = {}
        self.came = threading.Event()


class Page(BaseHTTPRequestHandler):
    """One request to the site."""

    server: Site

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            self._answer(PAGE, ".html")
        elif path == "/page.mjs":
            self._answer((Path(__file__).parent / "page.mjs").read_bytes(), ".mjs")
        else:
            file = (SDK / path.removeprefix("/openai/")).resolve()
            found = path.startswith("/openai/") and file.is_relative_to(SDK.resolve()) and file.is_file()
            self._answer(file.read_bytes() if found else b"", file.suffix, 200 if found else 404)

    def do_POST(self) -> None:
        self.server.results = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(b"", ".html")
        self.server.came.set()

    def _answer(self, body: bytes, suffix: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", KINDS.get(suffix, "text/plain"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


@contextmanager
def site() -> Iterator[Site]:
    with Site() as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield one
        finally:
            one.shutdown()
            thread.join(5)


def visited(folder: Path, host: str, steps: tuple[str, ...], **asked: str) -> dict[str, Any]:
    """What the page saw that a browser loaded from `host`."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium on this machine (Debian: apt-get install chromium)")
    rules = f"--host-resolver-rules=MAP {FOREIGN} 127.0.0.1"
    with site() as one:
        query = urlencode({**asked, "steps": ",".join(steps)})
        url = f"http://{host}:{one.server_address[1]}/?{query}"
        command = [chromium, *QUIET, rules, f"--user-data-dir={folder / 'profile'}", url]
        with (folder / "chromium.log").open("wb") as log:
            home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
            browser = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **home}
            )
        try:
            assert one.came.wait(90), (folder / "chromium.log").read_text(errors="replace")[-2000:]
        finally:
            browser.terminate()
            try:
                browser.wait(10)
            except subprocess.TimeoutExpired:
                browser.kill()
                browser.wait()
        return one.results


class Visits(NamedTuple):
    """What both pages saw, what the servers said, and which tapes there are."""

    own: dict[str, Any]
    foreign: dict[str, Any]
    mock: Tool
    recorded_by_own: int
    recorded: int


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visits]:
    base = tmp_path_factory.mktemp("browser")
    tapes = base / "tapes"
    steps = tuple(step for step in OWN if step != "sdk" or SDK.exists())
    with ExitStack() as stack:
        mock = stack.enter_context(tool(base / "mock", "serve"))
        upstream = f"openai={mock.url}/openai/v1"
        recorder = stack.enter_context(tool(base / "recorder", "record", "-o", str(tapes), "--upstream", upstream))
        port = mock.url.rpartition(":")[2]
        asked = {"mock": mock.url, "recorder": recorder.url, "rebound": f"http://{FOREIGN}:{port}/_tokentape/tapes"}
        for name in ("own", "foreign"):
            (base / name).mkdir()
        own = visited(base / "own", "localhost", steps, **asked)
        by_own = recorder.recorded()
        foreign = visited(base / "foreign", FOREIGN, OTHERS, **asked)
        yield Visits(own, foreign, mock, by_own, recorder.recorded())


@pytest.fixture(scope="module")
def hello() -> tuple[str, list[str]]:
    """The text of the tape, and what an EventSource is told of it."""
    (interaction,) = load_file(shipped_root() / "openai" / "hello.yaml").interactions
    body = interaction.response.body
    ends = event_ends(body, "sse")
    events = [body[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    told = [event.strip().removeprefix(b"data: ").decode() for event in events if event.startswith(b"data: ")]
    return "".join(get("openai-chat").text(event) for event in events), told


def test_fetch_streams_from_another_port(visits: Visits, hello: tuple[str, list[str]]) -> None:
    seen = visits.own["fetch"]
    assert (seen["status"], seen["tape"]) == (200, "openai/hello#1")
    (interaction,) = load_file(shipped_root() / "openai" / "hello.yaml").interactions
    assert seen["text"] == interaction.response.body.decode()
    assert seen["reads"] > 5, "it streamed"


@pytest.mark.parametrize("step", ["eventSource", "credentials"])
def test_an_event_source_plays_a_tape(step: str, visits: Visits, hello: tuple[str, list[str]]) -> None:
    assert visits.own[step] == {"events": hello[1]}


def test_the_openai_sdk_streams_in_a_page(visits: Visits, hello: tuple[str, list[str]]) -> None:
    if "sdk" not in visits.own:
        pytest.skip("the Node SDKs are not installed; make test installs them where there is npm")
    seen = visits.own["sdk"]
    assert seen == {"text": hello[0], "finish": "stop"}


def test_a_page_reads_why_it_got_nothing(visits: Visits) -> None:
    seen = visits.own["missing"]
    assert seen["status"] == 404
    assert "tokentape_no_match" in seen["text"]


def test_a_page_of_this_machine_reads_the_control_paths(visits: Visits) -> None:
    names = [tape["name"] for tape in json.loads(visits.own["tapes"]["text"])["tapes"]]
    assert "openai/hello" in names
    (miss,) = json.loads(visits.own["misses"]["text"])["misses"]
    assert miss["path"] == "/nowhere"
    assert visits.own["forget"]["status"] == 200


def test_a_page_of_this_machine_records(visits: Visits, hello: tuple[str, list[str]]) -> None:
    seen = visits.own["recorded"]
    assert seen["status"] == 200
    assert "[DONE]" in seen["text"]
    assert visits.recorded_by_own == 1


@pytest.mark.parametrize("step", ["fetch", "eventSource", "tapes", "misses", "forget", "rebound", "recorded"])
def test_a_foreign_page_reads_nothing(step: str, visits: Visits) -> None:
    assert visits.foreign[step].keys() == {"error"}, visits.foreign[step]


@pytest.mark.parametrize("step", ["blindly", "image"])
def test_what_a_foreign_page_sends_unseen_is_not_forwarded(step: str, visits: Visits) -> None:
    assert visits.foreign[step] == {"status": 0, "type": "opaque", "text": ""}
    assert visits.recorded == visits.recorded_by_own
