"""The table of the control API, and how a path and a query are read by it."""

from __future__ import annotations

from collections import Counter

import pytest

from mockserver.operations import LARGEST_INTEGER, OPERATIONS, PATHS, QueryError, place_of, unknown

BY_ID = {one.id: one for one in OPERATIONS}


def test_ids_and_methods_of_a_path_are_there_once() -> None:
    assert len(BY_ID) == len(OPERATIONS)
    assert set(Counter((one.path, one.method) for one in OPERATIONS).values()) == {1}


def test_every_parameter_of_a_path_is_described_and_no_other() -> None:
    for one in OPERATIONS:
        named = {part.strip("{}") for part in one.path.split("/") if part.startswith("{")}
        assert named == {parameter.name for parameter in one.parameters if parameter.place == "path"}, one.id
        assert all(parameter.read(str(parameter.example)) == parameter.example for parameter in one.parameters)


@pytest.mark.parametrize(
    ("path", "ids", "written"),
    [
        ("decks", {"listDecks", "removeDecks"}, {}),
        ("decks/a%2Eb", {"getDeck", "putDeck", "removeDeck"}, {"name": "a.b"}),
        ("streams/7/step", {"step"}, {"n": "7"}),
        ("openapi.json", {"describe"}, {}),
    ],
)
def test_paths(path: str, ids: set[str], written: dict[str, str]) -> None:
    place = place_of(path)
    assert place is not None
    assert ({one.id for one in place.operations.values()}, place.written) == (ids, written)


@pytest.mark.parametrize("path", ["", "deck", "decks/a/b", "streams/7/jump", "health/", "/health"])
def test_no_paths(path: str) -> None:
    assert place_of(path) is None
    assert unknown(path).count("/_tokentape/") >= len([one for one in PATHS if "{" not in one])


def test_what_is_allowed() -> None:
    place = place_of("requests")
    assert place is not None
    assert place.allowed == "GET, HEAD, DELETE"
    assert place.operation("HEAD") is BY_ID["listRequests"]
    assert place.operation("PUT") is None


def test_a_query_has_its_defaults() -> None:
    assert BY_ID["listRequests"].query("deck=a&since=3") == {"deck": "a", "since": 3, "limit": 100}
    assert BY_ID["health"].query("anything=1") == {}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("dekc=a", "there is no parameter 'dekc' here; did you mean deck?"),
        ("x=1", "expected deck, since, limit"),
        ("deck=a/b", "deck: found 'a/b', expected 1 to 64 letters"),
        ("limit=0", "limit: found '0', expected a whole number from 1 to 1000"),
        ("since=-1", "since: found '-1'"),
        (f"since={LARGEST_INTEGER + 1}", f"expected a whole number from 0 to {LARGEST_INTEGER}"),
        ("since=٣", "since: found"),
        ("deck=a&deck=b", "the parameter deck is given twice"),
    ],
)
def test_queries_that_are_refused(query: str, said: str) -> None:
    with pytest.raises(QueryError, match=said.replace("(", r"\(")):
        BY_ID["listRequests"].query(query)
