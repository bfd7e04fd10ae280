"""The public recordings of ../shared/tapes against the grammars: clean, but for what is written down here."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache

import pytest
from msgspec.structs import replace
from sdk.recordings import TAPES, needs_recordings

from cassettes.check import Finding, check_answer
from cassettes.convert import convert
from cassettes.grammar import GRAMMARS
from cassettes.model import Interaction

EXCEPTIONS = {
    **dict.fromkeys(
        [f"openai-chat/simonw__llm__{file}.yaml#{number}" for file in (1, 2, 3) for number in (0, 1)],
        (
            {"openai-chat/choice-order", "openai-chat/choice-end", "openai-chat/key"},
            "the address on the tape is OpenAI's, the chunks are OpenRouter's, down to their key provider",
        ),
    ),
    "openai-responses/pydantic__pydantic-ai__3.yaml#0": (
        {"openai-responses/item-end"},
        "two lists of MCP tools are added and never done; of 72 streams the only one",
    ),
    "vertex-streamGenerateContent/Arize-ai__openinference__1.yaml#0": (
        {"gemini/keys", "gemini/variant"},
        "finishReason is the number of the enum, 1, where every other recording has its name",
    ),
}
"""Streams from a wire that are not as their grammar says: the rules, and why."""

NOT_WIRE = {
    "captured-payload": {"event-name", "stream-end", "response-end", "message-end", "candidate-end", "usage"},
    "vendor-mock": {"keys", "candidate-order"},
    "captured-body": {"json", "answer-end"},
}
"""What cannot be judged on files that are no wire content: payload lines without their framing, and excerpts; mocks that
a vendor wrote for tests of its own SDK; a body that was printed."""

JOINED = "anthropic-messages/vercel__ai__3.txt#0"
"""Payload lines of two messages, one behind the other."""


def rows(name: str) -> list[dict[str, str]]:
    with (TAPES / name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def results() -> dict[str, tuple[str, str, str, tuple[Finding, ...]]]:
    """Name -> provenance, class and dialect of every interaction that has a grammar, and what was found."""
    return dict(_results())


def _results() -> Iterator[tuple[str, tuple[str, str, str, tuple[Finding, ...]]]]:
    provenance = {row["file"]: row["provenance"] for row in rows("MANIFEST.tsv")}
    for row in rows("BODIES.tsv"):
        interaction = convert((TAPES / row["file"]).read_bytes(), row["file"])
        one = spoken_by(row["provider"], interaction.interactions[int(row["interaction"])])
        answer = check_answer(one)
        if not answer.unchecked:
            name, stream = f"{row['file']}#{row['interaction']}", one.response.stream
            yield name, (provenance[row["file"]], row["class"], stream.dialect, answer.findings)


def spoken_by(provider: str, interaction: Interaction) -> Interaction:
    """The interaction with the provider of the manifest where the recording itself names none."""
    stream = interaction.response.stream
    if stream.provider != "unknown":
        return interaction
    return replace(interaction, response=replace(interaction.response, stream=replace(stream, provider=provider)))


@needs_recordings
@pytest.mark.parametrize("dialect", GRAMMARS)
def test_recordings_are_clean_but_for_the_documented_ones(dialect: str) -> None:
    streams = 0
    for name, (provenance, kind, spoken, found) in results().items():
        if spoken != dialect:
            continue
        streams += kind == "stream"
        allowed = {f"{dialect}/{rule}" for rule in NOT_WIRE.get(provenance, ())} | EXCEPTIONS.get(name, (set(), ""))[0]
        if name != JOINED:
            assert {one.rule.id for one in found} <= allowed, (name, [one.text for one in found])
    assert streams >= {"openai-chat": 150, "openai-responses": 70, "anthropic": 55, "gemini": 59}[dialect]


@needs_recordings
def test_no_exception_is_stale() -> None:
    for name, (rules, reason) in EXCEPTIONS.items():
        assert reason
        assert {one.rule.id for one in results()[name][3]} == rules, name
    for provenance, rules in NOT_WIRE.items():
        seen = {
            one.rule.id.partition("/")[2]
            for way, _, _, found in results().values()
            if way == provenance
            for one in found
        }
        assert rules <= seen, provenance


@needs_recordings
def test_a_provider_that_nobody_knows_is_not_blamed_for_more() -> None:
    for name, (provenance, _, dialect, known) in list(results().items())[::4]:
        file, _, number = name.partition("#")
        if provenance in NOT_WIRE or name in EXCEPTIONS:
            continue
        interaction = convert((TAPES / file).read_bytes(), file).interactions[int(number)]
        stream = replace(interaction.response.stream, provider="nobody-knows", dialect=dialect)
        found = check_answer(replace(interaction, response=replace(interaction.response, stream=stream))).findings
        assert {one.rule.id for one in found} <= {one.rule.id for one in known}, name
