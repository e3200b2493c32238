"""Wrong codes and keys: answered alike, and not as often as one likes."""

from collections.abc import Iterator

import pytest
from django.test import TransactionTestCase, override_settings

from classroom import codes, limits
from classroom.models import Room
from classroom.tests.people import IN_MEMORY, Board, Learner, Person, joined, open_class

ONE, OTHER = "192.0.2.1", "192.0.2.2"


class Clock:
    """A clock that goes on when it is told to."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
class GuessTests(TransactionTestCase):
    @pytest.fixture(autouse=True)
    def few_guesses(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Three wrong guesses a minute of one address, and five of all."""
        self.clock = Clock()
        with override_settings(CLASSROOM_GUESSES_PER_ADDRESS=3, CLASSROOM_GUESSES=5):
            monkeypatch.setattr("classroom.hub.guesses", limits.Guesses(self.clock))
            yield

    async def guess(self, person: Person, **first: object) -> int:
        """The code with which a first frame is closed."""
        await person.connect()
        await person.send(**first)
        return await person.closed()

    async def guess_code(self, code: str, address: str = ONE) -> int:
        learner = Learner(code, "eve", address=address)
        key = learner.key
        return await self.guess(learner, type="join", code=code, name="eve", key=key, since=0)

    async def comes_in(self, code: str, address: str) -> bool:
        learner = Learner(code, "ana", address=address)
        await learner.connect()
        await learner.send(type="join", code=code, name="ana", key=learner.key, since=0)
        output = await learner.socket.receive_output(10)
        await learner.socket.disconnect()
        if output["type"] == "websocket.close":
            assert output["code"] == 4429
            return False
        return True

    async def test_all_that_is_wrong_looks_alike(self) -> None:
        klass = await open_class()
        async with joined(klass.code):
            assert await self.guess_code("x") == 4404  # no code at all
            assert await self.guess_code("2222-2222") == 4404  # of no class
        board = Board(codes.new_key(), ONE)
        assert await self.guess(board, type="open", key=board.key) == 4404

    async def test_after_too_many_even_the_right_code_waits_and_then_works(self) -> None:
        klass = await open_class()
        for _ in range(3):
            assert await self.guess_code("2222-2222") == 4404
        assert await self.guess_code("2222-2222") == 4429
        assert not await self.comes_in(klass.code, ONE)
        assert await self.comes_in(klass.code, OTHER)
        self.clock.now += 21  # a third of a minute: one more guess
        assert await self.comes_in(klass.code, ONE)

    async def test_many_addresses_together_guess_no_more_than_all_may(self) -> None:
        klass = await open_class()
        for number in range(5):
            assert await self.guess_code("2222-2222", f"192.0.2.{number}") == 4404
        assert await self.guess_code("2222-2222", "192.0.2.99") == 4429
        assert not await self.comes_in(klass.code, "192.0.2.98")
        self.clock.now += 60
        assert await self.comes_in(klass.code, "192.0.2.98")

    async def test_right_codes_cost_nothing(self) -> None:
        klass = await open_class()
        for _ in range(10):
            assert await self.comes_in(klass.code, ONE)

    async def test_the_code_of_a_class_that_ended_is_a_wrong_one(self) -> None:
        klass = await open_class()
        await Room.objects.all().adelete()
        assert await self.guess_code(klass.code) == 4404
