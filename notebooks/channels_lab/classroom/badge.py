"""Badge: in a corner of the page with the notebook, whether and how the learner is in a class."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..errors import LabError
from .journal import Journal
from .records import Unwritable
from .values import Status

if TYPE_CHECKING:
    from .learner import Learner


class Badge(anywidget.AnyWidget):
    """What stands in the corner: the class, what waits, the hand, notes, and how to leave.

    It belongs to the page, not to the output of a cell: notebooks of the same learner in one page
    share one, and a cell that is out of view takes nothing with it.
    """

    _esm = Path(__file__).with_name("badge.js")
    _css = Path(__file__).with_name("badge.css")
    learner = traitlets.Unicode().tag(sync=True)  # of whom: two learners in a page have two
    model = traitlets.Unicode().tag(sync=True)  # this model, by which the page can ask for it
    status: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    notes: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)

    def __init__(self, learner: Learner) -> None:
        folder = str(learner.folder).encode(errors="surrogateescape")
        super().__init__(
            learner=hashlib.sha256(folder).hexdigest()[:12], status=_shown(learner.status())
        )
        self.model = self.model_id
        self._learner = learner
        self._noted = (-1, -1)  # the last note, and the last one that was read
        self.on_msg(self._asked)

    def __repr__(self) -> str:
        return f"Badge({self.status.get('state', 'new')})"

    def show(self, status: Status, journal: Journal) -> None:
        """Show how things are; called in the thread of the sender."""
        row = journal.membership()
        noted = (row.last_note, row.read_note) if row else (0, 0)
        if noted != self._noted:
            self._noted = noted
            notes = journal.notes() if row else []
            self.notes = [
                {"number": note.number, "kind": note.kind, "text": note.text}
                for note in notes
                if note.number > noted[1]
            ]
        self.status = _shown(status)

    def end(self) -> None:
        """Say that the learner is in no class, and go."""
        self.status = _shown(Status("none"))
        self.close()

    def _asked(self, _: Any, content: dict[str, Any], __: Any) -> None:
        with suppress(LabError, Unwritable):  # what was asked for has happened in another kernel
            match content:
                case {"do": "raise"}:
                    self._learner.stuck()
                case {"do": "lower"}:
                    self._learner.unstuck()
                case {"do": "leave"}:
                    self._learner.leave()
                case {"do": "read", "number": int(number)}:
                    self._learner.journal.mark_read(number)


def _shown(status: Status) -> dict[str, Any]:
    """A status as the page gets it."""
    return {
        "state": status.state,
        "title": status.title,
        "name": status.name,
        "waiting": status.waiting,
        "hand": status.hand,
        "paused": status.paused,
    }
