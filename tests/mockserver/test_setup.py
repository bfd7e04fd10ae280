"""What a deck is given: read from JSON, refused with the field, made into a chooser that follows the server's tapes."""

from __future__ import annotations

import json
import math

import pytest

from cassettes.matching import Index, entry_of
from cassettes.model import Cassette, CassetteError, Interaction, Request, Response, Stream
from cassettes.yamlio import dump
from mockserver.choose import Chooser, Playing
from mockserver.setup import MOST_TAPES, InlineTape, Setup, SetupError, SetUpTapes, faults_of, given, playing_of, read

ONE = Interaction(Request("POST", "https://h/one"), Response(200, "OK", (), b"", Stream()))
TEXT = dump(Cassette((ONE, ONE))).decode()


def index(*names):
    return Index(entry_of(name, 1, ONE) for name in names)


def own(setup, *names):
    chooser = Chooser(index(*names), Playing())
    return SetUpTapes(setup, chooser), chooser


def places(chooser):
    return [entry.place for entry in chooser.index.entries]


def test_faults_are_kept_as_texts():
    body = b'{"faults": ["bom;reset@3e", {"fault": "status", "attempts": 1, "code": 429}]}'
    assert faults_of(read(body)) == ("bom", "reset@3e", "status#1:code=429")
    assert faults_of(read(b"{}")) == ()


def test_an_empty_body_changes_nothing():
    assert read(b"") == read(b"{}") == Setup()
    made, chooser = own(Setup(), "a", "b/c")
    assert made.chooser(chooser.index).index is chooser.index
    assert made.chooser(chooser.index).playing == chooser.playing


@pytest.mark.parametrize(
    ("body", "said", "code"),
    [
        (b"{", "the body is no JSON", "tokentape_bad_json"),
        (b"[" * 100_000, "Expected `object`|no JSON", None),
        (b"[]", "Expected `object`", "tokentape_bad_deck"),
        (b'{"tape": []}', "unknown field `tape`; did you mean tapes?", "tokentape_bad_deck"),
        (b'{"path": "/etc/passwd"}', "a deck takes no path", "tokentape_bad_deck"),
        (b'{"tapes": [1]}', r"tapes\[0\]: Expected", "tokentape_bad_deck"),
        (b'{"qqqqq": 1}', "expected tapes, match", "tokentape_bad_deck"),
        (b'{"match": "best"}', "match: found 'best', expected exact, ", "tokentape_bad_deck"),
        (b'{"seed": 1.5}', "seed: Expected", "tokentape_bad_deck"),
        (b'{"faults": ["rest@3e"]}', "faults.*did you mean reset", "tokentape_fault"),
        (b'{"faults": ["reset@3e", {"fault": "cut"}]}', "faults.*contradict", "tokentape_fault"),
        (b'{"faults": [{"at": "3e"}]}', "faults: .*expected the key 'fault'", "tokentape_fault"),
        (b'{"scenario": 1}', "scenario: Expected", "tokentape_bad_deck"),
    ],
)
def test_bodies_that_are_refused(body, said, code):
    with pytest.raises(SetupError, match=said) as caught:
        read(body)
    assert code in {caught.value.code, None}
    assert "\n" not in str(caught.value)


def test_tapes_are_taken_by_name_by_folder_and_as_text():
    made, chooser = own(Setup(tapes=["b", "a", InlineTape("mine", TEXT)]), "a", "b/c", "b/d", "bc")
    assert places(made.chooser(chooser.index)) == ["a#1", "b/c#1", "b/d#1", "mine#1", "mine#2"]
    assert made.size == len(TEXT)
    only, chooser = own(Setup(tapes=[]), "a")
    assert places(only.chooser(chooser.index)) == []


def test_named_tapes_are_followed():
    made, _ = own(Setup(tapes=["a", InlineTape("mine", TEXT)]), "a", "b")
    assert places(made.chooser(index("a", "a/2", "b"))) == ["a#1", "a/2#1", "mine#1", "mine#2"]
    assert places(made.chooser(index("b"))) == ["mine#1", "mine#2"]


@pytest.mark.parametrize(
    ("tapes", "said"),
    [
        (["hallo"], r"tapes\[0\]: no loaded tape is called 'hallo'; did you mean hello\?"),
        (["../hello"], "no loaded tape"),
        ([InlineTape("", TEXT)], "no name for a tape"),
        ([InlineTape("a\n", TEXT)], "no name for a tape"),
        ([InlineTape("a", TEXT), InlineTape("a", TEXT)], "given twice"),
        (["hello", InlineTape("hello", TEXT)], "two are called hello"),
        ([InlineTape("a", "\ud800")], "lone surrogate"),
        (["hello"] * (MOST_TAPES + 1), "expected 100 at most"),
    ],
)
def test_tapes_that_are_refused(tapes, said):
    with pytest.raises(SetupError, match=said):
        own(Setup(tapes=tapes), "hello")


def test_the_loader_says_where_an_inline_tape_is_wrong():
    with pytest.raises(CassetteError, match=r"mine:1:1: "):
        own(Setup(tapes=[InlineTape("mine", "version: 1")]))


def test_how_it_is_played():
    playing = playing_of(read(json.dumps({
        "match": "conversation", "after_last": "error", "speed": 2, "ttft": "300ms", "tps": "40", "max_gap": "1s", "jitter": "5ms", "seed": 7,
    }).encode()), Playing())  # fmt: skip
    assert playing.levels == ("exact", "normalized", "conversation")
    assert (playing.repeat, playing.seed) == (False, 7)
    pace = playing.pace
    assert (pace.speed, pace.ttft_ms, pace.tps, pace.max_gap_ms, pace.jitter_ms) == (2.0, 300.0, 40.0, 1000.0, 5.0)
    assert playing_of(Setup(match="order", speed="max"), Playing()).levels == ("exact", "order")
    assert math.isinf(playing_of(Setup(speed="max"), Playing()).pace.speed)


@pytest.mark.parametrize(("field", "value"), [("speed", 0), ("speed", "fast"), ("ttft", "300"), ("tps", -1)])
def test_paces_that_are_none(field, value):
    with pytest.raises(SetupError, match=f"{field}: "):
        playing_of(Setup(**{field: value}), Playing())


def test_what_python_code_gives():
    setup = given({"speed": 2, "match": None, "faults": "cut@1e"})
    assert (setup.speed, setup.match, setup.faults) == (2, None, ["cut@1e"])
    assert given({"faults": {"fault": "cut", "at": "1e"}}).faults == [{"fault": "cut", "at": "1e"}]
    with pytest.raises(SetupError, match="unknown field `sped`; did you mean speed"):
        given({"sped": 2})
    with pytest.raises(SetupError, match="after_last: found 'no', expected repeat or error"):
        given({"after_last": "no"})
    with pytest.raises(SetupError, match="did you mean reset"):
        given({"faults": ["rest@1e"]})
