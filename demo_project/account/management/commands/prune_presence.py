"""`manage.py prune_presence [--older-than SECONDS]`: forget the connections of dead servers."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from account import outside, presence


class Command(BaseCommand):
    """Removes the rows that a killed server left behind, and tells everybody who left by it.

    Servers do so themselves: this is for when none runs, or for who will not wait for a lease.
    """

    help = "Forgets the connections of server processes that are gone (a killed one leaves rows)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How long a server process may be silent."""
        parser.add_argument(
            "--older-than",
            metavar="SECONDS",
            type=int,
            help="how long ago a server was last heard (default: until its lease ran out). "
            "0 forgets all; a server that lives comes back with its people by itself",
        )

    def handle(self, *args: Any, older_than: int | None, **options: Any) -> None:
        """Forget them and say who went offline. Raises CommandError for a time that cannot be."""
        if older_than is not None and older_than < 0:
            raise CommandError(f"Expected --older-than to be 0 seconds or more, got {older_than}.")
        try:
            gone = presence.expire(None if older_than is None else timedelta(seconds=older_than))
        except OverflowError as error:
            raise CommandError(f"Expected --older-than in seconds, got {older_than}.") from error
        self.stdout.write(f"Went offline: {', '.join(gone) or 'nobody'}.")
        if gone and not outside.reaches_other_processes():
            self.stdout.write("Open pages were not told: without REDIS_URL no server is reached.")
            return
        try:
            outside.tell_who_left(gone)
        except outside.NotSent as error:
            raise CommandError(f"Open pages were not told. {error}") from error
