"""Who it is that connects: the session of the cookie and its user, for many at a time."""

from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user,
    get_user_model,
)
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.http import parse_cookie
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from account.database import Together, from_database

PLAIN = "django.contrib.auth.backends.ModelBackend"
"""How the users of this project log in: by a name and a password in its own database."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Visitor(NamedTuple):
    """A session and its user; the session is empty for who has no cookie of ours."""

    session: SessionBase
    user: AbstractBaseUser | AnonymousUser


class Visitors:
    """An ASGI application that finds `session` and `user` in its scope.

    So does Channels' `AuthMiddlewareStack`, which asks the database for each connection by itself,
    over a connection to the database that is opened for it: when a crowd comes back after a
    restart, most of the time goes there. Here all who wait are looked up together.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one connection."""
        key = _session_key(scope)
        scope["session"], scope["user"] = await (_look_up(key) if key else _nobody())
        await self._application(scope, receive, send)


def _session_key(scope: Scope) -> str | None:
    header = next((value for name, value in scope["headers"] if name == b"cookie"), b"")
    return parse_cookie(header.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)


async def _nobody() -> Visitor:
    return Visitor(_store()(None), AnonymousUser())


def _store() -> type[SessionBase]:
    store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    return store


def _visitors(keys: list[str]) -> list[Visitor]:
    """The visitors with these sessions, by two questions to the database for all of them.

    Whatever is not plain goes Django's own way: a session that ended, an account that may not log
    in, a password or a secret key that was changed.
    """
    rows = Session.objects.in_bulk(keys, field_name="session_key")
    sessions = [_store()(key) for key in keys]
    for session in sessions:
        row = rows.get(session.session_key or "")
        if row is not None and row.expire_date > timezone.now():
            session._session_cache = session.decode(row.session_data)  # type: ignore[attr-defined]
    wanted = {_user_id(session) for session in sessions} - {None}
    users = get_user_model()._default_manager.in_bulk(wanted)
    return [Visitor(each, _user(each, users.get(_user_id(each)))) for each in sessions]


def _user_id(session: SessionBase) -> Any:
    data = getattr(session, "_session_cache", {})
    if data.get(BACKEND_SESSION_KEY) != PLAIN or PLAIN not in settings.AUTHENTICATION_BACKENDS:
        return None
    return get_user_model()._meta.pk.to_python(data[SESSION_KEY])


def _user(session: SessionBase, found: Any) -> AbstractBaseUser | AnonymousUser:
    if found is not None and found.is_active:
        verified = session.get(HASH_SESSION_KEY) or ""
        if constant_time_compare(verified, found.get_session_auth_hash()):
            user: AbstractBaseUser = found
            return user
    return get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]


async def _look_up_all(keys: list[str]) -> list[Visitor]:
    return await from_database(_visitors, keys)


_look_up = Together(_look_up_all)
