"""The grammars of the dialects as tables, by name. What a table is made of: `table`; the tables: a file each.

Pure data, from which come the checker (`cassettes.check`) and the page of the documentation (`page`). Imports the files
beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cassettes.grammar import anthropic, gemini, openai_chat, openai_responses
from cassettes.grammar.table import Grammar

__all__ = ["GRAMMARS", "Grammar", "get"]

GRAMMARS: Final[Mapping[str, Grammar]] = MappingProxyType(
    {one.GRAMMAR.dialect: one.GRAMMAR for one in (openai_chat, openai_responses, anthropic, gemini)}
)


def get(dialect: str) -> Grammar | None:
    """The grammar of that dialect; None if there is no table of it."""
    return GRAMMARS.get(dialect)
