"""Marks: the closest goes before the others, a slip of the pen is told with what was meant."""

from __future__ import annotations

import pytest

from mockserver.wishes import Mark, Wish, WishError, checked, wish_of


def test_the_closest_mark_goes_first():
    function, module = Mark(("a",), {"speed": 2}), Mark(("b", "c"), {"speed": 1, "strict": True, "faults": ["cut@1e"]})
    assert wish_of([function, module]) == Wish(("a",), ["cut@1e"], None, 2, None, True)
    assert wish_of([Mark((), {"match": "route"}), module]).tapes == ("b", "c")
    assert wish_of([]) == Wish()


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (Mark((), {"fault": []}), "there is no argument 'fault'; did you mean 'faults'?"),
        (Mark((), {"zzz": 1}), "there is no argument 'zzz'; expected faults, scenario, speed, match, strict"),
        (Mark((3,), {}), "found 3, expected names of tapes, such as 'openai/hello'"),
        (Mark(("",), {}), "found '', expected names"),
        (Mark((), {"strict": "yes"}), "strict: found 'yes', expected True or False"),
    ],
)
def test_what_a_mark_cannot_ask_for(mark, told):
    with pytest.raises(WishError) as error:
        wish_of([mark])
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"sped": 1}, "there is no setting 'sped'; did you mean 'speed'?"),
        ({1: 1}, "there is no setting 1; expected speed"),
        (None, "found NoneType, expected a dict"),
    ],
)
def test_what_the_fixture_cannot_hold(config, told):
    with pytest.raises(WishError) as error:
        checked(config)
    assert told in str(error.value)
    assert checked({"speed": 3}) == {"speed": 3}
