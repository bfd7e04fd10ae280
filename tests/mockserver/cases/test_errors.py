"""Cases of errors inside a stream as a raw client sees them."""

from __future__ import annotations

import json

import pytest
from cased import DIALECTS, HALF, LAST, MODELS, TEXT, dispatched, read, show
from wires import Tool

pytestmark = pytest.mark.xdist_group("cases")


@pytest.mark.parametrize("dialect", MODELS)
def test_a_comment_as_data(dialect: str, served: Tool) -> None:
    got = read(show(served, "comment-as-data", dialect).body, dialect)
    assert (got.text, got.over, got.flaws) == (TEXT, True, [": OPENROUTER PROCESSING"])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_providers_error(dialect: str, served: Tool) -> None:
    first = show(served, "error-event-first", dialect)
    error, *_ = dispatched(first.body)
    assert first.tail == LAST
    assert "error" in error.data
    assert read(first.body, dialect).text == ""
    mid = show(served, "error-event-mid", dialect)
    got = read(mid.body, dialect)
    assert (got.text, len(got.flaws), mid.tail) == (HALF, 1, LAST)
    value = json.loads(got.flaws[0])
    if dialect == "anthropic":
        assert (value["type"], value["error"]["type"]) == ("error", "overloaded_error")
        assert dispatched(mid.body)[-1].name == "error"
    if dialect == "gemini":
        assert (value["error"]["code"], value["error"]["status"]) == (503, "UNAVAILABLE")
    if dialect == "openai-responses":
        assert value["type"] == "error"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_errors_that_are_text(dialect: str, served: Tool) -> None:
    text = show(served, "error-event-text", dialect)
    last = dispatched(text.body)[-1]
    assert last.name == "error"
    assert not last.data.startswith("{")
    assert (read(text.body, dialect).text, text.tail) == (HALF, LAST)
    string = show(served, "error-string", dialect)
    got = read(string.body, dialect)
    assert isinstance(json.loads(got.flaws[0])["error"], str)
    assert (got.text, string.tail) == (HALF, LAST)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_bare_json_is_no_field(dialect: str, served: Tool) -> None:
    shown = show(served, "json-error-pretty-mid", dialect)
    bare = shown.chunks[-1].decode()
    assert "\n" in bare.strip()
    assert "error" in json.loads(bare)
    assert (read(shown.body, dialect)[:3], shown.tail) == ((HALF, False, []), LAST)


def test_chunks_that_fail(served: Tool) -> None:
    beside = read(show(served, "error-chunk-openrouter", "openai-chat").body, "openai-chat")
    assert (beside.text, beside.over, len(beside.flaws)) == (HALF, True, 1)
    failed = beside.values[-1]
    assert (failed["error"]["code"], failed["choices"][0]["finish_reason"]) == (502, "error")
    alone = read(show(served, "finish-reason-error", "openai-chat").body, "openai-chat")
    assert (alone.text, alone.over, alone.flaws) == (HALF, True, [])
    assert alone.values[-1]["choices"][0]["finish_reason"] == "error"


def test_a_response_that_failed(served: Tool) -> None:
    shown = show(served, "responses-failed", "openai-responses")
    last = dispatched(shown.body)[-1]
    assert last.name == "response.failed"
    assert json.loads(last.data)["response"]["status"] == "failed"
    assert (read(shown.body, "openai-responses").text, shown.tail) == (HALF, LAST)


@pytest.mark.parametrize("dialect", MODELS)
def test_data_that_is_no_json(dialect: str, served: Tool) -> None:
    cut = read(show(served, "json-cut-event", dialect).body, dialect)
    assert (cut.text, cut.over, len(cut.flaws)) == (TEXT.replace(", two", ""), True, 1)
    glued = read(show(served, "two-json-one-line", dialect).body, dialect)
    assert (glued.text, glued.over, len(glued.flaws)) == (TEXT.replace(", two, three", ""), True, 1)
    value, end = json.JSONDecoder().raw_decode(glued.flaws[0])
    assert value
    assert json.loads(glued.flaws[0][end:])
