"""Reads the settings that come from the environment, and says what is wrong with a bad one."""

import math
import os
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_ON = {"1", "true", "yes", "on"}
_OFF = {"0", "false", "no", "off"}
_BROKER_SCHEMES = ("redis://", "rediss://", "unix://")


def flag(name: str, *, default: bool) -> bool:
    """Read a yes-or-no variable; unset or empty means the default."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in _ON:
        return True
    if value in _OFF:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; expected one of 1, 0, true, false, on, off.")


def one_of(name: str, *choices: str) -> str:
    """Read a choice; unset or empty means the first."""
    value = os.environ.get(name, "").strip().lower() or choices[0]
    if value in choices:
        return value
    raise ImproperlyConfigured(f"{name} is {value!r}; expected {' or '.join(choices)}.")


def words(name: str, *, default: list[str]) -> list[str]:
    """Read a list that is written with commas; unset or empty means the default."""
    found = [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]
    return found or default


def number(name: str, *, default: float, least: float) -> float:
    """Read a number that is not below `least`; unset or empty means the default."""
    value = os.environ.get(name, "").strip() or str(default)
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not least <= found < math.inf:
        raise ImproperlyConfigured(f"{name} is {value!r}; expected a number from {least:g} on.")
    return found


def secret_key(*, debug: bool) -> str:
    """Read DJANGO_SECRET_KEY; only a development server may do without one."""
    key = os.environ.get("DJANGO_SECRET_KEY", "")
    if key:
        return key
    if debug:
        return "development-only-key-which-everybody-can-read-in-the-repository"
    raise ImproperlyConfigured(
        "DJANGO_DEBUG is off and DJANGO_SECRET_KEY is not set. Sessions would be signed with a key "
        "that everybody can read: set DJANGO_SECRET_KEY to a long random string."
    )


def sqlite_options() -> dict[str, Any]:
    """The options that let many threads and processes write to one SQLite file.

    WAL: readers do not wait for the writer. IMMEDIATE: a transaction takes its turn when it begins,
    so that what it reads is still true when it writes. `timeout`: seconds to wait for that turn;
    a client waits as long for its answer.
    """
    return {
        "timeout": 5,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }


def postgresql_options() -> dict[str, Any]:
    """The options that end every wait for a PostgreSQL; what DATABASE_URL itself says goes first.

    Seconds to connect; for a lock, as with SQLite; and for a statement, as long as anybody waits.
    A host that is cut off says nothing at all: its transaction gives up its locks before those who
    wait for them lose patience, PostgreSQL forgets it after 25 seconds, and it does itself not wait
    for an answer that will not come.
    """
    limits = {
        "lock_timeout": "5s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "3s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    }
    return {
        "connect_timeout": 5,
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "tcp_user_timeout": 5000,  # milliseconds; only Linux knows it
    }


def channel_layers() -> dict[str, dict[str, Any]]:
    """Choose the channel layer: the brokers in REDIS_URL, or this process's own memory.

    The pub/sub layer, not the core one. With redis-py 8 the core layer closes every idle socket
    after five seconds (a read time-out) and refuses the 101st connect of a process (a pool of 100);
    it also closes all sockets when the broker restarts. Pub/sub reads on one connection per process
    and subscribes again by itself. Its price: nothing is kept for a process that is not there.
    """
    hosts = words("REDIS_URL", default=[])
    if not hosts:
        return {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    for number, host in enumerate(hosts, start=1):
        if not host.startswith(_BROKER_SCHEMES):
            # The address itself is not repeated: it may hold a password.
            raise ImproperlyConfigured(
                f"Address {number} of REDIS_URL does not begin with redis://, rediss:// or "
                "unix://; expected for example redis://localhost:6379/0 (several: with commas)."
            )
    return {
        "default": {
            "BACKEND": "myproject.broker.BoundedLayer",
            "CONFIG": {"hosts": hosts},
        }
    }
