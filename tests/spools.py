"""Spool files under test: one with everything in it, and what must be true of any that is read."""

from cassettes.model import CassetteError, Ending, Head, Request
from recorder.spool import meta_of, read

REQUEST = Request("POST", "https://api.openai.com/v1/chat/completions", (("a", "b"),), b'{"model": "m"}')
HEAD = Head(headers=(("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")))


def meta(request=REQUEST, recorded_at="2026-11-20T09:30:00.000Z", **fields):
    return meta_of(
        request, file="openai/m.yaml", provider="openai", dialect="openai-chat", recorded_at=recorded_at, **fields
    )


def whole(spool, framing="chunked"):
    """A recording of two HTTP chunks, the second with a pause inside, with everything that a spool can hold."""
    spool.informational(3.0, Head(code=103, message="Early Hints", headers=(("Link", "<a>"),)))
    spool.head(10.0, HEAD, framing)
    spool.data(20.0, [(5, 0)], b"hello")
    spool.data(30.0, [(2, 4)], b"ab")
    spool.data(40.0, [(4, 0)], b"cdef")
    spool.trailers(41.0, (("X-Sum", "1"),))
    spool.ending(41.0, Ending(client_left_ms=35.0))
    spool.close()


def checked(path, body):
    """What a file that was cut short says; None when it says, in one line, that it says nothing."""
    try:
        taken = read(path)
    except CassetteError as error:
        said = str(error)
        taken = None
    if taken is None:
        assert "\n" not in said
        return None
    response = taken.interaction.response
    assert body.startswith(response.body)
    assert sum(chunk.size for chunk in response.stream.chunks) == len(response.body)
    if response.stream.chunks:
        assert response.stream.chunks[-1].more == (response.stream.end.missing > 0)
    if not taken.whole:
        assert response.stream.end.type == "interrupted"
    return taken.interaction
