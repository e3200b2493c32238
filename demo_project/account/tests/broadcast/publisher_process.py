"""The publisher, as the process that drives it sees it."""

import subprocess
import sys

from account.tests.live import TIMEOUT


class PublisherProcess:
    """Starts a publisher of `target`; use it with `with`."""

    def __init__(self, target: str) -> None:
        self.asked = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "account.tests.broadcast.publisher", target],
            stdin=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "PublisherProcess":
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(TIMEOUT)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def send_up_to(self, count: int) -> None:
        """Ask that so many broadcasts are sent in all."""
        assert self._process.stdin is not None
        self.asked = max(self.asked, count)
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
