# not yet: expected a 403 to end it after one knock; it goes on
import asyncio
import random


async def come_back(knock):
    for failures in range(20):
        try:
            return await knock()
        except Exception:
            await asyncio.sleep(random.uniform(0, min(1, 0.1 * 2**failures)))
