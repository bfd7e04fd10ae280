"""The text of `stream.chunks` <-> chunks: one line is "<gap_ms> <size>[+]" (DESIGN 4, `chunks`).

Sizes and gaps only; the YAML around the text is `cassettes.yamlread` and `cassettes.yamlwrite`.
May import `cassettes.model` and `cassettes.events`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from functools import partial
from itertools import accumulate, pairwise

from cassettes.events import event_ends
from cassettes.model import CassetteError, Chunk, EventKind, Framing, TokentapeError

# Digits are bounded so that no line makes int() or float() slow, raise, or return infinity.
_LINE = re.compile(r"[ \t]*([0-9]{1,12}(?:\.[0-9]{1,9})?)[ \t]+(?:([0-9]{1,15})([eb])|\*)(\+?)(?:[ \t]+#.*|[ \t]*)")
_IDLE = re.compile(r"[ \t]*(?:#.*)?")
_OURS = re.compile(r"^([0-9]{1,12}(?:\.[0-9]{1,9})?) ([0-9]{1,15})([eb])(\+?)$", re.MULTILINE)
"""A line as `format_chunks` writes it, but for `*`."""
_SIZED = re.compile(r"[ \t]*([^ \t#]+)[ \t]+((?:[0-9]{1,15}[eb]|\*)\+?(?:[ \t]+#.*|[ \t]*))")
_GAP = re.compile(r"[ \t]*([0-9]{1,12}(?:\.[0-9]{1,9})?)(?![^ \t])")
_GRAMMAR = "\"<gap_ms> <size>\", a size being 2e (events), 151b (bytes) or * (the rest), then '+' or nothing"
_SHOWN = 60
_CHUNK = partial(tuple.__new__, Chunk)  # a third of the cost of Chunk(...), which shows at 10,000 lines


class _Misfit(Exception):  # noqa: N818 - never leaves this module
    """A line that cannot be placed. `text_only`: wrong as text, whatever the body."""

    def __init__(self, reason: str, text_only: bool) -> None:
        super().__init__(reason)
        self.text_only = text_only


class _Cursor:
    """A place in a body and among its events: both only ever move forward, so a whole tape costs one pass."""

    __slots__ = ("at", "edge", "ends", "kind", "passed", "total")

    def __init__(self, text: str, body: bytes, kind: EventKind) -> None:
        # The scan for events costs a pass over the body: tapes whose lines all count bytes go without.
        self.ends = event_ends(body, kind) if "e" in text else []
        self.kind = kind
        self.total = len(body)
        self.at = self.edge = self.passed = 0
        """Offset, end of the last event at or before it, and the number of events that ended."""

    def size(self, number: str | None, unit: str | None) -> int:
        """Bytes that "<number><unit>" (None: `*`) takes from here. Raises _Misfit."""
        if unit == "e":
            last = self.passed + int(number or 0) - 1
            if self.passed <= last < len(self.ends) and self.at == self.edge:
                return self.ends[last] - self.at
        else:
            left = self.total - self.at
            size = left if number is None else int(number)
            if 0 < size <= left:
                return size
        raise _Misfit(*self._why(number, unit))

    def _why(self, number: str | None, unit: str | None) -> tuple[str, bool]:
        """Why "<number><unit>" cannot be placed here, and whether that is so in any body."""
        if number is None:
            return f"found *, but no byte of the body's {self.total} is left", False
        if not int(number):
            return f"found the size {number}{unit}, expected more than 0", True
        if unit == "b":
            return f"found {number}b, but {self.total - self.at} of the body's {self.total} bytes are left", False
        if self.kind == "none":
            return f"found {number}e, but this body has no events: sizes must be bytes (or set `events: sse`)", False
        if self.at != self.edge:
            return f"found {number}e, but byte {self.at} is {self.at - self.edge} bytes into an event", False
        return f"found {number}e, but {len(self.ends) - self.passed} of {len(self.ends)} events are left", False

    def take(self, number: str | None, unit: str | None) -> int:
        """`size`, and move on by it."""
        size = self.size(number, unit)
        if unit == "e":
            self.passed += int(number or 0)
            self.at = self.edge = self.at + size
        else:
            self.skip(size)
        return size

    def skip(self, size: int) -> None:
        """Move on by `size` bytes."""
        self.at += size
        ends, passed = self.ends, self.passed
        while passed < len(ends) and ends[passed] <= self.at:
            passed += 1
        if passed > self.passed:
            self.edge, self.passed = ends[passed - 1], passed


def parse_chunks(
    text: str, body: bytes, kind: EventKind, *, framing: Framing, missing: int, line_of: Callable[[int], str]
) -> tuple[Chunk, ...]:
    """The chunks that `text` divides `body` into.

    `kind` is how the body divides into events, `missing` is `end.missing` in bytes. `line_of` turns the index of a line
    of `text` into "file:line". Raises CassetteError at the first wrong line: malformed, or sizes that do not cover the
    body exactly.
    """
    if (chunks := _quickly(text, body, kind)) is not None:
        try:
            return _runs(chunks, framing, missing)
        except _Misfit as misfit:
            raise _error(misfit, line_of(len(chunks) - 1)) from None
    return _carefully(text, _Cursor(text, body, kind), framing, missing, line_of)


def _quickly(text: str, body: bytes, kind: EventKind) -> list[Chunk] | None:
    """The chunks, if all lines are as we write them, all of one unit, and cover `body`: most tapes are, and with 10,000
    lines it shows. None sends them the careful way, which finds what is wrong."""
    found = _OURS.findall(text)
    if not found or len(found) != text.rstrip("\n").count("\n") + 1:
        return None
    gaps, numbers, units, pluses = zip(*found, strict=True)
    if len(set(units)) > 1:
        return None
    sizes = list(map(int, numbers))
    if units[0] == "e":
        ends = [0, *event_ends(body, kind)]
        passed = list(accumulate(sizes))
        if passed[-1] >= len(ends):
            return None
        places = [ends[count] for count in passed]
        sizes = [end - start for start, end in zip([0, *places], places, strict=False)]
    if min(sizes) <= 0 or sum(sizes) != len(body):
        return None
    return list(map(_CHUNK, zip(map(float, gaps), sizes, map(bool, pluses), strict=True)))


def _carefully(
    text: str, cursor: _Cursor, framing: Framing, missing: int, line_of: Callable[[int], str]
) -> tuple[Chunk, ...]:
    """The chunks, line by line. Raises CassetteError at the first that is wrong."""
    rows: list[tuple[float, int, bool]] = []
    index, last, rest_at = 0, 0, -1
    try:
        for index, line in enumerate(text.split("\n")):
            found = _LINE.fullmatch(line)
            if found is None:
                _expect_idle(line)
                continue
            if rest_at >= 0:
                index = rest_at  # noqa: PLW2901 - the line to blame is the one with the *
                raise _Misfit("found * above other lines, expected it on the last line only", True)
            gap, number, unit, more = found.groups()
            rows.append((float(gap), cursor.take(number, unit), more == "+"))
            last, rest_at = index, index if number is None else -1
        index = last
        if cursor.at != cursor.total:
            raise _Misfit(f"the sizes up to here make {cursor.at} bytes, expected the body's {cursor.total}", False)
        return _runs(list(map(_CHUNK, rows)), framing, missing)
    except _Misfit as misfit:
        raise _error(misfit, line_of(index)) from None


def _expect_idle(line: str) -> None:
    if not _IDLE.fullmatch(line):
        shown = line.strip()
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
        raise _Misfit(f"found {shown!r}, expected {_GRAMMAR}", True)


def _runs(chunks: list[Chunk], framing: Framing, missing: int) -> tuple[Chunk, ...]:
    """`chunks` with their `+` checked; framings without HTTP chunks have no runs, their `+` is dropped."""
    if framing != "chunked":
        return tuple(chunk._replace(more=False) if chunk.more else chunk for chunk in chunks)
    if chunks and chunks[-1].more != (missing > 0):
        found, expected = ("'+'", "none") if chunks[-1].more else ("no '+'", "one")
        raise _Misfit(f"found {found} on the last line, expected {expected} because end.missing is {missing}", False)
    return tuple(chunks)


def _error(misfit: _Misfit, place: str) -> CassetteError:
    repair = f"`tokentape edit --fix-sizes {shlex.quote(place.rpartition(':')[0])}` repairs it"
    cause = repair if misfit.text_only else f"a formatter may have edited the tape; {repair}"
    return CassetteError(f"chunks: {misfit}; {cause}", place)


def fix_chunks(
    text: str, body: bytes, kind: EventKind, *, framing: Framing, missing: int
) -> tuple[tuple[Chunk, ...], tuple[str, ...]]:
    """The chunks that come nearest to `text` and cover `body`, and what was mended, a phrase each ("line 3: …").

    Lines that fit are kept. A line that counts events but starts inside one makes the line before it end at the nearest
    event edge; too large a size is cut to what is left; lines that still cannot be placed are dropped, their gap passes
    to the next one; bytes left over make a last line. The last `+` follows `missing` (bytes). Never raises.
    """
    cursor = _Cursor(text, body, kind)
    chunks: list[Chunk] = []
    mended: list[str] = []
    waited = 0.0
    for index, line in enumerate(text.split("\n"), 1):
        found = _LINE.fullmatch(line)
        if found is None and (sized := _SIZED.fullmatch(line)) is not None:
            # The size says where the boundary is; a gap that is no number must not move it.
            mended.append(f"line {index}: the gap {sized[1][:20]!r} is no number of ms, taken as 0")
            found = _LINE.fullmatch(f"0 {sized[2]}")
        if found is None:
            if not _IDLE.fullmatch(line):
                gap_only = _GAP.match(line)
                waited += float(gap_only[1]) if gap_only else 0.0
                mended.append(f"line {index}: dropped, it is no chunk")
            continue
        gap, number, unit, more = found.groups()
        if unit == "e" and cursor.at != cursor.edge:
            _resume_at_edge(cursor, chunks, mended, index)
        size = _nearest_size(cursor, number, unit)
        if not size:
            waited += float(gap)
            mended.append(f"line {index}: dropped, no bytes are left for it")
            continue
        if not _fits(cursor, number, unit):
            mended.append(f"line {index}: now {size} bytes")
        cursor.skip(size)
        chunks.append(Chunk(waited + float(gap), size, more == "+"))
        waited = 0.0
    if cursor.at < cursor.total:
        chunks.append(Chunk(waited, cursor.total - cursor.at))
        mended.append(f"added a last line for the {chunks[-1].size} bytes left over")
    return _closed(chunks, framing, missing, mended), tuple(mended)


def _resume_at_edge(cursor: _Cursor, chunks: list[Chunk], mended: list[str], index: int) -> None:
    """Make the chunk before `index` end at the event edge nearest to it: its bytes were edited, its purpose was not."""
    back = cursor.at - cursor.edge
    ahead = cursor.ends[cursor.passed] - cursor.at if cursor.passed < len(cursor.ends) else cursor.total
    shift = -back if back <= ahead and chunks[-1].size > back else ahead
    if cursor.at + shift > cursor.total:
        return
    chunks[-1] = chunks[-1]._replace(size=chunks[-1].size + shift)
    if shift > 0:
        cursor.skip(shift)
    else:
        cursor.at = cursor.edge
    mended.append(f"the chunk before line {index}: now {chunks[-1].size} bytes, to end where an event does")


def _nearest_size(cursor: _Cursor, number: str | None, unit: str | None) -> int:
    """The size that "<number><unit>" asks for, cut to what is left; 0 if nothing can be given."""
    left = cursor.total - cursor.at
    if number is None:
        return left
    if unit == "b":
        return min(int(number), left)
    events = min(int(number), len(cursor.ends) - cursor.passed)
    return cursor.ends[cursor.passed + events - 1] - cursor.at if events else 0


def _fits(cursor: _Cursor, number: str | None, unit: str | None) -> bool:
    try:
        cursor.size(number, unit)
    except _Misfit:
        return False
    return True


def _closed(chunks: list[Chunk], framing: Framing, missing: int, mended: list[str]) -> tuple[Chunk, ...]:
    """`chunks` with the last `+` as `missing` asks."""
    if framing != "chunked":
        return tuple(chunk._replace(more=False) for chunk in chunks)
    if chunks and chunks[-1].more != (missing > 0):
        chunks[-1] = chunks[-1]._replace(more=missing > 0)
        mended.append(f"the last line: {'added' if missing else 'removed'} '+'")
    return tuple(chunks)


def tenths(ms: float) -> int:
    """`ms` as a whole number of 0.1 ms, the resolution of a tape. Raises TokentapeError for times that are none."""
    if not 0 <= ms < 1e12:
        raise TokentapeError(f"cannot write the time {ms!r} ms: expected 0 or more, below 1e12")
    return round(ms * 10)


def rounded(chunks: Iterable[Chunk], start_ms: float = 0.0) -> tuple[Chunk, ...]:
    """`chunks` with the gaps a tape holds: differences of offsets rounded to 0.1 ms, so that errors never add up.

    `start_ms` is the offset that the first gap counts from (the end of the head).
    """
    chunks = tuple(chunks)
    offsets = [tenths(ms) for ms in accumulate((chunk.gap_ms for chunk in chunks), initial=start_ms)]
    gaps = ((after - before) / 10 for before, after in pairwise(offsets))
    return tuple(map(_CHUNK, ((gap, chunk.size, chunk.more) for gap, chunk in zip(gaps, chunks, strict=True))))


def format_chunks(chunks: Iterable[Chunk], body: bytes, kind: EventKind, *, start_ms: float = 0.0) -> str:
    """The text of `chunks`, a line each, for a tape: whole events where a chunk starts and ends on event edges.

    Raises TokentapeError when the sizes do not add up to `body`.
    """
    edges = {0: 0} | {end: count for count, end in enumerate(event_ends(body, kind), 1)}
    lines: list[str] = []
    at = 0
    first: int | None = 0
    for gap_ms, size, more in rounded(chunks, start_ms):
        at += size
        after = edges.get(at)
        sized = f"{size}b" if first is None or after is None else f"{after - first}e"
        lines.append(f"{gap_ms:.1f}".removesuffix(".0") + f" {sized}{'+' if more else ''}\n")
        first = after
    if at != len(body):
        raise TokentapeError(f"cannot write chunks of {at} bytes for a body of {len(body)} bytes")
    return "".join(lines)
