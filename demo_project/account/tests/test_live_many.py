"""Many sockets on one real server."""

import asyncio
from contextlib import AsyncExitStack

from account.tests import live
from account.tests.conftest import StartServer
from account.tests.live import receive, receive_until

SOCKETS = 300
IDLE = 10.0  # seconds; the core channel layer would have closed them all after five


async def test_300_idle_sockets_all_get_a_message_from_another_process(
    start_server: StartServer, env: dict[str, str]
) -> None:
    server = start_server()
    async with AsyncExitStack() as stack:
        # Of three users, as to announce 300 would be another test: the board's, not the layer's.
        cookies = [await asyncio.to_thread(server.log_in, name) for name in ("ana", "bob", "cem")]
        clients = [
            await stack.enter_async_context(server.connect(cookies[number % len(cookies)]))
            for number in range(SOCKETS)
        ]
        for client in clients:
            assert (await receive(client))["event"] == "state"
        closed = [asyncio.ensure_future(client.wait_closed()) for client in clients]
        # Not a wait for something: the idleness itself is what is tested.
        done, _ = await asyncio.wait(closed, timeout=IDLE)
        assert not done, f"{len(done)} of {SOCKETS} sockets were closed while idle"
        sent = await asyncio.to_thread(live.manage, "broadcast", "good morning", env=env)
        assert sent.stdout == f"Sent to everybody: {SOCKETS} open connections.\n", sent.stderr
        messages = [
            await receive_until(client, lambda frame: frame["type"] == "message")
            for client in clients
        ]
        wanted = {"type": "message", "from": "server", "text": "good morning", "to": None}
        assert messages == [wanted] * SOCKETS
        assert not any(task.done() for task in closed)
        for task in closed:
            task.cancel()
    assert "Traceback" not in server.log
