"""Cases of what events say: fields missing, null or new, usage, tool calls. Rows only; imports `case`, `script` and
`spoken`.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from mockserver.cases.case import CHAT, MODELS, Case
from mockserver.cases.script import PIECES, Event, Script, Stream
from mockserver.cases.spoken import CHAT as SCRIPT

row = partial(Case, topic="deltas", layer="provider-protocol")

ARGUMENTS: Final = ('{"city":"\\u00', "c5rhus 서", '울"}')
"""JSON in pieces: cut inside an escape, and beside characters of three bytes."""


def _halves(script: Script) -> Stream:
    return script.stream(script.answer(("Hello ", "\ud83c", "\udf0d", "!")))


def _unknown(script: Script) -> Stream:
    return script.between(script.block(script.unknown()))


def _inserted(event: Event, script: Script) -> Stream:
    return script.between(script.block(event))


def _before_done(event: Event, script: Script) -> Stream:
    *events, done = script.answer()
    return script.stream([*events, event, done])


def _nulls(script: Script) -> Stream:
    nothing = {"role": None, "tool_calls": None, "refusal": None, "function_call": None}
    said = [SCRIPT.chunk({**nothing, "content": piece}, usage=None) for piece in PIECES]
    first = SCRIPT.chunk({"role": "assistant", "content": None}, usage=None)
    last = SCRIPT.chunk({**nothing, "content": None}, "stop", usage=None)
    return script.stream([first, *said, last, Event("[DONE]")])


def _bare_chunks(script: Script) -> Stream:
    def chunk(choice: dict[str, Any], text: str = "") -> Event:
        return Event({"id": "case", "choices": [choice]}, text=text)

    said = [chunk({"delta": {"content": piece}}, piece) for piece in PIECES]
    return script.stream([*said, chunk({"delta": {}, "finish_reason": "stop"}), Event("[DONE]")])


def _empty_finish(script: Script) -> Stream:
    said = [SCRIPT.chunk({"content": piece}, "") for piece in PIECES]
    return script.stream(
        [SCRIPT.chunk({"role": "assistant", "content": ""}, ""), *said, *SCRIPT.closing("", 0), Event("[DONE]")]
    )


def _running_usage(script: Script) -> Stream:
    def usage(number: int) -> dict[str, int]:
        return {"prompt_tokens": 9, "completion_tokens": number, "total_tokens": 9 + number}

    said = [SCRIPT.chunk({"content": piece}, usage=usage(number)) for number, piece in enumerate(PIECES, 1)]
    closing = SCRIPT.chunk({}, "stop", usage=usage(len(PIECES)))
    return script.stream([*SCRIPT.opening(), *said, closing, Event("[DONE]")])


def _split_arguments(script: Script) -> Stream:
    return script.stream(script.tool_call(ARGUMENTS))


def _same_index(script: Script) -> Stream:
    def call(ident: str, city: str) -> dict[str, Any]:
        function = {"name": "weather", "arguments": f'{{"city":"{city}"}}'}
        return {"index": 0, "id": ident, "type": "function", "function": function}

    return script.stream(SCRIPT.calls([call("call_one", "Seoul"), call("call_two", "Oslo")]))


def _again_and_again(script: Script) -> Stream:
    return script.stream(script.answer(("again ",) * 200))


CASES: Final = (
    row(
        id="lone-surrogates",
        wire=r"\ud83c at the end of one delta, \udf0d at the start of the next",
        requirement="Half of a pair is carried over to the delta that brings the other half.",
        sources=("RFC 8259 8.2", "Aider-AI/aider#3693", "NousResearch/hermes-agent#84281"),
        expects="deliver",
        stream=_halves,
    ),
    row(
        id="unknown-event-type",
        wire="a well-formed event of a kind that the client has never seen, behind half of the text",
        requirement="Events of kinds that are new are passed over.",
        sources=("router-for-me/CLIProxyAPI#4691",),
        expects="deliver",
        stream=_unknown,
    ),
    row(
        id="event-ping",
        wire='`event: ping` with {"type": "ping"} behind half of the text',
        requirement="A ping is passed over, whoever sends it.",
        sources=("anthropics/anthropic-sdk-typescript#749", "vercel/ai#18596"),
        expects="deliver",
        stream=partial(_inserted, Event({"type": "ping"}, "ping")),
    ),
    row(
        id="data-keepalive-json",
        wire='data {"type": "keepalive", "sequence_number": 1} behind half of the text',
        requirement="A keepalive that is JSON is passed over.",
        sources=("router-for-me/CLIProxyAPI#4691",),
        expects="deliver",
        stream=partial(_inserted, Event({"type": "keepalive", "sequence_number": 1})),
    ),
    row(
        id="usage-empty-choices",
        wire="a usage chunk with choices [] that nobody asked for, before [DONE]",
        requirement="A chunk may have no choice: nobody takes the first one unseen.",
        sources=("BerriAI/litellm#30870", "TheR1D/shell_gpt#457", "mlflow/mlflow#13361"),
        expects="deliver",
        stream=partial(_before_done, SCRIPT.usage(choices=[])),
        dialects=CHAT,
    ),
    row(
        id="choices-missing",
        wire="a usage chunk without the key choices, before [DONE]",
        requirement="A chunk without choices is accepted.",
        sources=("vercel/ai#7417",),
        expects="deliver",
        stream=partial(_before_done, SCRIPT.usage()),
        dialects=CHAT,
    ),
    row(
        id="null-choices",
        wire='"choices": null behind half of the text',
        requirement="A chunk whose choices are null is passed over.",
        expects="deliver",
        stream=partial(_inserted, Event(SCRIPT.envelope(choices=None))),
        dialects=CHAT,
    ),
    row(
        id="null-fields",
        wire="role, content, tool_calls, refusal, usage and logprobs null where they have no value",
        requirement="A field that is null is as one that is missing.",
        sources=("pydantic/pydantic-ai#797", "QwenLM/qwen-code#1448"),
        expects="deliver",
        stream=_nulls,
        dialects=CHAT,
    ),
    row(
        id="no-role-no-index",
        wire="chunks with id and choices [{delta}] alone, as from aggregators",
        requirement="A chunk without role, index, object or model is accepted.",
        expects="deliver",
        stream=_bare_chunks,
        dialects=CHAT,
    ),
    row(
        id="finish-empty-string",
        wire='finish_reason "" in every chunk but the last',
        requirement="An empty finish reason does not end an answer.",
        sources=("farion1231/cc-switch#6541",),
        expects="deliver",
        stream=_empty_finish,
        dialects=CHAT,
    ),
    row(
        id="usage-every-chunk",
        wire="usage so far in every chunk",
        requirement="Of running usage the last counts, not the sum.",
        sources=("Routstr/routstr-core#543",),
        expects="deliver",
        stream=_running_usage,
        dialects=CHAT,
    ),
    row(
        id="tool-args-split",
        wire="the arguments of a tool call cut inside an escape and beside characters of three bytes",
        requirement="Arguments are joined and parsed when the call is whole.",
        sources=("sigoden/aichat#1495", "AstrBotDevs/AstrBot#6692"),
        expects="deliver",
        stream=_split_arguments,
        dialects=("openai-chat", "openai-responses", "anthropic"),
    ),
    row(
        id="tool-same-index",
        wire="two tool calls with index 0 and ids of their own, as from Ollama",
        requirement="Calls with different ids are two calls.",
        sources=("apache/maka#1976", "LibreChat-AI/agents#260", "agno-agi/agno#8880"),
        expects="deliver",
        stream=_same_index,
        dialects=CHAT,
    ),
    row(
        id="same-delta-200x",
        wire="the same delta 200 times",
        requirement="A model may repeat itself: what it says is delivered.",
        sources=("BerriAI/litellm#13786", "BerriAI/litellm#5158"),
        expects="deliver",
        stream=_again_and_again,
        dialects=MODELS,
    ),
)
