"""What a report changes of a learner's standing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.events import (
    Active,
    Done,
    Hint,
    Idle,
    ShowCell,
    Step,
    Stuck,
    Synced,
    Tried,
    Unstuck,
    What,
)
from classroom.standing import MOST_STEPS, Standing, anew, beginning, change, merged

HOME = {"03.1": "03/1", "03.2": "03/2"}
TIMES = [f"2030-01-31T12:00:{second:02}Z" for second in range(60)]


def after(*whats: What, standing: Standing | None = None) -> Standing:
    """The standing after reports, one a second."""
    standing = standing or beginning()
    for at, what in zip(TIMES, whats, strict=False):
        standing = merged(standing, change(standing, what, at, HOME))
    return standing


def test_a_step_is_where_a_learner_is_and_since_when() -> None:
    standing = after(Step("03/1"), Step("03/1"), Step("03/2"), Step("03/1"))
    assert (standing["step"], standing["step_since"]) == ("03/1", TIMES[3])
    assert standing["steps"] == {"03/1": TIMES[0], "03/2": TIMES[2]}


def test_the_same_step_again_is_no_news() -> None:
    assert change(after(Step("03/1")), Step("03/1"), TIMES[9], HOME) == {}


def test_tries_are_counted_until_the_exercise_is_solved() -> None:
    standing = after(
        Tried("03.9", False), Tried("03.9", False), Tried("03.9", True), Tried("03.9", False)
    )
    assert standing["exercises"] == {
        "03.9": {"tries": 3, "hints": 0, "begun": TIMES[0], "solved": TIMES[2]}
    }


def test_an_exercise_begins_with_its_step() -> None:
    standing = after(Step("03/1"), Step("03/2"), Tried("03.1", True))
    assert standing["exercises"]["03.1"] == {
        "tries": 1,
        "hints": 0,
        "begun": TIMES[0],
        "solved": TIMES[2],
    }


def test_the_most_hints_count() -> None:
    standing = after(Hint("03.1", 2), Hint("03.1", 1))
    assert standing["exercises"]["03.1"]["hints"] == 2
    assert change(standing, Hint("03.1", 1), TIMES[9], HOME) == {}


def test_a_hand_stays_up_since_when_it_went_up() -> None:
    standing = after(Stuck(""), Stuck("why?"))
    assert standing["stuck"] == {"since": TIMES[0], "text": "why?"}
    assert after(Unstuck(), standing=standing)["stuck"] is None
    assert change(beginning(), Unstuck(), TIMES[0], HOME) == {}


@pytest.mark.parametrize(
    "what", [Active(), Step("03/1"), Tried("03.1", False), Stuck(""), ShowCell("03/1", "x", "")]
)
def test_whoever_does_something_is_not_idle(what: What) -> None:
    assert after(Idle())["idle_since"] == TIMES[0]
    assert after(Idle(), what)["idle_since"] is None


def test_idleness_began_when_it_began() -> None:
    assert after(Idle(), Idle())["idle_since"] == TIMES[0]
    assert after(Idle(), Synced({}))["idle_since"] == TIMES[0]


def test_what_was_done_before_takes_no_time() -> None:
    standing = after(Synced({"03.1": Done(True, 2, 1), "03.2": Done(False, 1, 0)}))
    assert standing["exercises"] == {
        "03.1": {"tries": 2, "hints": 1, "begun": TIMES[0], "solved": TIMES[0]},
        "03.2": {"tries": 1, "hints": 0, "begun": TIMES[0], "solved": None},
    }


def test_what_was_done_before_undoes_nothing() -> None:
    standing = after(Tried("03.1", True))
    assert change(standing, Synced({"03.1": Done(False, 1, 0)}), TIMES[9], HOME) == {}


def test_a_reset_forgets_what_was_done_and_not_where_a_learner_is() -> None:
    before = after(Step("03/1"), Tried("03.1", True), Step("03/2"), Stuck(""), Idle())
    reset = anew(before, TIMES[9])
    here = {"step": "03/2", "step_since": TIMES[9], "steps": {"03/2": TIMES[9]}}
    assert reset == beginning() | here | {"idle_since": TIMES[4]}
    assert anew(beginning(), TIMES[9]) == beginning()


def test_no_learner_fills_the_database_with_steps() -> None:
    steps = [Step(f"{lesson:02}/{step}") for lesson in range(10) for step in range(100)]
    standing = beginning()
    for what in steps:
        standing = merged(standing, change(standing, what, TIMES[0], HOME))
    assert len(standing["steps"]) == MOST_STEPS
    assert standing["step"] == "09/99"


_EXERCISES = st.sampled_from(["03.1", "03.2", "04.1"])
_WHATS: st.SearchStrategy[Any] = st.one_of(
    st.builds(Step, st.sampled_from(["03/0", "03/1", "03/2"])),
    st.builds(Tried, _EXERCISES, st.booleans()),
    st.builds(Hint, _EXERCISES, st.integers(0, 3)),
    st.builds(Stuck, st.sampled_from(["", "why?"])),
    st.builds(
        Synced, st.dictionaries(_EXERCISES, st.builds(Done, st.booleans(), st.just(1), st.just(0)))
    ),
    st.sampled_from([Unstuck(), Idle(), Active()]),
)


@given(st.lists(_WHATS, max_size=30))
def test_a_change_has_what_differs_and_nothing_else(whats: list[What]) -> None:
    standing = beginning()
    for at, what in zip(TIMES, whats, strict=False):
        changed = change(standing, what, at, HOME)
        new = merged(standing, changed)
        assert new.keys() == beginning().keys()
        assert {key for key in new if new[key] != standing[key]} == changed.keys()
        for name, work in new["exercises"].items():
            assert work["begun"] <= (work["solved"] or at), name
        standing = new
