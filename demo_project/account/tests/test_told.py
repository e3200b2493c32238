"""What clients have been told: one object for all who were told the same."""

import gc
import weakref

from hypothesis import given
from hypothesis import strategies as st

from account.told import NOBODY, Told

NAMES = st.sampled_from(["ana", "bob", "cem", "dora"])


@given(st.lists(st.tuples(NAMES, st.integers(0, 3))))
def test_whatever_is_told_in_whatever_order_it_is_what_a_dict_would_be(
    changes: list[tuple[str, int]],
) -> None:
    told, expected = NOBODY, dict[str, int]()
    for name, tabs in changes:
        expected[name] = tabs
        before, kept = told, dict(told.tabs)
        told = told.having(name, tabs)
        assert told.tabs == {name: tabs for name, tabs in expected.items() if tabs}
        assert before.tabs == kept
        assert told is Told.of(told.tabs) is before.having(name, tabs)


def test_those_who_were_told_the_same_on_different_ways_have_one_object() -> None:
    first = NOBODY.having("ana", 1).having("bob", 1)
    second = Told.of({"bob": 1, "cem": 1}).having("ana", 1).having("cem", 0)
    assert first is second
    assert "ana" in first and "cem" not in first


def test_one_that_is_behind_keeps_nothing_of_what_came_since() -> None:
    behind = Told.of({"ana": 1})
    since = behind.having("bob", 1)
    gone = weakref.ref(since)
    del since
    gc.collect()
    assert gone() is None
    assert behind.having("bob", 1).tabs == {"ana": 1, "bob": 1}


def test_two_with_the_same_hash_are_told_apart() -> None:
    # -1 and -2 have the same hash in CPython, and so have tuples of them.
    assert hash(("ana", -1)) == hash(("ana", -2))
    one, other = Told.of({"ana": -1}), Told.of({"ana": -2})
    assert one.tabs == {"ana": -1} and other.tabs == {"ana": -2}
