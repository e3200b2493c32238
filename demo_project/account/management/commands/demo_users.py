"""`manage.py demo_users`: the people of the lessons."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError

NAMES = ("ana", "bob", "cem", "dora")
ADMIN = "admin"
PASSWORD = "channels"


class Command(BaseCommand):
    """Creates ana, bob, cem, dora and the superuser admin; leaves those alone that exist."""

    help = f"Creates {', '.join(NAMES)} and the superuser {ADMIN}, all with one known password."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create who is missing. Raises CommandError unless DEBUG is on."""
        if not settings.DEBUG:
            raise CommandError(
                f"The demo users all have the password {PASSWORD!r}, which everybody can read: "
                "they are created only while DJANGO_DEBUG is on."
            )
        wanted = (*NAMES, ADMIN)
        there = set(
            get_user_model().objects.filter(username__in=wanted).values_list("username", flat=True)
        )
        missing = [name for name in wanted if name not in there]
        if missing:
            # One hash for all: to compute one is slow on purpose, and the password is no secret.
            password = make_password(PASSWORD)
            user_model = get_user_model()
            user_model.objects.bulk_create(
                user_model(
                    username=name,
                    password=password,
                    is_staff=name == ADMIN,
                    is_superuser=name == ADMIN,
                )
                for name in missing
            )
        self.stdout.write(f"Created: {', '.join(missing) or 'nobody'}.")
