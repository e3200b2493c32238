"""settle(): what processes print, without what differs from run to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels_lab.text import settle


@pytest.mark.parametrize(
    ("printed", "settled"),
    [
        (
            '127.0.0.1:53412 - - [22/Nov/2026:13:20:00] "WSCONNECTING /online/" - -',
            "WSCONNECTING /online/",
        ),
        ('127.0.0.1:5 - - [22/Nov/2026:13:20:00] "GET /me/" 200 21', "GET /me/ 200"),
        ("2026-11-22 13:20:00,123 INFO Listening on 127.0.0.1:8080", "INFO Listening on localhost"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("<Task object at 0x7f00aa>", "<Task object>"),
        ("1 failed, 2 passed in 0.84s", "1 failed, 2 passed"),
        ("no tests ran in 65.01s (0:01:05)", "no tests ran"),
        ("2 frames in 0.84s", "2 frames in 0.84s"),
        ("a line like any other", "a line like any other"),
    ],
)
def test_a_line_keeps_its_meaning_only(printed: str, settled: str) -> None:
    assert settle(printed) == [settled]


def test_a_traceback_keeps_the_projects_own_frames_with_relative_paths(tmp_path: Path) -> None:
    printed = (
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python/other.py", line 1, in run\n'
        "    run()\n"
        "    ^^^^^\n"
        f'  File "{tmp_path}/account/consumer.py", line 7, in receive\n'
        "    json.loads(text)\n"
        "ValueError: no\n"
    )
    assert settle(printed, tmp_path) == [
        "Traceback (most recent call last):",
        '  File "account/consumer.py", line 7, in receive',
        "    json.loads(text)",
        "ValueError: no",
    ]
