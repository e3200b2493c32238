"""`manage.py open_class --title … --name …`: open a class, and print its code and links."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classroom import rules
from classroom.events import Error, parse_opening
from classroom.rules import Opened


class Command(BaseCommand):
    """Opens a class. Its key is printed once: the database has only a digest of it."""

    help = "Opens a class, and prints its code, the learners' link and the instructor's."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the class is called, whose it is, and where it is."""
        parser.add_argument("--title", required=True, help="what the class is called")
        parser.add_argument("--name", default="", help="the instructor's name, for learners")
        parser.add_argument(
            "--at", default="http://127.0.0.1:8080", help="how learners reach the server"
        )
        parser.add_argument(
            "--keep",
            type=Path,
            metavar="FILE",
            help="keep the key in a file that only you may read, and take up again the class of "
            "this title that is in it",
        )

    def handle(
        self, *args: Any, title: str, name: str, at: str, keep: Path | None, **options: Any
    ) -> None:
        """Open it, or take it up again. Raises CommandError for a title that cannot be read."""
        kept = _read(keep)
        opening = parse_opening(json.dumps({"title": title, "name": name}))
        if isinstance(opening, Error):
            raise CommandError(f"The class was not opened: {opening.detail}.")
        opened = _known(kept.get(opening.title))
        if opened is None:
            opened = rules.open_class(opening)
            if keep is not None:
                _write(keep, kept | {opened.title: {"code": opened.code, "key": opened.key}})
        for line in _lines(opened, at.rstrip("/")):
            self.stdout.write(line)


def _lines(opened: Opened, at: str) -> list[str]:
    code = opened.code
    return [
        f"Class:       {opened.title}",
        f"Code:        {code}",
        f"Learners:    {at}/classroom/#{code.replace('-', '')}",
        f'In a cell:   await classroom.join("{code}", name="…", at="{at}")',
        f"Instructor:  {at}/classroom/board/#key={opened.key}",
        "The instructor's link has the key of the class in it: show it to nobody.",
    ]


def _known(kept: Any) -> Opened | None:
    """A class that was kept, if it is still there."""
    if not isinstance(kept, dict) or not isinstance(kept.get("key"), str):
        return None
    return rules.class_with_key(kept["key"])


def _read(keep: Path | None) -> dict[str, Any]:
    if keep is None or not keep.exists():
        return {}
    try:
        kept = json.loads(keep.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{keep.name} cannot be read: {error}") from error
    return kept if isinstance(kept, dict) else {}


def _write(keep: Path, kept: dict[str, Any]) -> None:
    draft = keep.with_name(f"{keep.name}.draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file, indent=1)
    os.replace(draft, keep)  # whole or not at all
