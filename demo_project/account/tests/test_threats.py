"""The table of threats: each row names a test that is there."""

import ast
import asyncio
import json
from pathlib import Path

import pytest

from account.tests.live import LiveServer, receive, receive_until
from myproject.guard.threats import THREATS, Threat

PROJECT = Path(__file__).parents[2]
FOLDERS = (*PROJECT.glob("*/tests"), PROJECT.parent / "notebooks" / "tests")


def names_of_tests(file: Path) -> set[str]:
    """The names of the tests of a file."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return {node.name for node in nodes if isinstance(node, kinds)}


@pytest.mark.parametrize("row", THREATS, ids=[row.threat for row in THREATS])
def test_each_threat_names_a_test_that_is_there(row: Threat) -> None:
    file, _, name = row.proof.partition("::")
    assert name.startswith("test_")
    files = [folder / file for folder in FOLDERS if (folder / file).exists()]
    assert [path for path in files if name in names_of_tests(path)], f"{file} has no test {name}"
    assert row.threat.endswith(".") and row.answer.endswith(".")


def test_no_proof_is_given_twice() -> None:
    assert len({row.proof for row in THREATS}) == len(THREATS) > 20


async def test_the_sender_is_who_the_session_says(server: LiveServer) -> None:
    cookie = await asyncio.to_thread(server.log_in, "ana")
    async with server.connect(cookie) as ana:
        await receive(ana)
        forged = {"type": "message", "text": "hi", "from": "bob", "user": "bob", "sender": "bob"}
        await ana.send(json.dumps(forged))
        message = await receive_until(ana, lambda frame: frame["type"] == "message")
        assert message["from"] == "ana"
