import time

from channels_lab import LabError


async def answer(client, join, journal):
    taken = 0
    while taken < len(journal):
        try:
            await client.connect()
            await client.send(join)
            taken = (await client.receive_only("class"))["taken"]
            while taken < len(journal):
                at, body = journal[taken]
                ago = time.time() - at
                await client.send({"type": "report", "number": taken + 1, "ago": ago, **body})
                taken = (await client.receive_only("taken"))["number"]
        except LabError:
            pass  # a program for a class of three hundred waits a random moment
