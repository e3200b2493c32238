"""Tables: made once, copied after that, made anew when something changed they follow from."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from channels_lab import Client, LabTimeout, LiveServer, ServerError, tables
from channels_lab.places import DEMO_PROJECT
from channels_lab.tables import Tables, fingerprint

CODE = "migrate"
ENVIRONMENT = {"DJANGO_DEBUG": "on", "GUESTS": "1", "SHELL": "sh", "REDIS_URL": "redis://a"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own for what is kept; nothing is kept there yet."""
    monkeypatch.setattr(tables, "FOLDER", tmp_path / "ready")
    return tmp_path / "ready"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the demo_project, to be changed."""
    ignored = shutil.ignore_patterns("__pycache__", "tests", "*.sqlite3*")
    return Path(shutil.copytree(DEMO_PROJECT, tmp_path / "project", ignore=ignored))


def made_its_tables(server: LiveServer) -> bool:
    """Whether a server has run `migrate`, not copied what there was."""
    return (server.log_path.parent / "tables.log").exists()


def kept_in(folder: Path) -> dict[str, bytes]:
    """What is kept, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_the_second_server_gets_a_copy_and_what_is_kept_stays_as_it_was(
    folder: Path,
) -> None:
    with LiveServer() as first:
        assert made_its_tables(first)
        before = kept_in(folder)
        assert len(before) == 1
        ana = await (await Client("ana", first).login()).connect()
        await ana.receive()
    with LiveServer() as second:
        assert not made_its_tables(second)
        ana = await (await Client("ana", second).login()).connect()
        state = await ana.receive()
        assert [user["user"] for user in state["users"]] == ["ana"]
        assert "No planned migration operations" in second.run("python manage.py migrate --plan")
    with pytest.raises(ServerError, match="`manage.py migrate` failed"):
        LiveServer(settings={"DJANGO_DEBUG": "perhaps"}).start()
    assert kept_in(folder) == before


def test_a_copy_of_the_project_elsewhere_has_the_same_tables(project: Path) -> None:
    shutil.copytree(DEMO_PROJECT, project.with_name("same"))
    # The last one has no tests: no table follows from them, nor from the variables they name.
    copies = (DEMO_PROJECT, project.with_name("same"), project)
    home = ENVIRONMENT | {"HOME": "/root", "PATH": "/bin"}
    names = [fingerprint(path, ENVIRONMENT, CODE) for path in copies]
    assert names == [fingerprint(path, home, CODE) for path in copies]
    assert len(set(names)) == 1


def _add_a_migration(project: Path) -> None:
    (project / "account" / "migrations" / "0099_more.py").touch()


def _change_the_password(project: Path) -> None:
    command = project / "account" / "management" / "commands" / "demo_users.py"
    command.write_text(command.read_text().replace('"channels"', '"another"'))


def _rename(project: Path) -> None:
    (project / "account" / "outside.py").rename(project / "account" / "inside.py")


@pytest.mark.parametrize("change", [_add_a_migration, _change_the_password, _rename])
def test_a_changed_project_has_tables_of_its_own(
    project: Path, change: Callable[[Path], None]
) -> None:
    before = fingerprint(project, ENVIRONMENT, CODE)
    assert fingerprint(project, ENVIRONMENT, CODE) == before
    change(project)
    assert fingerprint(project, ENVIRONMENT, CODE) != before


def test_what_python_and_the_database_leave_in_a_project_changes_nothing(project: Path) -> None:
    before = fingerprint(project, ENVIRONMENT, CODE)
    (project / "account" / "__pycache__").mkdir()
    (project / "account" / "__pycache__" / "apps.pyc").touch()
    (project / "db.sqlite3-wal").touch()
    assert fingerprint(project, ENVIRONMENT, CODE) == before


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({"DJANGO_DEBUG": "off"}, True),
        ({"GUESTS": "0"}, True),
        ({"DJANGO_ANYTHING": "1"}, True),
        ({"SHELL": "zsh"}, False),
        ({"REDIS_URL": "redis://b", "FRONTEND_DIST": "/elsewhere"}, False),
        ({"DATABASE_URL": "sqlite:////elsewhere", "DJANGO_SECRET_KEY": "x"}, False),
    ],
)
def test_only_variables_that_the_project_names_count(
    changed: dict[str, str], differs: bool
) -> None:
    before = fingerprint(DEMO_PROJECT, ENVIRONMENT, CODE)
    assert (fingerprint(DEMO_PROJECT, ENVIRONMENT | changed, CODE) != before) is differs


def test_other_packages_and_another_way_to_make_them_are_other_tables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = fingerprint(DEMO_PROJECT, ENVIRONMENT, CODE)
    assert fingerprint(DEMO_PROJECT, ENVIRONMENT, "other code") != before
    found = tables.packages()
    assert any(name.lower().startswith("django-") for name in found)
    monkeypatch.setattr(tables, "packages", lambda: [*found, "django-99.dist-info"])
    assert fingerprint(DEMO_PROJECT, ENVIRONMENT, CODE) != before


def test_a_project_that_fails_keeps_nothing_and_says_why(project: Path, folder: Path) -> None:
    broken = project / "account" / "migrations" / "0099_broken.py"
    broken.write_text("1 / 0\n")
    for _ in range(2):
        with pytest.raises(ServerError, match=r"(?s)migrate` failed:.*ZeroDivisionError"):
            LiveServer(project).start()
    assert not folder.exists()


def test_tables_that_take_too_long_are_named(project: Path, folder: Path) -> None:
    (project / "account" / "migrations" / "0099_endless.py").write_text("while True: pass\n")
    with pytest.raises(LabTimeout, match="waited for the database tables, in vain"):
        LiveServer(project).start(timeout=1.0)
    assert not folder.exists()


def test_a_draft_of_somebody_who_was_killed_is_never_used(tmp_path: Path, folder: Path) -> None:
    kept = Tables("name")
    folder.mkdir()
    (folder / "half.draft").write_bytes(b"SQLite format 3\0")
    assert not kept.copy_to(tmp_path / "db.sqlite3")
    assert not (tmp_path / "db.sqlite3").exists()


def _database(path: Path, names: int) -> Path:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE name (name)")
        connection.executemany("INSERT INTO name VALUES (?)", [("ana",)] * names)
    connection.close()
    return path


def test_who_keeps_last_wins_and_a_copy_is_always_whole(tmp_path: Path) -> None:
    kept = Tables("name")
    for names in (1, 2):
        kept.keep(_database(tmp_path / f"{names}.sqlite3", names))
        assert kept.copy_to(tmp_path / "db.sqlite3")
        with sqlite3.connect(tmp_path / "db.sqlite3") as connection:
            assert connection.execute("SELECT count(*) FROM name").fetchone() == (names,)
        connection.close()


def test_a_database_with_a_part_in_another_file_is_not_kept(tmp_path: Path, folder: Path) -> None:
    database = _database(tmp_path / "db.sqlite3", 1)
    (tmp_path / "db.sqlite3-wal").touch()
    Tables("name").keep(database)
    assert not folder.exists()


def test_where_nothing_can_be_kept_there_is_nothing_to_copy(tmp_path: Path, folder: Path) -> None:
    folder.write_text("a file, where the folder should be")
    Tables("name").keep(_database(tmp_path / "db.sqlite3", 1))
    assert not Tables("name").copy_to(tmp_path / "copy.sqlite3")


def test_the_oldest_go_and_drafts_with_them(tmp_path: Path, folder: Path) -> None:
    database = _database(tmp_path / "db.sqlite3", 1)
    folder.mkdir()
    (folder / "half.draft").touch()
    os.utime(folder / "half.draft", (0, 0))
    for number in range(tables.KEPT + 2):
        Tables(str(number)).keep(database)
        os.utime(Tables(str(number)).path, (number + 1, number + 1))
    Tables("last").keep(database)
    left = {path.name for path in folder.iterdir()}
    assert len(left) == tables.KEPT
    assert "last.sqlite3" in left and "half.draft" not in left and "0.sqlite3" not in left


def test_a_learners_own_project_and_a_database_to_keep_are_left_alone(
    tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "manage.py").touch()
    assert Tables.of(tmp_path, ENVIRONMENT, CODE) is None
    with LiveServer(database=tmp_path / "mine.sqlite3") as server:
        assert made_its_tables(server)
    assert not folder.exists()
