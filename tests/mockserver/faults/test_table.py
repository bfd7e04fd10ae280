"""Faults by name: every one binds, what is wrong is told with the nearest, contradictions, entry points."""

import pytest
from faulted import plan_of

from cassettes.model import TokentapeError
from mockserver.faults import table
from mockserver.faults.grammar import FaultError, text_of
from mockserver.faults.kinds import PHASES, Kind
from mockserver.faults.table import FAMILIES, add_up, get, names, read, usage


@pytest.mark.parametrize("name", names())
def test_every_fault_is_whole(name):
    kind = get(name)
    assert kind.name == name
    assert kind.when in PHASES
    assert name in FAMILIES[kind.family]
    assert kind.sees
    assert len(kind.sees) <= 120
    (first, *_) = read(kind.example)
    assert first.kind is kind
    assert usage(kind).startswith(name)
    assert ("@WHERE" in usage(kind)) == (kind.place != "no")
    assert len([one for one in kind.arguments if one.needed]) <= 1


def test_names_are_one_with_either_dash():
    assert get("end_early") is get("End-Early")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rest@3e", "character 1 (▸rest@3e): there is no fault 'rest'; did you mean reset?"),
        ("qqqq", "`tokentape faults` lists them"),
        ("reset@3x", "character 7 (reset@▸3x): reset: '3x' is no place; expected request, headers"),
        ("bom@3e", "character 5 (bom@▸3e): bom takes no place"),
        ("pause:1s", "pause needs a place, such as pause@3e:5s"),
        ("latency", "latency needs DUR"),
        ("status", "status needs CODE"),
        ("status:42", "character 8 (status:▸42): status: code: '42' is no status code"),
        ("status:429,retry_afte=1", "did you mean retry-after?"),
        ("status:429,1,x", "status: retry-after-ms: 'x': expected a number of milliseconds"),
        ("status:429,code=430", "code is given twice"),
        ("bom:1", "it takes no arguments"),
        ("merge:1,2", "it takes chunks, found one more"),
        ("stall:10", "has no unit"),
        ("eol:crfl", "did you mean crlf?"),
        ("header:x", "expected NAME=VALUE"),
        ("header", "expected ':' and NAME=VALUE"),
        ("error@0e:overlaoded", "did you mean overloaded?"),
        ("split:0", "is no number"),
        ("huge-event:1gb", "is no size"),
        ("huge-event:900mb", "too large"),
        ("reset@1e;cut@2e", "character 10 (reset@1e;▸cut@2e): reset@1e and cut@2e contradict each other"),
        ("status:429;html", "contradict each other"),
        ("reset#1-3;stall#2", "contradict each other"),
    ],
)
def test_what_is_wrong(text, said):
    with pytest.raises(FaultError) as caught:
        read(text)
    assert said in str(caught.value)


def test_attempts_tell_endings_apart():
    assert len(read("reset#1;cut#2;stall#3+")) == 3
    assert len(read("status#1:429;reset#1")) == 2


def test_sources_add_up():
    total = add_up(read("comment@0e:a"), read("comment@0e:b"), read({"fault": "reset", "at": "1e"}))
    assert text_of(one.fault for one in total) == "comment@0e:a;comment@0e:b;reset@1e"
    with pytest.raises(FaultError, match="contradict"):
        add_up(read("reset@1e"), read("stall@1e"))


class Entry:
    value = "pack.age:THING"

    def __init__(self, name, thing):
        self.name, self.thing = name, thing

    def load(self):
        if isinstance(self.thing, Exception):
            raise self.thing
        return self.thing


def test_entry_points(monkeypatch):
    def shout(woven, call):
        woven.pieces = [piece._replace(data=piece.data.upper()) for piece in woven.pieces]

    loud = Kind(name="loud", family="content", does=shout, sees="capitals", example="loud")
    entries = {"loud": Entry("loud", loud), "bad": Entry("bad", ValueError("x")), "odd": Entry("odd", 3)}
    monkeypatch.setattr(table, "_installed", lambda: entries)
    table._loaded.cache_clear()
    try:
        assert "loud" in names()
        assert b"DATA: [DONE]" in plan_of("loud").wire
        with pytest.raises(TokentapeError, match="does not load"):
            get("bad")
        with pytest.raises(TokentapeError, match="is a int; expected a mockserver"):
            get("odd")
    finally:
        table._loaded.cache_clear()
        table._read_text.cache_clear()
