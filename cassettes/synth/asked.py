"""What a request wants of its answer: tools, a form, a length, how many, counts. Read in every dialect's own words.

Pure: what is not as the grammar has it is no wish. Imports `conversation`, `dialects` and the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from cassettes import conversation, dialects
from cassettes.dialects.base import at

JSON: Final[dict[str, object]] = {"type": "object"}
"""The schema of a request that wants JSON and says no more."""


class Tool(NamedTuple):
    """A tool that is offered; `schema` is the JSON Schema of its arguments."""

    name: str
    schema: object


class Wishes(NamedTuple):
    """What a request asks for. `must_call`: a tool has to be called, the one of that name, or any for ""; None: none
    has to. `form`: the JSON Schema that the text has to fit. `most_tokens` of the answer. `results`: what the tools
    said that were called last, which no user has answered yet."""

    model: str = ""
    prompt: str = ""
    tools: tuple[Tool, ...] = ()
    must_call: str | None = None
    form: object = None
    most_tokens: int | None = None
    choices: int = 1
    include_usage: bool = True
    obfuscated: bool = True
    results: tuple[str, ...] = ()

    def tool(self, name: str) -> Tool | None:
        """The tool of that name; the first for ""."""
        return next((tool for tool in self.tools if name in ("", tool.name)), None)


def wishes(dialect: str, path: str, body: object) -> Wishes:
    """What the request whose decoded JSON is `body` wants."""
    grammar = dialects.get(dialect)
    found = _READERS.get(dialect, _chat)(body)
    turns = conversation.turns(dialect, body) or []
    results: list[str] = []
    for turn in reversed(turns):
        if turn[1] != "result":
            break
        results.insert(0, str(turn[2]))
    prompt, model = grammar.prompt(body), grammar.model(path, body)
    return found._replace(prompt=prompt, model=model or grammar.default_model, results=tuple(results))


def _chat(body: object) -> Wishes:
    named = [at(tool, "function") or tool for tool in (*_list(at(body, "tools")), *_list(at(body, "functions")))]
    form = at(body, "response_format")
    schema = at(form, "json_schema", "schema")
    options = at(body, "stream_options")
    return Wishes(
        tools=_tools(named, "parameters"),
        must_call=_must(at(body, "tool_choice"), ("function", "name")),
        form=schema if schema is not None else JSON if at(form, "type") in ("json_object", "json_schema") else None,
        most_tokens=_count(at(body, "max_completion_tokens")) or _count(at(body, "max_tokens")),
        choices=_count(at(body, "n")) or 1,
        include_usage=at(options, "include_usage") is True,
        obfuscated=at(options, "include_obfuscation") is not False,
    )


def _responses(body: object) -> Wishes:
    form = at(body, "text", "format")
    schema = at(form, "schema")
    return Wishes(
        tools=_tools((tool for tool in _list(at(body, "tools")) if at(tool, "type") == "function"), "parameters"),
        must_call=_must(at(body, "tool_choice"), ("name",)),
        form=schema if schema is not None else JSON if at(form, "type") in ("json_object", "json_schema") else None,
        most_tokens=_count(at(body, "max_output_tokens")),
        obfuscated=at(body, "stream_options", "include_obfuscation") is not False,
    )


def _anthropic(body: object) -> Wishes:
    form = at(body, "output_config", "format") or at(body, "output_format")
    schema = at(form, "schema")
    return Wishes(
        tools=_tools(_list(at(body, "tools")), "input_schema"),
        must_call=_must(at(body, "tool_choice"), ("name",)),
        form=schema if schema is not None else JSON if at(form, "type") == "json_schema" else None,
        most_tokens=_count(at(body, "max_tokens")),
    )


def _gemini(body: object) -> Wishes:
    named: list[object] = []
    for tool in _list(at(body, "tools")):
        named += _list(_either(tool, "functionDeclarations", "function_declarations"))
    calling = _either(_either(body, "toolConfig", "tool_config"), "functionCallingConfig", "function_calling_config")
    allowed = _list(_either(calling, "allowedFunctionNames", "allowed_function_names"))
    config = _either(body, "generationConfig", "generation_config")
    schema = _either(config, "responseJsonSchema", "response_json_schema")
    schema = schema if schema is not None else _either(config, "responseSchema", "response_schema")
    wants_json = _either(config, "responseMimeType", "response_mime_type") == "application/json"
    name = allowed[0] if allowed and isinstance(allowed[0], str) else ""
    return Wishes(
        tools=_tools(named, "parameters", "parametersJsonSchema", "parameters_json_schema"),
        must_call=name if at(calling, "mode") == "ANY" else None,
        form=schema if schema is not None else JSON if wants_json else None,
        most_tokens=_count(_either(config, "maxOutputTokens", "max_output_tokens")),
        choices=_count(_either(config, "candidateCount", "candidate_count")) or 1,
    )


def _ollama(body: object) -> Wishes:
    form = at(body, "format")
    return _chat(body)._replace(
        form=form if isinstance(form, dict) else JSON if form == "json" else None,
        most_tokens=_count(at(body, "options", "num_predict")),
    )


def _cohere(body: object) -> Wishes:
    form = at(body, "response_format")
    schema = _either(form, "json_schema", "schema")
    return _chat(body)._replace(
        must_call="" if at(body, "tool_choice") == "REQUIRED" else None,
        form=schema if schema is not None else JSON if at(form, "type") == "json_object" else None,
    )


_READERS: Final[dict[str, Callable[[object], Wishes]]] = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "ollama": _ollama,
    "cohere": _cohere,
}
"""Other grammars are read as chat completions, whose names most of them share."""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _either(value: object, *names: str) -> object:
    return next((found for name in names if (found := at(value, name)) is not None), None)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _tools(named: Iterable[object], *schemas: str) -> tuple[Tool, ...]:
    pairs = ((at(tool, "name"), _either(tool, *schemas)) for tool in named)
    return tuple(Tool(name, schema) for name, schema in pairs if isinstance(name, str) and name)


def _must(choice: object, place: tuple[str, ...]) -> str | None:
    """The tool that a choice demands. OpenAI: `required`, or an object with the name; Anthropic: `any`, or `tool`."""
    if choice == "required" or at(choice, "type") == "any":
        return ""
    name = at(choice, *place)
    return name if isinstance(name, str) else None
