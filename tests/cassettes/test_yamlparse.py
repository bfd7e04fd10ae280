import gzip
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cassettes import yamlparse
from cassettes.model import CassetteError
from cassettes.yamlparse import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_NODES, inflated, parse, parse_plain

LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(12)
)
CHAIN = b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [*a%d]\n" % (i, i, i - 1) for i in range(1, 900))
MERGES = b"a: &a {x: 1}\n" + b"".join(b"k%d: &k%d {<<: [*a, *a]}\n" % (i, i) for i in range(100))
HOSTILE = {
    "deep flow list": (b"[" * 900, "f.yaml:1:33: found more than 32 levels of nesting"),
    "bottomless flow list": (b"[" * 1_000_000, "more than 32 levels"),
    "deep closed list": (b"[" * 100_000 + b"]" * 100_000, "more than 32 levels"),
    "deep flow mapping": (b"{a: " * 100_000, "more than 32 levels"),
    "deep block list": (b"- " * 100_000, "more than 32 levels"),
    "deep keys": (b"? " * 100_000, "more than 32 levels"),
    "deep block mapping": (b"".join(b" " * i + b"a:\n" for i in range(2000)), "more than 32 levels"),
    "deep through aliases": (CHAIN, "more than 32 levels of nesting through '*a"),
    "billion laughs": (LAUGHS, f"more than {MAX_NODES} values"),
    "long text many times": (b"a: &a " + b"x" * 100_000 + b"\nb: [" + b",".join([b"*a"] * 900) + b"]", "more than 64 MB of text"),
    "aliases": (b"a: &a x\nb: [" + b",".join([b"*a"] * 100_000) + b"]", f"more than {MAX_ALIASES} aliases"),
    "recursive alias": (b"a: &a [*a]", "f.yaml:1:8: found the alias '*a' inside its own anchor"),
    "alias of nothing": (b"a: *b", "found the alias '*b' of no anchor"),
    "merge keys": (MERGES, "f.yaml:2:10: found a merge key"),
    "merge key by alias": (b"- &m <<\n- {*m : 1}", "found a merge key"),
    "list as key": (b"? [a]\n: 1", "f.yaml:1:3: found a list as the key"),
    "NUL": (b"a: 1\nb: \0", "f.yaml:2:4: found the character U+0000"),
    "control character": (b"a: \x1b", "U+001B"),
    "C1 character": ("a: \x80".encode(), "U+0080"),
    "noncharacter": ("a: \uffff".encode(), "U+FFFF"),
    "not UTF-8": (b"a: 1\nkey: \xff", "f.yaml:2:6: found the byte 0xff that is not UTF-8"),
    "UTF-16": ("a: 1".encode("utf-16"), "f.yaml:1:1: found UTF-16, expected UTF-8"),
    "UTF-16 big end": (b"\xfe\xff\0a", "found UTF-16"),
    "empty": (b"", "f.yaml: found an empty file"),
    "comments only": (b"# nothing\n", "found an empty file"),
    "two documents": (b"a: 1\n---\nb: 2\n", "f.yaml:2:1: found a second document"),
    "python tag": (b"a: !!python/object/apply:os.system [ls]", "found the tag 'tag:yaml.org,2002:python/object/apply:os.system' on a list"),
    "own tag": (b"!foo {a: 1}", "f.yaml:1:1: found the tag '!foo' on a mapping"),
    "tag on another shape": (b"!!str {a: 1}", "found the tag 'tag:yaml.org,2002:str' on a mapping"),
    "bad escape": (b'a: "\\UFFFFFFFF"', "not YAML: found "),
    "open quote": (b'a: "' + b"x\n" * 1000, "not YAML: found unexpected end of stream"),
    "tab": (b"a:\n\t- b", "f.yaml:2:1: not YAML"),
    "colons": (b"{" + b":" * 100_000, "f.yaml:1:2: not YAML"),
    "other version": (b"%YAML 3.0\n---\na: 1\n", "not YAML"),
    "long key": (b"a" * 5000 + b": 1", "not YAML"),
    "gzip bomb": (gzip.compress(b"\0" * 70_000_000), "declares 70000000"),
    "gzip ratio": (gzip.compress(b"\0" * 2_000_000), "expected at most 64 MB and 1000:1"),
    "gzip that lies": (gzip.compress(b"\0" * 70_000_000)[:-4] + b"\0\0\1\0", "gzip data cut short or followed by more"),
    "gzip cut": (gzip.compress(b"a: 1")[:-6] + b"\1\0\0\0", "gzip data cut short"),
    "gzip damaged": (b"\x1f\x8b" + b"\xff" * 100 + b"\0" * 4, "damaged gzip data"),
    "two members": (gzip.compress(b"a: 1") * 2, "cut short or followed by more"),
    "too large": (b"a" * (MAX_BYTES + 1), "more than 64 MB"),
}  # fmt: skip


@pytest.fixture(params=["libyaml", "python"])
def parser(request, monkeypatch):
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not yaml.__with_libyaml__:
        pytest.skip("this PyYAML was built without libyaml")
    return request.param


def refusal(data):
    with pytest.raises(CassetteError) as caught:
        parse(data, "f.yaml")
    return str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_one_line(name, parser):
    data, told = HOSTILE[name]
    message = refusal(data)
    assert told in message
    assert message.startswith("f.yaml:")
    assert message.isprintable()
    assert len(message) < 300


def test_bombs_end_within_100_ms():
    if not yaml.__with_libyaml__:
        pytest.skip("the limit holds for libyaml; this PyYAML was built without it")
    spent = {}
    for name, (data, _) in HOSTILE.items():
        tries = []
        for _ in range(3):  # the least of three: other processes may hold the core
            start = time.perf_counter()
            refusal(data)
            tries.append(time.perf_counter() - start)
        spent[name] = min(tries)
    assert max(spent.values()) < 0.1, spent


def test_the_limits_themselves_are_allowed(parser):
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "f").height == MAX_DEPTH
    assert len(parse_plain(b"- &a x\n" + b"- *a\n" * MAX_ALIASES, "f")) == MAX_ALIASES + 1


def test_the_number_of_values(monkeypatch):
    monkeypatch.setattr(yamlparse, "MAX_NODES", 5)
    assert parse_plain(b"{a: [1, 2]}", "f") == {"a": [1, 2]}
    with pytest.raises(CassetteError, match="more than 5 values"):
        parse(b"{a: [1, 2, 3]}", "f")


def test_aliases_are_written_out(parser):
    assert parse_plain(b"a: &x {k: [1, &y two]}\nb: *x\nc: *y\n*y : 3\n", "f") == {
        "a": {"k": [1, "two"]},
        "b": {"k": [1, "two"]},
        "c": "two",
        "two": 3,
    }


def test_a_quoted_merge_key_is_a_key():
    assert parse_plain(b'{"<<": 1, a: <<}', "f") == {"<<": 1, "a": "<<"}


def test_bom_document_marks_and_gzip(parser):
    assert parse_plain(b"\xef\xbb\xbf%YAML 1.1\n---\na: 1\n...\n", "f") == {"a": 1}
    assert parse_plain(gzip.compress(b"a: 1"), "f") == {"a": 1}


def test_places_count_characters_from_one():
    tree = parse("'안녕': x\n k".replace("\n k", "\nb: [1, 2]").encode(), "f.yaml")
    assert [str(node.spot) for _, node in tree.pairs] == ["f.yaml:1:7", "f.yaml:2:4"]
    assert (tree.nodes, tree.height, tree.chars) == (7, 3, 6)


def test_what_compresses_well_is_no_bomb():
    body = b"x" * 900_000
    assert inflated(gzip.compress(body), "f") == body


def said(data):
    """What is said against `data`; nothing if it loads."""
    try:
        parse_plain(data, "f.yaml")
    except CassetteError as error:
        return str(error)
    return ""


@given(st.binary(max_size=60) | st.text("[]{}&*!|>'\"%@`:,-? #\n\tax0<~", max_size=40).map(str.encode))
def test_any_bytes_load_or_are_refused_in_one_line(data):
    assert said(data) == "" or said(data).isprintable()
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader", raising=False)
        assert said(data) == "" or said(data).isprintable()
