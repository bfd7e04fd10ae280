"""Secrets never reach the disk (DESIGN 5): the face of redaction, for recorder, player and reports.

A `Redactor` knows secrets by value and by shape, and masks them with `*`, byte for byte, in streams and in whole
interactions. What a secret is: `secrets`, `keyshapes`; how it is found: `byvalue`, `byshape`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from cassettes.base64leaf import redact_body
from cassettes.byshape import ShapeMasker
from cassettes.byvalue import MINIMUM, Forms, ValueMasker
from cassettes.masking import Span
from cassettes.model import Headers, Informational, Interaction, Request, Response
from cassettes.secrets import (
    header_rule,
    is_credential,
    is_secret_parameter,
    scheme_length,
    secrets_from_env,
    secrets_from_request,
)

__all__ = [
    "Finding",
    "Redactor",
    "StreamRedactor",
    "redact_body",
    "scan",
    "secrets_from_env",
    "secrets_from_request",
]

_Bytes = bytes  # `Redactor.bytes` hides the type inside the class
_BLOCK = 1 << 16
_CHILDREN = 64

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}://[^\s\"'<>]+|[?&][^\s\"'<>?&=]+=[^\s\"'<>]+")
_PARAMETER = re.compile(r"(?<=[?&;#])([^=?&;#]+=)([^&;#]*)")
_USERINFO = re.compile(r"(?<=://)([^/?#@\s:]*)(:?)([^/?#@\s]*)(?=@)")
_SLASH = r"(?:/|\\+|%2[Ff]|%5[Cc])"
# Not after a host or a directory: https://host/home/page is nobody's home.
_USER_PATH = re.compile(
    rf"(?<![A-Za-z0-9._~%-])((?:{_SLASH}(?:(?:var|private|(?:mnt{_SLASH})?[a-z]){_SLASH})?|[A-Za-z](?::|%3[Aa]){_SLASH})"
    rf"(?:home|Users){_SLASH})"
    r"([^\\/:;,\"'<>|?*\s%]+(?: [^\\/:;,\"'<>|?*\s%]+(?=[\\/]))*)"
)
_NO_USER_PATHS = frozenset({"location", "content-location", "link"})
_ORGANISATION = re.compile(r"(?<![A-Za-z0-9_-])(?:org-|proj_|org_)[A-Za-z0-9]{16,}")


class Finding(NamedTuple):
    """Bytes `start` to `end` of the data are a secret of that `kind`."""

    start: int
    end: int
    kind: str


class StreamRedactor:
    """Masks a stream as it comes. Only a tail that could be the beginning of a secret is held back: after a line end,
    as a rule, nothing. However the stream is split, the output is that of `Redactor.bytes` of the whole."""

    def __init__(self, forms: Forms, findings: list[Span] | None = None) -> None:
        self._by_value = ValueMasker(forms, findings) if forms.by_seed else None
        self._by_shape = ShapeMasker(findings)

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those that can be released, masked."""
        return self._by_shape.feed(self._by_value.feed(data) if self._by_value else data)

    def passes(self, line: bytes) -> bool:
        """Whether `line`, which ends in a line end, holds no secret; the quick answer, so False may be wrong. Only for
        a redactor that was fed nothing."""
        return (self._by_value is None or self._by_value.passes(line)) and self._by_shape.passes(line)

    def finish(self) -> bytes:
        """The data is at its end: return the rest, masked."""
        rest = self._by_value.feed(b"", final=True) if self._by_value else b""
        return self._by_shape.feed(rest, final=True)


class Redactor:
    """Masks secrets: credentials given by value, wherever and however they are written, and what is secret by its place
    or by its shape. Values under 12 bytes and known dummies are no secrets. Immutable: may be shared."""

    def __init__(self, secrets: Iterable[_Bytes] = ()) -> None:
        self._secrets = frozenset(secret for secret in secrets if is_credential(secret))
        self._forms = Forms(self._secrets)
        self._children: dict[frozenset[_Bytes], Redactor] = {}

    def with_secrets(self, more: Iterable[_Bytes]) -> Redactor:
        """A redactor that knows `more` secrets too; this one if it knows them all."""
        new = frozenset(secret for secret in more if secret not in self._secrets and is_credential(secret))
        if not new:
            return self
        child = self._children.get(new)
        if child is None:
            if len(self._children) >= _CHILDREN:
                self._children.clear()
            child = self._children[new] = Redactor(self._secrets | new)
        return child

    def stream(self) -> StreamRedactor:
        """A redactor for one stream."""
        return StreamRedactor(self._forms)

    def find(self, data: _Bytes) -> list[Finding]:
        """The secrets in `data`, in order; overlapping ones of a kind are one."""
        spans: list[Span] = []
        self._run(data, StreamRedactor(self._forms, spans))
        found: list[Finding] = []
        for start, end, kind in sorted(spans):
            if found and start <= found[-1].end and kind == found[-1].kind:
                found[-1] = Finding(found[-1].start, max(end, found[-1].end), kind)
            else:
                found.append(Finding(start, end, kind))
        return found

    def bytes(self, data: _Bytes) -> _Bytes:
        """`data` with its secrets masked, of the same length. Linear; blocks keep the memory small."""
        return self._run(data, self.stream())

    def _run(self, data: _Bytes, stream: StreamRedactor) -> _Bytes:
        blocks = [stream.feed(data[at : at + _BLOCK]) for at in range(0, len(data), _BLOCK)]
        return b"".join((*blocks, stream.finish()))

    def text(self, value: str) -> str:
        """`value` with its secrets masked; as many bytes of UTF-8 as before."""
        return self.bytes(value.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def headers(self, headers: Headers) -> Headers:
        """Headers or trailers with credentials, cookies, organisation ids, the names in user paths and every secret
        parameter of a URL masked."""
        # Looked at as one text first: heads are many, secrets that no rule below finds are few.
        lines = "\n".join([part for pair in headers for part in pair]) + "\n"
        text = _unchanged if self.stream().passes(lines.encode("utf-8", "surrogateescape")) else self.text
        return tuple(
            (name if len(name) < MINIMUM else text(name), self._value(name, value, text)) for name, value in headers
        )

    def _value(self, name: str, value: str, text: Callable[[str], str]) -> str:
        rule = header_rule(name)
        if rule is not None:
            return _by_rule(rule, value)
        value = _URL.sub(lambda url: _masked_url(url[0]), value)
        if name.lower() not in _NO_USER_PATHS:
            value = _USER_PATH.sub(lambda path: path[1] + _stars(path[2]), value)
        return text(_ORGANISATION.sub(lambda found: _stars(found[0]), value))

    def uri(self, uri: str) -> str:
        """`uri` with its password and the values of secret parameters (`?key=`) masked, and every secret by value."""
        return self.text(_masked_url(uri))

    def head(self, data: _Bytes) -> _Bytes:
        """The raw bytes of a head, whole or not, masked by the rules of its headers."""
        lines: list[str] = []
        name = ""
        for line in data.decode("utf-8", "surrogateescape").split("\n"):
            if line[:1] not in {" ", "\t"}:  # else it goes on with the value of the line before (RFC 9112 5.2)
                name, colon, value = line.partition(":")
                lines.append(f"{name}:" if colon else self.text(line))
            else:
                colon, value = ":", line
                lines.append("")
            if colon:
                bare = value.strip()
                lines[-1] += value.replace(bare, self._value(name, bare, self.text), 1) if bare else value
        return self.bytes("\n".join(lines).encode("utf-8", "surrogateescape"))

    def request(self, request: Request) -> Request:
        """The request as a tape keeps it: masked, and with long leaves of base64 in its body replaced (`redact_body`,
        first, so that their digests do not depend on what is secret)."""
        return msgspec.structs.replace(
            request,
            uri=self.uri(request.uri),
            headers=self.headers(request.headers),
            body=self.bytes(redact_body(request.body)),
        )

    def response(self, response: Response) -> Response:
        """The response, masked: reason phrase, headers, body, trailers, partial head and 1xx responses."""
        stream = response.stream
        informational = tuple(
            Informational(early.at_ms, early.code, self.text(early.message), self.headers(early.headers))
            for early in stream.informational
        )
        return msgspec.structs.replace(
            response,
            message=self.text(response.message),
            headers=self.headers(response.headers),
            body=self.bytes(response.body),
            stream=msgspec.structs.replace(
                stream,
                head=None if stream.head is None else self.head(stream.head),
                trailers=self.headers(stream.trailers),
                informational=informational,
            ),
        )

    def interaction(self, interaction: Interaction) -> Interaction:
        """Both sides, masked. A second time changes nothing, so a difference shows that something was left."""
        return Interaction(self.request(interaction.request), self.response(interaction.response))


def scan(data: bytes, redactor: Redactor) -> list[Finding]:
    """What is left in finished bytes; to be empty before they are written."""
    return redactor.find(data)


def _unchanged(value: str) -> str:
    return value


def _stars(value: str) -> str:
    return "*" * len(value.encode("utf-8", "surrogateescape"))


def _by_rule(rule: str, value: str) -> str:
    if rule == "authorization":
        kept = scheme_length(value)
        return value[:kept] + _stars(value[kept:])
    if rule == "cookie":
        return ";".join(map(_masked_pair, value.split(";")))
    if rule == "set-cookie":
        pair, semicolon, attributes = value.partition(";")
        return _masked_pair(pair) + semicolon + attributes
    return _stars(value)


def _masked_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return name if not name.strip() else _stars(name)
    return name + equals + _stars(value)


def _masked_url(url: str) -> str:
    def parameter(found: re.Match[str]) -> str:
        return found[1] + (_stars(found[2]) if is_secret_parameter(found[1][:-1]) else found[2])

    def userinfo(found: re.Match[str]) -> str:
        if found[2]:
            return found[1] + found[2] + _stars(found[3])
        return _stars(found[1])

    return _PARAMETER.sub(parameter, _USERINFO.sub(userinfo, url))
