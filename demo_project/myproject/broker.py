"""The channel layer over Valkey or Redis: one subscription, and an end to every wait.

It is the pub/sub layer of channels_redis 4.3, save for two things. That one subscribes to a channel
for each connection; this one to a pattern for all channels of the process, and it can hand an event
to a function, once for all channels that it is for (`attach`). And while its broker is away, that
one waits for each command as long as the socket allows, one after the other; keeps the channel of a
connection that was refused meanwhile; and logs a traceback a second.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from channels_redis.pubsub import (
    RedisPubSubChannelLayer,
    RedisPubSubLoopLayer,
    RedisSingleShardConnection,
)
from channels_redis.utils import decode_hosts
from redis.exceptions import RedisError

from myproject.watch import metrics

logger = logging.getLogger(__name__)

SECONDS = 2.0
"""How long one command may take, the wait for its turn included."""
RETRY = 0.25
"""Seconds between two attempts to reach a broker that is away."""
ASK, SILENCE = 3.0, 10.0
"""Seconds between two pings to the broker, and without any answer until it counts as away."""
STALL = 1.0
"""Seconds between two looks after which this process stood still: a cell, a debugger."""
SENT_AT = "__sent_at__"
"""The key under which a message carries when it was sent (seconds since 1970)."""


Listener = Callable[[list[str], Any], None]
"""Takes an event with the attached channels that it is for; it waits for nothing, never raises."""


class BrokerAway(ConnectionError):
    """The broker did not take a command in time, or refused it."""


class Shard(RedisSingleShardConnection):
    """The connection to one broker. What failed is forgotten, and the connection is made anew."""

    away_since: float | None = None  # by time.monotonic()

    def __init__(self, host: dict[str, Any], channel_layer: "LoopLayer") -> None:
        super().__init__(host, channel_layer)
        self._publishing = asyncio.Lock()
        self._heard_at = self._asked_at = self._listened_at = 0.0

    async def publish(self, channel: str, message: bytes) -> None:
        """Send a message. Raises BrokerAway."""
        await self._bounded(self._publish(channel, message))

    async def _publish(self, channel: str, message: bytes) -> None:
        # A lock of its own: whoever connects does not wait for those who speak.
        async with self._publishing:
            self._ensure_redis()
            await self._redis.publish(channel, message)

    async def subscribe(self, channel: str) -> None:
        """Ask for the messages of a channel. Raises BrokerAway."""
        try:
            if self.away_since is not None:
                raise BrokerAway("The broker is away.")  # and the receiver is at it already
            if channel in self._subscribed_to:
                return
            await self._bounded(super().subscribe(channel))
        except BaseException:
            await self._forget(channel)
            raise

    async def listen(self, pattern: str) -> None:
        """Ask for the messages of all channels of this process. Raises BrokerAway."""
        if self.away_since is not None:
            raise BrokerAway("The broker is away.")
        if pattern not in self._subscribed_to:
            await self._bounded(self._listen(pattern))

    async def _listen(self, pattern: str) -> None:
        async with self._lock:
            self._ensure_redis()
            self._ensure_receiver()
            await self._pubsub.psubscribe(pattern)
            self._subscribed_to.add(pattern)

    async def unsubscribe(self, channel: str) -> None:
        """Ask for them no more; a broker that is away has forgotten them by itself."""
        try:
            await self._bounded(super().unsubscribe(channel))
        except BaseException as error:
            await self._forget(channel)
            if not isinstance(error, BrokerAway):
                raise

    async def _bounded(self, command: Any) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                await command
        except TimeoutError as error:
            raise BrokerAway(f"The broker did not answer within {SECONDS:g} s.") from error
        except (RedisError, OSError) as error:
            raise BrokerAway(f"{type(error).__name__}: {error}") from error

    async def _forget(self, channel: str) -> None:
        """Leave nothing of a channel behind, whether the broker has heard of it or not."""
        self._subscribed_to.discard(channel)
        if self._pubsub is not None:
            self._pubsub.channels.pop(channel.encode(), None)
            if self._pubsub.connection is not None:
                # The next one asks for exactly what is wanted then.
                await self._pubsub.connection.disconnect(nowait=True)

    async def _do_receiving(self) -> None:
        while True:
            if self._pubsub is None or not self._pubsub.subscribed:
                self.away_since = None
                self._heard_at = self._asked_at = time.monotonic()
                await asyncio.sleep(0.1)
                continue
            try:
                await self._receive_one()
            except Exception as error:
                # Whatever it is: with this task, nobody would hear anything any more.
                self._went_away(error)
                await asyncio.sleep(RETRY)
            else:
                self._is_there()

    async def _receive_one(self) -> None:
        """Pass on one message, if one comes soon. Raises RedisError or OSError."""
        now = time.monotonic()
        if now - self._listened_at > STALL:
            self._heard_at = now  # it was this process that did not listen
        self._listened_at = now
        if now - self._heard_at > SILENCE:
            self._heard_at = now
            await self._pubsub.connection.disconnect(nowait=True)
            raise TimeoutError(f"nothing was heard of it for {SILENCE:g} s")
        if now - self._asked_at > ASK:
            self._asked_at = now
            await self._pubsub.ping()
        message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=0.1)
        if message is not None:
            self._heard_at = time.monotonic()
            self._receive_message(message)

    def _receive_message(self, message: dict[str, Any]) -> None:
        """Put a message into the queues of its channels, and hand it to the listener of others."""
        if message["type"] not in ("message", "pmessage"):  # an answer to a ping
            return
        layer, name, data = self.channel_layer, message["channel"].decode(), message["data"]
        channels = layer.channels
        attached = []
        for channel in (name,) if name in channels else layer.groups.get(name, ()):
            if (queue := channels.get(channel, layer)) is None:
                attached.append(channel)
            elif queue is not layer:
                queue.put_nowait(data)
        if attached:
            layer.hand_over(attached, data)

    def _went_away(self, error: Exception) -> None:
        if self.away_since is None:
            self.away_since = time.monotonic()
            logger.error("The broker is away: %s: %s", type(error).__name__, error)

    def _is_there(self) -> None:
        if self.away_since is not None:
            seconds = time.monotonic() - self.away_since
            self.away_since = None
            self._heard_at = time.monotonic()
            logger.warning("The broker is back after %.1f s.", seconds)
            for callback in self.channel_layer.channel_layer.when_back:
                callback()


class LoopLayer(RedisPubSubLoopLayer):
    """The channels and groups of one event loop."""

    def __init__(self, hosts: list[Any], channel_layer: "BoundedLayer", **config: Any) -> None:
        super().__init__(hosts, channel_layer=channel_layer, **config)
        # The client's own waits end as early: before Python 3.12, a time-out that comes just as
        # something was written may be lost in asyncio.wait_for, which the client uses.
        waits = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS}
        self._shards = [Shard(waits | host, self) for host in decode_hosts(hosts)]
        self._process = f"{self.prefix}specific.{uuid4().hex}!"
        self._numbers = itertools.count(1)
        self._listener: Listener | None = None

    async def new_channel(self, prefix: str = "") -> str:
        """A name for a connection's own channel. Raises BrokerAway.

        What is before its `!` is of this process alone: the pattern that it subscribes to, of every
        shard, because each name has a shard of its own.
        """
        channel = f"{self._process}{prefix}{next(self._numbers):x}"
        self.channels[channel] = asyncio.Queue()
        try:
            for shard in self._shards:
                await shard.listen(f"{self._process}*")
        except BaseException:
            self.channels.pop(channel, None)
            raise
        return channel

    def attach(self, channel: str, listener: Listener) -> None:
        """Hand what comes for a channel to a listener, the same for all; nobody receives it then.

        For a channel that nothing was sent to yet.
        """
        self._listener = listener
        self.channels[channel] = None

    def hand_over(self, channels: list[str], data: bytes) -> None:
        """Give an event to the listener, read once for all of these channels."""
        assert self._listener is not None
        try:
            event = self.channel_layer.deserialize(data)
        except Exception as error:  # whoever wrote it: it is no reason to hear nothing any more
            logger.warning("Ignored what is no event: %s: %s", type(error).__name__, error)
        else:
            self._listener(channels, event)

    async def group_add(self, group: str, channel: str) -> None:
        """Put a channel into a group. Raises BrokerAway."""
        try:
            await super().group_add(group, channel)
        except BaseException:
            await self.group_discard(group, channel)
            raise


class BoundedLayer(RedisPubSubChannelLayer):
    """The channel layer of the project: `BACKEND` of CHANNEL_LAYERS."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.when_back: list[Callable[[], None]] = []  # called as a broker is heard again

    async def forget(self, channel: str) -> None:
        """Leave nothing of a connection's channel, whatever may still wait in it."""
        self._get_layer().channels.pop(channel, None)

    def serialize(self, message: dict[str, Any]) -> bytes:
        """The bytes of a message, which say when it was sent."""
        packed: bytes = super().serialize({**message, SENT_AT: time.time()})
        return packed

    def deserialize(self, message: bytes) -> dict[str, Any]:
        """The message; how long it was on its way is measured."""
        found: dict[str, Any] = super().deserialize(message)
        if isinstance(found, dict) and (sent_at := found.pop(SENT_AT, None)) is not None:
            metrics.FAN_OUT.observe(max(0.0, time.time() - sent_at))
        return found

    def _get_layer(self) -> LoopLayer:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            # Its own way makes one that is closed together with the loop.
            super()._get_layer()
            self._layers[loop] = LoopLayer(channel_layer=self, **self._kwargs)
        layer: LoopLayer = self._layers[loop]
        return layer
