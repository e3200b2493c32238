"""An instructor's connection: the state of the class, then what changes of it, in order."""

from classroom import rules
from classroom.beat import Known, Seat
from classroom.consumer import GONE, NO_SUCH_CLASS, ClassroomConsumer
from classroom.events import Error, Frame, InstructorEvent, Open, Request, parse_instructor
from classroom.hub import this_hub

MOST_WAITING = 1_000
"""Changes that wait for one before them; with more, the state is quicker."""


class BoardConsumer(ClassroomConsumer):
    """One open WebSocket on `classroom/board/`."""

    whose = "boards"
    version = 0  # of the last frame that the board got
    waiting: dict[int, Frame]  # changes that came before the one that they follow

    def parse(self, text: str) -> InstructorEvent | Error:
        """Read a frame."""
        return parse_instructor(text)

    async def serve(self, event: Open | Request) -> None:
        """Let an instructor in first, then do what they want."""
        self.answering = event.id if isinstance(event, Request) else None
        match event:
            case Open() if not self.is_in:
                await self.open(event)
            case Open():
                await self.refuse("not_allowed", "This connection has opened a board already.")
            case _ if not self.is_in:
                await self.refuse("not_allowed", "Open the board first: {'type': 'open', …}.")
            case Request():
                await self.carry_out(event)

    async def open(self, event: Open) -> None:
        """Let the instructor in, and show how the class stands."""
        found = await self.find(event.key, this_hub().find_instructor)
        if found is None:
            return
        room, number = found
        await self.subscribe(room)
        state = await this_hub().enter(
            room, rules.open_board, self.channel_name, instructor=number, name=event.name
        )
        if state is None:  # the key has ended meanwhile
            await self.end(NO_SUCH_CLASS)
            return
        self.sit_down(Seat(self.channel_name, room, instructor=number))
        await self.show(state)

    async def show(self, state: Frame) -> None:
        """Send a state, which takes the place of all that was sent before."""
        self.version = state["version"]
        self.waiting = {}
        await self.reply(state)

    async def show_anew(self) -> None:
        """Send the state as it is now."""
        state = await this_hub().do(self.seat.room, rules.state, self.seat.instructor)
        if state is not None:
            await self.show(state)

    async def carry_out(self, request: Request) -> None:
        """Do what the instructor wants, and answer with the id of the request."""
        answer = await this_hub().do(self.seat.room, rules.wish, self.seat.instructor, request.wish)
        if answer is None:
            await self.close_the_class()
        elif isinstance(answer, Error):
            await self.refuse(answer.code, answer.detail)
        else:
            await self.reply({"type": "done", "id": request.id, **answer})

    # --- from the class ---

    async def hear(self, news: Frame) -> None:
        """Take one change; it may have overtaken the one before, which another process sent."""
        if news["event"] == "gone":
            await self.hear_of_an_end(news["instructor"])
        elif news["version"] > self.version:
            self.waiting[news["version"]] = news
            await self.pass_on()

    async def pass_on(self) -> None:
        """Send what comes next, as far as it is here. What never comes, the beat finds missing."""
        while (change := self.waiting.pop(self.version + 1, None)) is not None:
            if change["event"] == "anew":
                await self.show_anew()
            else:
                self.version += 1
                await self.reply(change)
        if len(self.waiting) > MOST_WAITING:
            await self.show_anew()

    async def hear_of_an_end(self, instructor: int | None) -> None:
        """Close when the class is gone, or the key."""
        if instructor is None:
            await self.close_the_class()
        elif instructor == self.seat.instructor:
            await self.end(GONE)

    def is_behind(self, known: Known | None) -> bool:
        """Whether there are changes that the board has not got."""
        if known is None or self.seat.instructor not in known.teachers:
            return True
        return known.version > self.version

    async def tell_what_is_missing(self, known: Known) -> None:
        """Show the class anew."""
        if self.seat.instructor not in known.teachers:
            await self.end(GONE)
        else:
            await self.show_anew()
