"""The official SDKs on recordings: each asks one deck for stream after stream, another for the same answers whole.

Gets `[root, {dialect: number of recordings}]`; prints `{dialect: [[streamed, whole]]}`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import anthropic_ways
import gemini_ways
import openai_ways

MOUNT = "/openai/v1"
WAYS: dict[str, tuple[Callable[[str], Any], Callable[[str], Any]]] = {
    "openai-chat": (
        lambda root: openai_ways.chat_streamed(MOUNT, root),
        lambda root: openai_ways.chat_whole(MOUNT, root),
    ),
    "openai-responses": (
        lambda root: openai_ways.responses_streamed(MOUNT, root),
        lambda root: openai_ways.responses_whole(MOUNT, root),
    ),
    "anthropic": (anthropic_ways.raw, anthropic_ways.whole),
    "gemini": (gemini_ways.streamed, gemini_ways.whole),
}


def heard(way: Callable[[str], Any], root: str) -> Any:
    """What a way finds, or what it raises."""
    try:
        return way(root)
    except Exception as error:  # noqa: BLE001 - the test shows it
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    url, counts = json.loads(sys.argv[1])
    found = {
        dialect: [[heard(streamed, f"{url}/~streamed"), heard(whole, f"{url}/~whole")] for _ in range(counts[dialect])]
        for dialect, (streamed, whole) in WAYS.items()
    }
    print(json.dumps(found))  # noqa: T201 - that is what the test reads
