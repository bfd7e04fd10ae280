"""Who may ask what, as a table of cases: origins, hosts, sites, tokens, kinds of body."""

from __future__ import annotations

import pytest

from mockserver.guards import Guard, OriginError, is_loopback, is_loopback_origin, origins_of

HOME = Guard()
NAMED = Guard(origins=frozenset({"https://app.example"}))
ANYONE = Guard(origins=frozenset({"*"}))
OUT = Guard(host="0.0.0.0", address="0.0.0.0", token="s3cret-token")
SHUT = Guard(host="0.0.0.0", address="0.0.0.0")
ALIAS = Guard(host="box.example", address="127.0.1.1")
SIX = Guard(host="::1", address="::1")
BEARER = ("Authorization", "Bearer s3cret-token")


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://localhost", True),
        ("http://localhost:3000", True),
        ("https://localhost:3000", True),
        ("http://127.0.0.1:5173", True),
        ("http://127.1.2.3", True),
        ("http://[::1]:8080", True),
        ("http://app.localhost:3000", True),
        ("tauri://localhost", True),
        ("http://localhost.evil.example", False),
        ("http://evil.example", False),
        ("http://evil-localhost", False),
        ("http://127.0.0.1.evil.example:80", False),
        ("http://192.168.1.5", False),
        ("http://0.0.0.0:7357", False),
        ("http://[::2]", False),
        ("http://user@localhost", False),
        ("http://localhost/", False),
        ("http://localhost:3000 http://evil.example", False),
        ("file://", False),
        ("null", False),
        ("", False),
    ],
)
def test_pages_of_this_machine(origin: str, own: bool) -> None:
    assert is_loopback_origin(origin) == own
    assert HOME.trusts(origin) == own
    refusal = HOME.foreign((("Origin", origin),))
    assert (refusal.code if refusal else None) == (None if own else "tokentape_foreign_origin")


@pytest.mark.parametrize(
    ("guard", "host", "own"),
    [
        (HOME, "localhost:7357", True),
        (HOME, "LOCALHOST", True),
        (HOME, "localhost.:7357", True),
        (HOME, "tape.localhost", True),
        (HOME, "127.0.0.1:1", True),
        (HOME, "[::1]:7357", True),
        (HOME, "evil.example:7357", False),
        (HOME, "localhost.evil.example", False),
        (HOME, "127.0.0.1.evil.example", False),
        (HOME, "tokentape", False),
        (HOME, "0.0.0.0:7357", False),
        (HOME, "192.168.1.5", False),
        (HOME, "", False),
        (HOME, "localhost:7357@evil.example", False),
        (HOME, "[::1", False),
        (ALIAS, "box.example:7357", True),
        (ALIAS, "Box.Example", True),
        (ALIAS, "fox.example", False),
        (SIX, "[::1]:7357", True),
        (NAMED, "app.example:7357", True),
        (NAMED, "evil.app.example", False),
        (ANYONE, "app.example", False),
        (OUT, "192.168.1.5:7357", True),
        (OUT, "[fd00::5]:7357", True),
        (OUT, "tokentape:7357", True),
        (OUT, "host.docker.internal:7357", True),
        (OUT, "tape.default.svc.cluster.local", True),
        (OUT, "evil.example", False),
    ],
)
def test_names_of_this_server(guard: Guard, host: str, own: bool) -> None:
    assert guard.owns(host) == own
    refusal = guard.foreign((("host", host),))
    assert (refusal.code if refusal else None) == (None if own else "tokentape_foreign_host")


@pytest.mark.parametrize(
    ("guard", "headers", "code"),
    [
        (HOME, (), None),
        (HOME, (("Sec-Fetch-Site", "none"),), None),
        (HOME, (("Sec-Fetch-Site", "same-origin"),), None),
        (HOME, (("Sec-Fetch-Site", "same-site"),), None),
        (HOME, (("Sec-Fetch-Site", "cross-site"),), "tokentape_cross_site"),
        (HOME, (("Sec-Fetch-Site", "what-not"),), "tokentape_cross_site"),
        # A page on localhost that asks 127.0.0.1: two sites, one machine.
        (HOME, (("Origin", "http://localhost:3000"), ("Sec-Fetch-Site", "cross-site")), None),
        (HOME, (("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-site")), "tokentape_foreign_origin"),
        (HOME, (("Origin", "http://localhost"), ("Origin", "https://evil.example")), "tokentape_foreign_origin"),
        (HOME, (("Host", "evil.example"), ("Origin", "http://localhost")), "tokentape_foreign_host"),
        (OUT, (("Sec-Fetch-Site", "same-site"),), "tokentape_cross_site"),
        (NAMED, (("Origin", "https://app.example"), ("Sec-Fetch-Site", "cross-site")), None),
        (NAMED, (("Origin", "https://APP.example"),), None),
        (NAMED, (("Origin", "https://app.example:444"),), "tokentape_foreign_origin"),
        (NAMED, (("Origin", "https://evil.app.example"),), "tokentape_foreign_origin"),
        (ANYONE, (("Origin", "https://evil.example"),), "tokentape_foreign_origin"),
        (ANYONE, (("Origin", "*"),), "tokentape_foreign_origin"),
    ],
)
def test_where_a_request_comes_from(guard: Guard, headers: tuple[tuple[str, str], ...], code: str | None) -> None:
    refusal = guard.foreign(headers)
    assert (refusal.code if refusal else None) == code
    assert refusal is None or refusal.status == 403
    assert guard.control("GET", (*headers, BEARER)) == refusal


JSON = ("Content-Type", "application/json; charset=utf-8")


@pytest.mark.parametrize(
    ("guard", "method", "headers", "is_open", "expected"),
    [
        (HOME, "GET", (), False, None),
        (HOME, "GET", (("Content-Type", "text/plain"),), False, None),
        (HOME, "DELETE", (), False, None),
        (HOME, "DELETE", (("Content-Type", "text/plain"),), False, 415),
        (HOME, "PUT", (JSON,), False, None),
        (HOME, "PUT", (("content-type", "application/merge-patch+json"),), False, None),
        (HOME, "PUT", (), False, 415),
        (HOME, "POST", (("Content-Type", "application/x-www-form-urlencoded"),), False, 415),
        (HOME, "POST", (("Content-Type", "text/json"),), False, 415),
        (OUT, "GET", (), False, 401),
        (OUT, "GET", (BEARER,), False, None),
        (OUT, "GET", (("authorization", "bearer s3cret-token"),), False, None),
        (OUT, "GET", (("Authorization", "Bearer s3cret-toke"),), False, 401),
        (OUT, "GET", (("Authorization", "Bearer 토큰"),), False, 401),
        (OUT, "GET", (("Authorization", "Basic s3cret-token"),), False, 401),
        (OUT, "GET", (("Authorization", "s3cret-token"),), False, 401),
        (OUT, "GET", (), True, None),
        (OUT, "GET", (("Host", "evil.example"),), True, 403),
        (SHUT, "GET", (), False, 403),
        (SHUT, "GET", (("Authorization", "Bearer "),), False, 403),
        (SHUT, "GET", (), True, None),
    ],
)
def test_the_control_paths(
    guard: Guard, method: str, headers: tuple[tuple[str, str], ...], is_open: bool, expected: int | None
) -> None:
    refusal = guard.control(method, headers, is_open=is_open)
    assert (refusal.status if refusal else None) == expected


def test_a_refusal_says_what_would_help_and_nothing_of_the_token() -> None:
    told = [
        guard.control("PUT", headers)
        for guard, headers in (
            (SHUT, ()),
            (OUT, ()),
            (OUT, (BEARER,)),
            (HOME, (("Host", "evil\x1b.example"),)),
            (HOME, (("Origin", "https://evil.example/\x1b[2J" + "x" * 500),)),
        )
    ]
    messages = [refusal.message for refusal in told if refusal]
    assert len(messages) == len(told)
    assert "TOKENTAPE_CONTROL_TOKEN" in messages[0]
    assert "Authorization: Bearer" in messages[1]
    assert "application/json" in messages[2]
    assert "localhost or 127.0.0.1" in messages[3]
    assert "--cors" in messages[4]
    assert all(message.isprintable() and len(message) < 300 and "s3cret" not in message for message in messages)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://App.Example", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:443", "http://app.example:443"),
        ("http://[fd00::1]:3000", "http://[fd00::1]:3000"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("null", "null"),
        ("*", "*"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(given: str, origin: str) -> None:
    assert origins_of([given, given]) == {origin}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("https://app.example/", "did you mean https://app.example?"),
        ("https://app.example:443/path", "did you mean https://app.example?"),
        ("app.example:3000", "did you mean https://app.example:3000?"),
        ("https://*.app.example", "is no origin"),
        ("", "expected SCHEME://HOST[:PORT]"),
        ("two words", "expected SCHEME://HOST[:PORT]"),
    ],
)
def test_what_is_no_origin_is_refused(given: str, told: str) -> None:
    with pytest.raises(OriginError, match="--cors") as error:
        origins_of([given])
    assert told in str(error.value)
    assert error.value.exit_code == 2


def test_loopback_is_what_always_is() -> None:
    assert all(is_loopback(host) for host in ("localhost", "a.localhost", "127.0.0.1", "::1", "[::1]"))
    assert not any(is_loopback(host) for host in ("", "0.0.0.0", "::", "10.0.0.1", "local", "localhos"))
