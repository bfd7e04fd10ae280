"""Runs with an openai SDK: reads streams as JSON lines, writes what the SDK's own accumulators make of each.

A line in: {"name", "dialect", "sse": the body as text}. The client reads it from a transport without a network, so its
parser has its part in the answer. A line out: {"name", "answer", "raised"}; `answer` is what it had until it raised.
{"name", "dialect", "answer"} with an answer instead asks whether the non-streaming parser takes that.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import httpx2
from openai import OpenAI, OpenAIError
from openai.lib.streaming.chat import ChatCompletionStreamState


def client_of(body: str, content_type: str) -> OpenAI:
    """A client whose every request is answered with `body`."""
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, headers={"content-type": content_type}, content=body.encode())
    )
    return OpenAI(api_key="x", base_url="http://tape.invalid/v1", http_client=httpx2.Client(transport=transport))


def chat(client: OpenAI) -> tuple[Any, str]:
    """The chat accumulator, fed by hand as its documentation shows: the helper would throw away what came before an
    error. Chunks that are none are passed over as the helper does (Azure's asynchronous filter)."""
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    begun, raised = False, ""
    try:
        for chunk in client.chat.completions.create(model="m", messages=[], stream=True):
            if chunk.object == "chat.completion.chunk":
                state.handle_chunk(chunk)
                begun = True
    except (OpenAIError, RuntimeError, TypeError, IndexError, AssertionError, AttributeError) as error:
        raised = repr(error)
    # `parsed` is what the SDK reads out of the text, no part of an answer.
    answer = state.current_completion_snapshot.to_dict(mode="json") if begun else None
    return answer, raised


def responses(client: OpenAI) -> tuple[Any, str]:
    """The response of the last lifecycle event as the stream helper gives it, whatever its status is."""
    last, raised = None, ""
    try:
        with client.responses.stream(model="m", input="x") as events:
            for event in events:
                if "response" in event.model_fields_set:
                    last = event.response
    except (OpenAIError, RuntimeError, TypeError, IndexError, AssertionError, AttributeError) as error:
        raised = repr(error)
    return last and last.to_dict(mode="json"), raised


def parsed(dialect: str, answer: object) -> Any:
    """What the SDK makes of an answer that was not streamed."""
    client = client_of(json.dumps(answer), "application/json")
    if dialect == "openai-chat":
        return client.chat.completions.create(model="m", messages=[]).to_dict(mode="json")
    return client.responses.create(model="m", input="x").to_dict(mode="json")


def main() -> None:
    """Answers line by line."""
    for line in sys.stdin:
        asked = json.loads(line)
        if "answer" in asked:
            answer, raised = parsed(asked["dialect"], asked["answer"]), ""
        else:
            accumulate = chat if asked["dialect"] == "openai-chat" else responses
            answer, raised = accumulate(client_of(asked["sse"], "text/event-stream"))
        sys.stdout.write(json.dumps({"name": asked["name"], "answer": answer, "raised": raised}) + "\n")


if __name__ == "__main__":
    main()
