"""Folded Gemini streams against google-genai, both majors: every public recording, and the answers we make ourselves.

The SDK reads the events as a stream and the folded JSON as a whole answer, and both have to say the same: for each
candidate the texts and thoughts and all other parts in their order, the signatures in theirs, finish reason, safety
ratings, citations, grounding and whatever else the SDK keeps; for the answer usage, model, ids and prompt feedback.
What the SDK does not know it drops from both; tests/cassettes/dialects/test_gemini_fold.py holds that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from sdk.recordings import differences, needs_recordings, recordings, told

from cassettes import dialects

GEMINI = dialects.get("gemini")
AT_LEAST = 40

NO_EVENTS = {
    "gemini-streamGenerateContent/prism-php__prism__1.txt#0": "its recorder left out all blank lines: no event ever ends",
}
"""Recordings that hold no event, with the reason."""

NOT_READ = {
    "vertex-streamGenerateContent/Arize-ai__openinference__1.yaml#0": (
        "enumerations as numbers, as protocol buffers have them: the SDK raises on the stream as on the whole answer"
    ),
}
"""Recordings that the SDK cannot read, with the reason."""

PIECES = {
    "gemini-streamGenerateContent/vercel__ai__1.txt#0": (
        "arguments of function calls are streamed (partialArgs): the SDK leaves their pieces lying, a whole answer has args"
    ),
}
"""Recordings whose parts the SDK does not put together, with the reason; all but their parts is compared as ever, the
calls by name and by what their arguments say."""


def strings(value: object) -> str:
    """Every text in JSON, one after the other."""
    if isinstance(value, dict):
        return "".join(strings(one) for key, one in value.items() if key != "json_path")
    if isinstance(value, list):
        return "".join(map(strings, value))
    return value if isinstance(value, str) else ""


def calls(content: list[tuple[str, dict[str, dict[str, object]]]]) -> tuple[list[object], str]:
    """The names of the calls, and the text of all their arguments."""
    found = [part["function_call"] for kind, part in content if kind == "part"]
    said = [[call.get("args"), call.get("partial_args")] for call in found]
    return [call["name"] for call in found if call.get("name")], strings(said)


@pytest.mark.slow
@needs_recordings
@pytest.mark.parametrize("which", ["new", "old"])
def test_every_public_stream_folds_to_what_the_sdk_makes_of_it(
    which: str, record_property: Callable[[str, object], None]
) -> None:
    found = recordings("gemini")
    tasks = []
    for name, payloads, _ in found:
        folded = GEMINI.fold(payloads)
        assert (folded is None) == (name in NO_EVENTS), name
        if folded:
            assert folded.code == 200, name
            tasks.append({"name": name, "payloads": payloads, "folded": folded.body})
    counts, wrong = Counter(without_events=len(found) - len(tasks)), []
    for name, streamed, whole in (one.values() for one in told(which, "fold_gemini", tasks)):
        if name in NOT_READ:
            assert "'int' object" in streamed, name
            assert "'int' object" in whole, name
            counts["not read"] += 1
        elif name in PIECES:
            ours, theirs = (one["candidates"]["0"].pop("content") for one in (whole, streamed))
            assert calls(ours) == calls(theirs), name
            assert not list(differences(whole, streamed)), name
            counts["calls in pieces"] += 1
        elif places := list(differences(whole, streamed)):
            wrong.append(f"{name}: {places}")
        elif not streamed["candidates"] and "prompt_feedback" not in streamed:
            wrong.append(f"{name}: the SDK read nothing, which proves nothing")
        else:
            counts["equal"] += 1
    record_property("printed", f"Gemini streams folded, {which} google-genai: {dict(counts)} of {len(found)}")
    assert not wrong
    assert counts["equal"] >= AT_LEAST
    assert counts["equal"] + len(NO_EVENTS) + len(NOT_READ) + len(PIECES) == len(found)


@pytest.mark.parametrize("which", ["new", "old"])
def test_the_sdk_takes_our_lists_of_models_and_our_counts(which: str) -> None:
    models = {"name": "models", "models": GEMINI.models(["gemini-2.5-flash", "models/demo"])}
    count = {"name": "count", "count": GEMINI.count({"contents": [{"parts": [{"text": "twelve bytes"}]}]})}
    listed, counted = told(which, "fold_gemini", [models, count])
    assert [model["name"] for model in listed["got"]] == ["models/gemini-2.5-flash", "models/demo"]
    assert counted["got"] == 3
