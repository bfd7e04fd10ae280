"""What every dialect has in common: its place among paths, reading a request, an error envelope, the text of an event.

A dialect is one provider wire grammar as a frozen value; which provider speaks it is `cassettes.providers`, where its
paths may stand on our server is `cassettes.routes`. Pure: JSON in, JSON out, whatever was sent; a body that is not
what the grammar expects is no error here, it has no model, prompt or text.
May import `cassettes.model`, `cassettes.sse`, the values beside it (`delta`, `speech`) and the standard library.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from cassettes import sse
from cassettes.dialects.delta import Delta, Folded
from cassettes.dialects.speech import Speech, Voice
from cassettes.model import EventKind, Headers, TokentapeError

_TEXT_PARTS: Final = (None, "text", "input_text")
_BEFORE_ELEMENT: Final = " \t\r\n,[\ufeff"


class Endpoint(NamedTuple):
    """`method` and `tail` mean `operation`. `tail` is what follows the base URL that a client is given (and one of
    the dialect's `prefixes`); `{}` stands for one segment."""

    operation: str
    method: str
    tail: str


@dataclass(frozen=True)
class Dialect(ABC):
    """One provider wire grammar. Paths are raw: percent-encoded as they came, from the `/` after the host, no query.

    `sdk_path` is the part of the path that belongs to the base URL its SDKs are given (`/v1` for OpenAI's, none for
    Anthropic's); `prefixes` may stand between that and an endpoint's tail (Gemini's versions); `bare` are the prefixes
    taken without a mount (providers.md 9.2). `marks` tell the dialect from others that claim the same path: names of
    request headers, or `?name` for a query parameter (providers.md 9.3). `stream_type`: the content-type of its
    streams, unless a provider has another; `stream_headers`: what else their heads always have. `anywhere`: its
    endpoint is an app's own, on whatever path; who asks is known by the body (`claims`). `finish_ends`: the event that
    says why the answer ended is the last; the others have one that says only that it did.
    """

    name: str
    endpoints: tuple[Endpoint, ...] = ()
    sdk_path: str = ""
    prefixes: tuple[str, ...] = ("",)
    bare: tuple[str, ...] = ("",)
    marks: tuple[str, ...] = ()
    default_model: str = ""
    stream_type: str = "text/event-stream; charset=utf-8"
    stream_headers: Headers = ()
    anywhere: bool = False
    finish_ends: bool = False

    def operation(self, method: str, path: str) -> str | None:
        """What a request asks for (`chat`, `responses`, `messages`, `generate`…), streamed or not; None if the path is
        none of this grammar. Any prefix will do, as gateways have their own."""
        found = self.split(method, path)
        if found is None and self.anywhere and method == self.endpoints[0].method:
            return self.endpoints[0].operation
        return found[0] if found else None

    def split(self, method: str, path: str) -> tuple[str, str] | None:
        """The operation, and the prefix that stands before the tail of its endpoint (`/v1`, `/api/v1`, empty…)."""
        segments = path.split("/")
        for endpoint in self.endpoints:
            tail = endpoint.tail.split("/")[1:]
            prefix, own = segments[: -len(tail)], segments[-len(tail) :]
            if method == endpoint.method and prefix and all(map(_fits, tail, own)):
                return endpoint.operation, "/".join(prefix)
        return None

    def model(self, path: str, body: object) -> str | None:  # noqa: ARG002 - Gemini's model is in the path
        """The model that a request names; `body` is its decoded JSON."""
        name = at(body, "model")
        return name if isinstance(name, str) and name else None

    def error(
        self, status: int, message: str, code: str | None = None, *, retry: bool | None = None
    ) -> tuple[Headers, bytes]:
        """Headers and body of an error response in this grammar (providers.md 3-7). `retry` becomes `x-should-retry`,
        which the openai and anthropic SDKs obey whatever the status is (providers.md 2.3)."""
        return error_response(self.envelope(status, message, code), retry=retry, headers=self.error_headers(status))

    def error_headers(self, status: int) -> Headers:  # noqa: ARG002 - not every grammar has its own
        """The provider's own headers of an error response: a request id, rate limits, a retry-after. A content-type
        among them stands in for ours."""
        return ()

    def text(self, event: bytes) -> str:
        """The text that one event carries: an SSE block, an NDJSON line or an element of a JSON array; "" if none."""
        return self.delta(payload(event)).text

    def streams(self, path: str, query: str, body: object) -> bool:  # noqa: ARG002 - Gemini's verb says so
        """Whether a request asks for a stream; `body` is its decoded JSON."""
        return at(body, "stream") is True

    def form(self, path: str, query: str) -> EventKind | None:  # noqa: ARG002 - Gemini alone has two
        """The form in which a request asks for its stream, where the grammar has several; None: there is one."""
        return None

    def claims(self, body: object) -> bool:  # noqa: ARG002 - most have a path, or a header, of their own
        """Whether a request with that decoded JSON can be of this grammar: asked of those that share a path without a
        mount, where no header tells them apart."""
        return False

    def fold(self, payloads: Iterable[object]) -> Folded | None:  # noqa: ARG002 - raw knows no events
        """The whole answer that the decoded events of a stream make (`payload`; None among them is passed over), as
        the provider gives it where no stream was asked for. None if they are no stream of this grammar."""
        return None

    def speak(self, said: Sequence[Delta], voice: Voice) -> Speech:  # noqa: ARG002 - raw says nothing
        """The stream that says `said`, the inverse of `delta`: what it folds to is what was said. What the grammar has
        no place for is in `unsaid`. Raises TokentapeError for a grammar that says nothing."""
        raise TokentapeError(f"the dialect {self.name} has no grammar to say an answer in")

    @property
    def speaks(self) -> bool:
        """Whether the grammar knows how an answer is said."""
        return type(self).speak is not Dialect.speak

    def awaited(self, payloads: Sequence[object]) -> Sequence[object]:
        """The events that a client which asked for no stream has to wait for: all, unless the answer is made in the
        background."""
        return payloads

    @property
    def folds(self) -> bool:
        """Whether the grammar knows how its streams are folded."""
        return type(self).fold is not Dialect.fold

    def models(self, names: Sequence[str]) -> object:
        """The JSON of `GET …/models` for models called `names`."""
        return {"object": "list", "data": [self.model_card(name) for name in names]}

    def model_card(self, name: str) -> object:
        """The JSON of one model."""
        return {"id": name, "object": "model", "created": 0, "owned_by": "tokentape"}

    def count(self, body: object) -> object | None:  # noqa: ARG002 - not every grammar has it
        """The JSON that answers a request to count the tokens of `body`; None if the grammar has no such request."""
        return None

    def auth(self, key: str, variable: str = "") -> dict[str, str]:  # noqa: ARG002 - Anthropic's header depends on it
        """The header that carries `key`, which was found in the environment variable `variable`."""
        return {"authorization": f"Bearer {key}"}

    @abstractmethod
    def prompt(self, body: object) -> str:
        """The last text of the user in the request whose decoded JSON is `body`; "" if there is none."""

    @abstractmethod
    def delta(self, payload: object) -> Delta:
        """What the decoded JSON of one event adds to the answer."""

    @abstractmethod
    def envelope(self, status: int, message: str, code: str | None) -> object:
        """The JSON of an error response."""

    @abstractmethod
    def request(self, model: str, prompt: str, stream: bool = True) -> tuple[str, dict[str, str], bytes]:
        """A request of one prompt: what to append to the base URL, headers without auth, body."""


def _fits(wanted: str, segment: str) -> bool:
    return segment != "" if wanted == "{}" else segment == wanted


def at(value: object, *place: str | int) -> object:
    """What stands at `place` (keys and indexes) in decoded JSON; None if anything on the way is missing or other."""
    for step in place:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and step < len(value) else None
    return value


def content_text(content: object, between: str = "\n") -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part if isinstance(part, str) else _part_text(part) for part in parts)
    return between.join(text for text in texts if text)


def _part_text(part: object) -> str:
    text = at(part, "text")
    return text if isinstance(text, str) and at(part, "type") in _TEXT_PARTS else ""


def last_user_text(messages: object) -> str:
    """The text of the last message with role `user` that has any: one of tool results alone is passed over."""
    for message in reversed(messages if isinstance(messages, list) else []):
        if at(message, "role") == "user" and (text := content_text(at(message, "content"))):
            return text
    return ""


def payload(event: bytes) -> object:
    """The decoded JSON of one event; None for comments, pings without data, `[DONE]` and malformed JSON."""
    try:
        text = event.decode("utf-8", "replace")
        if (element := text.lstrip(_BEFORE_ELEMENT)).startswith("{"):
            # After an element of a JSON array come its comma and perhaps the closing bracket.
            return json.JSONDecoder().raw_decode(element)[0]
        blocks, _ = sse.parse(event)
        data = blocks[0].message.data if blocks and blocks[0].message else ""
        return json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None


def json_bytes(value: object) -> bytes:
    """Compact JSON. Octets of a path that are not UTF-8 (lone surrogates) come out as the JSON escapes of them."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def error_response(envelope: object, *, retry: bool | None = None, headers: Headers = ()) -> tuple[Headers, bytes]:
    """Headers and body of an error response whose JSON is `envelope`; `headers` are the provider's own."""
    if all(name.lower() != "content-type" for name, _ in headers):
        headers = (("content-type", "application/json; charset=utf-8"), *headers)
    if retry is not None:
        headers += (("x-should-retry", "true" if retry else "false"),)
    return headers, json_bytes(envelope)


def json_headers(stream: bool) -> dict[str, str]:
    """Headers of a request with a JSON body."""
    return {
        "content-type": "application/json",
        "accept": "text/event-stream" if stream else "application/json",
    }
