"""`bad-chunk-size`: no number where a chunk size is due. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.grammar import FaultError
from mockserver.faults.kinds import Argument, Call, Kind, field_text
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    if woven.framing != "chunked":
        raise FaultError("the answer has no HTTP chunks")
    line = call.given["text"].encode() + b"\r\n"
    index = woven.edge(call.spot.at)
    behind = next((piece for piece in woven.pieces[index:] if piece.data), None)
    if behind is None:
        woven.bad_last = line
        return
    # The rest of a chunk that is under way becomes a chunk of its own: the bad size stands at the place.
    chunk = woven.new_chunk()
    for number in range(index, len(woven.pieces)):
        piece = woven.pieces[number]
        if piece.chunk != behind.chunk and piece.data:
            break
        woven.pieces[number] = piece._replace(chunk=chunk)
    woven.bad_sizes[chunk] = line


FAULT = Kind(
    name="bad-chunk-size",
    family="framing",
    does=_does,
    sees="`zz` (or TEXT) where the size of the chunk at the place is due, then that chunk and the rest",
    example="bad-chunk-size@3e",
    place="must",
    arguments=(Argument(name="text", shown="TEXT", read=field_text, default="zz"),),
)
