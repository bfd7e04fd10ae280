"""What a server can say of its tapes in a provider's own words: `GET …/models`, token counts.

Tapes come first: this is asked where none answers. Pure; imports `cassettes` only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from cassettes import dialects
from cassettes.matching import Asked, Entry, Index
from cassettes.routes import Route

MOST_MODELS = 1000
"""Names in a list of models."""


class Said(NamedTuple):
    """An answer of the server's own: status and JSON."""

    code: int
    body: object


class Catalogue:
    """The models and tapes of an index, and the test `cards` that are played."""

    def __init__(self, index: Index, cards: Sequence[str] = ()) -> None:
        self._index = index
        self._cards = cards

    def answer(self, asked: Asked) -> Said | None:
        """The answer to a request that needs no tape; None if it is none of these."""
        route = asked.route
        dialect = dialects.get(route.dialect)
        if route.operation == "models":
            return Said(200, dialect.models(self.names(route)))
        if route.operation == "model":
            # Ollama's `/api/show` has the name in its body.
            name = unquote(route.path.rpartition("/models/")[2]) if asked.request.method == "GET" else ""
            name = name or dialect.model(route.path, _json(asked.body)) or ""
            return Said(200, dialect.model_card(name)) if name in self.names(route, MOST_MODELS * 100) else None
        if route.operation in {"count_tokens", "input_tokens"}:
            counted = dialect.count(_json(asked.body))
            return None if counted is None else Said(200, counted)
        return None

    def names(self, route: Route, most: int = MOST_MODELS) -> list[str]:
        """The models that tapes of the route's dialect were recorded with, then those tapes' own names: a client that
        names a tape as its model gets it (DESIGN 6). Test cards, if any, come last: they are played so too."""
        entries = [entry for entry in self._index.entries if _speaks(entry, route)]
        models = filter(None, (model_of(entry) for entry in entries))
        names = list(dict.fromkeys((*models, *(entry.tape for entry in entries))))[:most]
        return [*names, *self._cards]


def model_of(entry: Entry) -> str | None:
    """The model that a tape was recorded with."""
    return dialects.get(entry.dialect).model(entry.path, _json(entry.body))


def _speaks(entry: Entry, route: Route) -> bool:
    own = entry.dialect == route.dialect or {entry.dialect, route.dialect} <= {"openai-chat", "openai-responses"}
    return own and route.provider in {None, entry.provider}


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
