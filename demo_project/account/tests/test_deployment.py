"""The units of deploy/: systemd takes them, and one that does not answer has not started."""

import shutil
import subprocess
from pathlib import Path

import pytest

from account.tests import deployment, live
from account.tests.deployment import Unit


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed: `apt install systemd` brings systemd-analyze")
    unit = tmp_path / "board@.service"
    unit.write_text(deployment.systemd(unit.name))
    drop_ins = tmp_path / "board@.service.d"
    drop_ins.mkdir()
    (drop_ins / "uvicorn.conf").write_text(deployment.systemd("uvicorn.conf"))
    command = [analyze, "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=live.TIMEOUT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_unit_has_not_started_while_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from myproject import ready

    monkeypatch.setattr(ready, "SECONDS", 0.2)
    monkeypatch.setattr("sys.argv", Unit(live.free_port()).wait[2:])
    assert ready.main() == 1
