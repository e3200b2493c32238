"""The commands, and what they say when they cannot do what they were asked."""

from datetime import timedelta
from io import StringIO
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import TestCase, override_settings

from account import presence
from account.models import Said, ServerLease
from account.tests.servers import THERE, track

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
NO_BROKER = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},  # nothing listens on port 1
    }
}


def run(*arguments: Any, **options: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


class BroadcastTests(TestCase):
    """That it arrives is proved with real processes, in test_live_server.py."""

    @override_settings(CHANNEL_LAYERS=IN_MEMORY)
    def test_without_a_broker_it_says_why_nobody_can_get_it(self) -> None:
        with self.assertRaisesMessage(CommandError, "Nobody could get the message") as failed:
            run("broadcast", "hi")
        assert "REDIS_URL" in str(failed.exception)

    @override_settings(CHANNEL_LAYERS=NO_BROKER)
    def test_nobody_of_that_name_online_is_an_error(self) -> None:
        with self.assertRaisesMessage(CommandError, "nobody called 'ana' is online"):
            run("broadcast", "hi", to="ana")

    @override_settings(CHANNEL_LAYERS=NO_BROKER)
    def test_a_broker_that_does_not_answer_is_an_error_of_one_sentence(self) -> None:
        track("s1", AnonymousUser(), "guest-abc")
        with self.assertRaisesMessage(CommandError, "The channel layer did not take it: "):
            run("broadcast", "hi", to="guest-abc")
        with (
            override_settings(HISTORY_MESSAGES=0),
            self.assertRaisesMessage(CommandError, "The channel layer did not take it: "),
        ):
            run("broadcast", "hi")

    @override_settings(CHANNEL_LAYERS=NO_BROKER)
    def test_what_a_broker_does_not_take_is_kept_for_the_servers_to_find(self) -> None:
        assert run("broadcast", "hi").startswith("The channel layer did not take it; it is kept")
        assert list(Said.objects.values_list("number", "sender", "text")) == [(1, "server", "hi")]

    def test_a_text_that_no_client_may_send_is_not_sent_either(self) -> None:
        for text in ("", " ", "x" * 2001):
            with self.assertRaisesMessage(CommandError, "The message was not sent: expected"):
                run("broadcast", text)


class PruneTests(TestCase):
    @override_settings(CHANNEL_LAYERS=IN_MEMORY)
    def test_it_forgets_the_people_of_dead_servers_and_says_who_went_offline(self) -> None:
        track("s1", AnonymousUser(), "guest-old", server=THERE)
        track("s2", AnonymousUser(), "guest-new")
        assert run("prune_presence") == "Went offline: nobody.\n"
        ServerLease.objects.filter(pk=THERE).update(expires_at=Now() - timedelta(seconds=1))
        assert run("prune_presence").startswith("Went offline: guest-old.\n")
        assert presence.online() == [{"user": "guest-new", "tabs": 1}]

    @override_settings(CHANNEL_LAYERS=IN_MEMORY)
    def test_it_can_forget_servers_before_their_lease_runs_out(self) -> None:
        track("s1", AnonymousUser(), "guest-abc")
        assert run("prune_presence", older_than=60) == "Went offline: nobody.\n"
        assert run("prune_presence", older_than=0).startswith("Went offline: guest-abc.\n")

    def test_a_time_that_cannot_be_is_refused(self) -> None:
        for seconds in (-1, 10**15):
            with self.assertRaisesMessage(CommandError, f"got {seconds}"):
                run("prune_presence", older_than=seconds)


class DemoUsersTests(TestCase):
    @override_settings(DEBUG=True)
    def test_it_creates_the_people_of_the_lessons_and_is_idempotent(self) -> None:
        assert run("demo_users") == "Created: ana, bob, cem, dora, admin.\n"
        assert run("demo_users") == "Created: nobody.\n"
        users = get_user_model().objects
        assert users.count() == 5
        assert all(user.check_password("channels") for user in users.all())
        assert [user.username for user in users.filter(is_superuser=True)] == ["admin"]

    @override_settings(DEBUG=True)
    def test_it_leaves_alone_who_exists(self) -> None:
        get_user_model().objects.create_user("ana", password="of her own")
        assert run("demo_users") == "Created: bob, cem, dora, admin.\n"
        assert get_user_model().objects.get(username="ana").check_password("of her own")

    @override_settings(DEBUG=False)
    def test_it_refuses_unless_debug_is_on(self) -> None:
        with self.assertRaisesMessage(CommandError, "only while DJANGO_DEBUG is on"):
            run("demo_users")
        assert not get_user_model().objects.exists()
