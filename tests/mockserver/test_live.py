"""What is done to live answers, on a made-up line and hub: refusals, and that deadlines move with the player."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from cassettes.matching import Asked
from cassettes.model import Ending, Frame, Head, Request, Timeline
from cassettes.routes import parse
from mockserver.journal import Came, Journal
from mockserver.live import MOST_INJECTED, StreamError, Streams, injected, nothing
from mockserver.plan import Asking, compile_plan
from mockserver.player import HIGH_WATER, Player

SSE = (("Content-Type", "text/event-stream"),)


class FakeLine:
    def __init__(self):
        self.data, self.waiting, self.ended = b"", 0, None

    def write(self, data):
        self.data += bytes(data)

    def buffered(self):
        return self.waiting

    def undelivered(self):
        return 0

    def is_closing(self):
        return self.ended is not None

    def close(self):
        self.ended = "fin"

    def reset(self):
        self.ended = "rst"


class FakeHub:
    def __init__(self):
        self.time, self.waiting = 100.0, []

    def now(self):
        return self.time

    def add(self, when, player):
        self.waiting.append((when, player))

    def forget(self, player):
        self.waiting = [entry for entry in self.waiting if entry[1] is not player]


class Scene:
    """Two events, a second apart, then a stall; the first is out."""

    def __init__(self):
        frames = tuple(Frame(1000.0 * at, b"data: %d\n\n" % at) for at in range(2))
        timeline = Timeline(
            head=Head(headers=SSE), head_at_ms=0.0, frames=frames, end=Ending(type="timeout"), end_at_ms=2000.0
        )
        plan = compile_plan(timeline, Asking())
        self.hub, self.line, self.journal, self.told = FakeHub(), FakeLine(), Journal(), []
        request = Request("POST", "/v1/x", (), b"")
        self.record = self.journal.begin(Came(Asked(request, parse("POST", "/v1/x", ()), b"")), "d", 100.0, 200, 9)
        self.player = Player(plan, self.line, 100.0, lambda: None, self.told.append)
        self.record.player = self.player
        self.journal.live[1] = self.record
        self.hub.add(self.player.pump(100.0), self.player)
        self.streams = Streams(self.journal, lambda: self.hub)

    def do(self, verb, body=b""):
        return self.streams.do(verb, 1, body)


def test_a_pause_takes_it_off_the_hub_and_a_resume_puts_it_back_once():
    scene = Scene()
    assert scene.do("pause")["paused"]
    assert scene.do("pause")["next_ms"] is None
    assert scene.hub.waiting == []
    scene.hub.time = 200.0
    assert scene.do("resume") | {"bytes": 0} == {**scene.streams.shown(1), "bytes": 0}
    scene.do("resume")
    assert scene.hub.waiting == [(200.0, scene.player)]
    assert scene.player.pump(200.0) == 201.0


def test_steps_play_event_by_event():
    scene = Scene()
    assert scene.streams.shown(1)["events"] == 1
    shown = scene.do("step")
    assert (shown["events"], shown["of_events"], shown["paused"]) == (2, 2, True)
    assert scene.line.data.endswith(b"data: 1\n\n\r\n")
    assert not scene.do("step")["paused"]  # the ending is a stall


def test_an_injection_is_a_chunk_of_its_own():
    scene = Scene()
    before = scene.do("pause")["bytes"]
    assert scene.do("inject", b'{"text": ": hi\\n\\n"}')["bytes"] == before + 11
    assert scene.line.data.endswith(b"6\r\n: hi\n\n\r\n")
    scene.do("inject", b'{"base64": "/w=="}')
    assert scene.line.data.endswith(b"1\r\n\xff\r\n")


def test_a_drop_resets():
    scene = Scene()
    scene.do("drop")
    assert (scene.line.ended, scene.told, scene.record.by) == ("rst", ["dropped"], "control")


@pytest.mark.parametrize(
    ("verb", "body", "status", "code"),
    [
        ("pause", b'{"for": 1}', 422, "tokentape_bad_injection"),
        ("pause", b"{", 400, "tokentape_bad_json"),
        ("inject", b"", 400, "tokentape_bad_json"),
        ("inject", b"{}", 422, "tokentape_bad_injection"),
        ("inject", b'{"text": "a", "base64": "YQ=="}', 422, "tokentape_bad_injection"),
        ("inject", b'{"base64": "%"}', 422, "tokentape_bad_injection"),
        ("inject", b'{"text": ""}', 422, "tokentape_bad_injection"),
        ("inject", b'{"text": "\\ud800"}', None, ""),
    ],
)
def test_bodies_that_are_refused(verb, body, status, code):
    with pytest.raises(StreamError) as caught:
        Scene().do(verb, body)
    assert caught.value.status in {400, 422}
    assert status in {None, caught.value.status}
    assert caught.value.code in {code, "tokentape_bad_json"}


def test_an_injection_is_bounded():
    assert injected(json.dumps({"text": "a" * MOST_INJECTED}).encode()) == b"a" * MOST_INJECTED
    with pytest.raises(StreamError, match="expected 1 to 65536"):
        injected(json.dumps({"text": "a" * (MOST_INJECTED + 1)}).encode())
    assert nothing(b"") == nothing(b"{}") == b""


def test_a_client_that_does_not_read_gets_no_more():
    scene = Scene()
    scene.line.waiting = HIGH_WATER + 1
    for verb, body in (("step", b""), ("inject", b'{"text": "a"}')):
        with pytest.raises(StreamError, match="does not read") as caught:
            scene.do(verb, body)
        assert caught.value.status == 409


def test_what_is_relayed_can_only_be_dropped():
    scene = Scene()
    scene.record.player = None
    scene.record.takeover = SimpleNamespace(size=5, connection=scene.line)
    with pytest.raises(StreamError, match="it can be dropped"):
        scene.do("pause")
    assert scene.do("drop")["kind"] == "relayed"
    assert scene.line.ended == "rst"


def test_streams_that_are_not_there():
    scene = Scene()
    for n, said in ((7, "is not known"), (1, "is over")):
        scene.journal.live.clear()
        with pytest.raises(StreamError, match=said) as caught:
            scene.streams.do("pause", n, b"")
        assert caught.value.status == 404
    assert scene.streams.listed(None) == []
