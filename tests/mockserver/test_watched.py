"""A journal that is waited at: each change wakes who waits, what was played is remembered by deck."""

from __future__ import annotations

import asyncio

from cassettes.matching import Asked
from cassettes.model import Request
from cassettes.routes import parse
from mockserver.journal import Came
from mockserver.watched import Watched


def came():
    return Came(Asked(Request("POST", "/v1/x"), parse("POST", "/v1/x", ()), b""))


def test_what_comes_and_what_ends_are_changes():
    async def run():
        journal = Watched()
        waiting = asyncio.ensure_future(journal.changed(journal.version, 5))
        await asyncio.sleep(0)
        record = journal.begin(came(), "", 0.0)
        await waiting
        assert journal.version == 1
        await journal.changed(0, 5)  # at once: it has changed since
        waiting = asyncio.ensure_future(journal.changed(1, 5))
        await asyncio.sleep(0)
        journal.end(record, 1.0, "server", "fin")
        await waiting
        assert journal.version == 2

    asyncio.run(run())


def test_who_waits_for_nothing_goes_on_after_a_while():
    journal = Watched()
    asyncio.run(journal.changed(0, 0.01))
    assert journal.version == 0
    assert not journal._waiting


def test_what_was_played_is_forgotten_with_its_deck():
    journal = Watched()
    for deck, place in (("a", "x#1"), ("a", "x#1"), ("b", "x#1"), ("b", None)):
        record = journal.begin(came(), deck, 0.0)
        record.place = place
        if place:
            journal.keep(record)
    assert journal.played == {("a", "x#1"), ("b", "x#1")}
    for one in list(journal.listed()):
        journal.end(one, 1.0, "tape", "fin")
    journal.forget("a")
    assert journal.played == {("b", "x#1")}
    assert {one.deck for one in journal.listed()} == {"b"}
