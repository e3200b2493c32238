"""The learner's journal: numbers without a gap, kernels side by side, a cell that never waits."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels_lab.classroom import wire
from channels_lab.classroom.address import Address
from channels_lab.classroom.journal import FILE, JOINED, Journal
from channels_lab.classroom.records import Kept, Membership, Note, Unwritable

NOTEBOOKS = Path(__file__).resolve().parents[1]
HERE = Address.of("K7PM-2QXR", "http://127.0.0.1:8080")
THERE = Address.of("AAAA-BBBB", "http://127.0.0.1:8080")
SYNCED = wire.synced({})


def enter(journal: Journal, address: Address = HERE, taken: int = 0) -> Membership:
    """Join a class as its welcome does."""
    journal.begin(address, "ana")
    journal.welcomed(address.code, called="ana", title="Channels", paused=False, taken=taken)
    return journal.enter(address.code)


def all_kept(journal: Journal) -> list[tuple[int, str]]:
    """Take every report that waits; its number and what it is."""
    found = []
    while kept := journal.next_report(HERE.code):
        found.append((kept.number, str(kept.body["what"])))
        journal.taken(HERE.code, kept.number)
    return found


def first(journal: Journal) -> Kept:
    """The first report that waits."""
    kept = journal.next_report(HERE.code)
    assert kept is not None
    return kept


def membership(journal: Journal) -> Membership:
    """The class that the learner is in."""
    row = journal.membership()
    assert row is not None
    return row


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The journal of a learner who is in a class."""
    journal = Journal(tmp_path)
    enter(journal)
    yield journal
    journal.close()


def test_reports_are_numbered_from_one_and_kept_until_they_are_taken(journal: Journal) -> None:
    journal.report(wire.tried("03.1", solved=False))
    journal.report(wire.hint("03.1", 1), wire.tried("03.1", solved=True))
    assert membership(journal).waiting == 3
    assert first(journal).body == {"what": "tried", "exercise": "03.1", "solved": False}
    assert first(journal).number == 1
    journal.taken(HERE.code, 2)
    assert first(journal).number == 3
    journal.taken(HERE.code, 1)  # an answer that comes late
    assert first(journal).number == 3
    assert membership(journal).waiting == 1


def test_they_outlast_the_kernel(journal: Journal, tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from channels_lab.classroom.journal import Journal\n"
        "from channels_lab.classroom import wire\n"
        "Journal(Path(sys.argv[1])).report(wire.tried('03.1', solved=True))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    ended = subprocess.run(command, cwd=NOTEBOOKS, timeout=60, check=False)
    assert ended.returncode == -9
    assert all_kept(journal) == [(1, "tried")]


def test_kernels_and_threads_that_report_at_once_leave_no_gap(
    journal: Journal, tmp_path: Path
) -> None:
    others = [Journal(tmp_path), Journal(tmp_path)]

    def report(one: Journal) -> None:
        for _ in range(100):
            one.report(wire.tried("03.1", solved=False))

    threads = [threading.Thread(target=report, args=(j,)) for j in (journal, *others, others[0])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in (journal, *others):
        one.write()  # what could not be written at once
    assert [number for number, _ in all_kept(journal)] == list(range(1, 401))
    for one in others:
        one.close()


def test_a_cell_does_not_wait_for_a_kernel_that_holds_the_file(
    journal: Journal, tmp_path: Path
) -> None:
    blocker = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    took = []
    for _ in range(9):
        began = time.perf_counter()
        journal.report(wire.tried("03.1", solved=False))
        took.append(time.perf_counter() - began)
    # The quickest of nine: any one of them may meet a machine that does something else.
    assert min(took) < 0.005
    assert membership(journal).waiting == 9
    with pytest.raises(Unwritable, match="locked"):
        journal.write(0.01)
    assert membership(journal).waiting == 9
    blocker.execute("ROLLBACK")
    blocker.close()
    journal.report(wire.hint("03.1", 1))  # the next one takes along those before it, in order
    assert membership(journal).waiting == 10
    assert all_kept(journal) == [*((n, "tried") for n in range(1, 10)), (10, "hint")]


def test_what_says_nothing_new_is_not_reported(journal: Journal) -> None:
    for step in ("03/1", "03/1", None, "03/2", "03/1"):
        journal.ran(step)
    journal.report(wire.unstuck())
    assert all_kept(journal) == [(1, "step"), (2, "step"), (3, "step")]


def test_a_step_that_another_kernel_has_left_is_reported_again(
    journal: Journal, tmp_path: Path
) -> None:
    other = Journal(tmp_path)
    journal.ran("03/1")
    other.ran("05/1")
    journal.ran("03/1")
    assert all_kept(journal) == [(1, "step"), (2, "step"), (3, "step")]
    other.close()


def test_a_learner_is_idle_once_no_kernel_runs_anything(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Journal(tmp_path)
    monkeypatch.setattr(Journal, "idle_seconds", -1.0)
    began = membership(journal).active
    journal.rest(running=True)
    assert membership(journal).waiting == 0
    journal.rest(running=False)
    other.rest(running=False)
    kept = first(journal)
    assert (kept.body, kept.at) == ({"what": "idle"}, began), "idle since the last cell"
    other.ran(None)
    assert all_kept(journal) == [(1, "idle"), (2, "active")]
    looked = membership(journal).active
    journal.ran(None)  # another kernel, between the look and the word
    journal.report(wire.idle(), at=looked - 1)
    assert all_kept(journal) == []
    other.close()


def test_the_hand_is_what_was_said_last(journal: Journal) -> None:
    journal.report(wire.stuck("why?"))
    assert membership(journal).hand == "why?"
    journal.hand_down(HERE.code)
    assert membership(journal).hand is None
    journal.report(wire.stuck("still"))
    journal.welcomed(HERE.code, called="a", title="C", paused=False, taken=0, stuck=False)
    assert membership(journal).hand == "still", "the class has not heard of it yet"
    journal.welcomed(HERE.code, called="a", title="C", paused=False, taken=2, stuck=False)
    assert membership(journal).hand is None, "it was taken down while nobody was connected"


def test_notes_are_kept_once_and_say_whether_the_class_pauses(journal: Journal) -> None:
    hint, pause = Note(3, "hint", "look", "at"), Note(5, "pause", "", "at")
    for note in (hint, hint, pause):
        journal.add_note(HERE.code, note)
    assert journal.notes() == [hint, pause]
    row = membership(journal)
    assert (row.last_note, row.paused, row.read_note) == (5, 1, 0)
    journal.mark_read(3)
    assert membership(journal).read_note == 3


# ---------------------------------------------------------------------- coming and going


def test_another_note_of_the_same_number_is_new(journal: Journal) -> None:
    journal.add_note(HERE.code, Note(1, "pause", "look up", "at"))
    journal.add_note(HERE.code, Note(2, "resume", "", "at"))
    journal.mark_read(2)
    journal.add_note(HERE.code, Note(1, "pause", "look up", "at"))  # another kernel heard it late
    row = membership(journal)
    assert (row.last_note, row.read_note, row.paused) == (2, 2, 0)
    journal.add_note(HERE.code, Note(1, "hint", "after a crash", "later"))
    row = membership(journal)
    assert (row.last_note, row.read_note) == (1, 0)
    assert [note.text for note in journal.notes()] == ["after a crash", ""]


def test_leaving_needs_no_more_than_a_file_that_goes(journal: Journal, tmp_path: Path) -> None:
    journal.report(wire.tried("03.1", solved=False))
    (tmp_path / JOINED).unlink()
    assert journal.membership() is None
    assert journal.next_report(HERE.code) is None
    journal.report(wire.tried("03.1", solved=False))
    enter(journal)
    assert all_kept(journal) == [(1, "tried")], "what was reported while out of it never was"


def test_who_comes_back_is_the_same_and_counts_on(journal: Journal) -> None:
    journal.report(wire.tried("03.1", solved=False))
    key = membership(journal).key
    journal.leave()
    assert journal.membership() is None
    assert enter(journal, taken=1).key == key  # the answer to the first was lost
    journal.report(wire.tried("03.1", solved=True))
    assert all_kept(journal) == [(2, "tried")]


def test_who_was_forgotten_comes_back_as_somebody_new(journal: Journal, tmp_path: Path) -> None:
    journal.add_note(HERE.code, Note(1, "hint", "look", "at"))
    key = membership(journal).key
    journal.leave(forget=True)
    assert journal.notes() == []
    journal.close()
    assert key.encode() not in (tmp_path / FILE).read_bytes(), "nothing of it is left in the file"
    assert enter(journal).key != key


def test_another_class_takes_the_place_of_the_first(journal: Journal) -> None:
    journal.report(wire.tried("03.1", solved=False), wire.stuck("why?"))
    enter(journal, THERE)
    assert membership(journal).code == THERE.code
    assert journal.next_report(HERE.code) is None
    assert enter(journal).hand is None
    assert all_kept(journal) == []


# ---------------------------------------------------------------------- trouble


def test_a_class_that_was_brought_back_from_a_copy_is_told_where_the_learner_stands(
    journal: Journal, tmp_path: Path
) -> None:
    other = Journal(tmp_path)
    for _ in range(5):
        journal.report(wire.tried("03.1", solved=False))
    journal.add_note(HERE.code, Note(4, "hint", "look", "at"))
    journal.taken(HERE.code, 3)
    sent = first(journal)
    assert (sent.number, sent.taken) == (4, 3)
    journal.gone_back(HERE.code, sent, 1, SYNCED)
    other.gone_back(HERE.code, sent, 1, SYNCED)  # another kernel hears the same answer
    assert all_kept(journal) == [(2, "synced"), (3, "tried"), (4, "tried")]
    assert membership(journal).last_note == 0  # all that it has is asked for
    other.close()


def test_an_answer_that_was_overtaken_changes_nothing(journal: Journal) -> None:
    for _ in range(3):
        journal.report(wire.tried("03.1", solved=False))
    sent = first(journal)
    journal.taken(HERE.code, 2)  # another kernel has sent two
    journal.gone_back(HERE.code, sent, 1, SYNCED)
    assert first(journal).number == 3


def test_what_a_class_refuses_keeps_its_number(journal: Journal) -> None:
    journal.report(wire.tried("03.1", solved=False), wire.hint("03.1", 1))
    journal.blank(HERE.code, 1)
    assert all_kept(journal) == [(1, "active"), (2, "hint")]


@pytest.mark.parametrize("damage", [b"no journal" * 500, b"SQLite format 3\0" + b"?" * 5000])
def test_a_damaged_file_is_set_aside_with_a_sentence(
    journal: Journal, tmp_path: Path, damage: bytes
) -> None:
    journal.close()
    (tmp_path / FILE).write_bytes(damage)
    with pytest.raises(Unwritable):
        journal.membership()
    assert "is kept as classroom.damaged.sqlite3; join the class again." in journal.note
    assert (tmp_path / "classroom.damaged.sqlite3").read_bytes() == damage
    journal.report(wire.tried("03.1", solved=False))  # a cell is told nothing of it
    enter(journal)
    journal.report(wire.hint("03.1", 1))
    assert all_kept(journal)[-1][1] == "hint"


def test_a_journal_of_another_version_is_set_aside(journal: Journal, tmp_path: Path) -> None:
    journal.close()
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(Unwritable):
        journal.membership()
    assert "(it is of version 9)" in journal.note


def test_a_file_that_another_kernel_has_set_aside_is_left_alone(
    journal: Journal, tmp_path: Path
) -> None:
    (tmp_path / FILE).rename(tmp_path / "aside")
    assert journal.membership() is None
    enter(journal)
    journal.report(wire.hint("03.1", 1))
    other = Journal(tmp_path)
    assert all_kept(other) == [(1, "hint")], "it is in the new file"
    other.close()


def test_what_a_full_disk_does_not_take_is_written_later(journal: Journal) -> None:
    with journal._store.transaction(1) as database:
        database.execute("PRAGMA max_page_count = 1")  # of this connection
    journal.report(wire.shown("03/2", "x" * 8_000, ""))  # a cell is told nothing of it
    assert membership(journal).waiting == 1
    journal.report(wire.hint("03.1", 1))  # the file is opened again, and there is room
    assert all_kept(journal) == [(1, "shown"), (2, "hint")]


def test_a_folder_that_cannot_be_written_is_no_matter_of_a_cell(tmp_path: Path) -> None:
    (tmp_path / JOINED).write_text("joined")
    (tmp_path / FILE).mkdir()
    journal = Journal(tmp_path)
    journal.report(wire.hint("03.1", 1))
    with pytest.raises(Unwritable, match="directory"):
        journal.write()


def test_only_the_learner_may_read_it(journal: Journal, tmp_path: Path) -> None:
    mode = stat.S_IMODE((tmp_path / FILE).stat().st_mode)
    assert mode == 0o600


def test_a_fork_of_the_kernel_writes_nothing(journal: Journal) -> None:
    if (child := os.fork()) == 0:
        journal.report(wire.hint("03.1", 1))
        os._exit(journal.is_joined())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    journal.report(wire.tried("03.1", solved=False))
    assert all_kept(journal) == [(1, "tried")]
