"""The grammars of the dialects as tables, by name. What a table is made of: `table`; the tables: a file each.

Pure data, from which come the checker (`cassettes.check`) and the page of the documentation (`page`). Imports the files
beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cassettes.grammar import anthropic, gemini, openai_chat, openai_responses
from cassettes.grammar.table import Grammar, Rule

__all__ = ["AGE", "GRAMMARS", "SECRET", "TAPE_RULES", "UNDATED", "Grammar", "get"]

GRAMMARS: Final[Mapping[str, Grammar]] = MappingProxyType(
    {one.GRAMMAR.dialect: one.GRAMMAR for one in (openai_chat, openai_responses, anthropic, gemini)}
)


SECRET: Final = Rule("tape/secret", "no credential is on a tape", "README, The tape", "error")
AGE: Final = Rule("tape/age", "a recording is no older than --max-age", "--max-age", "error")
UNDATED: Final = Rule("tape/undated", "a recording says when it was made", "docs/cassette-format.md", "warning")
TAPE_RULES: Final = (SECRET, AGE, UNDATED)
"""What a tape is held to as a whole, whatever its dialect."""


def get(dialect: str) -> Grammar | None:
    """The grammar of that dialect; None if there is no table of it."""
    return GRAMMARS.get(dialect)
