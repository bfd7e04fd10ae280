"""Record modes over real sockets: what is played, what is recorded, and which file it goes to (DESIGN 5)."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import wires

from cassettes.model import CassetteError
from cassettes.store import shipped_root
from cassettes.yamlio import load_file
from recorder.session import interactions_of, tapes_of, wall

CHAT = "/openai/v1/chat/completions"


@pytest.fixture
def upstream() -> Iterator[wires.ScriptedUpstream]:
    """Says `answer 1` to the first request, `answer 2` to the second, and so on."""
    scripts = [
        [wires.Send(wires.SSE_HEAD + wires.chunk(wires.event(f"answer {number}")) + wires.chunk(b""))]
        for number in range(1, 100)
    ]
    with wires.ScriptedUpstream(*scripts) as running:
        yield running


@contextmanager
def recording(folder: Path, upstream: wires.ScriptedUpstream, *options: str) -> Iterator[wires.Tool]:
    """A recorder whose OpenAI is `upstream`. When the block ends every tape is written."""
    place = () if "--one-file" in options else ("-o", str(folder / "tapes"))
    with wires.tool(folder / "run", "record", *place, "--upstream", f"openai={upstream.url}/v1", *options) as tool:
        yield tool
    assert tool.process.returncode == 0, tool.said()


def body_of(prompt: str, **more: object) -> bytes:
    return json.dumps({"model": "gpt-5.1", **more, "messages": [{"role": "user", "content": prompt}]}).encode()


def ask(tool: wires.Tool, prompt: str, path: str = CHAT, **more: object) -> str:
    """The text that came, or the status of what was no answer."""
    seen = wires.ask(tool.url, wires.post(path, body_of(prompt, **more), "Connection: close"))
    texts = re.findall(rb"answer [0-9]+", seen.wire_body)
    return texts[0].decode() if texts else seen.head[9:12].decode()


def texts_on(tape: Path) -> list[str]:
    return [re.findall(rb"answer [0-9]+", one.response.body)[0].decode() for one in load_file(tape).interactions]


def tapes_in(folder: Path) -> dict[str, list[str]]:
    tapes = folder / "tapes"
    return {path.relative_to(tapes).as_posix(): texts_on(path) for path in sorted(tapes.rglob("*.yaml"))}


def record(folder: Path, upstream: wires.ScriptedUpstream, prompts: Sequence[str], *options: str) -> list[str]:
    """One run: what the client got for each prompt."""
    with recording(folder, upstream, *options) as tool:
        return [ask(tool, prompt) for prompt in prompts]


# once


def test_once_plays_what_was_there_at_start_and_records_the_rest(
    tmp_path: Path, upstream: wires.ScriptedUpstream
) -> None:
    assert record(tmp_path, upstream, ["first", "first", "second"]) == ["answer 1", "answer 2", "answer 3"]
    (first, second) = tapes_in(tmp_path)
    assert tapes_in(tmp_path) == {first: ["answer 1", "answer 2"], second: ["answer 3"]}
    played = record(tmp_path, upstream, ["first", "first", "first", "third", "third"])
    assert played == ["answer 1", "answer 2", "answer 2", "answer 4", "answer 5"]
    assert len(upstream.requests) == 5
    assert list(tapes_in(tmp_path).values()) == [["answer 1", "answer 2"], ["answer 3"], ["answer 4", "answer 5"]]


def test_the_name_of_a_tape(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    """`<provider>/<model>-<first words>-<8 hex of the request key>.yaml`."""
    record(tmp_path, upstream, ["Say hello, in Korean please"])
    (name,) = tapes_in(tmp_path)
    assert re.fullmatch(r"openai/gpt-5\.1-say-hello-in-korean-[0-9a-f]{8}\.yaml", name)


def test_a_tape_is_found_by_what_is_on_it(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    record(tmp_path, upstream, ["first"])
    (name,) = tapes_in(tmp_path)
    kept = tmp_path / "tapes" / "any" / "name.yml"
    kept.parent.mkdir()
    (tmp_path / "tapes" / name).rename(kept)
    assert record(tmp_path, upstream, ["first"]) == ["answer 1"]
    assert record(tmp_path, upstream, ["first"], "--record-mode", "all") == ["answer 2"]
    assert tapes_in(tmp_path) == {}
    assert texts_on(kept) == ["answer 2"]


def test_streamed_or_not_is_one_key_and_a_query_is_another(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    record(tmp_path, upstream, ["first"])
    with recording(tmp_path, upstream) as tool:
        assert ask(tool, "first", stream=True) == "answer 1"
        assert ask(tool, "first", CHAT + "?after=2") == "answer 2"
        assert ask(tool, "first", CHAT + "?key=AnyKeyAtAllWouldDo12345") == "answer 1"


def test_the_same_request_through_another_base_url_is_found(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    record(tmp_path, upstream, ["first"])
    with wires.tool(
        tmp_path / "run", "record", "-o", str(tmp_path / "tapes"), "--upstream", f"openai={upstream.url}/gw/v3"
    ) as tool:
        assert ask(tool, "first") == "answer 1"
        assert ask(tool, "second") == "answer 2"
    assert upstream.requests[1].startswith(b"POST /gw/v3/chat/completions HTTP/1.1")
    assert record(tmp_path, upstream, ["second"]) == ["answer 2"]


def test_an_upstream_of_any_name_keeps_its_tapes_too(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    option = ("--upstream", f"bot={upstream.url}/api")
    for expected in (["answer 1", "answer 2"], ["answer 1", "answer 3"]):
        with recording(tmp_path, upstream, *option) as tool:
            assert [ask(tool, "first", "/bot/chat"), ask(tool, expected[1], "/bot/chat")] == expected
    assert upstream.requests[0].startswith(b"POST /api/chat HTTP/1.1")
    assert all(name.startswith("bot/") for name in tapes_in(tmp_path))


# The other modes


def test_new_episodes_plays_what_matches_and_appends_the_rest(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    record(tmp_path, upstream, ["first", "first"])
    mode = ("--record-mode", "new_episodes")
    assert record(tmp_path, upstream, ["first"] * 4, *mode) == ["answer 1", "answer 2", "answer 3", "answer 4"]
    assert list(tapes_in(tmp_path).values()) == [["answer 1", "answer 2", "answer 3", "answer 4"]]


def test_all_forwards_everything_and_replaces_only_what_was_asked_again(
    tmp_path: Path, upstream: wires.ScriptedUpstream
) -> None:
    one_file = ("--one-file", str(tmp_path / "tapes" / "all.yaml"))
    record(tmp_path, upstream, ["first", "first", "second"], *one_file)
    mode = ("--record-mode", "all")
    assert record(tmp_path, upstream, ["first", "first", "first"], *mode) == ["answer 4", "answer 5", "answer 6"]
    assert tapes_in(tmp_path) == {"all.yaml": ["answer 3", "answer 4", "answer 5", "answer 6"]}


def test_rewrite_drops_the_file_at_its_first_use(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    one_file = ("--one-file", str(tmp_path / "tapes" / "all.yaml"))
    record(tmp_path, upstream, ["first", "second"], *one_file)
    assert record(tmp_path, upstream, [], "--record-mode", "rewrite", *one_file) == []
    assert tapes_in(tmp_path) == {"all.yaml": ["answer 1", "answer 2"]}
    record(tmp_path, upstream, ["third", "third"], "--record-mode", "rewrite", *one_file)
    assert tapes_in(tmp_path) == {"all.yaml": ["answer 3", "answer 4"]}


def test_none_plays_only(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    record(tmp_path, upstream, ["first"])
    before = {path: path.read_bytes() for path in (tmp_path / "tapes").rglob("*.yaml")}
    with recording(tmp_path, upstream, "--record-mode", "none") as tool:
        assert [ask(tool, "first"), ask(tool, "second")] == ["answer 1", "404"]
        assert "tokentape: playing" in tool.said()
    assert len(upstream.requests) == 1
    assert {path: path.read_bytes() for path in (tmp_path / "tapes").rglob("*.yaml")} == before


def test_one_file_that_exists_refuses_new_requests(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    one_file = ("--one-file", str(tmp_path / "tapes" / "all.yaml"))
    assert record(tmp_path, upstream, ["first", "second"], *one_file) == ["answer 1", "answer 2"]
    assert record(tmp_path, upstream, ["third", "second"], *one_file) == ["404", "answer 2"]
    assert record(tmp_path, upstream, ["third"], *one_file, "--record-mode", "new_episodes") == ["answer 3"]
    assert tapes_in(tmp_path) == {"all.yaml": ["answer 1", "answer 2", "answer 3"]}


# Many at once


def test_concurrent_equal_requests_are_all_recorded_by_two_recorders(
    tmp_path: Path, upstream: wires.ScriptedUpstream
) -> None:
    """The folder's lock keeps two recorders from writing over each other's tapes."""
    with (
        recording(tmp_path / "a", upstream, "-o", str(tmp_path / "tapes")) as one,
        recording(tmp_path / "b", upstream, "-o", str(tmp_path / "tapes")) as two,
        ThreadPoolExecutor(16) as pool,
    ):
        got = list(pool.map(lambda number: ask((one, two)[number % 2], "first"), range(32)))
    assert sorted(got) == sorted(f"answer {number}" for number in range(1, 33))
    (tape,) = tapes_in(tmp_path).values()
    assert sorted(tape) == sorted(got)
    assert not (tmp_path / "tapes" / ".tokentape-spool").exists()
    assert (tmp_path / "tapes" / "openai" / ".tokentape.lock").exists()


def test_what_is_recorded_in_a_run_does_not_answer_in_it(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    with recording(tmp_path, upstream) as tool:
        assert ask(tool, "first") == "answer 1"
        wires.wait_for(lambda: tool.recorded() == 1)
        assert ask(tool, "first") == "answer 2"


# Pages of other origins


ORIGINS = {
    "http://localhost:3000": b"200",
    "http://127.0.0.1": b"200",
    "https://app.localhost:8443": b"200",
    "http://[::1]:5173": b"200",
    "https://evil.example": b"403",
    "http://localhost.evil.example": b"403",
    "http://127.0.0.1.evil.example:80": b"403",
    "null": b"403",
}


def test_a_page_of_another_origin_gets_nothing_forwarded(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    codes = {}
    with recording(tmp_path, upstream) as tool:
        for origin in ORIGINS:
            request = wires.post(CHAT, body_of("first"), "Connection: close", f"Origin: {origin}")
            codes[origin] = wires.ask(tool.url, request).head[9:12]
    assert codes == ORIGINS
    assert len(upstream.requests) == list(codes.values()).count(b"200")


def test_a_page_that_was_named_may_ask_and_a_rebound_name_or_another_site_may_not(
    tmp_path: Path, upstream: wires.ScriptedUpstream
) -> None:
    named = "https://app.example"
    with recording(tmp_path, upstream, "--cors", named) as tool:
        request = wires.post(CHAT, body_of("first"), "Connection: close", f"Origin: {named}")
        seen = wires.ask(tool.url, request)
        assert (seen.head[9:12], seen.header("access-control-allow-origin")) == (b"200", named)
        rebound = wires.post(CHAT, body_of("first"), "Connection: close").replace(b"127.0.0.1", b"evil.example", 1)
        crossing = wires.post(CHAT, body_of("first"), "Connection: close", "Sec-Fetch-Site: cross-site")
        assert [wires.ask(tool.url, one).head[9:12] for one in (rebound, crossing)] == [b"403", b"403"]
        health = wires.post("/_tokentape/tapes", b"", "Connection: close", "Origin: https://evil.example", method="GET")
        assert wires.ask(tool.url, health).head[9:12] == b"403"
    assert len(upstream.requests) == 1


# What is said and what is asked for


def test_what_a_killed_recorder_left_is_told_at_the_next_start(
    tmp_path: Path, upstream: wires.ScriptedUpstream
) -> None:
    tapes = str(tmp_path / "tapes")
    script = [wires.Send(wires.SSE_HEAD + wires.chunk(wires.event("x"))), wires.Hold()]
    with (
        wires.ScriptedUpstream(script) as holding,
        wires.tool(tmp_path / "run", "record", "-o", tapes, "--upstream", f"openai={holding.url}/v1") as killed,
    ):
        wires.ask(killed.url, wires.post(CHAT, body_of("first")), until=lambda raw: b"data:" in raw)
        killed.process.kill()
        killed.process.wait()
    with recording(tmp_path, upstream) as tool:
        assert f"left 1 unfinished here; `tokentape recover {tapes}` keeps them" in tool.said()


def test_a_folder_is_read_or_refused(tmp_path: Path) -> None:
    assert interactions_of(tapes_of(tmp_path / "nothing")) == []
    (tmp_path / "broken.yaml").write_text("version: 1\ninteractions: [")
    with pytest.raises(CassetteError, match=r"broken\.yaml:.*mend it or move it out of"):
        tapes_of(tmp_path)


def test_the_wall_clock_is_rfc_3339_in_utc() -> None:
    assert re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", wall())


def test_recording_anew_says_first_what_it_may_cost(tmp_path: Path) -> None:
    shutil.copy(shipped_root() / "xai" / "hello.yaml", tmp_path / "tapes.yaml")
    for mode, said in (("all", True), ("once", False)):
        with wires.tool(tmp_path, "record", "--one-file", str(tmp_path / "tapes.yaml"), "--record-mode", mode) as one:
            assert ("at most 1 request, 37 tokens in and 24 out" in one.said()) is said
