"""`manage.py prune_presence [--older-than SECONDS]`: forget connections that died unseen."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from account import outside, presence
from account.events import Left

# Daphne cuts every WebSocket after a day, so a row not heard for longer is certainly a ghost.
A_DAY = 24 * 60 * 60


class Command(BaseCommand):
    """Removes the rows that a killed server left behind, and tells everybody who left by it."""

    help = "Forgets connections that were not heard for a while (a killed server leaves its rows)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How long a connection may be silent."""
        parser.add_argument(
            "--older-than",
            metavar="SECONDS",
            type=int,
            default=A_DAY,
            help="how long ago a connection was last heard (default: a day)",
        )

    def handle(self, *args: Any, older_than: int, **options: Any) -> None:
        """Forget them and say who went offline. Raises CommandError for a negative time."""
        if older_than < 0:
            raise CommandError(f"Expected --older-than to be 0 seconds or more, got {older_than}.")
        try:
            gone = presence.expire(timedelta(seconds=older_than))
        except OverflowError as error:
            raise CommandError(f"Expected --older-than in seconds, got {older_than}.") from error
        self.stdout.write(f"Went offline: {', '.join(gone) or 'nobody'}.")
        if gone and not outside.reaches_other_processes():
            self.stdout.write("Open pages were not told: without REDIS_URL no server is reached.")
            return
        try:
            for name in gone:
                outside.send(Left(name))
        except outside.NotSent as error:
            raise CommandError(f"Open pages were not told. {error}") from error
