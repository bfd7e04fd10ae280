"""Secrets never reach the disk: a credential hidden in every way that we know is found nowhere, and the rest stays."""

from __future__ import annotations

import json
import random
import re
import string
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassettes.model import Ending, Headers, Informational, Interaction, Request, Response, Stream
from cassettes.redact import Finding, Redactor, redact_body, scan, secrets_from_env, secrets_from_request

RANDOM = random.Random(2)
ALNUM = string.ascii_letters + string.digits
# No shape gives these away: only their value does.
KEY = "".join(RANDOM.choices(ALNUM, k=48))
COOKIE = "".join(RANDOM.choices(ALNUM + "/+", k=30)) + "=="
PASSWORD = 'pa/ss"w\\rd~?>' + "".join(RANDOM.choices(ALNUM, k=9))
ENVIRONMENT = {
    "OPENAI_API_KEY": KEY,
    "DB_PASSWORD": PASSWORD,
    "OTHER_API_KEY": "sk-test",
    "DUMMY_API_KEY": "test-api-key",
}
URI = "https://api.example.com/v1/chat/completions"
TAPES = Path(__file__).resolve().parents[2] / "../shared/tapes"


def interaction(
    *,
    uri: str = URI,
    asked: Headers = (),
    body: bytes = b'{"model":"m"}',
    headers: Headers = (),
    message: str = "OK",
    answer: bytes = b"data: {}\n\n",
    stream: Stream | None = None,
) -> Interaction:
    return Interaction(Request("POST", uri, asked, body), Response(200, message, headers, answer, stream or Stream()))


def redacted(asked: Interaction) -> Interaction:
    redactor = Redactor(secrets_from_env(ENVIRONMENT))
    redactor = redactor.with_secrets(secrets_from_request(asked.request.headers, asked.request.uri))
    return redactor.interaction(asked)


def texts(tape: Interaction) -> Iterator[bytes]:
    """Every text that a tape of the interaction would hold."""
    request, response, stream = tape.request, tape.response, tape.response.stream
    yield from (request.method.encode(), request.uri.encode(), request.body)
    yield from (response.message.encode(), response.body, stream.head or b"")
    pairs = (*request.headers, *response.headers, *stream.trailers)
    for early in stream.informational:
        yield early.message.encode()
        pairs += early.headers
    for pair in pairs:
        yield from (part.encode("utf-8", "surrogateescape") for part in pair)


def _json_unescaped(text: bytes) -> bytes:
    text = re.sub(rb"\\u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)).encode("utf-8", "replace"), text)
    return re.sub(rb'\\(["\\/])', rb"\1", text)


def readings(text: bytes) -> Iterator[bytes]:
    """What a curious reader would try, written apart from the code under test."""
    for unescape in (bytes, unquote_to_bytes, _json_unescaped):
        once = unescape(text)
        for reading in (once, unquote_to_bytes(once), _json_unescaped(once)):
            yield reading
            for run in re.findall(rb"[A-Za-z0-9+/_-]{10,}", reading):
                for skip in range(4):
                    part = run[skip:].replace(b"+", b"-").replace(b"/", b"_")
                    yield urlsafe_b64decode(part[: len(part) // 4 * 4])


def leaks(tape: Interaction, secret: str) -> list[bytes]:
    pieces = {secret.encode()[at : at + 8] for at in range(len(secret.encode()) - 7)}
    return [text for text in texts(tape) if any(piece in reading for reading in readings(text) for piece in pieces)]


def percent(secret: str, *, every: int = 1, form: str = "%{:02x}") -> str:
    return "".join(form.format(ord(c)) if at % every == 0 else c for at, c in enumerate(secret))


def unicode_escapes(secret: str, *, every: int = 1, form: str = "\\u{:04X}") -> str:
    return percent(secret, every=every, form=form)


def json_body(text: str) -> bytes:
    return b'data: {"error":{"message":"' + text.encode() + b'","code":1}}\n\n'


def basic(secret: str, user: str) -> str:
    return b64encode(f"{user}:{secret}".encode()).decode()


QUOTED = json.dumps(PASSWORD)[1:-1]
BEARER = (("Authorization", f"Bearer {KEY}"),)
HIDING: dict[str, tuple[str, Interaction]] = {
    "authorization": (KEY, interaction(asked=BEARER)),
    "authorization without scheme": (KEY, interaction(asked=(("authorization", KEY),))),
    "proxy-authorization": (KEY, interaction(asked=(("Proxy-Authorization", f"Basic {basic(KEY, 'me')}"),))),
    "x-api-key": (KEY, interaction(asked=(("X-Api-Key", KEY),))),
    "x-goog-api-key": (KEY, interaction(asked=(("x-goog-api-key", KEY),))),
    "gateway header": (KEY, interaction(asked=(("cf-aig-authorization", f"Bearer {KEY}"),))),
    "unknown header": (KEY, interaction(asked=(("x-debug", f"k={KEY};"),))),
    "header name": (KEY, interaction(asked=((f"x-{KEY}", "1"),))),
    "cookie": (COOKIE, interaction(asked=(("Cookie", f"a=b; session={COOKIE}; c=d"),))),
    "cookie echoed": (COOKIE, interaction(asked=(("Cookie", f's="{COOKIE}"'),), answer=json_body(COOKIE))),
    "set-cookie": (COOKIE, interaction(headers=(("Set-Cookie", f"session={COOKIE}; Path=/; HttpOnly"),))),
    "?key=": (COOKIE, interaction(uri=f"{URI}?alt=sse&key={COOKIE}")),
    "?key= encoded, echoed decoded": (COOKIE, interaction(uri=f"{URI}?key={quote(COOKIE)}", answer=json_body(COOKIE))),
    "?key= percent mixed": (KEY, interaction(uri=f"{URI}?q={percent(KEY, every=3)}")),
    "path": (KEY, interaction(uri=f"https://host/{KEY}/v1")),
    "userinfo": (COOKIE, interaction(uri=f"https://me:{quote(COOKIE, safe='')}@host/", answer=json_body(COOKIE))),
    "location": (COOKIE, interaction(headers=(("Location", f"/next?access_token={COOKIE}&x=1"),))),
    "referer": (COOKIE, interaction(asked=(("Referer", f"https://host/?sig={COOKIE}#token={COOKIE}"),))),
    "request body": (KEY, interaction(body=json.dumps({"messages": [{"content": f"my key is {KEY}!"}]}).encode())),
    "response body": (KEY, interaction(answer=json_body(f"bad key {KEY}"))),
    "plain error body": (KEY, interaction(answer=f"401: {KEY}".encode())),
    "URL-encoded whole": (KEY, interaction(answer=json_body(percent(KEY)))),
    "URL-encoded upper case": (PASSWORD, interaction(answer=json_body(percent(PASSWORD, form="%{:02X}")))),
    "URL-encoded in part": (PASSWORD, interaction(answer=json_body(quote(PASSWORD)))),
    "URL-encoded twice": (KEY, interaction(answer=json_body(percent(KEY, every=2, form="%25{:02X}")))),
    "JSON escapes whole": (KEY, interaction(answer=json_body(unicode_escapes(KEY)))),
    "JSON escapes in part": (KEY, interaction(answer=json_body(unicode_escapes(KEY, every=5, form="\\u{:04x}")))),
    "JSON quotes": (PASSWORD, interaction(answer=json_body(QUOTED))),
    "JSON slashes": (PASSWORD, interaction(answer=json_body(QUOTED.replace("/", "\\/")))),
    "JSON in JSON": (PASSWORD, interaction(answer=json_body(json.dumps(QUOTED.replace("/", "\\/"))[1:-1]))),
    "after a line break": (KEY, interaction(answer=json_body(f"line\\n{KEY}\\n"))),
    "base64, 0 before": (KEY, interaction(answer=json_body(b64encode(KEY.encode()).decode()))),
    "base64, 1 before": (KEY, interaction(answer=json_body(b64encode(f"x{KEY}".encode()).decode()))),
    "base64, 2 before": (KEY, interaction(answer=json_body(b64encode(f"xy{KEY}xyz".encode()).decode()))),
    "base64 of odd bytes": (PASSWORD, interaction(answer=json_body(b64encode(PASSWORD.encode()).decode()))),
    "base64 with escaped slashes": (
        PASSWORD,
        interaction(answer=json_body(b64encode(PASSWORD.encode()).decode().replace("/", "\\/"))),
    ),
    "base64url": (PASSWORD, interaction(answer=json_body(urlsafe_b64encode(PASSWORD.encode()).decode()))),
    "base64 in a URL": (PASSWORD, interaction(uri=f"{URI}?x={quote(b64encode(PASSWORD.encode()), safe='')}")),
    "Basic echoed": (KEY, interaction(answer=json_body(f"Basic {basic(KEY, 'u')}"))),
    "signature": (KEY, interaction(answer=b'data: {"signature":"' + KEY.encode() + b'"}\n\n')),
    "reason phrase": (KEY, interaction(message=f"Bad key {KEY}")),
    "response header": (KEY, interaction(headers=(("x-echo", f"Bearer {KEY}"),))),
    "www-authenticate": (KEY, interaction(headers=(("WWW-Authenticate", f'Bearer error="{quote(KEY)}"'),))),
    "trailer": (KEY, interaction(stream=Stream(trailers=(("x-key", KEY), ("x-auth-token", KEY))))),
    "early hints": (
        KEY,
        interaction(stream=Stream(informational=(Informational(1.0, 103, KEY, (("link", f"<{KEY}>"),)),))),
    ),
    "partial head": (
        COOKIE,
        interaction(stream=Stream(head=f"HTTP/1.1 200 OK\r\nSet-Cookie: s={COOKIE}; Path=/\r\nx-a".encode())),
    ),
    "partial head, cut in the value": (
        COOKIE,
        interaction(stream=Stream(head=f"HTTP/1.1 200 OK\r\nX-Api-Key:\r\n {COOKIE[:20]}".encode())),
    ),
    "cut off": (KEY, interaction(answer=b"data: " + KEY[:33].encode(), stream=Stream(end=Ending(type="cut")))),
}


@pytest.mark.parametrize("way", HIDING)
def test_a_hidden_credential_is_found_nowhere(way: str) -> None:
    secret, asked = HIDING[way]
    assert leaks(asked, secret), "the detector must see what is hidden"
    tape = redacted(asked)
    assert leaks(tape, secret) == []
    assert list(map(len, texts(tape))) == list(map(len, texts(asked)))
    assert tape.response.stream.end == asked.response.stream.end
    assert redacted(tape) == tape


@pytest.mark.parametrize("way", HIDING)
def test_json_stays_json(way: str) -> None:
    tape = redacted(HIDING[way][1])
    json.loads(tape.request.body)
    if way not in {"plain error body", "cut off"}:
        json.loads(tape.response.body.removeprefix(b"data: "))


@pytest.mark.parametrize("way", HIDING)
def test_a_stream_split_anywhere_is_masked_the_same(way: str) -> None:
    secret, asked = HIDING[way]
    redactor = Redactor([KEY.encode(), PASSWORD.encode(), secret.encode()])
    data = asked.response.body
    whole = redactor.bytes(data)
    for cut in range(len(data) + 1):
        stream = redactor.stream()
        parts = stream.feed(data[:cut]), stream.feed(data[cut:]), stream.finish()
        assert b"".join(parts) == whole
    single = redactor.stream()
    assert b"".join([*(single.feed(bytes([byte])) for byte in data), single.finish()]) == whole


def test_the_shape_of_headers_stays() -> None:
    asked = (
        ("Authorization", f"Bearer {KEY}"),
        ("authorization", "Bearer x"),
        ("Cookie", 'a=b; token="c"; d'),
        ("Accept", "text/event-stream"),
    )
    answered = (
        ("Set-Cookie", "id=abc; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
        ("openai-organization", "user-abc"),
        ("anthropic-ratelimit-tokens-remaining", "79000"),
        ("Location", "https://me:pw@host/home/page?key=abc&alt=sse&%6Bey=d#access_token=e"),
        ("x-org", "org-" + "a1" * 10),
        (
            "x-cwd",
            "/home/jane/work, file:///Users/jane/x, C:\\Users\\Jane Doe\\x, C%3A%5CUsers%5Cjane%5C, /mnt/c/Users/jane",
        ),
        ("x-name", "caf\udce9"),
    )
    redactor = Redactor()
    assert redactor.headers(asked) == (
        ("Authorization", "Bearer " + "*" * 48),
        ("authorization", "Bearer *"),
        ("Cookie", "a=*; token=***;**"),
        ("Accept", "text/event-stream"),
    )
    assert redactor.headers(answered) == (
        ("Set-Cookie", "id=***; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
        ("openai-organization", "*" * 8),
        ("anthropic-ratelimit-tokens-remaining", "79000"),
        ("Location", "https://me:**@host/home/page?key=***&alt=sse&%6Bey=*#access_token=*"),
        ("x-org", "*" * 24),
        (
            "x-cwd",
            "/home/****/work, file:///Users/****/x, C:\\Users\\********\\x, C%3A%5CUsers%5C****%5C, /mnt/c/Users/****",
        ),
        ("x-name", "caf\udce9"),
    )


def test_the_uri_keeps_what_is_not_secret() -> None:
    uri = "https://h:1/v1beta/models/m:streamGenerateContent?alt=sse&key=AIzaX&pageToken=abc"
    assert Redactor().uri(uri) == uri.replace("AIzaX", "*****")


def test_short_values_and_dummies_do_not_mangle_ordinary_text() -> None:
    asked = interaction(
        asked=(("Authorization", "Bearer test"), ("x-api-key", "your-api-key"), ("Cookie", "lang=en")),
        uri=f"{URI}?key=sk-test",
        answer=b'data: {"text":"a test of your-api-key, sk-test and test-api-key: en"}\n\n',
    )
    assert redacted(asked).response == asked.response
    assert Redactor([b"test", b"sk-test", b"dummy-api-key"]).text("dummy-api-key: sk-test") == "dummy-api-key: sk-test"


def test_long_base64_in_a_request_is_a_digest_and_then_masked() -> None:
    body = json.dumps({"image": b64encode(KEY.encode() * 200).decode(), "text": KEY}).encode()
    tape = Redactor([KEY.encode()]).request(Request("POST", URI, (), body))
    assert json.loads(tape.body) == {"image": json.loads(redact_body(body))["image"], "text": "*" * 48}
    assert json.loads(tape.body)["image"].endswith(";bytes=9600")


def test_findings_say_where_and_what() -> None:
    redactor = Redactor([KEY.encode()])
    shaped = "sk-ant-api03-" + "aB3-" * 20
    data = f"x {KEY} y {shaped} z".encode()
    expected = [Finding(2, 50, "credential"), Finding(53, 53 + len(shaped), "sk- key")]
    assert redactor.find(data) == scan(data, redactor) == expected
    assert scan(redactor.bytes(data), redactor) == []


def test_findings_in_long_data_are_whole() -> None:
    run = b"gsk_" + b"A1b2C3" * 40_000
    assert Redactor().find(b"x" * 1000 + b" " + run + b" ") == [Finding(1001, 1001 + len(run), "Groq key")]


def test_with_secrets_is_the_same_redactor_when_nothing_is_new() -> None:
    redactor = Redactor([KEY.encode()])
    assert redactor.with_secrets([KEY.encode(), b"short", b"dummy-api-key"]) is redactor
    more = redactor.with_secrets([COOKIE.encode()])
    assert more is redactor.with_secrets([COOKIE.encode(), KEY.encode()])
    assert more.text(f"{KEY} {COOKIE}") == "*" * 48 + " " + "*" * 32
    assert redactor.text(COOKIE) == COOKIE
    for at in range(100):
        redactor.with_secrets([f"{KEY}{at}".encode()])
    assert len(redactor._children) <= 64


def test_a_live_stream_is_held_only_where_a_secret_could_begin() -> None:
    stream = Redactor([KEY.encode(), COOKIE.encode()]).stream()
    for event in (
        b'data: {"choices":[{"delta":{"content":"50% \\n \\"risk-"}}]}\n\n',
        b": ping\n\n",
        b"data: [DONE]\r\n\r\n",
    ):
        assert stream.feed(event) == event
    assert stream.feed(b"data: " + KEY[:40].encode()) == b"data: "
    assert stream.feed(KEY[40:].encode() + b"\n\n") == b"*" * 48 + b"\n\n"
    assert stream.finish() == b""


def test_real_recordings_hold_nothing_key_shaped_and_stay_as_they_are() -> None:
    if not TAPES.is_dir():
        pytest.skip("no ../shared/tapes beside this checkout: real recordings are not part of the project")
    redactor = Redactor([KEY.encode(), COOKIE.encode()])
    files = [path for path in TAPES.rglob("*") if path.is_file()]
    assert len(files) > 300
    assert [path.name for path in files if redactor.find(path.read_bytes())] == []


PIECES: list[Callable[[str], str]] = [
    str,
    lambda secret: secret[:9],
    lambda secret: secret[9:],
    lambda secret: percent(secret, every=2),
    lambda secret: unicode_escapes(secret, every=3),
    lambda secret: b64encode(b"ab" + secret.encode()).decode(),
]
SECRETS = [KEY, COOKIE, PASSWORD, "sk-proj-" + "aB3_" * 15, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2ln"]
tokens = st.one_of(
    st.builds(lambda piece, secret: piece(secret), st.sampled_from(PIECES), st.sampled_from(SECRETS)),
    st.sampled_from(
        ['"signature":"', '"', "\\", "\\n", "%", "%2", "\\u00", " ", "\n", ".", "-", "x", "é", "sk", '"}\n\n']
    ),
    st.text(max_size=5),
)


@settings(max_examples=200)
@given(st.lists(tokens, max_size=8), st.data())
def test_the_output_does_not_depend_on_the_splitting(parts: list[str], draw: st.DataObject) -> None:
    data = "".join(parts).encode("utf-8", "surrogatepass")
    redactor = Redactor([KEY.encode(), COOKIE.encode(), PASSWORD.encode()])
    whole = redactor.bytes(data)
    assert len(whole) == len(data)
    assert redactor.bytes(whole) == whole
    assert (redactor.find(data) == []) == (whole == data)
    stream = redactor.stream()
    released = b""
    at = 0
    while at < len(data):
        size = draw.draw(st.integers(1, 40))
        released += stream.feed(data[at : at + size])
        at += size
        assert whole.startswith(released)
        assert len(released) >= at - 8192
    assert released + stream.finish() == whole


@given(
    st.lists(st.tuples(st.sampled_from(["Host", "X-Long-Enough-Name", f"X-{KEY[:20]}", "Cookie"]), tokens), max_size=6)
)
def test_headers_are_masked_alike_alone_and_together(fields: list[tuple[str, str]]) -> None:
    """All of them are looked at as one text first; that must not change what is found in any."""
    headers = tuple((name, value.replace("\n", " ").replace("\r", " ")) for name, value in fields)
    redactor = Redactor([secret.encode() for secret in SECRETS])
    alone = tuple(redactor.headers((pair,))[0] for pair in headers)
    assert redactor.headers(headers) == alone
    singly = tuple((redactor.text(name) if len(name) >= 12 else name, value) for name, value in alone)
    assert singly == alone
