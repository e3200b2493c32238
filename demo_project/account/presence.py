"""The rules of presence: who came, who left, who is here. Plain Django, no Channels."""

from datetime import timedelta
from typing import NamedTuple, TypedDict

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from account.models import UserOnline

GUEST_PREFIX = "guest-"
# The sender that the broadcast command and the admin write as.
SERVER_NAME = "server"


class Arrival(NamedTuple):
    """A connection that was tracked: its name, and whether it is the first one of that name."""

    name: str
    first: bool


class Departure(NamedTuple):
    """A connection that was untracked: its name, and whether it was the last one of that name."""

    name: str
    last: bool


class OnlineUser(TypedDict):
    """One line of the board: a name, and how many connections (browser tabs) it has open."""

    user: str
    tabs: int


def board_name(username: str) -> str:
    """The name that the board shows for a registered user.

    It is the username, save where that is one that only guests or the server may bear: a registered
    `guest-7` is shown as `user guest-7`, so that nobody can be taken for somebody else.
    """
    folded = username.casefold()
    if folded == SERVER_NAME or folded.startswith(GUEST_PREFIX):
        return f"user {username}"
    return username


def track(
    sid: str, user: AbstractBaseUser | AnonymousUser, guest_name: str | None = None
) -> Arrival:
    """Write down an open connection and answer its name and whether its user just came online.

    A registered user is called by `board_name`, a guest by `guest_name` (the visitor's session has
    it), and a guest without one by `guest-` and the number of the row.

    Raises ValueError for a guest name without the prefix `guest-`, and IntegrityError when `sid` is
    tracked already.
    """
    if guest_name is not None and not guest_name.startswith(GUEST_PREFIX):
        raise ValueError(f"expected a guest name that begins with 'guest-', got {guest_name!r}")
    # pk is None for a visitor who has not logged in, and only then.
    name = guest_name if user.pk is None else board_name(user.get_username())
    with transaction.atomic():
        if name is not None:
            _take_turn(name)
        row = UserOnline.objects.create(sid=sid, user_id=user.pk, name=name or "")
        if name is None:
            row.name = name = f"{GUEST_PREFIX}{row.pk}"
            row.save(update_fields=["name"])
        others = UserOnline.objects.filter(name=name).exclude(pk=row.pk)
        return Arrival(name, first=not others.exists())


def untrack(sid: str) -> Departure | None:
    """Forget a connection and answer whether its user just went offline; None if it was unknown."""
    name = UserOnline.objects.filter(sid=sid).values_list("name", flat=True).first()
    if name is None:
        return None
    with transaction.atomic():
        _take_turn(name)
        deleted, _ = UserOnline.objects.filter(sid=sid).delete()
        if not deleted:
            return None
        return Departure(name, last=not is_online(name))


def touch(sid: str) -> bool:
    """Note that a connection was heard just now; False if it is not tracked (any more)."""
    return bool(UserOnline.objects.filter(sid=sid).update(last_seen=timezone.now()))


def is_online(name: str) -> bool:
    """Whether at least one connection of that name is open."""
    return UserOnline.objects.filter(name=name).exists()


def online() -> list[OnlineUser]:
    """Everybody who is online with their number of tabs, sorted by name."""
    rows = UserOnline.objects.order_by().values_list("name").annotate(Count("pk"))
    # Sorted here: each database sorts by a collation of its own.
    return [OnlineUser(user=name, tabs=tabs) for name, tabs in sorted(rows)]


def sids_of(name: str) -> list[str]:
    """The channel names of a user's connections, oldest first; empty if the user is offline."""
    return list(UserOnline.objects.filter(name=name).order_by("pk").values_list("sid", flat=True))


def expire(older_than: timedelta) -> list[str]:
    """Forget the connections not heard for that long; answer who went offline by it, sorted."""
    stale = UserOnline.objects.filter(last_seen__lt=timezone.now() - older_than)
    gone = []
    for name in sorted(set(stale.values_list("name", flat=True))):
        with transaction.atomic():
            _take_turn(name)
            deleted, _ = stale.filter(name=name).delete()
            if deleted and not is_online(name):
                gone.append(name)
    return gone


def _take_turn(name: str) -> None:
    """Let one transaction at a time decide about a name, until that transaction ends.

    Two tabs that open at the same instant would otherwise each not see the other's row, and both
    be "first". SQLite needs nothing here: its transactions are IMMEDIATE, one writer at a time.
    PostgreSQL lets both in, so they queue for a lock that belongs to the name.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
