# not yet: expected ['one', 'two', 'three', 'the end']; ['one', 'two', 'the end'] came
import asyncio
import random

from channels_lab import LabError


async def answer(client, last):
    texts = []
    while last not in texts:
        try:
            await client.connect()
            while last not in texts:
                frame = await client.receive()
                if frame["type"] == "message":
                    texts.append(frame["text"])
        except LabError:
            await asyncio.sleep(random.uniform(0, 0.5))
    return texts
