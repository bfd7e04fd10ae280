"""Which answers may be tried again, which requests belong together, and how a verdict reads."""

from __future__ import annotations

import pytest

from mockserver.verdicts.exchange import Resumed
from mockserver.verdicts.verdict import Verdict, chains, failed, retryable


@pytest.mark.parametrize(
    ("status", "said", "again"),
    [
        (400, None, False),
        (408, None, True),
        (409, None, True),
        (422, None, False),
        (429, None, True),
        (500, None, True),
        (529, None, True),
        (529, "false", False),
        (400, "true", True),
        (500, "perhaps", True),
    ],
)
def test_what_may_be_tried_again(status, said, again, seen):
    one = seen(status, end=1.0, headers={"x-should-retry": said} if said else {})
    assert failed(one)
    assert retryable(one) is again


def test_a_connection_that_broke_before_an_answer_may_be_tried_again(seen):
    one = seen(0, end=1.0, by="fault", ending="reset")
    assert failed(one)
    assert retryable(one)
    assert not failed(seen(0, end=1.0, by="client"))


def test_equal_requests_belong_together_and_those_that_go_on_do_not(seen):
    one, two, other = seen(), seen(), seen(key="other")
    resumed = seen(resumed=Resumed("last-event-id", "1"))
    assert list(chains([one, other, resumed, two])) == [[one, two], [other]]


def test_a_verdict_is_a_line():
    verdict = Verdict(
        name="gave_up",
        deck=None,
        requests=(1,),
        found="no request followed",
        expected="one more",
        source="RFC",
        evidence={},
    )
    assert str(verdict) == "gave_up: no request followed; expected: one more (RFC)"
