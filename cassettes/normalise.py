"""A request body as a value that is the same in every run of a program (DESIGN 6, "normalized").

JSON is compared by value, fields that do not change what is asked are left out, and what changes from run to run is
renamed (`volatile`), the same value to the same name within a request. A multipart form is compared by its parts;
everything else is its bytes. Bodies come masked and with their base64 leaves replaced. Linear; pure.
May import `base64leaf`, `jsonpath`, `model`, `volatile`, msgspec and the standard library.
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

import msgspec

from cassettes import jsonpath, volatile
from cassettes.model import TokentapeError

NOT_ASKED: Final = frozenset(
    {
        "continuationToken",
        "metadata",
        "prompt_cache_key",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "user",
    }
)
"""Fields of a body that do not change what is asked (DESIGN 6 and 7): who asks, how it is billed, cached or sent."""
AS_GIVEN: Final = frozenset({"anthropic_version", "model", "role", "type"})
"""Fields whose values are names: the date in a model's name says which model it is."""
CALLS: Final = frozenset({"call_id", "tool_call_id", "tool_use_id", "toolCallId"})
"""Fields that name a tool call by its id, whatever ids look like there (Mistral's have nine characters)."""
_UI: Final = frozenset({"parts", "trigger"})
"""What tells a message of the AI SDK's UI, and a request with them: their ids are drawn anew in each run."""
DEEPEST: Final = 128
"""Nesting that is looked into; a deeper body is compared by its bytes."""
LONGEST_LINE: Final = 16 * 1024
"""Characters that a rule of the user's is applied to at once: a regular expression may be slow, even quadratic."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,40}")
_BOUNDARY = re.compile(rb"--([0-9A-Za-z'()+_,./:=? -]{1,70})\r?\n")  # RFC 2046 5.1.1


class Renaming(msgspec.Struct, frozen=True):
    """A rule of the user's: what `pattern` finds is renamed `<name-1>`, `<name-2>`…"""

    pattern: re.Pattern[str]
    name: str


class Rules(msgspec.Struct, frozen=True):
    """What the user adds: fields that are left out, and texts that are renamed."""

    ignore: tuple[jsonpath.Steps, ...] = ()
    normalize: tuple[Renaming, ...] = ()


NO_RULES: Final = Rules()


def rules_of(ignore: Iterable[str] = (), normalize: Iterable[str] = ()) -> Rules:
    """The rules written as `--ignore $.path` and `--normalize RE=NAME`. Raises TokentapeError for what is none."""
    return Rules(tuple(map(jsonpath.parse, ignore)), tuple(map(renaming, normalize)))


def renaming(text: str) -> Renaming:
    """The rule `RE=NAME`. Raises TokentapeError that points at the place in the expression."""
    expression, equals, name = text.rpartition("=")
    if not equals or not expression or not _NAME.fullmatch(name):
        raise TokentapeError(f"{text[:80]!r} is no rule; expected RE=NAME, as in 'run-[0-9]+=run'")
    try:
        return Renaming(re.compile(expression), name)
    except (re.error, RecursionError, OverflowError) as error:
        place = getattr(error, "pos", None)
        where = (
            "" if place is None else f" at column {place + 1}: {expression[:place][-40:]}>>>{expression[place:][:20]}"
        )
        reason = getattr(error, "msg", "it is too large")
        raise TokentapeError(f"{expression[:80]!r} is no regular expression ({reason}{where})") from None


def decoded(body: bytes) -> object:
    """The JSON value of a body; the bytes themselves if they are none, or nest too deep to be looked into."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return value if _shallow(value) else body


def json_flaw(body: bytes) -> str:
    """Why a body that begins as JSON is none, and where (line:column), as `not JSON at 1:20`; nothing of what it says.
    "" if it is JSON, or something else altogether (empty, compressed, a form)."""
    if body[:64].lstrip()[:1] not in {b"{", b"["}:
        return ""
    try:
        json.loads(body)
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start + 1}"
    except json.JSONDecodeError as error:
        return f"not JSON at {error.lineno}:{error.colno}"
    except (ValueError, RecursionError):
        return ""  # numbers of thousands of digits, thousands of brackets: JSON that we do not look into
    return ""


def normalised(body: bytes, rules: Rules = NO_RULES) -> object:
    """The body as a normalised value: JSON with sorted keys, or the bytes of what is no JSON."""
    return normalised_value(decoded(body), rules)


def normalised_value(value: object, rules: Rules = NO_RULES) -> object:
    """As `normalised`, of what `decoded` gave; that is changed."""
    if isinstance(value, bytes):
        parts = _parts(value)
        return value if parts is None else normalised_value(parts, rules)
    if isinstance(value, dict):
        for name in NOT_ASKED.intersection(value):
            del value[name]
        if value.get("generationConfig") == {}:
            del value["generationConfig"]  # google-genai adds an empty one to a hop (providers.md 6.6)
    for steps in rules.ignore:
        jsonpath.remove(value, steps)
    leaves = _Leaves(rules)
    leaves.collect(value, None)
    return _rebuilt(value, leaves.renamed())


def canonical(value: object) -> bytes:
    """One spelling of a value: bytes as they are, JSON compact and in the order of its keys."""
    if isinstance(value, bytes):
        return value
    try:
        return msgspec.json.encode(value, order="sorted")
    except (ValueError, TypeError, OverflowError, RecursionError):
        # A lone surrogate, or a number that msgspec does not write.
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def digest(value: object) -> bytes:
    """Of a normalised value, what a clock says without its numbers: two readings that are equal in one run may differ
    in the next, and the other way round."""
    return hashlib.sha256(volatile.unclocked(canonical(value))).digest()


def strict_digest(value: object) -> bytes:
    """Of a normalised value, every number kept."""
    return hashlib.sha256(canonical(value)).digest()


def _shallow(value: object) -> bool:
    """Whether nothing nests deeper than DEEPEST. Level by level: no recursion."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for holder in level
            for inner in (holder.values() if isinstance(holder, dict) else holder if isinstance(holder, list) else ())
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return True
    return False


class _Leaves:
    """The strings and numbers of a value in which something may be volatile, in the order of sorted keys."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules.normalize
        self._names = volatile.Names()
        self._texts: list[bytes] = []
        self._ids: dict[bytes, None] = {}
        self._places: list[int] = []

    def collect(self, value: object, key: str | None) -> None:
        if isinstance(value, str):
            self._text(value, key)
        elif isinstance(value, dict):
            if isinstance(value.get("id"), str) and not _UI.isdisjoint(value):
                self._ids[value["id"].encode("utf-8", "surrogatepass")] = None
            for name in sorted(value):
                if not _as_given(name, value[name]):
                    self.collect(value[name], name)
        elif isinstance(value, list):
            for inner in value:
                self.collect(inner, key)
        elif _is_epoch(value):
            self._texts.append(repr(value).encode())

    def _text(self, value: str, key: str | None) -> None:
        for rule in self._rules:
            value = _by_rule(value, rule, self._names)
        text = value.encode("utf-8", "surrogatepass")
        if key in CALLS:
            self._ids[text] = None
        if key == "id" or key in CALLS:
            self._places.append(len(self._texts))
        self._texts.append(text)

    def renamed(self) -> Iterator[str]:
        """The leaves again, in the same order, renamed."""
        text = volatile.PARTING.join(self._texts)
        found = volatile.find(text)
        if self._ids:
            found = self._with_ids(found)
        if found:
            text = volatile.renamed(text, found, self._names)
        return iter(text.decode("utf-8", "surrogatepass") for text in text.split(volatile.PARTING))

    def _with_ids(self, found: list[volatile.Volatile]) -> list[volatile.Volatile]:
        """`found`, and as a whole the ids that are call ids by their place."""
        starts = list(accumulate((len(text) + 1 for text in self._texts), initial=0))
        ids = [
            volatile.Volatile(starts[place], starts[place] + len(self._texts[place]), "call")
            for place in self._places
            if self._texts[place] in self._ids and not _NAMED.fullmatch(self._texts[place])
        ]
        # Nothing that was found crosses from one string into the next.
        kept = [
            one for one in found if (at := bisect_right(ids, one.start, key=_start)) == 0 or ids[at - 1].end < one.end
        ]
        return sorted([*kept, *ids])


def _start(one: volatile.Volatile) -> int:
    return one.start


_NAMED = re.compile(rb"<[A-Za-z][A-Za-z0-9_-]*-[0-9]+>")


def _rebuilt(value: object, leaves: Iterator[str]) -> object:
    """`value` with its leaves replaced, keys sorted: the walk is that of `collect`."""
    if isinstance(value, str):
        return next(leaves)
    if isinstance(value, dict):
        return {
            name: value[name] if _as_given(name, value[name]) else _rebuilt(value[name], leaves)
            for name in sorted(value)
        }
    if isinstance(value, list):
        return [_rebuilt(inner, leaves) for inner in value]
    if _is_epoch(value):
        text = next(leaves)
        return text if text.startswith("<") else value
    if isinstance(value, float) and abs(value) < 2**53 and value.is_integer():
        return int(value)  # 1.0 and 1 are one value (RFC 8259 6)
    return value


def _as_given(name: str, value: object) -> bool:
    return name in AS_GIVEN and not isinstance(value, (dict, list))


def _is_epoch(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 1.5e9 <= value < 2e9 or 1.5e12 <= value < 2e12  # s and ms, 2017 to 2033


def _by_rule(text: str, rule: Renaming, names: volatile.Names) -> str:
    def named(found: re.Match[str]) -> str:
        return names.of(rule.name, found[0]) if found[0] else ""

    lines = [text] if len(text) <= LONGEST_LINE else text.splitlines(keepends=True)
    pieces = (line[at : at + LONGEST_LINE] for line in lines for at in range(0, len(line), LONGEST_LINE))
    return "".join(rule.pattern.sub(named, piece) for piece in pieces)


def _parts(body: bytes) -> list[object] | None:
    """The parts of a multipart form (RFC 7578) without its boundary; None if the body is none."""
    first = _BOUNDARY.match(body)
    if first is None or not body.rstrip(b"\r\n -").endswith(first[1].rstrip(b"-")):
        return None
    pieces = body[first.end() - 2 :].split(b"\r\n--" + first[1])
    return [_part(piece) for piece in pieces if piece not in {b"--", b"--\r\n"}]


def _part(piece: bytes) -> object:
    head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    value = decoded(content)
    if isinstance(value, bytes):
        try:
            value = content.decode()
        except UnicodeDecodeError:
            value = f"sha256:{hashlib.sha256(content).hexdigest()};bytes={len(content)}"
    return {"content": value, "head": head.decode("utf-8", "surrogateescape").splitlines()}
