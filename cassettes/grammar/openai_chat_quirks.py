"""How other providers' chat chunks differ from OpenAI's. Data only; imports `table`."""

from __future__ import annotations

from typing import Final

from cassettes.grammar.table import Quirk

_ROLE_AGAIN: Final = "choice:open:role:open"
_ROLE_BEHIND: Final = "choice:finished:role:finished"
_SAYS_BEHIND: Final = "choice:finished:says:finished"
_FINISH_AGAIN: Final = "choice:finished:finish:finished"
_NO_ROLE: Final = "choice:begin:says:open"
_FINISHES_AT_ONCE: Final = "choice:begin:finish:finished"
_NO_FINISH: Final = "chunk:choices[].finish_reason"


def _choice(*names: str) -> tuple[str, ...]:
    return tuple(f"chunk:choices[].{name}" for name in names)


def _delta(*names: str) -> tuple[str, ...]:
    return tuple(f"chunk:choices[].delta.{name}" for name in names)


def _chunk(*names: str) -> tuple[str, ...]:
    return tuple(f"chunk:{name}" for name in names)


QUIRKS: Final = (
    Quirk(
        ("openrouter", "avian"),
        "20 recordings: the role in every chunk, a last choice beside the usage, the reason to finish perhaps twice",
        steps=(_ROLE_AGAIN, _ROLE_BEHIND, _FINISH_AGAIN),
        waives=("envelope",),
        adds=(
            *_chunk("provider"),
            *_choice("native_finish_reason"),
            *_delta("reasoning", "reasoning_content", "reasoning_details"),
        ),
    ),
    Quirk(
        ("azure",),
        "11 recordings: the prompt's filter first, annotations between; models of others come as those send them",
        waives=("created", "envelope"),
        lacks=(_NO_FINISH,),
        says=("object=",),
        adds=(
            *_chunk("prompt_filter_results", "latency_checkpoint"),
            *_choice("content_filter_results", "matched_stop"),
            *_delta("reasoning_content"),
        ),
    ),
    Quirk(
        ("groq",),
        "7 recordings; one that is of several models has an id for each chunk",
        waives=("id", "created"),
        steps=(_NO_ROLE,),
        adds=(*_chunk("x_groq"), *_delta("reasoning", "channel", "executed_tools")),
    ),
    Quirk(
        ("together", "tokenhub", "ollama"),
        "no recording has thoughts; the keys that others have for them",
        adds=_delta("reasoning", "reasoning_content"),
    ),
    Quirk(("deepseek",), "8 recordings", adds=_delta("reasoning_content")),
    Quirk(
        ("xai",),
        "11 recordings; errors as {code, error}, the second a text (hermes-agent#27197)",
        waives=("created", "envelope"),
        lacks=(_NO_FINISH, "error:error.message"),
        types=("error:error=object|string",),
        adds=(*_delta("reasoning_content"), "error:code"),
    ),
    Quirk(
        ("mistral",),
        "10 recordings; a padding `p` in one; errors as {detail}; thoughts as a list of parts (mistralai 3.7)",
        types=("chunk:choices[].delta.content=string|list|null",),
        waives=("envelope",),
        lacks=_delta("tool_calls[].index"),
        adds=_chunk("p"),
    ),
    Quirk(("ollama",), "8 recordings", waives=("created",)),
    Quirk(("avian",), "1 recording: a first chunk before the model has an id", waives=("id", "created")),
    Quirk(("together",), "1 recording", steps=(_ROLE_AGAIN,), adds=(*_choice("text", "seed"), *_delta("token_id"))),
    Quirk(
        ("databricks", "snowflake", "zai", "writer", "openai-proxy", "perplexity"),
        "15 recordings: the role in every chunk",
        steps=(_ROLE_AGAIN,),
        waives=("created",),
        lacks=(_NO_FINISH,),
        adds=_delta("reasoning_content", "reasoning_details"),
    ),
    Quirk(("cloudflare",), "3 recordings", steps=(_NO_ROLE,), lacks=(_NO_FINISH,)),
    Quirk(("snowflake",), "2 recordings: no reason to finish", waives=("choice-end",)),
    Quirk(
        ("huggingface",),
        "3 recordings, 2 without [DONE]",
        waives=("stream-end",),
        lacks=(_NO_FINISH,),
        adds=_chunk("time_info", "sla_metrics"),
    ),
    Quirk(("alibaba",), "1 recording", lacks=(_NO_FINISH,)),
    Quirk(("llama-cpp",), "2 recordings", adds=(*_chunk("timings"), *_delta("reasoning_content"))),
    Quirk(
        ("crusoe",),
        "1 recording",
        adds=(*_chunk("prompt_token_ids", "prompt_text"), *_choice("token_ids", "stop_reason")),
    ),
    Quirk(
        ("vercel-gw",),
        "3 recordings",
        adds=(*_chunk("generationId"), *_delta("reasoning", "reasoning_details", "provider_metadata")),
    ),
    Quirk(
        ("writer",),
        "1 recording: no [DONE]",
        waives=("stream-end",),
        adds=(
            *_choice("message", "trace_details"),
            *_delta("graph_data", "llm_data", "image_data", "translation_data", "web_search_data"),
        ),
    ),
    Quirk(
        ("perplexity",),
        "1 recording: no [DONE], a last `object` of its own",
        waives=("stream-end",),
        says=("object=chat.completion.done",),
        adds=(*_chunk("citations", "search_results"), *_choice("message")),
    ),
    Quirk(
        ("tokenhub",),
        "its documentation: chunks with `id` and `choices` alone, the role in the first",
        lacks=(*_chunk("object", "created", "model"), *_choice("index", "finish_reason")),
    ),
    Quirk(
        ("infron", "runyourai", "gateway"),
        "their documentation: many models behind one address, each with chunks of its own",
        steps=(_ROLE_AGAIN, _ROLE_BEHIND, _SAYS_BEHIND, _FINISH_AGAIN, _NO_ROLE, _FINISHES_AT_ONCE),
        lacks=(_NO_FINISH,),
        adds=(
            *_chunk("provider"),
            *_choice("native_finish_reason"),
            *_delta("reasoning", "reasoning_content", "reasoning_details"),
        ),
    ),
)
"""The rows; where it is recordings that say it, those of the public test suites that the project is tested with."""
