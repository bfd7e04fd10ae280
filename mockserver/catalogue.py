"""What a server can say of its tapes in a provider's own words: `GET …/models`, token counts, a response by its id.

Tapes come first: this is asked where none answers. Pure; imports `cassettes` only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

from cassettes import dialects, folding
from cassettes.dialects.base import at
from cassettes.dialects.openai_responses import OpenAIResponses
from cassettes.matching import Asked, Entry, Index
from cassettes.routes import Route

MOST_MODELS = 1000
"""Names in a list of models."""


class Said(NamedTuple):
    """An answer of the server's own: status and JSON."""

    code: int
    body: object


class Catalogue:
    """The models, tapes and response ids of an index; worked out when they are first asked for."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def answer(self, asked: Asked) -> Said | None:
        """The answer to a request that needs no tape; None if it is none of these."""
        route = asked.route
        dialect = dialects.get(route.dialect)
        if route.operation == "models":
            return Said(200, dialect.models(self.names(route)))
        if route.operation == "model":
            name = unquote(route.path.rpartition("/models/")[2])
            return Said(200, dialect.model_card(name)) if name in self.names(route, MOST_MODELS * 100) else None
        if route.operation in {"count_tokens", "input_tokens"}:
            counted = dialect.count(_json(asked.body))
            return None if counted is None else Said(200, counted)
        if route.operation == "response" and route.dialect == "openai-responses":
            return self.responses.get(unquote(route.path.rpartition("/")[2]))
        return None

    def names(self, route: Route, most: int = MOST_MODELS) -> list[str]:
        """The models that tapes of the route's dialect were recorded with, then those tapes' own names: a client that
        names a tape as its model gets it (DESIGN 6)."""
        entries = [entry for entry in self._index.entries if _speaks(entry, route)]
        models = filter(None, (model_of(entry) for entry in entries))
        return list(dict.fromkeys((*models, *(entry.tape for entry in entries))))[:most]

    @cached_property
    def responses(self) -> dict[str, Said]:
        """OpenAI's stored responses by id, as polling shows them (providers.md 4). Costs a reading of all such tapes,
        at the first request for one."""
        return {name: said for entry in self._index.entries for name, said in _stored(entry)}


def model_of(entry: Entry) -> str | None:
    """The model that a tape was recorded with."""
    return dialects.get(entry.dialect).model(entry.path, _json(entry.body))


def _speaks(entry: Entry, route: Route) -> bool:
    own = entry.dialect == route.dialect or {entry.dialect, route.dialect} <= {"openai-chat", "openai-responses"}
    return own and route.provider in {None, entry.provider}


def _stored(entry: Entry) -> Iterator[tuple[str, Said]]:
    """The response that a tape holds, with its id."""
    dialect = dialects.get(entry.dialect)
    if not isinstance(dialect, OpenAIResponses):
        return
    response = entry.interaction.response
    folded = dialect.fold(folding.payloads(response)) if folding.is_stream(response) else None
    body = folded.body if folded is not None else _json(response.body)
    name = at(body, "id")
    if isinstance(name, str) and at(body, "object") == "response":
        yield name, Said(200, body)


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
