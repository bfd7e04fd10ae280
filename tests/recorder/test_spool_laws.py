"""Laws of the spool: any recording is read as it was written, and no cut or damage of its file does harm."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from spools import HEAD, checked, meta

from cassettes.model import CassetteError, Ending
from recorder.spool import Spool, read


@st.composite
def recordings(draw):
    """(feeds, chunks, missing): each feed is (offset, [(size, left)…], released bytes); chunks are lists of
    (offset, size), one for each piece. Offsets are whole halves of a ms, so that no rounding hides an error."""
    at, feeds, made = 10.0, [], []
    sizes = draw(st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), max_size=6))
    cut = draw(st.integers(0, 9)) if sizes else 0
    for number, pieces in enumerate(sizes):
        rest = sum(pieces) + (cut if number == len(sizes) - 1 else 0)
        made.append([])
        for size in pieces:
            at += draw(st.sampled_from([0.0, 0.5, 1.0, 1.5, 20.0]))
            rest -= size
            made[-1].append((at, size))
            feeds.append((at, (size, rest)))
    total = sum(map(sum, sizes))
    body = draw(st.binary(min_size=total, max_size=total))
    lag = draw(st.integers(0, 6))
    return feeds, made, cut, body, lag


def written(folder, recording, end):
    """The spool file of a recording, closed. The redactor holds back up to `lag` bytes."""
    feeds, _, cut, body, lag = recording
    made = Spool(folder, meta())
    made.head(10.0, HEAD, "chunked")
    came = released = 0
    for at, mark in feeds:
        came += mark[0]
        until = max(released, came - lag)
        made.data(at, [mark], body[released:until])
        released = until
    if end:
        if released < came:
            made.data(at, [], body[released:])
        made.ending((feeds[-1][0] if feeds else 10.0) + 5.0, Ending(type="cut" if cut else "eof", missing=cut))
    made.close()
    return made


def lines(made, cut):
    """The chunks that the pieces should make, worked out piece by piece."""
    found = []
    for number, pieces in enumerate(made):
        groups = [[pieces[0]]]
        for before, piece in pairwise(pieces):
            if piece[0] - before[0] > 1.0:
                groups.append([])
            groups[-1].append(piece)
        for index, group in enumerate(groups):
            last = index == len(groups) - 1
            open_end = bool(cut) and number == len(made) - 1
            found.append((group[-1][0], sum(size for _, size in group), not last or open_end))
    return found


@given(recordings())
def test_marks_and_bytes_round_trip(tmp_path_factory, recording):
    _, made, cut, body, _ = recording
    spool = written(tmp_path_factory.mktemp("spool"), recording, end=True)
    taken = read(spool.path)
    stream = taken.interaction.response.stream
    at, found = 10.0, []
    for chunk in stream.chunks:
        at += chunk.gap_ms
        found.append((at, chunk.size, chunk.more))
    assert taken.whole
    assert found == lines(made, cut)
    assert taken.interaction.response.body == body
    assert (stream.end.gap_ms, stream.end.missing) == (5.0, cut)
    if stream.chunks:
        assert stream.chunks[-1].more == (stream.end.missing > 0)
    spool.remove()


@settings(max_examples=60)
@given(recordings(), st.booleans(), st.data())
def test_no_cut_of_any_recording_does_harm(tmp_path_factory, recording, end, data):
    spool = written(tmp_path_factory.mktemp("spool"), recording, end)
    raw = spool.path.read_bytes()
    for size in data.draw(st.lists(st.integers(0, len(raw)), min_size=1, max_size=20)):
        spool.path.write_bytes(raw[:size])
        checked(spool.path, recording[3])
    spool.remove()


@settings(max_examples=60)
@given(recordings(), st.data())
def test_no_damage_is_a_traceback(tmp_path_factory, recording, data):
    spool = written(tmp_path_factory.mktemp("spool"), recording, end=True)
    raw = bytearray(spool.path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=5)):
        raw[place] = data.draw(st.integers(0, 255))
    spool.path.write_bytes(raw)
    try:
        said = read(spool.path).interaction.request.method
    except CassetteError as error:
        said = str(error)
    assert said
    assert "\n" not in said
    spool.remove()
