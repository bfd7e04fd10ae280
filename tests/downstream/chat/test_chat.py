"""The chat application's own tests."""

from __future__ import annotations

import pytest
from chat import ATTEMPTS, Chat, UnfinishedError

pytestmark = pytest.mark.tokentape("tea")
ANSWER = "about tea, time 1, streamed"


def ask() -> str:
    return Chat().say("Tell me [[tea]].")


def test_an_answer():
    assert ask() == ANSWER


@pytest.mark.tokentape(faults="reset@3e#1")
def test_a_stream_that_breaks_is_asked_for_again():
    assert ask() == ANSWER


@pytest.mark.tokentape(faults="end-early@4e#1-2")
def test_a_stream_that_ends_early_is_asked_for_again(tokentape):
    assert ask() == ANSWER
    assert [one.attempt for one in tokentape.requests] == [1, 2, 3]


@pytest.mark.tokentape(faults="status#1:429,retry-after-ms=1")
def test_a_limit_is_waited_for(tokentape):
    assert ask() == ANSWER
    assert [one.status for one in tokentape.requests] == [429, 200]


@pytest.mark.tokentape(faults="cut@2e")
def test_it_gives_up_at_last(tokentape):
    with pytest.raises(UnfinishedError):
        ask()
    assert len(tokentape.requests) == ATTEMPTS
