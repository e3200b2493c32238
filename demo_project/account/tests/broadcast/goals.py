"""What the board has to reach: ratios of two figures of one run, each against another server."""

from dataclasses import dataclass

from account.tests.broadcast.results import Results, Spread, spread
from account.tests.broadcast.values import Value, connects, deliveries, latency, memory, per_core

CROWD = 500
"""The crowd that the goals are about, where they do not say another."""
DOCUMENTED = "documented-daphne-core"
"""The documentation's consumer as documented."""


@dataclass(frozen=True)
class Goal:
    """A bound for `value` of `side`, as a multiple of the same of `other`.

    The crowds are given by size; exactly one of `least` and `most` is given.
    """

    title: str
    value: Value
    side: str
    other: str
    least: float | None = None
    most: float | None = None
    clients: int = CROWD
    others_clients: int = CROWD

    def ratio(self, results: Results) -> Spread | None:
        """The ratio in each round, as a spread; None when one of the two was not measured."""
        ours = results.by_round(self.side, self.clients, self.value)
        others = results.by_round(self.other, self.others_clients, self.value)
        return spread(ours[round] / others[round] for round in ours.keys() & others.keys())

    def is_reached(self, ratio: float) -> bool:
        """Whether a ratio is within the bound."""
        return (self.least is None or ratio >= self.least) and (
            self.most is None or ratio <= self.most
        )


_BOARDS = ("uvicorn", "daphne")
GOALS = (
    Goal("deliveries/s ÷ Node ws", deliveries, "board-uvicorn", "ws", least=1.2),
    Goal("deliveries/s ÷ documented", deliveries, "board-uvicorn", DOCUMENTED, least=45),
    Goal("deliveries/s ÷ documented", deliveries, "board-daphne", DOCUMENTED, least=12),
    *(
        Goal("latency p99 ÷ websockets.broadcast", latency, f"board-{on}", "websockets", most=2)
        for on in _BOARDS
    ),
    *(
        Goal(
            f"connects/s ÷ documented on {on}",
            connects,
            f"board-{on}",
            f"documented-{on}-core",
            least=1.0,
        )
        for on in _BOARDS
    ),
    *(
        Goal(
            f"memory per connection ÷ documented on {on}",
            memory,
            f"board-{on}",
            f"documented-{on}-core",
            most=0.7,
        )
        for on in _BOARDS
    ),
    *(
        Goal(  # two that share the clients: 0.85 of two cores is 1.7 of one
            "deliveries/s per core, 2 processes ÷ 1",
            per_core,
            f"board-{on}-2",
            f"board-{on}",
            least=0.85,
        )
        for on in _BOARDS
    ),
    *(
        Goal(
            "deliveries/s per core, 5,000 clients ÷ 100",
            per_core,
            f"board-{on}",
            f"board-{on}",
            least=0.8,
            clients=5_000,
            others_clients=100,
        )
        for on in _BOARDS
    ),
)
