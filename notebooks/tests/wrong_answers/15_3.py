# not yet: expected 4 tries, each of them counted once; 5 came
import time

from channels_lab import LabError


async def answer(client, join, journal):
    waiting = None
    while waiting is None or waiting:
        try:
            await client.connect()
            await client.send(join)
            taken = (await client.receive())["taken"]
            waiting = journal[taken:] if waiting is None else waiting
            while waiting:
                at, body = waiting[0]
                taken += 1
                ago = time.time() - at
                await client.send({"type": "report", "number": taken, "ago": ago, **body})
                await client.receive()
                waiting.pop(0)
        except LabError:
            pass
