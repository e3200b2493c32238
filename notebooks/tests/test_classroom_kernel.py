"""The classroom in a real kernel: silent for who joined none, and never a word too much."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels_lab.classroom.journal import JOINED
from channels_lab.contents import lesson
from tests.classroom_server import CODE, FakeClass
from tests.kernel import NOTEBOOKS, SECONDS, Kernel, running_kernel
from tools.kernel import kernel_environment
from tools.notebook import read

LESSON = NOTEBOOKS / lesson(2).file
SECRET = "squeamish ossifrage"
# What a learner's frames may hold, to the last key: a test of the wire plan, not of the code.
FRAMES = {
    "join": {"code", "name", "key", "since"},
    "leave": set(),
    "step": {"step"},
    "tried": {"exercise", "solved"},
    "hint": {"exercise", "used"},
    "stuck": {"text"},
    "unstuck": set(),
    "idle": set(),
    "active": set(),
    "synced": {"exercises"},
}
WORDS = {
    "code": CODE,
    "name": "ana",
    "key": r"[\w-]{43}",
    "step": r"\d\d/\d{1,2}",
    "exercise": r"\d\d\.\d",
    "text": "why\\?",
}


@pytest.fixture
def room() -> Iterator[FakeClass]:
    """A class that runs."""
    with FakeClass() as running:
        yield running


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Kernel]:
    """A kernel of a learner who has joined nothing yet, in lesson 02."""
    with running_kernel(tmp_path / "workspace", tmp_path, LESSON) as kernel:
        yield kernel


def join(kernel: Kernel, room: FakeClass) -> str:
    """Join by the one cell that a learner pastes; what it says."""
    kernel.run("from channels_lab import check, classroom, hint")
    return kernel.run(f'await classroom.join("{CODE}", name="ana", at="{room.url}")').text


# ---------------------------------------------------------------------- nobody joined

LOOK = """
import sys, threading
modules = sorted(name for name in sys.modules if "channels_lab.classroom" in name
                 or name.split(".")[0] in ("anywidget", "ipywidgets"))
threads = sorted(thread.name for thread in threading.enumerate() if "classroom" in thread.name)
events = get_ipython().events.callbacks
ours = [call for name in ("pre_run_cell", "post_run_cell") for call in events[name]
        if "channels_lab" in getattr(call, "__module__", "")]
print(modules, threads, ours)
"""

# All that an import does in a kernel, the look at whether somebody joined among it.
TIME = """
import timeit, channels_lab
print(min(timeit.repeat(channels_lab._settle_the_kernel, number=1, repeat=100)) < 0.001)
"""


def test_nothing_of_it_is_there_when_nobody_joined(learner: Kernel, tmp_path: Path) -> None:
    ran = learner.run("from channels_lab import check, hint")
    assert (ran.text, ran.opened) == ("", [])
    learner.run('hint("02.1"); await check("02.1")')
    assert learner.run(LOOK).text == "[] [] []\n"
    assert learner.run(TIME).text == "True\n"
    assert [path.name for path in (tmp_path / "workspace").iterdir()] == ["progress.json"]


def test_a_program_that_imports_the_lab_joins_nothing(room: FakeClass, tmp_path: Path) -> None:
    """`make test`, `make serve` and the servers of the lessons are no learners."""
    with running_kernel(tmp_path / "workspace", tmp_path, LESSON) as kernel:
        join(kernel, room)
        before = len(room.frames)
        code = (
            "import sys, threading, asyncio\n"
            "from channels_lab import check, hint\n"
            "hint('02.1')\nasyncio.run(check('02.1'))\n"
            "print([name for name in sys.modules if 'classroom' in name], threading.active_count())"
        )
        environment = kernel_environment(tmp_path / "workspace", tmp_path)
        said = subprocess.run(
            [sys.executable, "-c", code], cwd=NOTEBOOKS, env=environment, capture_output=True,
            text=True, timeout=SECONDS, check=True,
        )  # fmt: skip
        assert said.stdout.startswith("[] ")
        kernel.run('hint("02.3")')
        room.until(lambda: "hint" in room.whats(), "the kernel's own hint")
        assert [f["exercise"] for f in room.frames[before:] if "exercise" in f] == ["02.3"]


def test_the_checks_of_the_course_are_no_learner(tmp_path: Path) -> None:
    joined = {"CLASSROOM_URL": "http://127.0.0.1:1", "CHANNELS_LAB_WORKSPACE": "/mine"}
    environment = os.environ | joined
    code = (
        "from pathlib import Path; from tools.kernel import kernel_environment as made\n"
        "e = made(Path('workspace'), Path('home'))\n"
        "print(e['CHANNELS_LAB_WORKSPACE'], 'CLASSROOM_URL' in e)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=NOTEBOOKS, env=environment, capture_output=True,
        text=True, timeout=SECONDS, check=True,
    )  # fmt: skip
    assert said.stdout == "workspace False\n"


# ---------------------------------------------------------------------- who joined


def test_the_next_notebook_goes_on_and_says_so(
    learner: Kernel, room: FakeClass, tmp_path: Path
) -> None:
    said = join(learner, room)
    assert said.startswith("You are in the class 'Channels' as ana. Reported: ")
    assert learner.run("classroom").text.startswith("You are in the class 'Channels' as ana: ")
    third = NOTEBOOKS / lesson(3).file
    with running_kernel(tmp_path / "workspace", tmp_path, third) as following:
        ran = following.run("from channels_lab import classroom, hint", "03-04")
        assert ran.text == said, "the same sentence, from the cell that imports"
        assert [each["data"]["state"]["status"]["title"] for each in ran.opened[-1:]] == [
            "Channels"
        ]
        following.run('hint("03.1")', "03-08")
        room.until(lambda: room.whats()[-1:] == ["hint"], "the hint")
        assert [f["step"] for f in room.reports if f["what"] == "step"] == ["03/0", "03/1"]
        said = following.run("classroom.leave()").text
        assert said == "You have left the class 'Channels': nothing is reported any more.\n"
        assert following.run(LOOK).text.endswith("[] []\n")
    assert not (tmp_path / "workspace" / JOINED).exists()


def test_a_step_is_known_by_the_cell_or_by_its_source(
    learner: Kernel, room: FakeClass, tmp_path: Path
) -> None:
    join(learner, room)
    cells = {cell.id: cell for cell in read(LESSON).cells}
    learner.run("1", "02-07")  # by its id, whatever the learner has made of it
    learner.run("1", "a-cell-of-the-learner's-own")
    learner.run(cells["02-28"].source, "vscode-notebook-cell:W3sZmlsZQ", raises=True)
    learner.run("hint('02.1')", "02-07")
    room.until(lambda: "hint" in room.whats(), "the hint")
    assert [f["step"] for f in room.reports if f["what"] == "step"] == ["02/1", "02/4", "02/1"]


def test_what_was_reported_outlasts_a_kernel_that_is_killed(
    learner: Kernel, room: FakeClass, tmp_path: Path
) -> None:
    join(learner, room)
    room.until(lambda: "synced" in room.whats(), "the first report")
    room.kill()
    learner.run("for _ in range(3): hint('02.1')")
    learner.run("import os")
    learner.manager.signal_kernel(signal.SIGKILL)
    room.start()
    with running_kernel(tmp_path / "workspace", tmp_path, LESSON) as following:
        following.run("import channels_lab")
        room.until(lambda: room.whats().count("hint") == 3, "the three hints")
    assert [f["used"] for f in room.reports if f["what"] == "hint"] == [1, 2, 3]


def test_a_damaged_journal_is_said_and_the_lesson_goes_on(
    learner: Kernel, room: FakeClass, tmp_path: Path
) -> None:
    join(learner, room)
    learner.kill()
    for ending in ("", "-wal"):
        (tmp_path / "workspace" / f"classroom.sqlite3{ending}").write_bytes(b"?" * 9000)
    with running_kernel(tmp_path / "workspace", tmp_path, LESSON) as following:
        said = following.run("import channels_lab").text
        assert "it is kept as classroom.damaged.sqlite3; join the class again." in said
        assert following.run("import channels_lab").text == ""
        assert join(following, room).startswith("The classroom's journal could not be read")


def test_a_terminal_has_the_same_words_and_no_widget(room: FakeClass, tmp_path: Path) -> None:
    cells = (
        f"await classroom.join('{CODE}', name='ana', at='{room.url}')\n"
        "import sys; 'anywidget' in sys.modules\n"
        "classroom.leave()\n"
    )
    environment = kernel_environment(tmp_path, tmp_path)
    said = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor",
         "-i", "-c", "from channels_lab import classroom"],
        cwd=NOTEBOOKS, env=environment, input=cells, capture_output=True, text=True,
        timeout=SECONDS, check=True,
    )  # fmt: skip
    answers = re.findall(r"Out\[\d+\]: (.*)", said.stdout)
    assert answers[0].startswith("You are in the class 'Channels' as ana.")
    assert answers[1:] == [
        "False",
        "You have left the class 'Channels': nothing is reported any more.",
    ]


# ---------------------------------------------------------------------- never a word too much


def spoken(source: str, number: int) -> str:
    """A cell of a lesson with secrets in it: in its code, its values and what it prints."""
    if source.startswith("%%"):
        return f"{source}\n# {SECRET} {number}"
    return f"secret_{number} = '{SECRET} {number}'; print(secret_{number})\n{source}"


def test_a_whole_lesson_lets_nothing_out_but_what_is_promised(
    room: FakeClass, tmp_path: Path
) -> None:
    folder = tmp_path / SECRET
    folder.mkdir()
    notebook = Path(shutil.copy(LESSON, folder))
    cells = [cell for cell in read(LESSON).cells if cell.cell_type == "code"]
    with running_kernel(folder / "workspace", tmp_path, notebook, SECRET=SECRET) as kernel:
        join(kernel, room)
        for number, cell in enumerate(cells):
            kernel.run(spoken(cell.source, number), cell.id, raises=True)
            kernel.run(f"raise ValueError('{SECRET}')", f"{SECRET}-{number}", raises=True)
        kernel.run(f"hint('02.1'); answer = '{SECRET}'; await check('02.1', answer=answer)")
        kernel.run("classroom.stuck('why?'); classroom.unstuck()")
        room.until(lambda: "unstuck" in room.whats(), "everything")
        assert SECRET not in "".join(room.raw)
        assert_promised(room.frames)
        assert [f["step"] for f in room.reports if f["what"] == "step"] == [
            f"02/{number}" for number in range(6)
        ]
        assert room.whats().count("tried") == 4

        kernel.run(f"print('{SECRET} and \\033[31mred'); '{SECRET}'.upper()", "02-07")
        ran = kernel.run("classroom.show_cell()", "02-07")
        room.until(lambda: room.whats()[-1] == "shown", "the cell that was shown")
        shown = room.reports[-1]
        assert shown["source"] == f"print('{SECRET} and \\033[31mred'); '{SECRET}'.upper()"
        assert shown["output"] == f"{SECRET} and red\n'{SECRET.upper()}'"
        assert shown["step"] == "02/1"
        first, last = ran.text.rstrip().rsplit("\n", 1)
        assert first == (
            f"This is what the instructor sees:\n\n{shown['source']}\n\n{shown['output']}"
        )
        assert last == "Shown to the instructor: a cell with 1 line of code and 2 lines of output."
        kernel.run("classroom.leave()")


def assert_promised(frames: list[dict[str, Any]]) -> None:
    """See that every frame has exactly the keys of the plan, and only words that it allows."""
    for frame in frames:
        kind = frame["what"] if frame["type"] == "report" else frame["type"]
        counted = {"number", "ago", "what"} if frame["type"] == "report" else set()
        assert set(frame) == {"type", *counted, *FRAMES[kind]}, frame
        for key, value in frame.items():
            if key in WORDS:
                assert re.fullmatch(WORDS[key], value), frame
            elif key == "exercises":
                for id, done in value.items():
                    assert re.fullmatch(r"\d\d\.\d", id), frame
                    assert set(done) == {"solved", "tries", "hints"}, frame
                    assert all(isinstance(each, int) for each in done.values()), frame
            elif key not in ("type", "what"):
                assert isinstance(value, bool | int | float), frame
    assert json.dumps(frames), "all of it is plain JSON"


def test_a_cell_that_fails_or_is_much_too_long_can_be_shown(
    learner: Kernel, room: FakeClass
) -> None:
    join(learner, room)
    learner.run("import sys; print('x' * 30_000); 1 / 0", raises=True)
    learner.run("classroom.show_cell()")
    room.until(lambda: "shown" in room.whats(), "the cell")
    shown = room.reports[-1]
    assert len(shown["output"]) <= 8_000 and shown["output"].endswith("\n… (cut)")
    learner.run(
        "await __import__('asyncio').sleep(0)\nprint('in an async cell'); 1 / 0", raises=True
    )
    learner.run("classroom.show_cell()")
    room.until(lambda: room.whats().count("shown") == 2, "the second cell")
    assert room.reports[-1]["output"] == "in an async cell\nZeroDivisionError: division by zero"
