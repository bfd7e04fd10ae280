"""The table: every id of the catalogue, for ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mockserver.cases.table import TOPICS, CaseError, get, served, table

IDS = (Path(__file__).parent / "ids.txt").read_text().split()
CATALOGUE = Path(__file__).resolve().parents[3] / "../shared/facts/client-failures.json"


def test_no_id_is_ever_lost() -> None:
    assert sorted(table()) == sorted(IDS)
    assert [case.topic for case in table().values()] == sorted(
        (case.topic for case in table().values()), key=TOPICS.index
    )


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the catalogue is not beside this checkout")
def test_the_catalogue_has_the_same() -> None:
    rows = {row["id"]: row for row in json.loads(CATALOGUE.read_text())}
    assert set(rows) == set(table())
    for ident, case in table().items():
        assert case.layer == rows[ident]["layer"]
        # An issue is in the catalogue, as an issue or as a pull request.
        known = {link.replace("/pull/", "/issues/") for link in rows[ident]["reported"]}
        assert {link for link in case.links if link.startswith("https:")} <= known


def test_a_typo_gets_the_nearest() -> None:
    assert get("RST_mid_chunk").id == "rst-mid-chunk"
    with pytest.raises(CaseError, match="did you mean rst-mid-chunk"):
        get("rst-mid-chnuk")
    with pytest.raises(CaseError, match="`tokentape cases` lists them"):
        get("???")


def test_what_no_server_can_show_says_why() -> None:
    with pytest.raises(CaseError, match="done by the client"):
        served("abort-then-reuse")
    assert served("gzip").id == "gzip"
    assert [case.id for case in table().values() if case.unserved] == ["abort-then-reuse"]
