# not yet: expected 3 to be told taken; 5 were
import asyncio

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db.models import F

from account.models import Tally


class OnlineConsumer(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content):
        seats = await Tally.objects.aget(name="seats")
        await asyncio.sleep(0.1)  # what does it cost? somebody else knows
        if seats.count > 0:
            await Tally.objects.filter(name="seats").aupdate(count=F("count") - 1)
            await self.send_json({"type": "taken"})
        else:
            await self.send_json({"type": "full"})
