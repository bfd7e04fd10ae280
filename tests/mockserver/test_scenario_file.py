"""Scenario files: what they say, each mistake with its place, limits, and the file that changes under a server."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.matching import Index
from mockserver.choose import Chooser, Playing
from mockserver.faults.grammar import text_of
from mockserver.rehearsal import Known, Rehearsal
from mockserver.scenario import Rule, Scenario, When
from mockserver.scenario_file import MAX_BYTES, ScenarioError, ScenarioFile, inline, parse, read, tape_flaw

DESIGN = """\
seed: 7
rules:
- when: {provider: openai, model: "gpt-*"}          # first rule that fits
  tape: openai/hello                                # optional
  attempts:
  - ["status:429,retry-after=1"]
  - ["reset@3e"]
  - []
- when: {}
  chance: {"reset@50%": 0.05, "stall@2e": 0.01}     # seeded soak
"""


def written(faults):
    return text_of(one.fault for one in faults)


def loaded(text, known=None):
    return parse(text.encode(), "s.yaml", known)


def test_the_example_of_the_design():
    scenario = loaded(DESIGN)
    first, second = scenario.rules
    assert scenario.seed == 7
    assert first.when == When(provider=("openai",), model=("gpt-*",))
    assert (first.tape, first.count, first.reset_after) == ("openai/hello", "request", "success")
    assert [written(one) for one in first.attempts] == ["status:429,retry-after=1", "reset@3e", ""]
    assert second.when.everything
    assert [(written(faults), share) for faults, share in second.chance] == [("reset@50%", 0.05), ("stall@2e", 0.01)]


def test_faults_are_texts_mappings_or_lists_of_both():
    text = """
    rules:
    - attempts:
      - reset@3e; latency:10ms
      - {fault: status, code: 429, retry_after: 1, at: request}
      - [{fault: latency, args: 5ms}, "drip:5; cut@50%"]
      - null
    """
    found = [written(one) for one in loaded(text).rules[0].attempts]
    assert found == ["reset@3e;latency:10ms", "status@request:code=429,retry_after=1", "latency:5ms;drip:5;cut@50%", ""]


def test_every_key():
    text = """
    count: deck
    reset_after: never
    rules:
    - {when: {dialect: [gemini, "openai-*"], path: "/v1/*", deck: "", header: {X-Case: "a*", x-b: ["1", 2]}, stream: yes}}
    """.replace("yes", "true")
    text += "- {when: null, count: request, reset_after: success, attempts: null, chance: null, tape: null}\n".rjust(4)
    text = text.replace("\n- {when: null", "\n    - {when: null")
    scenario = loaded(text)
    assert scenario.seed is None
    assert scenario.rules == (
        Rule(
            when=When(
                dialect=("gemini", "openai-*"),
                path=("/v1/*",),
                deck=("",),
                header=(("x-case", ("a*",)), ("x-b", ("1", "2"))),
                stream=True,
            ),
            count="deck",
            reset_after="never",
        ),
        Rule(),
    )


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("rulez: []", "1:1", "found the key 'rulez', did you mean rules?"),
        ("seed: 1", "1:1", "found no rules"),
        ("rules: []", "1:8", "rules: found none, expected one at least"),
        ("rules: 5", "1:8", "rules: found text, expected a list"),
        ("[]", "1:1", "the scenario: found a list, expected a mapping"),
        ("rules: [5]", "1:9", "rule 1: found text, expected a mapping"),
        ("rules: [{whn: {}}]", "1:10", "found the key 'whn', did you mean when?"),
        ("rules: [{}, {}]", "1:13", "rule 2 can never fit: rule 1 is for every request; put it last"),
        ("rules: [{tape: a}]\nrules: []", "2:1", "found the key 'rules' twice"),
        ("seed: x\nrules: [{}]", "1:7", "seed: found 'x', expected a whole number"),
        ("rules: [{count: decks}]", "1:17", "rule 1, count: found 'decks', did you mean deck?"),
        ("rules: [{reset_after: always}]", "1:23", "expected one of success, never"),
        ("rules: [{when: {provider: opnai}}]", "1:27", "there is no provider 'opnai'; did you mean openai?"),
        ("rules: [{when: {dialect: openai_chat}}]", "1:26", "no dialect 'openai_chat'; did you mean openai-chat?"),
        ("rules: [{when: {model: []}}]", "1:24", "model: found an empty list"),
        ("rules: [{when: {model: {a: b}}}]", "1:24", "model: found a mapping, expected text"),
        ("rules: [{when: {path: v1/x}}]", "1:23", "rule 1, path: no request has 'v1/x'; expected what begins with /"),
        ("rules: [{when: {deck: a b}}]", "1:23", "rule 1, deck: no request has 'a b'; expected 1 to 64 letters"),
        ("rules: [{when: {stream: maybe}}]", "1:25", "stream: expected true (asks for a stream) or false"),
        ("rules: [{when: {header: x}}]", "1:25", "header: found text, expected a mapping"),
        (f"rules: [{{when: {{model: {'a' * 201}}}}}]", "1:24", "expected a pattern of 200 at most"),
        ("rules: [{attempts: []}]", "1:20", "attempts: found none, expected a list of lists of faults"),
        (
            "rules:\n- attempts:\n  - [cut, rest@3e]",
            "3:11",
            "attempt 1: faults, character 1 (▸rest@3e): there is no fault",
        ),
        (
            "rules:\n- attempts:\n  - [cut]\n  - [cut, 'stall']",
            "4:5",
            "attempt 2: faults, character 1 (▸stall): cut and st",
        ),
        ("rules: [{attempts: [5]}]", "1:21", "5 is no fault"),
        ("rules: [{attempts: [{at: 3e}]}]", "1:21", "expected the key 'fault'"),
        (f"rules: [{{attempts: [[{', '.join(['cut'] * 65)}]]}}]", "1:21", "found 65, expected 64 at most"),
        (f"rules: [{{attempts: [['bom{';bom' * 40}', 'bom{';bom' * 40}']]}}]", "1:21", "found 82 faults, expected 64"),
        ("rules: [{chance: {}}]", "1:18", "chance: found none, expected faults with their share"),
        ("rules: [{chance: {cut: 2}}]", "1:24", "chance of 'cut': expected a share of the requests from 0 to 1"),
        ("rules: [{chance: {cut: true}}]", "1:24", "expected a share of the requests"),
        ("rules: [{chance: {cut: .nan}}]", "1:24", "expected a share of the requests"),
        ("rules: [{chance: {cutt: 0.5}}]", "1:19", "there is no fault 'cutt'; did you mean cut?"),
        (f"rules: [{{chance: {{{', '.join(f'drip:{n}: 1' for n in range(1, 66))}}}}}]", "1:18", "expected 64 at most"),
        ("rules: [{tape: null, attempts: [[cut]]", "2:1", "not YAML"),
        ("", "", "found an empty file, expected a scenario (rules: […])"),
        ("a: !!python/object:x {}", "1:4", "found the tag"),
        ("- " * 40, "1:65", "levels of nesting, expected a scenario"),
        ("rules: [{}]\n---\nrules: [{}]", "2:1", "found a second document"),
        ("rules: [&a {tape: *a}]", "1:19", "inside its own anchor"),
    ],
)
def test_mistakes_say_where_and_what(text, place, said):
    with pytest.raises(ScenarioError) as caught:
        loaded(text)
    message = str(caught.value)
    assert message.startswith(f"s.yaml:{place}: " if place else "s.yaml: "), message
    assert said in message
    assert "\n" not in message
    assert "cassette" not in message
    assert caught.value.exit_code == 3


class Some(Known):
    def __init__(self):
        super().__init__(("mine",))
        self.tapes = {"openai/hello": 2}

    def flaw(self, when, tape, faults):
        return f"{written(faults)} has no place on {tape}" if tape and "99e" in written(faults) else None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tape: openai/helo", "1:16: rule 1: there is no tape 'openai/helo'; did you mean openai/hello?"),
        ("tape: zzz", "1:16: rule 1: there is no tape 'zzz'; `tokentape list` lists them"),
        ("tape: 'openai/hello#3'", "1:16: rule 1: the tape 'openai/hello' has no interaction #3; it has #1 to #2"),
        (
            "tape: openai/hello, attempts: [[], [reset@99e]]",
            "1:45: rule 1, attempt 2: reset@99e has no place on openai/hello",
        ),
        ("tape: openai/hello, chance: {reset@99e: 1}", "1:39: rule 1, chance of 'reset@99e': reset@99e has no place"),
    ],
)
def test_what_a_server_has_is_checked(text, said):
    with pytest.raises(ScenarioError) as caught:
        loaded(f"rules: [{{{text}}}]", Some())
    assert said in str(caught.value)


def test_what_a_server_has_may_be_named():
    text = "rules: [{tape: 'openai/hello#2', when: {provider: mine}, attempts: [[reset@3e]]}]"
    assert loaded(text, Some()).rules[0].tape == "openai/hello#2"
    assert tape_flaw("openai/hello", {"openai/hello": 1}) is None


def test_a_scenario_from_json():
    value = {"seed": 3, "rules": [{"when": {"model": "🦊\ttab"}, "attempts": [['insert@3e:"a\\n\\"b"'], []]}]}
    scenario = inline(value, "scenario")
    assert scenario.rules[0].when.model == ("🦊\ttab",)
    assert scenario.rules[0].attempts[0][0].fault.args[0].value == 'a\n"b'
    with pytest.raises(ScenarioError, match=r"scenario:1:11: rules: found text"):
        inline({"rules": "x" * 9}, "scenario")
    with pytest.raises(ScenarioError, match="as JSON has them"):
        inline({"rules": {1, 2}}, "scenario")
    with pytest.raises(ScenarioError, match=r"^scenario"):
        inline({"rules": [{"tape": "\ud800"}]}, "scenario")


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["rules", "when", "attempts", "chance", "fault", "cut", "seed"]), inner, max_size=3), max_leaves=12))  # fmt: skip
def test_whatever_is_given_is_a_scenario_or_one_line(value):
    try:
        assert isinstance(inline(value, "x"), Scenario)
    except ScenarioError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 - either will do


def test_files_that_cannot_be_read(tmp_path):
    for path, said in ((tmp_path / "no", "cannot read it"), (tmp_path, "no regular file")):
        with pytest.raises(ScenarioError, match=said):
            read(path)
    large = tmp_path / "large"
    large.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(ScenarioError, match="has at most"):
        read(large)
    odd = tmp_path / "odd\nname"
    odd.write_text("x: [")
    with pytest.raises(ScenarioError) as caught:
        read(odd)
    assert "\n" not in str(caught.value)


def test_a_changed_file_is_read_again_and_a_bad_one_is_told_of_once(tmp_path):
    path, said = tmp_path / "s.yaml", []
    path.write_text("seed: 1\nrules: [{}]")
    file = ScenarioFile(path, Known, said.append)
    before = file.scenario
    assert (before.seed, file.look(), said) == (1, False, [])
    path.write_text("rules: [{attempts: [[rest]]}]")
    assert [file.look(), file.look()] == [False, False]
    assert file.scenario is before
    assert len(said) == 1
    assert "s.yaml:1:22: rule 1, attempt 1: " in said[0]
    assert said[0].endswith("did you mean reset?; the scenario stays as it was")
    path.unlink()
    assert [file.look(), file.look()] == [False, False]
    assert "cannot read it" in said[1]
    path.write_text("seed: 2\nrules: [{}]")
    os.utime(path, (1, 1))  # a time stamp may say nothing
    assert file.look()
    assert file.scenario.seed == 2
    assert said[2:] == [f"tokentape: loaded the scenario {path}"]


def test_a_seed_of_the_command_line_wins(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("seed: 1\nrules: [{}]")
    file = ScenarioFile(path, lambda: Rehearsal(Chooser(Index(()), Playing())), [].append, 9)
    assert file.scenario.seed == 9
    path.write_text("seed: 2\nrules: [{}]")
    assert file.look()
    assert file.scenario.seed == 9
