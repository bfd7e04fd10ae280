"""Which interaction answers a request: the key, the levels, the order of candidates."""

import base64
import json

import pytest

from cassettes.matching import LADDER, LEVELS, Asked, Index, entry_of
from cassettes.model import Interaction, Request, Response, Stream
from cassettes.normalise import rules_of
from cassettes.redact import redact_body
from cassettes.routes import parse

CHAT = "https://api.openai.com/v1/chat/completions"
HELLO = b'{"model": "gpt-5.1", "messages": [{"role": "user", "content": "hello"}]}'
BY_REQUEST = [level for level in LEVELS if level not in {"conversation", "last-user"}]
"""The levels that need no grammar to know what is said."""
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash"


def tape(uri=CHAT, body=HELLO, method="POST", **stream):
    return Interaction(Request(method, uri, (), body), Response(200, "OK", (), b"", Stream(**stream)))


def asked(target="/openai/v1/chat/completions", body=HELLO, method="POST", extra=()):
    return Asked(Request(method, target, (), body), parse(method, target, (), extra), redact_body(body))


def index(*tapes):
    return Index(entry_of(name, 1, interaction) for name, interaction in tapes)


def found(level, request, *tapes):
    return [entry.place for entry in index(*tapes).find(level, request)]


def test_exact_wants_every_byte_of_the_body():
    same, spaced = ("a", tape()), ("b", tape(body=HELLO.replace(b": ", b":")))
    assert found("exact", asked(), same, spaced) == ["a#1"]


@pytest.mark.parametrize(
    ("target", "matches"),
    [
        ("?alt=sse&key=live-key-of-the-user", True),
        ("?key=other&alt=sse", True),
        ("?alt=sse", True),
        ("?alt=sse&access_token=live", True),
        ("?alt=json&key=x", False),
        ("", False),
        ("?alt=sse&alt=sse", False),
    ],
)
def test_exact_compares_the_query_without_its_secrets(target, matches):
    recorded = tape(f"{GEMINI}:streamGenerateContent?alt=sse&key=********")
    request = asked(f"/google/v1beta/models/gemini-2.5-flash:streamGenerateContent{target}")
    assert found("exact", request, ("g", recorded)) == (["g#1"] if matches else [])
    assert found("order", request, ("g", recorded)) == ["g#1"]


def test_a_method_is_compared_at_every_level():
    for level in LEVELS:
        assert found(level, asked(method="PUT"), ("a", tape())) == []


def test_order_wants_method_and_path_only():
    assert found("order", asked(body=b"other"), ("a", tape())) == ["a#1"]
    assert found("order", asked("/openai/v1/responses"), ("a", tape())) == []


def test_key_compares_values_and_not_whether_it_streams():
    streamed = b'{"messages":[{"content":"hello","role":"user"}],"stream":true,"model":"gpt-5.1"}'
    assert found("key", asked(body=streamed), ("a", tape())) == ["a#1"]
    assert found("key", asked(body=HELLO.replace(b"hello", b"bye")), ("a", tape())) == []


def test_key_takes_both_operations_of_gemini_for_one():
    recorded = tape(f"{GEMINI}:streamGenerateContent?alt=sse", b"{}")
    request = asked("/google/v1beta/models/gemini-2.5-flash:generateContent", b"{}")
    assert found("key", request, ("g", recorded)) == ["g#1"]
    assert found("order", request, ("g", recorded)) == []


def test_normalized_leaves_out_what_is_not_asked_and_what_changes_from_run_to_run():
    recorded = {
        "model": "m",
        "stream": True,
        "user": "x",
        "messages": [{"role": "user", "content": "it is 2026-11-20"}],
    }
    live = {"messages": [{"content": "it is 2026-11-21", "role": "user"}], "model": "m", "metadata": {"a": 1}}
    tapes = ("a", tape(body=json.dumps(recorded).encode()))
    assert found("normalized", asked(body=json.dumps(live).encode()), tapes) == ["a#1"]
    assert found("exact", asked(body=json.dumps(live).encode()), tapes) == []
    for change in ({"model": "n"}, {"temperature": 0}, {"messages": [{"role": "user", "content": "it is"}]}):
        assert found("normalized", asked(body=json.dumps({**live, **change}).encode()), tapes) == []


def said(*texts, **more):
    return json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": text} for text in texts], **more}
    ).encode()


def test_of_two_tapes_the_one_whose_values_are_told_apart_alike_wins():
    one, two = said("from 2026-11-20 to 2026-11-21"), said("from 2026-11-20 to 2026-11-20")
    tapes = [("a", tape(body=one)), ("b", tape(body=two))]
    assert found("normalized", asked(body=said("from 2026-12-01 to 2026-12-01")), *tapes) == ["b#1"]
    assert found("normalized", asked(body=said("from 2026-12-01 to 2026-12-02")), *tapes) == ["a#1"]


def test_two_readings_of_a_clock_may_fall_together():
    # A recording takes seconds, a replay none: what differed then is equal now.
    tapes = [("a", tape(body=said("at 2026-11-20T09:30:01Z", "at 2026-11-20T09:30:07Z")))]
    live = asked(body=said("at 2026-11-21T10:00:00Z", "at 2026-11-21T10:00:00Z"))
    assert found("normalized", live, *tapes) == found("key", live, *tapes) == ["a#1"]


def test_a_tape_that_does_not_know_its_request_answers_what_its_path_is_asked():
    known, unknown = ("a", tape(body=said("x"))), ("b", tape(body=b""))
    assert found("normalized", asked(body=said("x")), known, unknown) == ["a#1"]
    assert found("normalized", asked(body=said("y")), known, unknown) == ["b#1"]
    assert found("key", asked(body=said("y")), known, unknown) == []
    assert found("normalized", asked("/openai/v1/responses", said("y")), known, unknown) == []


FRAME = {"tools": [{"type": "function", "function": {"name": "f"}}], "response_format": {"type": "json_object"}}


@pytest.mark.parametrize("level", ["conversation", "last-user"])
def test_what_is_said_is_compared_in_its_frame(level):
    tapes = [("a", tape(body=said("x", **FRAME)))]
    assert found(level, asked(body=said("x", temperature=1, **FRAME)), *tapes) == ["a#1"]
    assert found(level, asked("/v1/chat/completions", said("x", **FRAME)), *tapes) == ["a#1"]
    for change in ({"model": "n"}, {"tools": []}, {"response_format": {"type": "text"}}):
        assert found(level, asked(body=said("x", **{**FRAME, **change})), *tapes) == []
    assert found(level, asked(body=said("xy", **FRAME)), *tapes) == []
    assert found(level, asked("/v1/responses", b'{"model":"m","input":"x"}'), *tapes) == []


def test_last_user_looks_at_the_last_text_and_conversation_at_all():
    tapes = [("a", tape(body=said("x", "y")))]
    assert found("last-user", asked(body=said("z", "y")), *tapes) == ["a#1"]
    assert found("last-user", asked(body=said("y", "x")), *tapes) == []
    assert found("conversation", asked(body=said("z", "y")), *tapes) == []


@pytest.mark.parametrize("level", ["conversation", "last-user"])
def test_where_nothing_is_said_nothing_is_found(level):
    assert found(level, asked(body=b"{}"), ("a", tape(body=b'{"n": 1}'))) == []
    assert found(level, asked("/rerank", b"x"), ("a", tape("https://h/rerank", b"x"))) == []


@pytest.mark.parametrize("level", LADDER)
def test_a_prompt_within_another_is_another(level):
    tapes = [(name, tape(body=said(text))) for name, text in (("a", "hello"), ("b", "hello you"), ("c", "say hello"))]
    if level != "route":
        assert [
            found(level, asked(body=said(text)), *tapes) for text in ("hello", "hello you", "say hello", "hell")
        ] == [
            ["a#1"],
            ["b#1"],
            ["c#1"],
            [],
        ]


@pytest.mark.parametrize("level", ["normalized", "conversation", "last-user", "route", "key"])
def test_of_streamed_and_whole_answers_those_that_are_asked_for(level):
    whole, streamed = ("a", tape(body=said("x"))), ("b", tape(body=said("x", stream=True)))
    assert found(level, asked(body=said("x", stream=False)), whole, streamed) == ["a#1"]
    assert found(level, asked(body=said("x", stream=True)), whole, streamed) == ["b#1"]
    assert found(level, asked(body=said("x", stream=True)), whole) == ["a#1"]
    assert found(level, asked(body=said("x")), streamed) == ["b#1"]


def test_a_version_of_geminis_path_is_as_good_as_another():
    recorded = tape(f"{GEMINI}:streamGenerateContent?alt=sse")
    request = asked("/google/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse")
    assert found("normalized", request, ("g", recorded)) == ["g#1"]
    assert found("exact", request, ("g", recorded)) == []
    assert request.key == asked("/google/v1beta/models/gemini-2.5-flash:generateContent").key


def test_gemini_says_in_its_path_whether_to_stream():
    body = b'{"contents":[{"parts":[{"text":"x"}]}]}'
    tapes = [
        ("a", tape(f"{GEMINI}:generateContent", body)),
        ("b", tape(f"{GEMINI}:streamGenerateContent?alt=sse", body)),
    ]
    for verb, place in (("generateContent", "a#1"), ("streamGenerateContent", "b#1")):
        request = asked(f"/google/v1beta/models/gemini-2.5-flash:{verb}", body + b" ")
        assert [found(level, request, *tapes) for level in LADDER[1:]] == [[place]] * 4


def test_a_stream_of_a_tape_that_does_not_know_its_request_is_one():
    stream = Interaction(
        Request("POST", CHAT), Response(200, "OK", (("Content-Type", "text/event-stream"),), b"", Stream())
    )
    tapes = [("a", tape(body=b"")), ("b", stream)]
    assert found("route", asked(body=said("x", stream=True)), *tapes) == ["b#1"]
    assert found("route", asked(body=said("x")), *tapes) == ["a#1"]


def test_rules_of_the_user_count_on_both_sides():
    rules = rules_of(["$.temperature"], ["run-[0-9]+=run"])
    recorded = tape(body=said("this is run-1", temperature=0.5))
    tapes = Index([entry_of("a", 1, recorded, rules)], rules)
    assert tapes.find("normalized", asked(body=said("this is run-22")))[0].place == "a#1"
    assert tapes.find("conversation", asked(body=said("this is run-22")))[0].place == "a#1"
    assert tapes.find("exact", asked(body=said("this is run-22"))) == ()
    assert found("normalized", asked(body=said("this is run-22")), ("a", recorded)) == []


def test_digests_of_tapes_are_worked_out_once_and_only_where_they_are_needed(monkeypatch):
    from cassettes import likeness

    worked, real = [], likeness.normalised_value
    monkeypatch.setattr(likeness, "normalised_value", lambda *given: worked.append(1) or real(*given))
    bodies = [said(f"text {number}") for number in range(50)]
    tapes = index(*((f"t{number}", tape(body=body)) for number, body in enumerate(bodies)))
    assert tapes.find("exact", asked(body=bodies[3]))
    assert worked == []
    for body in bodies:
        assert len(tapes.find("normalized", asked(body=body + b" "))) == 1
    assert len(worked) == 100
    tapes.find("normalized", asked("/openai/v1/responses", b"{}"))
    assert len(worked) == 101


def test_route_wants_dialect_and_operation_only():
    request = asked("/v1/chat/completions", b"anything")
    other_host = tape("https://llm.example/api/v1/chat/completions", b"")
    assert found("route", request, ("a", tape()), ("b", other_host)) == ["a#1", "b#1"]
    assert found("route", request, ("m", tape("https://api.anthropic.com/v1/messages"))) == []
    assert found("route", asked("/v1/messages"), ("a", tape())) == []


def test_route_of_no_grammar_is_its_path():
    recorded = ("r", tape("https://example.com/rerank/now"))
    assert found("route", asked("/rerank/now"), recorded) == ["r#1"]
    assert found("route", asked("/rerank/later"), recorded) == []


def test_a_mount_is_its_provider_and_a_bare_path_is_anybody():
    openai, xai = ("o", tape()), ("x", tape("https://api.x.ai/v1/chat/completions"))
    unknown = ("u", tape("https://llm.example/v1/chat/completions"))
    assert found("order", asked("/openai/v1/chat/completions"), openai, xai, unknown) == ["o#1", "u#1"]
    assert found("order", asked("/xai/v1/chat/completions"), openai, xai, unknown) == ["u#1", "x#1"]
    assert found("order", asked("/v1/chat/completions"), openai, xai, unknown) == ["o#1", "u#1", "x#1"]


@pytest.mark.parametrize("level", ["exact", "normalized", "route"])
def test_a_bare_path_gets_the_tape_of_whom_it_is_likely_meant_for(level):
    body = HELLO.replace(b"gpt-5.1", b"grok-4")
    openai, grok = ("a", tape(body=body)), ("b", tape("https://api.x.ai/v1/chat/completions", body=body))
    request = Asked(
        Request("POST", "/v1/chat/completions", (), body), parse("POST", "/v1/chat/completions", (), (), body), body
    )
    assert found(level, request, openai, grok) == ["b#1"]
    # Where there is none of theirs, any that speaks the dialect will do.
    assert found(level, request, openai) == ["a#1"]


@pytest.mark.parametrize("level", ["exact", "normalized", "conversation", "route"])
def test_a_bare_path_that_tells_nothing_is_the_dialects_own_provider(level):
    xai, openai = ("a", tape("https://api.x.ai/v1/chat/completions")), ("b", tape())
    unknown, infron = (
        ("c", tape("http://127.0.0.1/v1/chat/completions")),
        ("d", tape("https://llm.onerouter.pro/v1/chat/completions")),
    )
    assert found(level, asked("/v1/chat/completions"), xai, openai, unknown, infron) == ["b#1", "c#1"]
    # Where they have no tape, any that speaks the dialect will do.
    assert found(level, asked("/v1/chat/completions"), xai, infron) == ["a#1", "d#1"]


def test_a_body_that_is_the_tapes_own_is_not_read_anew(monkeypatch):
    tapes = index(("a", tape()))
    wanted = asked().likeness().digests
    assert tapes.entries[0].likeness.digests.loose == wanted.loose
    request = asked()
    assert tapes.find("exact", request)
    monkeypatch.setattr("cassettes.likeness.decoded", None)
    assert request.likeness(tapes.rules).digests == tapes.entries[0].likeness.digests


def test_a_tape_can_be_named_as_the_model():
    tapes = index(("openai/hello", tape()), ("g", tape(f"{GEMINI}:generateContent")))
    for body in (b'{"model": "openai/hello"}', b'{"messages": [{"model": "x"}], "model" : "openai/hello"}'):
        assert [entry.place for entry in tapes.named(asked(body=body))] == ["openai/hello#1"]
    for body in (b'{"model": "hello"}', b'{"messages": ["\\"model\\": \\"openai/hello\\""]}', b'{"model": "g"}', b"{"):
        assert tapes.named(asked(body=body)) == ()
    assert [entry.place for entry in tapes.named(asked("/google/v1beta/models/g:streamGenerateContent"))] == ["g#1"]


def test_what_a_tape_states_wins_over_its_uri():
    entry = entry_of("t", 3, tape(provider="xai", dialect="openai-responses"))
    assert (entry.provider, entry.dialect, entry.place) == ("xai", "openai-responses", "t#3")
    entry = entry_of("t", 1, tape())
    assert (entry.provider, entry.dialect, entry.operation) == ("openai", "openai-chat", "chat")


def test_a_tape_of_a_get_is_found():
    # Its dialect was once worked out as if it were a POST, and then no request for models ever matched.
    recorded = ("m", tape("https://api.openai.com/v1/models?limit=2", b"", "GET"))
    for level in BY_REQUEST:
        assert found(level, asked("/openai/v1/models?limit=2", b"", "GET"), recorded) == ["m#1"]
    assert found("exact", asked("/openai/v1/models", b"", "GET"), recorded) == []


@pytest.mark.parametrize("level", BY_REQUEST)
def test_an_upstream_that_is_no_provider_of_ours_is_found_through_its_mount(level):
    # `--upstream bot=http://h/v1`: the tape says dialect raw, its path looks like OpenAI's.
    recorded = tape("http://127.0.0.1:9/v1/chat/completions", provider="bot", dialect="raw")
    request = asked("/bot/chat/completions", extra=("bot",))
    assert request.route.dialect == "raw"
    assert found(level, request, ("b", recorded)) == ["b#1"]
    assert found(level, asked("/bot/embeddings", extra=("bot",)), ("b", recorded)) == []
    # On the bare path it is what it looks like; on another's mount it is not that provider's.
    assert found(level, asked("/v1/chat/completions"), ("b", recorded)) == ["b#1"]
    assert found(level, asked("/openai/v1/chat/completions"), ("b", recorded)) == []


def test_gemini_behind_an_upstream_that_is_no_provider_of_ours():
    recorded = tape("http://127.0.0.1:9/v1beta/models/m:streamGenerateContent", b"{}", provider="bot", dialect="raw")
    request = asked("/bot/v1beta/models/m:streamGenerateContent", b"{}", extra=("bot",))
    assert found("key", request, ("b", recorded)) == ["b#1"]


def test_candidates_run_in_bytewise_order_of_names_then_numbers():
    names = ["b", "a/b", "a-b", "\u00e9", "Z", "a", "\udcff"]
    entries = [entry_of(name, number, tape()) for name in names for number in (2, 1)]
    places = [entry.place for entry in Index(entries).find("order", asked())]
    assert places == [
        f"{name}#{number}" for name in ["Z", "a", "a-b", "a/b", "b", "\u00e9", "\udcff"] for number in (1, 2)
    ]


def test_a_live_body_is_compared_by_the_base64_rule():
    image = base64.b64encode(bytes(range(256)) * 40).decode()
    body = json.dumps({"image": f"data:image/png;base64,{image}"}).encode()
    recorded = ("i", tape(body=redact_body(body)))
    assert b"sha256:" in recorded[1].request.body
    assert found("exact", asked(body=body), recorded) == ["i#1"]
    assert found("exact", asked(body=body.replace(b"AAEC", b"AAED")), recorded) == []


def test_a_tape_whose_body_holds_the_base64_itself_is_compared_by_the_same_rule():
    body = json.dumps({"image": base64.b64encode(bytes(5000)).decode()}).encode()
    assert found("exact", asked(body=body), ("i", tape(body=body))) == ["i#1"]


def test_a_body_that_is_masked_late_is_masked_once_and_only_when_needed():
    calls = []

    def masked():
        calls.append(1)
        return HELLO

    live = asked()
    lazy = Asked(live.request, live.route, masked)
    tapes = index(("a", tape()))
    assert [entry.place for entry in tapes.find("order", lazy)] == ["a#1"]
    assert calls == []
    assert [entry.place for level in ("exact", "key", "normalized") for entry in tapes.find(level, lazy)] == ["a#1"] * 3
    assert (lazy.body, lazy.key, calls) == (HELLO, live.key, [1])


def test_key_compares_the_query_but_for_how_it_streams():
    recorded = ("g", tape(f"{GEMINI}:streamGenerateContent?alt=sse&key=*&a=b", b"{}"))
    target = "/google/v1beta/models/gemini-2.5-flash:generateContent"
    assert found("key", asked(f"{target}?a=b", b"{}"), recorded) == ["g#1"]
    assert found("key", asked(target, b"{}"), recorded) == []
