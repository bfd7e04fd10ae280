"""What is kept of a miss, and that it is bounded. The lines themselves are tested over sockets (test_answers)."""

from __future__ import annotations

from cassettes.matching import Asked, Index, entry_of
from cassettes.model import Interaction, Request, Response, Stream
from cassettes.redact import Redactor
from cassettes.routes import parse
from mockserver.choose import Chooser, Playing
from mockserver.misses import Miss, Misses, miss_of

SECRET = "sk-proj-" + "a1B2c3D4" * 6
CHAT = "/openai/v1/chat/completions"
URL = "http://127.0.0.1:7357"


def asked(body: bytes, target: str = CHAT) -> Asked:
    return Asked(Request("POST", target, (), body), parse("POST", target), body)


def chooser(*bodies: bytes, **fields: object) -> Chooser:
    def taped(body: bytes) -> Interaction:
        request = Request("POST", "https://api.openai.com/v1/chat/completions", (), body)
        return Interaction(request, Response(200, "OK", (), b"", Stream(provider="openai", dialect="openai-chat")))

    entries = [entry_of(f"t{number}", 1, taped(body)) for number, body in enumerate(bodies)]
    return Chooser(Index(entries), Playing(levels=("exact",), **fields))


def miss(body: bytes, *bodies: bytes, target: str = CHAT) -> Miss:
    return miss_of(asked(body, target), URL, chooser(*bodies), None, Redactor([SECRET.encode()]))


def test_a_miss_names_tape_fields_and_the_rule_that_would_have_matched() -> None:
    one = miss(b'{"model":"m","user":"a"}', b'{"model":"m","user":"b"}')
    assert (one.method, one.path, one.provider, one.dialect, one.deck) == ("POST", CHAT, "openai", "openai-chat", None)
    assert (one.nearest, one.differs, one.rule, one.matches) == ("t0#1", ("$.user",), "--match normalized", "t0#1")
    assert one.message.startswith("the nearest is t0#1 (POST /v1/chat/completions), which differs in $.user")


def test_the_strictest_rule_is_named() -> None:
    assert miss(b'{"a":1, "b":2}', b'{"b":2,"a":1}').rule == "--match normalized"


def test_no_tape_is_near_a_wrong_path_or_an_empty_server() -> None:
    wrong = miss(b"{}", b"{}", target="/openai/chat/completions")
    assert (wrong.nearest, wrong.differs, wrong.rule) == (None, (), None)
    assert wrong.message.startswith("the base URL for OpenAI is ")
    empty = miss(b"{}")
    assert (empty.nearest, empty.rule) == (None, None)
    assert empty.message.startswith("no tapes are loaded")


def test_what_was_played_already_is_named() -> None:
    one = chooser(b"{}", repeat=False)
    found = one.find(asked(b"{}"))
    assert found is not None
    told = miss_of(asked(b"{}"), URL, one, found, Redactor())
    assert (told.nearest, told.differs, told.rule) == ("t0#1", (), None)
    assert "was played already" in told.message


def test_secrets_are_masked() -> None:
    one = miss(b"{}", b'{"a":1}', target=f"{CHAT}?key=abcdefghijklmnop&x={SECRET}")
    assert SECRET not in repr(one)
    assert "abcdefghijklmnop" not in repr(one)


def test_equal_misses_are_counted_and_the_oldest_goes() -> None:
    misses = Misses(most=2)
    first, second, third = (miss(b"{}", target=f"{CHAT}?n={number}") for number in range(3))
    for one in (first, second, first, third):
        misses.note(one)
    listed = misses.listed()
    assert (listed["total"], listed["dropped"]) == (4, 1)
    assert [(row["path"], row["count"]) for row in listed["misses"]] == [(f"{CHAT}?n=0", 2), (f"{CHAT}?n=2", 1)]
    misses.clear()
    assert misses.listed() == {"total": 0, "dropped": 0, "misses": []}


def test_the_misses_of_one_deck_with_the_number_of_their_latest_request() -> None:
    misses = Misses(most=3)
    one, other, plain = (miss(b"{}", target=f"{deck}{CHAT}") for deck in ("/~a", "/~b", ""))
    for number, missed in enumerate((one, other, one, plain), start=1):
        misses.note(missed, number)
    assert misses.of("a") == [(one, 3)]
    assert misses.of("") == [(plain, 4)]
    misses.forget("a")
    assert (misses.of("a"), misses.total, misses.ever) == ([], 2, 4)
    for number in range(3):
        misses.note(miss(b"{}", target=f"{CHAT}?n={number}"), number)
    assert misses.of("b") == []
    assert len(misses._latest) == 3
