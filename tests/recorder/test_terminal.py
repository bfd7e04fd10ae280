"""A terminal as the client of a recording: text as it comes, figures below it, nothing that acts on the terminal."""

from __future__ import annotations

import io
import json
from typing import ClassVar

import pytest

from cassettes import dialects
from cassettes.model import Head
from cassettes.redact import Redactor
from recorder.terminal import TEXT_KEPT, Screen, Terminal

SSE = (("Content-Type", "text/event-stream; charset=utf-8"),)
SECRET = b"hunter-horse-battery-staple-9"


def event(text: str) -> bytes:
    value = {"choices": [{"index": 0, "delta": {"content": text}}]}
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Shown:
    """A terminal over two strings."""

    def __init__(self, *, width: int = 0, same: bool = False, prints: bool = True, secret: bytes = SECRET) -> None:
        self.out, self.err, self.clock = io.StringIO(), io.StringIO(), Clock()
        if same:
            self.err = self.out
        screen = Screen(self.out if prints else None, self.err, width=width, same=same)
        self.terminal = Terminal(dialects.get("openai-chat"), screen, Redactor([secret] if secret else []), self.clock)

    def play(self, *pieces: bytes, code: int = 200, headers: tuple[tuple[str, str], ...] = SSE) -> str:
        self.terminal.head(Head(code=code, headers=headers), "chunked")
        for piece in pieces:
            self.terminal.body(piece)
        self.terminal.end("keep")
        return self.out.getvalue()


def test_the_text_of_events_is_printed_as_it_comes() -> None:
    shown = Shown(secret=b"")  # with one, what could be its beginning waits for what follows
    shown.terminal.head(Head(headers=SSE), "chunked")
    shown.terminal.body(event("Hel") + event("lo")[:20])
    assert shown.out.getvalue() == "Hel"
    shown.clock.now += 0.25
    shown.terminal.body(event("lo")[20:] + b": ping\n\n" + b"data: [DONE]\n\n")
    assert shown.out.getvalue() == "Hello"
    shown.terminal.end("keep")
    assert shown.out.getvalue() == "Hello\n"
    assert (shown.terminal.text, shown.terminal.events, shown.terminal.first_byte_ms) == ("Hello", 4, 0.0)
    assert shown.err.getvalue() == ""


def test_an_answer_that_ends_its_line_gets_no_other() -> None:
    assert Shown().play(event("one\n")) == "one\n"
    assert Shown().play() == ""


def test_control_characters_are_shown_and_not_obeyed() -> None:
    assert Shown().play(event("a\x1b]0;title\x07b\tc\nd\x9b2J\u202e")) == "a\\x1b]0;title\\x07b\tc\nd\\x9b2J\\u202e\n"


@pytest.mark.parametrize("cut", range(1, len(SECRET), 5))
def test_a_credential_is_masked_however_it_is_split(cut: int) -> None:
    shown = Shown()
    text = SECRET.decode()
    assert shown.play(event("key " + text[:cut]), event(text[cut:] + " end")) == f"key {'*' * len(text)} end\n"


@pytest.mark.parametrize("cut", range(1, 9))
def test_characters_are_whole_however_a_body_is_split(cut: int) -> None:
    raw = "안녕 €\n".encode()
    assert Shown().play(raw[:cut], raw[cut:], headers=()) == "안녕 €\n"


def test_a_body_that_is_no_stream_is_printed_as_it_is_and_a_problem_on_stderr() -> None:
    assert Shown().play(b'{"a":1}', headers=(("content-type", "application/json"),)) == '{"a":1}\n'
    shown = Shown()
    assert shown.play(b"no \xff", code=401, headers=()) == ""
    assert shown.err.getvalue() == "no \ufffd\n"


def test_nothing_is_printed_where_nothing_is_wanted_but_the_text_is_kept_up_to_a_limit() -> None:
    shown = Shown(prints=False)
    assert shown.play(event("a" * TEXT_KEPT), event("b")) == ""
    assert shown.terminal.text == "a" * TEXT_KEPT


# Figures


class Grid:
    """As much of a terminal as the figures need: text, CR, LF, IND, up, down, save, restore, erase."""

    def __init__(self, height: int) -> None:
        self.lines = [""] * height
        self.row = self.column = 0
        self.saved = (0, 0)

    def feed(self, text: str) -> None:
        while text:
            for sequence, act in self.SEQUENCES.items():
                if text.startswith(sequence):
                    act(self)
                    text = text[len(sequence) :]
                    break
            else:
                assert text[0].isprintable(), repr(text[:9])
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + text[0] + line[self.column + 1 :]
                self.column += 1
                text = text[1:]

    def down(self) -> None:
        if self.row + 1 == len(self.lines):
            self.lines = [*self.lines[1:], ""]
        else:
            self.row += 1

    def up(self) -> None:
        self.row = max(0, self.row - 1)

    def start(self) -> None:
        self.column = 0

    def feed_line(self) -> None:
        self.start()
        self.down()

    def save(self) -> None:
        self.saved = (self.row, self.column)

    def restore(self) -> None:
        self.row, self.column = self.saved

    def erase_line(self) -> None:
        self.lines[self.row] = ""

    def erase_right(self) -> None:
        self.lines[self.row] = self.lines[self.row][: self.column]

    def erase_below(self) -> None:
        self.erase_right()
        self.lines[self.row + 1 :] = [""] * (len(self.lines) - self.row - 1)

    SEQUENCES: ClassVar = {
        "\x1bD": down,
        "\x1b[A": up,
        "\x1b[B": down,
        "\x1b7": save,
        "\x1b8": restore,
        "\x1b[2K": erase_line,
        "\x1b[K": erase_right,
        "\x1b[J": erase_below,
        "\r": start,
        "\n": feed_line,
    }


@pytest.mark.parametrize("height", [2, 3, 8])
def test_figures_stand_below_the_text_and_leave_no_trace(height: int) -> None:
    shown = Shown(width=60, same=True)
    shown.terminal.head(Head(headers=SSE), "chunked")
    for text in ("one ", "line\ntwo", " lines\n", "three"):
        shown.clock.now += 0.2
        shown.terminal.body(event(text))
    grid = Grid(height)
    grid.feed(shown.out.getvalue())
    text = ["one line", "two lines", "three"]
    # What a terminal of two lines shows is the text and the figures.
    assert grid.lines[: grid.row + 1] == text[-(grid.row + 1) :]
    assert grid.lines[grid.row + 1 :][:1] == ["first byte 200 ms, 4 events in 0.8 s, 5/s"]
    assert (grid.row, grid.column) == (min(2, height - 2), 5)
    shown.terminal.end("keep")
    grid = Grid(8)
    grid.feed(shown.out.getvalue())
    assert grid.lines == [*text, "", "", "", "", ""]


def test_figures_of_text_that_goes_elsewhere_are_a_line_that_is_written_over() -> None:
    shown = Shown(width=24)
    shown.clock.now += 0.2
    assert shown.play(event("hi")) == "hi\n"
    assert shown.err.getvalue() == "\r\x1b[Kfirst byte 200 ms, 1 e…\r\x1b[K"


def test_without_a_terminal_there_is_no_figure() -> None:
    shown = Shown(width=0)
    shown.clock.now += 1
    shown.play(event("hi"))
    assert shown.err.getvalue() == ""
    assert shown.terminal.figures(101.0) == "first byte 1,000 ms, 1 event in 1.0 s, 1/s"
