"""An answer to a request that no tape answers, as an interaction that is played like one: the same every time.

Pure. Imports `matching`, `dialects`, `providers` and what is beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from cassettes import dialects, providers
from cassettes.likeness import Likeness, operation_path
from cassettes.matching import Asked, Entry
from cassettes.model import Interaction, Request
from cassettes.normalise import decoded
from cassettes.provider import Provider
from cassettes.routes import Route
from cassettes.synth.answer import Answer
from cassettes.synth.asked import Wishes, wishes
from cassettes.synth.cards import card_of, listed, reply_to
from cassettes.synth.replies import Replies, Reply
from cassettes.synth.stream import Manner, failure, synthetic

FOLDER: Final = "synth"
"""The folder that the names of improvised tapes are in."""
REMEMBERED: Final = 1024
"""Improvised interactions that are kept: who asks again gets the same object."""
MOST_CHOICES: Final = 16
_HOW: Final = frozenset({"stream", "stream_options"})
"""What of a request says how the answer comes, not which: the same is said, streamed or not."""
_OPERATIONS: Final = frozenset({"chat", "responses", "messages", "generate", "run"})


class Improvised(NamedTuple):
    """An interaction as a tape's, and the faults that its card or row asks for."""

    entry: Entry
    faults: str = ""


class Improviser:
    """Answers from `replies` and the test cards; `seed` is the server's. `report` is told a line, once, for each thing
    that some answer's dialect has no place for."""

    def __init__(
        self, replies: Replies | None = None, seed: int = 0, report: Callable[[str], None] = lambda _line: None
    ) -> None:
        self._report = report
        self._reported: set[str] = set()
        self.replies = Replies() if replies is None else replies
        self.seed = seed
        self._made: OrderedDict[str, Improvised] = OrderedDict()

    @property
    def cards(self) -> list[str]:
        """What a list of models has beside the tapes."""
        return listed()

    def plays_card(self, asked: Asked) -> bool:
        """Whether the request may be for a test card: then no tape is asked before."""
        route = asked.route
        if route.operation not in _OPERATIONS or not ("tt:" in route.path.lower() or b"tt:" in asked.body.lower()):
            return False
        return card_of(wishes(route.dialect, route.path, decoded(asked.body))) is not None

    def answer(self, asked: Asked) -> Improvised | None:
        """The interaction for a request; None where it asks for no answer of a model. Raises CardError."""
        route = asked.route
        dialect = dialects.get(route.dialect)
        if route.operation not in _OPERATIONS or asked.request.method != "POST" or not dialect.speaks:
            return None
        body = decoded(asked.body)
        if not isinstance(body, dict):
            return None
        row = _row(route)
        wanted = wishes(dialect.name, route.path, body)
        # Whole answers have counts whether they were asked for or not.
        wanted = wanted._replace(include_usage=wanted.include_usage or not asked.likeness().streams)
        said = {key: value for key, value in body.items() if key not in _HOW}
        about = (
            self.seed,
            row.name,
            dialect.name,
            operation_path(dialect.name, route.path),
            json.dumps(said, sort_keys=True),
        )
        seed = _digest(*about)
        name = f"{FOLDER}/{_digest(seed, wanted.include_usage, wanted.obfuscated)[:16]}"
        if name not in self._made:
            self._made[name] = self._improvised(asked, row, body, wanted, Manner(row, dialect, seed=seed), name)
            if len(self._made) > REMEMBERED:
                self._made.popitem(last=False)
        return self._made[name]

    def _improvised(
        self, asked: Asked, row: Provider, body: dict[str, object], wanted: Wishes, manner: Manner, name: str
    ) -> Improvised:
        route, dialect = asked.route, manner.dialect
        card = card_of(wanted)
        reply = self.replies.reply(wanted, manner.seed) if card is None else reply_to(card, wanted)
        request = Request(asked.request.method, row.upstream_url(route.path), (), asked.body)
        if reply.status != 200:
            message = reply.message or f"an error {reply.status}, as the table of answers has it"
            return Improvised(_entry(asked, failure(request, reply.status, message, manner), row, name), reply.faults)
        answer = _fitted(reply, wanted).counted(body)
        made = synthetic(request, answer, manner.voice(wanted.model, answer, **_voiced(wanted, body)), manner)
        for one in made.unsaid:
            line = f"{dialect.name}: {one.line}"
            if line not in self._reported and len(self._reported) < REMEMBERED:
                self._reported.add(line)
                self._report(line)
        return Improvised(_entry(asked, made.interaction, row, name), reply.faults)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()


def _fitted(reply: Reply, wanted: Wishes) -> Answer:
    """No longer than was asked for."""
    answer = reply.answer
    return answer if wanted.most_tokens is None else answer.shortened(wanted.most_tokens)


def _voiced(wanted: Wishes, body: dict[str, object]) -> dict[str, object]:
    return {
        "include_usage": wanted.include_usage,
        "obfuscated": wanted.obfuscated,
        "choices": min(wanted.choices, MOST_CHOICES),
        "asked": body,
    }


def _row(route: Route) -> Provider:
    """Who answers: the provider of the mount, else whom the request is likely meant for; a mount that is no row of ours
    is answered as the dialect's own provider would."""
    name = route.provider if route.row is not None else None
    found = providers.load().get(name or route.likely or "")
    if found is not None and found.speaks(route.dialect):
        return found
    return route.meant or next(row for row in providers.load().values() if row.speaks(route.dialect))


def _entry(asked: Asked, interaction: Interaction, row: Provider, name: str) -> Entry:
    route, body = asked.route, asked.body
    likeness = Likeness(route.dialect, route.path, route.query, lambda: body)
    return Entry(
        name,
        1,
        interaction,
        row.name,
        route.dialect,
        route.path,
        route.query,
        route.operation,
        body,
        f"{name}#1",
        likeness,
    )
