from channels_lab import Client


async def answer(server):
    ana = await (await Client("ana", server).login()).connect()
    await ana.receive()  # the state
    server.run('python manage.py broadcast "hello"')  # a process of its own
    return not await ana.receive_nothing(1)
