"""requests without an SDK: a chat stream read by lines and by pieces of text, and a whole answer."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import requests
from ways import Heard, run

HEADERS = {"Authorization": "Bearer sk-test", "Content-Type": "application/json"}
ASKED = {"model": "any", "messages": [{"role": "user", "content": "Hi"}], "stream_options": {"include_usage": True}}


def take(heard: Heard, chunk: dict[str, Any]) -> None:
    """Takes a chunk, or a whole answer, in."""
    if usage := chunk.get("usage"):
        heard.usage = [usage["prompt_tokens"], usage["completion_tokens"]]
    for choice in chunk["choices"][:1]:
        said = choice.get("delta") or choice.get("message") or {}
        heard.finish = choice.get("finish_reason") or heard.finish
        heard.text += said.get("content") or ""
        heard.reasoning += said.get("reasoning_content") or ""
        for number, part in enumerate(said.get("tool_calls") or []):
            heard.call(part.get("index", number), part["function"].get("name"), part["function"].get("arguments"))


def asked(mount: str, root: str, stream: bool) -> requests.Response:
    """The answer, its status looked at."""
    body = {**ASKED, "stream": stream}
    answer = requests.post(f"{root}{mount}/chat/completions", headers=HEADERS, json=body, stream=stream, timeout=30)
    answer.raise_for_status()
    wanted = "text/event-stream" if stream else "application/json"
    assert answer.headers["content-type"].startswith(wanted), answer.headers["content-type"]
    return answer


def lines(mount: str, root: str) -> Any:
    """`iter_lines`."""
    heard = Heard()
    with asked(mount, root, stream=True) as answer:
        for line in answer.iter_lines():
            if line.startswith(b"data: {"):
                take(heard, json.loads(line[6:]))
    return heard.told()


def pieces(mount: str, root: str) -> Any:
    """`iter_content(decode_unicode=True)`, small pieces."""
    heard, rest = Heard(), ""
    with asked(mount, root, stream=True) as answer:
        for piece in answer.iter_content(chunk_size=7, decode_unicode=True):
            *whole, rest = (rest + piece).split("\n")
            for line in whole:
                if line.startswith("data: {"):
                    take(heard, json.loads(line[6:]))
    return heard.told()


def whole(mount: str, root: str) -> Any:
    """`json()`."""
    heard = Heard()
    with asked(mount, root, stream=False) as answer:
        take(heard, answer.json())
    return heard.told()


WAYS = {"lines": lines, "pieces": pieces, "whole": whole}
MOUNTS = {"openai": "/openai/v1", "xai": "/xai/v1"}

if __name__ == "__main__":
    run({f"{name}: requests {way}": partial(go, mount) for name, mount in MOUNTS.items() for way, go in WAYS.items()})
