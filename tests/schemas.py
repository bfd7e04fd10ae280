"""JSON Schema as far as ours use it: whether a value fits one."""

import re

SHAPES = {"object": dict, "array": list, "string": (str, bytes), "number": (int, float), "integer": int, "boolean": bool, "null": type(None)}  # fmt: skip


def fits(value, schema, root):
    """Draft 2020-12, as far as our schema uses it; refuses keywords it does not know."""
    rules = dict(schema)
    for note in ("description", "title", "$schema", "$id", "$defs", "contentEncoding"):
        rules.pop(note, None)
    if "$ref" in rules and not fits(value, root["$defs"][rules.pop("$ref").removeprefix("#/$defs/")], root):
        return False
    return all(RULES[name](value, rule, schema, root) for name, rule in rules.items())


def is_type(value, names, *_):
    names = [names] if isinstance(names, str) else names
    return any(isinstance(value, SHAPES[name]) and (name == "boolean" or not isinstance(value, bool)) for name in names)


def additional(value, rule, schema, root):
    others = [key for key in value if key not in schema.get("properties", {})] if isinstance(value, dict) else []
    return not others if rule is False else all(fits(value[key], rule, root) for key in others)


RULES = {
    "type": is_type,
    "const": lambda value, rule, *_: value == rule,
    "enum": lambda value, rule, *_: value in rule,
    "required": lambda value, rule, *_: not isinstance(value, dict) or set(rule) <= set(value),
    "properties": lambda value, rule, _, root: (
        not isinstance(value, dict) or all(fits(value[k], s, root) for k, s in rule.items() if k in value)
    ),
    "additionalProperties": additional,
    "propertyNames": lambda value, rule, _, root: (
        not isinstance(value, dict) or all(fits(key, rule, root) for key in value)
    ),
    "items": lambda value, rule, _, root: not isinstance(value, list) or all(fits(item, rule, root) for item in value),
    "anyOf": lambda value, rule, _, root: any(fits(value, each, root) for each in rule),
    "pattern": lambda value, rule, *_: not isinstance(value, str) or re.search(rule, value) is not None,
    "minimum": lambda value, rule, *_: not isinstance(value, (int, float)) or value >= rule,
    "maximum": lambda value, rule, *_: not isinstance(value, (int, float)) or value <= rule,
    "minItems": lambda value, rule, *_: not isinstance(value, list) or len(value) >= rule,
    "maxItems": lambda value, rule, *_: not isinstance(value, list) or len(value) <= rule,
    "minProperties": lambda value, rule, *_: not isinstance(value, dict) or len(value) >= rule,
    "maxProperties": lambda value, rule, *_: not isinstance(value, dict) or len(value) <= rule,
    "maxLength": lambda value, rule, *_: not isinstance(value, str) or len(value) <= rule,
}
