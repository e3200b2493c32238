"""The learner's side and the real class: what one says, the other understands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels_lab import LiveServer
from channels_lab.classroom import wire
from tests.instructor import Frame, Instructor, open_class
from tests.learners import Learners, until


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """The finished project."""
    with LiveServer() as running:
        yield running


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Learners]:
    """Makes learners."""
    with Learners(tmp_path) as learners:
        yield learners


async def test_every_report_is_understood(server: LiveServer, make: Learners) -> None:
    code, key = open_class(server)
    ana = make("ana")
    began = time.perf_counter()
    await ana.join(code, "ana", server.url)
    took = time.perf_counter() - began
    assert took < 1, took
    for body in (
        wire.step("03/2"), wire.tried("03.1", solved=False), wire.hint("03.1", 2),
        wire.stuck("wh\ud83dy?"), wire.unstuck(), wire.idle(), wire.active(),
        wire.stuck("x" * 400), wire.shown("03/2", "😀" * 9_000, "\x00" * 9_000),
        wire.synced({"03.2": {"solved": True, "tries": 2, "hints": 1}}),
    ):  # fmt: skip
        ana.journal.report(body)
    ana.tried("03.1", solved=True)
    with Instructor(server, key) as ada:

        def standing() -> Frame:
            return ada.learners.get("ana", {})

        ada.until(lambda: standing().get("exercises", {}).get("03.1", {}).get("solved"), "all")
        until(lambda: not ana.status().waiting, "the last answer")
        # Had one been refused, it would have come as one that says nothing.
        assert standing()["step"] == "03/2"
        assert standing()["stuck"]["text"] == "x" * 300
        assert standing()["idle_since"] is None
        done = {
            id: (each["tries"], each["hints"], bool(each["solved"]))
            for id, each in standing()["exercises"].items()
        }
        assert done == {"03.1": (2, 2, True), "03.2": (2, 1, True)}
        [shown] = ada.shown
        assert shown["source"].startswith("😀😀") and shown["output"].endswith("… (cut)")


async def test_notes_reach_whom_they_are_for(server: LiveServer, make: Learners) -> None:
    code, key = open_class(server)
    ana, bob = make("ana"), make("bob")
    await ana.join(code, "ana", server.url)
    joined = await bob.join(f"{server.url}/classroom/#{code.replace('-', '').lower()}", "ana")
    assert joined.name == "ana (2)"
    bob.journal.ran("05/1")
    bob.stuck()
    with Instructor(server, key) as ada:
        ada.until(lambda: ada.learners.get("ana (2)", {}).get("stuck"), "bob at his step")
        ada.note("hint", "for bob", {"step": "05/1"})
        ada.note("pause", "")
        ada.hand_down("ana (2)")
        until(lambda: len(bob.notes()) == 2 and len(ana.notes()) == 1, "the notes")
        assert repr(bob.notes()) == "hint: for bob\npause"
        until(lambda: bob.status().hand is None, "the hand to be down")
        assert repr(ana.status()).endswith(": connected, nothing waiting, the class pauses.")


async def test_whoever_is_forgotten_or_taken_out_is_gone_on_both_sides(
    server: LiveServer, make: Learners
) -> None:
    code, key = open_class(server)
    ana, bob, cem = make("ana"), make("bob"), make("cem")
    for learner in (ana, bob, cem):
        await learner.join(code, learner.folder.name, server.url)
    with Instructor(server, key) as ada:
        ada.until(lambda: len(ada.learners) == 3, "three learners")
        assert repr(ana.leave(forget=True)).endswith("It has deleted all that it had of you.")
        ada.until(lambda: set(ada.learners) == {"bob", "cem"}, "one to go")
        ada.remove("bob")
        until(lambda: not bob.journal.is_joined(), "bob to see it")
        bob.tried("03.1", solved=False)
        cem.leave()
        ada.until(lambda: not ada.learners["cem"]["here"], "cem to leave")
        assert (await cem.join(code, "cem", server.url)).name == "cem", "the same one again"
        assert (await bob.join(code, "bob", server.url)).name == "bob", "somebody new"
        ada.until(lambda: set(ada.learners) == {"bob", "cem"}, "both to be there")
        assert ada.learners["bob"]["exercises"] == {}


async def test_a_class_whose_server_is_killed_misses_nothing(
    server: LiveServer, make: Learners
) -> None:
    code, key = open_class(server)
    learners = [make(f"learner {number}") for number in range(5)]
    for learner in learners:
        await learner.join(code, learner.folder.name, server.url)
    for count in range(20):
        if count == 10:
            server.kill()
        for learner in learners:
            learner.tried("03.1", solved=count == 19)
    server.restart()
    with Instructor(server, key) as ada:
        ada.until(
            lambda: (
                [
                    (each["exercises"].get("03.1", {}).get("tries"), each["here"])
                    for each in ada.learners.values()
                ]
                == [(20, True)] * 5
            ),
            "every try of everybody, once",
        )
