"""Ollama's own API: a line of JSON for every event, and streams unless it is told not to (providers.md 8.8;
docs.ollama.com/api). How lines become one answer is `ollama_fold`. Imports the base and its own files beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cassettes.dialects import ollama_fold, ollama_speak
from cassettes.dialects.base import Dialect, Endpoint, at, content_text, json_bytes, last_user_text
from cassettes.dialects.delta import NOTHING, Delta, Folded, ToolPart
from cassettes.dialects.speech import Speech, Voice

_MODIFIED: Final = "1970-01-01T00:00:00Z"
_COUNTS: Final = (
    *("total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration"),
    *("eval_count", "eval_duration"),
)


@dataclass(frozen=True)
class Ollama(Dialect):
    """`POST /api/chat` and `/api/generate`."""

    def prompt(self, body: object) -> str:
        return last_user_text(at(body, "messages")) or content_text(at(body, "prompt"))

    def model(self, path: str, body: object) -> str | None:
        """`name` is what `/api/show` called it before `model`."""
        old = at(body, "name")
        return super().model(path, body) or (old if isinstance(old, str) and old else None)

    def streams(self, path: str, query: str, body: object) -> bool:  # noqa: ARG002 - the body says so, by what it lacks
        return at(body, "stream") is not False

    def claims(self, body: object) -> bool:
        messages = at(body, "messages")
        parts = isinstance(messages, list) and any(at(one, "parts") is not None for one in messages)
        return self.model("", body) is not None and not parts

    def delta(self, payload: object) -> Delta:
        """Calls come whole, with an `index` or, from older servers, without: then it is their place in the line."""
        error = at(payload, "error")
        if isinstance(error, str) and error:
            return Delta(error=error)
        if not ollama_fold.is_answer(payload):
            return NOTHING
        message = at(payload, "message")
        done = at(payload, "done") is True
        counts = {key: value for key in _COUNTS if isinstance(value := at(payload, key), int)} if done else {}
        calls = at(message, "tool_calls")
        return Delta(
            text=_text(message, "content") or _text(payload, "response"),
            reasoning=_text(message, "thinking") or _text(payload, "thinking"),
            tools=tuple(_tool(place, call) for place, call in enumerate(calls if isinstance(calls, list) else [])),
            usage=counts or None,
            finish=(_text(payload, "done_reason") or "stop") if done else "",
        )

    def fold(self, payloads: Iterable[object]) -> Folded | None:
        return ollama_fold.fold(payloads)

    def speak(self, said: Sequence[Delta], voice: Voice) -> Speech:
        return ollama_speak.speak(said, voice)

    def envelope(self, status: int, message: str, code: str | None) -> object:  # noqa: ARG002 - it has words alone
        """The words alone, as Ollama has it (recorded: errors/crmne__ruby_llm__11 has OpenAI's shape, at `/v1`); a
        code, which is ours, stands beside them."""
        return {"error": message} | ({"code": code} if code else {})

    def models(self, names: Sequence[str]) -> object:
        return {"models": [_tag(name) for name in names]}

    def model_card(self, name: str) -> object:
        """The JSON of `POST /api/show`."""
        return {
            "modelfile": f"FROM {name}\n",
            "parameters": "",
            "template": "",
            "details": _details(),
            "model_info": {"general.architecture": "tokentape"},
            "capabilities": ["completion", "tools", "thinking"],
            "modified_at": _MODIFIED,
        }

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        body = {"model": model, "messages": [{"role": "user", "content": prompt}], "stream": stream}
        accept = "application/x-ndjson" if stream else "application/json"
        return "/api/chat", {"content-type": "application/json", "accept": accept}, json_bytes(body)


def _text(value: object, key: str) -> str:
    found = at(value, key)
    return found if isinstance(found, str) else ""


def _tool(place: int, call: object) -> ToolPart:
    function, index = at(call, "function"), at(call, "function", "index")
    arguments = at(function, "arguments")
    try:
        text = json.dumps(arguments, ensure_ascii=False) if isinstance(arguments, dict) else ""
    except RecursionError:  # as deep as the parser took it, and no deeper from here
        text = ""
    return ToolPart(index if isinstance(index, int) else place, _text(call, "id"), _text(function, "name"), text)


def _details() -> dict[str, object]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "tokentape",
        "families": ["tokentape"],
        "parameter_size": "",
        "quantization_level": "",
    }


def _tag(name: str) -> object:
    digest = "0" * 64
    return {
        "name": name,
        "model": name,
        "modified_at": _MODIFIED,
        "size": 0,
        "digest": digest,
        "details": _details(),
    }


DIALECT = Ollama(
    name="ollama",
    endpoints=(
        Endpoint("chat", "POST", "/api/chat"),
        Endpoint("generate", "POST", "/api/generate"),
        Endpoint("models", "GET", "/api/tags"),
        Endpoint("model", "POST", "/api/show"),
    ),
    default_model="llama3.2",
    stream_type="application/x-ndjson",
    finish_ends=True,
)
