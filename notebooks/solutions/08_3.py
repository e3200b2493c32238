async def answer(client, history):
    client.path = f"/online/?epoch={history['epoch']}&since={history['last']}"
    state = await (await client.connect()).receive()
    texts, place = [], history
    while place != state["history"]:
        frame = await client.receive()
        if frame["type"] == "missed":
            return None
        if frame["type"] == "message":
            texts.append(frame["text"])
            place = place | {"last": frame["id"]}
    return texts
