"""The import table holds, and a forbidden import is named with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.imports import TABLE, problems, rule


def test_nobody_imports_what_the_table_forbids() -> None:
    assert problems() == []


def one_file(root: Path, place: str, source: str) -> Path:
    """Write one file below a root of its own."""
    path = root / place
    path.parent.mkdir(parents=True)
    path.write_text(source, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("place", "source", "expected"),
    [
        ("account/models.py", "from account.presence import online", "account.presence.online"),
        ("account/models.py", "from . import presence", "account.presence"),
        ("account/presence.py", "import json", "json"),
        ("account/presence.py", "def f():\n    import channels.layers", "channels.layers"),
        ("account/events.py", "from django.db import models", "django.db.models"),
        ("account/consumer.py", "from .models import UserOnline", "account.models.UserOnline"),
        ("account/consumer.py", "from django.conf import settings", "django.conf.settings"),
        ("account/views.py", "import channels_lab", "channels_lab"),
        ("classroom/events.py", "from django.conf import settings", "django.conf.settings"),
        ("classroom/rules.py", "from classroom import hub", "classroom.hub"),
        ("classroom/board_consumer.py", "from django.db import models", "django.db.models"),
        ("classroom/learner_consumer.py", "from .models import Room", "classroom.models.Room"),
        ("myproject/routing.py", "import requests", "requests"),
        ("myproject/routing.py", "from account import models", "account.models"),
    ],
)
def test_a_forbidden_import_is_named(
    tmp_path: Path, place: str, source: str, expected: str
) -> None:
    root = one_file(tmp_path, f"demo_project/{place}", source)
    found = problems(root, tuple(row for row in TABLE if list(root.glob(row.files))))
    assert found, "the table allowed it"
    assert all(f"demo_project/{place}:" in text for text in found)
    assert all(f"imports {expected}, which" in text for text in found)


def test_the_lab_may_not_import_django(tmp_path: Path) -> None:
    root = one_file(tmp_path, "notebooks/channels_lab/server.py", "import django")
    assert problems(root, (TABLE[-1],)) == [
        "notebooks/channels_lab/server.py:1: imports django, which the import table forbids"
    ]


def test_what_the_table_allows_passes(tmp_path: Path) -> None:
    source = "import json\nfrom .client import Client\nfrom IPython.display import SVG\n"
    root = one_file(tmp_path, "notebooks/channels_lab/server.py", source)
    assert problems(root, (TABLE[-1],)) == []


def test_a_row_without_a_file_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, (rule("gone.py", ""),)) == [
        "gone.py: the import table names it and there is no such file"
    ]
