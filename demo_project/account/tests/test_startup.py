"""What a server process does once, as it starts."""

import subprocess
import sys

from account.tests import live

_WHAT_A_FULL_COLLECTION_LOOKS_AT = """
import gc
from myproject import asgi
print(len(gc.get_objects()), gc.get_freeze_count())
"""


def test_the_garbage_collector_leaves_alone_what_is_loaded(env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WHAT_A_FULL_COLLECTION_LOOKS_AT],
        cwd=live.PROJECT,
        env=env,
        capture_output=True,
        text=True,
        timeout=live.TIMEOUT,
    )
    looked_at, left_alone = map(int, done.stdout.split())
    assert left_alone > 50_000
    assert looked_at < left_alone / 20
