import asyncio
import random


async def come_back(knock):
    for failures in range(20):
        try:
            return await knock()
        except OSError:  # nobody listens; a 403 is no OSError
            await asyncio.sleep(random.uniform(0, min(1, 0.1 * 2**failures)))
    raise ConnectionError("knocked 20 times, in vain")
