"""The process that sends the broadcasts: `python -m account.tests.broadcast.publisher board`.

It reads numbers from its standard input, each the count of broadcasts that are to be sent in all.
To `board` and `documented` it sends them as any process would, by `group_send` over the channel
layer of that project; to an address such as ws://127.0.0.1:8000/publish over one WebSocket.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import Any

from account.tests.broadcast.stream import text

Event = dict[str, Any]


def wanted() -> Iterator[range]:
    """The numbers of the broadcasts that are to be sent now, as often as somebody asks."""
    sent = 0
    for line in sys.stdin:
        yield range(sent, int(line))
        sent = max(sent, int(line))


def board_event(said: str) -> Event:
    """What the board's group gets."""
    return {"type": "online.message", "from": "ana", "text": said, "to": None}


def chat_event(said: str) -> Event:
    """What the group of the documentation's consumer gets."""
    return {"type": "chat.message", "message": said}


def publish_to_group(project: str) -> None:
    """Send to the group of a project."""
    from channels.layers import get_channel_layer

    if project == "board":
        import django

        django.setup()
        group, event = "online", board_event
    else:
        from account.tests.broadcast.peers import documented  # noqa: F401 (it sets Django up)

        group, event = "chat_bench", chat_event
    layer = get_channel_layer()

    async def send(numbers: range) -> None:
        for number in numbers:
            await layer.group_send(group, event(text(number, time.monotonic_ns())))

    with asyncio.Runner() as runner:
        for numbers in wanted():
            runner.run(send(numbers))


def publish_to_socket(address: str) -> None:
    """Send over one WebSocket."""
    from websockets.sync.client import connect

    with connect(address, compression=None, proxy=None) as socket:
        for numbers in wanted():
            for number in numbers:
                socket.send(text(number, time.monotonic_ns()))


if __name__ == "__main__":
    target = sys.argv[1]
    publish_to_socket(target) if "://" in target else publish_to_group(target)
