"""Who may ask what: origins of web pages, names of this server, the control token (DESIGN 7 and 11). Pure.

Any page that a browser has open can send requests to loopback, and a name of its own can be made to point there (DNS
rebinding). What a tape answers may be asked by anyone; what is written, spent or told of other requests may not.
No sockets, no answers: a `Refusal` says what the answer is to be. Imports `cassettes.model` and `printable`.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from cassettes.model import Headers, TokentapeError, header
from cassettes.printable import escape

TOKEN_VARIABLE = "TOKENTAPE_CONTROL_TOKEN"
ANY = "*"
"""`--cors *`: every page may read what tapes answer. It opens neither the control paths nor recording."""
_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{0,5})?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
# No name that ends so can be had in the public DNS (RFC 6762 3, ICANN 2024-07-29): nobody can make it point here.
_PRIVATE_ENDINGS = (".internal", ".local")
_WRITES = frozenset({"POST", "PUT", "PATCH"})
_SHOWN = 100


class OriginError(TokentapeError):
    """`--cors` was given what is no origin."""

    exit_code = 2


class Refusal(NamedTuple):
    """Why a request is not answered: the status, the error's code, a line that says what would help."""

    status: int
    code: str
    message: str


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """What is this server's own: `host` as it was asked for, the `address` that is listened on, the `origins` of
    `--cors`, the control `token` ("" for none)."""

    host: str = "127.0.0.1"
    address: str = "127.0.0.1"
    origins: frozenset[str] = frozenset()
    token: str = ""

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.address)

    def trusts(self, origin: str) -> bool:
        """Whether a page of `origin` is of this machine, or named by `--cors`. `*` names nobody."""
        return is_loopback_origin(origin) or (origin.lower() in self.origins and origin != ANY)

    def owns(self, host: str) -> bool:
        """Whether a Host header means this server: a loopback name, what it was told to listen on, the host of an
        origin that `--cors` names. Off loopback also any address and names that only a private network has; every
        other name may be a rebound one."""
        match = _HOST.fullmatch(host.lower())
        if match is None:
            return False
        name = match[1].rstrip(".")
        if is_loopback(name) or name == self.host.lower():
            return True
        if any(named["host"] == name for named in map(_ORIGIN.fullmatch, self.origins) if named is not None):
            return True
        if self.on_loopback:
            return False
        return _is_address(name) or "." not in name or name.endswith(_PRIVATE_ENDINGS)

    def foreign(self, headers: Headers) -> Refusal | None:
        """Why a request comes from where none of ours comes from, None if it may pass."""
        for host in _all(headers, "host"):
            if not self.owns(host):
                return Refusal(403, "tokentape_foreign_host", self._not_ours(host))
        origins = _all(headers, "origin")
        for origin in origins:
            if not self.trusts(origin):
                message = (
                    f"a page of {_shown(origin)} asks; only pages of this machine may have requests forwarded or "
                    "controlled, and those of an origin that --cors names"
                )
                return Refusal(403, "tokentape_foreign_origin", message)
        site = header(headers, "sec-fetch-site")
        # With an Origin that is known it does not matter: localhost and 127.0.0.1 are two sites to a browser.
        if origins or site is None or site in {"none", "same-origin"} or (site == "same-site" and self.on_loopback):
            return None
        message = f"a page of another site asks (Sec-Fetch-Site: {_shown(site)}); ask from a page of this machine"
        return Refusal(403, "tokentape_cross_site", message)

    def control(self, method: str, headers: Headers, *, is_open: bool = False) -> Refusal | None:
        """Why a request to a control path is refused, None if it may pass. `is_open`: no token is needed."""
        if (refusal := self.foreign(headers)) is not None:
            return refusal
        if not is_open and not self.on_loopback and (refusal := self._token_refusal(headers)) is not None:
            return refusal
        kind = header(headers, "content-type")
        if (kind is not None or method in _WRITES) and method not in {"GET", "HEAD", "OPTIONS"} and not _is_json(kind):
            message = f"the body is {_shown(kind or 'of no stated type')}; expected Content-Type: application/json"
            return Refusal(415, "tokentape_not_json", message)
        return None

    def _token_refusal(self, headers: Headers) -> Refusal | None:
        if not self.token:
            message = f"off loopback the control paths are closed; start the server with {TOKEN_VARIABLE} set"
            return Refusal(403, "tokentape_no_token", message)
        scheme, _, given = (header(headers, "authorization") or "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(_octets(given.strip()), _octets(self.token)):
            return None
        message = f"expected Authorization: Bearer with the value of {TOKEN_VARIABLE}"
        return Refusal(401, "tokentape_bad_token", message)

    def _not_ours(self, host: str) -> str:
        expected = "localhost or 127.0.0.1" if self.on_loopback else "an address, or the name given to --host"
        return f"Host {_shown(host)!r} is no name of this server; expected {expected}, or that of a --cors origin"


def origins_of(given: Iterable[str]) -> frozenset[str]:
    """The origins of `--cors` as browsers send them. Raises OriginError for what no browser sends."""
    return frozenset(_origin_of(one.strip()) for one in given)


def _origin_of(given: str) -> str:
    lowered = given.lower()
    if lowered in {ANY, "null"}:
        return lowered
    match = _ORIGIN.match(lowered)
    if match is None:
        near = f"; did you mean https://{escape(lowered)}?" if _HOST.fullmatch(lowered) else ""
        raise OriginError(f"--cors {given[:_SHOWN]!r} is no origin; expected SCHEME://HOST[:PORT], or *{near}")
    port = match["port"]
    scheme, host = match["scheme"], match["host"]
    # A browser leaves the port out where it is the scheme's own (RFC 6454 6.2).
    exact = f"{scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS.get(scheme) else "")
    if match.end() != len(lowered):
        raise OriginError(
            f"--cors {given[:_SHOWN]!r} is no origin: it ends before {lowered[match.end() :][:_SHOWN]!r}; "
            f"did you mean {exact}?"
        )
    return exact


def is_loopback_origin(origin: str) -> bool:
    """Whether the page is of this machine (RFC 6454 7; RFC 6761 6.3 for names under .localhost)."""
    match = _ORIGIN.fullmatch(origin)
    return match is not None and is_loopback(match["host"])


def is_loopback(host: str) -> bool:
    """Whether a host name or address, brackets or not, is always this machine's."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _is_json(kind: str | None) -> bool:
    name = (kind or "").partition(";")[0].strip().lower()
    return name == "application/json" or (name.startswith("application/") and name.endswith("+json"))


def _all(headers: Headers, name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name]


def _octets(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _shown(value: str) -> str:
    return escape(value[:_SHOWN])
