import asyncio

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db.models import F

from account.models import Tally


class OnlineConsumer(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content):
        await asyncio.sleep(0.1)  # what does it cost? somebody else knows
        free = Tally.objects.filter(name="seats", count__gt=0)
        taken = await free.aupdate(count=F("count") - 1)  # how many rows: 1 or 0
        await self.send_json({"type": "taken" if taken else "full"})
