"""The pytest plugin: fixtures, mark, options, configuration, recording, what a failing test is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import wires

import pytest_tokentape
from cassettes.shipped import shipped_root
from cassettes.store import read_tape

if TYPE_CHECKING:
    from suites import Suite

pytest_plugins = ["pytester", "suites"]


def test_fixture_and_mark(project: Suite) -> None:
    project.pytester.makepyfile(
        client="import os\nBASE = os.environ['OPENAI_BASE_URL']\nKEY = os.environ['OPENAI_API_KEY']\n"
    )
    project.pytester.makeconftest("import client")
    project.written(
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
    done = project.run("-v")
    done.assert_outcomes(passed=8)
    done.stdout.fnmatch_lines(["tokentape: http://127.0.0.1:*, record none, seed 0"])


def test_what_fails_and_what_is_said_of_it(project: Suite) -> None:
    project.written(
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
    done = project.run("--tokentape-seed=7")
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


def test_marks_that_cannot_be(project: Suite) -> None:
    tests = [f"@pytest.mark.tokentape({mark})\ndef test_{at}(): pass\n" for at, (mark, _) in enumerate(BAD_MARKS)]
    project.written("\n".join(tests))
    done = project.run()
    done.assert_outcomes(errors=len(BAD_MARKS))
    errors = done.stdout.str().partition("= ERRORS =")[2].partition("= short")[0].split("ERROR at setup of")[1:]
    for (mark, told), said in zip(BAD_MARKS, errors, strict=True):
        assert told in said, mark
        assert len(said.strip().splitlines()) < 5, "one line, no traceback"


def test_the_configuration(project: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    project.pytester.makepyprojecttoml(
        """
        [tool.tokentape]
        speed = 5
        match = "route"
        [tool.tokentape.pytest]
        tapes = ["tapes"]
        strict = true
        """
    )
    project.pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="module")
        def tokentape_config():
            return {"ttft": "1ms"}
        """
    )
    (project.path / "tapes").mkdir()
    (project.path / "tapes" / "mine.yaml").write_bytes(shipped_root().joinpath("openai/hello.yaml").read_bytes())
    project.written(
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
    project.pytester.makepyfile(plug="def pytest_addoption(parser): parser.addoption('--wanted', type=float)")
    for options, wanted in ((["--tokentape-speed=9"], 9), ([], 6)):
        monkeypatch.setenv("TOKENTAPE_SPEED", "6")
        done = project.run("-p", "plug", f"--wanted={wanted}", *options)
        done.assert_outcomes(passed=1, failed=1)
        done.stdout.fnmatch_lines(["never played: mine#1"])
    project.path.joinpath("pyproject.toml").write_text("[tool.tokentape]\nsped = 5\n")
    done = project.run("-p", "plug")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(
        ["*ERROR: tokentape: pyproject.toml:2: there is no setting 'sped'; did you mean 'speed'?"]
    )
    done = project.run("-p", "plug", "--tokentape-speed=fast")
    assert done.ret == pytest.ExitCode.USAGE_ERROR


def test_a_fixture_that_returns_what_is_no_setting(project: Suite) -> None:
    project.pytester.makeconftest("import pytest\n@pytest.fixture\ndef tokentape_config(): return {'sped': 1}\n")
    project.written("def test_it(tokentape): pass\n")
    done = project.run("--tokentape-strict")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*tokentape_config: there is no setting 'sped'; did you mean 'speed'?"])


# Recording


def test_recording_and_playing(project: Suite, live: wires.ScriptedUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    project.written(
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
    monkeypatch.setenv("OPENAI_BASE_URL", f"{live.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-live-0123456789abcdef")
    done = project.run("--tokentape-record=once")
    done.assert_outcomes(passed=3)
    assert all(b"sk-live-0123456789abcdef" in one for one in live.requests[:2])  # a real key stays while recording
    assert b"Bearer x" in live.requests[2]
    folder = project.path / "cassettes" / "test_chat"
    names = ["TestIt.test_says[one].yaml", "TestIt.test_says[two-three].yaml", "named.yaml"]
    assert sorted(path.name for path in folder.iterdir() if path.suffix == ".yaml") == names
    assert not any(b"0123456789abcdef" in path.read_bytes() for path in folder.iterdir() if path.is_file())
    done.stdout.fnmatch_lines(["*- tokentape -*", f"recorded *{names[0].partition('[')[0]}*"])
    monkeypatch.delenv("OPENAI_BASE_URL")
    project.run().assert_outcomes(passed=3)
    assert len(live.requests) == 3


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
    project: Suite,
    live: wires.ScriptedUpstream,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    asked: int,
) -> None:
    monkeypatch.setenv("TOKENTAPE_UPSTREAM", f"openai={live.url}/v1")
    project.pytester.makeconftest(
        "import pytest\n@pytest.fixture(scope='module')\ndef vcr_cassette_dir(request): return str(request.path.parent / 'mine')\n"
    )
    project.written(
        "def test_it(tokentape):\n    ask(tokentape.url('openai'))\n    tokentape.assert_clean(allow='miss')\n"
    )
    project.run(*options).assert_outcomes(passed=1)
    assert len(live.requests) == asked
    assert [len(read_tape(path).interactions) for path in project.path.glob("mine/*.yaml")] == [1] * asked


def test_what_was_played_is_noted_and_added_to(project: Suite, live: wires.ScriptedUpstream, monkeypatch) -> None:
    monkeypatch.setenv("TOKENTAPE_UPSTREAM", f"openai={live.url}/v1")
    project.written(
        """
        @pytest.mark.parametrize("text", ["a", "b"])
        def test_it(tokentape, text):
            ask(tokentape.url("openai"), text)
        """,
    )
    project.pytester.runpytest_inprocess("--tokentape-record=once").assert_outcomes(passed=2)
    noted = project.path / ".tokentape" / "played.jsonl"
    rows = [{"file": f"cassettes/test_chat/test_it[{text}].yaml", "interaction": 1} for text in "ab"]
    assert [json.loads(line) for line in noted.read_text().splitlines()] == rows
    assert (noted.parent / ".gitignore").read_text() == "*\n"
    noted.write_text(json.dumps(rows[1]) + "\n")
    project.pytester.runpytest_inprocess("-k", "a]").assert_outcomes(passed=1, deselected=1)
    assert [json.loads(line) for line in noted.read_text().splitlines()] == rows
    noted.write_text("no json")
    project.pytester.runpytest_inprocess("-k", "a]")
    assert [json.loads(line) for line in noted.read_text().splitlines()] == rows[:1]
    noted.unlink()
    project.run()
    assert not noted.exists()  # -p no:cacheprovider


def test_the_fixture_is_listed_and_the_mark_is_known(project: Suite) -> None:
    project.written("@pytest.mark.tokentape\ndef test_it(tokentape): pass\n")
    done = project.run("--strict-markers", "--fixtures")
    done.stdout.fnmatch_lines(
        ["tokentape_config *", "*Settings of this suite*", "tokentape_server *", "tokentape -- *"]
    )
    project.run("--markers").stdout.fnmatch_lines(["@pytest.mark.tokentape(*tapes, faults=None, *"])
    project.run("--help").stdout.fnmatch_lines(["*--tokentape-record=*", "*--tokentape-strict*"])
    project.run("-p", "no:tokentape", "-W", "ignore").assert_outcomes(errors=1)


def test_a_worker_is_told_from_who_spreads_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    class Config:
        known_args_namespace = None
        option = type("Option", (), {"numprocesses": 2, "tx": None})

    assert pytest_tokentape._is_controller(Config())
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert not pytest_tokentape._is_controller(Config())
