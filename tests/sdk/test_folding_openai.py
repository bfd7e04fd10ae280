"""Every public recording of OpenAI's two grammars, folded, beside what the official SDK accumulates from the same bytes.

Compared is JSON by value; null and absent are one, as the SDK's models make no difference. Where the SDK's answer is
known to be another, a table says where and why; nothing else may differ, and no recording is passed over.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

import pytest
from sdk.recordings import TAPES, needs_recordings, told

from cassettes import dialects
from cassettes.convert import convert
from cassettes.dialects.base import payload
from cassettes.dialects.delta import Delta
from cassettes.events import event_ends, event_kind

NAMES = ("openai-chat", "openai-responses")
ABSENT = "<absent>"

Say = Callable[[str], None]

pytestmark = [needs_recordings, pytest.mark.timeout(120)]


class Stream(NamedTuple):
    """One recorded stream: its events as bytes, and as JSON."""

    name: str
    dialect: str
    events: tuple[bytes, ...]
    payloads: tuple[Any, ...]

    @property
    def sse(self) -> str:
        """The body for the SDK; a capture that kept only the payload lines gets its framing back."""
        events = (event.decode("utf-8", "replace") for event in self.events)
        return "".join(f"data: {event.strip()}\n\n" if event.startswith("{") else event for event in events)

    def folded(self) -> Any:
        """The whole answer as JSON; None if there is none."""
        answer = dialects.get(self.dialect).fold(self.payloads)
        return answer.body if answer else None


class Loss(NamedTuple):
    """Where the SDK's accumulator is known to give something else: a path, what it gives there, why."""

    path: str
    fits: Callable[[Any, Any], bool]
    why: str


def repeated(ours: Any, theirs: Any) -> bool:
    return isinstance(theirs, str) and bool(ours) and theirs == str(ours) * (len(theirs) // len(ours))


def missing(_: Any, theirs: Any) -> bool:
    return bool(theirs == ABSENT)


def extra(ours: Any, _: Any) -> bool:
    return bool(ours == ABSENT)


def other(_: Any, __: Any) -> bool:
    return True


FIRST = "taken from the first chunk alone; it came with a later one"
FIRST_OF_CHOICE = "taken from the first chunk of a choice alone; it came with a later one"
JOINED = "a text is joined to the one before; the gateway repeats it whole with every chunk"
LAST = "taken from the last chunk alone; it came before"
DONE = "the last chunk is called chat.completion.done, which the SDK's helper passes over"
LOSSES = (
    Loss("choices.*.message.role", repeated, JOINED),
    Loss("choices.*.message.tool_calls.*.function.name", repeated, JOINED),
    Loss("choices.*.message.tool_calls.*.id", repeated, JOINED),
    Loss("choices.*.message.reasoning_details.*.format", repeated, JOINED),
    Loss("choices.*.message.reasoning_details.*.id", repeated, JOINED),
    Loss("choices.*.message.executed_tools.*.arguments", repeated, JOINED),
    Loss("choices.*.message.role", missing, "no chunk says it; a whole answer has it (Cloudflare)"),
    Loss("choices.*.message.token_id", other, "numbers are added up; ours is that of the last chunk (Together)"),
    Loss("choices.*.text", extra, "what the first chunk's delta says once more, of chunks only (Together)"),
    Loss("choices.*.message.reasoning_details", other, "two entries of one index become one of the second's type"),
    Loss("choices.*.content_filter_results.*", missing, FIRST_OF_CHOICE),
    Loss("choices.*.matched_stop", missing, FIRST_OF_CHOICE),
    Loss("choices.*.native_finish_reason", missing, FIRST_OF_CHOICE),
    Loss("choices.*.seed", missing, FIRST_OF_CHOICE),
    Loss("generationId", missing, FIRST),
    Loss("latency_checkpoint", missing, FIRST),
    Loss("prompt_filter_results", missing, FIRST),
    Loss("service_tier", missing, FIRST),
    Loss("sla_metrics.ts_us", other, FIRST),
    Loss("time_info", missing, FIRST),
    Loss("timings", missing, FIRST),
    Loss("x_groq", missing, FIRST),
    Loss("x_groq.usage", missing, FIRST),
    Loss("system_fingerprint", missing, LAST),
    Loss("usage", missing, "not where Groq's compound models have it, x_groq.usage"),
    Loss("usage.cost.*", other, DONE),
    Loss("choices.*.finish_reason", missing, DONE),
)
RAISES = {
    "mistral-chat/Arize-ai__openinference__1.yaml#0": "a tool call without an index",
    "mistral-chat/vercel__ai__1.txt#0": "a tool call without an index",
    "openrouter-chat/pydantic__logfire__1.yaml#0": "reasoning_details without an index",
    "openai-responses/prism-php__prism__8.txt#0": "an error event, which ends the SDK's reading before response.failed",
}
"""Recordings of which the SDK makes nothing, and what it meets in them."""


@cache
def streams() -> tuple[Stream, ...]:
    """Every stream of the two grammars."""
    with (TAPES / "BODIES.tsv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    imported = {row["file"]: convert((TAPES / row["file"]).read_bytes(), row["file"]).interactions for row in rows}
    found = []
    for row in rows:
        response = imported[row["file"]][int(row["interaction"])].response
        if row["class"] == "stream" and response.stream.dialect in NAMES:
            kind = event_kind(response.headers, response.code, response.body, response.stream.events)
            ends = event_ends(response.body, kind)
            events = tuple(response.body[start:end] for start, end in zip([0, *ends], ends, strict=False))
            name = f"{row['file']}#{row['interaction']}"
            found.append(Stream(name, response.stream.dialect, events, tuple(map(payload, events))))
    return tuple(found)


def of(dialect: str) -> list[Stream]:
    return [stream for stream in streams() if stream.dialect == dialect]


def asked(questions: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The program's answers by name: one process for all."""
    return {answer["name"]: answer for answer in told("new", "fold_openai", list(questions))}


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two JSON values differ, null being the same as absent. The SDK leaves the `index` in tool calls, which a
    whole answer has not, and makes floats of whole numbers."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            one, two = (side.get(key) for side in (ours, theirs))
            if not (key == "index" and path.endswith("tool_calls.*.")):
                yield from differences(ABSENT if one is None else one, ABSENT if two is None else two, f"{path}{key}.")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, two in zip(ours, theirs, strict=True):
            yield from differences(one, two, f"{path}*.")
    elif ours != theirs or isinstance(ours, bool) != isinstance(theirs, bool):
        yield path[:-1], ours, theirs


def loss_of(path: str, ours: Any, theirs: Any) -> Loss | None:
    return next((loss for loss in LOSSES if fnmatchcase(path, loss.path) and loss.fits(ours, theirs)), None)


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Say:
    """Has a line printed at the end of the run."""
    return lambda line: record_property("printed", line)


def test_chat_streams_fold_to_what_the_sdk_accumulates(say: Say) -> None:
    answers = asked({"name": one.name, "dialect": one.dialect, "sse": one.sse} for one in of("openai-chat"))
    counts, lost, wrong = Counter[str](), Counter[Loss](), []
    raised: dict[str, str] = {}
    for stream in of("openai-chat"):
        answer = answers[stream.name]
        if answer["raised"]:
            raised[stream.name] = answer["raised"]
            continue
        found = list(differences(stream.folded(), answer["answer"]))
        losses = [loss_of(*one) for one in found]
        lost.update({loss for loss in losses if loss})
        counts["equal but for what the SDK loses" if found else "equal"] += 1
        wrong += [f"{stream.name}: {one}" for one, loss in zip(found, losses, strict=True) if not loss]
    say(f"chat streams folded: {len(answers)}, {dict(counts)}, raised by the SDK: {len(raised)}")
    say(f"lost by the SDK: { ({f'{loss.path}: {loss.why}': times for loss, times in lost.items()}) }")
    assert wrong == []
    assert raised.keys() == {name for name in RAISES if not name.startswith("openai-responses/")}, raised
    assert set(LOSSES) == set(lost)
    assert counts["equal"] >= 70


def recovered(stream: Stream) -> str:
    """The stream as if it had been cut before its end, with an end that makes the SDK say what it has so far."""
    last = next(one["response"] for one in reversed(stream.payloads) if one and "response" in one and not ended(one))
    end = {"type": "response.incomplete", "sequence_number": 9999, "response": {**last, "output": None}}
    cut = Stream("", "", *zip(*kept(stream), strict=True))
    return f"{cut.sse}event: response.incomplete\ndata: {json.dumps(end)}\n\n"


def kept(stream: Stream) -> list[tuple[bytes, Any]]:
    pairs = zip(stream.events, stream.payloads, strict=True)
    return [(event, one) for event, one in pairs if one and not ended(one)]


def ended(one: Any) -> bool:
    return one["type"] in ("response.completed", "response.incomplete", "response.failed", "error")


def test_responses_streams_fold_to_what_the_sdk_accumulates(say: Say) -> None:
    whole = [one for one in of("openai-responses") if any(ended(event) for event in one.payloads if event)]
    answers = asked({"name": one.name, "dialect": one.dialect, "sse": one.sse} for one in whole)
    raised = {name for name, answer in answers.items() if answer["raised"]}
    wrong = [
        f"{one.name}: {found}"
        for one in whole
        if one.name not in raised
        for found in differences(one.folded(), answers[one.name]["answer"])
    ]
    say(f"responses streams folded: {len(whole)}, equal: {len(whole) - len(raised)}, raised by the SDK: {len(raised)}")
    assert wrong == []
    assert raised == {name for name in RAISES if name.startswith("openai-responses/")}
    assert len(whole) - len(raised) >= 50


def test_responses_streams_that_are_cut_fold_to_what_the_sdk_recovers(say: Say) -> None:
    """Every recording without its terminal event, those among them that never had one: built from items alone."""
    chosen = of("openai-responses")
    answers = asked({"name": one.name, "dialect": one.dialect, "sse": recovered(one)} for one in chosen)
    fold = dialects.get("openai-responses").fold
    wrong = []
    for stream in chosen:
        answer = fold(one for _, one in kept(stream))
        assert answer is not None
        body: Any = answer.body
        assert body["status"] in ("in_progress", "queued")
        theirs = answers[stream.name]
        found = list(differences(body["output"], theirs["answer"]["output"])) if not theirs["raised"] else [theirs]
        wrong += [f"{stream.name}: {one}" for one in found]
    say(f"responses streams cut before their end and folded: {len(chosen)}, equal: {len(chosen) - len(wrong)}")
    assert wrong == []


@pytest.mark.parametrize("dialect", NAMES)
def test_the_sdk_takes_a_folded_answer_as_one_that_was_never_streamed(dialect: str) -> None:
    folded = {one.name: one.folded() for one in of(dialect)}
    answers = asked({"name": name, "dialect": dialect, "answer": answer} for name, answer in folded.items())
    wrong = [(name, list(differences(answer, answers[name]["answer"]))) for name, answer in folded.items()]
    assert [one for one in wrong if one[1]] == []
    assert len(folded) > 70


DONE_ONLY = "the arguments of a call come with the event that ends them, which deltas do not read"
NOT_BY_DELTAS = {
    "lmstudio-responses/vercel__ai__1.txt#0": DONE_ONLY,
    "lmstudio-responses/vercel__ai__2.txt#0": DONE_ONLY,
    "openai-chat/simonw__llm__1.yaml#0": "a name that is repeated with every piece of a call",
    "snowflake-chat/pydantic__pydantic-ai__2.yaml#0": "reasoning in reasoning_details alone, which stay a list",
}
"""Recordings whose deltas, joined, say something else than the whole answer, and why."""


def said_by(deltas: list[Delta]) -> dict[str, Any]:
    """What the deltas of a stream say when they are joined."""
    calls: dict[int, list[str]] = {}
    for part in (part for delta in deltas for part in delta.tools):
        call = calls.setdefault(part.number, ["", "", ""])
        calls[part.number] = [call[0] or part.id, call[1] + part.name, call[2] + part.arguments]
    return {
        "text": "".join(delta.text for delta in deltas),
        "reasoning": "".join(delta.reasoning for delta in deltas),
        "refusal": "".join(delta.refusal for delta in deltas),
        "calls": list(calls.values()),
        "usage": next((delta.usage for delta in reversed(deltas) if delta.usage), None),
        "finish": next((delta.finish for delta in reversed(deltas) if delta.finish), None),
    }


def said_in_chat(body: Any) -> dict[str, Any]:
    message, finish = body["choices"][0]["message"], body["choices"][0]["finish_reason"]
    calls = [(call["id"], call["function"]) for call in message.get("tool_calls") or []]
    return {
        "text": message["content"] or "",
        "reasoning": message.get("reasoning_content") or message.get("reasoning") or "",
        "refusal": message.get("refusal") or "",
        "calls": [[ident, function["name"], function["arguments"]] for ident, function in calls],
        "usage": body.get("usage"),
        "finish": finish,
    }


def said_in_a_response(body: Any) -> dict[str, Any]:
    def parts(kind: str, of: str, key: str) -> str:
        chosen = (item.get(of) or [] for item in body["output"] if item["type"] == kind)
        return "".join(part.get(key, "") for parts in chosen for part in parts)

    calls = [item for item in body["output"] if item["type"] in ("function_call", "custom_tool_call")]
    finish = (body.get("incomplete_details") or {}).get("reason") or body["status"]
    return {
        "text": parts("message", "content", "text"),
        "reasoning": parts("reasoning", "content", "text") + parts("reasoning", "summary", "text"),
        "refusal": parts("message", "content", "refusal"),
        "calls": [[call["call_id"], call["name"], call.get("arguments", call.get("input"))] for call in calls],
        "usage": body.get("usage"),
        "finish": None if finish == "in_progress" else finish,
    }


@pytest.mark.parametrize(("dialect", "said_in"), [(NAMES[0], said_in_chat), (NAMES[1], said_in_a_response)])
def test_deltas_add_up_to_the_whole_answer(dialect: str, said_in: Callable[[Any], dict[str, Any]], say: Say) -> None:
    read = dialects.get(dialect).delta
    chosen = of(dialect)
    other = {one.name for one in chosen if said_by([*map(read, one.payloads)]) != said_in(one.folded())}
    say(f"{dialect} streams whose deltas add up to the folded answer: {len(chosen) - len(other)} of {len(chosen)}")
    assert other == {name for name in NOT_BY_DELTAS if name in {one.name for one in chosen}}


def test_a_response_is_built_from_deltas_alone() -> None:
    """The text of a response that was cut within its last part, no event of which says that anything is done."""
    for stream in of("openai-responses"):
        begun = [one for one in stream.payloads if one and not one["type"].endswith(".done") and not ended(one)]
        answer = dialects.get("openai-responses").fold(begun)
        assert answer is not None
        ours, whole = said_in_a_response(answer.body), said_in_a_response(stream.folded())
        keys = {"text", "reasoning", "refusal"} | (set() if stream.name in NOT_BY_DELTAS else {"calls"})
        assert {key: ours[key] for key in keys} == {key: whole[key] for key in keys}, stream.name
