"""A taped request in another grammar: which reader and writer each grammar has, and what goes around the body.

Pure. May import the dialects, the providers, `cassettes.model` and its siblings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cassettes import dialects
from cassettes.dialects.base import json_bytes
from cassettes.framing import HOP_BY_HOP
from cassettes.model import Headers, Request
from cassettes.normalise import decoded
from cassettes.provider import Provider
from cassettes.secrets import header_rule
from cassettes.transpose import anthropic, cohere, gemini, ollama, openai_chat, openai_responses
from cassettes.transpose.talk import Json, Losses, Talk

READERS: Final[Mapping[str, Callable[[Json, Losses], Talk]]] = {
    "openai-chat": openai_chat.read,
    "openai-responses": openai_responses.read,
    "anthropic": anthropic.read,
    "gemini": gemini.read,
    "ollama": ollama.read,
    "cohere": cohere.read,
}
WRITERS: Final[Mapping[str, Callable[[Talk, Losses], Json]]] = {
    "openai-chat": openai_chat.write,
    "openai-responses": openai_responses.write,
    "anthropic": anthropic.write,
    "gemini": gemini.write,
    "ollama": ollama.write,
    "cohere": cohere.write,
}
_OF_A_CLIENT: Final = frozenset(("host", "content-length", "content-type", "accept", "accept-encoding"))
"""Headers that every request has anew."""


class Wanted(NamedTuple):
    """What a tape is to become: a dialect, whose provider says it (None: nobody known), the model if one is given."""

    dialect: str
    row: Provider | None = None
    model: str = ""


class Asked(NamedTuple):
    """A request in the other grammar, the decoded body of it, and whether it asks for a stream."""

    request: Request
    body: Json
    streams: bool


def transposed(request: Request, dialect: str, path: str, wanted: Wanted, losses: Losses) -> Asked:
    """`request`, whose raw path is `path`, as a client of the wanted dialect asks the same.

    A grammar without a reader or a writer keeps the last text of the user. A taped request without a body stays one.
    """
    source, target = dialects.get(dialect), dialects.get(wanted.dialect)
    value = decoded(request.body)
    body = value if isinstance(value, dict) else {}
    streams = source.streams(path, request.uri.partition("?")[2].partition("#")[0], value) or not body
    theirs = source.model(path, value) or ""
    model = wanted.model or (wanted.row.default_model if wanted.row else "") or target.default_model
    if theirs and not wanted.model and model != theirs:
        losses.add(f"model {theirs}", f"it is of another provider; the tape says {model} (--model names another)")
    own_path, headers, plain = target.request(model, source.prompt(value), stream=streams)
    made = _body(body, dialect, wanted._replace(model=model), plain, losses)
    if not streams:
        made.pop("stream_options", None)
        if "stream" in made:
            made["stream"] = False
    lost = [name for name, _ in request.headers if _says_something(name)]
    if lost:
        losses.add(f"request headers: {', '.join(dict.fromkeys(lost))}", "they are of the other client")
    uri = _uri(wanted, own_path)
    kept: Headers = tuple(headers.items())
    return Asked(Request(request.method, uri, kept, json_bytes(made) if body else b""), made, streams)


def _body(body: Json, dialect: str, wanted: Wanted, plain: bytes, losses: Losses) -> Json:
    read, write = READERS.get(dialect), WRITERS.get(wanted.dialect)
    if read is None or write is None or not body:
        if body:
            which = dialect if read is None else wanted.dialect
            losses.add("request but for the last text of the user", f"requests of {which} are not written anew")
        value = decoded(plain)
        return value if isinstance(value, dict) else {}
    talk = read(body, losses)
    return write(Talk(wanted.model, talk.turns, talk.tools, talk.settings, talk.choice, talk.form), losses)


def _says_something(name: str) -> bool:
    lowered = name.lower()
    return lowered not in HOP_BY_HOP and lowered not in _OF_A_CLIENT and header_rule(lowered) is None


def _uri(wanted: Wanted, path: str) -> str:
    row = wanted.row
    return f"https://unknown.invalid{path}" if row is None else row.upstream_url(row.path_for(wanted.dialect) + path)
