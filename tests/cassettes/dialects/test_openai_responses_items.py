"""The list of what a response was asked with: shapes, order, pages, and input that is none."""

from __future__ import annotations

from typing import Any

import pytest

from cassettes.dialects.openai_responses_items import input_items


def listed(given: object, **query: str) -> dict[str, Any]:
    found = input_items({"input": given}, query)
    assert isinstance(found, dict)
    return found


def test_a_text_is_a_message_of_the_user() -> None:
    found = listed("hi")
    (item,) = found["data"]
    assert item["content"] == [{"type": "input_text", "text": "hi"}]
    assert (item["type"], item["role"], item["status"]) == ("message", "user", "completed")
    assert item["id"].startswith("msg_")
    assert (found["object"], found["first_id"], found["last_id"], found["has_more"]) == (
        "list", item["id"], item["id"], False
    )  # fmt: skip
    assert listed("hi") == found


def test_items_keep_what_they_have() -> None:
    call = {"type": "function_call_output", "call_id": "c", "output": "3", "id": "fco_1"}
    parts = {"role": "user", "content": [{"type": "input_image", "image_url": "u"}], "type": "message"}
    said = {"role": "assistant", "content": "yes"}
    found = listed([said, parts, call], order="asc")["data"]
    assert found[0]["content"] == [{"type": "output_text", "text": "yes"}]
    assert found[1]["content"] == parts["content"]
    assert found[2] == {**call, "status": "completed"}


def test_pages() -> None:
    every = [{"role": "user", "content": str(number)} for number in range(25)]
    first = listed(every)
    assert [item["content"][0]["text"] for item in first["data"]] == [str(24 - number) for number in range(20)]
    assert first["has_more"]
    second = listed(every, after=first["last_id"])
    assert [item["content"][0]["text"] for item in second["data"]] == ["4", "3", "2", "1", "0"]
    assert not second["has_more"]
    assert len(listed(every, limit="3", order="asc")["data"]) == 3


@pytest.mark.parametrize("query", [{"limit": "x"}, {"limit": "9" * 5000}, {"after": "nowhere"}, {"order": "sideways"}])
def test_what_a_query_says_wrongly_counts_as_not_said(query: dict[str, str]) -> None:
    assert listed("hi", **query) == listed("hi")


@pytest.mark.parametrize("given", [None, "", 3, {"a": 1}, [], [3], [None]])
def test_what_is_no_input_is_no_error(given: object) -> None:
    found = listed(given)
    assert found["object"] == "list"
    assert len(found["data"]) <= 1
    assert input_items(given, {})["data"] == []  # type: ignore[index]
