"""`split`: HTTP chunks cut finer, at awkward places. Imports `kinds` and `woven`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, choice, count
from mockserver.faults.woven import MOST_PIECES, Piece, Woven

_LEAD = re.compile(rb"[\xc2-\xf4](?=[\x80-\xbf])")
_CR = re.compile(rb"\r(?=\n)")
_BLANK = re.compile(rb"(?:\r\n|\r(?!\n)|\n)(?=(?:\r\n|\r|\n))")
_PATTERNS = {"utf8": _LEAD, "crlf": _CR, "blank": _BLANK}
_NONE = {"utf8": "no character of more than one byte", "crlf": "no CR LF", "blank": "no blank line"}


def _at(text: str) -> int | str:
    return count(text) if text[:1].isdigit() else choice(*_PATTERNS, "framing")(text)


def _does(woven: Woven, call: Call) -> None:
    if woven.framing != "chunked":
        raise FaultError("the answer has no HTTP chunks; `drip` writes a body in small pieces")
    where: int | str = call.given["at"]
    if where == "framing":
        woven.framing_apart = True
        return
    if isinstance(where, int):
        if sum(len(piece.data) // where + 1 for piece in woven.pieces) > MOST_PIECES:
            raise FaultError(f"chunks of {where} bytes make more than {MOST_PIECES} of this body")
        _each(woven, where)
        return
    if woven.coding:
        raise FaultError(f"the body is encoded ({woven.coding}): what it splits at is not on the wire")
    marks = [found.end() for found in _PATTERNS[where].finditer(woven.joined)]
    if not marks:
        raise FaultError(f"the body has {_NONE[where]}")
    _cut(woven, marks)


def _each(woven: Woven, size: int) -> None:
    """Every HTTP chunk in chunks of `size` bytes, counted from its own start."""
    marks: list[int] = []
    at, begin, chunk = 0, 0, -1
    for piece in woven.pieces:
        if piece.data and piece.chunk != chunk:
            begin, chunk = at, piece.chunk
        first = begin + ((at - begin) // size + 1) * size
        at += len(piece.data)
        marks += range(first, at, size)
        if at > begin and (at - begin) % size == 0:
            marks.append(at)
    _cut(woven, marks)


def _cut(woven: Woven, marks: Iterable[int]) -> None:
    """HTTP chunks end at `marks` too (offsets in what goes out, rising)."""
    wanted = iter(marks)
    mark = next(wanted, None)
    made: list[Piece] = []
    at, old, new = 0, -1, -1
    for piece in woven.pieces:
        if piece.chunk != old or not made:
            old, new = piece.chunk, woven.new_chunk()
        start, data, begin = piece.start, piece.data, at
        end = at + len(data)
        while mark is not None and mark <= end:
            cut = mark - begin
            if 0 < cut < len(data):
                stop = min(piece.stop, start + cut)
                made.append(piece._replace(data=data[:cut], start=start, stop=stop, chunk=new))
                data, start, begin = data[cut:], stop, mark
                new = woven.new_chunk()
            elif mark == begin:
                new = woven.new_chunk()
            else:
                break  # at the very end of this piece: what follows begins a chunk
            mark = next(wanted, None)
        made.append(piece._replace(data=data, start=start, chunk=new))
        if mark is not None and mark == end:
            new = woven.new_chunk()
            mark = next(wanted, None)
        at = end
    woven.pieces = made


FAULT = Kind(
    name="split",
    family="framing",
    does=_does,
    sees="the same bytes in more HTTP chunks: of N bytes, cut in characters, CR LF, blank lines; or framing in pieces",
    example="split:utf8",
    arguments=(Argument(name="at", shown="N|utf8|crlf|blank|framing", read=_at, needed=True),),
)
