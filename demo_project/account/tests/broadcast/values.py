"""The figures that are compared, each as a function of what one session has measured."""

from collections.abc import Callable

from account.tests.broadcast.session import Figures

Value = Callable[[Figures], float | None]
"""None where it was not measured."""


def deliveries(figures: Figures) -> float:
    """Deliveries a second, saturated."""
    return figures.deliveries_per_second


def per_core(figures: Figures) -> float:
    """Deliveries for each second of the server's CPU."""
    return figures.deliveries_per_core


def per_delivery(figures: Figures) -> float:
    """Seconds of the server's CPU for one delivery."""
    return figures.cpu_per_delivery


def median_latency(figures: Figures) -> float | None:
    """The seconds that half of all deliveries did not exceed."""
    return figures.latency_p50


def latency(figures: Figures) -> float | None:
    """The seconds that 99 of 100 deliveries did not exceed."""
    return figures.latency_p99


def connects(figures: Figures) -> float:
    """Connections that became ready in a second."""
    return figures.connects_per_second


def memory(figures: Figures) -> float:
    """Bytes of a connection."""
    return figures.bytes_per_connection


def share_of(process: str) -> Value:
    """The share of a CPU that a process used while the server was saturated."""
    return lambda figures: figures.busy.get(process)
