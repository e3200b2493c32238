import json

from channels_lab import LabError


async def answer(client):
    try:
        _, text = await client.get("/healthz")
    except LabError:
        return ["server"]
    parts = json.loads(text)
    return [part for part, said in parts.items() if part != "status" and not said["ok"]]
