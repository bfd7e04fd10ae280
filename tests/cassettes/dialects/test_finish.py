"""Why an answer ended, from one grammar's words into another's."""

from __future__ import annotations

import pytest

from cassettes.dialects.finish import Meaning, meaning, own_word

OWN: dict[Meaning, str] = {"stop": "stop", "length": "length", "tools": "calls", "refused": "no"}
KNOWN = frozenset((*OWN.values(), "extra"))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("end_turn", "stop"),
        ("MAX_TOKENS", "length"),
        ("tool_use", "tools"),
        ("SAFETY", "refused"),
        ("pause_turn", None),
    ],
)
def test_words_of_all_grammars_have_one_meaning(word: str, meant: str | None) -> None:
    assert meaning(word) == meant


@pytest.mark.parametrize(
    ("word", "called", "refused", "own"),
    [
        ("end_turn", False, False, "stop"),
        ("completed", True, False, "calls"),  # Responses end so whatever they hold
        ("STOP", True, False, "calls"),
        ("stop", False, True, "no"),
        ("max_tokens", True, False, "length"),
        ("extra", False, False, "extra"),
        ("pause_turn", False, False, None),
        ("pause_turn", True, False, None),
    ],
)
def test_a_word_is_the_usual_one_of_its_meaning(word: str, called: bool, refused: bool, own: str | None) -> None:
    assert own_word(word, OWN, KNOWN, called=called, refused=refused) == own
