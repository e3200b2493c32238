from channels_lab import LabError


async def answer(client, other, texts):
    place, said = None, []
    client.path = "/online/?history=1"

    async def read():
        frame = await client.receive()
        if frame["type"] == "message" and frame["from"] == client.name:
            said.append(frame["text"])
        place["last"] = frame.get("id", place["last"])

    while len(said) < len(texts):
        try:
            now = (await (await client.connect()).receive())["history"]
            place = place or dict(now)
            while place != now:
                await read()
            for number in range(len(said), len(texts)):
                await client.send({"type": "message", "text": texts[number]})
                while len(said) == number:
                    await read()
        except LabError:
            client.server = other
            if place:
                client.path = f"/online/?epoch={place['epoch']}&since={place['last']}"
