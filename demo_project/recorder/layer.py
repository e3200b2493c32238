"""Lets a channel layer note its calls and its deliveries, and stay the object that it is."""

from __future__ import annotations

import itertools
import os
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

from channels.layers import InMemoryChannelLayer

from .journal import Journal, payload

MARK = "__recorded__"
"""The key under which a message carries its number; taken off before the consumer sees it."""

_numbers = itertools.count(1)
# The in-memory layer's group_send() calls its own send(): that is one call, not two.
_inside: ContextVar[bool] = ContextVar("inside a recorded call", default=False)


def record_layer(layer: Any, journal: Journal) -> Any:
    """Let ``layer`` write down what it does; return the same object, its class unchanged."""
    reach = "process" if isinstance(layer, InMemoryChannelLayer) else "broker"
    note = journal.note

    def recorded(call: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(target: str, value: Any) -> Any:
            if _inside.get():
                return await method(target, value)
            number = f"{os.getpid()}-{next(_numbers)}"
            details: dict[str, Any]
            if call.startswith("group_") and call != "group_send":
                details = {"group": target, "channel": value}
            else:
                details = {"group" if call == "group_send" else "channel": target}
                details |= {"type": _type(value), **payload(value)}
                if isinstance(value, Mapping):
                    value = {**value, MARK: number}
            note("call", call=call, number=number, reach=reach, **details)
            token = _inside.set(True)
            try:
                return await method(target, value)
            except Exception as error:
                note("failed", number=number, error=type(error).__name__, says=str(error)[:200])
                raise
            finally:
                _inside.reset(token)

        return run

    for call in ("send", "group_send", "group_add", "group_discard"):
        if (method := getattr(layer, call, None)) is not None:
            setattr(layer, call, recorded(call, method))

    new_channel, receive = layer.new_channel, layer.receive

    async def recorded_new_channel(*args: Any, **named: Any) -> str:
        channel: str = await new_channel(*args, **named)
        note("channel", channel=channel)
        return channel

    async def recorded_receive(channel: str) -> Any:
        note("ready", by="layer", channel=channel)
        try:
            message = await receive(channel)
        except BaseException:
            note("unready", channel=channel)
            raise
        number = message.pop(MARK, None) if isinstance(message, dict) else None
        note("deliver", channel=channel, number=number, type=_type(message), **payload(message))
        return message

    layer.new_channel, layer.receive = recorded_new_channel, recorded_receive
    layer.attach = None  # so that each consumer asks for its events, and each can be noted
    return layer


def _type(message: Any) -> str:
    return str(message.get("type", "?")) if isinstance(message, Mapping) else "?"
