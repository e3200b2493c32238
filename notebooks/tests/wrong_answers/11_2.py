# not yet: expected ['server'] with the server killed; LabError
import json


async def answer(client):
    _, text = await client.get("/healthz")
    parts = json.loads(text)
    return [part for part, said in parts.items() if part != "status" and not said["ok"]]
