# not yet: expected ['two', 'three'] for a client whose place is after 'one'; ['one',
async def answer(client, history):
    client.path = f"/online/?epoch={history['epoch']}&since={history['last'] - 1}"
    state = await (await client.connect()).receive()
    texts, place = [], history | {"last": history["last"] - 1}
    while place != state["history"]:
        frame = await client.receive()
        if frame["type"] == "missed":
            return None
        if frame["type"] == "message":
            texts.append(frame["text"])
            place = place | {"last": frame["id"]}
    return texts
