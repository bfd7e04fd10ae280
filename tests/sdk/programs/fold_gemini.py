"""What google-genai makes of streams and of their folded answers. JSON lines in, JSON lines out; offline.

In: `{"name", "payloads", "folded"}`. The events go through `models.generate_content_stream`, the folded answer through
`models.generate_content`, both of a client whose transport answers from memory. Out: `{"name", "streamed", "whole"}`,
the two as the SDK's own types with the chunks of the stream put one behind the other; what the SDK raises stands as
its `repr`. In: `{"name", "models"}` and `{"name", "count"}`. Out: `{"name", "got"}`.
Needs the SDK alone: it runs in the environment of tests/sdk/environments.py.
"""

import json
import sys

from google import genai
from google.genai import types

try:
    import httpx2 as httpx
except ImportError:
    import httpx

# What a chunk says of the whole answer: the last word counts.
LAST = ("model_version", "response_id", "usage_metadata", "prompt_feedback", "create_time", "model_status")


def client_for(body: bytes, media_type: str) -> genai.Client:
    """A client that gets `body` whatever it asks."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers={"content-type": media_type}, content=body))
    options = types.HttpOptions(httpx_client=httpx.Client(transport=transport))
    return genai.Client(api_key="unused", http_options=options)


def dumped(value: object) -> object:
    """A model of the SDK as JSON; anything else as it is."""
    return value.model_dump(mode="json", exclude_none=True) if hasattr(value, "model_dump") else value


def put_together(chunks: list) -> dict:
    """The chunks as one: texts of a kind that follow each other joined, signatures listed, the rest as it comes."""
    whole: dict = {"candidates": {}}
    for chunk in chunks:
        whole |= {name: dumped(value) for name in LAST if (value := getattr(chunk, name, None)) is not None}
        for place, candidate in enumerate(chunk.candidates or []):
            index = place if candidate.index is None else candidate.index
            into = whole["candidates"].setdefault(str(index), {"content": [], "signatures": []})
            for name, value in dumped(candidate).items():
                if name != "content":
                    into[name] = value
            for part in (candidate.content.parts if candidate.content else None) or []:
                add_part(into, part)
    return whole


def add_part(into: dict, part: types.Part) -> None:
    """Joins a text to the one before it if that is of its kind; another part stands by itself."""
    fields = dumped(part)
    signature = fields.pop("thought_signature", None)
    if signature is not None:
        into["signatures"].append(signature)
    if not fields.keys() <= {"text", "thought"}:
        into["content"].append(["part", fields])
    elif fields.get("text"):
        kind = "thought" if fields.get("thought") else "text"
        if into["content"] and into["content"][-1][0] == kind:
            into["content"][-1][1] += fields["text"]
        else:
            into["content"].append([kind, fields["text"]])


def streamed(payloads: list) -> object:
    """The SDK's chunks of a stream of these events."""
    body = "".join(f"data: {json.dumps(payload)}\r\n\r\n" for payload in payloads).encode()
    client = client_for(body, "text/event-stream")
    return put_together(list(client.models.generate_content_stream(model="m", contents="hi")))


def whole(folded: object) -> object:
    """The SDK's answer where no stream was asked for."""
    client = client_for(json.dumps(folded).encode(), "application/json")
    return put_together([client.models.generate_content(model="m", contents="hi")])


def told(make: object, value: object) -> object:
    """What `make` gives, or what it raises."""
    try:
        return make(value)
    except Exception as error:  # noqa: BLE001 - whatever an SDK raises is its answer
        return repr(error)


def models(body: object) -> object:
    """The list of models, as the SDK gives it."""
    client = client_for(json.dumps(body).encode(), "application/json")
    return [dumped(model) for model in client.models.list()]


def count(body: object) -> object:
    """The count of tokens, as the SDK gives it."""
    client = client_for(json.dumps(body).encode(), "application/json")
    return client.models.count_tokens(model="m", contents="hi").total_tokens


for line in sys.stdin:
    task = json.loads(line)
    result = {"name": task["name"]}
    if "payloads" in task:
        result |= {"streamed": told(streamed, task["payloads"]), "whole": told(whole, task["folded"])}
    else:
        result["got"] = told(models, task["models"]) if "models" in task else told(count, task["count"])
    sys.stdout.write(json.dumps(result) + "\n")
