"""What holds from event to event."""

from __future__ import annotations

from cassettes.check.standing import Standing
from cassettes.grammar import GRAMMARS

CHAT, RESPONSES = GRAMMARS["openai-chat"], GRAMMARS["openai-responses"]


def broken(standing: Standing, **event: object) -> list[str]:
    return [one.rule for one in standing.take(event)]


def test_values_stay_and_empty_ones_are_none_yet() -> None:
    standing = Standing(CHAT)
    assert broken(standing, id="", created=0, model="") == []
    assert broken(standing, id="a", created=5, model="m") == []
    assert broken(standing, id="a", created=6, model="n") == ["model", "created"]
    assert broken(standing, id="a") == []


def test_numbers_count_from_0_and_go_on_behind_a_slip() -> None:
    standing = Standing(RESPONSES)
    numbers = [0, 1, 3, 4, 4, "5", 5]
    assert [bool(broken(standing, sequence_number=one)) for one in numbers] == [
        False, False, True, False, True, False, False,
    ]  # fmt: skip


def test_counting_begins_anywhere_when_resumed_or_lost() -> None:
    resumed = Standing(RESPONSES, resumed=True)
    assert broken(resumed, sequence_number=7) == []
    assert broken(resumed, sequence_number=9) == ["sequence"]
    resumed.lose()
    assert broken(resumed, sequence_number=50) == []


def test_a_null_promises() -> None:
    for last, found in (({"total_tokens": 3}, []), (None, ["usage"])):
        standing = Standing(CHAT)
        assert broken(standing, usage=None) == []
        assert broken(standing, usage=last) == []
        assert [one.rule for one in standing.finish()] == found
    assert list(Standing(CHAT).finish()) == []
