# not yet: expected ['one', 'two', 'three'], each once; ['one', 'two', 'two', 'three'] came
from channels_lab import LabError


async def answer(client, other, texts):
    for text in texts:
        while True:
            try:
                if client.state != "open":
                    await client.connect()
                await client.send({"type": "message", "text": text})
                while (await client.receive()).get("text") != text:
                    pass
                break
            except LabError:
                client.server = other
