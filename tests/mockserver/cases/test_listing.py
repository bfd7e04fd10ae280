"""The list and the page: every case is in them, and docs/cases.md is what the table says."""

from __future__ import annotations

from pathlib import Path

from mockserver.cases import listing
from mockserver.cases.table import get, table

DOCS = Path(__file__).resolve().parents[3] / "docs" / "cases.md"


def test_the_documentation_is_the_table() -> None:
    assert DOCS.read_text(encoding="utf-8") == listing.document(table().values()), (
        "docs/cases.md is not what the table says: tokentape cases --markdown > docs/cases.md"
    )


def test_every_row_has_its_cells() -> None:
    rows = [line for line in listing.document(table().values()).splitlines() if line.startswith("| `")]
    assert len(rows) == len(table())
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}


def test_every_case_is_listed() -> None:
    lines = list(listing.listing(table().values()))
    assert {line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "} == set(table())
    assert "  done-twice  (openai-chat)" in lines
    assert "  abort-then-reuse  (not served)" in lines


def test_a_page_tells_all() -> None:
    page = "\n".join(listing.page(get("rst-mid-chunk")))
    assert "a stream of its own, reset@<mid>" in page
    assert "https://github.com/openai/openai-python/issues/2065" in page
    assert "--fault case:rst-mid-chunk" in page
    assert "the tape that is asked for, html:500" in "\n".join(listing.page(get("http-500-html")))
    unserved = "\n".join(listing.page(get("abort-then-reuse")))
    assert "not served:" in unserved
    assert "--fault" not in unserved


def test_what_json_says() -> None:
    said = listing.described(get("http-500-html"))
    assert (said["faults"], said["stream"], said["expects"], said["unserved"]) == ("html:500", "tape", "report", None)
    none = listing.described(get("abort-then-reuse"))
    assert (none["faults"], none["stream"], none["dialects"]) == (None, None, ())
