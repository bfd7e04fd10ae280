"""The plugin's upkeep, in runs of pytest within this one: accepting requests, ages of tapes, what recording anew costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from cassettes.model import Cassette
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load_file

pytest_plugins = ("pytester",)

HELLO = load_file(shipped_root() / "openai" / "hello.yaml").interactions[0]
TEST = """
    import httpx
    import pytest

    def ask(mock, text, **more):
        body = {"model": "gpt-5.1", "messages": [{"role": "user", "content": text}], "stream": True, **more}
        return httpx.post(mock.url("openai") + "/chat/completions", json=body, headers={"authorization": "Bearer sk-x"})

    def test_hello(tokentape):
        assert ask(tokentape, "Hello!", temperature=1).status_code == 200
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_chat=TEST)
    return pytester


def taped(suite: pytest.Pytester, count: int = 1, recorded_at: str = "2026-11-20T09:30:00.000Z") -> Path:
    one = replace(HELLO, request=replace(HELLO.request, body=b'{"model":"old","stream":true,"messages":[]}'))
    stream = replace(one.response.stream, source="edited", recorded_at=recorded_at)
    one = replace(one, response=replace(one.response, stream=stream))
    folder = suite.path / "cassettes" / "test_chat"
    folder.mkdir(parents=True)
    (folder / "test_hello.yaml").write_bytes(dump(Cassette((one,) * count)))
    return folder / "test_hello.yaml"


def run(suite: pytest.Pytester, *words: str) -> pytest.RunResult:
    return suite.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio", *words)


def test_what_a_client_asks_now_is_accepted(suite: pytest.Pytester) -> None:
    tape = taped(suite, 2)
    run(suite).assert_outcomes(failed=1)
    before = load_file(tape).interactions
    done = run(suite, "--tokentape-accept")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(
        [
            "*tokentape*",
            "accepted 1 request on cassettes/test_chat/test_hello.yaml",
            "--- *",
            "+++ *",
            "-*",
            "+*temperature*",
        ],
        consecutive=False,
    )
    first, second = load_file(tape).interactions
    assert json.loads(first.request.body)["temperature"] == 1
    assert "sk-x" not in repr(first.request)
    assert first.response == before[0].response
    assert second == before[1]
    kept = tape.read_bytes()
    run(suite).assert_outcomes(passed=1)
    again = run(suite, "--tokentape-accept")
    again.stdout.no_fnmatch_line("accepted*")
    assert tape.read_bytes() == kept


def test_a_test_that_fails_accepts_nothing(suite: pytest.Pytester) -> None:
    tape = taped(suite)
    before = tape.read_bytes()
    suite.makepyfile(test_chat=TEST.replace("== 200", "== 201"))
    run(suite, "--tokentape-accept").assert_outcomes(failed=1)
    assert tape.read_bytes() == before


def test_tapes_that_are_too_old(suite: pytest.Pytester) -> None:
    taped(suite, recorded_at="2001-01-01T00:00:00Z")
    done = run(suite, "--tokentape-accept", "--tokentape-max-age=90d")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*test_hello#1 was recorded * days ago, and 90 are wanted at most*"])
    strict = run(suite, "--tokentape-max-age=90d", "--tokentape-strict")
    strict.assert_outcomes(errors=1)
    strict.stdout.fnmatch_lines(["*and 90 are wanted at most days; --tokentape-record=all records it anew"])
    suite.makepyprojecttoml('[tool.tokentape]\nmax-age = "9999w"\n')
    run(suite, "--tokentape-strict").assert_outcomes(passed=1)
    assert run(suite, "--tokentape-max-age=soon").ret == pytest.ExitCode.USAGE_ERROR


def test_what_recording_anew_costs_is_said_before_anything_is_asked(suite: pytest.Pytester) -> None:
    taped(suite, 2)
    for mode in ("all", "rewrite"):
        done = run(suite, f"--tokentape-record={mode}", "--collect-only")
        done.stdout.fnmatch_lines([f"tokentape: record {mode} asks again: 2 requests, about * tokens in and * out"])
    run(suite, "--tokentape-record=once", "--collect-only").stdout.no_fnmatch_line("*asks again*")
