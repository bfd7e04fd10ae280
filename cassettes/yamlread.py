"""A tree of nodes -> a cassette: interactions, requests, responses and the chunks of their bodies (DESIGN 4).

The mapping `response.stream` is read by `cassettes.yamlstream`, plain vcrpy interactions (no such mapping) here.
May import `cassettes.model`, `yamltree`, `yamlstream`, `sizes` and `events`.
"""

from __future__ import annotations

import json
from itertools import pairwise

from msgspec.structs import replace

from cassettes.events import event_ends, event_kind
from cassettes.model import Cassette, Chunk, EventKind, Headers, Interaction, Request, Response, Stream, header
from cassettes.printable import count
from cassettes.sizes import fix_chunks, parse_chunks
from cassettes.yamlstream import TOKEN, headers_of, line_of_head, stream_fields, stream_of
from cassettes.yamltree import (
    Items,
    Node,
    Pairs,
    Scalar,
    items,
    mapping,
    near,
    nearest,
    plain,
    scalar,
    shown,
    whole,
)

SYNTHETIC_GAP_MS = 20.0
"""The gap before every event of a cassette that has no timing of its own."""

_REQUEST = ("method", "uri", "headers", "body")
_RESPONSE = ("status", "headers", "body", "stream")
_MENDS_SHOWN = 5


def read_cassette(root: Node, *, fix_sizes: bool = False) -> Cassette:
    """The cassette that the tree at `root` describes.

    `fix_sizes` mends `chunks` that do not fit their body instead of refusing them, marks such interactions `edited` and
    says so in the notes. Raises CassetteError with file:line:col.
    """
    return _Reader(fix_sizes).cassette(root)


class _Reader:
    """One file being read: the notes so far and the interaction at hand (counted from 1)."""

    def __init__(self, fix_sizes: bool) -> None:
        self.fix_sizes = fix_sizes
        self.notes: list[str] = []
        self.ignored: dict[str, None] = {}
        self.untimed = 0
        self.at = 0

    def cassette(self, root: Node) -> Cassette:
        if isinstance(root, Items):
            raise root.error(
                "found a list, expected a mapping with version and interactions (a vcrpy tape before 1.0?)"
            )
        top = mapping(root, "the cassette")
        if all(key.text != "interactions" for key, _ in top.pairs):
            guess = next((key for key, _ in top.pairs if near(key.text, ("interactions",))), top)
            raise guess.error(
                "found no interactions, expected version: 1 and interactions: [{request: …, response: …}]"
            )
        fields = self._fields(top, "the cassette", ("version", "interactions"))
        if "version" in fields:
            whole(fields["version"], "version", 1, 1)
        nodes = items(fields["interactions"], "interactions")
        interactions = tuple(self._interaction(node, at) for at, node in enumerate(nodes, 1))
        if self.untimed:
            self.notes.append(
                f"no timing on {self.untimed} of {count(len(nodes), 'interaction')} (plain vcrpy):"
                f" played at a synthetic pace, an event every {SYNTHETIC_GAP_MS:g} ms"
            )
        if self.ignored:
            self.notes.append(f"ignored keys that neither vcrpy nor tokentape uses: {', '.join(self.ignored)}")
        return Cassette(interactions=interactions, notes=tuple(self.notes))

    def _fields(self, node: Pairs, what: str, known: tuple[str, ...]) -> dict[str, Node]:
        """Where vcrpy allows keys of others, so do we, unless one looks like a slip of ours."""
        for key in node.others(known):
            if guess := near(key.text, known):
                raise key.error(f"{what}: found the unknown key {shown(key.text)}, did you mean {guess}?")
            self.ignored[shown(key.text)] = None
        return node.fields()

    def _interaction(self, node: Node, at: int) -> Interaction:
        self.at = at
        fields = self._fields(mapping(node, f"interaction #{at}"), f"interaction #{at}", ("request", "response"))
        for name in ("request", "response"):
            if name not in fields:
                raise node.error(f"interaction #{at}: found no {name}, expected request and response")
        return Interaction(request=_request(fields["request"]), response=self._response(fields["response"]))

    def _response(self, node: Node) -> Response:
        fields = self._fields(mapping(node, "response"), "response", _RESPONSE)
        if "status" not in fields:
            raise node.error("response: found no status, expected status: {code: 200, message: OK}")
        if "body" not in fields and "stream" not in fields:
            raise node.error("response: found no body, expected body: {string: …}")
        code, message = _status(fields["status"])
        headers = headers_of(fields.get("headers"), "response headers")
        body = _response_body(fields.get("body"))
        if "stream" not in fields or fields["stream"].is_null:
            self.untimed += 1
            return Response(code, message, headers, body, _imported(headers, code, body))
        given = stream_fields(fields["stream"])
        stream = stream_of(given)
        if stream.end.at != "body" and body:
            raise given["end"].error(
                f"end: found at: {stream.end.at} but a body of {len(body)} bytes, expected at: body (or no body)"
            )
        if stream.end.type == "interrupted":
            self.notes.append(f"interaction #{self.at} was interrupted: its recorder stopped first; it plays as a cut")
        kind = event_kind(headers, code, body, stream.events)
        stream = self._with_chunks(stream, given.get("chunks"), fields["stream"], body, kind)
        return Response(code, message, headers, body, stream)

    def _with_chunks(self, stream: Stream, node: Node | None, parent: Node, body: bytes, kind: EventKind) -> Stream:
        """`stream` with the chunks of `node` (None: there are none), which must cover `body`."""
        framing, missing = stream.framing, stream.end.missing
        text = scalar(node, "chunks").text if node else ""
        if self.fix_sizes:
            chunks, mends = fix_chunks(text, body, kind, framing=framing, missing=missing)
            if not mends:
                return replace(stream, chunks=chunks)
            told = "; ".join(mends[:_MENDS_SHOWN]) + ("; …" if len(mends) > _MENDS_SHOWN else "")
            self.notes.append(f"chunks of interaction #{self.at}: {told}")
            return replace(stream, chunks=chunks, source="edited" if stream.source == "recorded" else stream.source)
        if node is None and body:
            raise parent.error(f'stream: found no chunks for a body of {len(body)} bytes, expected e.g. chunks: "0 *"')
        spot = (node or parent).spot
        step = {"|": 1, "'": 2}.get(node.style, 0) if isinstance(node, Scalar) else 0

        def line_of(index: int) -> str:
            # A literal block starts under its key; in single quotes a line break stands as an empty line.
            return f"{spot.source}:{spot.line + 1 + step * index + (step == 1)}"

        return replace(stream, chunks=parse_chunks(text, body, kind, framing=framing, missing=missing, line_of=line_of))


def _request(node: Node) -> Request:
    pairs = mapping(node, "request")
    for key in pairs.others(_REQUEST):
        raise key.error(f"request: found the unknown key {shown(key.text)}, {nearest(key.text, _REQUEST)}")
    fields = pairs.fields()
    for name in ("method", "uri"):
        if name not in fields:
            raise node.error(f"request: found no {name}, expected method, uri, headers and body")
    method = scalar(fields["method"], "method").text
    if not TOKEN.fullmatch(method):
        raise fields["method"].error(f"method: found {shown(method)}, expected a token such as POST")
    uri = line_of_head(fields["uri"], "uri")
    return Request(method, uri, headers_of(fields.get("headers"), "request headers"), _request_body(fields.get("body")))


def _request_body(node: Node | None) -> bytes:
    """The bytes that were sent; vcrpy keeps the `json=` of aiohttp as a mapping, files and iterators as tagged ones."""
    if node is None or node.is_null:
        return b""
    if isinstance(node, Scalar):
        return node.encoded()
    if isinstance(node, Pairs) and node.tag in {"file", "iterator"}:
        return _pickled(node)
    if isinstance(node, Pairs) and {key.text for key, _ in node.pairs} in ({"string"}, {"string", "encoding"}):
        return _text_bytes(node.fields()["string"], "request body.string")
    try:
        return json.dumps(plain(node), ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, UnicodeEncodeError) as error:
        raise node.error(f"request body: found what is no JSON ({error}), expected text or JSON values") from None


def _pickled(node: Pairs) -> bytes:
    """What a BytesIO (`state: [content, …]`) or an iterator (`args: [[piece, …]]`) held when vcrpy wrote it."""
    fields = node.fields()
    if node.tag == "file":
        return b"".join(scalar(piece, "state").encoded() for piece in _listed(fields, "state", node)[:1])
    pieces = _listed(fields, "args", node)[:1]
    return b"".join(scalar(piece, "args").encoded() for each in pieces for piece in items(each, "args"))


def _listed(fields: dict[str, Node], name: str, node: Node) -> list[Node]:
    if name not in fields:
        raise node.error(f"request body: found no {name}, expected what vcrpy writes for files and iterators")
    return items(fields[name], name)


def _response_body(node: Node | None) -> bytes:
    if node is None or node.is_null:
        return b""
    if not isinstance(node, Pairs):
        raise node.error(f"response body: found {node.kind}, expected a mapping: {{string: …}}")
    fields = node.fields()
    if "base64_string" in fields:
        text = scalar(fields["base64_string"], "body.base64_string")
        return Scalar(text.spot, "binary", text.text, "").encoded()
    if "string" not in fields:
        known = ("string", "base64_string")
        found = ", ".join(map(shown, list(fields)[:3])) or "nothing"
        raise node.error(f"response body: found {found}, expected string ({nearest(next(iter(fields), ''), known)})")
    return _text_bytes(fields["string"], "body.string")


def _text_bytes(node: Node, what: str) -> bytes:
    return b"" if node.is_null else scalar(node, what).encoded()


def _status(node: Node) -> tuple[int, str]:
    fields = mapping(node, "status").fields()
    if "code" not in fields:
        raise node.error("status: found no code, expected {code: 200, message: OK}")
    message = fields.get("message")
    return whole(fields["code"], "status.code", 100, 999), (
        "" if message is None or message.is_null else line_of_head(message, "status.message")
    )


def _imported(headers: Headers, code: int, body: bytes) -> Stream:
    """The stream of a response without timing: its events at a steady pace, framed as its headers say it was."""
    ends = event_ends(body, event_kind(headers, code, body, None))
    starts = [0, *ends]
    sizes = [end - start for start, end in pairwise(starts)]
    if starts[-1] < len(body):
        sizes.append(len(body) - starts[-1])
    whole_length = header(headers, "content-length") == str(len(body)) and not header(headers, "transfer-encoding")
    return Stream(
        source="imported",
        pacing="synthetic",
        framing="length" if whole_length else "chunked",
        chunks=tuple(Chunk(SYNTHETIC_GAP_MS, size) for size in sizes),
    )
