"""The pages over HTTP."""

import re
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db.models.functions import Now
from django.test import TestCase

from account import presence
from account.models import ServerLease
from account.tests.servers import HERE, THERE, track


class PageTests(TestCase):
    def make_ana(self) -> None:
        get_user_model().objects.create_user("ana", password="channels")

    def test_a_visitor_gets_one_guest_name_and_keeps_it(self) -> None:
        self.client.get("/")
        name = self.client.session["guest_name"]
        assert re.fullmatch("guest-[a-z]{6}", name)
        self.client.get("/")
        assert self.client.get("/me/").json() == {"user": name, "guest": True}

    def test_who_am_i_without_a_name_makes_no_session(self) -> None:
        response = self.client.get("/me/")
        assert response.json() == {"user": None, "guest": True}
        assert not response.cookies

    def test_logging_in_and_out_changes_who_i_am(self) -> None:
        self.make_ana()
        response = self.client.post(
            "/accounts/login/", {"username": "ana", "password": "channels", "next": "/me/"}
        )
        self.assertRedirects(response, "/me/")
        assert self.client.get("/me/").json() == {"user": "ana", "guest": False}
        assert b"Logged in as" in self.client.get("/plain/").content
        self.assertRedirects(self.client.post("/accounts/logout/"), "/")
        assert self.client.get("/me/").json()["guest"] is True

    def test_both_ways_lead_back_to_the_board_whatever_its_prefix(self) -> None:
        self.make_ana()
        form = {"username": "ana", "password": "channels"}
        for path in ("/accounts/login/", "/accounts/logout/"):
            assert self.client.post(path, form).headers["Location"] == "../../"

    def test_a_wrong_password_is_told_on_the_page(self) -> None:
        self.make_ana()
        response = self.client.post("/accounts/login/", {"username": "ana", "password": "no"})
        assert response.status_code == 200
        self.assertContains(response, 'role="alert"')

    def test_logging_out_takes_a_post(self) -> None:
        assert self.client.get("/accounts/logout/").status_code == 405

    def test_the_board_over_http_is_the_list_of_the_state(self) -> None:
        track("s1", AnonymousUser(), "guest-abc")
        track("s2", AnonymousUser(), "guest-abc")
        users = [{"user": "guest-abc", "tabs": 2}]
        assert self.client.get("/online/").json() == {"users": users}

    def test_who_is_on_a_server_that_is_gone_is_not_online(self) -> None:
        track("s1", AnonymousUser(), "guest-abc")
        ServerLease.objects.update(expires_at=Now() - timedelta(seconds=1))
        assert self.client.get("/online/").json() == {"users": []}

    def test_a_visitor_may_see_the_pages_and_devices_of_their_own_tabs(self) -> None:
        self.make_ana()
        ana = get_user_model().objects.get()
        presence.restore(HERE, 60, [])
        presence.track(HERE, "s1", ana, page="/a", device="Chrome on Linux")
        track("s2", AnonymousUser(), "guest-abc", server=THERE)
        assert self.client.get("/online/?details=1").json()["tabs"] == []
        self.client.force_login(ana)
        [tab] = self.client.get("/online/?details=1").json()["tabs"]
        assert (tab["user"], tab["page"], tab["device"]) == ("ana", "/a", "Chrome on Linux")
        get_user_model().objects.update(is_superuser=True)
        answer = self.client.get("/online/?details=1").json()
        assert [tab["user"] for tab in answer["tabs"]] == ["ana", "guest-abc"]

    def test_the_pages_only_read(self) -> None:
        for path in ("/", "/plain/", "/me/", "/online/"):
            assert self.client.post(path).status_code == 405
