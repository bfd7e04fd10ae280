"""From a request to a plan: the levels in turn, the place of the deck, the timing, what is remembered."""

import math

import pytest

from cassettes.matching import Asked, Index, entry_of
from cassettes.model import Chunk, Ending, Interaction, Request, Response, Stream
from cassettes.redact import Redactor
from cassettes.routes import parse
from cassettes.timing import Pace
from mockserver import choose
from mockserver.choose import Chooser, Playing, nearest
from mockserver.decks import Deck
from mockserver.plan import Asking

CHAT = "https://api.openai.com/v1/chat/completions"
GET = Asking()


def event(text):
    return b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % text


def tape(body=b"hello", answer=b"", uri=CHAT, gaps=None, **stream):
    events = answer.count(b"\n\n")
    size = len(answer) // events if events else 0
    chunks = tuple(Chunk(gap, size) for gap in (gaps or [10.0] * events))
    fields = {"chunks": chunks, "headers_ms": 100.0, "end": Ending(gap_ms=5.0), **stream}
    headers = (("content-type", "text/event-stream"),)
    return Interaction(Request("POST", uri, (), body), Response(200, "OK", headers, answer, Stream(**fields)))


def asked(body=b"hello", target="/openai/v1/chat/completions", method="POST"):
    return Asked(Request(method, target, (), body), parse(method, target), body)


def chooser(*tapes, **playing):
    return Chooser(Index(entry_of(name, number, one) for name, number, one in tapes), Playing(**playing))


def chosen(one, request, deck=None):
    found = one.choose(request, GET, deck or Deck())
    return found and found.entry.place


TAPES = (("a", 1, tape(b"hello")), ("a", 2, tape(b"bye")), ("b", 1, tape(b"bye")))


def test_the_levels_are_tried_in_turn():
    one = chooser(*TAPES)
    assert chosen(one, asked(b"bye")) == "a#2"
    assert chosen(one, asked(b"neither")) is None
    assert chosen(chooser(*TAPES, levels=("exact", "order")), asked(b"neither")) == "a#1"
    assert chosen(chooser(*TAPES, levels=("exact",)), asked(b"neither")) is None
    assert chosen(chooser(*TAPES, levels=("exact", "route")), asked(b"neither")) == "a#1"
    assert chosen(one, asked(b"bye", "/openai/v1/responses")) is None


def test_repeats_go_through_all_candidates_of_the_level():
    one, deck = chooser(*TAPES), Deck()
    places = []
    for _ in range(3):
        found = one.choose(asked(b"bye"), GET, deck)
        deck.delivered(found.candidates, found.entry)
        places.append(found.entry.place)
    assert places == ["a#2", "b#1", "b#1"]


def test_order_plays_what_was_not_played():
    one, deck = chooser(*TAPES, levels=("order",)), Deck()
    places = []
    for body in (b"bye", b"x", b"hello", b"y"):
        found = one.choose(asked(body), GET, deck)
        deck.delivered(found.candidates, found.entry)
        places.append(found.entry.place)
    assert places == ["a#1", "a#2", "b#1", "b#1"]


def test_after_the_last_there_may_be_none():
    one, deck = chooser(*TAPES[:1], repeat=False), Deck()
    found = one.choose(asked(), GET, deck)
    deck.delivered(found.candidates, found.entry)
    assert one.choose(asked(), GET, deck) is None


def test_other_tapes_from_now_on():
    one = chooser(*TAPES)
    before = one.choose(asked(), GET, Deck())
    one.reload(Index([entry_of("a", 1, tape(b"hello", event(b"new")))]))
    after = one.choose(asked(), GET, Deck())
    assert before.entry.place == after.entry.place == "a#1"
    assert before.plan.wire != after.plan.wire
    assert b"new" in after.plan.wire
    one.reload(Index(()))
    assert one.choose(asked(), GET, Deck()) is None


def test_without_tapes_the_body_is_not_even_looked_at():
    live = asked()
    assert chooser().choose(Asked(live.request, live.route, lambda: pytest.fail("worked out")), GET, Deck()) is None


# -- what is remembered ----------------------------------------------------------------------------------------------


def test_a_repeated_request_is_looked_up_and_not_compared(monkeypatch):
    one = chooser(*TAPES)
    first = one.choose(asked(), GET, Deck())
    monkeypatch.setattr(one.index, "find", None)
    monkeypatch.setattr(choose, "compile_plan", None)
    again = one.choose(asked(), GET, Deck())
    assert again.plan is first.plan


def test_a_miss_is_remembered_too(monkeypatch):
    one = chooser(*TAPES, levels=("exact",))
    assert one.choose(asked(b"x"), GET, Deck()) is None
    monkeypatch.setattr(one.index, "find", None)
    assert one.choose(asked(b"x"), GET, Deck()) is None


@pytest.mark.parametrize(
    "other",
    [
        asked(b"bye"),
        asked(target="/openai/v1/responses"),
        asked(target="/openai/v1/chat/completions?a=b"),
        asked(target="/xai/v1/chat/completions"),
        asked(method="GET"),
    ],
)
def test_what_decides_is_in_the_memory(other):
    one = chooser(("a", 1, tape()), levels=("exact",))
    assert chosen(one, asked()) == "a#1"
    assert chosen(one, other) is None
    assert chosen(one, asked()) == "a#1"


def test_every_way_of_asking_has_its_plan():
    one = chooser(("a", 1, tape(answer=event(b"x"))))
    askings = [Asking(head, old, keep) for head in (False, True) for old in (False, True) for keep in (False, True)]
    wires = {one.choose(asked(), asking, Deck()).plan.wire for asking in askings}
    assert len(wires) >= 4
    assert b"chunked" in one.choose(asked(), GET, Deck()).plan.wire
    assert b"chunked" not in one.choose(asked(), Asking(http10=True), Deck()).plan.wire


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(choose, "REMEMBERED", 10)
    monkeypatch.setattr(choose, "PLANS", 3)
    one = chooser(*((f"t{number:02}", 1, tape(b"%d" % number)) for number in range(20)))
    for number in range(20):
        assert chosen(one, asked(b"%d" % number)) == f"t{number:02}#1"
    assert len(one._found) == 10
    assert len(one._plans) == 3


def test_the_plan_used_longest_ago_goes_first(monkeypatch):
    monkeypatch.setattr(choose, "PLANS", 2)
    one = chooser(*((f"t{number}", 1, tape(b"%d" % number)) for number in range(3)))
    first, second, third = one.index.entries
    plan = one.plan(first, GET)
    one.plan(second, GET)
    one.plan(first, GET)
    one.plan(third, GET)
    assert one.plan(first, GET) is plan


def test_plans_are_bounded_by_their_bytes_and_the_newest_stays():
    tapes = [(f"t{number}", 1, tape(b"%d" % number, event(b"x" * 1000))) for number in range(6)]
    size = len(chooser(*tapes).choose(asked(b"0"), GET, Deck()).plan.wire)
    one = chooser(*tapes)
    one._most_bytes = 2 * size + 100
    for number in (0, 1, 2, 1, 3):
        one.choose(asked(b"%d" % number), GET, Deck())
    assert [place for place, *_ in one._plans] == ["t1#1", "t3#1"]
    one._most_bytes = 10
    one.choose(asked(b"4"), GET, Deck())
    assert [place for place, *_ in one._plans] == ["t4#1"]


def test_no_body_is_kept():
    one, body = chooser(*TAPES), b"x" * 100_000
    one.choose(asked(body), GET, Deck())
    assert body not in [part for key in one._found for part in key]


# -- the plan --------------------------------------------------------------------------------------------------------


def due(plan):
    return [round(at, 4) for at in plan.due]


STREAM = tape(answer=event(b"a") + event(b"b") + event(b"c"))


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (Pace(), [0.1, 0.11, 0.12, 0.13, 0.135]),
        (Pace(speed=2.0), [0.05, 0.055, 0.06, 0.065, 0.0675]),
        (Pace(speed=math.inf), [0.0]),
        (Pace(ttft_ms=500.0), [0.1, 0.5, 0.51, 0.52, 0.525]),
        (Pace(max_gap_ms=3.0), [0.003, 0.006, 0.009, 0.012, 0.015]),
        (Pace(tps=4.0), [0.1, 0.11, 0.36, 0.61, 0.615]),
    ],
)
def test_timing(pace, expected):
    plan = chooser(("a", 1, STREAM), pace=pace).choose(asked(), GET, Deck()).plan
    assert due(plan) == expected
    assert plan.wire == chooser(("a", 1, STREAM)).choose(asked(), GET, Deck()).plan.wire


def test_tps_counts_events_that_carry_text():
    silent = event(b"b").replace(b'"content"', b'"contend"')
    one = chooser(("a", 1, tape(answer=event(b"a") + silent + event(b"c"))), pace=Pace(tps=4.0))
    assert due(one.choose(asked(), GET, Deck()).plan) == [0.1, 0.11, 0.12, 0.37, 0.375]


def test_tps_of_a_body_without_events_changes_nothing():
    plain = tape(answer=event(b"a") + event(b"b"), events="none")
    one = chooser(("a", 1, plain), pace=Pace(tps=4.0))
    assert due(one.choose(asked(), GET, Deck()).plan) == [0.1, 0.11, 0.12, 0.125]


def test_jitter_is_seeded_by_the_tape_and_not_by_the_order_of_requests():
    def times(seed, *places):
        one = chooser(("a", 1, STREAM), ("b", 1, STREAM), pace=Pace(jitter_ms=5.0), seed=seed)
        return {place: due(one.plan(next(e for e in one.index.entries if e.place == place), GET)) for place in places}

    assert times(1, "a#1", "b#1") == times(1, "b#1", "a#1")
    assert times(1, "a#1") != times(2, "a#1")
    assert times(1, "a#1")["a#1"] != times(1, "b#1")["b#1"]


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("openai/hello", b"x-tokentape: openai/hello#1\r\n"),
        ("a b\r\nX: y", b"x-tokentape: a%20b%0D%0AX:%20y#1\r\n"),
        ("caf\u00e9", b"x-tokentape: caf%C3%A9#1\r\n"),
        ("\udcff", b"x-tokentape: %FF#1\r\n"),
    ],
)
def test_the_mark_names_the_interaction(name, mark):
    one = chooser((name, 1, tape()), pace=Pace(jitter_ms=1.0))
    assert mark in one.choose(asked(), GET, Deck()).plan.wire


def test_the_mark_can_be_left_out():
    assert b"x-tokentape" not in chooser(("a", 1, tape()), mark=False).choose(asked(), GET, Deck()).plan.wire


# -- a miss ----------------------------------------------------------------------------------------------------------


def test_the_nearest_is_of_the_same_path_then_dialect_then_any():
    google = "https://generativelanguage.googleapis.com/v1beta/models/"
    tapes = {
        "any": ("a", 1, tape(uri="https://api.anthropic.com/v1/messages")),
        "dialect": ("b", 1, tape(uri=f"{google}other:generateContent")),
        "path": ("c", 1, tape(uri=f"{google}m:streamGenerateContent")),
    }
    request = asked(b"x", "/google/v1beta/models/m:streamGenerateContent")

    def found(*names):
        entry = nearest(chooser(*(tapes[name] for name in names)).index, request)
        return entry and entry.place

    assert found("any", "dialect", "path") == "c#1"
    assert found("any", "dialect") == "b#1"
    assert found("any") == "a#1"
    assert found() is None


def test_the_nearest_of_a_provider_without_tapes_was_asked_the_same_of_another():
    body = b'{"model": "m", "messages": [{"role": "user", "content": "hello"}]}'
    tapes = ("a", 1, tape(body, uri="https://api.anthropic.com/v1/messages")), ("b", 1, tape(body))
    one = chooser(*tapes)
    told = one.missed(asked(body, "/infron/v1/chat/completions"))
    assert (told.nearest, told.fields) == ("b#1", ("provider",))
    # A path of the provider's that no tape has: something of that provider.
    assert one.missed(asked(body, "/openai/v1/embeddings")).nearest == "b#1"


def test_of_several_of_the_same_path_the_nearest_differs_least():
    far = tape(b'{"model": "m", "messages": [{"role": "user", "content": "bye"}], "n": 2}')
    near = tape(b'{"model": "m", "messages": [{"role": "user", "content": "bye"}]}')
    request = asked(b'{"model": "m", "messages": [{"role": "user", "content": "hello"}]}')
    assert nearest(chooser(("a", 1, far), ("b", 1, near), ("c", 1, near)).index, request).place == "b#1"


def test_the_nearest_of_one_path_is_the_one_that_differs_least():
    bodies = [b'{"a":1,"b":2,"c":3}', b'{"a":1,"b":9,"c":9}', b'{"a":1,"b":2,"c":9}', b'{"a":1,"b":2,"c":8}']
    one = chooser(*((f"t{number}", 1, tape(body)) for number, body in enumerate(bodies[1:], 1)))
    assert nearest(one.index, asked(bodies[0])).place == "t2#1"


def test_a_list_of_candidates_is_kept_once():
    one = chooser(*TAPES, levels=("route",))
    first, second = one.find(asked(b"x")), one.find(asked(b"y"))
    assert first[1] is second[1]
    assert one.find(asked(b"x")) is first


def test_a_miss_looks_into_some_megabytes_only(monkeypatch):
    monkeypatch.setattr(choose, "COMPARED_BYTES", 10)
    bodies = [b'{"a":1,"b":2,"c":3}', b'{"a":1,"b":9,"c":9}', b'{"a":1,"b":2,"c":9}']
    one = chooser(*((f"t{number}", 1, tape(body)) for number, body in enumerate(bodies[1:], 1)))
    assert nearest(one.index, asked(bodies[0])).place == "t1#1"


def test_a_miss_is_a_value():
    told = chooser(*TAPES).missed(asked(b'{"neither": 1}'))
    assert (told.nearest, told.fields, told.rule, told.matches) == ("a#1", ("body",), "--match route", "a#1")


def test_the_first_tapes_are_found_and_compiled_before_anyone_asks(monkeypatch):
    one = chooser(*TAPES)
    one.rehearse(Redactor())
    monkeypatch.setattr(one, "_compile", None)
    assert chosen(one, asked(b"bye")) == "a#2"
    monkeypatch.undo()
    # Not more than fits into the time that a start may take.
    monkeypatch.setattr(choose, "REHEARSED_BYTES", 0)
    other = chooser(*TAPES)
    other.rehearse(Redactor())
    monkeypatch.setattr(other, "_compile", None)
    with pytest.raises(TypeError):
        chosen(other, asked(b"bye"))
