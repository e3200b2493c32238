# not yet: expected False from a board without a broker; True came
from channels_lab import Client


async def answer(server):
    ana = await (await Client("ana", server).login()).connect()
    server.run('python manage.py broadcast "hello"')  # the state has not been read yet
    return not await ana.receive_nothing(1)
