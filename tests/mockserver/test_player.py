"""The player against a line that is made up and a time that is given: deadlines, back-pressure, endings."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.plan import Plan
from mockserver.player import HIGH_WATER, LARGEST_WRITE, SETTLING, SLOW_READER, Player


class FakeLine:
    """A connection whose reader takes nothing until told to."""

    def __init__(self, held=False):
        self.held = held
        self.writes = []
        self.waiting = 0
        self.in_kernel = 0
        self.closing = False
        self.ended = None

    def write(self, data):
        assert self.ended is None
        self.writes.append(bytes(data))
        if self.held:
            self.waiting += len(data)

    def buffered(self):
        return self.waiting

    def undelivered(self):
        return self.waiting + self.in_kernel

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing, self.ended = True, "fin"

    def reset(self):
        self.closing, self.ended = True, "rst"

    def half_close(self):
        self.ended = "half"

    def truncate(self):
        self.closing, self.ended = True, "truncated"

    @property
    def data(self):
        return b"".join(self.writes)


class Stage:
    """A player on a fake line, with what it told."""

    def __init__(self, *entries, action="keep", end_due=None, body=True, start=100.0, held=False, drain=30.0, tail=0):
        wire = b"".join(data for _, data in entries)
        ends, size = array("q"), 0
        for _, data in entries:
            size += len(data)
            ends.append(size)
        due = array("d", [due for due, _ in entries])
        last = due[-1] if due else 0.0
        self.plan = Plan(wire, due, ends, action, last if end_due is None else end_due, 200, size - tail if body else 0)
        self.line = FakeLine(held)
        self.told = []
        self.start = start
        self.player = Player(
            self.plan, self.line, start, lambda: self.told.append("delivered"), self.told.append, drain
        )

    def pump(self, after):
        """Pumps `after` seconds from the start; the next deadline counts from the start too."""
        following = self.player.pump(self.start + after)
        return None if following is None else following - self.start


def test_every_write_has_an_absolute_deadline():
    stage = Stage((0.0, b"head"), (0.5, b"a"), (1.25, b"b"))
    assert stage.pump(0.0) == 0.5
    assert stage.line.writes == [b"head"]
    assert stage.pump(0.5) == 1.25
    assert stage.told == []
    assert stage.pump(1.25) is None
    assert (stage.line.writes, stage.told) == ([b"head", b"a", b"b"], ["delivered", "played"])
    assert stage.player.finished
    assert stage.player.bytes_written == 6


def test_nothing_is_written_early():
    stage = Stage((0.5, b"a"), (1.0, b"b"))
    assert stage.pump(0.0) == 0.5
    assert stage.pump(0.499) == 0.5
    assert stage.line.writes == []


def test_a_late_wake_up_does_not_shift_what_follows():
    stage = Stage((0.5, b"a"), (1.0, b"b"), (1.5, b"c"))
    assert stage.pump(0.9) == 1.0
    assert stage.pump(1.0) == 1.5
    assert stage.pump(1.5) is None
    assert stage.line.writes == [b"a", b"b", b"c"]


def test_what_became_due_in_the_meantime_goes_out_in_one_write():
    stage = Stage((0.1, b"a"), (0.2, b"b"), (0.3, b"c"), (0.4, b"d"))
    assert stage.pump(0.35) == pytest.approx(0.4)
    assert stage.line.writes == [b"abc"]


# -- large bodies and slow readers -----------------------------------------------------------------------------------


def test_a_write_has_64_kb_at_most_and_the_rest_is_due_at_once():
    entry = b"x" * (LARGEST_WRITE + 1)
    stage = Stage((0.0, entry), (0.0, b"tail"))
    assert stage.pump(0.0) == 0.0
    assert [len(data) for data in stage.line.writes] == [LARGEST_WRITE]
    assert stage.pump(0.0) is None
    assert stage.line.data == stage.plan.wire


@pytest.mark.parametrize(
    ("sizes", "writes"),
    [
        ([40_000, 40_000, 40_000], [40_000, 40_000, 40_000]),
        ([30_000, 30_000, 30_000, 30_000], [60_000, 60_000]),
        ([10, 200_000, 10], [10, 65_536, 65_536, 65_536, 3_402]),
        ([200_000, 70_000], [65_536, 65_536, 65_536, 3_392, 65_536, 4_464]),
        ([65_536, 65_536], [65_536, 65_536]),
        ([65_537], [65_536, 1]),
    ],
)
def test_writes_stop_after_whole_entries_where_one_fits(sizes, writes):
    stage = Stage(*((0.0, bytes([number]) * size) for number, size in enumerate(sizes)))
    while stage.pump(1.0) is not None:
        assert len(stage.line.writes) < 20
    assert [len(data) for data in stage.line.writes] == writes
    assert stage.line.data == stage.plan.wire


def test_a_slow_reader_is_waited_for_with_a_bounded_buffer():
    stage = Stage((0.0, bytes(4 * 1024 * 1024)), held=True)
    most, now = 0, 0.0
    while (following := stage.pump(now)) is not None:
        most = max(most, stage.line.waiting)
        if following > now:
            assert following == pytest.approx(now + SLOW_READER)
            stage.line.waiting = max(0, stage.line.waiting - 10_000)
        now = following
    assert most <= HIGH_WATER + LARGEST_WRITE
    assert stage.line.data == stage.plan.wire
    assert stage.told == ["delivered", "played"]


def test_what_was_late_for_a_slow_reader_does_not_shift_what_follows():
    stage = Stage((0.0, bytes(HIGH_WATER + 1)), (0.1, b"b"), (5.0, b"c"), held=True)
    while stage.pump(0.0) == 0.0:
        pass
    assert stage.pump(0.1) == pytest.approx(0.1 + SLOW_READER)
    stage.line.waiting = 0
    assert stage.pump(2.0) == 5.0
    assert stage.line.writes[-1] == b"b"


# -- delivery --------------------------------------------------------------------------------------------------------


def test_delivered_is_when_the_last_body_byte_is_with_the_socket():
    stage = Stage((0.0, b"body"), action="close", end_due=9.0, held=True)
    assert stage.pump(0.0) == pytest.approx(SLOW_READER)
    assert stage.pump(1.0) == pytest.approx(1.0 + SLOW_READER)
    assert stage.told == []
    stage.line.waiting = 0
    assert stage.pump(2.0) == 9.0
    assert stage.told == ["delivered"]
    assert stage.pump(9.0) is None
    assert stage.told == ["delivered", "played"]


def test_delivered_does_not_wait_for_the_last_chunk():
    # A client that has read `data: [DONE]` may leave before the last-chunk comes: it had the whole body.
    stage = Stage((0.0, b"4\r\nbody\r\n"), (0.5, b"0\r\n\r\n"), tail=5)
    assert stage.pump(0.0) == 0.5
    assert stage.told == ["delivered"]
    stage.line.closing = True
    assert stage.pump(0.5) is None
    assert stage.told == ["delivered", "client-left"]


def test_delivery_is_looked_for_before_the_last_chunk_is_due():
    stage = Stage((0.0, b"body"), (0.5, b"0\r\n\r\n"), held=True, tail=5)
    assert stage.pump(0.0) == pytest.approx(SLOW_READER)
    stage.line.waiting = 0
    assert stage.pump(0.1) == 0.5
    assert (stage.told, stage.line.writes) == (["delivered"], [b"body"])


def test_the_last_chunk_is_not_late_for_a_slow_reader():
    stage = Stage((0.0, b"body"), (SLOW_READER / 2, b"0\r\n\r\n"), held=True, tail=5)
    assert stage.pump(0.0) == pytest.approx(SLOW_READER / 2)


def test_without_body_it_is_delivered_when_its_ending_was_played():
    stage = Stage((0.0, b"head"), action="reset", end_due=1.0, body=False)
    assert stage.pump(0.0) == 1.0
    assert stage.told == []
    assert stage.pump(1.0) is None
    assert (stage.told, stage.line.ended) == (["delivered", "played"], "rst")


# -- endings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "ended"), [("close", "fin"), ("reset", "rst"), ("truncate", "truncated")])
def test_a_connection_ends_when_the_tape_says(action, ended):
    stage = Stage((0.0, b"a"), action=action, end_due=2.0)
    assert stage.pump(0.0) == 2.0
    assert stage.pump(1.9) == 2.0
    assert stage.line.ended is None
    assert stage.pump(2.0) is None
    assert stage.line.ended == ended
    assert stage.told == ["delivered", "played"]


def test_a_connection_that_lives_on_is_free_at_once():
    stage = Stage((0.0, b"a"), action="keep", end_due=2.0)
    assert stage.pump(0.0) is None
    assert (stage.line.ended, stage.told) == (None, ["delivered", "played"])


def test_no_byte_at_all():
    stage = Stage(action="reset", end_due=0.25)
    assert stage.pump(0.0) == 0.25
    assert stage.pump(0.25) is None
    assert (stage.line.writes, stage.line.ended, stage.told) == ([], "rst", ["delivered", "played"])


def test_a_stall_ends_when_the_client_leaves():
    stage = Stage((0.0, b"a"), action="stall", end_due=1.0)
    assert stage.pump(0.0) == 1.0
    assert stage.pump(1.0) is None
    assert stage.pump(99.0) is None
    assert (stage.told, stage.player.finished, stage.line.ended) == (["delivered"], False, None)
    stage.player.stop()
    assert stage.told == ["delivered", "played"]
    stage.player.stop()
    assert stage.pump(100.0) is None
    assert stage.told == ["delivered", "played"]


def test_a_half_closed_connection_ends_when_the_client_leaves():
    stage = Stage((0.0, b"a"), action="half-close", end_due=1.0)
    assert stage.pump(0.0) == 1.0
    assert stage.line.ended is None
    assert stage.pump(1.0) is None
    assert (stage.told, stage.player.finished, stage.line.ended) == (["delivered"], False, "half")
    stage.player.stop()
    assert stage.told == ["delivered", "played"]


def test_a_stall_before_the_head_ends_when_the_client_leaves():
    stage = Stage(action="stall", end_due=1.0)
    assert stage.pump(0.0) == 1.0
    stage.line.closing = True
    assert stage.pump(1.0) is None
    assert stage.told == ["delivered", "played"]


def test_a_stall_whose_body_has_not_left_was_not_played():
    stage = Stage((0.0, b"a"), action="stall", held=True)
    assert stage.pump(0.0) == pytest.approx(SLOW_READER)
    stage.player.stop()
    assert stage.told == ["client-left"]


@pytest.mark.parametrize("how", ["stop", "closing"])
def test_a_client_that_leaves_in_the_middle(how):
    stage = Stage((0.0, b"a"), (1.0, b"b"))
    assert stage.pump(0.0) == 1.0
    if how == "stop":
        stage.player.stop()
    else:
        stage.line.closing = True
    assert stage.pump(1.0) is None
    assert (stage.told, stage.line.writes, stage.player.finished) == (["client-left"], [b"a"], True)


def test_a_reset_waits_until_the_kernel_of_the_client_has_everything():
    stage = Stage((0.0, b"a"), action="reset", end_due=1.0, drain=5.0)
    stage.line.in_kernel = 1
    assert stage.pump(0.0) == 1.0
    assert stage.told == ["delivered"]
    now = 1.0
    for _ in range(10):
        following = stage.pump(now)
        assert following == pytest.approx(now + SETTLING)
        now = following
    stage.line.in_kernel = 0
    assert stage.pump(now) is None
    assert (stage.line.ended, stage.told) == ("rst", ["delivered", "played"])


def test_a_reset_waits_no_longer_than_its_cap():
    stage = Stage((0.0, b"a"), action="reset", end_due=1.0, drain=0.1)
    stage.line.in_kernel = 1
    assert stage.pump(1.0) == pytest.approx(1.0 + SETTLING)
    assert stage.pump(1.09) == pytest.approx(1.09 + SETTLING)
    assert stage.line.ended is None
    # The cap counts from the moment of the reset.
    assert stage.pump(1.1001) is None
    assert (stage.line.ended, stage.player.lost) == ("rst", 1)


def test_fin_needs_no_wait_it_destroys_nothing():
    stage = Stage((0.0, b"a"), action="close")
    stage.line.in_kernel = 1
    assert stage.pump(0.0) is None
    assert stage.line.ended == "fin"


# -- laws ------------------------------------------------------------------------------------------------------------

ENTRIES = st.lists(st.tuples(st.floats(0, 100), st.binary(min_size=1, max_size=9)), min_size=1, max_size=20).map(
    lambda entries: sorted(entries, key=lambda entry: entry[0])
)
ACTIONS = st.sampled_from(["keep", "close", "reset"])


@given(ENTRIES, ACTIONS, st.floats(0, 1e6), st.lists(st.floats(0, 0.5), max_size=30), st.floats(0, 10))
def test_bytes_go_out_in_order_never_early_and_only_as_late_as_the_wake_up(entries, action, start, delays, gap):
    stage = Stage(*entries, action=action, start=start, end_due=entries[-1][0] + gap)
    now, lateness, pumps = start, iter(delays), 0
    log = []
    while (following := stage.player.pump(now)) is not None:
        pumps += 1
        log.append((now, len(stage.line.data)))
        assert following >= now
        now = following + next(lateness, 0.0)
        # Woken at its deadline a player gets on: no deadline is asked for twice.
        assert pumps <= len(entries) + 2
    log.append((now, len(stage.line.data)))
    assert stage.line.data == stage.plan.wire
    assert stage.told == ["delivered", "played"]
    for at, size in log:
        due = sum(len(data) for due, data in entries if start + due <= at)
        barely = sum(len(data) for due, data in entries if start + due <= at + 1e-8)
        assert due <= size <= barely


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 300_000)), min_size=1, max_size=6),
    st.lists(st.integers(0, 200_000), max_size=200),
)
def test_no_reader_makes_the_buffer_grow(entries, reads):
    stage = Stage(*((due, bytes(size)) for due, size in sorted(entries)), action="close", held=True)
    now, taken, pumps = stage.start, iter(reads), 0
    while (following := stage.player.pump(now)) is not None:
        assert stage.line.waiting <= HIGH_WATER + LARGEST_WRITE
        assert all(len(data) <= LARGEST_WRITE for data in stage.line.writes)
        stage.line.waiting -= min(stage.line.waiting, next(taken, 1_000_000))
        now = following
        pumps += 1
        assert pumps < 2000
    assert stage.line.data == stage.plan.wire
    assert stage.told == ["delivered", "played"]


# -- told what to do -------------------------------------------------------------------------------------------------


def test_a_pause_moves_every_deadline():
    stage = Stage((0.0, b"head"), (0.5, b"a"), (1.25, b"b"), action="close", end_due=2.0)
    stage.pump(0.0)
    stage.player.pause(stage.start + 0.25)
    stage.player.pause(stage.start + 0.3)  # a second time changes nothing
    assert stage.player.paused
    assert stage.player.due_in(stage.start + 9.0) is None
    assert stage.player.resume(stage.start + 10.25) == stage.start + 10.25
    assert stage.player.due_in(stage.start + 10.25) == pytest.approx(0.25)
    assert stage.pump(10.25) == pytest.approx(10.5)
    assert stage.pump(10.5) == pytest.approx(11.25)
    assert stage.pump(11.25) == pytest.approx(12.0)
    assert stage.pump(12.0) is None
    assert (stage.line.data, stage.line.ended) == (b"headab", "fin")


def test_a_resume_without_a_pause_changes_nothing():
    stage = Stage((0.0, b"a"), (0.5, b"b"))
    stage.pump(0.0)
    stage.player.resume(stage.start + 0.1)
    assert stage.pump(0.2) == 0.5


def test_a_step_plays_at_once_and_the_gap_behind_it_stays():
    stage = Stage((0.0, b"head"), (0.5, b"aA"), (1.25, b"b"), action="close", end_due=2.0)
    stage.pump(0.0)
    stage.player.step(stage.start + 0.1, 5)  # half of what is due at 0.5
    assert stage.line.writes == [b"head", b"a"]
    assert stage.player.paused
    stage.player.step(stage.start + 0.2, 6)
    assert stage.line.writes == [b"head", b"a", b"A"]
    stage.player.resume(stage.start + 5.0)
    assert stage.pump(5.0) == pytest.approx(5.75)
    assert stage.pump(5.75) == pytest.approx(6.5)


def test_a_step_past_the_last_byte_is_the_ending():
    stage = Stage((0.0, b"a"), action="reset", end_due=60.0)
    stage.player.step(stage.start, 1)
    assert (stage.line.data, stage.told) == (b"a", [])
    stage.player.step(stage.start, 1)
    stage.player.resume(stage.start + 1.0)
    assert stage.pump(1.0) is None
    assert (stage.line.ended, stage.told) == ("rst", ["delivered", "played"])


def test_what_is_injected_is_counted_apart():
    stage = Stage((0.0, b"a"), (0.5, b"b"))
    stage.pump(0.0)
    stage.player.inject(b"xyz")
    stage.pump(0.5)
    assert stage.line.writes == [b"a", b"xyz", b"b"]
    assert (stage.player.bytes_written, stage.player.place) == (5, 2)


def test_a_drop_resets_and_tells_so():
    stage = Stage((0.0, b"a"), (0.5, b"b"))
    stage.pump(0.0)
    stage.player.drop()
    assert (stage.line.ended, stage.told) == ("rst", ["dropped"])
    stage.player.drop()
    assert stage.told == ["dropped"]
    assert stage.pump(0.5) is None


def test_when_bytes_were_written():
    stage = Stage((0.0, b"a"), (0.5, b"b"), action="stall")
    assert (stage.player.first, stage.player.last) == (None, None)
    stage.pump(0.125)
    stage.pump(0.75)
    assert (stage.player.first, stage.player.last) == (stage.start + 0.125, stage.start + 0.75)
    assert stage.player.due_in(stage.start) is None


def test_a_client_that_does_not_read():
    stage = Stage((0.0, b"x" * (HIGH_WATER + 1)), (0.5, b"b"), held=True)
    assert not stage.player.clogged()
    stage.pump(0.0)
    stage.pump(0.0)
    assert stage.player.clogged()


@given(
    ENTRIES,
    ACTIONS,
    st.lists(st.tuples(st.sampled_from(["pause", "resume", "step", "pump"]), st.floats(0, 5)), max_size=25),
)
def test_whatever_it_is_told_the_bytes_are_the_tapes_and_in_order(entries, action, orders):
    stage = Stage(*entries, action=action)
    player, now = stage.player, stage.start
    for order, wait in orders:
        now += wait
        if player.finished:
            break
        if order == "pause":
            player.pause(now)
        elif order == "resume":
            player.resume(now)
        elif order == "step":
            player.step(now, min(player.place + 1, len(stage.plan.wire)))
        elif not player.paused:
            player.pump(now)
        assert stage.plan.wire.startswith(stage.line.data)
    following = player.resume(now)
    while not player.finished:
        following = player.pump(following)
    assert stage.line.data == stage.plan.wire
    assert stage.told == ["delivered", "played"]
