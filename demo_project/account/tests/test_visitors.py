"""Who a visitor is taken for: as Django's own log-in says, for many at a time."""

import asyncio
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client, TransactionTestCase, override_settings
from django.utils import timezone

from myproject.visitors import Visitors

ANOTHER_WAY = ["account.tests.test_visitors.AnotherWay"]


class AnotherWay:
    """A way to log in that is not Django's own: it knows one user."""

    def get_user(self, user_id: Any) -> User | None:
        """The user, whoever is asked for."""
        return get_user_model().objects.filter(username="bob").first()


async def come(*keys: str | None) -> list[str]:
    """Come with these session cookies, all at once: what the scope calls each user."""

    async def one(key: str | None) -> str:
        found: list[str] = []

        async def application(scope: Any, receive: Any, send: Any) -> None:
            found.append(str(scope["user"]))

        cookie = f"other=1; {settings.SESSION_COOKIE_NAME}={key}".encode()
        headers = [(b"cookie", cookie)] if key is not None else []
        await Visitors(application)({"type": "websocket", "headers": headers}, None, None)  # type: ignore[arg-type]
        return found[0]

    return await asyncio.gather(*map(one, keys))


class VisitorsTests(TransactionTestCase):
    def log_in(self, username: str, backend: str | None = None) -> str:
        """The session key of a browser in which this user is logged in."""
        user = get_user_model().objects.get_or_create(username=username)[0]
        browser = Client()
        browser.force_login(user, backend)
        return browser.cookies[settings.SESSION_COOKIE_NAME].value

    async def test_each_of_a_crowd_is_whom_the_session_says(self) -> None:
        keys = {name: await asyncio.to_thread(self.log_in, name) for name in ("ana", "bob", "cem")}
        wanted = [*keys, "ana", "AnonymousUser", "AnonymousUser"]
        assert await come(*keys.values(), keys["ana"], None, "nobody's key") == wanted

    async def test_a_crowd_costs_two_questions(self) -> None:
        keys = [await asyncio.to_thread(self.log_in, name) for name in ("ana", "bob", "cem")]
        from myproject.visitors import _visitors

        def ask() -> list[str]:
            with self.assertNumQueries(2):
                return [str(visitor.user) for visitor in _visitors(keys)]

        assert await asyncio.to_thread(ask) == ["ana", "bob", "cem"]

    async def test_whoever_may_not_be_logged_in_any_more_is_a_guest(self) -> None:
        names = ("old session", "new password", "locked out", "deleted", "nothing happened")
        keys = [await asyncio.to_thread(self.log_in, name) for name in names]
        users = get_user_model().objects
        past = timezone.now() - timedelta(seconds=1)
        await Session.objects.filter(session_key=keys[0]).aupdate(expire_date=past)
        await users.filter(username="new password").aupdate(password="another")
        await users.filter(username="locked out").aupdate(is_active=False)
        await users.filter(username="deleted").adelete()
        assert await come(*keys) == ["AnonymousUser"] * 4 + ["nothing happened"]

    async def test_another_way_to_log_in_goes_django_s_own_way(self) -> None:
        await get_user_model().objects.acreate(username="bob")
        with override_settings(AUTHENTICATION_BACKENDS=ANOTHER_WAY):
            key = await asyncio.to_thread(self.log_in, "bob", ANOTHER_WAY[0])
            assert await come(key) == ["bob"]
        assert await come(key) == ["AnonymousUser"]  # it is none of the settings any more

    async def test_a_session_outlives_a_change_of_the_secret_key_only_where_the_old_one_is_kept(
        self,
    ) -> None:
        with override_settings(SECRET_KEY="the old one"):
            kept, lost = [await asyncio.to_thread(self.log_in, name) for name in ("ana", "bob")]
        with override_settings(SECRET_KEY="the new one", SECRET_KEY_FALLBACKS=["the old one"]):
            assert await come(kept) == ["ana"]
        with override_settings(SECRET_KEY="the new one"):
            assert await come(lost) == ["AnonymousUser"]
