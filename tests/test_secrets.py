"""Secrets end to end: what a client sends and an upstream repeats is on the client's wire, and nowhere else.

A real recorder between raw sockets; afterwards every file below its folder and every word it said is searched for the
credentials in every spelling. Nothing of tokentape's own redaction is used to look for them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
import wires
import yaml

# Neither has the shape of a provider's key: only their values tell them from text.
SENT = b"Zq7+vN/4kT=w9.Lm2_xR8~pB6"
OF_THE_ENVIRONMENT = b"hunter-correct-7-horse/battery+staple"
WINDOW = 10
"""So many bytes of a credential, in any spelling, are found."""


def percent(data: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in data)


def escaped(data: bytes) -> bytes:
    return b"".join(b"\\u%04x" % byte for byte in data)


def base64_core(data: bytes, before: int) -> bytes:
    """The characters of base64 that `data` alone decides where `before` bytes stand in front of it."""
    text = base64.b64encode(bytes(before) + data)
    return text[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]


def spellings(secret: bytes) -> Iterator[tuple[str, bytes, int]]:
    """Name, spelling and bytes of one character in it."""
    yield "raw", secret, 1
    yield "percent", percent(secret), 3
    yield "percent, lower case", percent(secret).lower().replace(b"%5f", b"%5F"), 3
    yield "as in a query", quote(secret.decode(), safe="").encode(), 1
    yield "JSON escapes", escaped(secret), 6
    yield "JSON slashes", secret.replace(b"/", b"\\/"), 1
    yield "upper case", secret.upper(), 1
    for before in range(3):
        core = base64_core(secret, before)
        yield f"base64 behind {before}", core, 1
        yield f"base64url behind {before}", core.translate(bytes.maketrans(b"+/", b"-_")), 1


def found_in(data: bytes, secret: bytes) -> list[str]:
    """The spellings of which a window is in `data`."""
    found = []
    for name, spelled, step in spellings(secret):
        size = WINDOW * step
        if any(spelled[at : at + size] in data for at in range(0, len(spelled) - size + 1, step)):
            found.append(name)
    return found


def leaks(folder: Path, *secrets: bytes) -> list[str]:
    """A line for each file under `folder` that has one of `secrets` in it or in its name."""
    lines = []
    for path in sorted(folder.rglob("*")):
        data = str(path.relative_to(folder)).encode() + (path.read_bytes() if path.is_file() else b"")
        lines += [f"{path.relative_to(folder)}: {name}" for secret in secrets for name in found_in(data, secret)]
    return lines


@pytest.mark.parametrize("secret", [SENT, OF_THE_ENVIRONMENT])
def test_the_search_finds_every_spelling(secret: bytes) -> None:
    for name, spelled, _ in spellings(secret):
        assert name in found_in(b"before " + spelled + b" behind", secret)
    assert found_in(secret[: WINDOW - 1] + b" ordinary text", secret) == []


# What a client sends, what an upstream says


class Case(NamedTuple):
    """A request and an answer with credentials in them. The answer is sent as it is, byte for byte."""

    name: str
    answer: bytes
    fields: tuple[str, ...] = (f"Authorization: Bearer {SENT.decode()}",)
    target: str = "/openai/v1/chat/completions"
    words: bytes = b""

    @property
    def request(self) -> bytes:
        """On the wire; the name is in the prompt, and so in the name of the tape."""
        content = json.dumps(self.name)[:-1].encode() + b" " + self.words + b'"'
        body = b'{"model":"m","stream":true,"messages":[{"role":"user","content":' + content + b"}]}"
        return wires.post(self.target, body, "Content-Type: application/json", *self.fields)


def answer(*pieces: bytes, fields: tuple[str, ...] = (), status: str = "200 OK", trailers: bytes = b"") -> bytes:
    """A chunked SSE answer, an HTTP chunk a piece."""
    top = wires.head("Content-Type: text/event-stream", "Transfer-Encoding: chunked", *fields, status=status)
    return top + b"".join(wires.chunk(piece) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"


PLAIN = answer(wires.event("ok"), b"data: [DONE]\n\n")
TEXT = SENT.decode()


def saying(words: bytes) -> bytes:
    return answer(b'data: {"choices":[{"delta":{"content":"' + words + b'"}}]}\n\n', b"data: [DONE]\n\n")


def in_pieces(words: bytes) -> bytes:
    """A byte a chunk, and once more cut in two at every place."""
    line = b'data: {"choices":[{"delta":{"content":"' + words + b'"}}]}\n\n'
    at = line.index(words)
    halves = [piece for cut in range(at, at + len(words) + 1) for piece in (line[:cut], line[cut:])]
    return answer(*(line[place : place + 1] for place in range(len(line))), *halves)


def refusal(body: bytes) -> bytes:
    top = wires.head("Content-Type: application/json", f"Content-Length: {len(body)}", status="401 Unauthorized")
    return top + body


def behind(count: int) -> bytes:
    """Base64 of the credential with so many bytes before it."""
    return base64.b64encode(b"x" * count + SENT + b"yz")


CASES = [
    Case("in authorization", PLAIN),
    Case("in x api key", PLAIN, (f"x-api-key: {TEXT}",)),
    Case("in a cookie", PLAIN, (f"Cookie: a=b; session={TEXT}",)),
    Case("in basic auth", PLAIN, (f"Authorization: Basic {base64.b64encode(b'user:' + SENT).decode()}",)),
    Case("in the query", PLAIN, (), f"/openai/v1/chat/completions?a=b&key={quote(TEXT, safe='')}"),
    Case("raw in the request", PLAIN, words=SENT),
    Case("quoted in the request", PLAIN, words=quote(TEXT, safe="").encode()),
    Case("escaped in the request", PLAIN, words=escaped(SENT)),
    *(Case(f"base64 {count} in the request", PLAIN, words=behind(count)) for count in range(3)),
    Case("echoed in a header", answer(wires.event("ok"), fields=(f"x-echo: {TEXT}", f"x-debug: got={quote(TEXT)}"))),
    Case("in set cookie", answer(wires.event("ok"), fields=(f"Set-Cookie: sid={TEXT}; Path=/",))),
    Case("in the reason phrase", answer(wires.event("ok"), status=f"200 Hello {TEXT}")),
    Case("raw in the body", saying(b"your key is " + SENT)),
    Case("escaped slashes in the body", saying(SENT.replace(b"/", b"\\/"))),
    Case("unicode escapes in the body", saying(escaped(SENT))),
    Case("percent in the body", saying(percent(SENT))),
    Case("quoted in the body", saying(quote(TEXT, safe="").encode())),
    *(Case(f"base64 {count} in the body", saying(behind(count))) for count in range(3)),
    Case("in pieces", in_pieces(SENT)),
    Case("base64 in pieces", in_pieces(behind(1))),
    Case("escaped in pieces", in_pieces(escaped(SENT))),
    Case("in an error body", refusal(b'{"error":{"message":"Incorrect API key provided: ' + SENT + b'"}}')),
    Case("in trailers", answer(wires.event("ok"), trailers=b"x-checked: " + SENT + b"\r\n")),
    Case(
        "in a location",
        wires.head(f"Location: https://login.example/?next=a&token={quote(TEXT)}", "Content-Length: 0", status="302 Found"),
    ),
    Case("in early hints", wires.head(f"Link: </{TEXT}>", status="103 Early Hints") + PLAIN),
    Case("from the environment", saying(b"it is " + OF_THE_ENVIRONMENT + b", base64 " + base64.b64encode(OF_THE_ENVIRONMENT))),
    Case("environment in the request", PLAIN, words=OF_THE_ENVIRONMENT),
]  # fmt: skip


def without_its_connection(raw: bytes) -> bytes:
    """An answer less the headers that speak of one connection."""
    top, blank, rest = raw.partition(b"\r\n\r\n")
    if b" 103 " in top:
        return top + blank + without_its_connection(rest)
    lines = [line for line in top.split(b"\r\n") if not re.match(rb"(?i)(connection|keep-alive):", line)]
    return b"\r\n".join(lines) + blank + rest


def test_no_case_is_left_out() -> None:
    assert len({case.name for case in CASES}) >= 12
    assert all(
        found_in(case.request + case.answer, SENT) or found_in(case.answer, OF_THE_ENVIRONMENT) for case in CASES
    )


ENVIRON = {"OPENAI_API_KEY": OF_THE_ENVIRONMENT.decode()}


def test_credentials_reach_the_client_and_nothing_else(tmp_path: Path) -> None:
    tapes = tmp_path / "tapes"
    scripts = [[wires.Send(case.answer), wires.Finish()] for case in CASES]
    with (
        wires.ScriptedUpstream(*scripts) as upstream,
        wires.tool(
            tmp_path / "run", "record", "-o", str(tapes), "--upstream", f"openai={upstream.url}/v1", environ=ENVIRON
        ) as recorder,
    ):
        for case in CASES:
            seen = wires.ask(
                recorder.url, case.request.replace(b"Host: 127.0.0.1", b"Host: 127.0.0.1\r\nConnection: close")
            )
            assert without_its_connection(seen.raw) == without_its_connection(case.answer), case.name
        wires.wait_for(lambda: recorder.recorded() == len(CASES))
        # The upstream got what the client sent: nothing is masked on the way.
        for case, got in zip(CASES, upstream.requests, strict=True):
            assert got.partition(b"\r\n\r\n")[2] == case.request.partition(b"\r\n\r\n")[2]
            assert all(field.encode() in got for field in case.fields)
    assert recorder.process.returncode == 0, recorder.said()
    assert leaks(tmp_path, SENT, OF_THE_ENVIRONMENT) == []
    interactions = [one for path in tapes.rglob("*.yaml") for one in yaml.safe_load(path.read_bytes())["interactions"]]
    assert len(interactions) == len(CASES)
    assert {one["response"]["stream"]["source"] for one in interactions} == {"recorded"}


def test_masks_keep_every_length(tmp_path: Path) -> None:
    """What is masked is as long as it was: sizes, chunk boundaries and Content-Length stay true."""
    tapes = tmp_path / "tapes"
    case = next(case for case in CASES if case.name == "in pieces")
    with (
        wires.ScriptedUpstream([wires.Send(case.answer), wires.Finish()]) as upstream,
        wires.tool(tmp_path / "run", "record", "-o", str(tapes), "--upstream", f"openai={upstream.url}/v1") as recorder,
    ):
        wires.ask(recorder.url, case.request, until=wires.whole)
        wires.wait_for(recorder.recorded)
    (tape,) = tapes.rglob("*.yaml")
    body = yaml.safe_load(tape.read_bytes())["interactions"][0]["response"]["body"]["string"].encode()
    sent = b"".join(wires.dechunked(case.answer.partition(b"\r\n\r\n")[2])[0])
    assert body == sent.replace(SENT, b"*" * len(SENT))


# Live, and killed


def test_a_killed_recorder_leaves_no_credential(tmp_path: Path) -> None:
    """The spool while it is written, what a `kill -9` leaves of it, and what `recover` makes of that."""
    tapes = tmp_path / "tapes"
    line = wires.event("key " + TEXT + " and base64 " + behind(2).decode())
    cut = line.index(SENT) + len(SENT) // 2
    sent = wires.SSE_HEAD.replace(b"200 OK", b"200 Hi " + SENT) + wires.chunk(line) + wires.chunk(line[:cut])
    with (
        wires.ScriptedUpstream([wires.Send(sent), wires.Hold()]) as upstream,
        wires.tool(
            tmp_path / "run", "record", "-o", str(tapes), "--upstream", f"openai={upstream.url}/v1", environ=ENVIRON
        ) as recorder,
    ):
        during: list[str] = []

        def came(raw: bytes) -> bool:
            during.extend(leaks(tmp_path, SENT, OF_THE_ENVIRONMENT))
            return raw.endswith(wires.chunk(line[:cut]))

        request = Case("killed", b"", words=SENT).request
        assert wires.ask(recorder.url, request, until=came).ended == "until"
        (spool,) = (tapes / ".tokentape-spool").glob("*.spool")
        wires.wait_for(lambda: b'"content": "key ***' in spool.read_bytes())
        during += leaks(tmp_path, SENT, OF_THE_ENVIRONMENT)
        recorder.process.kill()
        recorder.process.wait()
    assert during == []
    assert leaks(tmp_path, SENT, OF_THE_ENVIRONMENT) == []
    done = wires.tokentape("recover", str(tapes), "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["ending"] == "interrupted"
    assert Path(row["tape"]).is_relative_to(tapes / "openai")
    assert leaks(tmp_path, SENT, OF_THE_ENVIRONMENT) == []
    assert found_in((done.stdout + done.stderr).encode(), SENT) == []


# What is said


def test_what_is_printed_of_a_request_has_no_credential(tmp_path: Path) -> None:
    """A miss and an upstream that cannot be reached are reported with the request's path, `?key=` and all."""
    target = f"/openai/v1/chat/completions?key={TEXT}&x={TEXT}"
    request = wires.post(target, b"{}", f"x-api-key: {TEXT}", "Connection: close")
    elsewhere = wires.post(f"/nowhere/{TEXT}?key={TEXT}", b"{}", f"x-api-key: {TEXT}", "Connection: close")
    with wires.tools(
        tmp_path / "run",
        ["serve", "openai/hello", "--match", "exact"],
        ["record", "-o", str(tmp_path / "tapes"), "--upstream", "openai=http://127.0.0.1:9/v1"],
    ) as (server, recorder):
        assert b" 404 " in wires.ask(server.url, request).head
        assert b" 502 " in wires.ask(recorder.url, request).head
        assert b" 404 " in wires.ask(recorder.url, elsewhere).head
        wires.wait_for(lambda: "no tape matches POST /openai" in server.said() and "127.0.0.1:9" in recorder.said())
    assert leaks(tmp_path, SENT) == []


def test_a_call_prints_no_credential(tmp_path: Path) -> None:
    """The key comes from the environment, the upstream repeats it in its text and in an error."""
    answers = (saying(b"your key is " + SENT), refusal(SENT), refusal(SENT))
    with wires.ScriptedUpstream(*([wires.Send(raw), wires.Finish()] for raw in answers)) as upstream:
        options = ("call", "openai", f"say {TEXT}", "--upstream", f"{upstream.url}/v1")
        environ = {"OPENAI_API_KEY": TEXT}
        said = [wires.tokentape(*options, *more, environ=environ, cwd=tmp_path) for more in ((), (), ("--json",))]
    assert [done.returncode for done in said] == [0, 5, 5]
    stars = "*" * len(SENT)
    assert said[0].stdout == f"your key is {stars}\n"
    assert stars in said[1].stderr
    assert json.loads(said[2].stdout)["text"] == stars
    assert [found_in((done.stdout + done.stderr).encode(), SENT) for done in said] == [[], [], []]
    assert leaks(tmp_path, SENT) == []
    assert f"Bearer {TEXT}".encode() in upstream.requests[0]


# What is no secret


def record_one(
    tmp_path: Path, raw: bytes, *fields: str, body: bytes = b'{"model":"m"}'
) -> dict[str, dict[str, object]]:
    """The interaction on the tape of one request."""
    tapes = tmp_path / "tapes"
    with (
        wires.ScriptedUpstream([wires.Send(raw), wires.Finish()]) as upstream,
        wires.tool(tmp_path / "run", "record", "-o", str(tapes), "--upstream", f"openai={upstream.url}/v1") as recorder,
    ):
        wires.ask(recorder.url, wires.post("/openai/v1/chat/completions", body, "Connection: close", *fields))
        wires.wait_for(recorder.recorded)
    (tape,) = tapes.rglob("*.yaml")
    interaction: dict[str, dict[str, object]] = yaml.safe_load(tape.read_bytes())["interactions"][0]
    return interaction


@pytest.mark.parametrize("key", ["x", "test", "sk-test", "sk-1234", "dummy-key-for-tests", "tokentape"])
def test_text_that_contains_a_dummy_key_is_not_mangled(key: str, tmp_path: Path) -> None:
    words = f"export OPENAI_API_KEY={key} # {key}, the {key}s of Texas; a test of sk-test and x".encode()
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": words.decode()}]}).encode()
    taped = record_one(tmp_path, saying(words), f"Authorization: Bearer {key}", body=body)
    assert words.decode() in str(taped["response"]["body"])
    assert taped["request"]["body"] == body.decode()


def test_what_is_signed_is_kept(tmp_path: Path) -> None:
    """Providers check these when they come back: a mask would break the conversation on the tape."""
    shaped = "EqQB/AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q" + "/sk-proj-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4"
    events = [json.dumps({name: shaped}).encode() for name in ("signature", "thoughtSignature", "encrypted_content")]
    bare = json.dumps({"note": shaped}).encode()
    raw = answer(*(b"data: " + event + b"\n\n" for event in (*events, bare)))
    body = str(record_one(tmp_path, raw)["response"]["body"])
    assert all(event.decode() in body for event in events)
    assert bare.decode() not in body


def test_a_long_base64_leaf_becomes_its_digest_and_still_matches(tmp_path: Path) -> None:
    image = base64.b64encode(bytes(range(256)) * 32).decode()
    assert len(image) > 4096
    body = json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": [{"image": f"data:image/png;base64,{image}"}]}]}
    )
    taped = record_one(tmp_path, PLAIN, body=body.encode())
    kept = str(taped["request"]["body"])
    assert re.search(r"data:image/png;base64,sha256:[0-9a-f]{64};bytes=8192", kept)
    assert image[:64] not in kept
    other = body.replace(image[:8], image[8:16], 1)
    with wires.tool(
        tmp_path / "play", "serve", str(tmp_path / "tapes"), "--match", "exact", "--speed", "max"
    ) as server:
        codes = [
            wires.ask(server.url, wires.post("/openai/v1/chat/completions", text.encode(), "Connection: close")).head[
                9:12
            ]
            for text in (body, other)
        ]
    assert codes == [b"200", b"404"]


def test_organisations_and_users_in_headers_are_masked(tmp_path: Path) -> None:
    private = ("openai-organization: acme-corp-1234", "x-path: /home/" + "somebody/project/app.py")
    taped = record_one(tmp_path, answer(wires.event("ok"), fields=private))
    assert not re.search("acme|somebody", str(taped["response"]["headers"]))
