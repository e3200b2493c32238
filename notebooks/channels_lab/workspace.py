"""Workspace: the learner's own project, built by the cells of the lessons."""

from __future__ import annotations

import ast
import difflib
import json
import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from .contents import LESSONS
from .contents import lesson as lesson_of
from .errors import LabError
from .places import DEMO_PROJECT
from .replays import Replay
from .shell import Text, clean_environment, run

NOTEBOOKS = Path(__file__).resolve().parents[1]
ROOT = "CHANNELS_LAB_WORKSPACE"  # the environment variable that moves all of it elsewhere
_NOISE = {"__pycache__", "db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm"}


def root(notebooks: Path = NOTEBOOKS) -> Path:
    """The learner's folder: the workspaces of the lessons and the progress."""
    return Path(os.environ.get(ROOT) or notebooks / "workspace")


class Workspace(os.PathLike[str]):
    """The folder of the learner's own Django project, ``myproject``.

    ``Workspace.at(4)`` makes it as lessons 1 to 3 left it, by replaying their cells that are tagged
    ``build``: the notebooks are the only source. ``Workspace.demo(12)`` is a copy of the finished
    project instead. What the folder held before is kept beside it, as ``lesson-04.before``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        apps = sorted(found.parent.name for found in self.path.glob("*/__init__.py"))
        return f"Workspace({self.path.name}: {', '.join(apps) or 'empty'})"

    def __fspath__(self) -> str:
        return str(self.path)

    @classmethod
    def at(cls, lesson: int, notebooks: Path = NOTEBOOKS) -> Workspace:
        """Make the project as it is at the beginning of this lesson, and enter its folder.

        After it, ``%%writefile account/consumer.py`` writes into the learner's project.
        """
        workspace = cls._empty(lesson, notebooks)
        cells = [
            cell
            for earlier in LESSONS
            if 0 < earlier.number < lesson
            for cell in _build_cells(notebooks / earlier.file)
        ]
        replay = Replay([source for source, _ in cells])
        if not replay.copy_to(workspace.path):
            for source, where in cells:
                workspace._replay(source, where)
            replay.keep(workspace.path)
        os.chdir(workspace.path)
        return workspace

    @classmethod
    def demo(cls, lesson: int, notebooks: Path = NOTEBOOKS) -> Workspace:
        """Make this lesson's folder a copy of the demo_project, to be broken, and enter it."""
        workspace = cls._empty(lesson, notebooks)
        workspace.copy_of_demo(".")
        os.chdir(workspace.path)
        return workspace

    def copy_of_demo(self, folder: str) -> Path:
        """Copy the finished demo_project into a folder of its own; return the folder.

        A copy that is there already is brought back to what was delivered.
        """
        path = self.path / folder
        shutil.rmtree(path, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__", "*.sqlite3*")
        shutil.copytree(DEMO_PROJECT, path, ignore=ignored)
        return path

    def run(self, command: str, timeout: float = 60.0) -> Text:
        """Run a command in the project's folder; return what it printed.

        ``python`` and ``django-admin`` are those of this kernel. A failing command says so in its
        last line; its traceback keeps only the frames of the learner's project.
        """
        return run(command, self.path, clean_environment(), timeout)

    def tree(self, *changed: str) -> Text:
        """Show the project's files as a tree; files named in ``changed`` are marked."""
        return Text("\n".join(_branches(self.path, self.path, set(changed))))

    def edit(self, file: str, old: str, new: str) -> Text:
        """Put ``new`` in the place of ``old`` in a file; return the changed lines as a diff.

        Raises ``LabError`` when ``old`` does not stand there exactly once.
        """
        path = self.path / file
        before = path.read_text(encoding="utf-8")
        if (count := before.count(old)) != 1:
            raise LabError(f"expected {old!r} once in {file}, got it {count} times")
        after = before.replace(old, new)
        path.write_text(after, encoding="utf-8")
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
        return Text("\n".join(list(lines)[3:]))  # after the names of the files and the place

    # ------------------------------------------------------------------ replay

    @classmethod
    def _empty(cls, lesson: int, notebooks: Path) -> Workspace:
        workspace = cls(root(notebooks) / f"lesson-{lesson_of(lesson).number:02d}")
        workspace._clear()
        return workspace

    def _clear(self) -> None:
        if self.path.is_dir() and any(self.path.iterdir()):
            before = self.path.with_name(self.path.name + ".before")
            shutil.rmtree(before, ignore_errors=True)
            self.path.rename(before)
        self.path.mkdir(parents=True, exist_ok=True)

    def _replay(self, source: str, where: str) -> None:
        first, _, rest = source.partition("\n")
        if first.startswith("%%writefile"):
            *flags, file = shlex.split(first)[1:]
            path = self.path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "a" if "-a" in flags else "w", encoding="utf-8") as target:
                target.write(rest if rest.endswith("\n") else rest + "\n")
            return
        for command in _run_commands(source, where):
            printed = self.run(command)
            if printed.endswith(")") and "(exit code" in printed.splitlines()[-1]:
                raise LabError(f"{where}: `{command}` failed:\n{printed}")


def _build_cells(notebook: Path) -> Iterator[tuple[str, str]]:
    """The cells of a lesson that build the project: (source, where it stands)."""
    if not notebook.is_file():
        raise LabError(
            f"expected the lesson {notebook.name} beside this one: it holds the steps of the "
            "project that come before; bring it back with `git checkout`"
        )
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (ValueError, KeyError) as error:
        raise LabError(
            f"expected a notebook, got a damaged {notebook.name} ({error}): bring it back with "
            "`git checkout`"
        ) from None
    for number, cell in enumerate(cells, 1):
        if "build" in cell.get("metadata", {}).get("tags", []):
            yield "".join(cell["source"]), f"{notebook.name}, cell {number}"


def _run_commands(source: str, where: str) -> Iterator[str]:
    """The commands of a cell that consists of ``ws.run("…")`` lines."""
    for statement in ast.parse(source).body:
        match statement:
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Name(id="ws"), attr="run"),
                    args=[ast.Constant(value=str(command))],
                )
            ):
                yield command
            case _:
                raise LabError(
                    f'{where}: expected `%%writefile` or `ws.run("…")` in a cell tagged build, '
                    f"got {ast.unparse(statement)!r}"
                )


def _branches(folder: Path, root: Path, changed: set[str], indent: str = "") -> Iterator[str]:
    for entry in sorted(folder.iterdir(), key=lambda found: (found.is_file(), found.name)):
        if entry.name in _NOISE:
            continue
        mark = "   ←" if str(entry.relative_to(root)) in changed else ""
        yield f"{indent}{entry.name}{'/' if entry.is_dir() else ''}{mark}"
        if entry.is_dir():
            yield from _branches(entry, root, changed, indent + "    ")
