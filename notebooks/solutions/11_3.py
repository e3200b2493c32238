import asyncio
import random

from channels_lab import LabError


async def answer(client, last):
    texts, epoch = [], ""
    while last not in texts:
        try:
            await client.connect()
            state = await client.receive()
            epoch = epoch or state["history"]["epoch"]
            while last not in texts:
                frame = await client.receive()
                if frame["type"] == "message":
                    texts.append(frame["text"])
                    client.path = f"/online/?epoch={epoch}&since={frame['id']}"
        except LabError:
            await asyncio.sleep(random.uniform(0, 0.5))
    return texts
