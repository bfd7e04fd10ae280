"""What the recorder's commands print: escaped, on the right stream, and never a reason to fail."""

from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.printable import escape
from recorder.printing import complain, has_colour, json_text, page, print_json, say


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_talk_is_one_escaped_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[31m\nb")
    complain(ValueError("bad\r"))
    assert capsys.readouterr() == ("", "a\\x1b[31m\\nb\ntokentape: error: bad\\r\n")


def test_a_stderr_that_nobody_reads_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Gone())
    say("nobody hears this")


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_json_is_json_and_acts_on_no_terminal(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert escape(text, keep="\n") == text


def test_json_keeps_what_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "안녕 \x1b[2J \x9b31m \u202e"})
    assert capsys.readouterr().out == '{\n  "text": "안녕 \\u001b[2J \\u009b31m \\u202e"\n}\n'


@pytest.mark.parametrize(
    ("stream", "environ", "colour"),
    [
        (Tty(), {}, True),
        (Tty(), {"NO_COLOR": ""}, True),
        (Tty(), {"NO_COLOR": "1"}, False),
        (Tty(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colour_is_for_terminals(stream: io.StringIO, environ: dict[str, str], colour: bool) -> None:
    assert has_colour(stream, environ) is colour


def test_a_page_is_plain_where_stdout_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert page().width == 72
    assert page().style("good", "x") == "x"
    monkeypatch.setattr(sys, "stdout", Tty())
    assert page().style("good", "x") == "\x1b[32mx\x1b[0m"
