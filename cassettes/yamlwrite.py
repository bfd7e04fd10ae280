"""A cassette -> the text of its file, by hand: PyYAML refuses block style in many cases and escapes what is not ASCII.

Every layout choice here is for diffs, for formatters that may run over the file, and for vcrpy, which must read it.
Reading back and comparing is `cassettes.yamlio`. May import `cassettes.model`, `sizes` and `events`.
"""

from __future__ import annotations

import base64
import re

from msgspec.structs import replace

from cassettes.events import event_kind
from cassettes.model import Cassette, Ending, Headers, Informational, Interaction, Request, Response, Stream
from cassettes.sizes import format_chunks, rounded, tenths

# ASCII that a literal block may hold: all that is printable, tab and LF.
_LITERAL_ASCII = bytes([9, 10, *range(32, 127)])
# Beyond it: what YAML takes raw everywhere. NEL and U+2028/9 are line breaks to YAML 1.1, a BOM is dropped by readers.
_NOT_LITERAL = re.compile("[^\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_ESCAPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?: [A-Za-z][A-Za-z0-9_-]*)*")
_PLAIN_DOTTED = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
# Words that YAML 1.1, vcrpy's dialect, reads as booleans or null.
_RESERVED = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_KEY_LIMIT = 900  # a key on one line may have 1,024 characters (YAML 1.2, 7.4.2)
_BASE64_LINE = 76


def canonical(cassette: Cassette) -> Cassette:
    """`cassette` as its file will hold it: times rounded to 0.1 ms, values of a header together, no notes.

    Offsets from the last request byte are what is rounded; gaps are their differences, so that rounding errors never
    add up. Raises TokentapeError for times that are none.
    """
    return Cassette(interactions=tuple(map(_canonical, cassette.interactions)))


def _canonical(interaction: Interaction) -> Interaction:
    request, response = interaction.request, interaction.response
    return Interaction(
        request=replace(request, headers=_grouped(request.headers)),
        response=replace(response, headers=_grouped(response.headers), stream=_settled(response.stream)),
    )


def _grouped(headers: Headers) -> Headers:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return tuple((name, value) for name, values in found.items() for value in values)


def _settled(stream: Stream) -> Stream:
    chunks = stream.chunks
    if stream.framing != "chunked":
        chunks = tuple(chunk._replace(more=False) for chunk in chunks)
    # The ending counts from the last body byte, else the end of the head, else the last request byte.
    since = sum((chunk.gap_ms for chunk in chunks), stream.headers_ms) if stream.end.at == "body" else 0.0
    end = replace(
        stream.end,
        gap_ms=(tenths(since + stream.end.gap_ms) - tenths(since)) / 10,
        client_left_ms=None if stream.end.client_left_ms is None else tenths(stream.end.client_left_ms) / 10,
    )
    return replace(
        stream,
        headers_ms=tenths(stream.headers_ms) / 10,
        chunks=rounded(chunks, stream.headers_ms),
        end=end,
        informational=tuple(replace(each, at_ms=tenths(each.at_ms) / 10) for each in stream.informational),
    )


def text_of(cassette: Cassette) -> str:
    """The file of a `canonical` cassette. Ends with one line feed. Raises TokentapeError for sizes that do not fit."""
    if not cassette.interactions:
        return "version: 1\ninteractions: []\n"
    return "version: 1\ninteractions:\n" + "".join(map(_interaction, cassette.interactions))


def _interaction(interaction: Interaction) -> str:
    response = interaction.response
    return "".join(
        (
            f"- {request_text(interaction.request, 2)}",
            "  response:\n",
            f"    status: {{code: {response.code}, message: {_word(response.message)}}}\n",
            _headers(response.headers, 4),
            "    body:\n",
            f"      string: {block(response.body, 8)}",
            "    stream:\n",
            _stream(response),
        )
    )


def request_text(request: Request, indent: int) -> str:
    """The key `request` and all that it holds, from the key on; what follows on lines of its own stands deeper than
    `indent`, the column of the key."""
    pad = " " * (indent + 2)
    return "".join(
        (
            "request:\n",
            f"{pad}method: {_word(request.method)}\n",
            f"{pad}uri: {_inline(request.uri)}\n",
            _headers(request.headers, indent + 2),
            f"{pad}body: {block(request.body, indent + 4)}",
        )
    )


def _stream(response: Response) -> str:
    """`stream` stands last and its `end` after all else, so that what tools do to ends of files cannot hurt a body."""
    stream = response.stream
    lines = [
        f"v: {stream.v}",
        f"provider: {_word(stream.provider)}",
        f"dialect: {_word(stream.dialect)}",
        f"source: {stream.source}",
        f'http: "{stream.http}"',
        f"framing: {stream.framing}",
        f"headers_ms: {_ms(stream.headers_ms)}",
    ]
    if stream.recorded_at is not None:
        lines.insert(4, f"recorded_at: {_inline(stream.recorded_at)}")
    if stream.pacing != "recorded":
        lines.insert(4, f"pacing: {stream.pacing}")
    if stream.events is not None:
        lines.append(f"events: {stream.events}")
    text = "".join(f"      {line}\n" for line in lines)
    if stream.informational:
        text += "      informational:\n" + "".join(map(_informational, stream.informational))
    if stream.head is not None:
        text += f"      head: {block(stream.head, 8)}"
    if stream.trailers:
        text += "      trailers:\n" + _pairs(stream.trailers, 6)
    return text + _chunks(response) + f"      end: {_end(stream.end)}\n"


def _informational(each: Informational) -> str:
    text = f"      - at_ms: {_ms(each.at_ms)}\n        code: {each.code}\n        message: {_word(each.message)}\n"
    return text + (f"        headers:\n{_pairs(each.headers, 8)}" if each.headers else "")


def _pairs(headers: Headers, indent: int) -> str:
    """[name, value] a line: unlike a mapping, it keeps its order when vcrpy saves the file."""
    return "".join(f"{' ' * indent}- [{_inline(name)}, {_inline(value)}]\n" for name, value in headers)


def _chunks(response: Response) -> str:
    if not response.stream.chunks and not response.body:
        return ""
    kind = event_kind(response.headers, response.code, response.body, response.stream.events)
    text = format_chunks(response.stream.chunks, response.body, kind, start_ms=response.stream.headers_ms)
    return "      chunks: |\n        " + text[:-1].replace("\n", "\n        ") + "\n"


def _end(end: Ending) -> str:
    parts = [f"type: {end.type}"]
    if end.at != "body":
        parts.append(f"at: {end.at}")
    parts.append(f"gap_ms: {_ms(end.gap_ms)}")
    if end.missing:
        parts.append(f"missing: {end.missing}")
    if end.client_left_ms is not None:
        parts.append(f"client_left_ms: {_ms(end.client_left_ms)}")
    return f"{{{', '.join(parts)}}}"


def _headers(headers: Headers, indent: int) -> str:
    pad = " " * indent
    if not headers:
        return f"{pad}headers: {{}}\n"
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(_inline(value))
    lines = [f"{pad}headers:\n"]
    for name, each in values.items():
        key = name if _PLAIN_DOTTED.fullmatch(name) and name.lower() not in _RESERVED else _inline(name)
        joined = f"[{', '.join(each)}]\n"
        lines.append(f"{pad}  {key}: {joined}" if len(key) < _KEY_LIMIT else f"{pad}  ? {key}\n{pad}  : {joined}")
    return "".join(lines)


def _ms(ms: float) -> str:
    return f"{ms:.1f}".removesuffix(".0")


def _word(text: str) -> str:
    """`text` as it stands where no YAML reads anything into it, else in quotes."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED else _inline(text)


def _inline(text: str) -> str:
    """Text of a head as one quoted line; `!!binary` when its bytes are not UTF-8."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        return '"' + _escape(data.decode()).replace("\r", "\\r").replace("\n", "\\n") + '"'
    except UnicodeDecodeError:
        return f'!!binary "{base64.b64encode(data).decode()}"'


def block(data: bytes, indent: int) -> str:
    """`data` as the value of a key: everything behind "key: ", with a line feed at its end; lines stand at `indent`.

    Literal block where text can stand as it is and no formatter would touch it, else double quotes with one source
    line a line, else (not UTF-8) `!!binary`.
    """
    if not data:
        return "''\n"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        pad = "\n" + " " * indent
        coded = base64.b64encode(data).decode()
        return "!!binary |" + pad + pad.join(_pieces(coded)) + "\n"
    lines = text.split("\n")
    if _is_printable(data, text) and text.strip("\n") and not any(line != line.rstrip() for line in lines):
        return _literal(text, lines, indent)
    return _quoted(text, indent)


def _pieces(coded: str) -> list[str]:
    return [coded[at : at + _BASE64_LINE] for at in range(0, len(coded), _BASE64_LINE)]


def _is_printable(data: bytes, text: str) -> bool:
    """Whether a literal block may hold `text`, asked the cheapest way first: the pattern costs 10 ns a character."""
    if text.isascii():
        return not data.translate(None, _LITERAL_ASCII)
    return text.replace("\n", "").replace("\t", "").isprintable() or not _NOT_LITERAL.search(text)


def _literal(text: str, lines: list[str], indent: int) -> str:
    """A literal block. Blanks or line feeds in front need the indentation stated (YAML 1.2, 8.1.1.1)."""
    hint = "2" if text[0] in " \t\n" else ""
    ending = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    pad = " " * indent
    if ending != "-":
        lines = lines[:-1]
    return f"|{hint}{ending}\n" + "".join([f"{pad}{line}\n" if line else "\n" for line in lines])


def _quoted(text: str, indent: int) -> str:
    """Double quotes, a source line for every line: breaks are escaped, and blanks after them, which would be folded."""
    pad = " " * indent
    found = ['"\\\n']
    for line in _LINES.findall(text):
        content = line.rstrip("\r\n")
        broken = line[len(content) :].replace("\r", "\\r").replace("\n", "\\n")
        lead = "\\" if content.startswith(" ") else ""
        found.append(f"{pad}{lead}{_escape(content)}{broken}\\\n")
    return "".join(found).removesuffix("\\\n") + '"\n'


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return text if text.isascii() and text.isprintable() else _ESCAPED.sub(_escape_one, text)


def _escape_one(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}"
