"""What a row is: its links, and its places filled in."""

from __future__ import annotations

import pytest

from mockserver.cases.case import Case
from mockserver.cases.script import DIALECTS, script_of, whole
from mockserver.cases.table import table


def test_issues_become_links_and_clauses_stay() -> None:
    case = Case(
        id="x",
        topic="t",
        layer="tcp",
        wire="",
        requirement="",
        sources=("RFC 9112 7.1", "owner/some.repo#12", "WHATWG HTML 9.2.6"),
        expects="any",
    )
    assert case.links == ("RFC 9112 7.1", "https://github.com/owner/some.repo/issues/12", "WHATWG HTML 9.2.6")
    assert case.play("raw") == ("", None)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_places_are_those_of_the_stream(dialect: str) -> None:
    stream = whole(script_of(dialect))
    assert table()["rst-between-events"].play(dialect).faults == f"reset@{stream.half}c"
    assert table()["rst-mid-chunk"].play(dialect).faults == f"reset@{stream.mid}b"


@pytest.mark.parametrize("ident", table())
def test_rows_say_what_they_must(ident: str) -> None:
    case = table()[ident]
    assert case.id == ident
    assert case.requirement.endswith(".")
    assert case.requirement.count(". ") == 0
    assert not case.wire.endswith(".")
    assert case.dialects
    assert bool(case.unserved) != bool(case.faults or case.stream)
    assert "<" not in case.play(case.dialects[0]).faults
