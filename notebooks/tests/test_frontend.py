"""The Angular client: its own checks, the size of what a browser loads, when it is built."""

from __future__ import annotations

import fcntl
import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from tools import frontend
from tools.frontend import FRONTEND, FrontendError, npm

SECONDS = 300
MOST_BYTES = 120_000  # compressed, of all that a browser loads at first
LEAST_TESTS = 100  # Vitest also passes when it finds none


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """The client and its packages, as `make test` has made them already."""
    frontend.build()


def unit_tests(folder: Path, report: Path) -> dict[str, int]:
    """Run the client's unit tests and return Vitest's counts; raises `FrontendError` at a red one.

    ``report`` is where Vitest writes its report, JSON.
    """
    arguments = ("--", "--reporters=json", f"--output-file={report}")
    npm(folder, "test", *arguments, timeout=SECONDS)
    counts: dict[str, int] = json.loads(report.read_text("utf-8"))
    return counts


def test_the_clients_own_tests_pass_and_are_many(tmp_path: Path) -> None:
    counts = unit_tests(FRONTEND, tmp_path / "report.json")
    print(f"Vitest: {counts['numPassedTests']} tests")
    assert counts["numFailedTests"] == counts["numPendingTests"] == 0
    assert counts["numPassedTests"] >= LEAST_TESTS


def a_copy(folder: Path) -> Path:
    """Copy the client's sources; the packages are used where they are."""
    ignored = shutil.ignore_patterns(*frontend.MADE)
    copy = Path(shutil.copytree(FRONTEND, folder / "frontend", ignore=ignored))
    (copy / "node_modules").symlink_to(FRONTEND / "node_modules")
    return copy


def test_a_broken_client_is_red(tmp_path: Path) -> None:
    copy = a_copy(tmp_path)
    for spec in copy.rglob("*.spec.ts"):
        if spec.name != "back-off.spec.ts":
            spec.unlink()
    counter = copy / "src" / "app" / "connection" / "back-off.ts"
    counter.write_text(counter.read_text("utf-8").replace("500", "900"), "utf-8")
    report = tmp_path / "report.json"
    with pytest.raises(FrontendError, match="npm test .* failed"):
        unit_tests(copy, report)
    assert json.loads(report.read_text("utf-8"))["numFailedTests"] > 0


def test_the_sources_are_formatted() -> None:
    npm(FRONTEND, "run", "lint", timeout=SECONDS)


def first_files(browser: Path) -> list[Path]:
    """Return the files that the built page names, in its order."""
    page = (browser / "index.html").read_text("utf-8")
    return [browser / name for name in re.findall(r'"static/frontend/([^"]+)"', page)]


def test_what_a_browser_loads_at_first_is_small() -> None:
    files = first_files(FRONTEND / "dist" / "browser")
    assert {path.suffix for path in files} == {".js", ".css"}
    for path in files:
        assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == path.read_bytes()
    size = sum(path.with_name(f"{path.name}.gz").stat().st_size for path in files)
    print(f"initial: {size} bytes, gzip")
    assert 10_000 < size <= MOST_BYTES


def test_the_classroom_is_loaded_on_its_own_pages_only() -> None:
    browser = FRONTEND / "dist" / "browser"
    those = {path for path in browser.glob("*.js") if "app-heat-map" in path.read_text("utf-8")}
    assert those and not those & set(first_files(browser))


def test_the_lock_file_has_hashes_and_no_address() -> None:
    text = (FRONTEND / "package-lock.json").read_text("utf-8")
    packages = json.loads(text)["packages"]
    assert len(packages) > 50
    assert all("integrity" in package for place, package in packages.items() if place)
    assert not [place for place, package in packages.items() if "resolved" in package]
    assert ".tgz" not in text and "registry" not in text


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client of one file, and an npm that notes what it is asked for and builds that file."""
    folder = tmp_path / "frontend"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.ts").write_text("1", "utf-8")
    for name in frontend.PACKAGES:
        (folder / name).write_text("{}", "utf-8")

    def fake_npm(where: Path, *arguments: str, timeout: float) -> str:
        with (tmp_path / "asked").open("a") as asked:
            asked.write(f"{arguments[0]}\n")
        if arguments[0] == "ci":
            (where / "node_modules").mkdir(exist_ok=True)
        elif "broken" in (where / "src" / "main.ts").read_text("utf-8"):
            raise FrontendError("`npm run build` failed")
        else:
            browser = Path(arguments[-1].removeprefix("--output-path=")) / "browser"
            browser.mkdir(parents=True)
            shutil.copy(where / "src" / "main.ts", browser / "main.js")
        return ""

    monkeypatch.setattr(frontend, "npm", fake_npm)
    return folder


def asked(sample: Path) -> list[str]:
    """Return what npm was asked for so far."""
    return (sample.parent / "asked").read_text("utf-8").split()


def test_it_is_built_once(sample: Path) -> None:
    assert frontend.build(sample)
    assert not frontend.build(sample)
    assert asked(sample) == ["ci", "run"]


def test_changed_sources_are_built_and_installed_only_what_changed(sample: Path) -> None:
    frontend.build(sample)
    (sample / "src" / "main.ts").write_text("2", "utf-8")
    assert frontend.build(sample)
    assert asked(sample) == ["ci", "run", "run"]
    assert (sample / "dist" / "browser" / "main.js").read_text("utf-8") == "2"
    (sample / "package-lock.json").write_text('{"changed": true}', "utf-8")
    assert frontend.build(sample)
    assert asked(sample) == ["ci", "run", "run", "ci", "run"]


def test_a_failed_build_keeps_the_one_before_and_is_tried_again(sample: Path) -> None:
    frontend.build(sample)
    (sample / "src" / "main.ts").write_text("broken", "utf-8")
    for _ in range(2):
        with pytest.raises(FrontendError):
            frontend.build(sample)
    assert (sample / "dist" / "browser" / "main.js").read_text("utf-8") == "1"
    assert asked(sample) == ["ci", "run", "run", "run"]


def test_a_registry_out_of_reach_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "frontend"
    shutil.copytree(FRONTEND, copy, ignore=shutil.ignore_patterns(*frontend.MADE))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:1/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    build = frontend.build
    monkeypatch.setattr(frontend, "build", lambda: build(copy))
    assert frontend.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("The Angular client is not built: `npm ci")
    assert "The plain page serves in its place." in said


def test_a_second_build_waits_for_the_first(sample: Path) -> None:
    with frontend.alone(sample):
        second = (sample / ".angular" / "lock").open("w")
        with second, pytest.raises(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert frontend.build(sample)
