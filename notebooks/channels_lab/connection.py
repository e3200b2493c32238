"""Connection: one WebSocket of a record, as its server and its client saw it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .program import Event


@dataclass
class Connection:
    """One WebSocket connection, from both ends; ``client`` is None when it is no Client's."""

    process: int
    number: int
    port: int | None
    path: str
    events: list[Event] = field(default_factory=list)  # of the server, in its order
    client: str | None = None
    seen: list[Event] = field(default_factory=list)  # of the client: what arrived, its end
    consumer: str | None = None  # the class of the project's own consumer, once it runs
    channels: set[str] = field(default_factory=set)

    def of(self, what: str, type: str | None = None) -> list[Event]:
        """The server's events of one kind."""
        return [
            event
            for event in self.events
            if event["what"] == what and (type is None or event["type"] == type)
        ]

    @property
    def ended(self) -> bool:
        """Whether the application of this connection has returned or raised."""
        return bool(self.of("end"))

    @property
    def lost(self) -> bool:
        """Whether the client has seen the end of the connection."""
        return any(event["what"] == "lost" for event in self.seen)

    def ended_before(self, event: Event) -> bool:
        """Whether its application had returned or raised by then."""
        return any(end["at"] < event["at"] for end in self.of("end"))
