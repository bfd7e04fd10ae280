"""Google Gemini generateContent: the model is in the path, the verb says whether to stream (providers.md 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from cassettes.dialects.base import Dialect, Endpoint, at, content_text, json_bytes, json_headers
from cassettes.dialects.delta import Delta

_COLLECTIONS: Final = ("/models/", "/tunedModels/")
_OPERATIONS: Final = {
    "generateContent": "generate",
    "streamGenerateContent": "generate",
    "countTokens": "count_tokens",
}
_STATUS_NAMES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


@dataclass(frozen=True)
class Gemini(Dialect):
    """`POST /{version}/models/{model}:streamGenerateContent` and its likes."""

    def split(self, method: str, path: str) -> tuple[str, str] | None:
        resource, colon, verb = path.rpartition(":")
        operation = _OPERATIONS.get(verb)
        if method == "POST" and path.startswith("/") and colon and operation and (found := _model_place(resource)):
            return operation, resource[: found[0]]
        return super().split(method, path)

    def model(self, path: str, body: object) -> str | None:
        resource, colon, _ = path.rpartition(":")
        found = _model_place(resource if colon else path)
        if found is None:
            return super().model(path, body)
        return unquote((resource if colon else path)[found[1] :])

    def prompt(self, body: object) -> str:
        contents = at(body, "contents")
        for content in reversed(contents if isinstance(contents, list) else [contents]):
            if at(content, "role") in ("user", None) and (text := content_text(at(content, "parts"))):
                return text
        return ""

    def delta(self, payload: object) -> Delta:
        parts = at(payload, "candidates", 0, "content", "parts")
        spoken = [part for part in parts if at(part, "thought") is not True] if isinstance(parts, list) else []
        texts = (at(part, "text") for part in spoken)
        return Delta("".join(text for text in texts if isinstance(text, str)))

    def envelope(self, status: int, message: str, code: str | None) -> object:
        name = _STATUS_NAMES.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
        # The key `error` comes first: google-genai demands it (providers.md 6.5).
        error: dict[str, object] = {"code": status, "message": message, "status": name}
        if code is not None:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            error["details"] = [{"@type": kind, "reason": code, "domain": "tokentape"}]
        return {"error": error}

    def auth(self, key: str, variable: str = "") -> dict[str, str]:  # noqa: ARG002 - one header for every key
        return {"x-goog-api-key": key}

    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        path = f"/v1beta/models/{quote(model.removeprefix('models/'), safe='')}:{verb}"
        body = {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
        return path, json_headers(stream), json_bytes(body)


def _model_place(resource: str) -> tuple[int, int] | None:
    """Where the first collection in a path and the model after it start: a model may hold `/` (providers.md 9.3)."""
    places = [(place, place + len(name)) for name in _COLLECTIONS if (place := resource.find(name)) >= 0]
    found = min(places, default=None)
    return found if found and found[1] < len(resource) else None


_VERSIONS = ("/v1", "/v1beta", "/v1alpha")

DIALECT = Gemini(
    name="gemini",
    endpoints=(
        Endpoint("models", "GET", "/models"),
        Endpoint("model", "GET", "/models/{}"),
    ),
    prefixes=_VERSIONS,
    bare=_VERSIONS,
    marks=("x-goog-api-key", "?key"),
    default_model="gemini-2.5-flash",
)
