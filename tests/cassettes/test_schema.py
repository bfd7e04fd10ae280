import importlib.util
import json

import pytest
from schemas import fits

from cassettes.model import Cassette, Chunk, Ending, Informational, Interaction, Request, Response, Stream
from cassettes.schema import cassette_schema
from cassettes.yamlio import dump, parse_plain


def tape():
    body = b"data: 1\n\n: ping\n\ntail \xff"
    stream = Stream(
        provider="openai",
        dialect="openai-chat",
        source="edited",
        pacing="synthetic",
        recorded_at="2026-11-20T09:30:00.000Z",
        http="1.0",
        headers_ms=180.6,
        events="sse",
        chunks=(Chunk(1, 4, True), Chunk(0.3, 5), Chunk(15000, 14, True)),
        end=Ending(type="cut", gap_ms=0.2, missing=7, client_left_ms=3),
        trailers=(("x-sum", "1"),),
        informational=(Informational(1, 103, "Early Hints", (("link", "a"),)),),
    )
    headers = (("content-type", "text/event-stream"), ("x", "a"), ("x", "b\udcff"))
    cut = Response(
        502, "no response (tokentape)", (), b"", Stream(head=b"HTTP/1.1 2", end=Ending(type="reset", at="head"))
    )
    request = Request("POST", "https://h/v1", (("a", "b"),), b"{}")
    return Cassette(
        interactions=(Interaction(request, Response(200, "OK", headers, body, stream)), Interaction(request, cut))
    )


def document():
    return parse_plain(dump(tape()), "f")


def test_what_we_write_fits():
    schema = cassette_schema()
    assert fits(document(), schema, schema)
    assert fits({"interactions": []}, schema, schema)


def test_it_is_json_and_new_every_time():
    assert json.loads(json.dumps(cassette_schema())) == cassette_schema()
    assert cassette_schema() is not cassette_schema()


def response(found):
    return found["interactions"][0]["response"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: found.pop("interactions"),
        lambda found: found.update(version=2),
        lambda found: found["interactions"][0].pop("request"),
        lambda found: found["interactions"][0]["request"].update(url="x"),
        lambda found: found["interactions"][0]["request"].update(method="PO ST"),
        lambda found: response(found).update(status={"message": "OK"}),
        lambda found: response(found).update(status={"code": 20}),
        lambda found: response(found).update(body="text"),
        lambda found: response(found).update(body={}),
        lambda found: response(found)["headers"].update({"a b": ["c"]}),
        lambda found: response(found)["headers"].update({"a": [{}]}),
        lambda found: response(found)["stream"].pop("v"),
        lambda found: response(found)["stream"].update(v=2),
        lambda found: response(found)["stream"].update(dialekt="raw"),
        lambda found: response(found)["stream"].update(framing="chunk"),
        lambda found: response(found)["stream"].update(headers_ms=-1),
        lambda found: response(found)["stream"].update(headers_ms="1"),
        lambda found: response(found)["stream"].update(chunks="1 2x\n"),
        lambda found: response(found)["stream"].update(chunks=["1 2e"]),
        lambda found: response(found)["stream"].update(end="eoff"),
        lambda found: response(found)["stream"].update(end={"type": "eof", "gap": 1}),
        lambda found: response(found)["stream"].update(trailers=[["a"]]),
        lambda found: response(found)["stream"].update(informational=[{"at_ms": 1, "code": 200}]),
    ],
)
def test_wrong_documents_do_not_fit(spoil):
    schema, found = cassette_schema(), document()
    spoil(found)
    assert not fits(found, schema, schema)


@pytest.mark.parametrize("chunks", ["", "0 1e", "# head\n\n 312.4 1e+ # c\n0\t5b\n0 *\n", "1 1e\n" * 1000, "\n" * 100])
def test_chunk_texts_that_fit(chunks):
    schema, found = cassette_schema(), document()
    response(found)["stream"]["chunks"] = chunks
    assert fits(found, schema, schema)


def test_a_validator_agrees():
    if importlib.util.find_spec("jsonschema") is None:
        pytest.skip("jsonschema is not installed; the checks above stand in for it")
    import jsonschema

    found = json.loads(json.dumps(document(), default=lambda data: data.hex()))
    jsonschema.Draft202012Validator.check_schema(cassette_schema())
    jsonschema.validate(found, cassette_schema())
