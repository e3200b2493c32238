"""Progress: which exercises are solved, in one small file of the learner's folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .contents import LESSONS, Lesson
from .workspace import root

FILE = "progress.json"
_VERSION = 1


class Progress:
    """What the learner has done: for each exercise whether it is solved, tries and hints.

    Kept in ``workspace/progress.json``. A damaged file is set aside as ``progress.damaged.json``,
    never overwritten, and counting starts anew.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or root()) / FILE
        self.note = ""
        self._entries = self._load()

    def solved(self, id: str) -> bool:
        """Say whether this exercise has been solved once."""
        return bool(self._entries.get(id, {}).get("solved", False))

    def tried(self, id: str, *, solved: bool) -> None:
        """Count a check; what is solved once stays solved."""
        entry = self._entry(id)
        if not entry["solved"]:
            entry["tries"] += 1
            entry["solved"] = solved
        self._save()

    def hint(self, id: str) -> int:
        """Count a hint; return its number, from 1 to 3 (the third again after that)."""
        entry = self._entry(id)
        entry["hints"] = min(entry["hints"] + 1, 3)
        self._save()
        return int(entry["hints"])

    def hints(self, id: str) -> int:
        """How many hints have been shown, 0 to 3."""
        return int(self._entries.get(id, {}).get("hints", 0))

    def standing(self) -> dict[str, dict[str, Any]]:
        """What was done so far: for each exercise that was begun what this file has of it."""
        return {id: dict(entry) for id, entry in self._entries.items() if any(entry.values())}

    def forget(self, lesson: int) -> None:
        """Forget everything about the exercises of one lesson."""
        kept = {id: entry for id, entry in self._entries.items() if int(id[:2]) != lesson}
        if kept != self._entries:
            self._entries = kept
            self._save()

    def _entry(self, id: str) -> dict[str, Any]:
        return self._entries.setdefault(id, {"solved": False, "tries": 0, "hints": 0})

    def _load(self) -> dict[str, dict[str, Any]]:
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return {
                str(id): {
                    "solved": bool(entry["solved"]),
                    "tries": int(entry["tries"]),
                    "hints": int(entry["hints"]),
                }
                for id, entry in stored["exercises"].items()
                if str(id)[:2].isdigit()
            }
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            aside = self.path.with_name("progress.damaged.json")
            os.replace(self.path, aside)
            self.note = (
                f"The progress file could not be read ({type(error).__name__}): it is kept as "
                f"{aside.name}, and counting starts anew."
            )
            return {}

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"version": _VERSION, "exercises": self._entries}, indent=1)
        # Written beside it, then moved over it: a crash leaves the old file or the new one.
        beside = self.path.with_name(f"{FILE}.{os.getpid()}")
        beside.write_text(text + "\n", encoding="utf-8")
        os.replace(beside, self.path)


class CourseMap:
    """The course at a glance: the next step first, then each lesson with its exercises."""

    def __init__(self, progress: Progress) -> None:
        from .exercise import exercises_of  # exercise.py counts with Progress, hence here

        self._note = progress.note
        self._rows: list[tuple[Lesson, list[bool]]] = []
        self._next: tuple[Lesson, str] | None = None
        for entry in LESSONS:
            exercises = exercises_of(entry.number)
            self._rows.append((entry, [progress.solved(each.id) for each in exercises]))
            for each in exercises:
                if self._next is None and not progress.solved(each.id):
                    self._next = (entry, f"{each.id} {each.title}")

    def __repr__(self) -> str:
        width = max(len(entry.label) for entry, _ in self._rows)
        lines = [f"{entry.label:<{width}}  {_marks(done)}" for entry, done in self._rows]
        return "\n".join([*self._head(link=False), "", *lines])

    def _repr_markdown_(self) -> str:
        rows = [f"| [{entry.label}]({entry.file}) | {_marks(done)} |" for entry, done in self._rows]
        table = ["| Lesson | Exercises |", "|---|---|", *rows]
        return "\n\n".join(self._head(link=True)) + "\n\n" + "\n".join(table)

    def _head(self, *, link: bool) -> list[str]:
        total = sum(len(done) for _, done in self._rows)
        count = sum(sum(done) for _, done in self._rows)
        if self._next is None:
            step = "Next: nothing, every exercise is solved."
        else:
            entry, title = self._next
            where = f"[{entry.label}]({entry.file})" if link else entry.label
            step = f"Next: {title}, in {where}."
        note = [self._note] if self._note else []
        return [*note, f"{step} Solved: {count} of {total}."]


def _marks(done: list[bool]) -> str:
    return " ".join("●" if each else "○" for each in done) or "–"


def progress() -> CourseMap:
    """Show the course with what is solved (●) and what is not (○), the next step first."""
    return CourseMap(Progress())
