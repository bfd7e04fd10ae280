"""The attempts of a deck: restarts, lives, overlaps, and bounds."""

from hypothesis import given
from hypothesis import strategies as st

from mockserver.counting import WHOLE_DECK, Attempt, Counting


def one(counting, key="a", now=0.0, rules=None):
    """A request that is over at once."""
    attempt = counting.begin(key, now, rules)
    counting.end(attempt)
    return attempt


def test_requests_of_a_key_are_numbered():
    counting = Counting()
    assert [one(counting)[1:4] for _ in range(3)] == [(1, 1, 1), (2, 2, 2), (3, 3, 3)]
    assert one(counting, "b") == Attempt("b")
    assert counting.asked_for == {"a": 3, "b": 1}


def test_numbers_restart_and_lives_do_not():
    counting = Counting()
    one(counting)
    counting.restart(one(counting))
    assert one(counting) == Attempt("a", number=1, life=3, serial=3)


def test_other_rules_start_numbers_again():
    counting = Counting()
    first, second = object(), object()
    assert [one(counting, rules=first).number for _ in range(2)] == [1, 2]
    assert [(one(counting, rules=second).number, one(counting, rules=second).life) for _ in range(2)] == [
        (1, 4),
        (3, 6),
    ]
    assert one(counting, WHOLE_DECK, rules=first).number == 1


def test_an_equal_request_that_overlaps_is_no_retry():
    counting = Counting()
    first = counting.begin("a", 0.0)
    counting.planned(first, 10.0)
    second = counting.begin("a", 5.0)
    assert (second.number, second.life, second.serial, second.ambiguous) == (1, 1, 2, True)
    counting.end(first)
    counting.end(second)
    assert one(counting, now=6.0) == Attempt("a", 2, 2, 3)


def test_who_waits_in_a_stall_may_try_again_beside_it():
    counting = Counting()
    counting.planned(counting.begin("a", 0.0), 2.0)
    assert counting.begin("a", 3.0) == Attempt("a", 2, 2, 2)


def test_a_restart_amid_an_overlap_begins_with_one():
    counting = Counting()
    first = counting.begin("a", 0.0)
    counting.planned(first, 10.0)
    counting.restart(first)
    assert counting.begin("a", 1.0) == Attempt("a", 1, 1, 2, ambiguous=True)


def test_a_deck_counts_all_of_its_requests():
    counting = Counting()
    one(counting, "a")
    one(counting, "b")
    third = one(counting, WHOLE_DECK)
    assert third == Attempt(WHOLE_DECK, 3, 3, 3)
    counting.restart(third)
    assert one(counting, WHOLE_DECK).number == 1
    counting.forget()
    assert one(counting, WHOLE_DECK) == Attempt(WHOLE_DECK)


def test_keys_are_bounded_and_the_longest_unused_goes():
    counting = Counting(most=2)
    held = counting.begin("a", 0.0)
    for key in "bab":
        one(counting, key)
    one(counting, "c")
    assert len(counting) == 2
    assert one(counting, "a").life == 1
    counting.planned(held._replace(key="gone"), 1.0)
    counting.restart(held._replace(key="gone"))
    counting.end(held._replace(key="gone"))


@given(st.lists(st.sampled_from(["begin", "end", "restart"]), max_size=40), st.booleans())
def test_lives_and_serials_only_grow(steps, overlapping):
    counting, live, seen = Counting(), [], []
    for now, step in enumerate(steps):
        if step == "begin":
            attempt = counting.begin("a", float(now))
            counting.planned(attempt, 1e9 if overlapping else 0.0)
            live.append(attempt)
            seen.append(attempt)
        elif live and step == "end":
            counting.end(live.pop(0))
        elif live:
            counting.restart(live[0])
    assert [one.serial for one in seen] == list(range(1, len(seen) + 1))
    lives = [one.life for one in seen]
    assert lives == sorted(lives)
    assert all(one.number >= 1 and one.number <= one.life <= one.serial for one in seen)
    assert overlapping or not any(one.ambiguous for one in seen)
