"""`python -m benchmarks.likeness FOLDER [--provider P] [--json|--page]`: can synthetic streams be told from recorded?

FOLDER holds recordings as `../shared/tapes` does: MANIFEST.tsv and BODIES.tsv beside them. Every recorded answer is
said again by the synthesiser, in the voice of its provider; then a discriminator that knows only shape (`shapes`) looks
at both sets. `told` is the share of synthetic streams with a mark that no recorded one has, `odd` the share of recorded
streams with a mark that no other has: where `told` is no more than `odd`, the mark tells nothing. `unmatched` is the
other way round: recorded streams with a mark that no synthetic one has. The synthesiser speaks as each API does now, so
those are told apart by age. `--page` makes docs/likeness.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from benchmarks.rhythm import sent_by
from benchmarks.shapes import KEPT, Difference, Distance, Look, compare, look
from cassettes import dialects, providers
from cassettes.check import check_answer
from cassettes.convert import convert
from cassettes.dialects.base import at
from cassettes.dialects.counts import counts
from cassettes.dialects.delta import Delta
from cassettes.folding import payloads
from cassettes.grammar import GRAMMARS
from cassettes.model import Interaction, header
from cassettes.normalise import decoded
from cassettes.synth.answer import Answer, Call
from cassettes.synth.stream import Manner, synthetic

_NAMES: Final = {"gemini": "google", "azure-foundry": "azure"}
"""Providers of the manifest by the names of our rows."""
_SHOWN: Final = 8
_AGE: Final = timedelta(days=183)
_FAR: Final = 4_000_000_000
"""s since 1970; Mistral's and others' gateways have sent ms and worse."""
Group = tuple[str, str]


class Pair(NamedTuple):
    """A recording, when it was made (`YYYY-MM-DD`, "" where nothing tells), and its answer said by the synthesiser."""

    name: str
    made: str
    recorded: Interaction
    synthetic: Interaction


def recordings(folder: Path) -> Iterator[tuple[str, Interaction]]:
    """Every stream from a wire of a dialect that has a grammar, with the provider's name in place."""
    manifest = {row["file"]: row for row in _rows(folder / "MANIFEST.tsv")}
    for row in _rows(folder / "BODIES.tsv"):
        if row["class"] != "stream" or not manifest[row["file"]]["provenance"].startswith("recorded"):
            continue
        one = _converted(folder / row["file"], row["file"])[int(row["interaction"])]
        stream = one.response.stream
        if stream.provider == "unknown":
            stream = replace(stream, provider=_NAMES.get(row["provider"], row["provider"]))
        sender = sent_by(stream.provider, payloads(one.response))
        stream = replace(stream, provider=sender)
        if stream.dialect in GRAMMARS:
            yield f"{row['file']}#{row['interaction']}", replace(one, response=replace(one.response, stream=stream))


@lru_cache(maxsize=1)
def _converted(file: Path, name: str) -> tuple[Interaction, ...]:
    """The interactions of a file, of which the rows stand behind each other."""
    return convert(file.read_bytes(), name).interactions


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def pairs(folder: Path, wanted: Collection[str] = ()) -> Iterator[Pair]:
    """Recordings that can be said again: of a provider of ours, or of those named, whole, without an error."""
    ours = set(providers.load()) & set(wanted or providers.load())
    for name, one in recordings(folder):
        if one.response.stream.provider in ours and (again := said_again(name, one)):
            yield Pair(name, made_on(one), one, again)


def made_on(recorded: Interaction) -> str:
    """The day of a recording: what its events say, else its head."""
    for value in payloads(recorded.response):
        for place in (("created",), ("response", "created_at"), ("createTime",)):
            when = at(value, *place)
            if isinstance(when, int) and 0 < when < _FAR:
                return f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d}"
            if isinstance(when, str):
                return when[:10]
    said = header(recorded.response.headers, "date")
    try:
        return f"{parsedate_to_datetime(said or ''):%Y-%m-%d}"
    except ValueError:
        return ""


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
        obfuscated=at(asked, "stream_options", "include_obfuscation") is not False,
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
    return Answer(**texts, calls=tuple(calls.values()), finish=finish, usage=neutral(usage) if usage else None)


def neutral(usage: Mapping[str, object]) -> dict[str, object]:
    """The counts alone: which others stand beside them is the provider's to say, and changes with its age."""
    told = counts(usage)
    return {
        "input_tokens": told.input,
        "cached_tokens": told.cached,
        "output_tokens": told.output,
        "output_tokens_details": {"reasoning_tokens": told.reasoning},
        "total_tokens": told.total,
    }


_MODELS: Final = (("model",), ("modelVersion",), ("message", "model"), ("response", "model"))


class Likeness(NamedTuple):
    """One provider and dialect: when each recording was made, what differs, what of the synthetic streams is against
    the grammar."""

    group: Group
    made: Mapping[str, str]
    differences: tuple[Difference, ...]
    distances: tuple[Distance, ...]
    ungrammatical: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many recorded streams there are, and as many synthetic ones."""
        return len(self.made)

    @property
    def newest(self) -> frozenset[str]:
        """The recordings of the last half year before the newest: about those that the style of now is taken from."""
        last = max(self.made.values())
        if not last:
            return frozenset()
        since = f"{date.fromisoformat(last) - _AGE:%Y-%m-%d}"
        return frozenset(name for name, when in self.made.items() if when >= since)

    def unmatched(self, difference: Difference, names: Collection[str]) -> float:
        """The share of those recordings that have a mark which no synthetic stream has."""
        return len(difference.unmatched & set(names)) / len(names) if names else 0.0


def likeness(folder: Path, wanted: Collection[str] = ()) -> list[Likeness]:
    """Every provider and dialect, or those of the providers named."""
    groups: dict[Group, list[Pair]] = defaultdict(list)
    for pair in pairs(folder, wanted):
        stream = pair.recorded.response.stream
        groups[stream.provider, stream.dialect].append(pair)
    return [_likeness(group, found) for group, found in sorted(groups.items())]


def _likeness(group: Group, found: list[Pair]) -> Likeness:
    first: list[Look] = [look(pair.name, pair.recorded) for pair in found]
    second = [_kept_as(recorded, look(pair.name, pair.synthetic)) for pair, recorded in zip(found, first, strict=True)]
    differences, distances = compare(first, second)
    against = [f"{pair.name}: {one.text}" for pair in found for one in check_answer(pair.synthetic).findings]
    return Likeness(group, {pair.name: pair.made for pair in found}, differences, distances, tuple(against))


def _kept_as(recorded: Look, synthetic: Look) -> Look:
    """The synthetic look without numbers that its recording did not keep: others would be timed than there."""
    lost = {key for key in KEPT if key not in recorded.numbers}
    return synthetic._replace(numbers={key: ns for key, ns in synthetic.numbers.items() if key not in lost})


def report(results: list[Likeness]) -> Iterator[str]:
    """The report for people."""
    for one in results:
        yield f"== {' '.join(one.group)}: {one.count} recorded streams, {one.count} synthetic of the same answers"
        for difference in one.differences:
            verdict = "alike" if difference.told <= difference.odd else "TOLD"
            shares = f"told {difference.told:.0%}, odd {difference.odd:.0%}"
            newest, older = one.newest, one.made.keys() - one.newest
            yield (
                f"{verdict:<6} {difference.category}: {shares}, unmatched {one.unmatched(difference, newest):.0%} of"
                f" {len(newest)} newest, {one.unmatched(difference, older):.0%} of {len(older)} older"
            )
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
            "differences": [
                difference._asdict() | {"unmatched": sorted(difference.unmatched)} for difference in one.differences
            ],
            "distances": [distance._asdict() for distance in one.distances],
            "against the grammar": one.ungrammatical,
        }
        for one in results
    ]


def main(argv: list[str] | None = None) -> int:
    """Prints the report. Exit status 1 if a synthetic stream is against the grammar."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.likeness", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--provider", action="append", default=[])
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--page", action="store_true")
    asked = parser.parse_args(argv)
    results = likeness(asked.folder, asked.provider)
    if asked.json:
        print(json.dumps(values(results), indent=2, ensure_ascii=False))
    elif asked.page:
        from benchmarks.likeness_page import page  # which reads the results of this module

        print(page(results), end="")
    else:
        for line in report(results):
            print(line)
    return 1 if any(one.ungrammatical for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
