import asyncio
import json

from channels.layers import get_channel_layer

connections, tasks = set(), []


async def fan_out():
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("online", channel)
    while True:
        event = await layer.receive(channel)
        text = json.dumps({"type": "message", "text": event["text"]})
        for connection in list(connections):
            try:
                async with asyncio.timeout(0.5):
                    await connection.send(text_data=text)
            except TimeoutError:
                connections.discard(connection)
                tasks.append(asyncio.create_task(connection.close(code=4008)))
