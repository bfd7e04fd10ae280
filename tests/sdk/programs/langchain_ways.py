"""langchain-openai: ChatOpenAI on Chat Completions and on Responses; stream, astream, invoke, ainvoke."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from langchain_openai import ChatOpenAI
from ways import Heard, run

PROMPT = "What is the weather in Seoul?"


def model_of(responses: bool, root: str) -> Any:
    """The model, at our base URL."""
    return ChatOpenAI(
        model="gpt-5.1",
        base_url=f"{root}/openai/v1",
        api_key="sk-test",
        max_retries=0,
        timeout=30,
        stream_usage=True,
        use_responses_api=responses,
    )


def told(message: Any) -> dict[str, Any]:
    """What a message says; a stream's chunks add up to one."""
    heard = Heard()
    blocks = message.content_blocks
    heard.text = "".join(block["text"] for block in blocks if block["type"] == "text")
    heard.reasoning = "".join(block.get("reasoning", "") for block in blocks if block["type"] == "reasoning")
    for call in message.tool_calls:
        heard.call(call["id"], call["name"], json.dumps(call["args"]))
    said = message.response_metadata
    heard.finish = said.get("finish_reason") or said.get("status")
    usage = message.usage_metadata or {}
    heard.usage = [usage.get("input_tokens"), usage.get("output_tokens")]
    return heard.told()


def stream(responses: bool, root: str) -> Any:
    """`stream`."""
    first, *rest = model_of(responses, root).stream(PROMPT)
    return told(sum(rest, first))


async def astream(responses: bool, root: str) -> Any:
    """`astream`."""
    first, *rest = [chunk async for chunk in model_of(responses, root).astream(PROMPT)]
    return told(sum(rest, first))


def invoke(responses: bool, root: str) -> Any:
    """`invoke`."""
    return told(model_of(responses, root).invoke(PROMPT))


async def ainvoke(responses: bool, root: str) -> Any:
    """`ainvoke`."""
    return told(await model_of(responses, root).ainvoke(PROMPT))


WAYS = {"stream": stream, "astream": astream, "invoke": invoke, "ainvoke": ainvoke}
APIS = {"chat": False, "responses": True}

if __name__ == "__main__":
    run({f"openai: langchain {api} {way}": partial(go, flag) for api, flag in APIS.items() for way, go in WAYS.items()})
