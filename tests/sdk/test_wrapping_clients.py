"""What stands on the providers' SDKs, or on none: litellm, langchain-openai, requests. As `test_python_clients`."""

from __future__ import annotations

import pytest
from sdk.answers import ANSWERS, expected
from sdk.conftest import Findings

CHAT, RESPONSES = ("stop", "tool_calls"), ("completed", "completed")
WAYS = {
    ("litellm", "litellm_ways"): {
        f"{route}: litellm {way}": CHAT
        for route in ("openai", "anthropic", "google", "xai")
        for way in ("streamed", "streamed async", "whole", "whole async")
    },
    ("litellm", "langchain_ways"): {
        f"openai: langchain {api} {way}": finish
        for api, finish in (("chat", CHAT), ("responses", RESPONSES))
        for way in ("stream", "astream", "invoke", "ainvoke")
    },
    ("new", "requests_ways"): {
        f"{one}: requests {way}": CHAT for one in ("openai", "xai") for way in ("lines", "pieces", "whole")
    },
}
WITHOUT_REASONING = "openai: langchain chat"
"""ChatOpenAI takes no `reasoning_content`: it is none of OpenAI's fields."""

CASES = [
    pytest.param(*program, way, finish, marks=pytest.mark.xdist_group(f"sdk-{program[1]}"), id=way)
    for program, ways in WAYS.items()
    for way, finish in ways.items()
]


@pytest.mark.parametrize(("which", "program", "way", "finish"), CASES)
def test_a_client_finds_all_that_the_tape_says(
    which: str, program: str, way: str, finish: tuple[str, str], findings: Findings
) -> None:
    found = findings(which, program)[way]
    kept = not way.startswith(WITHOUT_REASONING)
    assert found == {kind: expected(answer, finish, kept) for kind, answer in ANSWERS.items()}


@pytest.mark.parametrize(
    ("which", "program"),
    [pytest.param(*one, marks=pytest.mark.xdist_group(f"sdk-{one[1]}"), id=one[1]) for one in WAYS],
)
def test_every_way_of_a_program_is_looked_at(which: str, program: str, findings: Findings) -> None:
    assert set(findings(which, program)) == set(WAYS[which, program])
