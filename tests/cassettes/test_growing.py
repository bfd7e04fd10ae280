"""A tape that grows: what is on it is not made, checked or read again for each interaction that is added."""

import os

import pytest

from cassettes import growing, store
from cassettes.growing import Growing, joined
from cassettes.model import Cassette, Chunk, Ending, Interaction, Request, Response, Stream, TokentapeError
from cassettes.store import append, replace, update
from cassettes.yamlio import dump, load_file


def interaction(number, body=b"data: 1\n\n"):
    stream = Stream(headers_ms=12.34, chunks=(Chunk(1.26, len(body)),) if body else (), end=Ending(gap_ms=0.05))
    headers = (("A", "1"), ("b", "2"), ("A", "3"))
    return Interaction(
        Request("POST", f"https://h/{number}", headers, b"{}"), Response(200, "OK", headers, body, stream)
    )


BODIES = [b"", b"data: 1\n\n", b"trailing \r\n\r\n\n\n", "\u2028안녕".encode(), b"\xff\x00", b"---\n...\n# no\n"]


@pytest.fixture
def dumped(monkeypatch):
    """How many interactions are emitted and checked."""
    counted = []

    def counting(cassette, **options):
        counted.extend(cassette.interactions)
        return dump(cassette, **options)

    monkeypatch.setattr(growing, "dump", counting)
    monkeypatch.setattr(store, "_WRITTEN", Growing())
    return counted


@pytest.mark.parametrize("compress", [False, True])
def test_pieces_join_to_what_would_be_dumped(compress):
    some = tuple(interaction(number, body) for number, body in enumerate(BODIES))
    for count in range(len(some) + 1):
        pieces = Growing().pieces("f", some[:count])
        assert joined(pieces, compress=compress) == dump(Cassette(some[:count]), compress=compress)


def test_an_addition_costs_itself(tmp_path, dumped, monkeypatch):
    path = tmp_path / "a.yaml"
    append(path, [interaction(0)])
    monkeypatch.setattr(store, "load_file", lambda _: pytest.fail("what we wrote ourselves is read again"))
    for number in range(1, 30):
        append(path, [interaction(number)])
        update(path, lambda present: present)
    assert len(dumped) == 30
    assert [one.request.uri for one in load_file(path).interactions] == [f"https://h/{number}" for number in range(30)]
    assert path.read_bytes() == dump(load_file(path))


def test_what_somebody_else_wrote_is_read_anew(tmp_path, dumped):
    path = tmp_path / "a.yaml"
    append(path, [interaction(0)])
    path.write_bytes(dump(Cassette((interaction(7), interaction(8)))))
    append(path, [interaction(9)])
    assert [one.request.uri for one in load_file(path).interactions] == [f"https://h/{number}" for number in (7, 8, 9)]


def test_a_tape_that_was_removed_begins_anew(tmp_path, dumped):
    path = tmp_path / "a.yaml"
    append(path, [interaction(0)])
    path.unlink()
    append(path, [interaction(1)])
    assert len(load_file(path).interactions) == 1


def test_a_tape_changed_in_place_at_the_same_size_is_noticed(tmp_path, dumped):
    path = tmp_path / "a.yaml"
    append(path, [interaction(1)])
    data = path.read_bytes()
    path.write_bytes(data.replace(b"https://h/1", b"https://h/2"))
    os.utime(path, ns=(1, 1))
    append(path, [interaction(3)])
    assert [one.request.uri for one in load_file(path).interactions] == ["https://h/2", "https://h/3"]


def test_replaced_and_compressed_tapes_grow_too(tmp_path, dumped):
    path = tmp_path / "a.yaml.gz"
    replace(path, [interaction(0)])
    append(path, [interaction(1)])
    assert len(dumped) == 2
    assert path.read_bytes() == dump(load_file(path), compress=True)


@pytest.mark.parametrize(("limit", "value"), [("MAX_NODES", 100), ("MAX_BYTES", 1000)])
def test_no_file_grows_over_what_can_be_read(tmp_path, dumped, monkeypatch, limit, value):
    path = tmp_path / "a.yaml"
    replace(path, [interaction(0)])
    before = path.read_bytes()
    monkeypatch.setattr(growing, limit, value)
    monkeypatch.setattr(f"cassettes.yamlparse.{limit}", value)
    with pytest.raises(TokentapeError, match=r"cannot be a cassette.*the new recording is kept in"):
        append(path, [interaction(1), interaction(2)] if limit == "MAX_BYTES" else [interaction(1)])
    assert path.read_bytes() == before


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(growing, "REMEMBERED", 3)
    held, stamp = Growing(), (1, 1, 1)
    pieces = held.pieces("", (interaction(0),))
    for number in range(5):
        held.wrote(f"f{number}", stamp, pieces)
    assert [held.held(f"f{number}", stamp) is not None for number in range(5)] == [False, False, True, True, True]
    monkeypatch.setattr(growing, "REMEMBERED_BYTES", 2 * len(pieces[0].text))
    held.wrote("f5", stamp, pieces)
    assert [held.held(f"f{number}", stamp) is not None for number in range(6)] == [False] * 4 + [True] * 2
    monkeypatch.setattr(growing, "REMEMBERED_BYTES", 1)
    held.wrote("f6", stamp, pieces)
    assert held.held("f6", stamp) is None


def test_a_file_is_known_by_its_stamp():
    held = Growing()
    pieces = held.pieces("f", (interaction(0),))
    held.wrote("f", (1, 2, 3), pieces)
    assert held.held("f", (1, 2, 3)) == (pieces[0].interaction,)
    assert held.held("f", (1, 2, 4)) is None
    assert held.held("g", (1, 2, 3)) is None
