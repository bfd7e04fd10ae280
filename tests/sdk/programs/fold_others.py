"""What the ollama and cohere SDKs make of streams and of their folded answers. JSON lines in, JSON lines out; offline.

In: `{"name", "sdk", "payloads", "folded"}`, or `{"name", "sdk", "models", "model"}`. The client's transport answers from
memory. Out: `{"name", "streamed", "whole"}`, each what the SDK's own types hold, the pieces of a stream put one behind
the other; or `{"name", "models", "model"}`.
"""

import json
import sys

import cohere
import httpx
import ollama


def transport(body: bytes, media_type: str) -> httpx.MockTransport:
    """Answers everything with `body`."""
    return httpx.MockTransport(lambda _: httpx.Response(200, headers={"content-type": media_type}, content=body))


def ollama_client(body: bytes, media_type: str) -> ollama.Client:
    """A client that gets `body` whatever it asks."""
    return ollama.Client("http://unused", transport=transport(body, media_type))


def cohere_client(body: bytes, media_type: str) -> cohere.ClientV2:
    """A client that gets `body` whatever it asks."""
    client = httpx.Client(transport=transport(body, media_type))
    return cohere.ClientV2(api_key="unused", base_url="http://unused", httpx_client=client)


def ollama_told(parts: list) -> dict:
    """The parts as one: the texts joined, calls listed, of the rest the last word."""
    told: dict = {"text": "", "thinking": "", "calls": []}
    for part in parts:
        fields = part.model_dump(exclude_none=True)
        said = fields.pop("message", None) or {"content": fields.pop("response", "")}
        told["text"] += said.get("content") or ""
        told["thinking"] += said.get("thinking") or ""
        told["calls"] += said.get("tool_calls") or []
        told |= fields
    return told


def ollama_both(payloads: list, folded: dict) -> tuple[dict, dict]:
    """Both ways, at the endpoint that the lines are of."""
    lines = "".join(json.dumps(payload) + "\n" for payload in payloads).encode()
    streaming = ollama_client(lines, "application/x-ndjson")
    whole = ollama_client(json.dumps(folded).encode(), "application/json")
    if "message" in folded:
        asked = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        return ollama_told(list(streaming.chat(**asked, stream=True))), ollama_told([whole.chat(**asked)])
    return ollama_told(list(streaming.generate("m", "hi", stream=True))), ollama_told([whole.generate("m", "hi")])


def dumped(value: object) -> object:
    """A model of the SDK as JSON."""
    return json.loads(value.json()) if value is not None else None


def cohere_streamed(events: list) -> dict:
    """The events as one answer, by their types."""
    told: dict = {"content": {}, "calls": {}, "plan": "", "citations": [], "finish": None, "usage": None}
    for event in events:
        message = getattr(getattr(event, "delta", None), "message", None)
        if event.type == "message-start":
            told["id"] = event.id
        elif event.type in ("content-start", "content-delta"):
            part = told["content"].setdefault(str(event.index), {"text": "", "thinking": ""})
            part["text"] += message.content.text or ""
            part["thinking"] += message.content.thinking or ""
        elif event.type == "tool-plan-delta":
            told["plan"] += message.tool_plan
        elif event.type == "tool-call-start":
            call = message.tool_calls
            told["calls"][str(event.index)] = [call.id, call.function.name, call.function.arguments]
        elif event.type == "tool-call-delta":
            told["calls"][str(event.index)][2] += message.tool_calls.function.arguments
        elif event.type == "citation-start":
            told["citations"].append(dumped(message.citations))
        elif event.type == "message-end":
            told |= {"finish": event.delta.finish_reason, "usage": dumped(event.delta.usage)}
    return told | {"content": list(told["content"].values()), "calls": list(told["calls"].values())}


def cohere_whole(answer: object) -> dict:
    """The whole answer in the same form."""
    message = answer.message
    parts = [
        {"text": getattr(part, "text", None) or "", "thinking": getattr(part, "thinking", None) or ""}
        for part in message.content or []
    ]
    calls = [[call.id, call.function.name, call.function.arguments] for call in message.tool_calls or []]
    told = {"content": parts, "calls": calls, "plan": message.tool_plan or "", "id": answer.id}
    told |= {"citations": [dumped(one) for one in message.citations or []]}
    return told | {"finish": answer.finish_reason, "usage": dumped(answer.usage)}


def cohere_both(payloads: list, folded: dict) -> tuple[dict, dict]:
    """Both ways."""
    events = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in payloads) + "data: [DONE]\n\n"
    asked = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    streamed = list(cohere_client(events.encode(), "text/event-stream").chat_stream(**asked))
    whole = cohere_client(json.dumps(folded).encode(), "application/json").chat(**asked)
    return cohere_streamed(streamed), cohere_whole(whole)


def catalogue(task: dict) -> dict:
    """The names in a list of models, and whether the card of one is taken."""
    listed, card = (json.dumps(task[key]).encode() for key in ("models", "model"))
    if task["sdk"] == "ollama":
        names = [model.model for model in ollama_client(listed, "application/json").list().models]
        return {"models": names, "model": ollama_client(card, "application/json").show("m").details.format}
    names = [model.name for model in cohere_client(listed, "application/json").models.list().models]
    return {"models": names, "model": cohere_client(card, "application/json").models.get("m").name}


BOTH = {"ollama": ollama_both, "cohere": cohere_both}

for line in sys.stdin:
    task = json.loads(line)
    result = {"name": task["name"]}
    if "models" in task:
        result |= catalogue(task)
    else:
        streamed, whole = BOTH[task["sdk"]](task["payloads"], task["folded"])
        result |= {
            "streamed": json.loads(json.dumps(streamed, default=str)),
            "whole": json.loads(json.dumps(whole, default=str)),
        }
    sys.stdout.write(json.dumps(result) + "\n")
