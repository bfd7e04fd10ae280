"""What a scenario may name on a server, and faults that are tried on its tapes before anybody asks."""

from cassettes.matching import Index, entry_of
from cassettes.model import Chunk, Interaction, Request, Response, Stream
from mockserver import rehearsal
from mockserver.choose import Chooser, Playing
from mockserver.faults.table import read
from mockserver.rehearsal import Known, Rehearsal
from mockserver.scenario import When

URIS = {
    "openai": "https://api.openai.com/v1/chat/completions",
    "anthropic": "https://api.anthropic.com/v1/messages",
}


def entry(name, number, events, provider="openai"):
    body = b"data: 1\n\n" * events
    chunks = tuple(Chunk(1.0, 9) for _ in range(events))
    stream = Stream(provider=provider, chunks=chunks)
    response = Response(200, "OK", (("content-type", "text/event-stream"),), body, stream)
    return entry_of(name, number, Interaction(Request("POST", URIS[provider]), response))


def tried(**playing):
    entries = [entry("a", 1, 2), entry("a", 2, 5), entry("b", 1, 9, "anthropic")]
    return Rehearsal(Chooser(Index(entries), Playing(**playing)), ("mine",))


def test_tapes_and_providers_are_known():
    one = tried()
    assert one.tapes == {"a": 2, "b": 1}
    assert {"openai", "gemini", "mine"} <= one.providers
    assert Known().tapes is None
    assert Known().flaw(When(), "a", read("reset@3e")) is None


def test_one_tape_that_takes_the_faults_is_enough():
    one = tried()
    assert one.flaw(When(), None, read("reset@8e")) is None
    assert one.flaw(When(), "a", read("reset@4e")) is None
    assert one.flaw(When(), "a", ()) is None


def test_faults_that_fit_no_tape_are_told():
    one = tried()
    for when, tape, faults in (
        (When(), None, "reset@10e"),
        (When(), "a#1", "reset@4e"),
        (When(), "a", "reset@8e"),
        (When(provider=("openai",)), None, "reset@8e"),
        (When(dialect=("openai-*",)), None, "reset@8e"),
    ):
        flaw = one.flaw(when, tape, read(faults))
        assert flaw is not None, (tape, faults)
        assert flaw.startswith("on the tape a#1 the fault reset@")
        assert one.flaw(when, tape, read(faults)) == flaw
    assert one.flaw(When(provider=("google",)), None, read("reset@8e")) is None  # nothing to try it on
    assert one.flaw(When(), "a#1", read("reset?@4e")) is None


def test_what_the_command_line_gives_every_answer_contradicts_a_rule():
    flaw = tried(faults=("cut",)).flaw(When(), None, read("reset@1e"))
    assert flaw is not None
    assert "cut and reset@1e contradict each other" in flaw
    assert tried(faults=("cut#1",)).flaw(When(), None, read("reset@1e")) is None
    assert tried(faults=("latency:1ms",)).flaw(When(), None, read("reset@1e")) is None


def test_only_so_much_is_tried(monkeypatch):
    monkeypatch.setattr(rehearsal, "TRIED", 1)
    one = tried()
    assert one.flaw(When(), None, read("reset@10e")) is not None
    assert one.flaw(When(), None, read("reset@11e")) is None
    assert one.flaw(When(), None, read("reset@10e")) is not None
