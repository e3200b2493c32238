"""`manage.py open_class`: what it prints, and what it takes up again."""

import io
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from classroom import rules
from classroom.models import Instructor, Room

pytestmark = pytest.mark.django_db


def opened(*more: str, title: str = "Channels") -> dict[str, str]:
    """Run the command: what it printed, by the first word of each line."""
    out = io.StringIO()
    call_command("open_class", f"--title={title}", "--name=Dr. Ada", *more, stdout=out)
    lines = [line.partition(":") for line in out.getvalue().splitlines()]
    return {first: rest.strip() for first, _, rest in lines}


def key_of(printed: dict[str, str]) -> str:
    return printed["Instructor"].partition("#key=")[2]


def test_it_prints_the_code_and_the_links() -> None:
    printed = opened("--at=http://192.168.1.20:8080/")
    code = Room.objects.get().code
    spelled = f"{code[:4]}-{code[4:]}"
    assert printed["Class"] == "Channels"
    assert printed["Code"] == spelled
    assert printed["Learners"] == f"http://192.168.1.20:8080/classroom/#{code}"
    cell = f'await classroom.join("{spelled}", name="…", at="http://192.168.1.20:8080")'
    assert printed["In a cell"] == cell
    board = "http://192.168.1.20:8080/classroom/board/#key="
    assert printed["Instructor"].startswith(board)
    assert rules.instructor_with_key(key_of(printed))
    assert Instructor.objects.get().name == "Dr. Ada"


def test_a_class_that_was_kept_is_taken_up_again(tmp_path: Path) -> None:
    keep = f"--keep={tmp_path / 'keys'}"
    first, other = opened(keep), opened(keep, title="Another")
    assert opened(keep) == first
    assert opened(keep, title="Another") == other
    assert key_of(first) != key_of(other)
    assert Room.objects.count() == 2
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


def test_a_class_that_was_deleted_is_opened_anew(tmp_path: Path) -> None:
    keep = f"--keep={tmp_path / 'keys'}"
    first = opened(keep)
    Room.objects.all().delete()
    again = opened(keep)
    assert key_of(again) != key_of(first)
    assert opened(keep) == again


def test_without_keep_each_one_is_new() -> None:
    assert key_of(opened()) != key_of(opened())


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="expected 'title' to have something to read"):
        opened(title=" ")
    (tmp_path / "keys").write_text("{")
    with pytest.raises(CommandError, match="keys cannot be read"):
        opened(f"--keep={tmp_path / 'keys'}")
    assert not Room.objects.exists()
