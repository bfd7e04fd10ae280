"""The shipped library: from its source file (`library.yaml`) to the tapes in `cassettes/library` (`make library`).

Reads one file and, as a program, writes tapes. Imports `shipped`, `yamlio` and what is beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from cassettes import yamlio
from cassettes.compiled import NAME, compiled
from cassettes.model import Cassette
from cassettes.shipped import shipped_root
from cassettes.synth.answer import Answer, Call
from cassettes.synth.replies import dumped
from cassettes.synth.tape import Wanted, made

FOLDER: Final = "typical"
"""The folder of a provider's tapes that are made: they sort behind those made by hand, which keep their places."""
WEATHER: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}


@cache
def source() -> Mapping[str, Any]:
    """What `library.yaml` says."""
    import yaml

    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("library.yaml").read_text(encoding="utf-8"))
    return loaded


def tapes() -> Iterator[tuple[str, Cassette]]:
    """Name and cassette of every tape."""
    for provider, spoken in source()["providers"].items():
        for dialect in spoken:
            for name, row in source()["tapes"].items():
                if fits(row, provider, dialect):
                    found = made(wanted(provider, dialect, row))
                    yield f"{provider}/{FOLDER}/{dialect}-{name}", Cassette((found.interaction,))


def fits(row: Mapping[str, Any], provider: str, dialect: str) -> bool:
    """Whether a row of the source is for that provider in that dialect."""
    names = {provider, dialect, f"{provider}/{dialect}"}
    return names.isdisjoint(row.get("not", ())) and ("only" not in row or not names.isdisjoint(row["only"]))


def wanted(provider: str, dialect: str, row: Mapping[str, Any]) -> Wanted:
    """What a row of the source asks for."""
    calls = (Call(row["tool"], dumped(row["arguments"])),) if "tool" in row else ()
    text, reasoning, refusal, finish = (row.get(key, "") for key in ("text", "reasoning", "refusal", "finish"))
    extra: dict[str, Any] = offered(dialect, row["tool"]) if "tool" in row else {}
    if row.get("include_usage") and dialect == "openai-chat":
        extra["stream_options"] = {"include_usage": True}
    return Wanted(
        provider,
        Answer(text, reasoning, refusal, calls, finish),
        dialect,
        prompt=row["prompt"],
        status=row.get("error", 200),
        message=row.get("message", ""),
        extra=extra,
        comments=row.get("comments", 0),
    )


def offered(dialect: str, name: str) -> dict[str, Any]:
    """The fields of a request in that dialect that offer a tool."""
    about = "The weather in a city."
    if dialect == "openai-chat":
        function = {"name": name, "description": about, "parameters": WEATHER}
        return {"tools": [{"type": "function", "function": function}]}
    if dialect == "openai-responses":
        return {
            "tools": [{"type": "function", "name": name, "description": about, "parameters": WEATHER, "strict": True}]
        }
    if dialect == "anthropic":
        return {"tools": [{"name": name, "description": about, "input_schema": WEATHER}]}
    schema = {key: value for key, value in WEATHER.items() if key != "additionalProperties"}
    return {"tools": [{"functionDeclarations": [{"name": name, "description": about, "parameters": schema}]}]}


def table() -> bytes:
    """All shipped tapes, those made by hand too, as `compiled` keeps them."""
    files = {path: path.read_bytes() for path in sorted(shipped_root().rglob("*.yaml"))}
    return compiled({data: yamlio.load(data, str(path)) for path, data in files.items()})


def main() -> int:
    """Writes all tapes and the table of them, and removes those that the source does not have any more."""
    root, kept = shipped_root(), set()
    for name, cassette in tapes():
        path = root / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(yamlio.dump(cassette))
        kept.add(path)
    for path in root.glob(f"*/{FOLDER}/*.yaml"):
        if path not in kept:
            path.unlink()
    (root / NAME).write_bytes(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
