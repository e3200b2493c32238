# not yet: expected the pong to go out before a report ends; it went out after it
import time

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer


def report():
    print("a report begins")
    time.sleep(0.8)
    print("a report ends")
    return "all is well"


class OnlineConsumer(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content):
        if content["type"] == "report":
            text = await sync_to_async(report)()
            await self.send_json({"type": "report", "text": text})
        else:
            print("a pong goes out")
            await self.send_json({"type": "pong", "id": content["id"]})
