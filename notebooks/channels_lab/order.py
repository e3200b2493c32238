"""Order: which arrow comes before which, and all of them in a row that tells cause and effect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from .arrow import Arrow

if TYPE_CHECKING:
    from .weave import Weave


@dataclass
class Handling:
    """A consumer at work on one event: what set it off, and what it did."""

    cause: Arrow | None
    by: str  # "client", "layer"
    kind: str  # the type of the event
    done: list[Arrow]

    @property
    def last(self) -> Arrow | None:
        """The arrow that ends it; None when there is nothing to draw."""
        return self.done[-1] if self.done else self.cause

    @property
    def visible(self) -> bool:
        """Whether the client can see that it happened: a frame or a close came of it."""
        return any(arrow.kind == "frame" for arrow in self.done)


def tie_handlings(handlings: list[Handling]) -> None:
    """What one consumer did is in order as far as its own order or its client can tell."""
    before: list[Handling] = []
    for handling in handlings:
        cause = [handling.cause] if handling.cause else []
        for earlier, later in pairwise(cause + handling.done):
            later.after.add(earlier)
        # A frame's own arrow starts at the client; what the consumer makes of it comes later.
        mine = handling.cause if handling.by == "layer" else None
        start = mine or (handling.done[0] if handling.done else None)
        for other in before:
            both_by_client = other.by == handling.by == "client"
            at_the_ends = "connect" in other.kind or "disconnect" in handling.kind
            both_visible = other.visible and handling.visible
            if start and other.last and (both_by_client or at_the_ends or both_visible):
                start.after.add(other.last)
        before.append(handling)


def tie_deliveries(weave: Weave) -> None:
    """An event comes after the call that sent it; one that nobody got is marked as lost."""
    there = set(weave.arrows)
    # A consumer that ends with what was meant for it unread is not nobody.
    meant = {call["number"]: any(each.ended for each in to) for call, to in weave.trace.addressed()}
    for number, call in weave.calls.items():
        reached = [arrow for arrow in weave.delivered.get(number, []) if arrow in there]
        for arrow in reached:
            arrow.after.add(call)
            joins = weave.joins[weave.channel_of(arrow.owner)]
            call.after |= {join for join in joins if join.at < call.at and join is not call}
        if number in meant and not reached and not call.lost and not meant[number]:
            call.lost = True
            call.label += " · reaches nobody"
    for handlings in weave.handlings:
        _tie_events([each for each in handlings if each.by == "layer"], set(weave.calls.values()))


def _tie_events(events: list[Handling], calls: set[Arrow]) -> None:
    """Two events of the layer reach a consumer in the order in which they were sent, if any."""

    def sent_by(event: Arrow) -> Arrow | None:
        return next((arrow for arrow in event.after if arrow in calls), None)

    for index, later in enumerate(events):
        for earlier in events[:index]:
            if (
                later.cause
                and earlier.cause
                and earlier.last
                and _precedes(sent_by(earlier.cause), sent_by(later.cause))
            ):
                later.cause.after.add(earlier.last)


def tie_marks(arrows: list[Arrow]) -> None:
    """Around the end of a server or of Valkey only the clock tells what was before."""
    for mark in [arrow for arrow in arrows if arrow.kind == "mark" and arrow.by_program]:
        for arrow in arrows:
            elsewhere = mark.source.kind == "layer" and mark.source not in (
                arrow.source,
                arrow.target,
            )
            if elsewhere or (arrow.kind == "mark" and arrow.by_program):
                continue
            if arrow.because_of is not None:
                # A cell that kills and restarts at once lets its clients notice only then.
                if arrow.because_of == mark.at:
                    arrow.after.add(mark)
            elif arrow.at < mark.at:
                mark.after.add(arrow)
            else:
                arrow.after.add(mark)


def _precedes(first: Arrow | None, second: Arrow | None) -> bool:
    if first is None or second is None or first is second:
        return False
    seen: set[Arrow] = set()
    stack = [second]
    while stack:
        arrow = stack.pop()
        if arrow is first:
            return True
        stack += [before for before in arrow.after if before not in seen]
        seen |= arrow.after
    return False


def in_order(found: Iterable[Arrow]) -> list[Arrow]:
    """A topological order: effects right after their causes, names where neither comes first."""
    left = set(found)
    placed: dict[Arrow, int] = {}

    def rank(arrow: Arrow) -> tuple[object, ...]:
        latest = max((placed[before] for before in arrow.after if before in placed), default=-1)
        names = (arrow.owner, arrow.source, arrow.target, arrow.label, arrow.payload)
        return (arrow.by_program, -latest, *names, arrow.at)

    while left:
        ready = [arrow for arrow in left if not arrow.after & left]
        # A circle can only come of a restart's clock (see tie_marks); then the clock decides.
        arrow = min(ready, key=rank) if ready else min(left, key=lambda each: each.at)
        placed[arrow] = len(placed)
        left.remove(arrow)
    return list(placed)
