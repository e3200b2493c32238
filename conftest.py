"""What every check shares: a skip is red in CI, lessons run as in JupyterLab, slow files first."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import nbformat
import nbval.plugin
import pytest
from nbformat import NotebookNode
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tools.delivered import learners_copies, under_test
from tools.kernel import kernel_environment, replaced_environment
from tools.notebook import lesson_files
from tools.reexecution import Reexecution

# The order in which two workers take the files, slowest first; the rest follows by name.
SLOW_FIRST = (
    "test_exercises.py",
    "test_hosts.py",
    "test_faults.py",
    "test_lab_in_browser.py",
    "test_classroom_in_browser.py",
    "test_classroom_board_in_browser.py",
    "test_classroom_board_for_all.py",
    "test_board_in_browser.py",
    "test_pages.py",
    "test_assignments.py",
    "test_style.py",
    "test_classroom_kernel.py",
    "test_live_presence.py",
    "test_class_live.py",
    "test_server.py",
    "test_inprocess.py",
    "test_gates.py",
    "test_workspace.py",
    "test_trace.py",
)
# Each of its tests runs a whole lesson, so that they are handed out one by one.
RUNS_LESSONS = "test_exercises.py"


def in_ci() -> bool:
    """Say whether this run is to prove the course, not to help somebody work on it."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that gives the skip's reason (an expected failure stays one)."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"In CI nothing may be skipped. {reason}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note which cells of a lesson have stored outputs to be compared with."""
    if isinstance(item, nbval.plugin.IPyNbCell) and item.cell.execution_count is not None:
        item.user_properties.append(("nbval", "compared"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a check that did not run is a check that failed."""
    report = yield
    if in_ci():
        fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that skips itself as a whole."""
    report = yield
    if in_ci():
        fail_if_skipped(report)
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hand out the slow files first, so that the last worker does not wait for one of them."""

    def rank(item: pytest.Item) -> tuple[int, str]:
        name = item.path.name
        if name in SLOW_FIRST:
            return SLOW_FIRST.index(name), ""
        return len(SLOW_FIRST) + (item.path.suffix != ".ipynb"), str(item.path)

    items.sort(key=rank)  # stable: the cells of a lesson keep their order


class LessonScheduling(LoadFileScheduling):
    """A file goes to one worker as a whole, save where each test runs a whole lesson by itself."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return nodeid if file.endswith(RUNS_LESSONS) and "[" in nodeid else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LessonScheduling | None:
    """Spread the lessons over the workers; another --dist than the project's is left alone."""
    return LessonScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


class LessonKernel(nbval.plugin.RunningKernel):
    """nbval's kernel, started in the environment of a learner instead of pytest's own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.home = tempfile.TemporaryDirectory(prefix="lesson-", ignore_cleanup_errors=True)
        home = Path(self.home.name)
        workspace = home / "workspace"
        workspace.mkdir()
        with replaced_environment(kernel_environment(workspace, home)):
            super().__init__(*arguments, **options)

    def execute_cell_input(self, cell_input: str, allow_stdin: bool | None = None) -> str:
        """Run a cell with history, as JupyterLab does: `In [1]` counts and a final `;` is quiet."""
        return self.kc.execute(cell_input, store_history=True, allow_stdin=allow_stdin,
                               stop_on_error=False)  # fmt: skip

    def stop(self) -> None:
        """Stop the kernel, then remove what its lesson wrote."""
        try:
            super().stop()
        finally:
            self.home.cleanup()


_collect_cells = nbval.plugin.IPyNbFile.collect


def collect_delivered(file: nbval.plugin.IPyNbFile) -> Iterator[pytest.Item]:
    """Yield a test for each code cell, then one for the bytes of the file.

    Of a learner's copy: as the lesson was delivered.
    """

    def read(path: str, as_version: int) -> NotebookNode:
        return nbformat.convert(under_test(Path(path)), as_version)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nbval.plugin.nbformat, "read", read)
        cells = list(_collect_cells(file))
    yield from cells
    whole = Reexecution.from_parent(file, name="re-execution changes no byte")
    whole.cells = cells
    yield whole


def pytest_configure(config: pytest.Config) -> None:
    """Make nbval start its kernels here as JupyterLab does, and read what was delivered."""
    nbval.plugin.RunningKernel = LessonKernel
    nbval.plugin.IPyNbFile.collect = collect_delivered


class LessonCount:
    """Count what nbval compared: a run of everything that compared no lesson is red."""

    def __init__(self) -> None:
        self.cells = {path.name: 0 for path in lesson_files()} or {"lessons": 0}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a cell that ran against stored outputs, in the process that sees all workers."""
        if report.when == "call" and ("nbval", "compared") in report.user_properties:
            self.cells[Path(report.fspath).name] += 1

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Fail a whole run in which a lesson was not checked."""
        if self.missing() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        yield

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many lessons and cells were checked, above the closing line."""
        for name in self.missing():
            terminalreporter.write_line(f"FAILED {name}: not one cell was compared", red=True)
        for name in learners_copies():
            terminalreporter.write_line(f"{name}: somebody has learned in it; tested as delivered")
        lessons, cells = len(self.cells) - len(self.missing()), sum(self.cells.values())
        terminalreporter.write_line(f"{lessons} lessons, {cells} cells run and compared by nbval")

    def missing(self) -> list[str]:
        """Return the lessons of which no cell was compared; ``lessons`` when there are none."""
        return [name for name, cells in self.cells.items() if not cells]


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Count lessons when everything is asked for, not when somebody runs one file."""
    config = session.config
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    narrowed = config.option.keyword or config.option.markexpr or config.option.collectonly
    if everything and not narrowed and not hasattr(config, "workerinput"):
        config.pluginmanager.register(LessonCount(), "lesson-count")
