"""The response object and the ids of each provider's Responses."""

from __future__ import annotations

import pytest

from cassettes.dialects.openai_responses_styles import response_object, style_of
from cassettes.dialects.speech import Voice


def body(**asked: object) -> dict[str, object]:
    voice = Voice("openai", "m", asked=asked)
    return response_object(voice, style_of("openai"), status="completed", reason=None, output=[], usage=None)


def test_what_was_asked_is_repeated_and_the_rest_is_as_usual() -> None:
    asked = body(temperature=0.2, text={"format": {"type": "json_object"}}, instructions="be brief", stream=True)
    assert (asked["temperature"], asked["instructions"], asked["top_p"]) == (0.2, "be brief", 1.0)
    assert asked["text"] == {"format": {"type": "json_object"}, "verbosity": "medium"}
    assert "stream" not in asked


@pytest.mark.parametrize(
    ("provider", "first", "start"), [("openai", "id", "resp_0"), ("xai", "created_at", ""), ("infron", "id", "resp_0")]
)
def test_each_provider_has_its_own_order_and_ids(provider: str, first: str, start: str) -> None:
    style, voice = style_of(provider), Voice(provider)
    made = response_object(voice, style, status="in_progress", reason=None, output=[], usage=None)
    assert next(iter(made)) == first
    assert str(made["id"]).startswith(start)
    assert made["completed_at"] is None


def test_keys_of_an_item_come_in_the_order_of_the_provider() -> None:
    item = {"id": "i", "type": "message", "status": "completed", "content": [], "role": "assistant"}
    assert list(style_of("xai").item(item)) == ["content", "id", "role", "type", "status"]
    assert style_of("openai").item(item) is not item
