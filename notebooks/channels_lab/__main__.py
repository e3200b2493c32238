"""`python -m channels_lab serve`: the demo_project with its Valkey, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from .errors import LabError
from .server import DEMO_PROJECT, LISTENS, Kind, LiveServer


def main() -> int:
    """Read the command line and serve; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m channels_lab")
    commands = parser.add_subparsers(required=True)
    serve_parser = commands.add_parser("serve", help="run the demo_project until Ctrl-C")
    serve_parser.add_argument("--port", type=int, default=8080)
    serve_parser.add_argument("--database", type=Path, default=DEMO_PROJECT / "db.sqlite3")
    serve_parser.add_argument("--workers", type=int, default=1, help="processes on that port")
    serve_parser.add_argument("--server", choices=list(LISTENS), default="daphne")
    arguments = parser.parse_args()
    if not 1 <= arguments.port <= 65535:
        parser.error(f"expected a port from 1 to 65535, got {arguments.port}")
    try:
        database = arguments.database.resolve()
        return serve(arguments.port, database, arguments.workers, arguments.server)
    except LabError as error:
        print(f"Cannot serve: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


def serve(port: int, database: Path, workers: int = 1, kind: Kind = "daphne") -> int:
    """Run the demo_project on this port and pass its log on; ends with Ctrl-C or the server.

    Of several processes the end of one is the end of all: who runs them for others has systemd.
    """
    print("Starting Valkey and the demo_project …", flush=True)
    with LiveServer(port=port, database=database, workers=workers, server=kind) as server:
        print(f"The presence board is at http://localhost:{port}/ — Ctrl-C stops everything.")
        print("Log in as ana, bob, cem or dora; as admin at /admin/. The password is: channels")
        with open(server.log_path, encoding="utf-8", errors="replace") as log:
            while server.state == "running":
                print(log.read(), end="", flush=True)
                time.sleep(0.2)  # a log file has no event to wait for
            print(log.read(), end="", flush=True)
        print("The server ended by itself: the lines above say why.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
