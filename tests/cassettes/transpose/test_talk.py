"""The value between two requests, and what is left out on the way."""

from __future__ import annotations

import pytest

from cassettes.transpose.talk import (
    Loss,
    Losses,
    Part,
    Talk,
    Turn,
    as_object,
    decoded,
    encoded,
    image,
    items,
    linked,
    result_text,
    said,
    set_as,
    settings_of,
    text_at,
    texts,
    url_of,
)


def test_losses_are_told_once_and_in_order() -> None:
    losses = Losses()
    losses.rest("request", {"model": "m", "user": "u", "n": 2, "x": None, "y": [], "z": False}, ("model",))
    losses.add("request.user", "it has no counterpart")
    losses.rest("", {"top": 1}, ())
    losses.rest("request", "no object", ())
    assert losses.all() == tuple(Loss(what, "it has no counterpart") for what in ("request.user", "request.n", "top"))


@pytest.mark.parametrize(
    ("given", "value"), [('{"a": 1}', {"a": 1}), ("", {}), (None, {}), ({"a": 1}, {"a": 1}), ("{", "{"), ("[1]", [1])]
)
def test_arguments_come_in_either_form(given: object, value: object) -> None:
    assert decoded(given) == value


def test_arguments_go_in_either_form() -> None:
    assert encoded({"a": "é"}) == '{"a":"é"}'
    assert encoded("{") == "{"
    assert as_object({"a": 1}) == {"a": 1}
    assert as_object("{") == {"INVALID_JSON": "{"}


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), ([{"text": "a"}, {"text": "b"}], "a\nb"), (None, ""), ({"a": 1}, '{"a":1}'), ([1], "[1]")],
)
def test_a_result_is_a_text(value: object, text: str) -> None:
    assert result_text(value) == text


def test_images_by_url_and_by_their_bytes() -> None:
    data = image("data:image/png;base64,aGk=")
    assert data == Part("image", "aGk=", media="image/png")
    assert url_of(data) == "data:image/png;base64,aGk="
    assert url_of(image("https://h/i.png")) == "https://h/i.png"
    assert image("data:text/plain,x").media == ""


def test_settings_by_their_names() -> None:
    names = {"max_tokens": "most", "stop": "until"}
    assert settings_of({"most": 3, "until": "x", "else": 1}, names) == {"max_tokens": 3, "stop": ["x"]}
    losses = Losses()
    talk = Talk(settings={"max_tokens": 3, "seed": 1, "parallel": True})
    assert set_as(talk, names, losses) == {"most": 3}
    assert [loss.what for loss in losses.all()] == ["request.seed"]  # calls come at once unless it is said


def test_calls_get_ids_and_results_find_their_call() -> None:
    calls = Turn("assistant", (Part("call", name="f"), Part("call", name="g"), Part("call", id="own", name="f")))
    results = Turn(
        "tool",
        (Part("result", "1", name="g"), Part("result", "2", "own"), Part("result", "3"), Part("result", "4", "lost")),
    )
    made, came = linked([calls, results])
    assert [part.id for part in made.parts] == ["call_1", "call_2", "own"]
    assert [(part.id, part.name) for part in came.parts] == [
        ("call_2", "g"),
        ("own", "f"),
        ("call_1", "f"),
        ("lost", ""),
    ]


def test_what_a_turn_may_hold() -> None:
    losses = Losses()
    turn = Turn("user", (Part("text", "a"), Part("image", "u"), Part("other", "file"), Part("text", "b")))
    assert [part.kind for part in said(turn, ("text",), losses, "turn 1")] == ["text", "text"]
    assert [loss.what for loss in losses.all()] == ["turn 1 (image)", "turn 1 (file)"]
    assert texts(turn) == "a\nb"


def test_places() -> None:
    assert items(None) == []
    assert items("a") == ["a"]
    assert text_at({"a": [{"b": "c"}]}, "a", 0, "b") == "c"
    assert text_at({"a": 1}, "a") == ""
