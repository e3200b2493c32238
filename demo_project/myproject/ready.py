"""Waits until a server process answers: `python -m myproject.ready 8001`.

For systemd, to which a unit has started as soon as its program runs: a rolling restart goes on only
when the process before is back. How well that one is does not matter here; /healthz says it.
"""

import sys
import time
import urllib.error
import urllib.request

SECONDS = 20.0
"""How long it waits."""


def answers(port: int) -> bool:
    """Whether a server process of this machine answers on the port."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=SECONDS).close()
    except urllib.error.HTTPError:
        pass  # it is unwell, and says so
    except OSError:
        return False
    return True


def main() -> int:
    """Wait; 1 when there was no answer in time."""
    port = int(sys.argv[1])
    end = time.monotonic() + SECONDS
    while not answers(port):
        if time.monotonic() > end:
            print(f"Nothing answers on port {port} after {SECONDS:g} s.", file=sys.stderr)
            return 1
        time.sleep(0.1)  # a port has no event to wait for
    return 0


if __name__ == "__main__":
    sys.exit(main())
