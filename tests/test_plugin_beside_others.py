"""The plugin beside others: asyncio, anyio, unittest, what blocks the network, what patches clients, xdist."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest
import wires

if TYPE_CHECKING:
    from suites import Suite

pytest_plugins = ["pytester", "suites"]


def test_every_kind_of_test(project: Suite) -> None:
    project.written(
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
    done = project.run()
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
def test_what_blocks_the_network_lets_our_server_be(project: Suite, options: list[str]) -> None:
    project.written(
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
    project.run("-W", "ignore", *options).assert_outcomes(passed=2)


def test_beside_vcrpy_and_respx(project: Suite) -> None:
    project.path.joinpath("cassettes", "test_chat").mkdir(parents=True)
    (project.path / "cassettes" / "test_chat" / "test_vcr.yaml").write_text(
        "version: 1\ninteractions:\n- request: {method: GET, uri: 'http://vcr.invalid/', headers: {}, body: null}\n"
        "  response: {status: {code: 200, message: OK}, headers: {}, body: {string: taped}}\n"
    )
    project.written(
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
    project.run("--block-network").assert_outcomes(passed=3)


def test_the_guard(project: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_: (_ for _ in ()).throw(OSError(f"no way to {host}")))
    project.pytester.makepyprojecttoml("[tool.tokentape.pytest]\nguard = true\n")
    project.pytester.makepyfile(
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
    done = project.run()
    done.assert_outcomes(failed=2, passed=1)
    done.stdout.fnmatch_lines(
        ["*this test asked api.openai.com itself, and `guard` is on*", "*api.anthropic.com itself*"]
    )
    project.path.joinpath("pyproject.toml").write_text("[tool.tokentape.pytest]\nguard = false\n")
    project.run().assert_outcomes(failed=2, passed=1)


def test_who_does_not_use_it_has_nothing_of_it(project: Suite) -> None:
    project.pytester.makepyfile(
        test_plain="""
        import os, sys, threading

        def test_it(request):
            assert "OPENAI_BASE_URL" not in os.environ
            assert not [one for one in threading.enumerate() if one.name == "t" + "okentape"]
        """
    )
    done = project.run()
    done.assert_outcomes(passed=1)
    assert "tokentape" not in done.stdout.str().replace("tokentape-", "").partition("test session starts")[2].partition(
        "collected"
    )[0].replace("plugins: ", "").replace("tokentape", "", 1)
    project.pytester.makepyfile(
        test_plain="import os\ndef test_it(request):\n    request.getfixturevalue('tok' + 'entape')\n"
    )
    project.run().assert_outcomes(passed=1)  # asked for without its name it starts then


def test_two_workers(project: Suite, live: wires.ScriptedUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENTAPE_UPSTREAM", f"openai={live.url}/v1")
    project.written(
        """
        import os

        @pytest.mark.parametrize("number", range(4))
        def test_it(tokentape, number, worker_id):
            assert b"live" in ask(os.environ["OPENAI_BASE_URL"], str(number))[1]
            assert worker_id in ("gw0", "gw1")
        """,
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # six others to import in each of three processes
    project.pytester.makeini("[pytest]\npythonpath = .\n")
    done = project.pytester.runpytest_subprocess("-p", "xdist", "-p", "tokentape", "-n2", "--tokentape-record=once")
    done.assert_outcomes(passed=4)
    assert len(list(project.path.glob("cassettes/test_chat/*.yaml"))) == 4
    done.stdout.fnmatch_lines(["*- tokentape -*", *["recorded *test_it*"] * 4])
    rows = [json.loads(line) for line in (project.path / ".tokentape" / "played.jsonl").read_text().splitlines()]
    assert [row["file"].rpartition("/")[2] for row in rows] == [f"test_it[{number}].yaml" for number in range(4)]
    assert len(live.requests) == 4
