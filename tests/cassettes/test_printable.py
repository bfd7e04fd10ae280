"""Nothing of a tape acts on a terminal, and columns are counted as terminals do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.printable import Page, clip, columns, count, escape, escape_bytes, milliseconds, pad


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain, 안녕 🌊", "plain, 안녕 🌊"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x00\x7f\x9b2J\x85", "\\x00\\x7f\\x9b2J\\x85"),
        ("\u202eevil\u2066\u2028\ufeff\u200f", "\\u202eevil\\u2066\\u2028\\ufeff\\u200f"),
        ("\udcff", "\\udcff"),
    ],
)
def test_escape(text, escaped):
    assert escape(text) == escaped


def test_escape_keeps_what_it_is_told_to_keep():
    assert escape("a\n\tb\r\x1b", keep="\n\t") == "a\n\tb\\r\\x1b"


def test_bytes_that_are_not_text_are_shown_as_bytes():
    assert escape_bytes("안\n".encode() + b"\xff\xec\x95\x1b") == "안\\n\\xff\\xec\\x95\\x1b"


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_escaped_bytes_are_printable(data):
    text = escape_bytes(data)
    assert escape(text) == text
    text.encode()
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text)


def test_columns():
    assert columns("abc") == 3
    assert columns("안녕 🌊") == 7
    assert columns("e\u0301a\u200db") == 3
    assert pad("안", 4) == "안  "


@pytest.mark.parametrize(
    ("width", "clipped"),
    [(0, ""), (1, "…"), (2, "…"), (3, "안…"), (4, "안…"), (5, "안녕…"), (6, "안녕a…"), (7, "안녕abc")],
)
def test_clip_counts_columns(width, clipped):
    assert clip("안녕abc", width) == clipped


@given(st.text(), st.integers(0, 12))
def test_clip_never_exceeds(text, width):
    assert columns(clip(escape(text), width)) <= width


def test_page():
    page = Page(10, ascii_only=True, style=lambda kind, text: f"<{kind} {text}>")
    assert page.clip("x" * 11) == "x" * 9 + "~"
    assert page.clip("xxx", -4) == ""
    assert page.row("body", "y" * 20, "good") == "  <label body      ><good " + "y" * 20 + ">"
    assert Page().row("", "y") == " " * 12 + "y"


def test_figures():
    assert milliseconds(1234.56) == "1,234.6 ms"
    assert milliseconds(0.123, 2) == "0.12 ms"
    assert (count(1, "byte"), count(0, "byte"), count(4812, "byte")) == ("1 byte", "0 bytes", "4,812 bytes")
