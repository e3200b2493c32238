"""What was said to all, for those who were away for a moment: bounded by count and by age."""

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.crypto import get_random_string

from account.events import Message, Place
from account.models import History, Said


class Since(NamedTuple):
    """What was said after one place, in order, up to `place`; `complete` when it is all of it."""

    place: Place
    messages: list[Message]
    complete: bool


def keep(message: Message) -> Message:
    """Write down a message to all and answer it with its number in the history.

    Where the settings keep no history, it is answered as it came.
    """
    if not settings.HISTORY_MESSAGES:
        return message
    with transaction.atomic():
        history = _locked()
        history.last += 1
        history.save(update_fields=["last"])
        Said.objects.create(number=history.last, sender=message.sender, text=message.text)
        Said.objects.filter(number__lte=history.last - settings.HISTORY_MESSAGES).delete()
        return replace(message, number=history.last)


def place() -> Place:
    """Where the history is now: at its newest message, or at 0."""
    row = History.objects.values_list("epoch", "last").first()
    if row is None:
        with transaction.atomic():
            history = _locked()
        row = history.epoch, history.last
    return Place(*row)


def since(past: Place) -> Since:
    """What was said after a place.

    It is not complete when the oldest were forgotten meanwhile. It is not either when the place is
    of another epoch, and then all that this one has is answered: it began after that.
    """
    now = place()
    first = past.number if past.epoch == now.epoch else 0
    rows = Said.objects.filter(number__gt=first, number__lte=now.number)
    messages = [
        Message(sender, text, number=number)
        for number, sender, text in rows.values_list("number", "sender", "text")
    ]
    # Numbers have no holes, so that counting them is enough.
    complete = past.epoch == now.epoch and len(messages) == now.number - past.number
    return Since(now, messages, complete)


def forget() -> None:
    """Remove what is older than the settings allow."""
    old = Said.objects.filter(at__lt=Now() - timedelta(seconds=settings.HISTORY_SECONDS))
    if old.exists():  # to look costs no other writer its turn
        old.delete()


def begin_anew() -> None:
    """Begin another epoch, empty: the numbers went back, as when a backup is put in place."""
    with transaction.atomic():
        history = _locked()
        history.epoch, history.last = _new_epoch(), 0
        history.save(update_fields=["epoch", "last"])
        Said.objects.all().delete()


def _locked() -> History:
    """The one row, which nobody else changes until the transaction ends."""
    history, _ = History.objects.select_for_update().get_or_create(
        pk=1, defaults={"epoch": _new_epoch()}
    )
    return history


def _new_epoch() -> str:
    return get_random_string(8)
