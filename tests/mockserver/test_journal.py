"""The journal: bounded in records and bytes, what is under way stays, long bodies are let go of."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from cassettes.matching import Asked
from cassettes.model import Request
from cassettes.routes import parse
from mockserver.journal import BODY_KEPT, BODY_WHOLE, Came, Journal

PATH = "/openai/v1/chat/completions"


def came(body=b"{}", lazily=False):
    request = Request("POST", PATH, (("host", "h"),), body)
    return Came(Asked(request, parse("POST", PATH, ()), (lambda: body) if lazily else body))


def test_a_record_is_under_way_until_it_ends():
    journal = Journal()
    record = journal.begin(came(), "deck", 5.0, 200, 10)
    record.player = SimpleNamespace(bytes_written=7, first=5.5, last=6.0, plan="plan")
    journal.live[record.n] = record
    assert (record.n, record.in_flight, journal.get(1)) == (1, True, record)
    journal.end(record, 6.5, "client", "client-left")
    assert (record.in_flight, record.size, record.first, record.last, record.end) == (False, 7, 5.5, 6.0, 6.5)
    assert (record.player, record.plan, journal.live, journal.sent) == (None, "plan", {}, 7)
    assert dict(journal.answered) == {("openai", 200): 1}
    assert dict(journal.ended) == {"client": 1}


def test_the_oldest_make_room_and_are_counted():
    journal = Journal(most=2)
    for _ in range(5):
        journal.end(journal.begin(came(), "", 0.0), 0.0, "tape", "fin")
    assert [one.n for one in journal.listed()] == [4, 5]
    assert (journal.total, journal.dropped, len(journal)) == (5, 3, 2)
    assert journal.get(1) is None


@given(st.lists(st.integers(0, 3000), max_size=30), st.integers(1, 6000))
def test_never_more_bytes_than_agreed_but_for_the_newest(sizes, most):
    journal = Journal(most_bytes=most)
    for size in sizes:
        journal.begin(came(b"x" * size), "", 0.0)
        held = [one.came.weight for one in journal.listed()]
        assert sum(held) <= most or len(held) == 1
        assert sum(held) == journal._bytes
    assert len(journal) + journal.dropped == len(sizes)


def test_what_is_under_way_is_found_after_it_made_room_and_after_a_clear():
    journal = Journal(most=1)
    live = journal.begin(came(), "a", 0.0)
    journal.live[live.n] = live
    journal.begin(came(), "b", 0.0)
    assert journal.get(1) is live
    journal.end(live, 1.0, "shutdown", "aborted")
    assert journal.get(1) is None
    assert journal.clear() == 0
    journal.end(journal.get(2), 1.0, "tape", "fin")
    assert journal.clear() == 1
    assert (len(journal), journal._bytes, journal.total) == (0, 0, 2)


def test_views_are_by_deck_and_number():
    journal = Journal()
    for deck in ("a", "b", "a"):
        journal.end(journal.begin(came(), deck, 0.0), 0.0, "tape", "fin")
    assert [one.n for one in journal.listed("a")] == [1, 3]
    assert [one.n for one in journal.listed("a", since=1)] == [3]
    assert [one.n for one in journal.listed(since=1)] == [2, 3]
    assert journal.clear("a") == 2
    assert [one.n for one in journal.listed()] == [2]


def test_a_long_body_is_let_go_of_when_its_answer_is_over():
    body = b"a" * (BODY_WHOLE + 1)
    journal = Journal()
    record = journal.begin(came(body), "", 0.0)
    digest = record.came.asked.digest
    assert record.came.asked.request.body == body
    journal.end(record, 1.0, "tape", "fin")
    kept = record.came
    assert (kept.asked.request.body, kept.cut, kept.size) == (b"", body[:BODY_KEPT], len(body))
    assert kept.digest == digest
    assert kept.weight == came(body).weight


def test_nothing_is_kept_of_a_long_body_that_nobody_has_redacted():
    journal = Journal()
    record = journal.begin(came(b"a" * (BODY_WHOLE + 1), lazily=True), "", 0.0)
    journal.end(record, 1.0, "upstream", "fin")
    assert (record.came.cut, record.came.digest, record.came.size) == (b"", None, BODY_WHOLE + 1)


def test_the_plans_of_broken_answers_count_among_the_bytes():
    journal = Journal(most_bytes=3000)
    for broken in (True, True, False):
        record = journal.begin(came(), "", 0.0)
        record.faults = ("cut@3e",) if broken else ()
        plan = SimpleNamespace(wire=b"x" * 1500)
        record.player = SimpleNamespace(bytes_written=9, first=0.0, last=0.0, plan=plan)
        journal.end(record, 1.0, "fault", "fin")
        assert journal._bytes == sum(one.came.weight + 1500 * bool(one.faults) for one in journal.listed())
    assert [one.n for one in journal.listed()] == [2, 3]
    journal.clear()
    assert journal._bytes == 0
