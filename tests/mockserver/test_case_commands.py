"""`tokentape cases` as a user runs it."""

from __future__ import annotations

import json

from wires import tokentape

from mockserver.cases import listing
from mockserver.cases.table import table


def test_the_list_is_on_stdout() -> None:
    done = tokentape("cases")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == list(listing.listing(table().values()))


def test_json_has_every_case_or_the_one() -> None:
    every = json.loads(tokentape("cases", "--json").stdout)
    assert [one["id"] for one in every] == list(table())
    one = json.loads(tokentape("cases", "gzip", "--json").stdout)
    assert one == next(row for row in every if row["id"] == "gzip")
    assert one["faults"] == "encode:gzip"


def test_one_case_and_the_page() -> None:
    assert tokentape("cases", "gzip").stdout.startswith("gzip (http, http)\n")
    assert tokentape("cases", "--markdown").stdout == listing.document(table().values())


def test_a_typo_exits_2_and_names_the_nearest() -> None:
    done = tokentape("cases", "gzib")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tokentape: error: there is no case 'gzib'; did you mean gzip?\n"
