"""Every tape of the shipped library and every kind of made-up answer, read by the official SDKs' stream helpers: plain,
asyncio and Node. One server plays them all, one process of each SDK environment reads them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sdk import environments
from wires import Tool, tool

from cassettes import providers
from cassettes.synth import cards, library

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sdk-typical")]

THOUGHTLESS = {("openai", "openai-chat"), ("tokenhub", "openai-chat")}
HOSTILE = "A\u2028B\u2029C\x85D \x00\x1b[31m \ufeff 👨‍👩‍👧 `</script>` data: [DONE] \\u0041"
ANY = object()
SKIPPED = dict.fromkeys(("text", "reasoning", "refusal", "calls", "finish"), ANY)
ENDS = {
    "stop",
    "tool_calls",
    "content_filter",
    "completed",
    "incomplete",
    "end_turn",
    "tool_use",
    "refusal",
    "STOP",
    "SAFETY",
}


class Stream(NamedTuple):
    """A stream to read: who says it, how to ask for it, and what it says; `status` of an error."""

    provider: str
    dialect: str
    model: str
    prompt: str
    tools: Any = None
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    status: int | None = None

    def asked(self, root: str) -> list[Any]:
        """What the programs get."""
        row = providers.load()[self.provider]
        return [self.dialect, providers.client_url(row, root, self.dialect), self.model, self.prompt, self.tools]


def of_the_library() -> Iterator[Stream]:
    """A tape is asked for by its name: lists of models have it."""
    for provider, spoken in library.source()["providers"].items():
        for dialect in spoken:
            for name, row in library.source()["tapes"].items():
                if not library.fits(row, provider, dialect):
                    continue
                tape = f"{provider}/{library.FOLDER}/{dialect}-{name}"
                said = {key: row.get(key, "") for key in ("text", "reasoning", "refusal")}
                calls = ((row["tool"], row["arguments"]),) if "tool" in row else ()
                yield Stream(provider, dialect, tape, row["prompt"], None, **said, calls=calls, status=row.get("error"))


def made_up() -> Iterator[Stream]:
    """Test cards and an echo, from everyone in every dialect."""
    for provider, row in providers.load().items():
        for dialect in row.dialects:
            if provider == "vertex" or dialect not in {"openai-chat", "openai-responses", "anthropic", "gemini"}:
                continue  # Vertex's SDK wants a project; its stream is Gemini's
            model = row.default_model
            reasoning = "" if (provider, dialect) in THOUGHTLESS | {("azure", "openai-chat")} else cards.REASONING
            if providers.for_dialect(dialect) is row:  # long, and helpers are slow: once a dialect
                yield Stream(provider, dialect, model, "tt:markdown", text=cards.MARKDOWN)
            yield Stream(provider, dialect, model, "tt:korean", text=cards.KOREAN)
            yield Stream(provider, dialect, model, "tt:refusal", refusal=cards.REFUSAL)
            # A card may be the model as well, but RunYourAI has no models of other makers in its Responses.
            card = (model, "tt:error 429") if provider == "runyourai" else ("tt:error 429", "hi")
            yield Stream(provider, dialect, *card, status=429)
            yield Stream(provider, dialect, model, HOSTILE, text=HOSTILE)
            tools: Any = library.offered(dialect, "get_weather")["tools"]
            called = (("get_weather", {"city": "text", "unit": "celsius"}),)
            yield Stream(provider, dialect, model, "tt:tool", tools, calls=called)
            if provider != "mistral":  # whose reasoning stands in a list that is no text for openai's SDK
                yield Stream(provider, dialect, model, "tt:reasoning", text="391.", reasoning=reasoning)


STREAMS = [*of_the_library(), *made_up()]
AT_HOME = [one for one in STREAMS if one.provider in {"openai", "anthropic", "google"} and one.prompt != "tt:markdown"]
"""Those of the providers whose dialects they are: enough for every day."""
every_stream = pytest.mark.parametrize(
    "streams", [AT_HOME, pytest.param(STREAMS, marks=pytest.mark.slow)], ids=["home", "all"]
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """The shipped library, and synthesis for the rest, as `tokentape serve` has them."""
    with tool(tmp_path_factory.mktemp("typical"), "serve", "--speed", "max") as running:
        yield running


def differences(streams: list[Stream], found: list[Any], own: Callable[[Stream], dict[str, Any]]) -> list[str]:
    """A line for each stream of which an SDK says something else; `own`: what it says of its own instead."""
    lines = []
    for stream, heard in zip(streams, found, strict=True):
        wanted: dict[str, Any] = {key: getattr(stream, key) for key in ("text", "reasoning", "refusal")}
        wanted["calls"] = [list(call) for call in stream.calls]
        if stream.status is not None:
            wanted = {"status": stream.status}
        elif heard.get("finish") in ENDS:
            wanted["finish"] = heard["finish"]
        wanted |= own(stream)
        if any(heard.get(key) != value for key, value in wanted.items() if value is not ANY):
            name = f"{stream.provider} {stream.dialect} {stream.model} {stream.prompt[:20]!r}"
            lines.append(f"{name}: {heard}, expected {wanted}")
    return lines


def everywhere(stream: Stream) -> dict[str, Any]:
    """Google's SDKs know no message of a finish: of a refusal they tell the reason."""
    return {"refusal": "", "finish": "SAFETY"} if stream.dialect == "gemini" and stream.refusal else {}


def in_python(stream: Stream) -> dict[str, Any]:
    """openai's helpers raise where a filter has stopped an answer (its Responses: where none is complete); its chat
    helper takes no chunk without `object`, which ai-tokenhub's have not (providers.md 8.4): `stream=True` does."""
    if stream.provider == "tokenhub" and stream.status is None:
        return {**SKIPPED, "raised": "AssertionError"}
    if stream.model.endswith("safety-stop") and stream.dialect.startswith("openai"):
        kind = "ContentFilterFinishReasonError" if stream.dialect == "openai-chat" else "RuntimeError"
        return {**SKIPPED, "raised": kind}
    return everywhere(stream)


def in_node(stream: Stream) -> dict[str, Any]:
    """openai's chat helper joins the pieces of what it knows; of reasoning it keeps the last one."""
    chat = stream.dialect == "openai-chat"
    return {
        **everywhere(stream),
        **({"reasoning": ANY} if chat and (stream.reasoning or "reasoning" in stream.prompt) else {}),
    }


@every_stream
def test_python_sdks_read_every_stream_to_its_end(streams: list[Stream], server: Tool) -> None:
    found = environments.run("new", "typical", [stream.asked(server.url) for stream in streams])
    for way in ("plain", "asyncio"):
        lines = differences(streams, found[way], in_python)
        assert not lines, f"{way}: {len(lines)} of {len(streams)}\n" + "\n".join(lines[:12])


@every_stream
def test_node_sdks_read_every_stream_to_its_end(streams: list[Stream], server: Tool, node_bench: Path) -> None:
    found = environments.run_node(node_bench, "typical", [stream.asked(server.url) for stream in streams])
    lines = differences(streams, found, in_node)
    assert not lines, f"{len(lines)} of {len(streams)}\n" + "\n".join(lines[:12])
