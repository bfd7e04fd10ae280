"""Folded streams of Ollama and Cohere against their SDKs: every public recording, and one of ours for what those lack.

The SDK reads the events as a stream and the folded JSON as a whole answer, and both have to say the same: texts,
thoughts, plans, calls, citations, finish, usage and ids.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sdk.answers import ANSWERS, cohere, lines
from sdk.recordings import differences, needs_recordings, recordings, told

from cassettes import dialects
from cassettes.dialects.base import payload
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.speech import Voice

AT_LEAST = {"ollama": 2, "cohere": 3}


@needs_recordings
@pytest.mark.parametrize("name", AT_LEAST)
def test_every_public_stream_folds_to_what_the_sdk_makes_of_it(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    fold = dialects.get(name).fold
    tasks = []
    for recording, payloads, _ in recordings(name):
        folded = fold(payloads)
        assert folded is not None, recording
        assert folded.code == 200, recording
        tasks.append({"name": recording, "sdk": name, "payloads": payloads, "folded": folded.body})
    wrong = [
        f"{one['name']}: {places}"
        for one in told("new", "fold_others", tasks)
        if (places := list(differences(one["whole"], one["streamed"])))
    ]
    record_property("printed", f"{name} streams folded: {len(tasks) - len(wrong)} of {len(tasks)} as the SDK has them")
    assert not wrong
    assert len(tasks) >= AT_LEAST[name]


@pytest.mark.parametrize(("name", "made"), [("ollama", lines), ("cohere", cohere)])
def test_thoughts_and_calls_fold_to_what_the_sdk_makes_of_them(name: str, made: Callable) -> None:
    tasks = []
    for kind, answer in ANSWERS.items():
        payloads = [value for event in made(answer) if (value := payload(event)) is not None]
        tasks.append({"name": kind, "sdk": name, "payloads": payloads})
        tasks[-1]["folded"] = dialects.get(name).fold(payloads).body
    for one in told("new", "fold_others", tasks):
        assert not list(differences(one["whole"], one["streamed"])), one["name"]


@pytest.mark.parametrize("name", AT_LEAST)
def test_the_sdk_takes_what_we_say(name: str) -> None:
    dialect, said = dialects.get(name), [Delta(reasoning="Hm."), Delta("Hello "), Delta("세계 🎉")]
    said += [Delta(tools=(ToolPart(0, "", "f", '{"a":'),)), Delta(tools=(ToolPart(0, arguments="1}"),))]
    said += [Delta(finish="tool_calls", usage={"prompt_tokens": 9, "completion_tokens": 12})]
    payloads = [value for event in dialect.speak(said, Voice(name, "m")).events if (value := payload(event.data))]
    task = {"name": "said", "sdk": name, "payloads": payloads, "folded": dialect.fold(payloads).body}
    (one,) = told("new", "fold_others", [task])
    assert not list(differences(one["whole"], one["streamed"]))
    whole = one["whole"]
    if name == "ollama":
        assert (whole["text"], whole["thinking"], len(whole["calls"])) == ("Hello 세계 🎉", "Hm.", 1)
        assert whole["calls"][0]["function"] == {"name": "f", "arguments": {"a": 1}}
    else:
        texts = [[part["thinking"], part["text"]] for part in whole["content"]]
        assert texts == [["Hm.", ""], ["", "Hello 세계 🎉"]]
        assert whole["calls"][0][1:] == ["f", '{"a":1}']


@pytest.mark.parametrize("name", AT_LEAST)
def test_the_sdk_takes_our_lists_of_models(name: str) -> None:
    dialect = dialects.get(name)
    task = {"name": "m", "sdk": name, "models": dialect.models(["a", "b"]), "model": dialect.model_card("a")}
    assert told("new", "fold_others", [task]) == [
        {"name": "m", "models": ["a", "b"], "model": "gguf" if name == "ollama" else "a"}
    ]
