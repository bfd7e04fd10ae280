"""HTTP archives (HAR 1.2): those of Polly.JS and those of browsers and proxies.

Facts: `content.text` is decoded already (HAR 1.2, "content"), or base64 where `encoding` says so. Polly.JS keeps a
content-coded body as a JSON list of base64 chunks and puts the whole exchange into `timings.wait`; elsewhere `wait` is
the time to the head. An entry with status 0 never got a response.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cassettes.convert import values
from cassettes.convert.draft import Draft
from cassettes.convert.exchange import begun, exchanges
from cassettes.convert.plain import from_json

NAME = "har"


def fits(value: object) -> bool:
    """Whether `value` is a mapping with `log.entries`."""
    log = value.get("log") if isinstance(value, dict) else None
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def drafts(value: object, name: str) -> Iterator[Draft]:
    """A draft an entry."""
    log = values.mapping(values.mapping(value, "an archive", name)["log"], "log", name)
    for one in exchanges(log.get("entries"), "log.entries", name):
        if one.response.get("status") == 0:
            yield Draft(place=one.place, lost="the archive has no response to this request")
            continue
        posted = values.mapping(one.request.get("postData"), "postData", one.place)
        made = begun(one, message="statusText", body=posted.get("text"))
        made.code = values.status(one.response.get("status"), one.place)
        made.message = made.message or None  # HTTP/2 has no phrase; browsers write an empty one
        made.pieces = _pieces(values.mapping(one.response.get("content"), "content", one.place), one.place)
        made.bounded = len(made.pieces) > 1
        made.headers_ms = _wait(values.mapping(one.whole.get("timings"), "timings", one.place))
        made.recorded_at = values.moment(one.whole.get("startedDateTime"))
        made.http = "1.0" if str(one.response.get("httpVersion")).upper() == "HTTP/1.0" else "1.1"
        yield made


def _pieces(content: Mapping[str, object], place: str) -> list[bytes]:
    text = content.get("text")
    if content.get("encoding") != "base64" or not isinstance(text, str):
        return [values.body(text, place)]
    if text.startswith("["):
        chunks = values.items(from_json(text.encode(), place), "content.text", place)
        return [values.unbase64(one, f"content.text[{index}]", place) for index, one in enumerate(chunks)]
    return [values.unbase64(text, "content.text", place)]


def _wait(timings: Mapping[str, object]) -> float:
    """`wait`, where `receive` shows that the body was timed apart from it."""
    wait, receive = timings.get("wait"), timings.get("receive")
    if isinstance(wait, int | float) and isinstance(receive, int | float) and receive > 0 and 0 < wait < values.MAX_MS:
        return float(wait)
    return 0.0
