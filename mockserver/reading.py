"""What a request asks, worked out once: route, candidates, request key, wanted faults. Remembered while the tapes stay.

Pure but for what aiohttp made of the request; answers nothing. Imports `cassettes` and what it reads into.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from cassettes import routes
from cassettes.convert import coding
from cassettes.framing import text
from cassettes.matching import Asked
from cassettes.model import Headers, Request, header
from cassettes.redact import Redactor, redact_body
from cassettes.secrets import secrets_from_request
from mockserver import browsers
from mockserver.catalogue import Catalogue
from mockserver.choose import Chooser, Found
from mockserver.decks import Decks
from mockserver.faulty import Wanted, wanted
from mockserver.guards import Guard
from mockserver.journal import Came
from mockserver.mounts import extra_mounts
from mockserver.own import is_own
from mockserver.plan import Asking
from mockserver.resuming import had_of
from mockserver.stored import OPERATIONS

REMEMBERED = 1024
"""Requests whose reading is remembered."""
LARGEST = 16 * 1024
"""Bytes of a body up to which that is worth it."""


class Reading(NamedTuple):
    """What a request asks and in which way, whether it asks the server itself, what tapes of which chooser (its deck's,
    or the server's) have for it, what the journal keeps of it, its request key, and which faults it wants."""

    asked: Asked
    asking: Asking
    own: bool
    found: Found | None
    chooser: Chooser
    came: Came
    key: str | None
    wanted: Wanted


class Readings:
    """Reads the requests of one server. `extra` names mounts that are no provider rows; `guard` may be set anew."""

    def __init__(
        self, chooser: Chooser, decks: Decks, redactor: Redactor, guard: Guard, *, extra: frozenset[str], tls: bool
    ) -> None:
        self._chooser = chooser
        self._decks = decks
        self._redactor = redactor
        self.guard = guard
        self._settled = extra
        self._tls = tls
        self._known: OrderedDict[tuple[object, ...], Reading] = OrderedDict()
        self._index: object = None
        self._version = 0
        self.anew: Callable[[], None] = lambda: None
        """Called when what was read holds no more: who has kept readings must let go of them."""
        self.extra = extra
        self.catalogue = Catalogue(chooser.index, chooser.cards)

    def current(self) -> bool:
        """Whether what was read still holds: no tape and no deck with tapes of its own has come or gone since."""
        return self._index is self._chooser.index and self._version == self._decks.version

    def read(self, request: web.BaseRequest, body: bytes) -> Reading:
        """What `request` asks. Remembered while the tapes stay, for small bodies: all it depends on is in the key.
        Raises RouteError, FaultError or CardError for what of them cannot be read."""
        if not self.current():
            # Other tapes may bring other mounts: what a path means is read anew.
            self._known.clear()
            self.anew()
            self._index = self._chooser.index
            self._version = self._decks.version
            self.catalogue = Catalogue(self._chooser.index, self._chooser.cards)
            self.extra = self._settled | extra_mounts(self._chooser.index.providers)
        key = (request.method, request.raw_path, request.version, request.raw_headers, body)
        reading = self._known.get(key)
        if reading is None:
            reading = self._read(request, body)
            if len(body) <= LARGEST:
                self._known[key] = reading
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return reading

    def _read(self, request: web.BaseRequest, body: bytes) -> Reading:
        headers = headers_of(request)
        target = request.raw_path
        plain = coding.plain_body(headers, body) if header(headers, "content-encoding") else None
        said = body if plain is None else plain
        route = self._decks.meant(routes.parse(request.method, target, headers, self.extra, said))
        chooser = self._chooser
        if (own_tapes := self._decks.own(route.deck)) is not None:
            chooser = own_tapes.chooser(chooser.index)
            extra = self.extra | extra_mounts(chooser.index.providers)
            route = self._decks.meant(routes.parse(request.method, target, headers, extra, said))
        redactor = self.redactor_for(headers, target)
        # The digests of base64 leaves must not depend on what is secret: they come first, as on the tape.
        asked = Asked(
            Request(request.method, target, headers, body),
            route,
            lambda: redactor.bytes(redact_body(said)),
            inflated=plain is not None,
        )
        reader = browsers.reader_of(headers, self.guard)
        asking = Asking(request.method == "HEAD", request.version < (1, 1), bool(request.keep_alive), reader)
        own = is_own(asked)
        found = None if own else chooser.find(asked)
        if found is not None and route.operation is not None:
            like = asked.likeness(chooser.index.rules)
            asking = asking._replace(whole=not like.streams, form=like.form)
        key = None
        if found is not None:
            asking = asking._replace(had=had_of(asked))
        if found is not None or route.operation in OPERATIONS:
            key = asked.likeness(chooser.index.rules).key
        wish = wanted(chooser.playing.faults, route, headers, target, tls=self._tls)
        if found is not None and found[0] == "synth" and (faults := chooser.faults_of(asked)):
            wish = wish.also(faults)
        return Reading(asked, asking, own, found, chooser, Came(asked), key, wish)

    def redactor_for(self, headers: Headers, target: str) -> Redactor:
        """Knows the credentials of that request too; a repeated one costs a look-up."""
        return self._redactor.with_secrets(secrets_from_request(headers, target))


def headers_of(request: web.BaseRequest) -> Headers:
    """The headers as they came, order and case kept."""
    return tuple((text(name), text(value)) for name, value in request.raw_headers)
