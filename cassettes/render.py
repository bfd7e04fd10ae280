"""An interaction as text for people: head, timeline, gaps, text, ending; and two timelines side by side.

Returns strings and plain values, prints nothing, knows no terminal: width, characters and colours are the `Page`.
Whatever comes from a tape is escaped here. May import `model`, `measures`, `axis`, `normalise`
and `printable` of this package.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Any

from cassettes.axis import axis
from cassettes.measures import Comparison, Measures, Percentiles, Texts, compare, measure
from cassettes.model import Ending, Frame, Framing, Interaction, Timeline
from cassettes.normalise import decoded
from cassettes.printable import Kind, Page, clip, count, escape, escape_bytes, milliseconds, pad

_DEFAULT_PAGE = Page()
_FRAMINGS: dict[Framing, str] = {"chunked": "chunked", "length": "Content-Length", "close": "ended by close"}
_ENDINGS = {
    "eof": "ended",
    "cut": "cut",
    "reset": "reset",
    "timeout": "timed out",
    "client_closed": "client left",
    "interrupted": "recorder stopped",
}


def show(
    interaction: Interaction,
    name: str = "",
    *,
    texts: Texts | None = None,
    rows: int = 16,
    page: Page = _DEFAULT_PAGE,
) -> str:
    """The interaction as `tokentape show` prints it. Of many chunks the first and last `rows`/2 are listed."""
    figures = measure(interaction, texts)
    request, timeline = interaction.request, figures.timeline
    title = escape(f"{name}  {request.method} {request.uri}" if name else f"{request.method} {request.uri}")
    lines = [
        page.style("title", title),
        page.row("tape", escape(_origin(interaction))),
        page.row("request", f"{count(len(request.body), 'byte')} of body"),
        *_head(interaction, page),
        page.row("body", _sizes(figures)),
        page.row("TTFT", _firsts(figures)),
    ]
    if figures.gaps:
        lines.append(page.row("gaps", f"{_spread(figures.gaps)}, chunk to chunk"))
    lines.append(page.row("ending", ending_words(timeline), _ending_kind(timeline.end)))
    lines.append(page.row("total", f"{milliseconds(timeline.end_at_ms)} from the last request byte"))
    if timeline.frames:
        lines += ["", *axis([("", timeline)], page), "", *_chunk_rows(figures, rows, page)]
    if figures.text:
        lines += ["", *(f"  {escape(line, keep=chr(9))}" for line in figures.text.split("\n"))]
    return "\n".join(lines) + "\n"


def show_text(interaction: Interaction, texts: Texts) -> str:
    """Only the text that the stream carried, escaped but for line ends and tabs, with a line end behind it."""
    text = escape(measure(interaction, texts).text, keep="\n\t")
    return text if text.endswith("\n") or not text else text + "\n"


def show_asked(interaction: Interaction, name: str) -> str:
    """A heading and what was asked: the body as JSON, indented, else as it stands. Escaped but for line ends."""
    request, response = interaction.request, interaction.response
    head = f"{name} {request.method} {request.uri} -> {response.code} {response.stream.end.type}"
    value = decoded(request.body)
    text = (
        request.body.decode("utf-8", "replace")
        if isinstance(value, bytes)
        else json.dumps(value, ensure_ascii=False, indent=1)
    )
    return escape(head) + "\n" + (escape(text, keep="\n\t").rstrip("\n") + "\n\n" if text else "")


def summary(interaction: Interaction, texts: Texts | None = None) -> dict[str, Any]:
    """The facts of `show` for `--json`: stable keys, times in ms, sizes in bytes, strings not escaped."""
    figures = measure(interaction, texts)
    request, response, timeline = interaction.request, interaction.response, figures.timeline
    stream, end = response.stream, response.stream.end
    return {
        "request": {"method": request.method, "uri": request.uri, "bytes": len(request.body)},
        "status": {"code": response.code, "message": response.message},
        "headers": [list(pair) for pair in response.headers],
        "provider": stream.provider,
        "dialect": stream.dialect,
        "source": stream.source,
        "pacing": stream.pacing,
        "recorded_at": stream.recorded_at,
        "http": stream.http,
        "framing": stream.framing,
        "headers_ms": _rounded(timeline.head_at_ms if timeline.head else None),
        "first_byte_ms": _rounded(figures.first_byte_ms),
        "first_text_ms": _rounded(figures.first_text_ms),
        "total_ms": _rounded(timeline.end_at_ms),
        "bytes": figures.body_bytes,
        "chunks": len(timeline.frames),
        "http_chunks": figures.http_chunks,
        "event_kind": figures.kind,
        "events": len(figures.events),
        "tail_bytes": figures.tail_bytes,
        "gaps_ms": _percentiles_dict(figures.gaps, 1),
        "text": figures.text,
        "end": {
            "type": end.type,
            "at": end.at,
            "gap_ms": _rounded(end.gap_ms),
            "missing": end.missing,
            "words": ending_words(timeline),
        },
    }


def ending_words(timeline: Timeline) -> str:
    """How it ended, as in `reset 250.5 ms after the last byte, 117 bytes of the open chunk missing`."""
    end = timeline.end
    words = f"{_ENDINGS[end.type]} {milliseconds(end.gap_ms)} after {_anchor(timeline)}"
    if end.missing:
        whole = "the Content-Length" if timeline.framing == "length" else "the open chunk"
        words += f", {count(end.missing, 'byte')} of {whole} missing"
    elif end.type == "cut" and end.at == "body" and timeline.framing == "chunked":
        words += ", the last-chunk never came"
    if end.client_left_ms is not None:
        words += f"; the client had left at {milliseconds(end.client_left_ms)}"
    return words


def side_by_side(
    wanted: Timeline,
    got: Timeline,
    names: tuple[str, str] = ("tape", "replay"),
    *,
    rows: int = 24,
    page: Page = _DEFAULT_PAGE,
) -> str:
    """Two timelines next to each other, chunk by chunk and on one axis, then what differs between them."""
    left, right = (clip(escape(name), 24) for name in names)
    lines = [
        *_two_columns(wanted, got, (left, right), rows, page),
        "",
        *axis([(left, wanted), (right, got)], page),
        "",
        *_verdict(compare(wanted, got), wanted, got, page),
    ]
    return "\n".join(lines) + "\n"


def comparison_summary(held: Comparison) -> dict[str, Any]:
    """The figures of a comparison for `--json`: stable keys, ms and bytes."""
    return {
        "bytes": {"wanted": held.bytes_wanted, "got": held.bytes_got, "first_difference": held.first_difference},
        "same_bytes": held.same_bytes,
        "same_chunks": held.same_chunks,
        "same_ending": held.same_ending,
        "head_error_ms": _rounded(held.head_error_ms, 3),
        "gap_error_ms": _percentiles_dict(held.gap_errors, 3),
        "offset_error_ms": _percentiles_dict(held.offset_errors, 3),
        "drift_ms": _rounded(held.drift_ms, 3),
    }


def _anchor(timeline: Timeline) -> str:
    if timeline.end.at == "request":
        return "the request, before any byte of a head"
    if timeline.end.at == "head":
        return f"the last byte of an unfinished head ({count(len(timeline.partial_head), 'byte')})"
    return "the last byte" if timeline.frames else "the head, before any byte of the body"


def _ending_kind(end: Ending) -> Kind:
    return "good" if end.type == "eof" else "bad"


def _origin(interaction: Interaction) -> str:
    stream = interaction.response.stream
    words = f"{stream.source} {stream.recorded_at}" if stream.recorded_at else stream.source
    pacing = ", synthetic pacing" if stream.pacing == "synthetic" and stream.source != "synthetic" else ""
    return f"{stream.provider}, dialect {stream.dialect}, {words}{pacing}"


def _head(interaction: Interaction, page: Page) -> list[str]:
    response, stream = interaction.response, interaction.response.stream
    lines = [
        page.row("1xx", escape(f"{early.code} {early.message} after {milliseconds(early.at_ms)}"))
        for early in stream.informational
    ]
    if stream.end.at == "request":
        return [*lines, page.row("response", "none")]
    if stream.end.at == "head":
        return [*lines, page.row("response", f"unfinished: {escape_bytes(stream.head or b'')}")]
    lines.append(
        page.row(
            "response", escape(f"{response.code} {response.message}, HTTP/{stream.http} {_FRAMINGS[stream.framing]}")
        )
    )
    lines += [page.row("", escape(f"{name}: {value}"), "dim") for name, value in response.headers]
    lines += [page.row("trailer", escape(f"{name}: {value}"), "dim") for name, value in stream.trailers]
    return lines


def _sizes(figures: Measures) -> str:
    chunks = len(figures.timeline.frames)
    words = f"{count(figures.body_bytes, 'byte')}, {count(chunks, 'chunk')}"
    if figures.http_chunks != chunks:
        words += f" ({figures.http_chunks:,} of HTTP)"
    if figures.kind != "none":
        words += f", {count(len(figures.events), f'{figures.kind} event')}"
        if figures.tail_bytes:
            words += f", {count(figures.tail_bytes, 'byte')} behind the last"
    return words


def _firsts(figures: Measures) -> str:
    """Times to the head, the first byte and the first text, from the last request byte."""
    places = [
        ("head", figures.timeline.head_at_ms if figures.timeline.head else None),
        ("first byte", figures.first_byte_ms),
        ("first text", figures.first_text_ms),
    ]
    return ", ".join(f"{name} {milliseconds(at_ms)}" for name, at_ms in places if at_ms is not None) or "none"


def _chunk_rows(figures: Measures, rows: int, page: Page) -> list[str]:
    """Offset, gap and size of chunks, with the text of the events that each completed, else its first bytes."""
    frames, gaps = figures.timeline.frames, _gaps(figures.timeline)
    ends = list(accumulate(len(frame.data) for frame in frames))
    texts: dict[int, str] = {}
    for event in figures.events:
        if event.text:
            chunk = bisect_left(ends, event.end)
            texts[chunk] = texts.get(chunk, "") + event.text
    lines = [page.style("label", f"  {'at ms':>10} {'gap ms':>9} {'bytes':>7}   text or first bytes")]
    for number in _listed(len(frames), rows):
        if number is None:
            lines.append(page.style("dim", f"  {_left_out(len(frames), rows)}"))
            continue
        frame = frames[number]
        facts = f"  {frame.at_ms:>10,.1f} {gaps[number]:>9,.1f} {len(frame.data):>7,}{'+' if frame.more else ' '}  "
        words = f'"{escape(texts[number])}"' if number in texts else escape_bytes(frame.data[: page.width])
        lines.append(facts + page.style("dim", page.clip(words, page.width - len(facts))))
    return lines


def _listed(number: int, rows: int) -> Iterable[int | None]:
    """Numbers of the chunks to list, with None where some are left out."""
    half = max(1, rows // 2)
    return range(number) if number <= 2 * half + 1 else [*range(half), None, *range(number - half, number)]


def _left_out(number: int, rows: int) -> str:
    return f"({count(number - 2 * max(1, rows // 2), 'chunk')} not listed)"


def _two_columns(wanted: Timeline, got: Timeline, names: tuple[str, str], rows: int, page: Page) -> list[str]:
    """A row per chunk: offset, a bar for its gap, its size, in both; then how far the gap is off."""
    width = max(30, (page.width - 12) // 2)
    gaps = _gaps(wanted), _gaps(got)
    longest = max([1.0, *gaps[0], *gaps[1]])
    heads = "".join(pad(f"  {name:>9}", width) for name in names)
    lines = [page.style("label", f"{heads}{'gap error':>12}")]
    number_of_rows = max(len(wanted.frames), len(got.frames))
    for number in _listed(number_of_rows, rows):
        if number is None:
            lines.append(page.style("dim", f"  {_left_out(number_of_rows, rows)}"))
            continue
        cells = [
            _cell(line.frames[number], of_line[number] / longest, width, page)
            if number < len(line.frames)
            else " " * width
            for line, of_line in zip((wanted, got), gaps, strict=True)
        ]
        both = number < min(len(wanted.frames), len(got.frames))
        error = f"{gaps[1][number] - gaps[0][number]:+.2f} ms" if both else ""
        lines.append("".join(cells) + page.style("dim", f"{error:>12}"))
    return lines


def _cell(frame: Frame, share: float, width: int, page: Page) -> str:
    room = width - 22
    bar = ("#" if page.ascii_only else "█") * round(room * share)
    return f"  {frame.at_ms:>9,.1f} {page.style('bar', pad(bar, room))}{len(frame.data):>8,} B"


def _verdict(held: Comparison, wanted: Timeline, got: Timeline, page: Page) -> list[str]:
    sizes = (
        f"{count(held.bytes_wanted, 'byte')}, all equal"
        if held.first_difference is None
        else f"{held.bytes_wanted:,} and {held.bytes_got:,}, different from byte {held.first_difference:,} on"
    )
    edges = (
        f"{count(len(wanted.frames), 'chunk')}, same edges"
        if held.same_chunks
        else f"{len(wanted.frames):,} and {len(got.frames):,}, other edges"
    )
    endings = ending_words(wanted) if held.same_ending else f"{ending_words(wanted)} / {ending_words(got)}"
    lines = [
        page.row("bytes", sizes, "good" if held.same_bytes else "bad"),
        page.row("chunks", edges, "good" if held.same_chunks else "bad"),
    ]
    if held.gap_errors:
        lines.append(page.row("gap error", _spread(held.gap_errors, fine=True)))
    if held.drift_ms is not None:
        lines.append(page.row("drift", f"{held.drift_ms:+.2f} ms from the first chunk to the last"))
    return [*lines, page.row("ending", endings, "good" if held.same_ending else "bad")]


def _gaps(timeline: Timeline) -> list[float]:
    offsets = [timeline.head_at_ms, *(frame.at_ms for frame in timeline.frames)]
    return [later - earlier for earlier, later in pairwise(offsets)]


def _spread(values: Percentiles, fine: bool = False) -> str:
    high, digits = (("p99", values.p99), 2) if fine else (("p90", values.p90), 1)
    places = [("p50", values.p50), high, ("max", values.max)]
    return ", ".join(f"{name} {milliseconds(value, digits)}" for name, value in places)


def _percentiles_dict(values: Percentiles | None, digits: int) -> dict[str, float] | None:
    return {name: round(value, digits) for name, value in values._asdict().items()} if values else None


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
