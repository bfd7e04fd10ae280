"""One interaction against its grammar: streams, codings, errors, and what no grammar can be asked about."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from broken import body_of, clean, rules
from sdk.collection import SERVICES, events_of, interaction_of

from cassettes import dialects
from cassettes.check.answer import check_answer
from cassettes.grammar import GRAMMARS
from cassettes.model import Chunk, Ending, Headers, Interaction, Request, Response, Stream

URIS = {
    "openai-chat": "https://api.openai.com/v1/chat/completions",
    "openai-responses": "https://api.openai.com/v1/responses",
    "anthropic": "https://api.anthropic.com/v1/messages",
    "gemini": "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
}
SSE: Headers = (("Content-Type", "text/event-stream"),)
JSON: Headers = (("Content-Type", "application/json"),)
every_dialect = pytest.mark.parametrize("dialect", GRAMMARS)


def answered(
    dialect: str,
    body: bytes,
    headers: Headers = SSE,
    code: int = 200,
    *,
    end: Ending | None = None,
    uri: str = "",
    asked: Headers = (),
    **stream: Any,
) -> Interaction:
    chunks = (Chunk(0.0, len(body)),) if body else ()
    made = Stream(dialect=dialect, chunks=chunks, end=end or Ending(), **{"provider": "unknown", **stream})
    request = Request("POST", uri or URIS[dialect], asked, b'{"stream": true}')
    return Interaction(request, Response(code, "OK", headers, body, made))


def found(interaction: Interaction) -> list[str]:
    return rules(check_answer(interaction).findings)


@every_dialect
def test_a_clean_answer(dialect: str) -> None:
    assert check_answer(answered(dialect, body_of(clean(dialect)))) == ((), "")


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: f"{one.provider}-{one.dialect}")
def test_the_provider_is_that_of_the_tape(service: Any) -> None:
    from sdk.answers import ANSWERS

    assert check_answer(interaction_of(service, events_of(service, ANSWERS["tools"]))) == ((), "")


@every_dialect
def test_only_a_clean_end_is_asked_for_the_rest(dialect: str) -> None:
    body = body_of(clean(dialect)[:3])
    assert len(found(answered(dialect, body))) == 1
    for kind in ("cut", "reset", "timeout", "client_closed", "interrupted"):
        assert found(answered(dialect, body, end=Ending(type=kind))) == []


def test_a_coding_is_undone() -> None:
    body = body_of(clean("anthropic")[:-1])
    headers = (*SSE, ("Content-Encoding", "gzip"))
    assert found(answered("anthropic", gzip.compress(body), headers)) == ["message-end"]
    unknown = check_answer(answered("anthropic", b"\x00\x01", (*SSE, ("Content-Encoding", "pressed"))))
    assert unknown == ((), "its content coding pressed cannot be undone")


@every_dialect
def test_the_errors_of_a_dialect_have_its_envelope(dialect: str) -> None:
    _, body = dialects.get(dialect).error(429, "slow down")
    assert found(answered(dialect, body, JSON, 429)) == []
    assert found(answered(dialect, b"<html>", (("Content-Type", "text/html"),), 502)) == ["envelope"]
    assert set(found(answered(dialect, b'{"detail": "no"}', JSON, 401))) == {"envelope"}


def test_gemini_wraps_an_error_in_a_list_without_alt_sse() -> None:
    error = {"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}
    assert found(answered("gemini", json.dumps([error]).encode(), JSON, 400)) == []
    error["error"]["code"] = "400"
    assert found(answered("gemini", json.dumps(error).encode(), JSON, 400)) == ["envelope"]


def test_xai_has_an_envelope_of_its_own() -> None:
    body = b'{"code": "invalid", "error": "no such model"}'
    assert found(answered("openai-chat", body, JSON, 400, provider="xai")) == []
    assert set(found(answered("openai-chat", body, JSON, 400, provider="openai"))) == {"envelope"}


@every_dialect
def test_who_asked_for_a_stream_is_owed_one(dialect: str) -> None:
    (one,) = check_answer(answered(dialect, b'{"ok": true}', JSON)).findings
    assert one.text.startswith(
        "200 with application/json for a request with stream: true, expected text/event-stream ["
    )
    assert one.level == "warning"


def test_events_without_a_content_type_are_checked_all_the_same() -> None:
    events = clean("anthropic")
    assert found(answered("anthropic", body_of(events), ())) == ["stream"]
    assert found(answered("anthropic", body_of(events[:-1]), ())) == ["stream", "message-end"]
    assert found(answered("anthropic", body_of(events[:-1]), (), events="sse")) == ["message-end"]


def test_an_answer_to_who_asked_for_none_is_not_judged() -> None:
    asked = answered("openai-chat", b'{"ok": true}', JSON)
    plain = Interaction(Request("POST", URIS["openai-chat"], (), b"{}"), asked.response)
    assert check_answer(plain) == ((), "the answer is no stream")


def test_what_no_grammar_can_be_asked_about_says_why() -> None:
    raw = answered("raw", b"data: 1\n\n", uri="http://upstream.example/x")
    assert check_answer(raw) == ((), "there is no grammar of the dialect raw")
    headless = answered("anthropic", b"", code=502, headers=(), end=Ending(type="reset", at="head"))
    assert check_answer(headless) == ((), "the answer ended before its head was whole")


@pytest.mark.parametrize(
    "asked",
    [
        {"uri": f"{URIS['openai-responses']}/resp_T1?stream=true&starting_after=13"},
        {"asked": (("Last-Event-ID", "13"),)},
    ],
)
def test_a_stream_taken_up_again_may_begin_anywhere(asked: dict[str, Any]) -> None:
    body = body_of(clean("openai-responses")[14:])
    assert found(answered("openai-responses", body, **asked)) == []
    assert "response-order" in found(answered("openai-responses", body))


def test_an_imported_body_may_lack_its_last_line_ends() -> None:
    body = body_of(clean("openai-chat")).rstrip()
    assert found(answered("openai-chat", body, source="imported")) == []
    assert found(answered("openai-chat", body)) == ["tail"]
