"""Requests that came before, byte for byte: what was read of them then holds, so nobody need parse them again.

A client that asks the same again sends the same bytes, head and body; to parse, route and normalise them costs four
fifths of what a tape without delays takes. Pure state, bounded in requests and bytes. Imports `reading`, `again` and
the model.
"""

from __future__ import annotations

from collections import OrderedDict

from cassettes.framing import octets
from cassettes.model import Request, header
from mockserver.again import Again
from mockserver.reading import Reading

REMEMBERED = 1024
"""Requests that are known by their bytes."""
LARGEST = 16 * 1024
"""Bytes of a request, head and body, up to which it is."""


class Known:
    """What was read of a request, and what it gets again once that is settled."""

    __slots__ = ("again", "reading")

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.again: Again | None = None


class Repeats:
    """What is known of whole requests by their bytes. Who asks checks that the readings are current."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self.get = self._known.get
        self.clear = self._known.clear

    def remember(self, data: bytes, reading: Reading) -> bool:
        """Whether `data` is the request of `reading` and nothing else; then, if a tape answers it and no fault is
        asked for, it is known from now on."""
        if data in self._known:
            self._known[data] = Known(reading)
            return True
        if not whole(data, reading.asked.request):
            return False
        # After the last interaction of a list that is not repeated there is a miss, which aiohttp has to write.
        plain = not reading.own and reading.found is not None and reading.chooser.playing.repeat
        if plain and not reading.wanted.faults and len(data) <= LARGEST:
            self._known[data] = Known(reading)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return True

    def __len__(self) -> int:
        return len(self._known)


def whole(data: bytes, request: Request) -> bool:
    """Whether `data` is all of `request` (RFC 9112 6.3): its line and headers, a blank line, its body by length."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank or body != request.body or not head.startswith(octets(f"{request.method} {request.uri} HTTP/1.1\r\n")):
        return False
    headers = request.headers
    if any(header(headers, name) is not None for name in ("transfer-encoding", "expect", "upgrade")):
        return False
    length = header(headers, "content-length")
    return not body if length is None else length == str(len(body))
