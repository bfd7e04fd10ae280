"""What `serve` plays and when, over sockets: levels, repeats, decks, the mark, files of every kind, timing options."""

from __future__ import annotations

import asyncio
import gzip
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from streams import Ask, Fetched, fetch_all
from tapes import taped
from wires import Tool, tool, tools

from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream
from cassettes.yamlio import dump

CHAT = "https://api.openai.com/v1/chat/completions"
ON_MOUNT, BARE = "/openai/v1/chat/completions", "/v1/chat/completions"


def chat(folder: Path, name: str, *exchanges: tuple[bytes, bytes]) -> Path:
    """A tape of (request body, answer) pairs."""
    made = []
    for body, answer in exchanges:
        stream = Stream(provider="openai", dialect="openai-chat", chunks=(Chunk(0.0, len(answer)),))
        made.append(Interaction(Request("POST", CHAT, (), body), Response(200, "OK", (), answer, stream)))
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dump(Cassette(tuple(made))))
    return path


def got(server: Tool, *asks: tuple[str, bytes], **fields: str) -> list[tuple[str, bytes]]:
    """(mark, body) of the answers, one request after the other; for an error its status and nothing."""
    headers = list(fields.items())
    answers = asyncio.run(fetch_all([Ask(server.url + path, body, headers=headers) for path, body in asks], 1))
    return [(str(one.header("x-tokentape")), one.body) if one.code == 200 else (str(one.code), b"") for one in answers]


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Tool]]:
    """Servers over the same tapes, by how far they go to find one."""
    folder = tmp_path_factory.mktemp("levels")
    chat(folder / "t", "a", (b'{"q":1}', b"a1"), (b'{"q":2}', b"a2"), (b'{"q":1}', b"a3"))
    chat(folder / "t", "b", (b'{"q":1}', b"b1"))
    options = {
        "default": [],
        "exact": ["--match", "exact"],
        "order": ["--match", "order"],
        "route": ["--match", "route"],
    }
    commands = [["serve", str(folder / "t"), *option] for option in options.values()]
    with tools(folder, *commands) as running:
        yield dict(zip(options, running, strict=True))


@pytest.mark.parametrize("path", [ON_MOUNT, BARE])
def test_exact_walks_the_equal_requests_and_repeats_the_last(path: str, levels: dict[str, Tool]) -> None:
    path = f"/~{'mount' if path == ON_MOUNT else 'bare'}{path}"
    one = (path, b'{"q":1}')
    assert got(levels["exact"], one, (path, b'{"q":2}'), one, one, one, (path, b'{"q": 1}')) == [
        ("a#1", b"a1"),
        ("a#2", b"a2"),
        ("a#3", b"a3"),
        ("b#1", b"b1"),
        ("b#1", b"b1"),
        ("404", b""),
    ]


def test_by_default_equal_requests_are_those_of_one_value(levels: dict[str, Tool]) -> None:
    path = f"/~value{BARE}"
    one, two = (path, b'{ "q": 1.0, "user": "me" }'), (path, b'{"q":2, "stream": true}')
    assert got(levels["default"], one, two, one, one, one, (path, b'{"q":3}')) == [
        ("a#1", b"a1"),
        ("a#2", b"a2"),
        ("a#3", b"a3"),
        ("b#1", b"b1"),
        ("b#1", b"b1"),
        ("404", b""),
    ]


def test_order_plays_what_was_not_played_when_nothing_is_equal(levels: dict[str, Tool]) -> None:
    other = (ON_MOUNT, b'{"q":9}')
    assert got(levels["order"], other, (ON_MOUNT, b'{"q":2}'), other, other, other) == [
        ("a#1", b"a1"),
        ("a#2", b"a2"),
        ("a#3", b"a3"),
        ("b#1", b"b1"),
        ("b#1", b"b1"),
    ]


def test_a_tape_that_answers_another_body_by_order_is_named_once(tmp_path: Path) -> None:
    chat(tmp_path / "t", "a", (b'{"q":1}', b"a1"))
    with tool(tmp_path, "serve", str(tmp_path / "t"), "--match", "order") as server:
        assert got(server, (BARE, b'{"q":1}')) == [("a#1", b"a1")]
        assert "note" not in server.said()
        assert got(server, (BARE, b'{"q":2}'), (BARE, b'{"q":3}')) == [("a#1", b"a1")] * 2
        (note,) = [line for line in server.said().splitlines() if "note" in line]
    assert note.startswith("tokentape: note: a#1 answers POST /v1/chat/completions by order; ")


def test_route_takes_any_of_the_same_operation(levels: dict[str, Tool]) -> None:
    asks = [("/~x" + ON_MOUNT, b"1"), ("/~x" + ON_MOUNT, b"2"), ("/~x/openai/v1/responses", b"3")]
    assert got(levels["route"], *asks) == [("a#1", b"a1"), ("a#2", b"a2"), ("404", b"")]


def test_decks_are_isolated_by_path_or_header(levels: dict[str, Tool]) -> None:
    server, other = levels["order"], (ON_MOUNT, b'{"q":9}')
    in_one, in_two = ((f"/~{deck}{ON_MOUNT}", other[1]) for deck in ("one", "two"))
    assert [mark for mark, _ in got(server, in_one, in_one, in_two, in_one, in_two)] == [
        "a#1",
        "a#2",
        "a#1",
        "a#3",
        "a#2",
    ]
    assert got(server, other, **{"x-tokentape-deck": "two"}) == [("a#3", b"a3")]
    assert got(server, in_two, **{"X-Tokentape-Deck": "two"}) == [("b#1", b"b1")]
    assert got(server, in_two, **{"X-Tokentape-Deck": "one"}) == [("400", b"")]


# -- files ------------------------------------------------------------------------------------------------------------


def test_compressed_tapes_links_and_the_mark(tmp_path: Path) -> None:
    home = tmp_path / "tapes"
    taped(home, "plain", [b"plain"], method="GET")
    packed = taped(home / "sub", "deep", [b"deep"], method="GET")
    packed.with_name("deep.yaml.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    outside = taped(tmp_path / "outside", "secret", [b"secret"], method="GET")
    (home / "link.yaml").symlink_to(outside)
    (home / "folder").symlink_to(outside.parent)
    with tools(tmp_path, ["serve", str(home)], ["serve", str(home), "--no-mark"]) as servers:
        paths = [f"{server.url}/up/{path}" for server in servers for path in ("plain", "deep", "secret")]
        answers = asyncio.run(fetch_all([Ask(path, method="GET") for path in paths], 1))
        assert "serving 2 interactions" in servers[0].said()
    assert [answer.code for answer in answers] == [200, 200, 404] * 2
    assert [answer.body for answer in answers[:2]] == [b"plain", b"deep"]
    assert [answer.header("x-tokentape") for answer in answers] == ["plain#1", "sub/deep#1", None, None, None, None]


def test_a_mark_is_percent_encoded(tmp_path: Path) -> None:
    path = taped(tmp_path / "tapes", "x", [b"x"], method="GET")
    path.rename(path.with_name("안녕 100% (1).yaml"))
    with tool(tmp_path, "serve", str(tmp_path / "tapes")) as server:
        (answer,) = asyncio.run(fetch_all([Ask(f"{server.url}/up/x", method="GET")], 1))
    assert answer.header("x-tokentape") == "%EC%95%88%EB%85%95%20100%25%20%281%29#1"


# -- time: never early, and not so late that the option cannot have worked ------------------------------------------------

LONG, SLOW = 60_000.0, 5_000.0
TEXT = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'


@contextmanager
def timed(folder: Path, tape: list[float], *options: list[str], **fields: float) -> Iterator[list[Fetched]]:
    """What servers with these options play at once of a tape with these gaps (ms), a text event each."""
    stream = Stream(
        provider="openai", dialect="openai-chat", chunks=tuple(Chunk(gap, len(TEXT)) for gap in tape), **fields
    )
    headers = (("content-type", "text/event-stream"),)
    response = Response(200, "OK", headers, TEXT * len(tape), stream)
    (folder / "tapes").mkdir(parents=True)
    (folder / "tapes" / "t.yaml").write_bytes(dump(Cassette((Interaction(Request("POST", CHAT), response),))))
    with tools(folder, *(["serve", str(folder / "tapes"), *option] for option in options)) as servers:
        yield asyncio.run(
            fetch_all([Ask(server.url + ON_MOUNT, b'{"stream":true}') for server in servers], len(servers))
        )


def test_speed(tmp_path: Path) -> None:
    with timed(tmp_path, [SLOW] * 4, ["--speed", "100"], ["--speed", "max"], headers_ms=SLOW) as (fast, most):
        assert all(at >= 50 * (number + 2) for number, (at, _) in enumerate(fast.pieces))
        assert fast.head_at >= 50
        assert fast.ended_at < SLOW
        assert most.ended_at < SLOW
        assert [piece for _, piece in most.pieces] == [TEXT] * 4


def test_ttft_and_max_gap(tmp_path: Path) -> None:
    options = (["--ttft", "300ms"], ["--max-gap", "30ms"], ["--ttft", "0.2s", "--max-gap", "0ms"])
    with timed(tmp_path, [SLOW, 20.0, 40.0], *options, headers_ms=100.0) as (first, capped, both):
        offsets = [[at for at, _ in one.pieces] for one in (first, capped, both)]
        assert all(at >= planned for at, planned in zip(offsets[0], [300, 320, 360], strict=True))
        assert all(at >= planned for at, planned in zip(offsets[1], [60, 80, 110], strict=True))
        assert all(at >= 200 for at in offsets[2])
        assert max(map(max, offsets)) < SLOW


def test_tokens_per_second(tmp_path: Path) -> None:
    with timed(tmp_path, [0.0] * 5 + [LONG] * 5, ["--tps", "40"], headers_ms=20.0) as (paced,):
        gaps = [later - earlier for (earlier, _), (later, _) in zip(paced.pieces, paced.pieces[1:], strict=False)]
        assert len(paced.pieces) == 10
        assert paced.pieces[-1][0] - paced.pieces[0][0] >= 9 * 25 - 20
        assert statistics.median(gaps) < SLOW


def test_jitter_is_the_same_for_a_seed_and_never_reorders(tmp_path: Path) -> None:
    options = [["--jitter", "60ms", "--seed", seed] for seed in ("7", "7", "8")]
    with timed(tmp_path, [50.0] * 12, *options, [], headers_ms=20.0) as (one, same, other, plain):
        assert all(answer.body == TEXT * 12 for answer in (one, same, other))
        offsets = [[at for at, _ in answer.pieces] for answer in (one, same, other, plain)]

    def apart(left: list[float], right: list[float]) -> float:
        return statistics.median(abs(a - b) for a, b in zip(left, right, strict=True))

    assert apart(offsets[0], offsets[1]) < 8
    assert apart(offsets[0], offsets[2]) > 8
    assert apart(offsets[0], offsets[3]) > 8
    assert all(abs(at - planned) < 60 + 40 for at, planned in zip(offsets[0], offsets[3], strict=True))
