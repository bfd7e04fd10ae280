"""A finding as the one line that people read."""

from __future__ import annotations

from cassettes.check.finding import Finding, Place
from cassettes.grammar import GRAMMARS

RULE = GRAMMARS["anthropic"].rules["keys"]


def test_it_names_event_byte_kind_found_expected_and_rule() -> None:
    one = Finding(RULE, "no index", "integer", Place(4, 310), "content_block_stop")
    assert one.text == "event 4 (byte 310, content_block_stop): no index, expected integer [anthropic/keys]"
    assert one.level == "error"


def test_what_is_not_known_is_left_out() -> None:
    assert Finding(RULE, "no event").text == "no event [anthropic/keys]"
    assert Finding(RULE, "no event", place=Place(1, 0), more=7).text == (
        "event 1 (byte 0): no event (and 7 more) [anthropic/keys]"
    )
