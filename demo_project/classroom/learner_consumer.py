"""A learner's connection: reports come, notes go."""

from datetime import UTC, datetime

from classroom import rules
from classroom.beat import Known, Seat
from classroom.consumer import GONE, TRY_AGAIN_LATER, ClassroomConsumer
from classroom.events import Error, Frame, Join, LearnerEvent, Leave, Report, parse_learner
from classroom.hub import this_hub


class LearnerConsumer(ClassroomConsumer):
    """One open WebSocket on `classroom/learner/`."""

    whose = "learners"
    number: int  # of the learner
    last_note = 0  # notes up to this one were looked through for this learner

    def parse(self, text: str) -> LearnerEvent | Error:
        """Read a frame."""
        return parse_learner(text)

    async def serve(self, event: Join | Report | Leave) -> None:
        """Let a learner join first, then report, and leave."""
        match event:
            case Join() if not self.is_in:
                await self.join(event)
            case Join():
                await self.refuse("not_allowed", "This connection has joined already.")
            case _ if not self.is_in:
                await self.refuse("not_allowed", "Join first: {'type': 'join', …}.")
            case Report():
                await self.report(event)
            case Leave(forget):
                await self.part(forget)

    async def join(self, event: Join) -> None:
        """Let the learner in, and say what happened since they were here."""
        room = await self.find(event.code, this_hub().find_class)
        if room is None:
            return
        await self.subscribe(room)
        joined = await this_hub().enter(room, rules.join, self.channel_name, event)
        if joined is None:
            await self.close_the_class()
        elif isinstance(joined, Error):
            await self.reply(joined.frame())
            await self.end(TRY_AGAIN_LATER)
        else:
            self.last_note = joined.last_note
            await self.reply(joined.welcome)
            self.number = joined.learner
            self.sit_down(Seat(self.channel_name, room, learner=joined.learner))

    async def report(self, event: Report) -> None:
        """Carry out a report, and say which one was the last that was: the client goes on there."""
        taken = await this_hub().do(
            self.seat.room,
            rules.report,
            learner=self.number,
            report=event,
            heard_at=datetime.now(UTC),  # now: to be carried out it may have to wait
        )
        if taken is None:
            await self.end(GONE)
        else:
            await self.reply({"type": "taken", "number": taken})

    async def part(self, forget: bool) -> None:
        """Let the learner go: at once, and with all that is known of them if they wish."""
        if forget:
            await this_hub().do(self.seat.room, rules.forget, self.number)
        self.is_in = False
        await self.leave()
        await self.reply({"type": "class", "event": "left"})
        await self.end(1000)

    # --- from the class ---

    async def hear(self, news: Frame) -> None:
        """Look whether news concern this learner."""
        mine = news.get("learner") == self.number
        match news["event"]:
            case "note":
                await self.look_for_notes(news["number"])
            case "hand" if mine:
                await self.reply({"type": "class", "event": "hand", "stuck": False})
            case "gone" if mine:
                await self.end(GONE)
            case "gone" if news["learner"] is None:
                await self.close_the_class()

    async def look_for_notes(self, newest: int) -> None:
        """Send the notes that are for this learner, in order, up to one that is known to be there.

        News only say that there is one: so it does not matter which of them come, or when.
        """
        if newest <= self.last_note:
            return
        asked = self.seat.room, self.number, self.last_note
        for note in await this_hub().notes(asked):
            await self.reply({"type": "class", "event": "note", "note": note})
            newest = max(newest, note["number"])
        self.last_note = newest

    def is_behind(self, known: Known | None) -> bool:
        """Whether there are notes to be looked through, or this learner is gone."""
        if known is None or self.number not in known.people:
            return True
        return known.last_note > self.last_note

    async def tell_what_is_missing(self, known: Known) -> None:
        """Send the notes that nobody told this connection of."""
        if self.number not in known.people:
            await self.end(GONE)
        else:
            await self.look_for_notes(known.last_note)
