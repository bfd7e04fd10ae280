"""What a request asks is worked out once, for as long as the tapes and the decks that have tapes of their own stay."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from cassettes.matching import Index, entry_of
from cassettes.model import Interaction, Request, Response, Stream
from cassettes.redact import Redactor
from mockserver import reading
from mockserver.choose import Chooser, Playing
from mockserver.decks import Deck, Decks
from mockserver.guards import Guard
from mockserver.reading import Readings, headers_of

PATH = "/openai/v1/chat/completions"
BODY = b'{"model": "m", "stream": true, "messages": []}'


def index_of(*names: str, provider: str = "openai") -> Index:
    stream = Stream(provider=provider, dialect="openai-chat")
    one = Interaction(
        Request("POST", f"https://api.openai.com{PATH[7:]}", (), BODY), Response(200, "OK", (), b"", stream)
    )
    return Index(entry_of(name, 1, one) for name in names)


class EmptyTapes:
    """A deck's own tapes: none."""

    def chooser(self, index: Index) -> Chooser:
        return Chooser(Index(()), Playing())


class Desk:
    """Readings, and what they depend on."""

    def __init__(self) -> None:
        self.chooser = Chooser(index_of("one"), Playing())
        self.decks = Decks()
        self.readings = Readings(self.chooser, self.decks, Redactor(), Guard(), extra=frozenset(), tls=False)

    def read(self, path: str = PATH, body: bytes = BODY, method: str = "POST", **headers: str) -> reading.Reading:
        request: Any = make_mocked_request(method, path, headers={"Host": "h", **headers})
        return self.readings.read(request, body)


def test_the_same_is_read_once() -> None:
    desk = Desk()
    first = desk.read()
    assert desk.read() is first
    assert first.found is not None
    assert first.key is not None
    assert not first.own
    for other in (desk.read(body=BODY + b" "), desk.read(path=PATH + "?a=1"), desk.read(extra="1")):
        assert other is not first


def test_a_long_body_is_read_each_time() -> None:
    desk = Desk()
    body = BODY + b" " * reading.LARGEST
    assert desk.read(body=body) is not desk.read(body=body)


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "REMEMBERED", 2)
    desk = Desk()
    first = desk.read(n="1")
    desk.read(n="2")
    assert desk.read(n="1") is first
    desk.read(n="3")
    assert desk.read(n="1") is not first


def test_other_tapes_are_looked_through_anew() -> None:
    desk = Desk()
    first = desk.read()
    assert desk.readings.current()
    desk.chooser.reload(index_of("one", "two"))
    assert not desk.readings.current()
    second = desk.read()
    assert second is not first
    assert second.found is not None
    assert len(second.found[1]) == 2
    assert desk.readings.current()


def test_a_tape_brings_its_own_mount() -> None:
    desk = Desk()
    assert desk.read(path="/acme/v1/chat/completions").asked.route.provider is None
    desk.chooser.reload(index_of("one", provider="acme"))
    assert desk.read(path="/acme/v1/chat/completions").asked.route.provider == "acme"


def test_a_deck_with_tapes_of_its_own_counts() -> None:
    desk = Desk()
    own: Any = EmptyTapes()
    first = desk.read(path=f"/~mine{PATH}")
    assert first.found is not None
    desk.decks.put(Deck("mine", own), 0.0)
    assert not desk.readings.current()
    assert desk.read(path=f"/~mine{PATH}").found is None
    desk.decks.remove("mine")
    assert desk.read(path=f"/~mine{PATH}").found is not None


def test_what_is_for_the_server_has_no_tape() -> None:
    one = Desk().read(path="/_tokentape/health", body=b"", method="GET")
    assert one.own
    assert one.found is None


def test_headers_keep_order_and_case() -> None:
    request = make_mocked_request("GET", "/", headers=[("X-b", "1"), ("x-A", "2")])
    assert headers_of(request)[-2:] == (("X-b", "1"), ("x-A", "2"))
