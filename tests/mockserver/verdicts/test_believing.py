"""What is believed of a stream that broke."""

from __future__ import annotations

import pytest

from mockserver.verdicts.believing import RULES
from mockserver.verdicts.exchange import Resumed
from mockserver.verdicts.verdict import Terms

JUDGES = {rule.name: rule.judge for rule in RULES}
DONE = b"data: [DONE]\n\n"


def said(*words):
    return b"".join(b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % word.encode() for word in words)


def found(name, *deck, **terms):
    return [one.requests for one in JUDGES[name](deck, Terms(**terms))]


def test_a_truncated_text_that_was_taken_for_whole(seen):
    cut = seen(end=5.0, body=said("Hel", "lo"), framed=False, by="fault", ending="reset")
    (one,) = JUDGES["truncated_stream_accepted"]([cut], Terms(accepted=("Hello",)))
    assert one.found == "request 1 was reset before its end, and the client took what it had for the answer"
    assert one.evidence == {
        "accepted": "Hello",
        "sent": "Hello",
        "events": 2,
        "body_bytes": len(said("Hel", "lo")),
        "framing_ended": False,
        "answer_ended": False,
    }
    assert found("truncated_stream_accepted", cut) == []


def test_a_text_that_a_whole_answer_has_too_is_that_one(seen):
    cut = seen(end=5.0, body=said("Hello"), framed=False, by="fault")
    whole = seen(start=6.0, end=7.0, body=said("Hello") + DONE)
    assert found("truncated_stream_accepted", cut, whole, accepted=(" Hello\n",)) == []
    assert found("truncated_stream_accepted", cut, whole, accepted=("HELLO",)) == []
    assert found("truncated_stream_accepted", whole, cut._replace(n=9), accepted=("HELLO",)) == [(9,)]


@pytest.mark.parametrize(("by", "earned"), [("tape", 0), ("fault", 1)])
def test_a_clean_end_without_the_last_event_is_one_where_a_fault_made_it(by, earned, seen):
    one = seen(end=5.0, body=said("Hello"), by=by)
    assert len(found("truncated_stream_accepted", one, accepted=("Hello",))) == earned


def test_going_on_from_another_place_than_the_last(seen):
    ids = b"".join(b"id: %d\ndata: x\n\n" % number for number in (1, 2, 3))

    def judged(value, by="fault"):
        cut = seen(end=5.0, body=ids, framed=False, by=by, dialect="raw")
        return list(JUDGES["resumed_from_wrong_place"]([cut, seen(resumed=Resumed("last-event-id", value))], Terms()))

    assert judged("3") == []
    (early,) = judged("2")
    assert "goes on from last-event-id 2, a place before the last it was sent" in early.found
    assert early.evidence == {"said": "2", "last_sent": "3", "field": "last-event-id"}
    (never,) = judged("4")
    assert "a place it was never sent" in never.found
    # Who left by itself may not have read all that was sent.
    assert judged("2", by="client") == []
    assert len(judged("4", by="client")) == 1


def test_a_response_is_taken_up_by_its_id(seen):
    body = b'data: {"response":{"id":"resp_1"},"sequence_number":0}\n\n'
    made = seen(end=5.0, body=body, framed=False, by="fault", dialect="openai-responses", operation="responses")
    asked = {"operation": "response", "key": "other", "resumed": Resumed("starting_after", "5")}
    assert found("resumed_from_wrong_place", made, seen(path="/v1/responses/resp_1", **asked)) == [(1, 2)]
    assert found("resumed_from_wrong_place", made, seen(path="/v1/responses/resp_2", **asked)) == []
