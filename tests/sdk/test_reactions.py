"""How the providers' SDKs react to broken answers, as providers.md 2.3 to 2.5 say: what they deliver, what they raise,
how often they ask, how long they would wait.

Looked at with openai 3.52.0 and 1.109.1, anthropic 2.11.0 and 0.79.0, google-genai 3.4.0 and 1.75.0 (Python), openai
6.49.0, @anthropic-ai/sdk 1.11.0, @google/genai 2.32.0 (Node 20). A column is `new`, `old` or `node`; one value stands for
all three. `ok 9` is nine items and an end without an error, `ReadError 3` that error after three items.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from sdk import environments
from sdk.answers import ANSWERS
from sdk.collection import shelve
from wires import Tool, ask, post, tool

Column = str | tuple[str, str, str]
pytestmark = pytest.mark.slow

WHICH = ("new", "old", "node")
SHORT = 1.5
"""Seconds of a client's own timeout where nothing more comes."""
TRIES = 5
"""More than any SDK makes."""


class Row(NamedTuple):
    """What a server does (faults), and what each API's SDKs make of it."""

    faults: str
    of: Mapping[str, Column]
    timeout: float | None = None


def row(faults: str, chat: Column, anthropic: Column, gemini: Column, timeout: float | None = None) -> Row:
    """A row of all three APIs."""
    return Row(faults, {"chat": chat, "anthropic": anthropic, "gemini": gemini}, timeout)


NO_JSON = "UnknownApiResponseError"
"""google-genai for Python reads whatever is no `data: ` line as JSON."""


def checkpoint(ending: str) -> str:
    """Faults that break the first request behind its third event, after a token which says to go on from there."""
    token = base64.b64encode(b"tokentape: go on after event 3").decode()
    candidate = {"content": {"parts": [{"text": ""}], "role": "model"}, "index": 0, "continuationToken": token}
    event = f"data: {json.dumps({'candidates': [candidate]})}\r\n\r\n"
    return f"insert@2e#1:{json.dumps(event)};{ending}@3e#1"


STREAMS = {
    "nothing": Row("", {"chat": "ok 10", "responses": "ok 15", "anthropic": "ok 12", "gemini": "ok 7"}),
    "CRLF": row("eol:crlf", "ok 10", "ok 12", "ok 7"),
    "bare CR": row("eol:cr", "ok 10", "ok 12", "ok 7"),
    "a byte a chunk": row("split:1", "ok 10", "ok 12", "ok 7"),
    "characters cut": row("split:utf8", "ok 10", "ok 12", "ok 7"),
    "no space": row("no-space", "ok 10", "ok 12", (f"{NO_JSON} 0", f"{NO_JSON} 0", "ok 7")),
    # The first event is lost without a word: only Node's decoder takes a BOM away.
    "BOM": row("bom", ("ok 9", "ok 9", "ok 10"), ("ok 11", "ok 11", "ok 12"), (f"{NO_JSON} 0", f"{NO_JSON} 0", "ok 7")),
    "comment block": row("comment@2e", "ok 10", "ok 12", (f"{NO_JSON} 2", f"{NO_JSON} 2", "ok 7")),
    # Node's google-genai looks for `data:` at the start of a block: that event is lost without a word.
    "comment line before data": row(
        "comment@2e:hi,blank=no", "ok 10", "ok 12", (f"{NO_JSON} 2", f"{NO_JSON} 2", "ok 6")
    ),
    # An id is kept, so that openai's decoder dispatches an event without data for any block that follows.
    "id line, later a comment": row(
        'insert@2e:"id: 7\\n";comment@4e',
        ("JSONDecodeError 4", "JSONDecodeError 4", "ok 10"),
        "ok 12",
        (f"{NO_JSON} 2", f"{NO_JSON} 2", "ok 6"),
    ),
    "retry block": row(
        'insert@2e:"retry: 3000\\n\\n"',
        ("JSONDecodeError 2", "JSONDecodeError 2", "ok 10"),
        "ok 12",
        (f"{NO_JSON} 2", f"{NO_JSON} 2", "ok 7"),
    ),
    "line without a colon": row(
        'insert@2e:"INFRONAI PROCESSING\\n\\n"', "ok 10", "ok 12", (f"{NO_JSON} 2", f"{NO_JSON} 2", "ok 7")
    ),
    # Yielded as an item that is none; the old anthropic knew its events by name, the new by the type in their data.
    "unknown event": row(
        'insert@2e:"event: surprise\\ndata: {\\"type\\": \\"surprise\\"}\\n\\n"',
        "ok 11",
        ("ok 13", "ok 12", "ok 13"),
        (f"{NO_JSON} 2", f"{NO_JSON} 2", "ok 7"),
    ),
    "nameless event": row('insert@2e:"data: {\\"type\\": \\"surprise\\"}\\n\\n"', "ok 11", "ok 12", "ok 8"),
    "malformed JSON": row(
        "malformed@3e",
        ("JSONDecodeError 3", "JSONDecodeError 3", "SyntaxError 3"),
        ("JSONDecodeError 2", "JSONDecodeError 2", "SyntaxError 2"),
        (f"{NO_JSON} 3", f"{NO_JSON} 3", "SyntaxError 3"),
    ),
    # None of them misses a terminator: a clean end is an end, wherever it comes.
    "no terminator": row("no-terminal", "ok 10", "ok 11", "ok 6"),
    "clean early end": row("end-early@5e", "ok 5", "ok 4", "ok 5"),
    "no final blank": row("no-final-blank", "ok 10", "ok 11", ("ok 7", "ok 7", "Error 6")),
    "empty": row("empty", "ok 0", "ok 0", "ok 0"),
    "HTML with 200": row("html:200", "ok 0", "ok 0", (f"{NO_JSON} 0", f"{NO_JSON} 0", "Error 0")),
    "JSON error with 200": row(
        "json-error-200:overloaded", "ok 0", "ok 0", ("ServerError 0", "ServerError 0", "ApiError 0")
    ),
    "FIN in the framing": Row(
        "cut@3e",
        {
            "chat": ("APIConnectionError 3", "RemoteProtocolError 3", "TypeError 3"),
            "responses": ("APIConnectionError 3", "RemoteProtocolError 3", "TypeError 3"),
            "anthropic": ("RemoteProtocolError 2", "RemoteProtocolError 2", "TypeError 2"),
            "gemini": ("RemoteProtocolError 3", "RemoteProtocolError 3", "TypeError 3"),
        },
    ),
    "RST": Row(
        "reset@3e",
        {
            "chat": ("APIConnectionError 3", "ReadError 3", "TypeError 3"),
            "responses": ("APIConnectionError 3", "ReadError 3", "TypeError 3"),
            "anthropic": ("ReadError 2", "ReadError 2", "TypeError 2"),
            "gemini": ("ReadError 3", "ReadError 3", "TypeError 3"),
        },
    ),
    # Node's openai and anthropic stop their timer once the head is there.
    "stall": row(
        "stall@3e",
        ("APITimeoutError 3", "ReadTimeout 3", "hangs 3"),
        ("ReadTimeout 2", "ReadTimeout 2", "hangs 2"),
        ("ReadTimeout 3", "ReadTimeout 3", "AbortError 3"),
        SHORT,
    ),
    # Only the new openai for Python ends with [DONE]; the others wait for the end of the body with all in hand.
    "held open after the end": row(
        "linger",
        ("ok 10", "ReadTimeout 10", "hangs 10"),
        ("ReadTimeout 12", "ReadTimeout 12", "hangs 12"),
        ("ReadTimeout 7", "ReadTimeout 7", "AbortError 7"),
        SHORT,
    ),
    "FIN before the head": row(
        "cut@request",
        "APIConnectionError 0",
        "APIConnectionError 0",
        ("RemoteProtocolError 0", "RemoteProtocolError 0", "TypeError 0"),
    ),
    "RST before the head": row(
        "reset@request", "APIConnectionError 0", "APIConnectionError 0", ("ReadError 0", "ReadError 0", "TypeError 0")
    ),
    "stall before the head": row(
        "stall@request",
        ("APITimeoutError 0", "APITimeoutError 0", "APIConnectionTimeoutError 0"),
        ("APITimeoutError 0", "APITimeoutError 0", "APIConnectionTimeoutError 0"),
        ("ReadTimeout 0", "ReadTimeout 0", "AbortError 0"),
        SHORT,
    ),
    **{
        f"in-band error, {style}": Row(f"error@3e:overloaded,style={style}", {"chat": "APIError 3"})
        for style in ("done", "no-done", "event", "chunk", "flat")
    },
    "in-band error, nested": Row("error@3e:overloaded,style=nested", {"responses": "APIError 3"}),
    # The shape of the documentation is an item as any other, and so is a response that failed.
    "in-band error, as documented": Row("error@3e:overloaded,style=flat", {"responses": "ok 4"}),
    "in-band failure": Row("error@3e:overloaded,style=failed", {"responses": "ok 4"}),
    # Named APIStatusError though the status is 200, not OverloadedError.
    "in-band error event": Row(
        "error@3e:overloaded,style=event", {"anthropic": ("APIStatusError 2", "APIStatusError 2", "APIError 2")}
    ),
    "in-band error without a name": Row("error@3e:overloaded,style=nameless", {"anthropic": "ok 2"}),
    "in-band error data": Row(
        "error@3e:overloaded,style=data", {"gemini": ("ServerError 3", "ServerError 3", "ApiError 3")}
    ),
    "in-band error tail": Row(
        "error@3e:overloaded,style=raw", {"gemini": ("ServerError 3", "ServerError 3", "Error 3")}
    ),
    # The new ones ask again with the token and put both answers together; the item more is the one that held it.
    "FIN after a token": Row(checkpoint("cut"), {"gemini": ("ok 8", "RemoteProtocolError 4", "ok 8")}),
    "RST after a token": Row(checkpoint("reset"), {"gemini": ("ok 8", "ReadError 4", "ok 8")}),
    "clean early end after a token": Row(checkpoint("end-early"), {"gemini": ("ok 8", "ok 4", "ok 8")}),
}

CAUSES = {
    "FIN in the framing": {"RemoteProtocolError", "UND_ERR_SOCKET"},
    # undici tells a reset as either, by whether it was reading just then.
    "RST": {"ReadError", "ECONNRESET", "UND_ERR_SOCKET"},
    "stall": {"ReadTimeout", None},
}
"""What is beneath the error of a broken connection."""


def statuses(code: int, arguments: str = "") -> str:
    """Faults that answer every try with that status, and say which try it was."""
    tries = [f"{number}{'+' * (number == TRIES)}" for number in range(1, TRIES + 1)]
    return ";".join(f'status#{one}:{code}{arguments},message="try {one[0]}"' for one in tries)


ASKED_ONCE = {400, 401, 402, 403, 404, 413, 422}
"""The statuses that openai and anthropic do not retry; google-genai retries none unless it is told to."""
NAMES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}
OPENAI: dict[int, Column] = {
    **NAMES,
    **dict.fromkeys((402, 408, 413), ("APIStatusError", "APIStatusError", "APIError")),
    **dict.fromkeys((500, 502, 503, 504, 529), "InternalServerError"),
}
ANTHROPIC: dict[int, Column] = {
    **NAMES,
    402: ("PaymentRequiredError", "APIStatusError", "PaymentRequiredError"),
    408: ("RequestTimeoutError", "APIStatusError", "RequestTimeoutError"),
    413: ("ContentTooLargeError", "RequestTooLargeError", "ContentTooLargeError"),
    **dict.fromkeys((500, 502), "InternalServerError"),
    # The new ones are subclasses of InternalServerError.
    503: ("ServiceUnavailableError", "InternalServerError", "ServiceUnavailableError"),
    504: ("GatewayTimeoutError", "InternalServerError", "GatewayTimeoutError"),
    529: "OverloadedError",
}
GOOGLE: dict[int, Column] = {
    code: ("ServerError", "ServerError", "ApiError") if code >= 500 else ("ClientError", "ClientError", "ApiError")
    for code in OPENAI
}
RAISED = {"chat": OPENAI, "anthropic": ANTHROPIC, "gemini": GOOGLE}

WAITS: dict[str, tuple[str, Column, Column]] = {
    "seconds": (statuses(503, ",retry-after=2"), "2 s", "2 s"),
    "a fraction": (statuses(503, ",retry-after=0.5"), "0.5 s", "0.5 s"),
    "milliseconds": (statuses(503, ",retry-after-ms=1500"), "1.5 s", "1.5 s"),
    "both": (statuses(503, ",retry-after=7,retry-after-ms=1500"), "1.5 s", "1.5 s"),
    "a date": (statuses(503, ",retry-after=date:50"), "50 s", "50 s"),
    # Nothing to wait for is no wait to Node's openai, and no answer to the others.
    "zero": (statuses(503, ",retry-after=0"), ("back-off", "back-off", "0 s"), "back-off"),
    "over a minute": (statuses(503, ",retry-after=61"), ("61 s", "back-off", "61 s"), ("61 s", "back-off", "61 s")),
    # Three opinions on what is too long: not at all, by one's own back-off, whatever it takes.
    "over two": (statuses(503, ",retry-after=121"), ("no retry", "back-off", "121 s"), ("121 s", "back-off", "121 s")),
    "none": (statuses(503), "back-off", "back-off"),
    "told not to": (statuses(503, ",should-retry=false"), "no retry", "no retry"),
    "told to": (statuses(400, ",should-retry=true"), "back-off", "back-off"),
    # What is too long wins over what it is told.
    "told to, over two": (
        statuses(503, ",should-retry=true,retry-after=121"),
        ("no retry", "back-off", "121 s"),
        ("121 s", "back-off", "121 s"),
    ),
}
"""Retry-After in its forms: what the SDKs of openai and of anthropic wait before they ask again."""


def cases() -> dict[str, dict[str, Any]]:
    """Everything that is asked of an environment, in one run: what takes long first."""
    found: dict[str, dict[str, Any]] = {}
    for name, one in sorted(STREAMS.items(), key=lambda item: item[1].timeout is None):
        for api in one.of:
            found[f"{name} | {api}"] = {"api": api, "faults": one.faults, "timeout": one.timeout}
    for api in RAISED:
        found |= {f"{code} | {api}": {"api": api, "faults": statuses(code)} for code in OPENAI}
        found[f"then whole | {api}"] = {"api": api, "faults": "status#1:503,retry-after-ms=1500"}
    for name, (faults, *_columns) in WAITS.items():
        found |= {f"after {name} | {api}": {"api": api, "faults": faults} for api in ("chat", "anthropic")}
    found["retrying"] = {"api": "gemini retrying", "faults": statuses(503, ",retry-after=7")}
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """The text answer of every service."""
    folder = tmp_path_factory.mktemp("reactions")
    shelve(folder / "tapes", ANSWERS["text"])
    with tool(folder, "serve", str(folder / "tapes"), "--match", "route", "--speed", "max") as running:
        yield running
        assert "Traceback" not in running.said()


Reactions = Callable[[str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def reactions(server: Tool, request: pytest.FixtureRequest) -> Reactions:
    """What the SDKs of an environment made of every case."""
    known: dict[str, dict[str, dict[str, Any]]] = {}

    def of(which: str) -> dict[str, dict[str, Any]]:
        if which not in known:
            asked = {"root": server.url, "deck": which, "cases": cases()}
            if which == "node":
                known[which] = environments.run_node(request.getfixturevalue("node_bench"), "reactions", asked)
            else:
                known[which] = environments.run(which, "reactions", asked)
        return known[which]

    return of


def column(value: Column, which: str) -> str:
    return value if isinstance(value, str) else value[WHICH.index(which)]


def outcome(told: dict[str, Any]) -> str:
    return f"{told['raised'] or 'ok'} {told['items']}"


def tries(told: dict[str, Any]) -> int:
    """How many requests there were, by the last answer's own words."""
    found = re.search(r"try (\d)", told["said"])
    assert found, told
    return int(found[1])


def waited(told: dict[str, Any]) -> str:
    """What was waited for before each of two more tries."""
    if tries(told) == 1:
        assert not told["waits"]
        return "no retry"
    assert tries(told) == 3
    first, second = told["waits"]
    if 0.375 <= first <= 0.5 and 0.75 <= second <= 1.0:  # 0.5 s and double that, less up to a quarter
        return "back-off"
    # A date has whole seconds: it was rounded up, and some time has passed since.
    shown = {"50 s" if 40 < wait <= 51 else f"{wait:g} s" for wait in (first, second)}
    return shown.pop() if len(shown) == 1 else str(told["waits"])


ROWS = [
    pytest.param(which, name, marks=pytest.mark.xdist_group(f"sdk-reactions-{which}"), id=f"{which}-{name}")
    for which in WHICH
    for name in STREAMS
]
EACH = [pytest.param(which, marks=pytest.mark.xdist_group(f"sdk-reactions-{which}"), id=which) for which in WHICH]


@pytest.mark.parametrize(("which", "name"), ROWS)
def test_a_stream_is_taken_as_the_table_says(which: str, name: str, reactions: Reactions) -> None:
    found = {api: outcome(reactions(which)[f"{name} | {api}"]) for api in STREAMS[name].of}
    assert found == {api: column(value, which) for api, value in STREAMS[name].of.items()}


@pytest.mark.parametrize("which", EACH)
def test_a_stream_that_nothing_breaks_has_the_whole_text(which: str, reactions: Reactions) -> None:
    for name in ("nothing", "CRLF", "bare CR", "a byte a chunk", "characters cut"):
        for api in STREAMS[name].of:
            assert reactions(which)[f"{name} | {api}"]["text"] == "".join(ANSWERS["text"].text)


@pytest.mark.parametrize("which", [EACH[0], EACH[2]])
def test_what_comes_after_a_token_is_taken_up(which: str, reactions: Reactions) -> None:
    for name in ("FIN after a token", "RST after a token", "clean early end after a token"):
        assert reactions(which)[f"{name} | gemini"]["text"] == "".join(ANSWERS["text"].text)


@pytest.mark.parametrize("which", EACH)
def test_a_broken_connection_is_beneath_the_error(which: str, reactions: Reactions) -> None:
    for name, causes in CAUSES.items():
        assert {reactions(which)[f"{name} | {api}"]["cause"] for api in STREAMS[name].of} <= causes


@pytest.mark.parametrize("which", EACH)
def test_once_the_head_is_there_nobody_asks_again(which: str, reactions: Reactions) -> None:
    found = reactions(which)
    assert not any(
        found[f"{name} | {api}"]["waits"] for name in ("FIN in the framing", "RST", "stall") for api in RAISED
    )
    for api in ("chat", "anthropic"):
        for name in ("FIN before the head", "RST before the head", "stall before the head"):
            assert len(found[f"{name} | {api}"]["waits"]) == 2
    assert not found["FIN before the head | gemini"]["waits"]


@pytest.mark.parametrize("which", EACH)
@pytest.mark.parametrize("code", OPENAI)
def test_a_status_is_raised_and_retried_as_the_table_says(which: str, code: int, reactions: Reactions) -> None:
    found = {api: reactions(which)[f"{code} | {api}"] for api in RAISED}
    assert {api: told["raised"] for api, told in found.items()} == {
        api: column(names[code], which) for api, names in RAISED.items()
    }
    count = 1 if code in ASKED_ONCE else 3
    assert {api: tries(told) for api, told in found.items()} == {"chat": count, "anthropic": count, "gemini": 1}


@pytest.mark.parametrize("which", EACH)
@pytest.mark.parametrize("name", WAITS)
def test_retry_after_is_obeyed_as_the_table_says(which: str, name: str, reactions: Reactions) -> None:
    _, chat, anthropic = WAITS[name]
    found = reactions(which)
    assert waited(found[f"after {name} | chat"]) == column(chat, which)
    assert waited(found[f"after {name} | anthropic"]) == column(anthropic, which)


@pytest.mark.parametrize("which", EACH)
def test_a_rate_limit_of_anthropic_says_when_to_come_back(which: str, reactions: Reactions) -> None:
    """Its 429 carries Retry-After: 1 (providers.md 5), OpenAI's none."""
    assert waited(reactions(which)["429 | anthropic"]) == "1 s"
    assert waited(reactions(which)["429 | chat"]) == "back-off"


@pytest.mark.parametrize("which", EACH)
def test_a_retry_that_is_served_is_all_that_the_caller_sees(which: str, reactions: Reactions) -> None:
    found = reactions(which)
    assert outcome(found["then whole | chat"]) == "ok 10"
    assert outcome(found["then whole | anthropic"]) == "ok 12"
    assert [found[f"then whole | {api}"]["waits"] for api in ("chat", "anthropic")] == [[1.5], [1.5]]
    # google-genai does not retry unless it is told to, and then reads no Retry-After.
    assert found["then whole | gemini"]["raised"] == column(GOOGLE[503], which)
    assert tries(found["retrying"]) == 3
    assert 7 not in found["retrying"]["waits"]


SKIPPED_WAITS = frozenset({"no_backoff", "retry_after_ignored"})
"""Verdicts that programs earn which note how long an SDK would wait, and do not."""


@pytest.mark.parametrize("which", EACH)
def test_of_all_that_the_sdks_do_only_giving_up_at_once_earns_a_verdict(
    which: str, server: Tool, reactions: Reactions
) -> None:
    assert set(reactions(which)) == set(cases())
    decks = {f"{which}{number}": name for number, name in enumerate(cases())}
    seen = ask(server.url, post("/_tokentape/verdicts?patience_ms=5000", b"", "Connection: close", method="GET"))
    earned = {
        (one["name"], decks[one["deck"]]) for one in json.loads(seen.wire_body)["verdicts"] if one["deck"] in decks
    }
    assert {name for name, _ in earned} - SKIPPED_WAITS == {"gave_up"}
    # google-genai does not try again by default; the others do.
    gave_up = {case for name, case in earned if name == "gave_up"}
    assert {f"{code} | gemini" for code in (408, 429, 500, 503)} <= gave_up
    assert {case.rpartition(" | ")[2] for case in gave_up} == {"gemini"}
    assert ("retry_after_ignored", "after over two | anthropic") in earned
    assert ("retry_after_ignored", "after zero | chat") not in earned
