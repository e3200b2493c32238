"""Whatever the learner's code does, a check answers with a sentence and the next one works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels_lab import LiveServer, Workspace, check, solution

CONSUMER = """
from channels.generic.websocket import WebsocketConsumer


class OnlineConsumer(WebsocketConsumer):
    def receive(self, text_data=None, bytes_data=None):
        {receive}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, LiveServer]]:
    """The project of lesson 03 and its server, which every test breaks in its own way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHANNELS_LAB_WORKSPACE", str(tmp_path_factory.mktemp("workspace")))
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        workspace = Workspace.at(4)
        with LiveServer(workspace) as server:
            yield workspace, server


def write(workspace: Workspace, source: str) -> None:
    """Put this into the learner's consumer."""
    (workspace.path / "account" / "consumer.py").write_text(source)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def broken(:\n", "daphne ended before it listened"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("while True: pass\n", "waited for daphne, in vain"),
        (CONSUMER.format(receive="while True: pass"), "ana waited 2 s for a frame, in vain"),
        (CONSUMER.format(receive="1 / 0"), "the connection is closed with 1011"),
        (CONSUMER.format(receive="self.send('not json')"), "not json came"),
    ],
    ids=["syntax", "exception", "endless start", "endless handler", "raising handler", "nonsense"],
)
async def test_broken_code_is_answered_and_the_next_check_works(
    project: tuple[Workspace, LiveServer], source: str, reason: str
) -> None:
    workspace, server = project
    write(workspace, source)
    said = repr(await check("03.2", server))
    assert said.startswith("○ not yet – ")
    assert reason in said
    write(workspace, solution("03.2").text)
    assert repr(await check("03.2", server)).startswith("✔ solved")
