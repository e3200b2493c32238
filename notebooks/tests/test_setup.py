"""The set-up: which Python it takes, when it installs, and the one sentence when it cannot."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import pytest

from tools import doctor, setup

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60


def python_saying(folder: Path, name: str, answer: str) -> Path:
    """Write a program that answers as a Python of another version would."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("module", [setup, doctor], ids=lambda module: module.__name__)
def test_an_old_python_can_read_it(module: ModuleType) -> None:
    source = Path(str(module.__file__)).read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 4))
    assert not any(isinstance(node, ast.JoinedStr | ast.AnnAssign) for node in ast.walk(tree))


def test_the_oldest_python_that_is_new_enough_and_runs_is_taken(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    python_saying(first, "python3.14", "echo 3 14")
    python_saying(first, "python3.10", "echo 3 10")
    # Version managers put names on PATH that only say that they are not installed.
    python_saying(first, "python3.11", "echo not installed; exit 127")
    expected = python_saying(second, "python3.12", "echo 3 12")
    path = os.pathsep.join([str(first), str(second), str(tmp_path / "none")])
    assert setup.newer_python(path) == str(expected)


def test_without_a_new_python_there_is_none(tmp_path: Path) -> None:
    python_saying(tmp_path, "python3.9", "echo 3 9")
    assert setup.newer_python(str(tmp_path)) is None


def test_an_old_python_says_what_to_do_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "OLDEST", (9, 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert setup.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("The course needs Python 9.0 or newer and this one is 3.")
    assert said.count("\n") == 1


def test_a_python_without_venv_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(setup.SetupError, match="sudo apt install python3-venv"):
        setup.check_venv_module()


def test_a_full_disk_says_how_much_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**10, 10**10, 3 * 10**8))
    with pytest.raises(setup.SetupError, match=r"has 0\.3 GB free and the course needs 1\.5 GB"):
        setup.check_disk(str(tmp_path))


def a_clone(folder: Path) -> Path:
    """Make a folder with the pins, and a .venv that looks complete."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for name in ("requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv" / ".complete").write_text(setup.fingerprint(str(folder)), encoding="utf-8")
    return folder


def test_a_complete_venv_is_left_alone(tmp_path: Path) -> None:
    clone = a_clone(tmp_path / "clone")
    assert setup.installed(str(clone))
    # Git writes files anew at each checkout: what counts is what is in them.
    os.utime(clone / "requirements.txt")
    assert setup.installed(str(clone))


@pytest.mark.parametrize("change", ["pins", "half", "moved", "python gone"])
def test_a_venv_that_does_not_fit_is_installed_again(tmp_path: Path, change: str) -> None:
    clone = a_clone(tmp_path / "clone")
    if change == "pins":
        (clone / "constraints.txt").write_text("django==5.2.0\n", encoding="utf-8")
    if change == "half":
        (clone / ".venv" / ".complete").unlink()
    if change == "moved":
        clone = clone.rename(tmp_path / "elsewhere")
    if change == "python gone":
        (clone / ".venv" / "bin" / "python").unlink()
    assert not setup.installed(str(clone))


def test_a_failed_step_leaves_no_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = a_clone(tmp_path / "clone")

    def fail(command: list[str], root: str, doing: str, **environment: str) -> None:
        raise setup.SetupError(f"{doing} failed")

    monkeypatch.setattr(setup, "run", fail)
    with pytest.raises(setup.SetupError):
        setup.install(str(clone))
    assert not (clone / ".venv" / ".complete").exists()


def test_a_failed_command_is_named() -> None:
    with pytest.raises(setup.SetupError, match=r"Packing failed \(exit code 3\)"):
        setup.run([sys.executable, "-c", "raise SystemExit(3)"], ".", "Packing")


def test_settings_of_other_projects_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in setup.FOREIGN:
        monkeypatch.setenv(name, "elsewhere")
    assert not set(setup.FOREIGN) & set(setup.clean_environment())


def test_a_pin_is_found_and_a_missing_one_named(tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("uv==1.2 ; x  # y\n", encoding="utf-8")
    assert setup.pinned(str(tmp_path), "uv") == "uv==1.2"
    with pytest.raises(setup.SetupError, match=r"constraints\.txt pins no pip"):
        setup.pinned(str(tmp_path), "pip")


def test_every_direct_dependency_is_pinned_once_and_the_same() -> None:
    pins = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert pins[0] == "-c constraints.txt"
    constraints = (ROOT / "constraints.txt").read_text("utf-8").split()
    wanted = [line.split()[0] for line in pins[1:] if line and not line.startswith("#")]
    assert len(wanted) > 10
    for line in wanted:
        assert "==" in line, f"{line} is not pinned"
        # An extra, as in psycopg[binary], is a package of its own there.
        package = re.sub(r"\[\w+\]", "", line)
        assert package in constraints, f"{line} is not in constraints.txt: make constraints"


def make(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make, without the settings that a make around this test handed down."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(
        ["make", *arguments],
        cwd=cwd,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_make_alone_lists_every_target() -> None:
    said = make().stdout
    targets = ["help", "lab", "serve", "doctor", "pages", "assignments", "classroom", "test"]
    targets += ["lint", "outputs", "bench", "faults", "attacks", "soak", "class", "fuzz"]
    targets += ["constraints", "clean"]
    assert [line.split()[1] for line in said.splitlines()[1:]] == targets


def test_make_without_python_says_what_to_install(tmp_path: Path) -> None:
    for name in ("make", "sh"):
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    result = make("setup", PATH=str(tmp_path))
    assert result.returncode != 0
    assert "There is no python3 on PATH: install Python 3.11" in result.stderr


def test_make_setup_installs_nothing_twice_whatever_else_is_set() -> None:
    result = make(
        "-j2", "setup", PYTHONPATH="/nowhere", PYTHONHOME="", PIP_USER="1", VIRTUAL_ENV="/nowhere"
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
