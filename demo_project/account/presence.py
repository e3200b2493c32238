"""The rules of presence: who came, who left, who is here. Plain Django, no Channels.

A server process holds a lease, and every connection is a row of its process: whoever finds a lease
that has run out takes the process's rows away with it. Each decision that concerns a name is taken
by one transaction at a time (`_take_turns`), so that of many tabs one is first and one is last.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypedDict
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now

from account.models import ServerLease, UserOnline

GUEST_PREFIX = "guest-"
# The sender that the broadcast command and the admin write as.
SERVER_NAME = "server"
# How far a database's clock may be set back without all processes being taken for dead.
CLOCK_MARGIN = timedelta(minutes=1)


class LeaseLost(Exception):
    """The process has no lease (any more): others have taken it for dead."""


class Departure(NamedTuple):
    """A connection that was untracked: its name, and whether it was the last one of that name."""

    name: str
    last: bool


class Changes(NamedTuple):
    """Names that went online, and names that went offline; both sorted."""

    came: list[str]
    left: list[str]


@dataclass(frozen=True)
class Tab:
    """What a process knows of one of its connections: enough to write its row again."""

    sid: str
    user_id: int | None
    name: str
    page: str
    device: str
    connected_at: datetime


class Arrival(NamedTuple):
    """A connection that was tracked, and whether it is the first one of its name."""

    tab: Tab
    first: bool


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


class Coming(NamedTuple):
    """A connection that is to be tracked, as its process knows it."""

    sid: str
    user: AbstractBaseUser | AnonymousUser
    guest_name: str | None = None
    page: str = ""
    device: str = ""

    def name(self) -> str | None:
        """What the board calls its user; None for a guest whose name will be its row's number.

        Raises ValueError for a guest name without the prefix `guest-`.
        """
        if (
            self.user.pk is not None
        ):  # it is None for a visitor who has not logged in, and only then
            return board_name(self.user.get_username())
        if self.guest_name is not None and not self.guest_name.startswith(GUEST_PREFIX):
            raise ValueError(
                f"expected a guest name that begins with 'guest-', got {self.guest_name!r}"
            )
        return self.guest_name


def track(
    server: UUID,
    sid: str,
    user: AbstractBaseUser | AnonymousUser,
    guest_name: str | None = None,
    *,
    page: str = "",
    device: str = "",
) -> Arrival:
    """Write down one open connection of a server process; see `track_all`."""
    [arrival] = track_all(server, [Coming(sid, user, guest_name, page, device)])
    return arrival


def track_all(server: UUID, coming: Iterable[Coming]) -> list[Arrival]:
    """Write down open connections of a server process; answer each, and whether its user just came.

    A registered user is called by `board_name`, a guest by `guest_name` (the visitor's session has
    it), and a guest without one by `guest-` and the number of the row.

    Raises ValueError for a guest name without the prefix `guest-`, LeaseLost when the process has
    no lease, and IntegrityError when a `sid` is tracked already; then none of them is written down.
    """
    rows = [
        UserOnline(
            sid=each.sid,
            user_id=each.user.pk,
            name=each.name() or "",
            server_id=server,
            page=each.page,
            device=each.device,
        )
        for each in coming
    ]
    with transaction.atomic():
        if _held(ServerLease.objects.filter(pk=server, expires_at__gte=Now())) is None:
            raise LeaseLost
        named = {row.name for row in rows if row.name}
        _take_turns(named)
        online = online_among(named)
        UserOnline.objects.bulk_create(rows)
        if nameless := [row for row in rows if not row.name]:
            for row in nameless:
                row.name = f"{GUEST_PREFIX}{row.pk}"
            UserOnline.objects.bulk_update(nameless, ["name"])
    arrivals = []
    for row in rows:
        tab = Tab(row.sid, row.user_id, row.name, row.page, row.device, row.connected_at)
        arrivals.append(Arrival(tab, first=row.name not in online))
        online.add(row.name)
    return arrivals


def untrack(sid: str) -> Departure | None:
    """Forget a connection and answer whether its user just went offline; None if it was unknown."""
    return untrack_all([sid]).get(sid)


def untrack_all(sids: Iterable[str]) -> dict[str, Departure]:
    """Forget connections; answer those that were known, and whether their user just went offline.

    Of several connections of a user that leave together, the last one takes the user along.
    """
    sids = list(sids)
    names = dict(UserOnline.objects.filter(sid__in=sids).values_list("sid", "name"))
    if not names:
        return {}
    with transaction.atomic():
        _take_turns(names.values())
        leaving = UserOnline.objects.filter(sid__in=sids)
        names = dict(leaving.values_list("sid", "name"))  # others may have taken some meanwhile
        leaving.delete()
        online = online_among(names.values())
    last = {name: sid for sid, name in names.items() if name not in online}
    return {sid: Departure(name, last.get(name) == sid) for sid, name in names.items()}


def is_online(name: str) -> bool:
    """Whether at least one connection of that name is open."""
    return bool(online_among([name]))


def online(rows: QuerySet[UserOnline] | None = None) -> list[OnlineUser]:
    """Everybody who is online (or in these rows) with their number of tabs, sorted by name."""
    rows = UserOnline.objects.all() if rows is None else rows
    counted = rows.order_by().values_list("name").annotate(Count("pk"))
    # Sorted here: each database sorts by a collation of its own.
    return [OnlineUser(user=name, tabs=tabs) for name, tabs in sorted(counted)]


def alive() -> QuerySet[UserOnline]:
    """The connections whose server process holds its lease, also before anybody ended the others.

    For a look from outside. What clients are told follows the rows alone, so that whoever is taken
    from the board is announced.
    """
    return UserOnline.objects.filter(server__expires_at__gte=Now())


def sids_of(name: str) -> list[str]:
    """The channel names of a user's connections, oldest first; empty if the user is offline."""
    return list(UserOnline.objects.filter(name=name).order_by("pk").values_list("sid", flat=True))


# --- the leases of the server processes ---------------------------------------------------------


def renew(server: UUID, seconds: float) -> int | None:
    """Prolong a process's lease and answer how many connections it has written down.

    None when it has no lease, or one that ran out already: then its people count as gone.
    """
    until = Now() + timedelta(seconds=seconds)
    lease = ServerLease.objects.filter(pk=server, expires_at__gte=Now())
    if not lease.update(renewed_at=Now(), expires_at=until):
        return None
    return UserOnline.objects.filter(server=server).count()


def restore(server: UUID, seconds: float, tabs: Iterable[Tab]) -> Changes:
    """Give a living process a new lease and exactly these connections; answer what changed by it.

    It is for a process that was taken for dead (it was paused, a clock jumped, the database was
    put back): nobody else may write down a connection of it again.
    """
    wanted = list(tabs)
    with transaction.atomic():
        lease = _held(ServerLease.objects.filter(pk=server))
        names = {tab.name for tab in wanted} | set(_names_of(server))
        _take_turns(names)
        before = online_among(names)
        if lease is not None:
            lease.delete()
        # Somebody's account may have been deleted while the socket is still open.
        accounts = get_user_model().objects.filter(pk__in={tab.user_id for tab in wanted})
        users = set(accounts.values_list("pk", flat=True))
        ServerLease.objects.create(pk=server, expires_at=Now() + timedelta(seconds=seconds))
        UserOnline.objects.bulk_create(
            UserOnline(
                sid=tab.sid,
                user_id=tab.user_id if tab.user_id in users else None,
                name=tab.name,
                server_id=server,
                page=tab.page,
                device=tab.device,
                connected_at=tab.connected_at,
            )
            for tab in wanted
        )
        after = online_among(names)
    return Changes(sorted(after - before), sorted(before - after))


def expire(older_than: timedelta | None = None) -> list[str]:
    """Forget the processes whose lease ran out; answer who went offline by it, sorted.

    With `older_than`, also those that did not renew it for that long. A renewal in the future was
    made before the database's clock was set back, and is no sign of life.
    """
    lapsed = Q(expires_at__lt=Now()) | Q(renewed_at__gt=Now() + CLOCK_MARGIN)
    if older_than is not None:
        lapsed |= Q(renewed_at__lte=Now() - older_than)
    gone: set[str] = set()
    for server in ServerLease.objects.filter(lapsed).values_list("pk", flat=True):
        gone |= set(_end(ServerLease.objects.filter(lapsed, pk=server)))
    return sorted(gone)


def end(server: UUID) -> list[str]:
    """Take a process off the board with all its connections; answer who went offline by it."""
    return _end(ServerLease.objects.filter(pk=server))


def _end(lease_if_still_so: QuerySet[ServerLease]) -> list[str]:
    with transaction.atomic():
        lease = _held(lease_if_still_so)
        if lease is None:
            return []
        _take_turns(_names_of(lease.pk))
        names = set(_names_of(lease.pk))  # some may have left while we waited for our turn
        lease.delete()
        return sorted(names - online_among(names))


def _held(leases: QuerySet[ServerLease]) -> ServerLease | None:
    """The lease, which nobody else changes until the transaction ends; None if there is none.

    A lease comes before the names in every transaction: two that wait for each other would wait
    for ever. SQLite knows no such lock and needs none: one transaction writes at a time.
    """
    return leases.select_for_update().first()


def _names_of(server: UUID) -> list[str]:
    rows = UserOnline.objects.filter(server=server)
    return list(rows.order_by().values_list("name", flat=True).distinct())


def online_among(names: Iterable[str]) -> set[str]:
    """Those of these names of which at least one connection is open."""
    return set(UserOnline.objects.filter(name__in=names).values_list("name", flat=True))


def _take_turns(names: Iterable[str]) -> None:
    """Let one transaction at a time decide about a name, until that transaction ends.

    Two tabs that open at the same instant would otherwise each not see the other's row, and both
    be "first". SQLite needs nothing here: its transactions are IMMEDIATE, one writer at a time.
    PostgreSQL lets both in, so they queue for locks that belong to the names, sorted: in one order.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for name in sorted(set(names)):
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
