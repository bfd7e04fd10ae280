"""What is tried again and what not."""

from __future__ import annotations

import pytest

from mockserver.verdicts.trying import RULES
from mockserver.verdicts.verdict import Terms

JUDGES = {rule.name: rule.judge for rule in RULES}


def found(name, *deck, **terms):
    return [one.requests for one in JUDGES[name](deck, Terms(**terms))]


@pytest.mark.parametrize(("status", "key", "earned"), [(400, "a", 1), (401, "a", 1), (401, "b", 0), (503, "a", 0)])
def test_what_is_refused_is_not_sent_again(status, key, earned, seen):
    deck = seen(status, 0.0, 0.0, credential="a"), seen(start=500.0, credential=key)
    assert len(found("retried_non_retryable", *deck)) == earned


def test_equal_requests_at_the_same_time_are_no_retries(seen):
    assert found("retried_non_retryable", seen(400, 0.0, 100.0), seen(400, 50.0, 150.0)) == []


def test_giving_up_is_having_tried_too_seldom(seen):
    first, second = seen(503, 0.0, 0.0), seen(503, 500.0, 500.0)
    assert found("gave_up", first) == [(1,)]
    assert found("gave_up", first, second) == []
    assert found("gave_up", first, second, tries=3) == [(2,)]
    assert found("gave_up", first, seen(start=500.0, end=501.0)) == []
    assert found("gave_up", seen(503, headers={"retry-after": "1"})) == []  # under way
    assert found("gave_up", seen(503, 0.0, 0.0, headers={"retry-after": "121"})) == []
    assert found("gave_up", seen(404, 0.0, 0.0)) == []


def test_a_whole_answer_is_not_asked_for_again(seen):
    assert found("duplicate_request", seen(end=5.0), seen(start=9.0)) == [(1, 2)]
    assert found("duplicate_request", seen(end=5.0), seen(start=9.0, key="other")) == []
    assert found("duplicate_request", seen(end=5.0, method="GET"), seen(start=9.0, method="GET")) == []
    cut = seen(end=5.0, body=b"", framed=False, by="fault")
    assert found("duplicate_request", cut, seen(start=9.0)) == []


def test_nor_one_that_is_being_answered(seen):
    (one,) = JUDGES["duplicate_request"]([seen(end=50.0), seen(start=9.0)], Terms())
    assert one.found == "request 2 repeats request 1, which was still being answered"
    assert one.evidence == {"status": 200, "first_at_ms": 0.0, "again_at_ms": 9.0, "answered_at_ms": 50.0}
    assert found("duplicate_request", seen(open=True, last=5.0, body=b""), seen(start=9.0)) == []
