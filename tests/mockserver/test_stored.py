"""A response by its id: what polling, streaming on, cancelling and deleting say as time goes on (the clock is given)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from sdk.answers import ANSWERS, responses
from sdk.recordings import needs_recordings, recordings
from wires import Seen, Tool, ask, chunk, dechunked, post, tool

from cassettes.dialects.base import payload
from cassettes.matching import Asked, Index, entry_of
from cassettes.model import Cassette, Chunk, Ending, Interaction, Request, Response, Stream
from cassettes.routes import parse
from cassettes.yamlio import dump
from mockserver.choose import Chooser, Playing
from mockserver.decks import Deck, Lives
from mockserver.plan import Asking
from mockserver.stored import Going, Stored

pytestmark = pytest.mark.xdist_group("stored")

URL = "https://api.openai.com/v1/responses"
NAME = "resp_T1"
LAST = b"0\r\n\r\n"


def events(*, detached: bool = True) -> list[bytes]:
    """A streamed response; one that is made in the background is queued first, as the API does it."""
    found = []
    for event in responses(ANSWERS["text"]):
        if detached:
            event = event.replace(b'"metadata":{}', b'"metadata":{},"background":true')  # noqa: PLW2901
            if b"response.created" in event:
                event = event.replace(b'"in_progress"', b'"queued"')  # noqa: PLW2901
        found.append(event)
    return found


def taken(pieces: list[bytes], end: Ending | None = None, *, stream: bool = True, **asked: object) -> Interaction:
    body = json.dumps({"model": "gpt-5.1", "input": "count", "stream": stream, **asked}).encode()
    chunks = tuple(Chunk(100.0, len(piece)) for piece in pieces)
    kept = Stream(provider="openai", dialect="openai-responses", chunks=chunks, end=end or Ending())
    kind = "text/event-stream; charset=utf-8" if stream else "application/json"
    response = Response(200, "OK", (("Content-Type", kind), ("Transfer-Encoding", "chunked")), b"".join(pieces), kept)
    return Interaction(Request("POST", URL, (), body), response)


def whole(name: str, status: str = "completed") -> bytes:
    return json.dumps({"id": name, "object": "response", "status": status, "output": []}).encode()


class Desk:
    """A deck on which a response was made at second 0."""

    def __init__(self, *interactions: Interaction, made: bool = True) -> None:
        self.entries = [entry_of("tape", number, one) for number, one in enumerate(interactions, 1)]
        self.chooser = Chooser(Index(self.entries), Playing())
        self.stored, self.deck = Stored(self.chooser), Deck()
        if made:
            self.make(0.0)

    def make(self, now: float, body: bytes = b"{}") -> None:
        self.stored.begun(self._asked("POST", "/v1/responses", body), self.entries[0], self.deck, now)

    def _asked(self, method: str, target: str, body: bytes = b"") -> Asked:
        return Asked(Request(method, target, (), body), parse(method, target, ()), body)

    def answer(self, method: str, tail: str, now: float = 0.0, **options: bool) -> web.Response | Going | None:
        return self.stored.answer(self._asked(method, f"/v1/responses/{tail}"), Asking(), self.deck, now, **options)

    def told(self, method: str, tail: str, now: float = 0.0) -> tuple[int, Any]:
        found = self.answer(method, tail, now)
        assert isinstance(found, web.Response)
        assert found.text is not None
        return found.status, json.loads(found.text)

    def status(self, now: float) -> str:
        code, body = self.told("GET", NAME, now)
        assert code == 200
        assert body["id"] == NAME
        return str(body["status"])

    def streamed(self, query: str, now: float = 0.0) -> list[Any]:
        found = self.answer("GET", f"{NAME}?stream=true{query}", now)
        assert isinstance(found, Going)
        wire = self.chooser.plan(*found).wire.partition(b"\r\n\r\n")[2]
        body = b"".join(dechunked(wire)[0])
        return [json.loads(block.partition(b"data: ")[2]) for block in body.split(b"\n\n") if block]


def test_a_background_response_is_polled_as_its_stream_goes_on() -> None:
    desk, count = Desk(taken(events())), len(events())
    assert [desk.status(now) for now in (0.0, 0.05, 0.1, 0.15)] == ["queued"] * 4
    assert [desk.status(now) for now in (0.2, 0.5, count / 10 - 0.01)] == ["in_progress"] * 3
    assert desk.told("GET", NAME, 0.5)[1]["output"] == []
    assert desk.status(count / 10) == "completed"
    assert desk.told("GET", NAME, 99.0)[1]["output"][0]["content"][0]["text"] == "".join(ANSWERS["text"].text)


def test_what_is_asked_for_in_the_background_counts_as_such_whatever_the_tape_says() -> None:
    desk = Desk(taken(events(detached=False)))
    assert desk.status(0.0) == "completed"
    desk.make(5.0, b'{"background": true}')
    assert desk.status(5.15) == "in_progress"
    assert desk.told("GET", NAME, 5.15)[1]["background"] is True


@pytest.mark.parametrize("made", [False, True])
def test_another_response_is_polled_as_it_was_in_the_end(made: bool) -> None:
    assert Desk(taken(events(detached=False)), made=made).status(0.0) == "completed"
    assert Desk(taken([whole(NAME)], stream=False), made=made).status(0.0) == "completed"
    assert Desk(taken(events()), made=False).status(0.0) == "completed", "not made on this deck"


def test_a_tape_that_was_cut_stays_in_progress_and_can_be_cancelled() -> None:
    desk = Desk(taken(events()[:5], Ending(type="cut")))
    assert desk.status(99.0) == "in_progress"
    assert desk.told("POST", f"{NAME}/cancel", 100.0)[1]["status"] == "cancelled"
    assert desk.status(101.0) == "cancelled"


def test_cancelling() -> None:
    desk = Desk(taken(events()))
    code, body = desk.told("POST", f"{NAME}/cancel", 0.45)
    assert (code, body["status"], body["output"]) == (200, "cancelled", [])
    assert desk.told("POST", f"{NAME}/cancel", 9.0) == (code, body), "again is no error"
    assert desk.status(9.0) == "cancelled"
    assert [event["sequence_number"] for event in desk.streamed("")] == [0, 1, 2, 3]
    assert [event["sequence_number"] for event in desk.streamed("&starting_after=1")] == [2, 3]
    assert desk.streamed("&starting_after=7") == []
    desk.make(10.0)
    assert desk.status(10.0) == "queued"


def test_what_is_over_is_told_as_it_is_and_what_is_synchronous_cannot_be_cancelled() -> None:
    assert Desk(taken(events())).told("POST", f"{NAME}/cancel", 9.0)[1]["status"] == "completed"
    code, body = Desk(taken(events(detached=False))).told("POST", f"{NAME}/cancel", 0.0)
    assert (code, body["error"]["message"]) == (400, "Cannot cancel a synchronous response.")


def test_deleting_lasts_until_the_response_is_made_again() -> None:
    desk = Desk(taken(events()))
    assert desk.told("DELETE", NAME, 1.0) == (200, {"id": NAME, "object": "response", "deleted": True})
    for method, tail in (("GET", NAME), ("DELETE", NAME), ("POST", f"{NAME}/cancel"), ("GET", f"{NAME}/input_items")):
        code, body = desk.told(method, tail, 2.0)
        assert (code, body["error"]["message"]) == (404, f"Response with id '{NAME}' not found.")
    desk.make(3.0)
    assert desk.status(3.0) == "queued"
    desk.told("DELETE", NAME, 4.0)
    desk.deck.forget()
    assert desk.status(5.0) == "completed"


@pytest.mark.parametrize(("query", "first"), [("", 0), ("&starting_after=-1", 0), ("&starting_after=0", 1), ("&starting_after=7", 8)])  # fmt: skip
def test_streaming_on(query: str, first: int) -> None:
    found = Desk(taken(events())).streamed(query)
    assert [event["sequence_number"] for event in found] == list(range(first, len(events())))


def test_behind_the_last_event_there_is_nothing() -> None:
    assert Desk(taken(events())).streamed("&starting_after=99") == []


def test_of_several_tapes_the_one_that_has_what_is_asked_for() -> None:
    every = events()
    desk = Desk(taken(every[:6], Ending(type="cut")), taken(every[6:]))
    assert [event["sequence_number"] for event in desk.streamed("&starting_after=5")] == list(range(6, len(every)))
    assert [event["sequence_number"] for event in desk.streamed("&starting_after=2")] == [3, 4, 5]


@pytest.mark.parametrize("after", ["x", "1.5", "", "9" * 5000, "%C2%B2"])
def test_a_number_that_is_none_is_refused(after: str) -> None:
    code, body = Desk(taken(events())).told("GET", f"{NAME}?stream=true&starting_after={after}x")
    assert (code, body["error"]["param"]) == (400, "starting_after")
    assert len(body["error"]["message"]) < 200


def test_what_was_not_streamed_cannot_be_streamed() -> None:
    code, body = Desk(taken([whole(NAME)], stream=False)).told("GET", f"{NAME}?stream=true")
    assert code == 400
    assert "tape#1 holds this response as one JSON" in body["error"]["message"]


def test_input_items_are_those_of_the_tape() -> None:
    items = Desk(taken(events())).told("GET", f"{NAME}/input_items")[1]["data"]
    assert [item["content"][0]["text"] for item in items] == ["count"]


def test_ids_that_no_tape_has_are_left_to_others() -> None:
    desk = Desk(taken(events()), made=False)
    assert desk.answer("GET", "resp_nowhere") is None
    assert desk.answer("GET", NAME, made_here=True) is None
    desk.make(0.0)
    assert desk.answer("GET", NAME, made_here=True) is not None
    assert Desk(taken([b"[1]"], stream=False)).answer("GET", NAME) is None


def test_other_tapes_bring_other_responses() -> None:
    desk = Desk(taken(events()))
    assert desk.status(0.0) == "queued"
    desk.chooser.reload(Index([]))
    assert desk.answer("GET", NAME) is None


def test_what_a_deck_remembers_is_bounded() -> None:
    desk, lives = Desk(taken(events())), Lives(most=3)
    life = desk.deck.lives.get("tape#1")
    assert life is not None
    for number in range(9):
        lives.begin(str(number), life)
        lives.delete(str(number), 1.0)
    assert [number for number in range(9) if lives.get(str(number))] == [6, 7, 8]
    assert [number for number in range(9) if lives.is_deleted(str(number), None)] == [6, 7, 8]


@needs_recordings
def test_every_public_recording_goes_on_behind_each_of_its_events(record_property: Any) -> None:
    seen = 0
    for recording in recordings("openai-responses"):
        events = [one for one in recording.payloads if isinstance(one, dict)]
        numbers = [one["sequence_number"] for one in events if "sequence_number" in one]
        names = [one["response"]["id"] for one in events if "response" in one]
        if not recording.body or not names or len(numbers) < 3:
            continue
        seen += 1
        desk = Desk(taken([recording.body + b"\n\n"]), made=False)
        for after in (-1, 0, numbers[len(numbers) // 2], numbers[-1]):
            found = desk.answer("GET", f"{names[0]}?stream=true&starting_after={after}")
            assert isinstance(found, Going), recording.name
            body = b"".join(dechunked(desk.chooser.plan(*found).wire.partition(b"\r\n\r\n")[2])[0])
            later = [number for number in numbers if number > after]
            left = [payload(block + b"\n\n") for block in body.split(b"\n\n")]
            left = [one["sequence_number"] for one in left if isinstance(one, dict)]
            assert left == later, recording.name
            assert (recording.body + b"\n\n").endswith(body)
    record_property("printed", f"{seen} public recordings of Responses streamed on")
    assert seen >= 20


# -- over sockets -----------------------------------------------------------------------------------------------------


def written(folder: Path, **tapes: Interaction) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, one in tapes.items():
        (folder / f"{name}.yaml").write_bytes(dump(Cassette((one,))))
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("stored")
    again = taken(events()[3:])
    asked = Request("GET", f"{URL}/{NAME}?stream=true&starting_after=2")
    folder = written(base / "tapes", run=taken(events(), background=True), taped=Interaction(asked, again.response))
    with tool(base, "serve", str(folder), "--speed", "max") as running:
        yield running
        assert "Traceback" not in running.said()


def over(server: Tool, method: str, path: str, body: bytes = b"") -> Seen:
    return ask(server.url, post(f"/~d{path}", body, "Connection: close", method=method))


def looked_up(server: Tool, what: str) -> Any:
    return json.loads(ask(server.url, post(f"/_tokentape/{what}", b"", "Connection: close", method="GET")).wire_body)


def test_a_stream_goes_on_behind_a_number_and_no_place_moves(served: Tool) -> None:
    for after in (0, 3):
        seen = over(served, "GET", f"/openai/v1/responses/{NAME}?stream=true&starting_after={after}")
        assert b"".join(dechunked(seen.wire_body)[0]) == b"".join(events()[after + 1 :])
        assert (seen.header("content-type"), seen.header("x-tokentape")) == (
            "text/event-stream; charset=utf-8", "run#1"
        )  # fmt: skip


GOING = f"/openai/v1/responses/{NAME}?stream=true&starting_after=3"
LEFT = [*map(chunk, events()[4:])]


@pytest.mark.parametrize(
    ("faults", "sent", "ended"),
    [
        ("reset@2e", LEFT[:2], "reset"),
        ("cut@end", LEFT, "eof"),
        ("drop@1e", [*LEFT[:1], *LEFT[2:], LAST], "eof"),
        ("reset@100%", LEFT, "reset"),
        ("reset?@99e", [*LEFT, LAST], "eof"),
    ],
)
def test_it_is_broken_as_any_other_stream_and_places_count_from_where_it_goes_on(
    faults: str, sent: list[bytes], ended: str, served: Tool
) -> None:
    seen = over(served, "GET", f"/!{quote(faults)}{GOING}")
    assert (seen.wire_body, seen.ended) == (b"".join(sent), ended)
    (record,) = looked_up(served, "requests?deck=d")["requests"][-1:]
    assert record["faults"] == [faults]
    assert record["ended_by"] == ("fault" if faults.startswith(("reset@", "cut")) else "tape")


def test_what_breaks_the_rest_counts_its_own_attempts(served: Tool) -> None:
    going = post(f"/~attempts/!reset@1e%231-2{GOING}", b"", "Connection: close", method="GET")
    assert [ask(served.url, going).ended for _ in range(3)] == ["reset", "reset", "eof"]
    records = looked_up(served, "requests?deck=attempts")["requests"]
    assert [one["attempt"] for one in records] == [1, 2, 3]
    assert len({one["key"] for one in records}) == 1


def test_what_cannot_be_broken_is_refused(served: Tool) -> None:
    told = over(served, "GET", f"/!reset@99e{GOING}")
    assert (told.head[9:12], b"beyond the end" in told.wire_body) == (b"422", True)
    told = over(served, "GET", f"/!reset@0b/openai/v1/responses/{NAME}")
    assert (told.head[9:12], b"stays whole, but with stream=true" in told.wire_body) == (b"422", True)


def test_a_scenario_breaks_it_again_and_again_but_plays_no_other_tape(served: Tool) -> None:
    rules = {
        "rules": [{"attempts": [["reset@3e"], ["reset@2e"], ["status:503"], []], "count": "deck", "tape": "taped"}]
    }
    setup = json.dumps({"scenario": rules}).encode()
    put = post("/_tokentape/decks/again", setup, "Connection: close", "Content-Type: application/json", method="PUT")
    assert ask(served.url, put).head[9:12] == b"201"
    seen = [ask(served.url, post(f"/~again{GOING}", b"", "Connection: close", method="GET")) for _ in range(4)]
    assert [one.ended for one in seen] == ["reset", "reset", "eof", "eof"]
    assert [one.wire_body for one in seen[:2]] == [b"".join(LEFT[:3]), b"".join(LEFT[:2])]
    assert (seen[2].head[9:12], seen[3].wire_body) == (b"503", b"".join([*LEFT, LAST]))


def test_the_place_of_the_stream_itself_stays_whoever_reads_its_rest(served: Tool) -> None:
    before = looked_up(served, "decks/d")["places"]
    assert over(served, "GET", GOING).ended == "eof"
    assert looked_up(served, "decks/d")["places"] == before


def test_a_tape_of_such_a_request_comes_first(served: Tool) -> None:
    seen = over(served, "GET", f"/openai/v1/responses/{NAME}?stream=true&starting_after=2")
    assert (seen.header("x-tokentape"), b"".join(dechunked(seen.wire_body)[0])) == ("taped#1", b"".join(events()[3:]))


def test_a_background_response_that_is_not_streamed_is_queued(served: Tool) -> None:
    asked = {"model": "gpt-5.1", "input": "count", "background": True}
    seen = over(served, "POST", "/openai/v1/responses", json.dumps(asked).encode())
    assert (json.loads(seen.wire_body)["status"], seen.header("content-type")) == ("queued", "application/json")
    assert json.loads(over(served, "GET", f"/openai/v1/responses/{NAME}").wire_body)["status"] == "completed"


def test_other_ids_are_a_miss(served: Tool) -> None:
    seen = over(served, "GET", "/openai/v1/responses/resp_nowhere?stream=true")
    assert json.loads(seen.wire_body)["error"]["code"] == "tokentape_no_match"
    assert over(served, "GET", f"/xai/v1/responses/{NAME}").head.startswith(b"HTTP/1.1 404 ")
