"""The broadcast benchmark: the board beside the documentation's consumer and three other servers.

`python -m account.tests.broadcast`, or `make bench ONLY=broadcast`. One run starts each server in
turn, several times over, and measures it with one client process that holds all connections:

    publisher → (broker →) server → crowd: N sockets, each of which has to get every byte

The servers are in `sides.py`; `crowd.py` is the client, and `stream.py` is how it knows that every
connection got every message once and in order.
"""
