# not yet: expected ana to hear all of it while another one does not read; it has to wait
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
        await asyncio.gather(*(each.send(text_data=text) for each in connections))
