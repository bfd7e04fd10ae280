"""Decks: how far each run was played, apart from every other deck, and never more of them than agreed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.matching import entry_of
from cassettes.model import Interaction, Request, Response, Stream
from cassettes.routes import parse
from mockserver.decks import MAIN, Deck, Decks, Run


def entries(count, tape="t"):
    interaction = Interaction(Request("POST", "https://h/v1"), Response(200, "OK", (), b"", Stream()))
    return Run(entry_of(tape, number, interaction) for number in range(1, count + 1))


def play(deck, candidates, *, unplayed=False, repeat=True):
    """Chooses and plays to the end; the place that was played."""
    entry = deck.choose(candidates, unplayed=unplayed, repeat=repeat)
    if entry is None:
        return None
    deck.delivered(candidates, entry)
    return entry.place


@pytest.mark.parametrize("unplayed", [False, True])
def test_repeats_walk_the_list_then_repeat_the_last(unplayed):
    deck, candidates = Deck(), entries(3)
    assert [play(deck, candidates, unplayed=unplayed) for _ in range(5)] == ["t#1", "t#2", "t#3", "t#3", "t#3"]


@pytest.mark.parametrize("unplayed", [False, True])
def test_or_end_after_the_last(unplayed):
    deck, candidates = Deck(), entries(2)
    found = [play(deck, candidates, unplayed=unplayed, repeat=False) for _ in range(4)]
    assert found == ["t#1", "t#2", None, None]


@pytest.mark.parametrize("unplayed", [False, True])
def test_what_was_not_delivered_comes_again(unplayed):
    deck, candidates = Deck(), entries(2)
    assert [deck.choose(candidates, unplayed=unplayed, repeat=True).place for _ in range(3)] == ["t#1"] * 3


@pytest.mark.parametrize("unplayed", [False, True])
def test_overlapping_requests_skip_nothing(unplayed):
    # Two clients got the same interaction at once: once both were delivered, the next one was skipped.
    deck, candidates = Deck(), entries(3)
    both = [deck.choose(candidates, unplayed=unplayed, repeat=True) for _ in range(2)]
    assert [entry.place for entry in both] == ["t#1", "t#1"]
    for entry in both:
        deck.delivered(candidates, entry)
    assert play(deck, candidates, unplayed=unplayed) == "t#2"


def test_a_late_delivery_does_not_go_back():
    deck, candidates = Deck(), entries(3)
    slow = deck.choose(candidates, unplayed=False, repeat=True)
    assert play(deck, candidates) == "t#1"
    assert play(deck, candidates) == "t#2"
    deck.delivered(candidates, slow)
    assert play(deck, candidates) == "t#3"


def test_runs_have_places_of_their_own():
    deck, first, second = Deck(), entries(2, "a"), entries(2, "b")
    assert [play(deck, run) for run in (first, second, first, second)] == ["a#1", "b#1", "a#2", "b#2"]


def test_order_passes_over_what_was_played_in_another_way():
    deck, candidates = Deck(), entries(3)
    assert play(deck, Run(candidates.entries[1:2])) == "t#2"
    assert [play(deck, candidates, unplayed=True) for _ in range(2)] == ["t#1", "t#3"]


def test_forgetting_starts_over():
    deck, candidates = Deck(), entries(2)
    for unplayed in (False, True):
        play(deck, candidates, unplayed=unplayed)
        play(deck, candidates, unplayed=unplayed)
        deck.forget()
        assert play(deck, candidates, unplayed=unplayed) == "t#1"


def test_decks_are_apart():
    decks, candidates = Decks(), entries(2)
    assert play(decks.get("a"), candidates) == "t#1"
    assert play(decks.get("b"), candidates) == "t#1"
    assert play(decks.get("a"), candidates) == "t#2"


def test_no_name_is_the_main_deck():
    decks = Decks()
    assert decks.get(None) is decks.get(MAIN) is decks.get("")
    assert len(decks) == 1


def test_the_least_recently_used_goes_first():
    decks = Decks(most=2)
    first, second = decks.get("first"), decks.get("second")
    assert decks.get("first") is first
    decks.get("third")
    assert len(decks) == 2
    assert decks.get("first") is first
    assert decks.get("second") is not second


@given(st.lists(st.sampled_from("abcdef")), st.integers(1, 4))
def test_never_more_decks_than_agreed(names, most):
    decks = Decks(most)
    for name in names:
        deck = decks.get(name)
        assert decks.get(name) is deck
        assert len(decks) <= most


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30), st.integers(1, 5))
def test_a_place_moves_by_deliveries_and_never_beyond_the_list(steps, count):
    deck, candidates, done = Deck(), entries(count), 0
    for delivered, repeat in steps:
        entry = deck.choose(candidates, unplayed=False, repeat=repeat)
        if entry is None:
            assert done == count
            assert not repeat
            continue
        assert entry is candidates.entries[min(done, count - 1)]
        if delivered:
            deck.delivered(candidates, entry)
            done = min(done + 1, count)


def test_a_run_is_known_again_by_its_places():
    # A reload makes new runs of the same tapes: the deck goes on where it was.
    deck = Deck()
    assert [play(deck, entries(3)) for _ in range(2)] == ["t#1", "t#2"]
    assert play(deck, entries(3), unplayed=True) == "t#3"
    assert entries(3).key == entries(3).key != entries(2).key
    assert (len(entries(3)), entries(3).last.place) == (3, "t#3")


def test_a_long_run_costs_no_more_than_a_short_one():
    deck, run = Deck(), entries(20_000)
    for number in range(1, 20_001):
        entry = deck.choose(run, unplayed=True, repeat=False)
        assert entry.number == number
        deck.delivered(run, entry)
    assert deck.choose(run, unplayed=True, repeat=False) is None


def test_attempts_are_counted_by_key_for_the_life_of_the_deck():
    deck = Deck()
    assert [deck.counting.begin(key, 0.0).life for key in "aabab"] == [1, 2, 1, 3, 2]
    assert deck.attempts == {"a": 3, "b": 2}
    deck.forget()
    assert deck.attempts == {}


def test_places_are_told_by_their_first_interaction():
    deck, run = Deck(), entries(3)
    play(deck, run)
    play(deck, run)
    assert deck.places == [("t#1", 2, 3)]


def test_idle_decks_expire_but_for_the_main_one_and_those_that_play():
    decks = Decks(idle=10.0)
    main, idle, busy = decks.get(None, 0.0), decks.get("idle", 0.0), decks.get("busy", 1.0)
    busy.live = 1
    decks.expire(9.0)
    assert len(decks) == 3
    decks.get("new", 12.0)
    assert [deck.name for deck in decks] == [MAIN, "busy", "new"]
    assert (decks.get(None, 99.0), decks.peek("idle"), decks.expired) == (main, None, 1)
    assert decks.get("idle", 12.0) is not idle
    busy.live = 0
    decks.expire(22.0)
    assert [deck.name for deck in decks] == [MAIN]


def test_a_deck_with_tapes_of_its_own_changes_the_version_when_it_comes_and_goes():
    decks, own = Decks(most=2), object()
    decks.get("plain")
    assert (decks.version, decks.own("plain"), decks.own(None)) == (0, None, None)
    decks.put(Deck("a", own), 0.0)
    assert (decks.version, decks.own("a"), decks.own("plain")) == (1, own, None)
    decks.put(Deck("a", own), 0.0)
    assert decks.version == 3
    for name in "xy":
        decks.get(name)
    assert (decks.version, decks.own("a")) == (4, None)


def test_removing():
    decks = Decks()
    for name in (None, "a", "b"):
        decks.get(name)
    assert (decks.remove("a"), decks.remove("a"), decks.remove(MAIN), decks.remove(MAIN)) == (True, False, True, False)
    assert decks.clear() == 1
    assert len(decks) == 0


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 5)), max_size=30))
def test_no_deck_is_older_than_agreed_after_a_look(steps):
    decks, now = Decks(idle=7.0), 0.0
    for name, wait in steps:
        now += wait
        decks.get(name, now)
        decks.expire(now)
        assert all(deck.used > now - 7.0 for deck in decks)


def test_requests_that_name_no_deck_are_of_the_one_that_is_bound():
    decks = Decks()
    plain, named = parse("POST", "/v1/x", ()), parse("POST", "/~a/v1/x", ())
    assert decks.meant(plain) is plain
    decks.bind("b")
    assert (decks.meant(plain).deck, decks.meant(named).deck, decks.version) == ("b", "a", 1)
    decks.bind(None)
    assert (decks.meant(plain).deck, decks.version) == (None, 2)
