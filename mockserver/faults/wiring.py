"""A woven response as a plan: head, HTTP chunks, framing broken or not, ending. Pure.

Without faults it is the plan that `compile_plan` makes, byte for byte (a test holds both together). Imports `plan`,
`woven` and `cassettes`.
"""

from __future__ import annotations

from itertools import groupby

from cassettes.framing import field_lines, head_bytes, listed
from cassettes.model import Head, Headers
from mockserver.browsers import live
from mockserver.faults.woven import Piece, Woven, size_line
from mockserver.plan import ACTIONS, Action, Asking, Plan, Writing, has_no_body, keeps_alive, live_framing, live_headers

APART_MS = 0.3
"""Between the parts of a chunk's framing that are written one by one."""


def compile_woven(woven: Woven, asking: Asking, extra: Headers = ()) -> Plan:
    """`woven` as it goes onto the wire for a request like `asking`; `extra` headers go last."""
    if woven.http10:
        asking = asking._replace(http10=True)
    out = Writing()
    if woven.stop == "request":
        return out.plan(_broken_action(woven), woven.end_at_ms)
    for one in woven.informational:
        if not asking.http10:
            early = Head(code=one.code, message=one.message, headers=one.headers)
            out.add(one.at_ms, head_bytes(early, one.headers))
    head = woven.head
    if head is None:
        out.add(woven.head_at_ms, woven.partial_head)
        return out.plan(_broken_action(woven), woven.end_at_ms)
    timeline = woven.timeline()
    action: Action = woven.action if woven.action is not None else ACTIONS.get(woven.end.type, "keep")
    if action == "keep" and (woven.length is not None or not keeps_alive(timeline, head, asking)):
        action = "close"
    if _write_head(out, woven, head, asking, extra) and action == "keep":
        action = "close"
    if woven.stop == "headers":
        return out.plan(_broken_action(woven), woven.end_at_ms, head.code)
    if has_no_body(head, asking):
        return out.plan(action, woven.end_at_ms, head.code)
    chunked = live_framing(timeline, asking) == "chunked"
    if chunked:
        _write_chunks(out, woven)
    else:
        for piece in woven.pieces:
            out.add(piece.at_ms, piece.data)
    body_end = out.size if timeline.frames else 0
    if woven.tail:
        out.add(woven.end_at_ms if not timeline.frames else woven.pieces[-1].at_ms, woven.tail)
    if chunked and woven.whole:
        last = woven.bad_last or size_line(0, woven.extension, woven.zeros)
        out.add(woven.end_at_ms, last + field_lines(woven.trailers) + b"\r\n")
    return out.plan(action, woven.end_at_ms, head.code, body_end)


def _broken_action(woven: Woven) -> Action:
    return woven.action or ACTIONS.get(woven.end.type, "close")


def _write_head(out: Writing, woven: Woven, head: Head, asking: Asking, extra: Headers) -> bool:
    """Whether the head, as faults left it, says that the connection closes."""
    shown = Head(http="1.0", code=head.code, message=head.message) if woven.http10 else head
    headers = [*live_headers(woven.timeline(), head, asking), *extra]
    if asking.reader is not None:
        headers = live(headers, asking.reader)
    if woven.length is not None:
        said = str(max(0, woven.length(sum(len(piece.data) for piece in woven.pieces))))
        headers = [(name, said if name.lower() == "content-length" else value) for name, value in headers]
    for edit in woven.header_edits:
        headers = edit(headers)
    data, at = head_bytes(shown, headers), woven.head_at_ms
    first = data.index(b"\r\n") + 2
    if woven.stop == "headers":
        out.add(at, data[:first])
        return False
    if woven.status_line_lead_ms:
        out.add(at - woven.status_line_lead_ms, data[:first])
        data = data[first:]
    step = woven.head_step or len(data)
    for number, start in enumerate(range(0, len(data), step)):
        out.add(at + number * woven.head_every_ms, data[start : start + step])
    return "close" in listed(tuple(headers), "connection")


def _write_chunks(out: Writing, woven: Woven) -> None:
    runs = [list(run) for _, run in groupby((piece for piece in woven.pieces if piece.data), lambda piece: piece.chunk)]
    for number, run in enumerate(runs):
        last = number == len(runs) - 1
        missing = woven.missing if last else 0
        _write_chunk(out, woven, run, missing, opens=last and (missing > 0 or woven.tail is not None))


def _write_chunk(out: Writing, woven: Woven, run: list[Piece], missing: int, *, opens: bool) -> None:
    """One HTTP chunk; with `opens` it is never closed."""
    size = sum(len(piece.data) for piece in run) + missing
    line = woven.bad_sizes.get(run[0].chunk) or size_line(size, woven.extension, woven.zeros)
    for index, piece in enumerate(run):
        end = b"" if opens or index < len(run) - 1 else b"\r\n"
        at = piece.at_ms
        if index == 0 and woven.framing_apart:
            out.add(at, line[:-2])
            out.add(at + APART_MS, line[-2:])
            at += 2 * APART_MS
        elif index == 0:
            out.add(at, line + piece.data + end)
            continue
        out.add(at, piece.data + end)
