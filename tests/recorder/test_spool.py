"""The spool: what was written is read, whatever cut the file short; pauses, open chunks, endings as the tape has them."""

import errno
import os
import stat

import pytest
from spools import HEAD, REQUEST, checked, meta, whole

from cassettes import yamlio
from cassettes.model import (
    Cassette,
    CassetteError,
    Chunk,
    Ending,
    Head,
    Informational,
    Request,
    TokentapeError,
)
from recorder import spool as spool_module
from recorder.spool import FOLDER, MAGIC, Spool, left_behind, lock, orphans, read, tidy


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path, meta())
    yield made
    made.close()


def chunks(taken):
    return taken.interaction.response.stream.chunks


def test_what_was_written_is_read(spool):
    whole(spool)
    taken = read(spool.path)
    response, stream = taken.interaction.response, taken.interaction.response.stream
    assert taken.whole
    assert taken.interaction.request == REQUEST
    assert taken.meta.file == "openai/m.yaml"
    assert (response.code, response.message, response.headers, response.body) == (
        200,
        "OK",
        HEAD.headers,
        b"helloabcdef",
    )
    assert (stream.provider, stream.dialect, stream.source) == ("openai", "openai-chat", "recorded")
    assert (stream.recorded_at, stream.http, stream.framing) == ("2026-11-20T09:30:00.000Z", "1.1", "chunked")
    assert stream.headers_ms == 10.0
    assert stream.chunks == (Chunk(10.0, 5), Chunk(10.0, 2, True), Chunk(10.0, 4))
    assert stream.end == Ending(gap_ms=1.0, client_left_ms=35.0)
    assert stream.trailers == (("X-Sum", "1"),)
    assert stream.informational == (Informational(3.0, 103, "Early Hints", (("Link", "<a>"),)),)


def test_a_recording_that_was_masked_says_so(tmp_path):
    made = Spool(tmp_path, meta(edited=True))
    whole(made)
    assert read(made.path).interaction.response.stream.source == "edited"


def test_what_is_not_utf8_survives(tmp_path):
    odd = Request("POST", "https://h/\udcff", (("a", "caf\u00e9 \udce9"),), b"\xff\x00")
    made = Spool(tmp_path, meta(odd))
    made.head(1.0, Head(message="\udce9tat", headers=(("b", "\udcff"),)), "close")
    made.trailers(2.0, (("c", "\udcfe"),))
    made.ending(2.0, Ending())
    made.close()
    interaction = read(made.path).interaction
    assert interaction.request == odd
    assert (interaction.response.message, interaction.response.headers) == ("\udce9tat", (("b", "\udcff"),))
    assert interaction.response.stream.trailers == (("c", "\udcfe"),)


def test_the_request_may_come_again_once_its_body_is_masked(tmp_path):
    made = Spool(tmp_path, meta(Request("POST", "https://h/")))
    assert read(made.path).interaction.request.body == b""
    made.head(1.0, HEAD, "close")
    made.request(meta(Request("POST", "https://h/")).with_body(b"\xff***"))
    whole(made)
    taken = read(made.path)
    assert (taken.interaction.request.body, taken.interaction.response.body) == (b"\xff***", b"helloabcdef")


# -- the file --------------------------------------------------------------------------------------------------------


def test_only_the_user_can_read_it(spool):
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.path.parent.stat().st_mode) & 0o077 == 0
    assert spool.path.parent.name == FOLDER == ".tokentape-spool"


def test_every_call_is_on_disk_when_it_returns(spool):
    spool.head(10.0, HEAD, "chunked")
    spool.data(20.0, [(5, 3)], b"hello")
    response = read(spool.path).interaction.response
    assert (response.body, response.stream.end.type, response.stream.end.missing) == (b"hello", "interrupted", 3)


def test_a_live_spool_is_nobodys_orphan(tmp_path, spool):
    assert list(orphans(tmp_path)) == []
    spool.close()
    spool.close()
    assert list(orphans(tmp_path)) == [spool.path]


def test_orphans_come_in_the_order_of_their_requests(tmp_path):
    made = [Spool(tmp_path, meta(recorded_at=f"2026-11-20T09:30:0{second}.000Z")) for second in (3, 1, 2)]
    for one in made:
        one.close()
    assert list(orphans(tmp_path)) == [made[1].path, made[2].path, made[0].path]


def test_what_is_left_behind_is_told_with_the_command_that_keeps_it(tmp_path):
    made = [Spool(tmp_path, meta()) for _ in range(2)]
    assert left_behind(tmp_path) == ""
    for one in made:
        one.close()
    told = f"a killed recorder left 2 unfinished here; `tokentape recover {tmp_path}` keeps them"
    assert left_behind(tmp_path) == told
    (tmp_path / FOLDER / "z.spool").symlink_to("z.spool")
    assert left_behind(tmp_path) == "", "what cannot be opened is another's: a hint is no reason to stop"


def test_a_folder_without_spool_has_no_orphans(tmp_path):
    assert list(orphans(tmp_path)) == []


def test_an_orphan_that_is_gone_is_passed_over(tmp_path):
    first, second = (Spool(tmp_path, meta(recorded_at=moment)) for moment in ("1", "2"))
    first.close()
    second.close()
    found = orphans(tmp_path)
    assert next(found) == first.path
    second.remove()
    assert list(found) == []


def test_an_orphan_that_cannot_be_opened_is_one_line(tmp_path):
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "a.spool").symlink_to("a.spool")
    with pytest.raises(TokentapeError, match=r"a\.spool: cannot be read \(.+\)"):
        list(orphans(tmp_path))


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"")
    first, second = os.open(path, os.O_RDONLY), os.open(path, os.O_RDONLY)
    try:
        assert lock(first)
        assert not lock(second)
        os.close(first)
        first = -1
        assert lock(second)
    finally:
        os.close(second)
        if first >= 0:
            os.close(first)


def test_only_an_empty_folder_is_tidied_away(tmp_path):
    first, second = Spool(tmp_path, meta()), Spool(tmp_path, meta())
    first.remove()
    tidy(tmp_path)
    assert second.path.exists()
    second.remove()
    second.remove()
    assert list((tmp_path / FOLDER).iterdir()) == []
    tidy(tmp_path)
    tidy(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_recorder_takes_away_is_made_again(monkeypatch, tmp_path):
    real, calls = spool_module.tempfile.mkstemp, []

    def mkstemp(**options):
        calls.append(options)
        if len(calls) == 1:
            (tmp_path / FOLDER).rmdir()
        return real(**options)

    monkeypatch.setattr(spool_module.tempfile, "mkstemp", mkstemp)
    made = Spool(tmp_path, meta())
    whole(made)
    assert (len(calls), read(made.path).whole) == (2, True)


# -- a disk that fails -----------------------------------------------------------------------------------------------


def full_after(monkeypatch, room):
    """From now on `room` bytes can be written, in short writes, before the disk is full."""
    real = os.write
    left = [room]

    def write(descriptor, data):
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real(descriptor, bytes(data[: min(7, left[0])]))
        left[0] -= written
        return written

    monkeypatch.setattr(spool_module.os, "write", write)


def test_short_writes_are_finished(monkeypatch, spool):
    full_after(monkeypatch, 10_000)
    whole(spool)
    assert read(spool.path).interaction.response.body == b"helloabcdef"


def test_a_full_disk_is_told_once_and_what_was_written_stays(monkeypatch, spool):
    spool.head(10.0, HEAD, "chunked")
    spool.data(20.0, [(5, 0)], b"hello")
    full_after(monkeypatch, 20)
    with pytest.raises(OSError, match="No space left"):
        spool.data(30.0, [(20, 0)], b"x" * 20)
    assert spool.broken
    spool.data(40.0, [(5, 0)], b"later")
    spool.ending(41.0, Ending())
    spool.close()
    taken = read(spool.path)
    assert not taken.whole
    assert taken.interaction.response.body in {b"hello", *(b"hello" + b"x" * size for size in range(1, 21))}
    assert taken.interaction.response.stream.end.type == "interrupted"


def test_a_spool_that_cannot_begin_leaves_nothing(monkeypatch, tmp_path):
    full_after(monkeypatch, 30)
    with pytest.raises(OSError, match="No space left"):
        Spool(tmp_path, meta())
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_oserror(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="Not a directory"):
        Spool(tmp_path / "file", meta())


# -- files that are no spool -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"version: 1\n", MAGIC[:-1]])
def test_what_is_no_spool(tmp_path, data):
    path = tmp_path / "x.spool"
    path.write_bytes(data)
    with pytest.raises(CassetteError, match=r"x\.spool: this is not a spool file of tokentape"):
        read(path)


@pytest.mark.parametrize(
    "replacement",
    [
        (b'"method":', b'"nothing":'),
        (b'"headers":[["a","b"]]', b'"headers":[["a","\xe2\x82\xac"]]'),
        (b'"body":"e', b'"body":"\xc3\xa9'),
        (b'"http":"1.1"', b'"http":"3.0"'),
        (b'"type":"eof"', b'"type":"end"'),
    ],
)
def test_damage_is_one_line(spool, replacement):
    whole(spool)
    data = spool.path.read_bytes()
    old, new = replacement
    if old == b'"type":"eof"':
        spool.path.write_bytes(data + b'E 50.000 14\n{"type":"end"}\n')
    else:
        changed = data.replace(old, new)
        # The record is as long as it says: only its content is wrong.
        head, _, rest = changed.partition(b"R 0.000 ")
        size, _, rest = rest.partition(b"\n")
        grown = len(changed) - len(data) if old != b'"http":"1.1"' else 0
        spool.path.write_bytes(head + b"R 0.000 %d\n" % (int(size) + grown) + rest)
    with pytest.raises(CassetteError, match=r"\.spool: the spool file is damaged \(") as caught:
        read(spool.path)
    assert "\n" not in str(caught.value)


def test_a_tail_of_zeros_is_what_a_crash_leaves(spool):
    whole(spool)
    data = spool.path.read_bytes()
    spool.path.write_bytes(data + bytes(4096))
    assert read(spool.path).whole
    place = data.index(b"M 30.000")
    spool.path.write_bytes(data[:place] + bytes(4096))
    assert read(spool.path).interaction.response.body == b"hello"


# -- endings ---------------------------------------------------------------------------------------------------------


def test_killed_before_any_answer(spool):
    spool.close()
    taken = read(spool.path)
    response = taken.interaction.response
    assert (taken.whole, response.code, response.body) == (False, 502, b"")
    assert response.stream.end == Ending(type="interrupted", at="request")


def test_killed_in_the_head(spool):
    spool.partial_head(5.0, b"HTTP/1.1 2")
    spool.partial_head(8.0, b"HTTP/1.1 200 O")
    spool.close()
    stream = read(spool.path).interaction.response.stream
    assert (stream.head, stream.headers_ms, stream.end) == (
        b"HTTP/1.1 200 O",
        8.0,
        Ending(type="interrupted", at="head"),
    )


def test_an_unfinished_head_keeps_the_time_of_its_last_byte(spool):
    # The ending says the partial head again; that is no byte that came.
    spool.partial_head(5.0, b"HTTP/1.1 2")
    spool.partial_head(105.0, b"HTTP/1.1 2")
    spool.ending(105.0, Ending(type="reset", at="head"))
    spool.close()
    stream = read(spool.path).interaction.response.stream
    assert (stream.headers_ms, stream.end) == (5.0, Ending(type="reset", at="head", gap_ms=100.0))


def test_a_head_that_became_whole_is_not_partial(spool):
    spool.partial_head(5.0, b"HTTP/1.1 2")
    spool.head(9.0, HEAD, "chunked")
    spool.ending(10.0, Ending(type="cut"))
    spool.close()
    stream = read(spool.path).interaction.response.stream
    assert (stream.head, stream.headers_ms, stream.end.gap_ms) == (None, 9.0, 1.0)


@pytest.mark.parametrize(
    ("marks", "released", "sizes", "missing"),
    [
        ([(5, 0)], b"hello", [(5, False)], 0),
        ([(5, 7)], b"hello", [(5, True)], 7),
        ([(5, 0), (3, 4)], b"helloabc", [(5, False), (3, True)], 4),
        # The redactor still held some bytes: what is there counts as a whole chunk, nothing is said to be missing.
        ([(5, 7)], b"hel", [(3, False)], 0),
        ([(5, 0), (3, 4)], b"hel", [(3, False)], 0),
        ([(5, 0), (3, 4)], b"hello", [(5, False)], 0),
        ([(5, 0), (3, 4)], b"", [], 0),
    ],
)
def test_killed_in_the_body(spool, marks, released, sizes, missing):
    spool.head(10.0, HEAD, "chunked")
    spool.data(20.0, marks, released)
    spool.close()
    taken = read(spool.path)
    assert [(chunk.size, chunk.more) for chunk in chunks(taken)] == sizes
    assert taken.interaction.response.body == released
    assert taken.interaction.response.stream.end.type == "interrupted"
    assert taken.interaction.response.stream.end.missing == missing


@pytest.mark.parametrize(("framing", "missing"), [("length", 4), ("close", 0)])
def test_reads_of_other_framings_are_never_runs(spool, framing, missing):
    spool.head(10.0, HEAD, framing)
    spool.data(20.0, [(2, 7 if missing else 0)], b"ab")
    spool.data(20.5, [(3, missing)], b"cde")
    spool.ending(30.0, Ending(type="cut", missing=missing))
    spool.close()
    taken = read(spool.path)
    assert chunks(taken) == (Chunk(10.0, 2), Chunk(0.5, 3))
    assert taken.interaction.response.stream.end.missing == missing


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        # (offset, size, left of the chunk) -> lines of chunks
        ([(20.0, 1, 2), (20.5, 1, 1), (21.5, 1, 0)], [Chunk(11.5, 3)]),
        ([(20.0, 1, 2), (21.5, 1, 1), (22.5, 1, 0)], [Chunk(10.0, 1, True), Chunk(2.5, 2)]),
        ([(20.0, 1, 2), (21.5, 1, 1), (23.0, 1, 0)], [Chunk(10.0, 1, True), Chunk(1.5, 1, True), Chunk(1.5, 1)]),
        ([(20.0, 1, 0), (20.0, 1, 0)], [Chunk(10.0, 1), Chunk(0.0, 1)]),
        ([(20.0, 1, 0), (40.0, 1, 3)], [Chunk(10.0, 1), Chunk(20.0, 1, True)]),
        ([(20.0, 1, 4), (20.5, 1, 3), (40.0, 1, 2)], [Chunk(10.5, 2, True), Chunk(19.5, 1, True)]),
    ],
)
def test_only_a_pause_of_more_than_1_ms_divides_a_chunk(spool, pieces, expected):
    spool.head(10.0, HEAD, "chunked")
    for at, size, left in pieces:
        spool.data(at, [(size, left)], b"x" * size)
    missing = pieces[-1][2]
    spool.ending(50.0, Ending(type="cut" if missing else "eof", missing=missing))
    spool.close()
    assert list(chunks(read(spool.path))) == expected


# -- a file that was cut short ----------------------------------------------------------------------------------------


def test_a_file_cut_at_any_byte_gives_a_tape_or_one_line(spool):
    whole(spool)
    data = spool.path.read_bytes()
    longest = 0
    for size in range(len(data) + 1):
        spool.path.write_bytes(data[:size])
        interaction = checked(spool.path, b"helloabcdef")
        if interaction is None:
            assert size < data.index(b"I 3.000")
            continue
        # Nothing that had arrived gets lost again, and what is read can be written as a tape.
        assert len(interaction.response.body) >= longest
        longest = len(interaction.response.body)
        loaded = yamlio.load(yamlio.dump(Cassette((interaction,))), "x.yaml")
        assert loaded.interactions == (interaction,)
    assert longest == 11
