"""The spool: a recording in flight, on disk as it comes, so that a killed recorder loses nothing that had arrived.

One file a recording under `.tokentape-spool/`, mode 0600, locked while live. Append-only records; nothing that was not
redacted is ever written. `read` makes an interaction of a finished or an orphaned file. Imports `cassettes` only.

A record is a line of ASCII `<letter> <offset ms> <bytes>` and that many bytes:
`R` request and meta (JSON) · `I` 1xx head (JSON) · `H` head (JSON) · `P` partial head (the last one counts) ·
`M` a mark, with no payload: `<bytes that came> <bytes left of the HTTP chunk or Content-Length>` · `B` redacted body
bytes · `T` trailers (JSON) · `E` ending (JSON). Marks and bytes are separate because the redactor may hold a few bytes
back.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from cassettes.framing import octets, text
from cassettes.marks import Mark, frames_of
from cassettes.model import (
    CassetteError,
    Ending,
    EndingPlace,
    Framing,
    Head,
    Headers,
    Informational,
    Interaction,
    Request,
    Timeline,
    TokentapeError,
)
from cassettes.timeline import from_timeline

FOLDER = ".tokentape-spool"
MAGIC = b"tokentape-spool 1\n"
_RECORD = re.compile(rb"([RIHPBTE]) ([0-9]{1,12}\.[0-9]{3}) ([0-9]{1,12})\n")
_MARK = re.compile(rb"M ([0-9]{1,12}\.[0-9]{3}) ([0-9]{1,12}) ([0-9]{1,20})\n")


class Meta(msgspec.Struct, kw_only=True):
    """What is known before the answer: the redacted request, where the tape goes, the fields of its `stream`."""

    method: str
    uri: str
    headers: list[tuple[str, str]]
    body: str
    file: str
    provider: str
    dialect: str
    recorded_at: str
    edited: bool = False

    def with_body(self, body: bytes) -> Meta:
        """This with the redacted body of the request, which is masked last."""
        return msgspec.structs.replace(self, body=base64.b64encode(body).decode())

    def request(self) -> Request:
        """The request as a tape holds it."""
        return Request(self.method, _restored(self.uri), _headers(self.headers), base64.b64decode(self.body))


def _plain(value: str) -> str:
    # Surrogates stand for bytes that are not UTF-8; JSON has no place for them, latin-1 text of the bytes has.
    return octets(value).decode("latin-1")


def _restored(value: str) -> str:
    return text(value.encode("latin-1"))


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return [(name, _plain(value)) for name, value in headers]


def _headers(pairs: list[tuple[str, str]]) -> Headers:
    return tuple((name, _restored(value)) for name, value in pairs)


def meta_of(request: Request, **fields: Any) -> Meta:
    """The meta of a redacted `request`."""
    return Meta(
        method=request.method,
        uri=_plain(request.uri),
        headers=_pairs(request.headers),
        body=base64.b64encode(request.body).decode(),
        **fields,
    )


def lock(descriptor: int) -> bool:
    """Locks a file for this process, without waiting; False when another live process has it. Always True off POSIX."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _new_file(place: Path, prefix: str) -> tuple[int, Path]:
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".spool", dir=place)
    except FileNotFoundError:  # in between, another recorder has removed the folder as empty
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".spool", dir=place)
    return descriptor, Path(name)


class Spool:
    """One recording being written. A failed write raises OSError once; after that the spool is `broken` and silent."""

    def __init__(self, folder: Path, meta: Meta) -> None:
        self.broken = False
        place = folder / FOLDER
        # The time comes first in the name, so that `orphans` has them in the order of their requests.
        moment = re.sub(r"[^0-9A-Za-z]", "", meta.recorded_at)[:20]
        self._file, self.path = _new_file(place, f"{moment}-")
        try:
            lock(self._file)
            self._write(MAGIC + _record(b"R", 0.0, msgspec.json.encode(meta)))
        except OSError:
            self.remove()
            raise

    def _write(self, data: bytes) -> None:
        if self.broken:
            return
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            self.broken = True
            raise

    def request(self, meta: Meta) -> None:
        """The request anew, now that its body is masked too; the last one counts."""
        self._write(_record(b"R", 0.0, msgspec.json.encode(meta)))

    def informational(self, at_ms: float, head: Head) -> None:
        """A 1xx head."""
        self._write(_record(b"I", at_ms, _head_json(head, None)))

    def head(self, at_ms: float, head: Head, framing: Framing) -> None:
        """The head is whole."""
        self._write(_record(b"H", at_ms, _head_json(head, framing)))

    def partial_head(self, at_ms: float, data: bytes) -> None:
        """All that came of a head so far, redacted."""
        self._write(_record(b"P", at_ms, data))

    def data(self, at_ms: float, marks: list[tuple[int, int]], data: bytes) -> None:
        """Body bytes came: `marks` say how many and how many are left of their chunk; `data` is what the redactor
        released, which may lag behind."""
        lines = b"".join(b"M %.3f %d %d\n" % (at_ms, size, left) for size, left in marks)
        self._write(lines + (_record(b"B", at_ms, data) if data else b""))

    def trailers(self, at_ms: float, trailers: Headers) -> None:
        """Trailer fields."""
        self._write(_record(b"T", at_ms, msgspec.json.encode(_pairs(trailers))))

    def ending(self, at_ms: float, end: Ending) -> None:
        """How it ended, `at_ms`."""
        self._write(_record(b"E", at_ms, msgspec.json.encode(end)))

    def close(self) -> None:
        """Closes the file and keeps it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        """Deletes the file, then lets go of the lock, so that no `recover` gets hold of what is a tape already. The
        folder stays while its recorder lives: it would vanish under whoever lists the tapes."""
        self.path.unlink(missing_ok=True)
        self.close()


def _record(letter: bytes, at_ms: float, payload: bytes) -> bytes:
    return b"%s %.3f %d\n%s\n" % (letter, at_ms, len(payload), payload)


class _HeadJson(msgspec.Struct):
    http: Literal["1.0", "1.1"]
    code: int
    message: str
    headers: list[tuple[str, str]]
    framing: Framing | None = None


def _head_json(head: Head, framing: Framing | None) -> bytes:
    return msgspec.json.encode(_HeadJson(head.http, head.code, _plain(head.message), _pairs(head.headers), framing))


def _head_of(raw: bytes) -> tuple[Head, Framing]:
    read = msgspec.json.decode(raw, type=_HeadJson)
    head = Head(http=read.http, code=read.code, message=_restored(read.message), headers=_headers(read.headers))
    return head, read.framing or "chunked"


class Taken(NamedTuple):
    """What a spool file holds: the interaction, where it should go, and whether its ending was written."""

    meta: Meta
    interaction: Interaction
    whole: bool


def _records(data: bytes) -> Iterator[tuple[bytes, float, bytes]]:
    """(letter, offset ms, payload) of every whole record; a torn last record is left out, body bytes of it kept."""
    at = len(MAGIC)
    while True:
        if mark := _MARK.match(data, at):
            yield b"M", float(mark[1]), mark[2] + b" " + mark[3]
            at = mark.end()
            continue
        record = _RECORD.match(data, at)
        if record is None:
            return
        size = int(record[3])
        payload = data[record.end() : record.end() + size]
        if len(payload) == size or record[1] == b"B":
            yield record[1], float(record[2]), payload
        at = record.end() + size + 1


class _Reading:
    """Facts gathered from records."""

    def __init__(self) -> None:
        self.meta: Meta | None = None
        self.head: Head | None = None
        self.framing: Framing = "chunked"
        self.head_at = 0.0
        self.partial = b""
        self.early: list[Informational] = []
        self.marks: list[Mark] = []
        self.body = bytearray()
        self.trailers: Headers = ()
        self.end: tuple[float, Ending] | None = None
        self.last = 0.0

    def take(self, letter: bytes, at: float, payload: bytes) -> None:
        self.last = max(self.last, at)
        if letter == b"R":
            self.meta = msgspec.json.decode(payload, type=Meta)
        elif letter == b"M":
            size, left = payload.split()
            self.marks.append(Mark(at, int(size), int(left)))
        elif letter == b"B":
            self.body += payload
        elif letter == b"H":
            self.head, self.framing = _head_of(payload)
            self.head_at = at
        elif letter == b"P":
            # The ending repeats the partial head as a record: its time is when bytes of it last came.
            self.head_at = at if payload != self.partial else self.head_at
            self.partial = payload
        elif letter == b"I":
            head, _ = _head_of(payload)
            self.early.append(Informational(round(at, 1), head.code, head.message, head.headers))
        elif letter == b"T":
            self.trailers = _headers(msgspec.json.decode(payload, type=list[tuple[str, str]]))
        elif letter == b"E":
            self.end = (at, msgspec.json.decode(payload, type=Ending))

    @property
    def lost(self) -> int:
        """Bytes that the redactor still held when the recorder was killed: marked, but in no record."""
        return sum(mark.size for mark in self.marks) - len(self.body)

    def interrupted(self) -> tuple[float, Ending]:
        """The ending of a recording whose recorder was killed."""
        place: EndingPlace = "body" if self.head else "head" if self.partial else "request"
        missing = self.marks[-1].left if self.marks and not self.lost else 0
        return self.last, Ending(type="interrupted", at=place, missing=missing)


def read(path: Path) -> Taken:
    """What the spool file at `path` holds. A missing ending is `interrupted`. Raises CassetteError if it is none."""
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        raise CassetteError("this is not a spool file of tokentape", str(path))
    reading = _Reading()
    try:
        for record in _records(data):
            reading.take(*record)
        request = reading.meta.request() if reading.meta else None
    except (ValueError, msgspec.MsgspecError) as error:
        raise CassetteError(
            f"the spool file is damaged ({error}); what it holds is text, look at it", str(path)
        ) from None
    meta = reading.meta
    if meta is None or request is None:
        raise CassetteError("the spool file ends before the request was whole", str(path))
    interaction = from_timeline(
        request,
        _timeline(reading),
        provider=meta.provider,
        dialect=meta.dialect,
        source="edited" if meta.edited else "recorded",
        recorded_at=meta.recorded_at,
    )
    return Taken(meta, interaction, reading.end is not None)


def _timeline(reading: _Reading) -> Timeline:
    chunked = reading.framing == "chunked"
    frames = frames_of(reading.marks, bytes(reading.body), chunked=chunked) if reading.head is not None else ()
    end_at, end = reading.end or reading.interrupted()
    if frames and frames[-1].more and not end.missing:
        # The rest of the run is lost with what the redactor held: what is there counts as a whole chunk.
        frames = (*frames[:-1], frames[-1]._replace(more=False))
    return Timeline(
        head=reading.head,
        head_at_ms=reading.head_at,
        frames=frames,
        end=end,
        end_at_ms=end_at,
        framing=reading.framing,
        partial_head=reading.partial,
        trailers=reading.trailers,
        informational=tuple(reading.early),
    )


def tidy(folder: Path) -> None:
    """Removes the spool of `folder` when nothing is left in it."""
    with contextlib.suppress(OSError):
        (folder / FOLDER).rmdir()


def orphans(folder: Path) -> Iterator[Path]:
    """Spool files under `folder` that no live recorder has locked, oldest request first."""
    for path in sorted((folder / FOLDER).glob("*.spool")):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue  # its recorder has just finished with it
        except OSError as error:
            raise TokentapeError(f"{path}: cannot be read ({error.strerror})") from None
        try:
            free = lock(descriptor)
        finally:
            os.close(descriptor)
        if free:
            yield path


def left_behind(folder: Path) -> str:
    """What to tell of a killed recorder's unfinished recordings in `folder`; "" if there are none, or none of ours."""
    try:
        left = sum(1 for _ in orphans(folder))
    except (TokentapeError, OSError):  # another user's: a hint is no reason to stop
        return ""
    return f"a killed recorder left {left} unfinished here; `tokentape recover {folder}` keeps them" if left else ""
