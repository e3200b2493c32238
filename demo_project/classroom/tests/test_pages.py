"""The classroom over HTTP: the app, the plan of the course, opening a class, and export."""

import csv
import io
import json
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, TestCase, TransactionTestCase, override_settings

from classroom import codes, limits, rules, views
from classroom.course import FILE, homes
from classroom.events import Opening
from classroom.limits import MINUTE
from classroom.models import Cell, Instructor, Learner, Room
from classroom.standing import beginning
from myproject.guard.bucket import Buckets

OPEN = "/classroom/open/"
EXPORTS = ("/classroom/export.csv", "/classroom/export.json")


def post(client: Client, body: Any = None, **more: Any) -> Any:
    """Ask to open a class."""
    body = {"title": "Channels", "name": "Dr. Ada"} if body is None else body
    return client.post(OPEN, json.dumps(body), content_type="application/json", **more)


class OpenTests(TestCase):
    def setUp(self) -> None:
        fresh = Buckets(views.OPENINGS / MINUTE, views.OPENINGS)
        patched = patch.object(views, "openings", fresh)
        patched.start()
        self.addCleanup(patched.stop)

    def test_a_class_is_opened_with_a_code_and_a_key(self) -> None:
        answer = post(self.client, {"title": "  Channels\n", "name": "Dr. Ada"})
        assert answer.status_code == 201
        found = answer.json()
        assert found.keys() == {"code", "key", "title"}
        room = Room.objects.get()
        assert found["code"] == codes.spelled(room.code)
        assert found["title"] == room.title == "Channels"
        assert Instructor.objects.get().name == "Dr. Ada"
        assert rules.instructor_with_key(found["key"])
        assert answer.headers["Cache-Control"] == "no-store"

    def test_who_is_elsewhere_opens_none(self) -> None:
        for more in (
            {"REMOTE_ADDR": "192.0.2.7"},
            {"REMOTE_ADDR": ""},
            {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},  # a proxy on this machine speaks for anybody
            {"HTTP_FORWARDED": "for=127.0.0.1"},
            {"HTTP_X_FORWARDED_HOST": "hub.example.org"},
        ):
            answer = post(self.client, **more)
            assert answer.status_code == 403, more
            assert answer.json()["code"] == "not_allowed"
        assert not Room.objects.exists()

    def test_staff_opens_one_from_anywhere_and_other_users_do_not(self) -> None:
        for name, is_staff, status in (("ana", False, 403), ("admin", True, 201)):
            user = get_user_model().objects.create(username=name, is_staff=is_staff)
            self.client.force_login(user)
            assert post(self.client, REMOTE_ADDR="192.0.2.7").status_code == status

    def test_the_setting_says_who(self) -> None:
        with override_settings(CLASSROOM_OPEN="anyone"):
            assert post(self.client, REMOTE_ADDR="192.0.2.7").status_code == 201
        with override_settings(CLASSROOM_OPEN="nobody"):
            assert post(self.client).status_code == 403

    def test_another_site_opens_none(self) -> None:
        strict = Client(enforce_csrf_checks=True)
        assert post(strict).status_code == 403
        strict.get("/classroom/")
        token = strict.cookies["csrftoken"].value
        assert post(strict, HTTP_X_CSRFTOKEN=token).status_code == 201

    def test_what_is_no_request_is_answered(self) -> None:
        bodies: list[Any] = [
            {},
            {"title": " \u202e"},
            {"title": ""},
            [],
            7,
            {"name": "x"},
            {"title": 7},
        ]
        for body in bodies:
            answer = post(self.client, body)
            assert answer.status_code == 400, body
            assert answer.json()["code"] == "bad_event"
        broken = self.client.post(OPEN, "{", content_type="application/json")
        assert broken.status_code == 400
        assert self.client.get(OPEN).status_code == 405

    def test_nobody_opens_classes_without_end(self) -> None:
        statuses = [post(self.client).status_code for _ in range(views.OPENINGS + 1)]
        assert statuses == [201] * views.OPENINGS + [429]
        with override_settings(CLASSROOM_OPEN="anyone"):
            assert post(self.client, REMOTE_ADDR="192.0.2.7").status_code == 201


class PageTests(TestCase):
    def test_the_plan_of_the_course_is_asked_for_once(self) -> None:
        first = self.client.get("/classroom/course/")
        assert first.json() == json.loads(FILE.read_text("utf-8"))
        assert first.headers["Date"].endswith("GMT")
        tag = first.headers["ETag"]
        again = self.client.get("/classroom/course/", HTTP_IF_NONE_MATCH=tag)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Date"] and again.headers["ETag"] == tag
        assert self.client.get("/classroom/course/", HTTP_IF_NONE_MATCH='"x"').status_code == 200

    def test_the_plan_knows_where_each_exercise_stands(self) -> None:
        plan = json.loads(FILE.read_text("utf-8"))
        steps = {step["id"] for lesson in plan["lessons"] for step in lesson["steps"]}
        assert homes() and set(homes().values()) <= steps

    def test_the_pages_are_there_under_the_strict_policy(self) -> None:
        for path in ("/classroom/", "/classroom/board/"):
            page = self.client.get(path)
            assert page.status_code == 200
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert "csrftoken" in self.client.cookies


class ExportTests(TransactionTestCase):
    def setUp(self) -> None:
        self.klass = rules.open_class(Opening("Channels", "Dr. Ada"))
        self.header = {"Authorization": f"Bearer {self.klass.key}"}
        room = Room.objects.get()
        begun, solved = "2030-01-31T12:00:00Z", "2030-01-31T12:05:00Z"
        standing = beginning() | {
            "steps": {"01/1": begun},
            "exercises": {"01.1": {"tries": 2, "hints": 1, "begun": begun, "solved": solved}},
        }
        for name in ("=cmd|' /C calc'!A1", "+1", "-1", "@SUM(1)", 'a "quoted", name', "bob"):
            ana = Learner.objects.create(room=room, key=name, name=name, standing=standing)
        Cell.objects.create(learner=ana, step="01/1", source="<script>", output="")

    def test_a_spreadsheet_takes_no_name_for_a_formula(self) -> None:
        answer = self.client.get("/classroom/export.csv", headers=self.header)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="class.csv"'
        assert answer.content.startswith(b"\xef\xbb\xbf")  # or Excel reads it as what it is not
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert {len(row) for row in rows} == {10}
        names = list(dict.fromkeys(row[0] for row in rows[1:]))
        assert names == [
            "'=cmd|' /C calc'!A1",
            "'+1",
            "'-1",
            "'@SUM(1)",
            'a "quoted", name',
            "bob",
        ]
        bob = [row[3:] for row in rows if row[0] == "bob"]
        begun, solved = "2030-01-31T12:00:00Z", "2030-01-31T12:05:00Z"
        assert bob == [
            ["exercise", "01.1", "", begun, solved, "2", "1"],
            ["step", "01/1", begun, "", "", "", ""],
        ]

    def test_all_that_the_board_knows_is_in_the_json(self) -> None:
        found = self.client.get("/classroom/export.json", headers=self.header).json()
        assert found.keys() == {"class", "instructors", "learners", "notes", "shown"}
        assert [each["name"] for each in found["learners"]][-1] == "bob"
        assert found["shown"][0]["source"] == "<script>"
        assert self.klass.key not in json.dumps(found)

    def test_a_class_without_learners_is_a_table_too(self) -> None:
        Learner.objects.all().delete()
        rows = self.client.get("/classroom/export.csv", headers=self.header).content.decode()
        assert rows.startswith("\ufefflearner,joined,") and rows.count("\n") == 1

    def test_of_a_frozen_class_there_is_what_happened_since(self) -> None:
        room = Room.objects.get()
        Room.objects.update(frozen_at=room.opened_at, picture={"learners": [], "shown": []})
        found = self.client.get("/classroom/export.json", headers=self.header).json()
        assert len(found["learners"]) == 6 and len(found["shown"]) == 1
        assert found["class"]["frozen"] is not None

    def test_without_the_key_there_is_nothing(self) -> None:
        for path in EXPORTS:
            wrong: list[dict[str, str]] = [
                {},
                {"Authorization": ""},
                {"Authorization": f"Basic {self.klass.key}"},
                {"Authorization": f"Bearer {codes.new_key()}"},
                {"Authorization": f"Bearer {self.klass.code}"},
            ]
            for header in wrong:
                assert self.client.get(path, headers=header).status_code == 404
            assert self.client.get(f"{path}?key={self.klass.key}").status_code == 404

    def test_wrong_keys_are_not_tried_for_ever(self) -> None:
        with (
            override_settings(CLASSROOM_GUESSES_PER_ADDRESS=2),
            pytest.MonkeyPatch.context() as monkey,
        ):
            monkey.setattr("classroom.views.guesses", limits.Guesses())
            wrong = {"Authorization": f"Bearer {codes.new_key()}"}
            statuses = [self.client.get(EXPORTS[1], headers=wrong).status_code for _ in range(3)]
            assert statuses == [404, 404, 429]
            refused = self.client.get(EXPORTS[1], headers=self.header)
            assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
