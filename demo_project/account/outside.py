"""How code outside the consumers sends events: the commands and the admin."""

from collections.abc import Iterable

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer

from account import history, presence
from account.events import Joined, LayerEvent, Left, Message
from account.server import GROUP


class NotSent(Exception):
    """The channel layer did not take an event; the message is a sentence that says why."""


def reaches_other_processes() -> bool:
    """Whether an event sent here can arrive in another process: not so from an in-memory layer."""
    return not isinstance(get_channel_layer(), InMemoryChannelLayer)


@async_to_sync
async def send(event: LayerEvent, sids: Iterable[str] | None = None) -> None:
    """Send an event to connections by their channel names, or without names to all.

    Raises NotSent if the channel layer did not take it.
    """
    layer = get_channel_layer()
    try:
        if sids is None:
            await layer.group_send(GROUP, event.layer_event())
        for sid in sids or []:
            await layer.send(sid, event.layer_event())
    # Each layer has exceptions of its own (a full channel, a lost broker); all mean the same here.
    except Exception as error:
        raise NotSent(
            f"The channel layer did not take it: {type(error).__name__}: {error}"
        ) from error


def tell_all(message: Message) -> bool:
    """Keep a message in the history and send it to everybody; whether the channel layer took it.

    What it did not take, the servers find in the history at their next beat. Raises NotSent where
    there is no history either.
    """
    kept = history.keep(message)
    try:
        send(kept)
    except NotSent:
        if kept.number is None:
            raise
        return False
    return True


def tell_who_left(names: Iterable[str]) -> None:
    """Announce who went offline, and take it back for those who came again meanwhile.

    Raises NotSent if the channel layer did not take it.
    """
    for name in names:
        send(Left(name))
        if presence.is_online(name):
            send(Joined(name))
