"""`python -m benchmarks.likeness FOLDER [--provider P] [--json]`: can synthetic streams be told from recorded ones?

FOLDER holds recordings as `../shared/tapes` does: MANIFEST.tsv and BODIES.tsv beside them. Every recorded answer is
said again by the synthesiser, in the voice of its provider; then a discriminator that knows only shape (`shapes`) looks
at both sets. `told` is the share of synthetic streams with a mark that no recorded one has, `odd` the share of recorded
streams with a mark that no other has: where `told` is no more than `odd`, the mark tells nothing.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from benchmarks.shapes import Difference, Distance, Look, compare, look
from cassettes import dialects, providers
from cassettes.check import check_answer
from cassettes.convert import convert
from cassettes.dialects.base import at
from cassettes.dialects.delta import Delta
from cassettes.folding import payloads
from cassettes.grammar import GRAMMARS
from cassettes.model import Interaction
from cassettes.normalise import decoded
from cassettes.synth.answer import Answer, Call
from cassettes.synth.stream import Manner, synthetic

_NAMES: Final = {"gemini": "google", "azure-foundry": "azure"}
"""Providers of the manifest by the names of our rows."""
_SHOWN: Final = 8
Group = tuple[str, str]


class Pair(NamedTuple):
    """A recording, and the same answer said by the synthesiser."""

    name: str
    recorded: Interaction
    synthetic: Interaction


def recordings(folder: Path) -> Iterator[tuple[str, Interaction]]:
    """Every stream from a wire of a dialect that has a grammar, with the provider's name in place."""
    manifest = {row["file"]: row for row in _rows(folder / "MANIFEST.tsv")}
    for row in _rows(folder / "BODIES.tsv"):
        if row["class"] != "stream" or not manifest[row["file"]]["provenance"].startswith("recorded"):
            continue
        data = (folder / row["file"]).read_bytes()
        one = convert(data, row["file"]).interactions[int(row["interaction"])]
        stream = one.response.stream
        if stream.provider == "unknown":
            stream = replace(stream, provider=_NAMES.get(row["provider"], row["provider"]))
        if stream.dialect in GRAMMARS:
            yield f"{row['file']}#{row['interaction']}", replace(one, response=replace(one.response, stream=stream))


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def pairs(folder: Path, provider: str = "") -> Iterator[Pair]:
    """Recordings that can be said again: of a provider of ours, or of the one named, whole, without an error."""
    ours = set(providers.load()) if not provider else {provider} & set(providers.load())
    for name, one in recordings(folder):
        if one.response.stream.provider in ours and (again := said_again(name, one)):
            yield Pair(name, one, again)


def said_again(name: str, recorded: Interaction) -> Interaction | None:
    """The answer of `recorded` from the synthesiser, as its provider streams; None for what broke off or failed."""
    stream = recorded.response.stream
    dialect = dialects.get(stream.dialect)
    events = [event for event in payloads(recorded.response) if event is not None]
    said = list(map(dialect.delta, events))
    if not any(delta.finish for delta in said) or any(delta.error for delta in said):
        return None
    answer = answer_of(said)
    manner = Manner(providers.find(stream.provider), dialect, seed=name)
    models = (at(event, *place) for event in events for place in _MODELS)
    model = next((model for model in models if isinstance(model, str) and model), "model")
    asked = decoded(recorded.request.body)
    counted = any(at(event, "choices") == [] and at(event, "usage") for event in events)
    voice = manner.voice(
        model,
        answer,
        include_usage=counted or at(asked, "stream_options", "include_usage") is True,
        obfuscated=any(at(event, "obfuscation") for event in events),
        asked=asked if isinstance(asked, dict) else {},
    )
    return synthetic(recorded.request, answer, voice, manner).interaction


def answer_of(said: Iterable[Delta]) -> Answer:
    """What the pieces of a stream make together."""
    texts: dict[str, str] = {"text": "", "reasoning": "", "refusal": ""}
    calls: dict[int, Call] = {}
    usage: dict[str, object] = {}
    finish = ""
    for delta in said:
        for name in texts:
            texts[name] += getattr(delta, name)
        for part in delta.tools:
            call = calls.get(part.number, Call("", ""))
            calls[part.number] = Call(call.name + part.name, call.arguments + part.arguments, call.id or part.id)
        usage |= delta.usage or {}
        finish = delta.finish or finish
    return Answer(**texts, calls=tuple(calls.values()), finish=finish, usage=usage or None)


_MODELS: Final = (("model",), ("modelVersion",), ("message", "model"), ("response", "model"))


class Likeness(NamedTuple):
    """One provider and dialect: how many pairs, what differs, what of the synthetic streams is against the grammar."""

    group: Group
    count: int
    differences: tuple[Difference, ...]
    distances: tuple[Distance, ...]
    ungrammatical: tuple[str, ...]


def likeness(folder: Path, provider: str = "") -> list[Likeness]:
    """Every provider and dialect, or those of one provider."""
    groups: dict[Group, list[Pair]] = defaultdict(list)
    for pair in pairs(folder, provider):
        stream = pair.recorded.response.stream
        groups[stream.provider, stream.dialect].append(pair)
    return [_likeness(group, found) for group, found in sorted(groups.items())]


def _likeness(group: Group, found: list[Pair]) -> Likeness:
    first: list[Look] = [look(pair.name, pair.recorded) for pair in found]
    second = [look(pair.name, pair.synthetic) for pair in found]
    differences, distances = compare(first, second)
    against = [f"{pair.name}: {one.text}" for pair in found for one in check_answer(pair.synthetic).findings]
    return Likeness(group, len(found), differences, distances, tuple(against))


def report(results: list[Likeness]) -> Iterator[str]:
    """The report for people."""
    for one in results:
        yield f"== {' '.join(one.group)}: {one.count} recorded streams, {one.count} synthetic of the same answers"
        for difference in one.differences:
            verdict = "alike" if difference.told <= difference.odd else "TOLD"
            yield f"{verdict:<6} {difference.category}: told {difference.told:.0%}, odd {difference.odd:.0%}"
            yield from (f"         only synthetic, in {n}: {mark}" for mark, n in difference.strange[:_SHOWN])
            yield from (f"         never synthetic, in {n}: {mark}" for mark, n in difference.missing[:_SHOWN])
        for distance in one.distances:
            verdict = "alike" if distance.distance <= distance.chance else "TOLD"
            figures = f"distance {distance.distance:.2f} (chance {distance.chance:.2f})"
            first, second = distance.medians
            yield f"{verdict:<6} {distance.name}: {figures}, medians {first:g} and {second:g}"
        yield from (f"against the grammar: {line}" for line in one.ungrammatical)
        yield ""


def values(results: list[Likeness]) -> list[Mapping[str, Any]]:
    """The report for programs."""
    return [
        {
            "provider": one.group[0],
            "dialect": one.group[1],
            "streams": one.count,
            "differences": [difference._asdict() for difference in one.differences],
            "distances": [distance._asdict() for distance in one.distances],
            "against the grammar": one.ungrammatical,
        }
        for one in results
    ]


def main(argv: list[str] | None = None) -> int:
    """Prints the report. Exit status 1 if a synthetic stream is against the grammar."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.likeness", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--provider", default="")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(argv)
    results = likeness(asked.folder, asked.provider)
    if asked.json:
        print(json.dumps(values(results), indent=2, ensure_ascii=False))
    else:
        for line in report(results):
            print(line)
    return 1 if any(one.ungrammatical for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
