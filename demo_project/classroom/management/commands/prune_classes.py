"""`manage.py prune_classes [--older-than DAYS]`: delete the classes that nobody uses any more."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classroom import expiry


class Command(BaseCommand):
    """Deletes classes with all that was reported in them; for a job of each night.

    Nobody has to be told: in such a class nobody is.
    """

    help = "Deletes the classes in which nobody has been for some time, with all that is in them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How long nobody may have been in a class."""
        parser.add_argument(
            "--older-than",
            metavar="DAYS",
            type=int,
            default=30,
            help="for how many days nobody has been in a class (default: 30). 0 deletes all in "
            "which nobody is now",
        )

    def handle(self, *args: Any, older_than: int, **options: Any) -> None:
        """Delete them and name them. Raises CommandError for a time that cannot be."""
        if older_than < 0:
            raise CommandError(f"Expected --older-than to be 0 days or more, got {older_than}.")
        try:
            titles = expiry.expire(timedelta(days=older_than))
        except OverflowError as error:
            raise CommandError(f"Expected --older-than in days, got {older_than}.") from error
        self.stdout.write(f"Deleted: {', '.join(map(repr, titles)) or 'no class'}.")
