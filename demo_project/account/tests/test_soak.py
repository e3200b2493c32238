"""The soak, in short: hundreds of connections leave nothing behind. `make soak` is longer."""

from account.tests.soak import VISITORS, soak

SECONDS = 8.0


async def test_connections_that_come_and_go_at_random_leave_nothing_behind() -> None:
    lines: list[str] = []
    result = await soak(SECONDS, lines.append)
    assert result.problems() == []
    assert result.did["visits"] > VISITORS
    assert max(sample.sockets for sample in result.samples) > VISITORS / 3
