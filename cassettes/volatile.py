"""What in a text changes from run to run: dates, times, epochs, UUIDs, temporary paths, generated call ids.

Each kind has a finder that is anchored on a rare literal, so that a megabyte of prose costs milliseconds: `re` looks
for a literal at memory speed, and for an alternation of many beginnings at a tenth of it. Texts are UTF-8 bytes; 0xff,
which is in no UTF-8, parts the strings of one request from each other and is never part of a finding. Pure.
May import the standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

PARTING: Final = b"\xff"
"""Between the strings of one request."""


class Volatile(NamedTuple):
    """Bytes `start` to `end` are a value of that `kind` (`date`, `time`, `epoch`, `uuid`, `tmp`, `call`)."""

    start: int
    end: int
    kind: str


class Names:
    """The names given in one request: `<date-1>`, `<date-2>`, `<uuid-1>`… in the order of first appearance, so that
    equal values stay equal and different ones different."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, object], str] = {}
        self._counts: dict[str, int] = {}

    def of(self, kind: str, value: object) -> str:
        """The name of a value."""
        name = self._given.get((kind, value))
        if name is None:
            count = self._counts[kind] = self._counts.get(kind, 0) + 1
            name = self._given[kind, value] = f"<{kind}-{count}>"
        return name


CLOCKED = re.compile(rb"<(date|time|epoch)-[0-9]+>")
"""Names of what a clock says. Two readings of one clock may be equal in one run and differ in the next."""


def unclocked(text: bytes) -> bytes:
    """`text`, in which names were given, with the numbers of what a clock says taken away."""
    return CLOCKED.sub(rb"<\1>", text) if b"<" in text else text


def find(text: bytes) -> list[Volatile]:
    """The volatile values in `text`, in order. Of two that overlap the first counts, of equal starts the longer."""
    found = [one for finder in _FINDERS for one in finder(text)]
    found.sort(key=lambda one: (one.start, -one.end))
    kept: list[Volatile] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def renamed(text: bytes, found: list[Volatile], names: Names) -> bytes:
    """`text` with what was found replaced by names."""
    parts: list[bytes] = []
    done = 0
    for start, end, kind in found:
        parts += (text[done:start], names.of(kind, text[start:end]).encode())
        done = end
    return b"".join((*parts, text[done:]))


# Where a value may begin: not inside a word; but `\n` and its likes, as JSON within a string spells them, are no word.
def _begins(literal: str, more: str = "") -> bytes:
    return rf"(?:(?<![0-9A-Za-z{more}]{literal})|(?<=\\[nrt]{literal}))".encode()


_ENDS = rb"(?![0-9A-Za-z])"
_HEX = rb"[0-9A-Fa-f]"
_DAY = rb"(?:0[1-9]|[12][0-9]|3[01])"
_MONTH = rb"(?:0[1-9]|1[0-2])"
_CLOCK = (
    rb"[0-2]?[0-9](?::[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?|[-_]?[0-5][0-9][-_]?[0-5][0-9](?:[.,][0-9]{1,9})?)"
    rb"(?: ?(?:[AaPp]\.?[Mm]\b\.?))?(?: ?(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?"
)
_WEEKDAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:s?day|nesday|r?sday|urday)?"
_KOREAN_WEEKDAY = "(?:월|화|수|목|금|토|일)(?:요일)?".encode()
_THEN = (
    rb"(?:,? ?\(?" + _WEEKDAY + rb"\b\)?| ?\(" + _KOREAN_WEEKDAY + rb"\)| " + _KOREAN_WEEKDAY + rb")?"
    rb"(?:(?:[T_-]|,? (?:at )?)" + _CLOCK + rb")?"
)
_YEAR = rb"20" + _begins("20") + rb"[0-9]{2}"
_STAMP = _MONTH + _DAY + rb"[0-2][0-9][0-5][0-9][0-5][0-9]"
_WRITTEN_OUT = (
    rb"(?:\xeb\x85\x84|\xe5\xb9\xb4) ?[01]?[0-9](?:\xec\x9b\x94|\xe6\x9c\x88) ?[0-3]?[0-9](?:\xec\x9d\xbc|\xe6\x97\xa5)"
)
_DATE = re.compile(
    _YEAR
    + rb"(?:"
    + rb"|".join((*(mark + _MONTH + mark + _DAY for mark in (b"-", b"/", rb"\.", b"")), _STAMP, _WRITTEN_OUT))
    + rb")"
    + _THEN
    + _ENDS
)
_WEEKDAY_BEFORE = re.compile(rb"(?<![0-9A-Za-z])" + _WEEKDAY + rb",? \Z")
_NAMED_YEAR = re.compile(rb"20(?<=[ ,]20)[0-9]{2}" + _THEN + _ENDS)
_MONTH_NAME = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_ORDINAL = rb"[0-3]?[0-9](?:st|nd|rd|th)?"
_NAMED_BEFORE = re.compile(
    rb"(?:(?<![0-9A-Za-z])|(?<=\\[nrt]))(?:" + _WEEKDAY + rb",? (?:the )?)?"
    rb"(?:" + _MONTH_NAME + rb" {1,2}" + _ORDINAL + rb",?(?: " + _CLOCK + rb")?(?: [A-Z]{3,4})?|"
    + _ORDINAL + rb" (?:of )?" + _MONTH_NAME + rb",?) \Z"
)  # fmt: skip
_TIME = re.compile(
    rb":(?<=[0-2][0-9]:)" + _begins("[0-9]{2}:", ":.") + rb"[0-5][0-9]:[0-5][0-9](?:[.,][0-9]{1,9})?"
    rb"(?: ?[AaPp][Mm]|Z| UTC)?(?![0-9A-Za-z:])"
)
_EPOCH = re.compile(
    rb"1" + _begins("1", ".+") + rb"[5-9][0-9]{8}(?:[0-9]{3}){0,3}(?:\.[0-9]{1,9})?(?![0-9A-Za-z])(?!\.[0-9])"
)
_UUID = re.compile(
    rb"-(?<=%b{8}-)%b(?:%b{4}-){3}%b{12}%b" % (_HEX, _begins("[0-9A-Fa-f]{8}-"), _HEX, _HEX, _ENDS)
)  # fmt: skip
_LOOKED_BACK: Final = 64  # bytes before an anchor that can belong to its value


def _dates(text: bytes) -> Iterator[Volatile]:
    for found in _DATE.finditer(text):
        before = _WEEKDAY_BEFORE.search(text[max(0, found.start() - 16) : found.start()])
        start = found.start() - (len(before[0]) if before else 0)
        yield Volatile(start, found.end(), "date")
    for found in _NAMED_YEAR.finditer(text):
        before = _NAMED_BEFORE.search(text[max(0, found.start() - _LOOKED_BACK) : found.start()])
        if before:
            yield Volatile(found.start() - len(before[0]), found.end(), "date")


def _times(text: bytes) -> Iterator[Volatile]:
    return (Volatile(found.start() - 2, found.end(), "time") for found in _TIME.finditer(text))


def _epochs(text: bytes) -> Iterator[Volatile]:
    return (Volatile(found.start(), found.end(), "epoch") for found in _EPOCH.finditer(text))


def _uuids(text: bytes) -> Iterator[Volatile]:
    return (Volatile(found.start() - 8, found.end(), "uuid") for found in _UUID.finditer(text))


_BARE_UUID = re.compile(rb"(?:(?<![0-9A-Za-z])|(?<=\\[nrt]))[0-9A-Fa-f]{32}" + _ENDS)
_HEX_RUN = re.compile(rb"h+")
_HEX_CLASS = bytes(ord("h") if byte in b"0123456789abcdefABCDEF" else ord(".") for byte in range(256))


def _bare_uuids(text: bytes) -> Iterator[Volatile]:
    """`uuid4().hex`: found as a run of a class of characters, since hexadecimal digits are a quarter of any prose."""
    classes, wanted, at = text.translate(_HEX_CLASS), b"h" * 32, 0
    while (at := classes.find(wanted, at)) >= 0:
        run = _HEX_RUN.match(classes, at)
        end = run.end() if run else at + 32
        start = end - 32
        if (start == at or text[at - 1 : at] == b"\\") and (one := _BARE_UUID.match(text, start)):
            yield Volatile(one.start(), one.end(), "uuid")
        at = end


_CALL_NAMES: Final = ("call", "toolu", "fc", "msg", "resp", "rs", "ws", "ctc", "mcp", "fs", "ci", "cu", "ig")
_CALL = re.compile(
    b"_(?:%b)(?=[a-z_-]{0,40}[0-9A-Z])[A-Za-z0-9_-]{8,}" % b"|".join(rf"(?<={name}_)".encode() for name in _CALL_NAMES)
)
_CALL_BEFORE = re.compile(
    rf"(?:(?<![0-9A-Za-z_])|(?<=\\[nrt]))(?:srv)?(?:{'|'.join(_CALL_NAMES)})\Z".encode()
)  # fmt: skip
_COMPLETION = re.compile(rb"chatcmpl-" + _begins("chatcmpl-") + rb"(?=[a-z_-]{0,40}[0-9A-Z])[A-Za-z0-9_-]{8,}")


def _calls(text: bytes) -> Iterator[Volatile]:
    for found in _CALL.finditer(text):
        if before := _CALL_BEFORE.search(text[max(0, found.start() - 12) : found.start()]):
            yield Volatile(found.start() - len(before[0]), found.end(), "call")
    for found in _COMPLETION.finditer(text):
        yield Volatile(found.start(), found.end(), "call")


_SEGMENT = rb"[^\s/\\\"'`<>|:*?,;()\[\]{}\xff]{1,255}"
_SLASH = rb"(?:\\{1,8}|/)"
_TMP = re.compile(
    rb"/tmp/(?:%b|(?<=/private/tmp/)|(?<=/var/tmp/))(?P<name>%b)" % (_begins("/tmp/", "._~-"), _SEGMENT)
)  # fmt: skip
_FOLDERS = re.compile(rb"/var/folders/" + _SEGMENT + rb"/" + _SEGMENT + rb"/T/(?P<name>" + _SEGMENT + rb")")
_WINDOWS = re.compile(rb"Temp(?<=[\\/]Temp)" + _SLASH + rb"(?P<name>" + _SEGMENT + rb")")
_WINDOWS_BEFORE = re.compile(
    rb"(?:[A-Za-z]:" + _SLASH + rb")?(?:(?:Users" + _SLASH + rb"[^\\/\xff]+" + _SLASH + rb")?"
    rb"AppData" + _SLASH + rb"Local|Windows)" + _SLASH + rb"\Z"
)  # fmt: skip
_PYTEST = re.compile(rb"pytest-of-[^/\\\s\xff]{1,64}" + _SLASH + rb"pytest-(?:[0-9]+|current)")
_GENERATED = re.compile(rb"te?mp[._-]?[A-Za-z0-9_]{6,}|(?:.*[-_.])?(?=[A-Za-z_]*[0-9])[A-Za-z0-9_]{8,}")


def _paths(text: bytes) -> Iterator[Volatile]:
    for pattern in (_TMP, _FOLDERS, _WINDOWS):
        for found in pattern.finditer(text):
            start = found.start()
            for before in (b"/private", b"/var"):
                if text.endswith(before, max(0, start - len(before)), start):
                    start -= len(before)
            if pattern is _WINDOWS:
                place = _WINDOWS_BEFORE.search(text[max(0, start - _LOOKED_BACK) : start])
                start -= len(place[0]) if place else 0
                if not place:
                    continue
            if end := _temporary_until(text, found):
                yield Volatile(start, end, "tmp")
    for found in _PYTEST.finditer(text):
        yield Volatile(found.start(), found.end(), "tmp")


def _temporary_until(text: bytes, found: re.Match[bytes]) -> int:
    """Where the generated part of a path ends that names something in a folder for temporary files; 0 if its name is
    one that somebody gave (`/tmp/notes.txt`). What stands below a generated folder keeps its name."""
    begin = found.start("name")
    if tests := _PYTEST.match(text, begin):
        return tests.end()
    name = found["name"].rstrip(b".!")
    end = begin + len(name)
    if text[end : end + 1] in (b"/", b"\\"):
        return end
    stem, dot, suffix = name.rpartition(b".")
    if not stem or not suffix.isalnum() or len(suffix) > 5:
        return end
    return begin + len(stem) if dot and _GENERATED.fullmatch(stem) else 0


_FINDERS: Final[tuple[Callable[[bytes], Iterator[Volatile]], ...]] = (
    _dates,
    _times,
    _epochs,
    _uuids,
    _bare_uuids,
    _calls,
    _paths,
)
