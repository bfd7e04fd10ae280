"""The dialect of what has none."""

import json

import pytest

from cassettes import dialects
from cassettes.model import TokentapeError

RAW = dialects.get("raw")


def test_it_claims_no_path_and_reads_no_text() -> None:
    assert RAW.operation("POST", "/v1/chat/completions") is None
    assert RAW.text(b'data: {"choices":[{"index":0,"delta":{"content":"Moss"}}]}\n\n') == ""


@pytest.mark.parametrize(
    ("body", "prompt"),
    [
        ({"prompt": "a"}, "a"),
        ({"prompt": 1, "input": "b"}, "b"),
        ({"messages": [{"role": "user", "content": "c"}]}, "c"),
        (["d"], ""),
        (None, ""),
    ],
)
def test_model_and_prompt_are_guessed(body: object, prompt: str) -> None:
    assert RAW.prompt(body) == prompt


def test_errors_are_plain() -> None:
    _, body = RAW.error(404, "no", "tokentape_no_match")
    assert json.loads(body) == {"error": {"message": "no", "status": 404, "code": "tokentape_no_match"}}


def test_it_has_no_request_of_its_own() -> None:
    with pytest.raises(TokentapeError, match="no request of its own") as caught:
        RAW.request("m", "hi")
    assert caught.value.exit_code == 2
