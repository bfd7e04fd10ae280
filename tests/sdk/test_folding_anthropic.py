"""Folded Anthropic streams against the accumulators of the anthropic SDK, both majors: every public recording, and the
answers we make ourselves.

Compared is the whole message as JSON, every field at every depth, ours as it is folded; null and absent are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from sdk.recordings import differences, needs_recordings, recordings, told

from cassettes import dialects

ANTHROPIC = dialects.get("anthropic")
AT_LEAST = 30

BETA = {
    "anthropic-messages/DataDog__dd-trace-py__1.gz#0": "context_management",
    "anthropic-messages/pydantic__pydantic-ai__1.yaml#0": "usage.iterations",
    "anthropic-messages/vercel__ai__1.txt#0": "a compaction block, context_management, usage.iterations",
}
"""Recordings with fields that only the SDK's beta types keep."""

TWO_ANSWERS = (
    "two answers one after the other: the SDK finds a block by its place, so the second's texts go to the first"
)
LOSSES: dict[str, tuple[str, set[str]]] = {
    "anthropic-messages/vercel__ai__3.txt#0": (TWO_ANSWERS, {".content[0].text", ".content[5].text"}),
}
"""What the SDK loses or mistakes: the reason, and the places where ours differs from it."""

NOT_TAKEN_OVER = "newer than that SDK: its accumulator takes over the fields of message_delta that it knows by name"
OLD_LOSSES: dict[str, tuple[str, set[str]]] = {
    "anthropic-messages/Arize-ai__openinference__1.json#0": (NOT_TAKEN_OVER, {".usage.output_tokens_details"}),
    "anthropic-messages/Arize-ai__openinference__2.json#0": (NOT_TAKEN_OVER, {".usage.output_tokens_details"}),
    "anthropic-messages/pydantic__pydantic-ai__1.yaml#0": (NOT_TAKEN_OVER, {".usage.output_tokens_details"}),
    "anthropic-messages/pydantic__pydantic-ai__3.yaml#0": (NOT_TAKEN_OVER, {".container"}),
}
"""What the older major loses besides."""


@needs_recordings
@pytest.mark.parametrize("which", ["new", "old"])
def test_every_public_stream_folds_to_what_the_sdk_makes_of_it(
    which: str, record_property: Callable[[str, object], None]
) -> None:
    found = recordings("anthropic")
    tasks = [{"name": name, "payloads": payloads, "beta": name in BETA} for name, payloads, _ in found]
    losses = LOSSES if which == "new" else LOSSES | OLD_LOSSES
    counts: Counter[str] = Counter()
    wrong = []
    for (name, payloads, _), answer in zip(found, told(which, "fold_anthropic", tasks), strict=True):
        folded = ANTHROPIC.fold(payloads)
        assert folded is not None, name
        assert folded.code == 200, name
        assert isinstance(answer["got"], dict), f"{name}: {answer}"
        _, expected = losses.get(name, ("", set()))
        if (places := set(differences(folded.body, answer["got"]))) != expected:
            wrong.append(f"{name}: {sorted(places)}, expected {sorted(expected)}")
        else:
            counts["lost by the SDK" if expected else "equal"] += 1
    record_property("printed", f"Anthropic streams folded, {which} anthropic: {dict(counts)} of {len(found)}")
    assert not wrong, "\n" + "\n".join(wrong)
    assert counts["equal"] >= AT_LEAST
    assert counts["equal"] + len(losses) == len(found)


@needs_recordings
def test_the_client_reads_a_folded_message_as_one_that_was_never_streamed() -> None:
    found = [(name, ANTHROPIC.fold(payloads)) for name, payloads, _ in recordings("anthropic") if name not in BETA]
    tasks = [{"name": name, "answer": folded.body, "of": "message"} for name, folded in found if folded]
    for task, answer in zip(tasks, told("new", "fold_anthropic", tasks), strict=True):
        assert not list(differences(task["answer"], answer["got"])), task["name"]


@pytest.mark.parametrize("which", ["new", "old"])
def test_the_sdk_takes_our_lists_of_models_and_our_counts(which: str) -> None:
    count = ANTHROPIC.count({"messages": [{"role": "user", "content": "twelve bytes"}]})
    tasks = [
        {"name": "models", "answer": ANTHROPIC.models(["claude-sonnet-4-5", "demo"]), "of": "models"},
        {"name": "no models", "answer": ANTHROPIC.models([]), "of": "models"},
        {"name": "model", "answer": ANTHROPIC.model_card("demo"), "of": "model"},
        {"name": "count", "answer": count, "of": "count"},
    ]
    listed, nothing, card, counted = (answer["got"] for answer in told(which, "fold_anthropic", tasks))
    assert [model["id"] for model in listed] == ["claude-sonnet-4-5", "demo"]
    assert nothing == []
    assert (card["type"], card["id"], card["display_name"]) == ("model", "demo", "demo")
    assert card["created_at"].startswith("1970-01-01T00:00:00")
    assert counted == 3
