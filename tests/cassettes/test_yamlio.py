import gzip
import io
import os
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cassettes import yamlio
from cassettes.model import (
    NO_RESPONSE,
    Cassette,
    CassetteError,
    Chunk,
    Ending,
    Informational,
    Interaction,
    Request,
    Response,
    Stream,
    TokentapeError,
)
from cassettes.yamlio import MAX_BYTES, canonical, dump, load, load_file

vcr_serialize = pytest.importorskip("vcr.serialize")
yamlserializer = pytest.importorskip("vcr.serializers.yamlserializer")
TAPES = Path(__file__).resolve().parents[2] / "../shared/tapes"
BODY = b"data: 1\n\n: ping\n\ndata: [DONE]\n\n"
SSE = (("content-type", "text/event-stream"),)


def cassette(body=BODY, chunks=None, headers=SSE, request_body=b'{"stream":true}', **fields):
    chunks = ((Chunk(0.0, len(body)),) if body else ()) if chunks is None else chunks
    response = Response(200, "OK", headers, body, Stream(chunks=chunks, **fields))
    return Cassette(interactions=(Interaction(Request("POST", "https://h/v1", (), request_body), response),))


# What trips YAML writers: other line ends, blanks at ends of lines, indicators, characters that need an escape.
PIECES = ["\n", "\n\n", "\r\n", "\r", "\x85", "\u2028", "\u2029", "\ufeff", "\ufffe", "\x00", "\x1b", "\x7f", "\xa0", "\u3000", " ", "  ", "\t", "#", "- ", ": ", "---", "...", "'", '"', "\\", "|", "%", "@", "data: x", "안녕", "❤️", "👩‍💻", "é", "}", "]", "<<", "~", "1", "𐀀"]  # fmt: skip
NASTY = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=20)
BODIES = st.binary(max_size=40) | NASTY.map(lambda text: text.encode("utf-8", "surrogatepass"))
VALUES = NASTY.map(
    lambda text: text.encode("utf-8", "ignore").decode().translate({10: None, 13: None, 0: None})
) | st.binary(max_size=8).map(lambda data: data.translate(None, b"\r\n\0").decode("utf-8", "surrogateescape"))
NAMES = st.text("abNo-_.~1xX!#$%&'*+^`|", min_size=1, max_size=6)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=5).map(tuple)
GAPS = st.floats(0, 1e6) | st.integers(0, 10**6)


@st.composite
def responses(draw):
    at = draw(st.sampled_from(["body", "body", "body", "head", "request"]))
    body = draw(BODIES) if at == "body" else b""
    cuts = draw(st.sets(st.integers(1, len(body) - 1))) if len(body) > 1 else ()
    kind = draw(st.sampled_from(["eof", "cut", "reset", "timeout", "client_closed", "interrupted"]))
    end = Ending(
        type=kind,
        at=at,
        gap_ms=draw(GAPS),
        missing=draw(st.sampled_from([0, 0, 3])),
        client_left_ms=draw(st.none() | GAPS),
    )
    chunks = [Chunk(draw(GAPS), b - a, draw(st.booleans())) for a, b in pairwise(sorted({0, *cuts, len(body)}))]
    framing = draw(st.sampled_from(["chunked", "length", "close"]))
    if chunks:
        chunks[-1] = chunks[-1]._replace(more=end.missing > 0)
    stream = Stream(
        provider=draw(st.sampled_from(["openai", "no", "x.y_z-1", "7"])), dialect=draw(st.sampled_from(["raw", "on"])),
        source=draw(st.sampled_from(["recorded", "imported", "synthetic", "edited"])), pacing=draw(st.sampled_from(["recorded", "synthetic"])),
        recorded_at=draw(st.none() | st.just("2026-11-20T09:30:00.000Z")), http=draw(st.sampled_from(["1.0", "1.1"])), framing=framing,
        headers_ms=draw(GAPS), chunks=tuple(chunks), end=end, head=draw(st.none() | BODIES) if at == "head" else None, trailers=draw(HEADERS),
        informational=tuple(draw(st.lists(st.builds(Informational, GAPS, st.integers(100, 199), VALUES, HEADERS), max_size=2))),
        events=draw(st.sampled_from([None, "sse", "ndjson", "json-array", "none"])),
    )  # fmt: skip
    media = draw(st.sampled_from([(), SSE, (("Content-Type", "application/x-ndjson"),)]))
    code, message = (draw(st.integers(200, 599)), draw(VALUES)) if at == "body" else NO_RESPONSE
    return Response(code, message, media + draw(HEADERS), body, stream)


URIS = VALUES.map(lambda text: "https://h/" + text.encode("utf-8", "ignore").decode())  # vcrpy wants a str
REQUESTS = st.builds(Request, st.sampled_from(["POST", "GET", "NO", "x"]), URIS, HEADERS, BODIES)
CASSETTES = st.lists(st.builds(Interaction, REQUESTS, responses()), max_size=3).map(
    lambda found: Cassette(interactions=tuple(found))
)


@settings(deadline=None, max_examples=60)
@given(CASSETTES)
def test_what_is_dumped_loads_to_the_same(tape):
    data = dump(tape)
    wanted = canonical(tape).interactions
    assert data.endswith(b"\n")
    assert not data.endswith(b"\n\n")
    assert load(data, "f").interactions == wanted
    assert load(data.replace(b"\n", b"\r\n"), "f").interactions == wanted  # a checkout with core.autocrlf
    assert load(trailing_whitespace(end_of_file(data)), "f").interactions == wanted
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader", raising=False)
        assert load(data, "f").interactions == wanted


@settings(deadline=None, max_examples=60)
@given(CASSETTES)
def test_vcrpy_reads_what_we_write_and_we_what_it_saves(tape):
    data = dump(tape)
    wanted = canonical(tape).interactions
    requests, found = vcr_serialize.deserialize(data.decode(), yamlserializer)
    assert [request.method for request in requests] == [each.request.method for each in wanted]
    assert [request.body or b"" for request in requests] == [each.request.body for each in wanted]
    assert [response["body"]["string"] for response in found] == [each.response.body for each in wanted]
    assert [response["status"]["code"] for response in found] == [each.response.code for each in wanted]
    saved = vcr_serialize.serialize({"requests": requests, "responses": found}, yamlserializer)
    again = load(saved.encode(), "f").interactions
    assert [each.response.stream for each in again] == [each.response.stream for each in wanted]
    assert [each.response.body for each in again] == [each.response.body for each in wanted]
    assert [each.request.body for each in again] == [each.request.body for each in wanted]
    for one, other in zip(again, wanted, strict=True):  # vcrpy sorts the names
        assert sorted(one.response.headers) == sorted(other.response.headers)


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_both_parsers_of_vcrpy_read_a_tape(loader):
    if not hasattr(yaml, loader):
        pytest.skip("this PyYAML was built without libyaml")
    found = yaml.load(dump(cassette()).decode(), getattr(yaml, loader))
    assert list(found["interactions"][0]["request"]) == ["method", "uri", "headers", "body"]
    assert found["interactions"][0]["response"]["body"] == {"string": BODY.decode()}


def end_of_file(data):
    """pre-commit's end-of-file-fixer: the first of the line ends at the end is kept, or one is added."""
    text = data.rstrip(b"\r\n")
    ends = data[len(text) :] or b"\n"
    return text + (b"\r\n" if ends.startswith(b"\r\n") else ends[:1]) if text else b""


def trailing_whitespace(data):
    """pre-commit's trailing-whitespace: strips every line of ASCII blanks, keeping its line end."""
    found = []
    for line in io.BytesIO(data):
        end = b"\r\n" if line.endswith(b"\r\n") else b"\n" if line.endswith(b"\n") else b""
        found.append(line.removesuffix(end).rstrip() + end)
    return b"".join(found)


@pytest.mark.parametrize(
    "body", [BODY, BODY.replace(b"\n", b"\r\n"), b"a \n b\t\n\n\n", b"\xff\x00 \n \n", b"\n\n", b""]
)
def test_formatters_and_checkouts_change_nothing(body):
    data = dump(cassette(body))
    wanted = load(data, "f")
    assert end_of_file(data) == data
    assert trailing_whitespace(data) == data
    crlf = data.replace(b"\n", b"\r\n")
    assert load(crlf, "f") == wanted
    assert load(trailing_whitespace(crlf), "f") == wanted
    assert load(end_of_file(crlf + b"\r\n\r\n"), "f") == wanted


def test_a_formatter_that_hurt_a_body_is_told_apart():
    data = dump(cassette(b"data: a\n\ndata: b", (Chunk(1, 4), Chunk(2, 12)))).replace(b"data: b\n", b"data: bb\n")
    with pytest.raises(CassetteError, match=r"f.yaml:\d+: chunks: .* a formatter may have edited the tape"):
        load(data, "f.yaml")
    assert load(data, "f.yaml", fix_sizes=True).interactions[0].response.stream.chunks == (
        Chunk(1, 4),
        Chunk(2, 12),
        Chunk(0, 1),
    )


def test_compressed_tapes_are_equal_for_equal_cassettes():
    data = dump(cassette(), compress=True)
    assert data == dump(cassette(), compress=True)
    assert data[4:8] == b"\0\0\0\0"
    assert gzip.decompress(data) == dump(cassette())
    assert load(data, "f").interactions == canonical(cassette()).interactions


@pytest.mark.parametrize(
    ("tape", "told"),
    [
        (
            cassette(headers=(("a b", "c"),)),
            "cannot be a cassette: the new tape:12:14: response headers: found the name 'a b'",
        ),
        (cassette(headers=(("a", "b\r\nc"),)), "found a line break"),
        (cassette(chunks=(Chunk(-1, 31),)), "cannot write the time -1"),
        (cassette(chunks=(Chunk(0, 30),)), "chunks of 30 bytes for a body of 31"),
        (cassette(chunks=(Chunk(0, 31, True),)), "found '+' on the last line"),
        (cassette(provider="a b"), "stream.provider: found 'a b'"),
        (cassette(end=Ending(type="cut", at="head")), "end: found at: head but a body of 31 bytes"),
    ],
)
def test_what_no_file_can_hold_is_not_written(tape, told):
    with pytest.raises(TokentapeError) as caught:
        dump(tape)
    assert told in str(caught.value)
    assert caught.value.exit_code == 1


def test_a_body_too_large_for_a_tape():
    with pytest.raises(TokentapeError, match=r"cannot be a cassette: .*more than 64 MB"):
        dump(cassette(b"x" * MAX_BYTES))


def test_a_writer_that_would_lose_something_is_caught(monkeypatch):
    whole = dump(cassette()).decode()
    monkeypatch.setattr(yamlio, "text_of", lambda _: whole.replace("data: 1", "data: 2"))
    with pytest.raises(TokentapeError, match=r"would not read back as it is \(interaction #1, response.body\)"):
        dump(cassette())
    monkeypatch.setattr(yamlio, "text_of", lambda _: "interactions: []\n")
    with pytest.raises(TokentapeError, match="number of interactions"):
        dump(cassette())


def test_files(tmp_path):
    path = tmp_path / "hello.yaml"
    path.write_bytes(dump(cassette()))
    assert load_file(path).interactions == canonical(cassette()).interactions
    (tmp_path / "hello.yaml.gz").write_bytes(dump(cassette(), compress=True))
    assert load_file(str(path) + ".gz") == load_file(path)
    path.write_bytes(b"[")
    with pytest.raises(CassetteError) as caught:
        load_file(path)
    assert str(caught.value).startswith(f"{path}:2:1: not YAML")


def test_files_that_are_none(tmp_path):
    os.mkfifo(tmp_path / "fifo.yaml")
    with pytest.raises(CassetteError, match="no regular file"):
        load_file(tmp_path / "fifo.yaml")
    with pytest.raises(CassetteError, match=r"cannot read it \(No such file"):
        load_file(tmp_path / "absent.yaml")
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(CassetteError, match="found 64 MB, expected at most 64"):
        load_file(tmp_path / "large.yaml")


def test_names_of_files_cannot_break_a_message():
    with pytest.raises(CassetteError) as caught:
        load(b"[", "a\n\x1b[31m.yaml")
    assert str(caught.value).startswith("a\\n\\x1b[31m.yaml:")


def refused(data):
    """What is said against `data`; None if it loads."""
    try:
        load(data, "f.yaml")
    except CassetteError as error:
        return str(error)
    return None


SHAPES = st.recursive(
    st.sampled_from(["1", "x", "~", "''", "-1", ".inf", "!!binary '*'", "1e999", "true", "2026-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda found: f"[{', '.join(found)}]")
        | st.dictionaries(st.sampled_from(["code", "string", "type", "v", "at_ms", "x"]), inner, max_size=2).map(
            lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found.items()) + "}"
        )
    ),
    max_leaves=4,
)


@given(st.data())
def test_wrong_types_everywhere_are_one_line(data):
    tape = cassette(trailers=(("a", "b"),), informational=(Informational(1, 103, "x", (("a", "b"),)),), head=None)
    lines = dump(tape).decode().splitlines()
    at = data.draw(
        st.sampled_from([i for i, line in enumerate(lines) if ": " in line and not line.startswith("        data")])
    )
    key = lines[at].partition(": ")[0]
    lines[at] = f"{key}: {data.draw(SHAPES)}"
    told = refused("\n".join(lines).encode())
    assert told is None or (told.startswith("f.yaml:") and told.isprintable())


def test_real_vcrpy_recordings_survive():
    if not TAPES.is_dir():
        pytest.skip("../shared/tapes is not here")
    counted = 0
    for path in sorted(TAPES.glob("*/*.yaml")):
        if told := refused(path.read_bytes()):  # recordings of other tools, which convert/ reads
            assert told.isprintable()
            continue
        tape = load_file(path)
        counted += len(tape.interactions)
        assert load(dump(tape), "f").interactions == canonical(tape).interactions
        responses = vcr_serialize.deserialize(path.read_text(encoding="utf-8"), yamlserializer)[1]
        assert [response["body"]["string"] or b"" for response in responses] == [
            each.response.body for each in tape.interactions
        ]
    assert counted > 120
