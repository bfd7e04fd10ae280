"""`serve --on-miss record`: what tapes answer stays with them, the rest is forwarded once and kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import wires
from tapes import taped

from cassettes.model import CassetteError
from cassettes.normalise import NO_RULES
from cassettes.redact import Redactor
from cassettes.store import FolderStore
from recorder.standby import episode

pytestmark = pytest.mark.xdist_group("standby")

CHAT = "/openai/v1/chat/completions"
LAST = b"0\r\n\r\n"


def body_of(text: str) -> bytes:
    return json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": text}]}).encode()


def answering(text: str) -> list[wires.Step]:
    return [wires.Send(wires.SSE_HEAD + wires.chunk(wires.event(text)) + LAST), wires.Finish()]


@pytest.fixture
def upstream() -> Iterator[wires.ScriptedUpstream]:
    with wires.ScriptedUpstream(answering("live")) as one:
        yield one


def ask(url: str, text: str, *fields: str) -> wires.Seen:
    return wires.ask(url, wires.post(CHAT, body_of(text), "Connection: close", *fields))


def texts(folder: Path) -> list[str]:
    """The prompts that are on the tapes of a folder."""
    store = FolderStore((folder,))
    store.load()
    bodies = [one.request.body for tape in store.tapes for one in tape.cassette.interactions]
    return sorted(json.loads(body)["messages"][0]["content"] for body in bodies)


def test_what_no_tape_answers_is_forwarded_and_kept(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    tapes = tmp_path / "tapes"
    tapes.mkdir()
    serve = ("serve", str(tapes), "--on-miss", "record", "--upstream", f"openai={upstream.url}/v1")
    with wires.tool(tmp_path / "run", *serve) as tool:
        for _ in range(2):
            assert b"live" in ask(tool.url, "first").wire_body
        wires.wait_for(lambda: tool.recorded() == 2)
        assert len(upstream.requests) == 2
        assert "no tape matches" not in tool.said()
    assert texts(tapes) == ["first", "first"]
    with wires.tool(tmp_path / "run", *serve) as tool:
        assert ask(tool.url, "first").header("x-tokentape")
        assert len(upstream.requests) == 2
        assert ask(tool.url, "second").header("x-tokentape") is None
        wires.wait_for(lambda: tool.recorded() == 1)
    assert texts(tapes) == ["first", "first", "second"]


def test_tapes_of_one_folder_play_and_another_is_written_to(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    output = tmp_path / "new" / "tapes"
    serve = ("serve", "openai/hello", "--on-miss", "record", "-o", str(output))
    with wires.tool(tmp_path / "run", *serve, "--upstream", f"openai={upstream.url}/v1", "--strict") as tool:
        assert b"live" in ask(tool.url, "first").wire_body
    assert texts(output) == ["first"]
    assert tool.process.returncode == 0, "what was recorded is no miss"


def test_a_page_of_another_origin_has_nothing_forwarded(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    serve = ("serve", "--on-miss", "record", "-o", str(tmp_path / "tapes"), "--cors", "*")
    with wires.tool(tmp_path / "run", *serve, "--upstream", f"openai={upstream.url}/v1") as tool:
        refused = [
            ask(tool.url, "first", "Origin: https://evil.example"),
            ask(tool.url, "first", "Sec-Fetch-Site: cross-site"),
            wires.ask(tool.url, wires.post(CHAT, b"{}", "Connection: close").replace(b"127.0.0.1", b"evil.example", 1)),
        ]
        assert [seen.head[9:12] for seen in refused] == [b"403"] * 3
        assert upstream.requests == []
        page = ask(tool.url, "first", "Origin: http://localhost:3000")
        assert page.header("access-control-allow-origin") == "http://localhost:3000"
        assert b"live" in page.wire_body


def test_a_page_reads_an_upstream_whatever_that_says_of_others(tmp_path: Path) -> None:
    head = wires.head(
        "Content-Type: text/event-stream",
        "Transfer-Encoding: chunked",
        "Access-Control-Allow-Origin: https://other.example",
    )
    script = [wires.Send(head + wires.chunk(wires.event("live")) + LAST), wires.Finish()]
    output = tmp_path / "tapes"
    with (
        wires.ScriptedUpstream(script) as upstream,
        wires.tool(tmp_path / "run", "record", "-o", str(output), "--upstream", f"openai={upstream.url}/v1") as tool,
    ):
        seen = ask(tool.url, "first", "Origin: http://localhost:3000")
        assert seen.head.lower().count(b"access-control-allow-origin") == 1
        assert seen.header("access-control-allow-origin") == "http://localhost:3000"
        asked = ("Origin: http://localhost:3000", "Access-Control-Request-Method: POST", "Connection: close")
        assert wires.ask(tool.url, wires.post(CHAT, b"", *asked, method="OPTIONS")).head.startswith(b"HTTP/1.1 204 ")
        assert len(upstream.requests) == 1
        wires.wait_for(lambda: tool.recorded() == 1)
    (tape,) = output.rglob("*.yaml")
    assert "https://other.example" in tape.read_text()


def test_an_upstream_that_cannot_be_reached_is_a_502(tmp_path: Path) -> None:
    serve = (
        "serve",
        "--on-miss",
        "record",
        "-o",
        str(tmp_path / "tapes"),
        "--upstream",
        "openai=http://127.0.0.1:1/v1",
    )
    with wires.tool(tmp_path / "run", *serve) as tool:
        seen = ask(tool.url, "first")
        assert seen.head.startswith(b"HTTP/1.1 502 ")
        assert json.loads(seen.wire_body)["error"]["code"] == "tokentape_upstream"


def test_a_wrapped_command_gets_no_dummy_key_and_its_upstream_is_the_one_that_was_set(
    tmp_path: Path, upstream: wires.ScriptedUpstream
) -> None:
    program = f"""
import os, urllib.request
url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
print(len(opener.open(urllib.request.Request(url, {body_of("first")!r})).read()), os.environ.get("OPENAI_API_KEY"))
"""
    environ = {"OPENAI_BASE_URL": f"{upstream.url}/v1", "OPENAI_API_KEY": ""}
    command = ("--", sys.executable, "-c", program)
    done = wires.tokentape("serve", "--on-miss", "record", "-o", str(tmp_path / "tapes"), *command, environ=environ)
    assert (done.returncode, done.stdout.split()[1:]) == (0, []), done.stderr
    assert texts(tmp_path / "tapes") == ["first"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--on-miss", "record"), "needs a folder for its tapes"),
        (("openai/hello", "--on-miss", "record"), "needs a folder for its tapes"),
        (("-o", "tapes"), "give both or neither"),
        (("--on-miss", "syn"), "--on-miss"),
        (("--on-miss", "record", "-o", "t", "--upstream", "openai"), "NAME=URL"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = wires.tokentape("serve", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_is_configured_for_record_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "tokentape.toml").write_text("output = 'kept'\n")
    done = wires.tokentape("serve", "openai/hello", "--", sys.executable, "-c", "", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "kept").exists()


# An episode, for a server in the process of its clients


@pytest.mark.parametrize(
    ("mode", "one_file", "there", "records", "plays", "repeat"),
    [
        ("once", True, False, True, True, True),
        ("once", True, True, False, True, True),
        ("once", False, True, True, True, True),
        ("new_episodes", True, True, True, True, False),
        ("all", True, True, True, False, True),
        ("rewrite", True, True, True, False, True),
        ("none", True, True, False, True, True),
    ],
)
def test_what_an_episode_plays_and_records(mode, one_file, there, records, plays, repeat, tmp_path: Path) -> None:
    place = tmp_path / "one.yaml" if one_file else tmp_path
    if there:
        taped(tmp_path, "one", [b"data: 1\n\n"])
    made = episode(
        place, mode, one_file=one_file, upstreams={}, environ={}, redactor=Redactor(), rules=NO_RULES, report=print
    )
    assert ((made.standby is not None), (made.plays is not None), made.repeat) == (records, plays, repeat)
    assert made.plays is None or len(made.plays.tapes) == there
    if made.standby is not None:
        assert made.standby.folder == tmp_path


def test_an_episode_without_a_tape_to_play() -> None:
    with pytest.raises(CassetteError, match="no such file"):
        episode(
            Path("nowhere.yaml"), "none", one_file=True, upstreams={}, environ={}, redactor=Redactor(), rules=NO_RULES,
            report=print,
        )  # fmt: skip
