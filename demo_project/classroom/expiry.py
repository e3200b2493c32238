"""When classes end by themselves: nobody has been in one for long."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from classroom.models import Connection, Room


def expire(unused: timedelta) -> list[str]:
    """Delete the classes in which nobody is, nor did anything for so long: their titles, sorted.

    A connection counts while its server process lives. Raises OverflowError for a time before all
    times.
    """
    with transaction.atomic():
        live = Connection.objects.filter(server__expires_at__gte=Now())
        # Held, so that nobody comes in meanwhile.
        old = Room.objects.select_for_update().filter(used_at__lt=timezone.now() - unused)
        rooms = dict(old.exclude(pk__in=live.values("room")).values_list("pk", "title"))
        Room.objects.filter(pk__in=rooms).delete()
    return sorted(rooms.values())
