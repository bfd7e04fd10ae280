"""The rule for images, sounds and files in request bodies: a JSON string of more than 4 KB of base64 is replaced by
`sha256:<hex>;bytes=N`, of the decoded bytes; the prefix of a `data:` URL stays (RFC 2397).

Tapes stay readable, and live requests are compared by the same rule: it is deterministic and may be applied again. The
rest of the body stays byte for byte, so nothing is parsed into values and written again. Pure.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import re

import msgspec

LONGEST_KEPT = 4096
"""Base64 characters that are kept: a leaf is replaced when it has more."""

# The escapes are those that writers use for `/`, `+`, `=` and for line ends in base64. In a JSON text a quote that no
# backslash precedes and a base64 character follows begins a string; one that a colon follows ended a name.
_RUN = rb"[A-Za-z0-9+/=_-]*+"
_LEAF = re.compile(
    rb'(?<!\\)"(data:[^"\\,]{0,256}?;base64,)?+('
    + _RUN
    + rb"(?:\\(?:[/rn]|u00[0-9A-Fa-f]{2})"
    + _RUN
    + rb')*+)"(?!\s*:)'
)
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_LINE_ENDS = re.compile(rb"[\r\n]")


def redact_body(body: bytes) -> bytes:
    """The request body with its leaves of base64 replaced; a body that is not JSON comes back as it is. Linear."""
    if len(body) <= LONGEST_KEPT:
        return body
    if not any(leaf.end() - leaf.start() > LONGEST_KEPT for leaf in _LEAF.finditer(body)):
        return body
    try:
        msgspec.json.decode(body)  # only in a JSON text is what stands between two quotes a string
    except (msgspec.DecodeError, RecursionError):
        return body
    return _LEAF.sub(_replacement, body)


def _replacement(leaf: re.Match[bytes]) -> bytes:
    if len(leaf[2]) <= LONGEST_KEPT:
        return leaf[0]
    characters = json.loads(b'"' + leaf[2] + b'"').encode() if b"\\" in leaf[2] else leaf[2]
    characters = _LINE_ENDS.sub(b"", characters).translate(_URL_SAFE)
    unpadded = characters.rstrip(b"=")
    if len(characters) <= LONGEST_KEPT or len(characters) - len(unpadded) > 2:
        return leaf[0]
    try:
        content = binascii.a2b_base64(unpadded + b"=" * (-len(unpadded) % 4), strict_mode=True)
    except binascii.Error:
        return leaf[0]
    digest = hashlib.sha256(content).hexdigest()
    return b'"%bsha256:%b;bytes=%d"' % (leaf[1] or b"", digest.encode(), len(content))
