"""A tape of one made-up answer, from what is said on a command line or in Python.

Pure. Imports `dialects`, `providers` and what is beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import urlsplit

from cassettes import dialects, providers
from cassettes.dialects import Dialect
from cassettes.model import Request
from cassettes.provider import Provider
from cassettes.synth.answer import Answer, AnswerError, Call
from cassettes.synth.asked import wishes
from cassettes.synth.stream import Manner, Synthetic, failure, synthetic
from cassettes.timing import AS_RECORDED, Pace

PROMPT: Final = "Hello"
_AUTH: Final = "*" * 51


NOTHING: Final = Answer()


@dataclass(frozen=True)
class Wanted:
    """What a tape is to hold. Without a dialect the provider's first, without a model its usual one. `status`: an error
    response with `message` stands in for the answer. `extra`: fields of the request's body. `comments`: keepalives."""

    provider: str
    answer: Answer = NOTHING
    dialect: str | None = None
    model: str | None = None
    prompt: str = PROMPT
    pace: Pace = AS_RECORDED
    seed: int = 0
    status: int = 200
    message: str = ""
    extra: Mapping[str, Any] | None = None
    comments: int | None = None


def made(wanted: Wanted) -> Synthetic:
    """The interaction. Raises TokentapeError for an unknown provider, a dialect that it does not speak, and what no
    stream can say."""
    row = providers.find(wanted.provider)
    dialect = spoken(row, wanted.dialect)
    model = wanted.model or (row.default_model if dialect.name == row.dialects[0] else "") or dialect.default_model
    manner = Manner(row, dialect, wanted.pace, str(wanted.seed), wanted.comments)
    extra = dict(wanted.extra or {})
    if dialect.name == "openai-chat" and wanted.answer.usage is not None:
        extra.setdefault("stream_options", {"include_usage": True})
    request = asking(row, dialect, model, wanted.prompt, extra)
    if wanted.status != 200:
        message = wanted.message or f"a synthetic error {wanted.status}"
        return Synthetic(failure(request, wanted.status, message, manner))
    body = json.loads(request.body)
    answer = wanted.answer.counted(body)
    include = wishes(dialect.name, urlsplit(request.uri).path, body).include_usage
    return synthetic(request, answer, manner.voice(model, answer, asked=body, include_usage=include), manner)


def spoken(row: Provider, name: str | None) -> Dialect:
    """The dialect of that name, or the provider's first. Raises AnswerError if it does not speak it."""
    known = [one for one in row.dialects if dialects.get(one).speaks]
    if name is None and known:
        return dialects.get(known[0])
    if name not in known:
        near = get_close_matches(name or "", known, n=1)
        meant = f"did you mean {near[0]}?" if near else f"expected {' or '.join(known) or 'another provider'}"
        raise AnswerError(f"{row.title or row.name} does not speak {name!r}; {meant}")
    return dialects.get(name or "")


def asking(row: Provider, dialect: Dialect, model: str, prompt: str, extra: Mapping[str, Any]) -> Request:
    """The request that the answer is to, with `extra` fields in its body; the key is masked as a recorder masks it."""
    tail, headers, body = dialect.request(model, prompt)
    if extra:
        body = json.dumps({**json.loads(body), **extra}, ensure_ascii=False).encode()
    base = urlsplit(row.base_url)
    # A gateway has the SDK's part of the path once more for a dialect whose own differs.
    path = base.path.removesuffix(row.sdk_path) + row.path_for(dialect.name) + tail
    own = {"host": base.netloc, **dialect.auth(_AUTH), **headers, "content-length": str(len(body))}
    return Request("POST", f"{base.scheme}://{base.netloc}{path}", tuple(own.items()), body)


def call_of(text: str) -> Call:
    """The call that NAME=JSON means. Raises AnswerError."""
    name, equals, arguments = text.partition("=")
    if not name or not equals:
        raise AnswerError(f'{text[:60]!r}: expected NAME=JSON, as weather=\'{{"city": "Seoul"}}\'')
    try:
        found = json.loads(arguments)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"{name}: the arguments are no JSON: {error}") from None
    if not isinstance(found, dict):
        raise AnswerError(
            f'{name}: the arguments are {arguments[:60]}, expected a JSON object such as {{"city": "Seoul"}}'
        )
    return Call(name, arguments)


def usage_of(text: str) -> dict[str, object]:
    """The counts that INPUT,OUTPUT or a JSON object in any provider's form mean. Raises AnswerError."""
    numbers = text.split(",")
    if len(numbers) == 2 and all(number.strip().isascii() and number.strip().isdigit() for number in numbers):
        return {"input_tokens": int(numbers[0]), "output_tokens": int(numbers[1])}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise AnswerError(f"{text[:60]!r} is no usage; expected INPUT,OUTPUT (as 9,12) or a JSON object")
    return found


def calls_of(tools: Mapping[str, object] | Iterable[tuple[str, object]]) -> tuple[Call, ...]:
    """Calls of name and arguments, these as JSON text or as what JSON has."""
    pairs = tools.items() if isinstance(tools, Mapping) else tools
    return tuple(
        Call(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for name, value in pairs
    )
