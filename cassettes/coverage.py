"""What is known of each provider and dialect, as a table: recorded, replayed, folded, checked, synthesised, converted.

Everything in it is asked of the registries: the rows, the dialects, the grammars, the readers and writers of requests.
Pure. Imports `dialects`, `grammar`, `providers`, `transpose` and the standard library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from cassettes import dialects, grammar, providers
from cassettes.model import TokentapeError
from cassettes.transpose.request import READERS, WRITERS

BEGIN: Final = "<!-- coverage: tokentape providers --coverage --into README.md -->"
END: Final = "<!-- coverage ends -->"
TITLES: Final[Mapping[str, str]] = {
    "openai-chat": "Chat Completions",
    "openai-responses": "Responses",
    "anthropic": "Messages",
    "gemini": "generateContent, events or JSON array",
    "ollama": "its own API",
    "cohere": "chat, version 2",
    "ai-sdk-ui": "AI SDK UI messages",
    "ag-ui": "AG-UI",
}
COLUMNS: Final = ("recorded", "replayed", "folded", "checked", "synthesised", "converted")


class MarkerError(TokentapeError):
    """A file that has no place for the table."""

    exit_code = 2


class Row(NamedTuple):
    """A provider with those of its dialects of which the same is known; the marks are those of COLUMNS."""

    provider: str
    dialects: tuple[str, ...]
    marks: tuple[bool, ...]


def rows() -> Iterator[Row]:
    """A row for each provider, or more where its dialects differ; the raw one last."""
    for provider in providers.load().values():
        groups: dict[tuple[bool, ...], list[str]] = {}
        for name in provider.dialects:
            groups.setdefault(_marks(name), []).append(TITLES.get(name, name))
        yield from (Row(provider.title, tuple(names), marks) for marks, names in groups.items())
    yield Row("any other", ("raw",), _marks("raw"))


def _marks(name: str) -> tuple[bool, ...]:
    dialect = dialects.get(name)
    converted = name in READERS and name in WRITERS and dialect.folds and dialect.speaks
    # Whatever speaks HTTP is recorded and replayed, byte for byte.
    return True, True, dialect.folds, grammar.get(name) is not None, dialect.speaks, converted


def table() -> str:
    """The rows in Markdown."""
    head = f"| provider | dialect | {' | '.join(COLUMNS)} |\n|---|---|{'---|' * len(COLUMNS)}\n"
    lines = (
        f"| {row.provider} | {', '.join(row.dialects)} | {' | '.join('✓' if mark else '-' for mark in row.marks)} |\n"
        for row in rows()
    )
    return head + "".join(lines)


def written(text: str, place: str) -> str:
    """`text` with the table between its markers. Raises MarkerError if they are not there (`place` names the file)."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise MarkerError(f"{place}: found no place for the table; expected the lines {BEGIN} and {END} in it")
    return f"{before}{BEGIN}\n\n{table()}\n{END}{after}"
