"""The JSON Schema of scenarios: the examples fit, slips do not, and it asks for what the reader asks for."""

import json
import re
from pathlib import Path

import pytest
from schemas import fits

from cassettes.yamlio import parse_plain
from mockserver.scenario_file import KEYS, RULE_KEYS, WHEN_KEYS, ScenarioError, parse
from mockserver.scenario_schema import scenario_schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def agreed(text):
    """Whether `text` is a scenario: the schema and the reader say the same."""
    schema = scenario_schema()
    by_schema = fits(parse_plain(text.encode(), "s"), schema, schema)
    try:
        parse(text.encode(), "s")
    except ScenarioError:
        assert not by_schema, text
        return False
    assert by_schema, text
    return True


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_fit(text):
    assert agreed(text)


def test_every_key_is_described():
    schema = scenario_schema()
    assert tuple(sorted(schema["properties"])) == tuple(sorted(KEYS))
    assert sorted(schema["$defs"]["rule"]["properties"]) == sorted(RULE_KEYS)
    assert sorted(schema["$defs"]["when"]["properties"]) == sorted(WHEN_KEYS)
    assert json.loads(json.dumps(schema)) == schema
    assert scenario_schema() is not schema


@pytest.mark.parametrize(
    "text",
    [
        "rules: []",
        "seed: 1",
        "{rules: [{}], rulez: 1}",
        "{rules: [{}], seed: x}",
        "{rules: [{}], seed: -1}",
        "rules: [{whn: {}}]",
        "rules: [{when: {modell: x}}]",
        "rules: [{when: {model: []}}]",
        "rules: [{when: {stream: maybe}}]",
        "rules: [{when: {header: x}}]",
        "rules: [{attempts: []}]",
        "rules: [{attempts: reset@3e}]",
        "rules: [{attempts: [5]}]",
        "rules: [{attempts: ['@3e']}]",
        "rules: [{attempts: [{at: 3e}]}]",
        "rules: [{chance: {}}]",
        "rules: [{chance: {cut: 1.5}}]",
        "rules: [{chance: {cut: yes}}]",
        "rules: [{count: all}]",
        "rules: [{reset_after: always}]",
    ],
)
def test_slips_do_not_fit(text):
    assert not agreed(text)


@pytest.mark.parametrize(
    "text",
    [
        "rules: [{}]",
        "{seed: null, count: deck, reset_after: never, rules: [{when: null, tape: x, attempts: null, chance: null}]}",
        "rules: [{attempts: [null, [], cut, [cut, {fault: drip, args: 5}], {fault: cut, at: 3e, attempts: 5+}]}]",
        "rules: [{when: {header: {a: '*', b: [x, y]}, stream: false, model: [a, b], deck: ''}}]",
    ],
)
def test_what_may_be_written_fits(text):
    assert agreed(text)
