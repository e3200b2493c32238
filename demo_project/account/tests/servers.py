"""Server processes as the rules of presence know them: an id with a lease."""

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from account import presence

HERE = UUID(int=1)
THERE = UUID(int=2)
LEASE = 60.0


def track(
    sid: str,
    user: AbstractBaseUser | AnonymousUser,
    guest_name: str | None = None,
    server: UUID = HERE,
) -> tuple[str, bool]:
    """Track a connection of a server process, with a lease if need be: its name, and `first`."""
    if presence.renew(server, LEASE) is None:
        presence.restore(server, LEASE, [])
    arrival = presence.track(server, sid, user, guest_name)
    return arrival.tab.name, arrival.first
