"""Projects that use the plugin, and projects that only have it installed: their own suites, run by pytest.

The chat application has a bug: after a broken stream it keeps what had come and adds the new answer to it. Its suite
finds it by its tapes, which are recorded here against a provider on loopback.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import openai
import pytest
from downstream.provider import Provider

import tokentape

pytest_plugins = ["pytester", "suites"]
CHAT = Path(__file__).parent / "chat"
openai.OpenAI(api_key="x", base_url="http://127.0.0.1:9").close()  # loads what it loads lazily
PLAIN = ("-p", "no:cacheprovider", "-p", "no:asyncio")
BUG = "        for _ in range(ATTEMPTS):\n"
MENDED = "        for _ in range(ATTEMPTS):\n            parts.clear()\n"


@pytest.fixture
def chat(plain_environment: None, pytester: pytest.Pytester) -> pytest.Pytester:
    """The project, in a folder of its own."""
    shutil.copytree(CHAT, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return pytester


def test_the_suite_of_a_chat_application_finds_its_bug(chat: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    finds = [
        "FAILED test_chat.py::test_a_stream_that_breaks_is_asked_for_again*",
        "FAILED test_chat.py::test_a_stream_that_ends_early_is_asked_for_again*",
    ]
    with Provider() as provider, monkeypatch.context() as recording:
        recording.setenv("OPENAI_BASE_URL", f"{provider.url}/v1")
        recording.setenv("OPENAI_API_KEY", "sk-live-0123456789abcdef")
        done = chat.runpytest_inprocess(*PLAIN, "--tokentape-record=once")
    done.stdout.fnmatch_lines(["recorded *test_the_whole_loop.yaml*", "recorded *tea.yaml*"])
    assert len(provider.requests) == 2  # of what was asked again nothing reached it
    tapes = sorted(path.relative_to(chat.path).as_posix() for path in chat.path.rglob("*.yaml"))
    assert tapes == ["cassettes/test_agent/test_the_whole_loop.yaml", "cassettes/test_chat/tea.yaml"]
    assert not any(b"0123456789abcdef" in path.read_bytes() for path in chat.path.rglob("*.yaml"))

    done = chat.runpytest_inprocess(*PLAIN)
    done.assert_outcomes(passed=5, failed=2)
    done.stdout.fnmatch_lines(
        [
            "*  + about tea, about tea, time 1, streamed",
            "requests (seed 0):",
            "  #* 200 tea#1, faults reset@3e#1 (seed *), * bytes, reset, ended by fault after * ms",
            "  #* 200 tea#1, attempt 2, * bytes, kept-alive, ended by tape after * ms",
            *finds,
        ]
    )

    source = (chat.path / "chat.py").read_text()
    assert source.count(BUG) == 1
    (chat.path / "chat.py").write_text(source.replace(BUG, MENDED))
    chat.runpytest_inprocess(*PLAIN).assert_outcomes(passed=7)


OWN = {
    "mockserver.py": "WHOSE = 'the project'\n",
    "recorder/__init__.py": "WHOSE = 'the project'\n",
    "cassettes/__init__.py": "WHOSE = 'the project'\n",
    "test_own.py": "import cassettes, mockserver, recorder\n\ndef test_it():\n"
    "    assert {cassettes.WHOSE, mockserver.WHOSE, recorder.WHOSE} == {'the project'}\n",
}
"""A project with modules of our packages' names."""


@pytest.mark.parametrize("folder", ["", "tests/"], ids=["beside the tests", "below tests/"])
def test_modules_of_our_names_are_the_projects_until_a_fixture_of_ours_is_used(
    folder: str, pytester: pytest.Pytester, monkeypatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # half the time: the others are not asked here
    for name, text in OWN.items():
        (pytester.path / folder / name).parent.mkdir(parents=True, exist_ok=True)
        (pytester.path / folder / name).write_text(text)
    options = ("-p", "tokentape", "-p", "no:cacheprovider")
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=1)
    using = pytester.path / folder / "test_using.py"
    using.write_text("def test_that(tokentape):\n    raise AssertionError('it had a deck')\n")
    done = pytester.runpytest_subprocess(*options)
    done.assert_outcomes(passed=1, errors=1)  # the other test goes on as ever
    hidden = next(line for line in done.stdout.lines if " hides tokentape's own package " in line)
    assert str(pytester.path / folder / "cassettes" / "__init__.py") in hidden
    assert str(Path(tokentape.__file__).parent / "cassettes") in hidden
    assert "Traceback" not in done.stdout.str()


def test_a_folder_of_cassettes_takes_no_name(pytester: pytest.Pytester) -> None:
    (pytester.path / "cassettes").mkdir()
    pytester.makepyfile(
        test_it="import pytest\n\n@pytest.mark.tokentape('openai/hello')\ndef test_it(tokentape): pass\n"
    )
    pytester.runpytest_inprocess(*PLAIN).assert_outcomes(passed=1)
