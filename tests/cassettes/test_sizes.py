from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.events import event_ends
from cassettes.model import CassetteError, Chunk, TokentapeError
from cassettes.sizes import fix_chunks, format_chunks, parse_chunks, rounded, tenths

BODY = b"data: 1\n\n: ping\n\ndata: [DONE]\n\n"  # events of 9, 8 and 14 bytes


def parse(text, body=BODY, kind="sse", framing="chunked", missing=0):
    return parse_chunks(
        text, body, kind, framing=framing, missing=missing, line_of=lambda index: f"my tape.yaml:{40 + index}"
    )


def fix(text, body=BODY, kind="sse", framing="chunked", missing=0):
    return fix_chunks(text, body, kind, framing=framing, missing=missing)


def test_events_bytes_and_the_rest():
    assert parse("312.4 1e\n15000 8b\n0.3 *\n") == (Chunk(312.4, 9), Chunk(15000.0, 8), Chunk(0.3, 14))


def test_bytes_that_end_on_an_edge_let_the_next_line_count_events():
    assert parse("0 4b\n0 5b\n0 2e") == (Chunk(0.0, 4), Chunk(0.0, 5), Chunk(0.0, 22))


def test_comments_blank_lines_and_blanks_are_allowed():
    text = "# a head\n\n  10 1e # one\t# two\n \t \n\t5\t 2e+\t\n# a tail"
    assert parse(text, missing=7) == (Chunk(10.0, 9), Chunk(5.0, 22, True))


def test_an_empty_body_has_no_lines():
    assert parse("", b"") == ()
    assert parse("# nothing came\n", b"") == ()


def test_runs_of_one_http_chunk():
    assert parse("1 4b+\n2 5b\n3 2e") == (Chunk(1.0, 4, True), Chunk(2.0, 5), Chunk(3.0, 22))


@pytest.mark.parametrize("framing", ["length", "close"])
def test_plus_means_nothing_without_http_chunks(framing):
    assert parse("1 1e+\n2 2e+", framing=framing) == (Chunk(1.0, 9), Chunk(2.0, 22))
    assert parse("1 1e\n2 2e", framing=framing, missing=5) == (Chunk(1.0, 9), Chunk(2.0, 22))


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("0 1e\n0 23b", 41, "23b, but 22 of the body's 31 bytes are left"),
        ("0 1e\n0 1e", 41, "make 17 bytes, expected the body's 31"),
        ("0 1e\n\n# end\n", 40, "make 9 bytes, expected the body's 31"),
        ("0 4e", 40, "4e, but 3 of 3 events are left"),
        ("0 1e\n0 3b\n0 2e", 42, "2e, but byte 12 is 3 bytes into an event"),
        ("0 3e\n0 1b", 41, "1b, but 0 of the body's 31 bytes are left"),
        ("0 3e\n0 *", 41, "*, but no byte of the body's 31 is left"),
        ("0 3e+", 40, "'+' on the last line, expected none because end.missing is 0"),
    ],
)
def test_sizes_that_do_not_fit_name_line_and_repair(text, line, found):
    with pytest.raises(CassetteError) as caught:
        parse(text)
    message = str(caught.value)
    assert message.startswith(f"my tape.yaml:{line}: chunks: ")
    assert found in message
    assert message.endswith(
        "a formatter may have edited the tape; `tokentape edit --fix-sizes 'my tape.yaml'` repairs it"
    )
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "line", ["1e", "0 1", "0 1x", "-1 1e", "1e3 1e", "0 1e++", "0 1e#c", "nan 1e", ".5 1e", "0 ١e", "9" * 13 + " 1e", "0 " + "9" * 400 + "b"]
)  # fmt: skip
def test_malformed_lines_show_the_grammar(line):
    with pytest.raises(CassetteError, match='expected "<gap_ms> <size>"') as caught:
        parse(f"0 1e\n{line}\n0 *")
    assert str(caught.value).startswith("my tape.yaml:41: ")
    assert len(str(caught.value)) < 320


def test_zero_sizes_and_a_rest_that_is_not_last_are_malformed():
    with pytest.raises(CassetteError, match=r"yaml:40: chunks: found the size 0e, expected more than 0"):
        parse("0 0e\n0 *")
    with pytest.raises(CassetteError, match=r"yaml:41: chunks: found \* above other lines"):
        parse("0 1e\n0 *\n0 1e")


def test_events_in_a_body_without_events():
    with pytest.raises(CassetteError, match="this body has no events"):
        parse("0 1e", kind="none")


def test_the_missing_plus():
    assert parse("0 3e+", missing=9)[-1].more
    with pytest.raises(CassetteError, match=r"no '\+' on the last line, expected one because end.missing is 9"):
        parse("0 3e", missing=9)


def test_format_counts_events_where_edges_meet():
    chunks = (Chunk(312.44, 9), Chunk(0.26, 3), Chunk(15000, 5, True), Chunk(1, 14))
    assert format_chunks(chunks, BODY, "sse") == "312.4 1e\n0.3 3b\n15000 5b+\n1 1e\n"
    assert format_chunks((Chunk(0, 31),), BODY, "sse") == "0 3e\n"
    assert format_chunks((Chunk(0, 31),), BODY, "none") == "0 31b\n"
    assert format_chunks((), b"", "sse") == ""


def test_a_tail_that_is_no_event_counts_in_bytes():
    assert format_chunks((Chunk(0, 9), Chunk(0, 4)), b"data: 1\n\ndata", "sse") == "0 1e\n0 4b\n"


def test_format_refuses_sizes_that_do_not_add_up():
    with pytest.raises(TokentapeError, match="chunks of 9 bytes for a body of 31 bytes"):
        format_chunks((Chunk(0, 9),), BODY, "sse")


def test_rounding_is_done_on_offsets():
    chunks = rounded((Chunk(0.04, 1),) * 1000, 0.0)
    assert sum(chunk.gap_ms for chunk in chunks) == pytest.approx(40.0)
    assert {chunk.gap_ms for chunk in chunks} == {0.0, 0.1}
    assert rounded((Chunk(0.04, 1),), 180.64) == (Chunk(0.1, 1),)


@pytest.mark.parametrize("gap", [-0.1, float("nan"), float("inf"), 1e12])
def test_times_that_no_tape_can_hold(gap):
    with pytest.raises(TokentapeError, match="cannot write the time"):
        tenths(gap)


@pytest.mark.parametrize(
    ("text", "chunks", "told"),
    [
        ("0 1e\n5 2e", [(0, 9), (5, 22)], []),
        ("0 1e\n5 23b", [(0, 9), (5, 22)], ["line 2: now 22 bytes"]),
        ("0 1e\n5 9e", [(0, 9), (5, 22)], ["line 2: now 22 bytes"]),
        ("0 1e\n5 1e", [(0, 9), (5, 8), (0, 14)], ["added a last line for the 14 bytes left over"]),
        ("0 3e\n5 2b\n7 1e", [(0, 31)], ["line 2: dropped, no bytes are left for it", "line 3: dropped, no bytes are left for it"]),
        ("0 1e\n5 what\n7 2e", [(0, 9), (12, 22)], ["line 2: dropped, it is no chunk"]),
        ("0 0b\n7 3e", [(7, 31)], ["line 1: dropped, no bytes are left for it"]),
        ("0 8b\n7 2e", [(0, 9), (7, 22)], ["the chunk before line 2: now 9 bytes, to end where an event does"]),
        ("0 10b\n7 2e", [(0, 9), (7, 22)], ["the chunk before line 2: now 9 bytes, to end where an event does"]),
        ("0 1e\n7 1b\n9 1e", [(0, 9), (7, 8), (9, 14)], ["the chunk before line 3: now 8 bytes, to end where an event does"]),
        ("0 1e+\n5 2e+", [(0, 9, True), (5, 22)], ["the last line: removed '+'"]),
        ("0 *\n5 3e", [(0, 31)], ["line 2: dropped, no bytes are left for it"]),
        ("", [(0, 31)], ["added a last line for the 31 bytes left over"]),
    ],
)  # fmt: skip
def test_fix(text, chunks, told):
    fixed, mended = fix(text)
    assert fixed == tuple(Chunk(*chunk) for chunk in chunks)
    assert list(mended) == told


@pytest.mark.parametrize("gap", ["-5", "25.3ms", "1e3", "soon"])
def test_fixing_sizes_never_moves_a_boundary_for_a_gap(gap):
    wanted = parse("0 1e\n20 1e\n0 *")
    chunks, told = fix(f"0 1e\n{gap} 1e\n0 *")
    assert [chunk.size for chunk in chunks] == [chunk.size for chunk in wanted]
    assert told == (f"line 2: the gap '{gap}' is no number of ms, taken as 0",)


def test_fix_mends_the_last_plus_and_drops_it_without_http_chunks():
    assert fix("0 3e", missing=2) == ((Chunk(0, 31, True),), ("the last line: added '+'",))
    assert fix("0 3e+", framing="close") == ((Chunk(0, 31),), ())


@st.composite
def chunked_bodies(draw):
    body = draw(
        st.binary(max_size=60) | st.lists(st.sampled_from([b"data: x\n\n", b": p\n\n", b"d"]), max_size=9).map(b"".join)
    )
    cuts = sorted(draw(st.sets(st.integers(1, len(body) - 1)))) if len(body) > 1 else []
    edges = [0, *cuts, len(body)]
    missing = draw(st.sampled_from([0, 5]))
    gaps = st.floats(0, 1e6)
    chunks = [Chunk(draw(gaps), b - a, draw(st.booleans())) for a, b in pairwise(edges) if b > a]
    if chunks:
        chunks[-1] = chunks[-1]._replace(more=missing > 0)
    return body, tuple(chunks), missing, draw(st.sampled_from(["sse", "ndjson", "json-array", "none"]))


@given(chunked_bodies(), st.floats(0, 1e5))
def test_what_is_formatted_parses_to_the_same(sample, start):
    body, chunks, missing, kind = sample
    text = format_chunks(chunks, body, kind, start_ms=start)
    assert parse(text, body, kind, missing=missing) == rounded(chunks, start)
    offset = start + sum(chunk.gap_ms for chunk in chunks)
    assert round(start, 1) + sum(chunk.gap_ms for chunk in rounded(chunks, start)) == pytest.approx(offset, abs=0.11)


LINES = st.text("0123456789.eb*+# x", max_size=9) | st.from_regex(r"[0-9]{1,2} ([0-9]{1,2}[eb]|\*)\+?", fullmatch=True)


PLAIN_LINES = st.tuples(
    st.sampled_from(["0", "0.0", "12.3", "999999999999", "1.123456789"]),
    st.integers(0, 3) | st.integers(1, 400),
    st.sampled_from("eb"),
    st.sampled_from(["", "", "", "+"]),
).map(lambda line: "{} {}{}{}".format(*line))


@pytest.mark.parametrize("text", ["1 1e\n1 1b", "1 1b\n1 17e"])
def test_one_unit_is_not_taken_for_another(text):
    with pytest.raises(CassetteError, match=r"expected the body's 18|but byte 1 is 1 bytes into an event"):
        parse(text, b"data: x\n\n" * 2)


def outcome(text, body, kind, missing, framing):
    """The chunks, or what is wrong."""
    try:
        return parse(text, body, kind, framing, missing)
    except CassetteError as error:
        return str(error)


@given(
    st.lists(PLAIN_LINES, max_size=8).map("\n".join),
    chunked_bodies(),
    st.sampled_from(["", "\n", "\n\n"]),
    st.sampled_from(["chunked", "length"]),
)
def test_a_comment_changes_nothing(text, sample, end, framing):
    """Lines as we write them are read in one go; a comment below them makes it line by line."""
    body, chunks, missing, kind = sample
    for lines in (text, format_chunks(chunks, body, kind), format_chunks(chunks, body, "none")):
        found = [outcome(lines + below + end, body, kind, missing, framing) for below in ("", "\n# one")]
        assert found[0] == found[1]


@given(st.lists(LINES, max_size=8).map("\n".join), chunked_bodies())
def test_whatever_the_text_is_fixing_makes_it_fit(text, sample):
    body, _, missing, kind = sample
    chunks, mended = fix(text, body, kind, missing=missing)
    assert sum(chunk.size for chunk in chunks) == len(body)
    again = format_chunks(chunks, body, kind)
    assert parse(again, body, kind, missing=missing) == rounded(chunks)
    assert fix(again, body, kind, missing=missing)[1] == ()
    try:
        fits = parse(text, body, kind, missing=missing)
    except CassetteError:
        assert mended
    else:
        assert (chunks, mended) == (fits, ())


def test_long_tapes_are_read_in_one_pass():
    # A quadratic reader would need minutes for 300,000 lines, this one less than a second.
    body = BODY * 100_000
    chunks = parse("0.1 1e\n0.2 8b\n0.3 1e\n" * 100_000, body)
    assert len(chunks) == len(event_ends(body, "sse")) == 300_000
