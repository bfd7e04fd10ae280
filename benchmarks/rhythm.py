"""`python -m benchmarks.rhythm FOLDER`: the quantiles that synthetic streams are made of, measured from recordings.

FOLDER holds recordings as `../shared/tapes` does: a MANIFEST.tsv beside them. The table goes to stdout; its place is
cassettes/synth/rhythms.json. Recordings whose client kept no time give sizes only. Time to the head is kept by none of
them: it is what the provider's own headers say that it took. `comments` are keepalives before the first event.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import quantiles

from cassettes import dialects
from cassettes.convert import convert
from cassettes.dialects.base import at, payload
from cassettes.events import event_ends, event_kind
from cassettes.model import CassetteError, Interaction, header

STEPS = 20
"""A quantile for every 5 %."""
FOLDERS = {
    "openai-chat": ("openai", "openai-chat"),
    "openai-responses": ("openai", "openai-responses"),
    "anthropic-messages": ("anthropic", "anthropic"),
    "gemini-streamGenerateContent": ("google", "gemini"),
    "vertex-streamGenerateContent": ("vertex", "gemini"),
    "xai-chat": ("xai", "openai-chat"),
    "xai-responses": ("xai", "openai-responses"),
    "openrouter-chat": ("openrouter", "openai-chat"),
    "deepseek-chat": ("deepseek", "openai-chat"),
    "groq-chat": ("groq", "openai-chat"),
    "mistral-chat": ("mistral", "openai-chat"),
    "azure-chat": ("azure", "openai-chat"),
    "ollama-chat": ("ollama", "openai-chat"),
}
TOOK = ("openai-processing-ms", "x-envoy-upstream-service-time", "server-timing")
FEWEST = {
    "head_ms": 8,
    "first_ms": 8,
    "said_ms": 20,
    "silent_ms": 20,
    "text": 20,
    "reasoning": 6,
    "arguments": 6,
    "comments": 8,
}
"""Values below which a distribution is not told: the nearest provider's is used instead."""


def streams(folder: Path) -> Iterator[tuple[str, str, Interaction, list[bytes]]]:
    """(provider, dialect, interaction, events) of every recorded stream of a provider in FOLDERS."""
    with (folder / "MANIFEST.tsv").open(encoding="utf-8", newline="") as lines:
        rows = [*csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]
    for row in rows:
        place = FOLDERS.get(row["file"].partition("/")[0])
        if place is None or not row["provenance"].startswith("recorded"):
            continue
        try:
            found = convert((folder / row["file"]).read_bytes(), row["file"])
        except CassetteError:
            continue
        for one in found.interactions:
            host = re.sub(r"^\w+://|/.*$", "", one.request.uri)
            if place[0] == "openai" and host and not host.endswith("api.openai.com"):
                continue  # a file may hold several providers' recordings
            kind = event_kind(one.response.headers, one.response.code, one.response.body)
            ends = event_ends(one.response.body, kind)
            if one.response.code == 200 and len(ends) > 1:
                events = [one.response.body[a:b] for a, b in zip([0, *ends], ends, strict=False)]
                yield sent_by(place[0], map(payload, events)), place[1], one, events


def sent_by(provider: str, values: Iterable[object]) -> str:
    """Who sent a stream that is filed under `provider`: some were recorded with OpenAI's address in place of a
    router's, whose chunks name whom it asked."""
    return "openrouter" if any(at(value, "provider") and at(value, "choices") for value in values) else provider


def measured(folder: Path) -> dict[str, dict[str, list[float]]]:
    """Values by provider and what they are of: ms, or characters."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for provider, name, one, events in streams(folder):
        own, dialect = values[provider], dialects.get(name)
        deltas = [dialect.delta(payload(event)) for event in events]
        for delta in deltas:
            own["text"] += [len(delta.text)] if delta.text else []
            own["reasoning"] += [len(delta.reasoning)] if delta.reasoning else []
            own["arguments"] += [len(part.arguments) for part in delta.tools if part.arguments]
        says = [bool(delta.text or delta.reasoning or any(part.arguments for part in delta.tools)) for delta in deltas]
        own["head_ms"] += took(one)
        first = next((place for place, event in enumerate(events) if not event.startswith(b":")), len(events))
        own["comments"].append(first)
        if one.response.stream.pacing == "recorded":
            timed(own, one, [len(event) for event in events], says)
    return values


def took(one: Interaction) -> list[float]:
    """ms that the provider says it took to the head."""
    said = (header(one.response.headers, name) for name in TOOK)
    found = next((match for text in said if text and (match := re.search(r"(?:dur=)?(\d+(?:\.\d+)?)\s*$", text))), None)
    return [float(found[1])] if found else []


def timed(own: dict[str, list[float]], one: Interaction, sizes: list[int], says: list[bool]) -> None:
    """Gaps: the first, those before chunks in which a piece of the answer ends, and before the others."""
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    at, seen = 0, 0
    for number, (gap, size, _more) in enumerate(one.response.stream.chunks):
        at += size
        now = next((place for place, end in enumerate(ends) if end > at), len(ends))
        kind = "first_ms" if number == 0 else "said_ms" if any(says[seen:now]) else "silent_ms"
        own[kind].append(gap)
        if now > seen:
            own["together"].append(now - seen)
        seen = now


def table(values: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, object]]:
    """Quantiles of what there is enough of, and of how many values."""
    rows: dict[str, dict[str, object]] = {}
    for provider, own in values.items():
        row: dict[str, object] = {}
        counted = {name: len(own[name]) for name, fewest in FEWEST.items() if len(own[name]) >= fewest}
        if not any(own["comments"]):
            counted.pop("comments", None)
        row["values"] = counted
        for name in counted:
            cuts = quantiles(own[name], n=STEPS, method="inclusive")
            row[name] = [round(value, 1) for value in (min(own[name]), *cuts, max(own[name]))]
        if together := own["together"]:
            most = int(max(together))
            row["together"] = [round(together.count(n) / len(together), 4) for n in range(1, most + 1)]
        rows[provider] = row
    return rows


def main(argv: list[str]) -> int:
    """Prints the table as JSON, a line for every distribution."""
    rows = table(measured(Path(argv[0])))
    lines = []
    for provider, row in rows.items():
        fields = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in row.items())
        lines.append(f"  {json.dumps(provider)}: {{\n{fields}\n  }}")
    print("{\n" + ",\n".join(lines) + "\n}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
