"""The providers' Python SDKs, two majors of each: text, tool calls, finish reason, usage; streamed and whole."""

from __future__ import annotations

import pytest
from sdk.answers import ANSWERS, expected
from sdk.conftest import Findings

CHAT, RESPONSES = ("stop", "tool_calls"), ("completed", "completed")
CHAT_WAYS = ("streamed", "streamed async", "helped", "helped async", "whole", "whole async")
WAYS = {
    "openai_ways": {
        **{f"{one}: chat {way}": CHAT for one in ("openai", "xai") for way in CHAT_WAYS},
        **{
            f"{one}: responses {way}": RESPONSES
            for one in ("openai", "xai")
            for way in ("streamed", "streamed async", "helped", "whole", "whole async")
        },
    },
    "anthropic_ways": {
        f"anthropic: {way}": ("end_turn", "tool_use")
        for way in ("raw", "raw async", "helped", "helped async", "whole", "whole async")
    },
    "gemini_ways": {
        f"google: {way}": ("STOP", "STOP") for way in ("streamed", "streamed async", "whole", "whole async")
    },
    "ollama_ways": {
        f"ollama: {way}": ("stop", "stop") for way in ("streamed", "streamed async", "whole", "whole async")
    },
    "cohere_ways": {
        f"cohere: {way}": ("COMPLETE", "TOOL_CALL") for way in ("streamed", "streamed async", "whole", "whole async")
    },
}
"""The ways of each program, with its provider's words for a plain end and for tool calls."""

ONE_MAJOR = {"ollama_ways", "cohere_ways"}
"""Programs whose SDK is in the new environment alone."""

CASES = [
    pytest.param(which, program, way, finish, marks=pytest.mark.xdist_group(f"sdk-{program}"), id=f"{which}-{way}")
    for program, ways in WAYS.items()
    for which in (("new",) if program in ONE_MAJOR else ("new", "old"))
    for way, finish in ways.items()
]


@pytest.mark.parametrize(("which", "program", "way", "finish"), CASES)
def test_an_sdk_finds_all_that_the_tape_says(
    which: str, program: str, way: str, finish: tuple[str, str], findings: Findings
) -> None:
    found = findings(which, program)[way]
    assert found == {kind: expected(answer, finish) for kind, answer in ANSWERS.items()}


@pytest.mark.parametrize(
    "program", [pytest.param(one, marks=pytest.mark.xdist_group(f"sdk-{one}"), id=one) for one in WAYS]
)
def test_every_way_of_a_program_is_looked_at(program: str, findings: Findings) -> None:
    assert set(findings("new", program)) == set(WAYS[program])
