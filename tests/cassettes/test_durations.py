"""Durations and speeds as people write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.durations import DurationError, age, duration, rate, speed


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        ("250ms", 250.0),
        ("1.5s", 1500.0),
        (".5s", 500.0),
        ("2.s", 2000.0),
        ("2m", 120_000.0),
        ("1h", 3_600_000.0),
        ("0ms", 0.0),
        ("0.0", 0.0),
        ("0", 0.0),
        (" 3 s ", 3000.0),
    ],
)
def test_durations(written, ms):
    assert duration(written) == ms


@pytest.mark.parametrize(
    "written",
    ["", " ", "ms", "-1s", "1d", "1 2s", "1,5s", "nan", "inf", "1e3", "\u0663s", "1_0s", ".s", "1sec", "1s\n2s"],
)
def test_what_is_no_duration(written):
    with pytest.raises(DurationError, match="is not a duration; expected a number with ms, s, m or h") as caught:
        duration(written)
    assert repr(written) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("written", "number"), [("3", "3"), (" 1.5 ", "1.5"), ("0.001", "0.001"), (".5", ".5")])
def test_a_number_without_a_unit_is_asked_for_one(written, number):
    with pytest.raises(DurationError) as caught:
        duration(written)
    assert str(caught.value).endswith(f"has no unit; expected {number}s (seconds) or {number}ms (milliseconds)")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("written", ["9" * 400 + "h", "3000h"])
def test_durations_that_no_timer_can_hold(written):
    with pytest.raises(DurationError, match="is too long a duration; expected 2778h at most") as caught:
        duration(written)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("written", "factor"),
    [("1", 1.0), ("2x", 2.0), ("0.5X", 0.5), (" 10 ", 10.0), ("1e3", 1000.0), ("max", math.inf), (" MAX ", math.inf)],
)
def test_speeds(written, factor):
    assert speed(written) == factor


@pytest.mark.parametrize("written", ["", "0", "-1", "x", "fast", "nan", "inf", "-inf", "1e-320", "2xx", "maxx"])
def test_what_is_no_speed(written):
    with pytest.raises(DurationError, match=r"is not a speed; expected a factor above 0, such as 0\.5 or 10, or max"):
        speed(written)


@given(st.floats(0, 2e6, allow_subnormal=False), st.sampled_from([("ms", 1), ("s", 1000), ("m", 60_000)]))
def test_any_decimal_number_is_taken(number, unit):
    suffix, factor = unit
    written = f"{number:.6f}"
    if float(written) * factor <= 1e10:
        assert duration(written + suffix) == float(written) * factor


@given(st.text(max_size=8))
def test_any_text_is_a_value_or_an_error(written):
    for read in (duration, speed):
        try:
            found = read(written)
        except DurationError as error:
            found = len(str(error))
        assert found >= 0


@pytest.mark.parametrize(("text", "per_second"), [("40", 40.0), ("0.5", 0.5), (" 2 ", 2.0)])
def test_a_rate(text, per_second):
    assert rate(text) == per_second


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "0", "fast", ""])
def test_what_is_no_rate(text):
    with pytest.raises(DurationError, match="expected a number of events per second above 0"):
        rate(text)


@pytest.mark.parametrize(("text", "days"), [("90d", 90), ("12w", 84), ("36h", 1.5), (" 0.5D ", 0.5), ("0d", 0)])
def test_an_age(text, days):
    assert age(text) == days


@pytest.mark.parametrize("text", ["", "90", "90ms", "-1d", "d", "9999999d", "1 month"])
def test_what_is_no_age(text):
    with pytest.raises(DurationError, match="is not an age; expected a number with h, d or w, such as 90d"):
        age(text)
