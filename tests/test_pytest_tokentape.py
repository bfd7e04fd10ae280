"""The pytest plugin, by runs within a run: fixtures, mark, options, reports; what it does beside other plugins.

The inner runs are in this process, which has our packages already; where that would matter they have their own.
"""

from __future__ import annotations

import json
import os
import socket
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import wires
from asked import body_of

import pytest_tokentape
import recorder.settings
import recorder.standby
from cassettes.store import read_tape
from mockserver import embed, lookup, pytest_options, rig, wishes  # noqa: F401 - an inner run would import them anew

pytest_plugins = ["pytester"]
LOADED = (recorder.settings, recorder.standby)
ASK = '''
    import json, os, urllib.error, urllib.request

    def ask(base, text="Hello!", key="x"):
        """(status, body) of a chat request."""
        body = {"model": "gpt-5.1", "stream": True, "messages": [{"role": "user", "content": text}]}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        request = urllib.request.Request(f"{base}/chat/completions", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
'''


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker's variables, no keys and no base URLs of whoever runs these tests."""
    for name in [name for name in os.environ if name.startswith(("PYTEST_XDIST", "TOKENTAPE_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with `ask` in a module of its own, and pytest-asyncio strict."""
    pytester.makepyfile(asking=textwrap.dedent(ASK))
    pytester.makeini("[pytest]\nasyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\npythonpath = .\n")
    return pytester


@pytest.fixture
def upstream() -> Iterator[wires.ScriptedUpstream]:
    answer = [wires.Send(wires.SSE_HEAD + wires.chunk(wires.event("live")) + b"0\r\n\r\n"), wires.Finish()]
    with wires.ScriptedUpstream(answer) as one:
        yield one


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    """An inner run; nothing of it may be left in the process."""
    current = {"PYTEST_CURRENT_TEST": os.environ.pop("PYTEST_CURRENT_TEST", "")}
    environ, threads, connect = dict(os.environ), threading.active_count(), socket.socket.connect
    done = project.runpytest_inprocess("-p", "no:cacheprovider", *options)
    assert dict(os.environ) == environ
    os.environ.update(current)
    assert threading.active_count() == threads
    assert socket.socket.connect is connect
    return done


def written(project: pytest.Pytester, text: str, name: str = "test_chat") -> Path:
    return project.makepyfile(**{name: "import pytest\nfrom asking import ask\n" + textwrap.dedent(text)})


def test_fixture_and_mark(project: pytest.Pytester) -> None:
    project.makepyfile(client="import os\nBASE = os.environ['OPENAI_BASE_URL']\nKEY = os.environ['OPENAI_API_KEY']\n")
    project.makeconftest("import client")
    written(
        project,
        """
        import client

        @pytest.mark.tokentape("openai/hello")
        def test_the_mark_alone_is_enough_for_a_client_made_when_its_module_was_imported():
            assert ask(client.BASE, key=client.KEY)[0] == 200

        @pytest.mark.tokentape("openai/hello", faults=["status#1:429,retry-after=1"])
        def test_the_deck(tokentape, tokentape_server):
            assert [ask(tokentape.url("openai"))[0], ask(client.BASE)[0]] == [429, 200]
            assert [(one.status, one.attempt) for one in tokentape.requests] == [(429, 1), (200, 2)]
            assert tokentape_server.url("openai") == client.BASE != tokentape.url("openai")
            tokentape.assert_clean()

        @pytest.mark.tokentape("openai/hello", faults={"fault": "status", "at": "request", "code": 418})
        class TestClass:
            def test_of_a_class(self):
                assert ask(client.BASE)[0] == 418

            @pytest.mark.tokentape(faults="status:500")
            def test_whose_mark_goes_before(self):
                assert ask(client.BASE)[0] == 500

        @pytest.mark.tokentape("openai/hello", scenario="scenario.yaml", speed=3, match="last-user", strict=False)
        @pytest.mark.parametrize("text", ["Hello!", "Other"])
        def test_all_of_the_mark(tokentape, text):
            assert tokentape._house.chooser(tokentape.name).playing.pace.speed == 3
            assert ask(client.BASE, text)[0] == (503 if text == "Hello!" else 404)
            tokentape.assert_clean(allow=["miss"])

        def test_without_the_mark(tokentape):
            assert tokentape.requests == tokentape.misses == []

        def test_without_anything():
            assert ask(client.BASE)[0] == 404
        """,
    )
    project.path.joinpath("scenario.yaml").write_text('rules:\n- when: {}\n  attempts: [["status:503"]]\n')
    done = run(project, "-v")
    done.assert_outcomes(passed=8)
    done.stdout.fnmatch_lines(["tokentape: http://127.0.0.1:*, record none, seed 0"])


def test_what_fails_and_what_is_said_of_it(project: pytest.Pytester) -> None:
    written(
        project,
        """
        @pytest.mark.tokentape("openai/hello", match="normalized")
        def test_a_miss_that_is_swallowed(tokentape):
            ask(tokentape.url("openai"), "my secret is sk-live-0123456789abcdef", key="sk-live-0123456789abcdef")

        def test_no_tape(tokentape):
            assert ask(tokentape.url("openai"))[0] == 200

        @pytest.mark.tokentape("openai/hello", strict=True)
        def test_unused():
            pass

        @pytest.mark.tokentape("openai/hello", faults="reset?@999e")
        def test_of_its_own(tokentape):
            ask(tokentape.url("openai"))
            raise AssertionError("of its own")

        @pytest.mark.xfail(reason="known", strict=True)
        def test_known(tokentape):
            ask(tokentape.url("openai"))

        def test_skipped(tokentape):
            ask(tokentape.url("openai"))
            pytest.skip("later")
        """,
    )
    done = run(project, "--tokentape-seed=7")
    done.assert_outcomes(failed=4, xfailed=1, skipped=1)
    done.stdout.fnmatch_lines(
        [
            "*, record none, seed 7",
            "*test_a_miss_that_is_swallowed*",
            "no tape matches POST /~*/openai/v1/chat/completions: the nearest is openai/hello#1*",
            "*+ request: *my secret is *[*][*][*]*",
            'in the mark: match="route"',
            "requests (seed 7):",
            "  #* POST */openai/v1/chat/completions → 404, *ended by server*",
            "*assert 404 == 200*",
            "*- tokentape call -*",
            "this test has no tape: `pytest 'test_chat.py::test_no_tape' --tokentape-record=once` records "
            "cassettes/test_chat/test_no_tape.yaml",
            "never played: openai/hello#1",
            "*AssertionError: of its own*",
            "*- tokentape call -*",
            "  #* → 200 openai/hello#1, *fault_not_applied*",
        ]
    )
    assert "0123456789abcdef" not in done.stdout.str().replace('key="sk-live-0123456789abcdef"', "").replace(
        "my secret is sk-live-0123456789abcdef", ""
    )


BAD_MARKS = [
    ('"opnai/hello"', "the tape 'opnai/hello' is neither in cassettes/test_chat, cassettes nor in the library; did you mean"),
    ('"openai/hello", fault="x"', "tokentape: mark tokentape: there is no argument 'fault'; did you mean 'faults'?"),
    ('"openai/hello", faults="rest@3e"', "did you mean reset"),
    ('"openai/hello", faults="reset@999e"', "tokentape: openai/hello#1: "),
    ('"openai/hello", speed="fast"', "tokentape: speed: 'fast' is not a speed"),
    ('"openai/hello", scenario="no.yaml"', "no.yaml: cannot read it"),
    ('"openai/hello", match="loosely"', "tokentape: match: found 'loosely', expected exact, normalized, conversation, last-user, route or order"),
]  # fmt: skip


def test_marks_that_cannot_be(project: pytest.Pytester) -> None:
    tests = [f"@pytest.mark.tokentape({mark})\ndef test_{at}(): pass\n" for at, (mark, _) in enumerate(BAD_MARKS)]
    written(project, "\n".join(tests))
    done = run(project)
    done.assert_outcomes(errors=len(BAD_MARKS))
    errors = done.stdout.str().partition("= ERRORS =")[2].partition("= short")[0].split("ERROR at setup of")[1:]
    for (mark, told), said in zip(BAD_MARKS, errors, strict=True):
        assert told in said, mark
        assert len(said.strip().splitlines()) < 5, "one line, no traceback"


def test_the_configuration(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    project.makepyprojecttoml(
        """
        [tool.tokentape]
        speed = 5
        match = "route"
        [tool.tokentape.pytest]
        tapes = ["tapes"]
        strict = true
        """
    )
    project.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="module")
        def tokentape_config():
            return {"ttft": "1ms"}
        """
    )
    (project.path / "tapes").mkdir()
    (project.path / "tapes" / "mine.yaml").write_bytes(lookup.shipped_root().joinpath("openai/hello.yaml").read_bytes())
    written(
        project,
        """
        def test_settings(tokentape, request):
            playing = tokentape._house.chooser(tokentape.name).playing
            assert (playing.pace.speed, playing.pace.ttft_ms, playing.levels[-1]) == (request.config.getoption("wanted"), 1, "route")
            assert ask(tokentape.url("openai"), "anything")[0] == 200
            assert tokentape.requests[0].tape == "mine#1"

        @pytest.mark.tokentape("mine")
        def test_strict():
            pass
        """,
    )
    project.makepyfile(plug="def pytest_addoption(parser): parser.addoption('--wanted', type=float)")
    for options, wanted in ((["--tokentape-speed=9"], 9), ([], 6)):
        monkeypatch.setenv("TOKENTAPE_SPEED", "6")
        done = run(project, "-p", "plug", f"--wanted={wanted}", *options)
        done.assert_outcomes(passed=1, failed=1)
        done.stdout.fnmatch_lines(["never played: mine#1"])
    project.path.joinpath("pyproject.toml").write_text("[tool.tokentape]\nsped = 5\n")
    done = run(project, "-p", "plug")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(
        ["*ERROR: tokentape: pyproject.toml:2: there is no setting 'sped'; did you mean 'speed'?"]
    )
    done = run(project, "-p", "plug", "--tokentape-speed=fast")
    assert done.ret == pytest.ExitCode.USAGE_ERROR


def test_a_fixture_that_returns_what_is_no_setting(project: pytest.Pytester) -> None:
    project.makeconftest("import pytest\n@pytest.fixture\ndef tokentape_config(): return {'sped': 1}\n")
    written(project, "def test_it(tokentape): pass\n")
    done = run(project, "--tokentape-strict")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*tokentape_config: there is no setting 'sped'; did you mean 'speed'?"])


# Recording


def test_recording_and_playing(
    project: pytest.Pytester, upstream: wires.ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(
        project,
        """
        import os

        class TestIt:
            @pytest.mark.parametrize("text", ["one", "two/three"])
            def test_says(self, tokentape, text):
                assert b"live" in ask(os.environ["OPENAI_BASE_URL"], text, os.environ["OPENAI_API_KEY"])[1]

        @pytest.mark.tokentape("named")
        def test_named():
            assert b"live" in ask(os.environ["OPENAI_BASE_URL"])[1]
        """,
    )
    monkeypatch.setenv("OPENAI_BASE_URL", f"{upstream.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-live-0123456789abcdef")
    done = run(project, "--tokentape-record=once")
    done.assert_outcomes(passed=3)
    assert all(b"sk-live-0123456789abcdef" in one for one in upstream.requests[:2])  # a real key stays while recording
    assert b"Bearer x" in upstream.requests[2]
    folder = project.path / "cassettes" / "test_chat"
    names = ["TestIt.test_says[one].yaml", "TestIt.test_says[two-three].yaml", "named.yaml"]
    assert sorted(path.name for path in folder.iterdir() if path.suffix == ".yaml") == names
    assert not any(b"0123456789abcdef" in path.read_bytes() for path in folder.iterdir() if path.is_file())
    done.stdout.fnmatch_lines(["*- tokentape -*", f"recorded *{names[0].partition('[')[0]}*"])
    monkeypatch.delenv("OPENAI_BASE_URL")
    run(project).assert_outcomes(passed=3)
    assert len(upstream.requests) == 3


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (["--record-mode=once"], 1),
        (["--record-mode=once", "--tokentape-record=none"], 0),
        (["--record-mode=none", "--tokentape-record=all"], 1),
        (["--record-mode=rewrite", "--block-network"], 1),
        (["--tokentape-record=new_episodes", "--disable-socket"], 1),
    ],
)
def test_record_modes_of_pytest_recording(
    project: pytest.Pytester,
    upstream: wires.ScriptedUpstream,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    asked: int,
) -> None:
    monkeypatch.setenv("TOKENTAPE_UPSTREAM", f"openai={upstream.url}/v1")
    project.makeconftest(
        "import pytest\n@pytest.fixture(scope='module')\ndef vcr_cassette_dir(request): return str(request.path.parent / 'mine')\n"
    )
    written(
        project, "def test_it(tokentape):\n    ask(tokentape.url('openai'))\n    tokentape.assert_clean(allow='miss')\n"
    )
    run(project, *options).assert_outcomes(passed=1)
    assert len(upstream.requests) == asked
    assert [len(read_tape(path).interactions) for path in project.path.glob("mine/*.yaml")] == [1] * asked


def test_what_was_played_is_noted_and_added_to(
    project: pytest.Pytester, upstream: wires.ScriptedUpstream, monkeypatch
) -> None:
    monkeypatch.setenv("TOKENTAPE_UPSTREAM", f"openai={upstream.url}/v1")
    written(
        project,
        """
        @pytest.mark.parametrize("text", ["a", "b"])
        def test_it(tokentape, text):
            ask(tokentape.url("openai"), text)
        """,
    )
    project.runpytest_inprocess("--tokentape-record=once").assert_outcomes(passed=2)
    noted = project.path / ".tokentape" / "played.jsonl"
    rows = [{"file": f"cassettes/test_chat/test_it[{text}].yaml", "interaction": 1} for text in "ab"]
    assert [json.loads(line) for line in noted.read_text().splitlines()] == rows
    assert (noted.parent / ".gitignore").read_text() == "*\n"
    noted.write_text(json.dumps(rows[1]) + "\n")
    project.runpytest_inprocess("-k", "a]").assert_outcomes(passed=1, deselected=1)
    assert [json.loads(line) for line in noted.read_text().splitlines()] == rows
    noted.write_text("no json")
    project.runpytest_inprocess("-k", "a]")
    assert [json.loads(line) for line in noted.read_text().splitlines()] == rows[:1]
    noted.unlink()
    run(project)
    assert not noted.exists()  # -p no:cacheprovider


# Beside others


def test_every_kind_of_test(project: pytest.Pytester) -> None:
    written(
        project,
        """
        import asyncio
        import unittest

        HELLO = pytest.mark.tokentape("openai/hello", strict=True)

        @HELLO
        class TestUnittest(unittest.TestCase):
            def test_it(self):
                import os
                assert ask(os.environ["OPENAI_BASE_URL"])[0] == 200

        @HELLO
        @pytest.mark.asyncio
        async def test_asyncio(tokentape):
            assert (await asyncio.to_thread(ask, tokentape.url("openai")))[0] == 200
            assert (await tokentape.wait_for_async(1))[0].status == 200

        @HELLO
        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_anyio(tokentape, anyio_backend):
            import anyio
            assert (await anyio.to_thread.run_sync(ask, tokentape.url("openai")))[0] == 200

        @HELLO
        @pytest.mark.asyncio
        async def test_async_and_unused(tokentape):
            pass

        @HELLO
        class TestUnused(unittest.TestCase):
            def test_it(self):
                pass
        """,
    )
    done = run(project)
    done.assert_outcomes(passed=3, failed=2)
    done.stdout.fnmatch_lines(["FAILED *::test_async_and_unused*", "FAILED *::TestUnused::test_it*"])


@pytest.mark.parametrize(
    "options",
    [
        ["--block-network"],
        ["--disable-socket", "--allow-unix-socket"],
        ["--disable-socket"],
        ["--allow-hosts=192.0.2.1"],
        ["-p", "no:recording", "-p", "no:socket"],
    ],
    ids=" ".join,
)
def test_what_blocks_the_network_lets_our_server_be(project: pytest.Pytester, options: list[str]) -> None:
    written(
        project,
        """
        import socket

        @pytest.mark.tokentape("openai/hello")
        def test_ours(tokentape, request):
            assert ask(tokentape.url("openai"))[0] == 200
            if not request.config.pluginmanager.has_plugin("recording"):
                return
            with pytest.raises(RuntimeError), socket.socket() as one:
                one.connect(("192.0.2.9", 9))

        def test_others(request):
            if request.config.pluginmanager.has_plugin("recording"):
                with pytest.raises(RuntimeError), socket.socket() as one:
                    one.connect(("127.0.0.1", 9))
        """,
    )
    run(project, "-W", "ignore", *options).assert_outcomes(passed=2)


def test_beside_vcrpy_and_respx(project: pytest.Pytester) -> None:
    project.path.joinpath("cassettes", "test_chat").mkdir(parents=True)
    (project.path / "cassettes" / "test_chat" / "test_vcr.yaml").write_text(
        "version: 1\ninteractions:\n- request: {method: GET, uri: 'http://vcr.invalid/', headers: {}, body: null}\n"
        "  response: {status: {code: 200, message: OK}, headers: {}, body: {string: taped}}\n"
    )
    written(
        project,
        """
        import httpx

        @pytest.mark.vcr
        def test_vcr():
            assert httpx.get("http://vcr.invalid/").text == "taped"

        @pytest.mark.respx(base_url="http://respx.invalid")
        def test_respx(respx_mock):
            respx_mock.get("/").respond(204)
            assert httpx.get("http://respx.invalid/").status_code == 204

        @pytest.mark.tokentape("openai/hello")
        def test_ours(tokentape):
            assert httpx.get(f"{tokentape.url('openai')}/models").status_code == 200
            assert ask(tokentape.url("openai"))[0] == 200
        """,
    )
    run(project, "--block-network").assert_outcomes(passed=3)


def test_the_guard(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_: (_ for _ in ()).throw(OSError(f"no way to {host}")))
    project.makepyprojecttoml("[tool.tokentape.pytest]\nguard = true\n")
    project.makepyfile(
        test_plain="""
        import socket
        import pytest

        def test_swallowed():
            with pytest.raises(RuntimeError):
                socket.getaddrinfo(b"api.openai.com", 443)

        def test_raised():
            socket.getaddrinfo("eu.api.openai.com" if False else "api.anthropic.com", 443)

        def test_others():
            with pytest.raises(OSError, match="no way to example.com"):
                socket.getaddrinfo("example.com", 443)
            with pytest.raises(OSError):
                socket.getaddrinfo(None, 443)
        """
    )
    done = run(project)
    done.assert_outcomes(failed=2, passed=1)
    done.stdout.fnmatch_lines(
        ["*this test asked api.openai.com itself, and `guard` is on*", "*api.anthropic.com itself*"]
    )
    project.path.joinpath("pyproject.toml").write_text("[tool.tokentape.pytest]\nguard = false\n")
    run(project).assert_outcomes(failed=2, passed=1)


def test_who_does_not_use_it_has_nothing_of_it(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_plain="""
        import os, sys, threading

        def test_it(request):
            assert "OPENAI_BASE_URL" not in os.environ
            assert not [one for one in threading.enumerate() if one.name == "t" + "okentape"]
        """
    )
    done = run(project)
    done.assert_outcomes(passed=1)
    assert "tokentape" not in done.stdout.str().replace("tokentape-", "").partition("test session starts")[2].partition(
        "collected"
    )[0].replace("plugins: ", "").replace("tokentape", "", 1)
    project.makepyfile(test_plain="import os\ndef test_it(request):\n    request.getfixturevalue('tok' + 'entape')\n")
    run(project).assert_outcomes(passed=1)  # asked for without its name it starts then


def test_the_fixture_is_listed_and_the_mark_is_known(project: pytest.Pytester) -> None:
    written(project, "@pytest.mark.tokentape\ndef test_it(tokentape): pass\n")
    done = run(project, "--strict-markers", "--fixtures")
    done.stdout.fnmatch_lines(
        ["tokentape_config *", "*Settings of this suite*", "tokentape_server *", "tokentape -- *"]
    )
    run(project, "--markers").stdout.fnmatch_lines(["@pytest.mark.tokentape(*tapes, faults=None, *"])
    run(project, "--help").stdout.fnmatch_lines(["*--tokentape-record=*", "*--tokentape-strict*"])
    run(project, "-p", "no:tokentape", "-W", "ignore").assert_outcomes(errors=1)


def test_two_workers(
    project: pytest.Pytester, upstream: wires.ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENTAPE_UPSTREAM", f"openai={upstream.url}/v1")
    written(
        project,
        """
        import os

        @pytest.mark.parametrize("number", range(4))
        def test_it(tokentape, number, worker_id):
            assert b"live" in ask(os.environ["OPENAI_BASE_URL"], str(number))[1]
            assert worker_id in ("gw0", "gw1")
        """,
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # six others to import in each of three processes
    project.makeini("[pytest]\npythonpath = .\n")
    done = project.runpytest_subprocess("-p", "xdist", "-p", "tokentape", "-n2", "--tokentape-record=once")
    done.assert_outcomes(passed=4)
    assert len(list(project.path.glob("cassettes/test_chat/*.yaml"))) == 4
    done.stdout.fnmatch_lines(["*- tokentape -*", *["recorded *test_it*"] * 4])
    rows = [json.loads(line) for line in (project.path / ".tokentape" / "played.jsonl").read_text().splitlines()]
    assert [row["file"].rpartition("/")[2] for row in rows] == [f"test_it[{number}].yaml" for number in range(4)]
    assert body_of("0") in upstream.requests[0] or len(upstream.requests) == 4


def test_a_worker_is_told_from_who_spreads_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    class Config:
        known_args_namespace = None
        option = type("Option", (), {"numprocesses": 2, "tx": None})

    assert pytest_tokentape._is_controller(Config())
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert not pytest_tokentape._is_controller(Config())
