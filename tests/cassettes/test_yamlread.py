import pytest

from cassettes.model import CassetteError, Chunk, Request
from cassettes.yamlparse import parse
from cassettes.yamlread import read_cassette

PLAIN = """\
interactions:
- request:
    body: '{"model":"m"}'
    headers:
      Accept: ['*/*']
      X-Number: [12, 1.10, 2026-11-20, yes]
      X-Alone: alone
    method: POST
    uri: https://api.openai.com/v1/chat/completions
  response:
    body:
      string: "data: 1\\n\\ndata: [DONE]\\n\\ntail"
    headers:
      Content-Type: [text/event-stream; charset=utf-8]
      Set-Cookie: [a=1, b=2]
    status: {code: 200, message: OK}
version: 1
"""
TIMED = """\
version: 1
interactions:
- request:
    method: POST
    uri: "https://h/v1"
    headers: {}
    body: ''
  response:
    status: {code: 200, message: OK}
    headers:
      content-type: ["text/event-stream"]
    body:
      string: |+
        data: 1

        data: 2

    stream:
      v: 1
      source: recorded
      # how it came
      chunks: |
        # the first
        5 1e

        20 1e
      end: eof
"""


def read(text, **options):
    return read_cassette(parse(text.encode(), "f.yaml"), **options)


def refusal(text):
    with pytest.raises(CassetteError) as caught:
        read(text)
    assert str(caught.value).isprintable()
    return str(caught.value)


def request_body(text):
    return read(PLAIN.replace("""body: '{"model":"m"}'""", f"body: {text}")).interactions[0].request.body


def response_of(body, headers="{}", status="{code: 200, message: OK}"):
    text = f"interactions:\n- request: {{method: GET, uri: /}}\n  response:\n    status: {status}\n    headers: {headers}\n    body: {body}\n"
    return read(text).interactions[0].response


def test_a_plain_vcrpy_cassette():
    cassette = read(PLAIN)
    request, response = cassette.interactions[0].request, cassette.interactions[0].response
    assert request == Request(
        "POST",
        "https://api.openai.com/v1/chat/completions",
        (
            ("Accept", "*/*"),
            *(("X-Number", each) for each in ("12", "1.10", "2026-11-20", "yes")),
            ("X-Alone", "alone"),
        ),
        b'{"model":"m"}',
    )
    assert (response.code, response.message) == (200, "OK")
    assert response.headers[1:] == (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    stream = response.stream
    assert (stream.source, stream.pacing, stream.framing, stream.headers_ms) == ("imported", "synthetic", "chunked", 0)
    assert (stream.provider, stream.dialect, stream.end.type) == ("unknown", "raw", "eof")
    assert stream.chunks == (Chunk(20.0, 9), Chunk(20.0, 14), Chunk(20.0, 4))
    assert cassette.notes == (
        "no timing on 1 of 1 interaction (plain vcrpy): played at a synthetic pace, an event every 20 ms",
    )


def test_an_imported_body_of_known_length_keeps_its_framing():
    assert response_of("{string: hello}", "{content-length: ['5']}").stream.framing == "length"
    assert response_of("{string: hello}", "{content-length: ['6']}").stream.framing == "chunked"
    both = "{content-length: ['5'], transfer-encoding: [chunked]}"
    assert response_of("{string: hello}", both).stream.framing == "chunked"


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("null", b""),
        ("''", b""),
        ("plain text", b"plain text"),
        ("12", b"12"),
        ("!!binary /w==", b"\xff"),
        ("!!python/unicode 'x'", b"x"),
        ("{b: [1, 2.5, null, true], a: 안녕, n: '1'}", '{"b":[1,2.5,null,true],"a":"안녕","n":"1"}'.encode()),
        ("[{a: yes}]", b'[{"a":"yes"}]'),
        ("{string: x}", b"x"),
        ("{encoding: UTF-8, string: !!binary /w==}", b"\xff"),
        ("!!python/object/new:_io.BytesIO {state: !!python/tuple [!!binary /w==, 0, null]}", b"\xff"),
        ("!!python/object/apply:builtins.iter {args: !!python/tuple [[a, !!binary Yg==]]}", b"ab"),
    ],
)
def test_request_bodies(text, body):
    assert request_body(text) == body


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{a: !!binary /w==}", "request body: found what is no JSON"),
        ("!!python/object/new:_io.BytesIO {statt: 1}", "request body: found no state"),
        ("!!python/object/new:_io.BytesIO {state: 1}", "state: found text, expected a list"),
    ],
)
def test_request_bodies_that_were_never_sent(text, told):
    with pytest.raises(CassetteError, match=told):
        request_body(text)


def test_response_bodies():
    assert response_of("{string: null}").body == b""
    assert response_of("null").body == b""
    assert response_of("{string: !!binary /w==}").body == b"\xff"
    assert response_of("{base64_string: /w==}").body == b"\xff"
    assert response_of("{string: x}", status="{code: '404', message: null}").message == ""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("text", "response body: found text, expected a mapping: {string: …}"),
        ("[a]", "response body: found a list"),
        ("{strng: x}", "response body: found 'strng', expected string (did you mean string?)"),
        ("{}", "response body: found nothing, expected string"),
        ("{string: [a]}", "body.string: found a list, expected text"),
        ("{base64_string: '%'}", "not base64"),
    ],
)
def test_odd_response_bodies(body, told):
    with pytest.raises(CassetteError) as caught:
        response_of(body)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("version: 1", "version: 2", "version: found '2', expected a whole number from 1 to 1"),
        ("interactions:", "interaction:", "f.yaml:1:1: found no interactions"),
        ("version: 1", "versoin: 1", "f.yaml:17:1: the cassette: found the unknown key 'versoin', did you mean version?"),
        ("    method: POST\n", "", "f.yaml:3:5: request: found no method"),
        ("method: POST", "method: PO ST", "method: found 'PO ST', expected a token"),
        ("    uri:", "    url:", "f.yaml:9:5: request: found the unknown key 'url', did you mean uri?"),
        ("    method:", "    parsed_body: {}\n    method:", "request: found the unknown key 'parsed_body', expected one of method,"),
        ("    status: {code: 200, message: OK}\n", "", "response: found no status"),
        ("code: 200", "code: 20", "status.code: found '20', expected a whole number from 100 to 999"),
        ("{code: 200, message: OK}", "200 OK", "status: found text, expected a mapping"),
        ("    body:\n      string:", "    xody:\n      string:", "response: found the unknown key 'xody', did you mean body?"),
        ("    status:", "    steam: {}\n    status:", "response: found the unknown key 'steam', did you mean stream?"),
        ("Accept: ", "Acc ept: ", "request headers: found the name 'Acc ept', expected a token"),
        ("['*/*']", '["a\\r\\nb"]', "request headers: Accept: found a line break or NUL in 'a\\r\\nb'"),
        ("['*/*']", "[[a]]", "request headers: Accept: found a list, expected text"),
        ("['*/*']", "[~]", "request headers: Accept: found null, expected text"),
        ("  response:", "  respnse:", "interaction #1: found the unknown key 'respnse', did you mean response?"),
        ("- request:", "- null\n- request:", "interaction #1: found null, expected a mapping"),
    ],
)  # fmt: skip
def test_mistakes_in_a_plain_cassette(old, new, told):
    assert told in refusal(PLAIN.replace(old, new, 1))


def test_a_response_without_a_body_is_no_empty_body():
    text = PLAIN.replace("    body:\n      string:", "    parsed:\n      string:")
    assert refusal(text).startswith("f.yaml:11:5: response: found no body")


def test_old_and_foreign_tops():
    assert "found a list, expected a mapping with version and interactions (a vcrpy tape before 1.0?)" in refusal(
        "- request: {}\n"
    )
    assert "found no interactions" in refusal("http_interactions: []\n")
    assert "interactions: found text, expected a list" in refusal("interactions: no\n")
    assert read("interactions: []\n").interactions == ()


def test_keys_of_others_are_ignored_with_a_note():
    cassette = read(PLAIN.replace("    status:", "    url: x\n    status:") + "metadata: {}\n")
    assert cassette.notes[-1] == "ignored keys that neither vcrpy nor tokentape uses: 'metadata', 'url'"


def test_a_timed_cassette():
    cassette = read(TIMED)
    stream = cassette.interactions[0].response.stream
    assert stream.chunks == (Chunk(5.0, 9), Chunk(20.0, 9))
    assert (stream.source, stream.pacing, stream.end.type) == ("recorded", "recorded", "eof")
    assert cassette.notes == ()


def test_text_edits_inside_whole_events_need_nothing():
    stream = read(TIMED.replace("data: 1", "data: edited by hand")).interactions[0].response.stream
    assert stream.chunks == (Chunk(5.0, 22), Chunk(20.0, 9))


@pytest.mark.parametrize(
    ("style", "line"),
    [("|\n        5 1e\n        20 3e", 24), ("'5 1e\n\n        20 3e'", 24), ('"5 1e\\n20 3e"', 22)],
)
def test_a_wrong_size_names_its_line(style, line):
    start = TIMED.index("chunks: |")
    text = TIMED[:start] + f"chunks: {style}\n      end: eof\n"
    assert text.splitlines()[21].strip().startswith("chunks:")
    message = refusal(text)
    assert message.startswith(
        f"f.yaml:{line}: chunks: found 3e, but 1 of 2 events are left; a formatter may have edited"
    )
    assert message.endswith("`tokentape edit --fix-sizes f.yaml` repairs it")


def test_sizes_can_be_mended_at_load_which_makes_an_edited_tape():
    cassette = read(TIMED.replace("20 1e", "20 3e"), fix_sizes=True)
    assert cassette.interactions[0].response.stream.chunks == (Chunk(5.0, 9), Chunk(20.0, 9))
    assert cassette.interactions[0].response.stream.source == "edited"
    assert cassette.notes == ("chunks of interaction #1: line 4: now 9 bytes",)
    assert read(TIMED, fix_sizes=True) == read(TIMED)
    many = read(TIMED.replace("        20 1e\n", "        x\n" * 9), fix_sizes=True)
    assert many.notes[0].count("dropped") == 5
    assert many.notes[0].endswith("; …")
    imported = read(TIMED.replace("20 1e", "*").replace("source: recorded", "source: synthetic"), fix_sizes=True)
    assert imported.interactions[0].response.stream.source == "synthetic"


def test_a_body_needs_chunks_and_an_empty_one_has_none():
    start = TIMED.index("      chunks:")
    assert 'found no chunks for a body of 18 bytes, expected e.g. chunks: "0 *"' in refusal(TIMED[:start])
    empty = TIMED[: TIMED.index("    body:\n")] + "    stream: {v: 1}\n"
    assert read(empty).interactions[0].response.stream.chunks == ()
    assert read(TIMED[:start], fix_sizes=True).interactions[0].response.stream.chunks == (Chunk(0.0, 18),)


def test_events_can_be_overridden():
    text = TIMED.replace("text/event-stream", "text/plain")
    assert "this body has no events" in refusal(text)
    assert len(read(text.replace("v: 1\n", "v: 1\n      events: sse\n")).interactions[0].response.stream.chunks) == 2


def test_an_ending_before_the_body_has_none():
    assert "end: found at: head but a body of 18 bytes" in refusal(
        TIMED.replace("end: eof", "end: {type: cut, at: head}")
    )


def test_an_interrupted_recording_says_so():
    notes = read(TIMED.replace("end: eof", "end: interrupted")).notes
    assert notes == ("interaction #1 was interrupted: its recorder stopped first; it plays as a cut",)
