"""What is answered where no tape answers: a table of patterns, else an echo, lorem ipsum, or the text of a file.

Pure. Imports `asked`, `answer`, `instance`, `model` and the standard library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import translate
from random import Random
from typing import Any, Final

from cassettes.model import TokentapeError
from cassettes.synth.answer import Answer, AnswerError, Call
from cassettes.synth.asked import Tool, Wishes
from cassettes.synth.instance import instance_of

ECHO: Final = "echo"
LOREM: Final = "lorem"
NOTHING_SAID: Final = "(an empty message)"
_WORDS: Final = (
    *("lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipiscing", "elit", "sed", "do", "eiusmod"),
    *("tempor", "incididunt", "ut", "labore", "et", "dolore", "magna", "aliqua", "enim", "ad", "minim", "veniam"),
    *("quis", "nostrud", "exercitation", "ullamco", "laboris", "nisi", "aliquip", "ex", "ea", "commodo", "consequat"),
    *("duis", "aute", "irure", "in", "reprehenderit", "voluptate", "velit", "esse", "cillum", "fugiat", "nulla"),
    *("pariatur", "excepteur", "sint", "occaecat", "cupidatat", "non", "proident", "sunt", "culpa", "qui", "officia"),
    *("deserunt", "mollit", "anim", "id", "est", "laborum"),
)
_KEYS: Final = ("text", "reasoning", "refusal", "tool", "arguments", "then", "finish", "error", "message", "faults")
_FINISHES: Final = ("stop", "length", "content_filter")
_SAID: Final = ("text", "reasoning", "refusal", "tool", "finish")
_FOUND: Final = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


_EMPTY: Final = Answer()


class RepliesError(TokentapeError):
    """A table of answers that cannot be used: `place: what was found and expected`."""

    exit_code = 3


@dataclass(frozen=True)
class Reply:
    """What a request gets: an answer, or the error response of `status` with `message`; `faults` act on it."""

    answer: Answer = _EMPTY
    status: int = 200
    message: str = ""
    faults: str = ""


@dataclass(frozen=True)
class Row:
    """A row of the table: the prompts it is for, and what they get. `tool`: it is called if it is offered, with
    `arguments` (None: some that its schema allows), and `then` is said when it has answered."""

    pattern: re.Pattern[str]
    reply: Reply
    tool: str | None = None
    arguments: str | None = None
    then: str = ""


@dataclass(frozen=True)
class Replies:
    """All there is to answer with: rows, the first that fits counts, and what the others get: ECHO, LOREM or a text."""

    rows: tuple[Row, ...] = ()
    usual: str = ECHO
    text: str | None = None

    def reply(self, wishes: Wishes, seed: str) -> Reply:
        """What a request with these wishes gets. Same wishes and seed, same answer."""
        row = next((row for row in self.rows if row.pattern.search(wishes.prompt)), None)
        if row is not None and row.tool is not None and (tool := wishes.tool(row.tool)):
            return self._after(wishes, row) if wishes.results else _calling(tool, row.arguments, row.reply)
        if row is not None and (row.tool is None or row.reply.answer != _EMPTY):
            return _formed(row.reply, wishes)
        if wishes.must_call is not None and not wishes.results and (tool := wishes.tool(wishes.must_call)):
            return _calling(tool, None, Reply())
        if wishes.results:
            return _formed(Reply(Answer(told_by_tools(wishes))), wishes)
        return _formed(Reply(Answer(self._usual(wishes, seed))), wishes)

    def _after(self, wishes: Wishes, row: Row) -> Reply:
        return _formed(Reply(replace(row.reply.answer, text=row.then or told_by_tools(wishes))), wishes)

    def _usual(self, wishes: Wishes, seed: str) -> str:
        if self.text is not None:
            return self.text
        return lorem(seed) if self.usual == LOREM else wishes.prompt or NOTHING_SAID


def told_by_tools(wishes: Wishes) -> str:
    """The answer once tools were called: what they said."""
    said = [text for text in wishes.results if text]
    return f"The tool said: {'; '.join(said)}" if said else "The tool has answered."


def _calling(tool: Tool, arguments: str | None, reply: Reply) -> Reply:
    given = arguments if arguments is not None else dumped(instance_of(tool.schema or {"type": "object"}))
    return replace(reply, answer=replace(reply.answer, calls=(Call(tool.name, given),)))


def _formed(reply: Reply, wishes: Wishes) -> Reply:
    """With the text in the form that was asked for."""
    if wishes.form is None or reply.status != 200 or reply.answer.refusal or _is_json(reply.answer.text):
        return reply
    return replace(reply, answer=replace(reply.answer, text=dumped(instance_of(wishes.form))))


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (dict, list))
    except (ValueError, RecursionError):
        return False


def dumped(value: object) -> str:
    """JSON as models write it."""
    return json.dumps(value, ensure_ascii=False)


def lorem(seed: str, sentences: int = 6) -> str:
    """A paragraph of no meaning; the seed decides which."""
    chance = Random(seed)
    made = []
    for _ in range(sentences):
        words = chance.choices(_WORDS, k=chance.randint(6, 14))
        made.append(f"{' '.join(words).capitalize()}.")
    return " ".join(made)


def table(rows: Mapping[str, Any], place: Callable[..., str]) -> tuple[Row, ...]:
    """The rows of `[tool.tokentape.answers]`: pattern -> text, or a table of _KEYS. `place` says where a key stands.

    A pattern is a glob over the whole last user text (`*weather*`), without regard to case; between slashes a regular
    expression that is searched for. Raises RepliesError.
    """
    return tuple(_row(pattern, value, lambda *keys, p=pattern: place(p, *keys)) for pattern, value in rows.items())


def _row(pattern: str, value: Any, place: Callable[..., str]) -> Row:
    if not isinstance(value, (str, dict)):
        raise RepliesError(f"{place()}: {pattern!r}: found {_kind(value)}, expected a text or a table")
    fields = {"text": value} if isinstance(value, str) else value
    for key, found in fields.items():
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"expected {', '.join(_KEYS)}"
            raise RepliesError(f"{place(key)}: an answer has no {key!r}; {meant}")
        wanted: tuple[type, ...] = (int,) if key == "error" else (str, dict) if key == "arguments" else (str,)
        if not isinstance(found, wanted) or isinstance(found, bool):
            expected = " or ".join({int: "a status", str: "a text", dict: "a table"}[one] for one in wanted)
            raise RepliesError(f"{place(key)}: {key}: found {_kind(found)}, expected {expected}")
    try:
        return _made(_compiled(pattern, place), fields, place)
    except AnswerError as error:
        raise RepliesError(f"{place()}: {error}") from None


def _kind(value: object) -> str:
    return _FOUND.get(type(value), "a date or time")


def _made(pattern: re.Pattern[str], fields: Mapping[str, Any], place: Callable[..., str]) -> Row:
    for key, needed in (("arguments", "tool"), ("then", "tool"), ("message", "error")):
        if key in fields and needed not in fields:
            raise RepliesError(f"{place(key)}: {key} goes with {needed}, which is not here")
    if "error" in fields and (beside := next((key for key in _SAID if key in fields), None)):
        raise RepliesError(f"{place(beside)}: {beside} is never said beside error; expected one of them")
    if not fields:
        raise RepliesError(f"{place()}: found an empty table, expected {', '.join(_KEYS)}")
    status = fields.get("error", 200)
    if "error" in fields and not 400 <= status <= 599:
        raise RepliesError(f"{place('error')}: error: found {status}, expected a status from 400 to 599")
    finish = fields.get("finish", "")
    if finish and finish not in _FINISHES:
        near = get_close_matches(finish, _FINISHES, n=1)
        meant = f"did you mean {near[0]!r}?" if near else f"expected {', '.join(_FINISHES)}"
        raise RepliesError(f"{place('finish')}: finish: found {finish!r}; {meant}")
    arguments = fields.get("arguments")
    if isinstance(arguments, dict):
        try:
            arguments = dumped(arguments)
        except TypeError as error:
            raise RepliesError(f"{place('arguments')}: arguments: {error}; expected what JSON has") from None
    text, reasoning, refusal, finish = (fields.get(key, "") for key in ("text", "reasoning", "refusal", "finish"))
    answer = Answer(text, reasoning, refusal, finish=finish)
    reply = Reply(answer, status, fields.get("message", ""), fields.get("faults", ""))
    return Row(pattern, reply, fields.get("tool"), arguments, fields.get("then", ""))


def _compiled(pattern: str, place: Callable[..., str]) -> re.Pattern[str]:
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        try:
            return re.compile(pattern[1:-1])
        except re.error as error:
            raise RepliesError(f"{place()}: {pattern!r} is no regular expression: {error}") from None
    return re.compile(r"\A" + translate(pattern), re.IGNORECASE)


def usual_of(word: str, read: Callable[[str], str]) -> Replies:
    """What `--answer` says: ECHO, LOREM, or the name of a text file, which `read` reads. Raises RepliesError."""
    if word in (ECHO, LOREM):
        return Replies(usual=word)
    try:
        return Replies(text=read(word))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        near: Sequence[str] = get_close_matches(word, (ECHO, LOREM), n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise RepliesError(f"--answer {word}: {why}; expected {ECHO}, {LOREM} or a text file{meant}") from None
