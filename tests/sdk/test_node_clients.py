"""The Node clients: the providers' SDKs, the AI SDK with their providers, parsers of Server-Sent Events, fetch."""

from __future__ import annotations

import pytest
from sdk.answers import ANSWERS, expected
from sdk.conftest import Findings

CHAT, RESPONSES, UNIFIED = ("stop", "tool_calls"), ("completed", "completed"), ("stop", "tool-calls")
READERS = ("fetch lines", "eventsource-parser", "eventsource-parser stream", "eventsource", "fetch whole")
MODELS = ("openai: ai chat", "openai: ai responses", "openai: ai compatible", "anthropic: ai", "google: ai")
WAYS = {
    "openai_ways": {
        f"{one}: {api} {way}": finish
        for one in ("openai", "xai")
        for api, finish in (("chat", CHAT), ("responses", RESPONSES))
        for way in ("streamed", "helped", "whole")
    },
    "anthropic_ways": {f"anthropic: {way}": ("end_turn", "tool_use") for way in ("raw", "helped", "whole")},
    "gemini_ways": {f"google: {way}": ("STOP", "STOP") for way in ("streamed", "whole")},
    "ai_ways": {
        f"{model} {way}": UNIFIED
        for model in (*MODELS, "xai: ai chat", "xai: ai responses")
        for way in ("streamed", "whole")
    },
    "ui_ways": {"app: ai ui": UNIFIED, "app: ag-ui": (None, None), "app: ag-ui elsewhere": (None, None)},
    "reader_ways": {f"{one}: {way}": CHAT for one in ("openai", "xai") for way in READERS},
}
WITHOUT_REASONING = {"openai: ai chat streamed", "openai: ai chat whole"}
"""@ai-sdk/openai takes no `reasoning_content`: it is none of OpenAI's fields."""
LAST_OF_REASONING = {"openai: chat helped", "xai: chat helped"}
"""The openai SDK's helper keeps the last piece alone of a field that it does not know."""

CASES = [
    pytest.param(program, way, finish, marks=pytest.mark.xdist_group(f"sdk-node-{program}"), id=way)
    for program, ways in WAYS.items()
    for way, finish in ways.items()
]


@pytest.mark.parametrize(("program", "way", "finish"), CASES)
def test_a_client_finds_all_that_the_tape_says(
    program: str, way: str, finish: tuple[str, str], findings: Findings
) -> None:
    wanted = {kind: expected(answer, finish, way not in WITHOUT_REASONING) for kind, answer in ANSWERS.items()}
    if way in LAST_OF_REASONING:
        wanted["reasoning"]["reasoning"] = ANSWERS["reasoning"].reasoning[-1]
    assert findings("node", program)[way] == wanted


@pytest.mark.parametrize(
    "program", [pytest.param(one, marks=pytest.mark.xdist_group(f"sdk-node-{one}"), id=one) for one in WAYS]
)
def test_every_way_of_a_program_is_looked_at(program: str, findings: Findings) -> None:
    assert set(findings("node", program)) == set(WAYS[program])
