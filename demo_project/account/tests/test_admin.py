"""The admin's list of open connections, and its message to the chosen ones."""

from typing import Any
from unittest.mock import patch

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission
from django.test import TestCase, override_settings

from account.models import UserOnline
from account.tests.servers import track

LIST = "/admin/account/useronline/"
IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class AdminTests(TestCase):
    def setUp(self) -> None:
        admin = get_user_model().objects.create_superuser("admin", password="channels")
        self.client.force_login(admin)
        track("specific.1", AnonymousUser(), "guest-abc")
        track("specific.2", admin)
        self.pk = UserOnline.objects.get(sid="specific.1").pk

    def act(self, **more: str) -> Any:
        chosen = {"action": "send_message", "_selected_action": str(self.pk)}
        return self.client.post(LIST, {**chosen, **more}, follow=True)

    def test_the_list_shows_and_finds_and_filters_connections(self) -> None:
        self.assertContains(self.client.get(LIST), "guest-abc")
        found = self.client.get(LIST, {"q": "specific.2"})
        self.assertContains(found, "specific.2")
        self.assertNotContains(found, "specific.1")
        guests = self.client.get(LIST, {"kind": "guest"})
        self.assertContains(guests, "specific.1")
        self.assertNotContains(guests, "specific.2")

    def test_rows_are_read_only(self) -> None:
        assert self.client.get(f"{LIST}add/").status_code == 403
        page = self.client.get(f"{LIST}{self.pk}/change/")
        self.assertContains(page, "guest-abc")
        self.assertNotContains(page, 'name="_save"')
        assert self.client.post(f"{LIST}{self.pk}/delete/", {"post": "yes"}).status_code == 403

    def test_the_action_asks_for_the_text_first(self) -> None:
        page = self.act()
        self.assertContains(page, "specific.1")
        self.assertNotContains(page, "specific.2")
        self.assertContains(page, "<textarea")

    def test_a_message_goes_to_the_chosen_connections_only(self) -> None:
        with patch.object(get_channel_layer(), "send", wraps=get_channel_layer().send) as send:
            page = self.act(send="Send", text="hello")
        self.assertContains(page, "Sent to 1 open connection.")
        send.assert_called_once()
        assert async_to_sync(get_channel_layer().receive)("specific.1") == {
            "type": "online.message",
            "from": "server",
            "text": "hello",
            "to": "guest-abc",
        }

    def test_a_blank_or_endless_message_is_asked_for_again(self) -> None:
        for text in ("", "x" * 2001):
            self.assertContains(self.act(send="Send", text=text), "errorlist")

    def test_a_layer_that_fails_is_told_in_a_message(self) -> None:
        failure = ConnectionError("no broker")
        with patch.object(get_channel_layer(), "send", side_effect=failure):
            page = self.act(send="Send", text="hello")
        self.assertContains(page, "The channel layer did not take it: ConnectionError: no broker")

    def test_who_may_only_look_may_not_send(self) -> None:
        looker = get_user_model().objects.create_user("looker", is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_useronline"))
        self.client.force_login(looker)
        self.assertContains(self.client.get(LIST), "guest-abc")
        with patch.object(get_channel_layer(), "send") as send:
            self.act(send="Send", text="hello")
        send.assert_not_called()
