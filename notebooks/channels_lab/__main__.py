"""`python -m channels_lab serve`: the demo_project with its Valkey, until Ctrl-C.

`python -m channels_lab classroom` is the same with a class, for the others in the room.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from . import room
from .command import LISTENS, Kind
from .errors import LabError
from .places import DEMO_PROJECT
from .ports import HOST
from .server import LiveServer

# A server that a room reaches shows no tracebacks, and has no users whose password is known.
FOR_A_ROOM = {
    "DJANGO_DEBUG": "off",
    "HTTPS": "off",
    "PRESENCE_LEASE_SECONDS": "10",
    # The learners of a whole room may come from one address.
    "CONNECTIONS_PER_ADDRESS": "1000",
    "NEW_CONNECTIONS_PER_ADDRESS": "100",
}


def main() -> int:
    """Read the command line and serve; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m channels_lab")
    commands = parser.add_subparsers(required=True)
    serve_parser = commands.add_parser("serve", help="run the demo_project until Ctrl-C")
    class_parser = commands.add_parser("classroom", help="run it with a class, for a room")
    for each, name in ((serve_parser, "db"), (class_parser, "classroom")):
        each.add_argument("--port", type=int, default=8080)
        each.add_argument("--database", type=Path, default=DEMO_PROJECT / f"{name}.sqlite3")
        each.add_argument("--workers", type=int, default=1, help="processes on that port")
        each.add_argument("--server", choices=list(LISTENS), default="daphne")
        each.set_defaults(run=name)
    class_parser.add_argument("--host", default=HOST, help="the address to listen on; 0.0.0.0: all")
    class_parser.add_argument("--title", default="Django Channels", help="of the class")
    class_parser.add_argument("--name", default="", help="of the instructor")
    arguments = parser.parse_args()
    if not 1 <= arguments.port <= 65535:
        parser.error(f"expected a port from 1 to 65535, got {arguments.port}")
    arguments.database = arguments.database.resolve()
    try:
        if arguments.run == "classroom":
            return classroom(arguments)
        return serve(arguments.port, arguments.database, arguments.workers, arguments.server)
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
        return pass_on_the_log(server)


def classroom(arguments: argparse.Namespace) -> int:
    """Run the demo_project with a class, which is taken up again if it was here before."""
    host, port = room.check_host(arguments.host), arguments.port
    settings = {name: os.environ.get(name) or value for name, value in FOR_A_ROOM.items()}
    settings["ALLOWED_HOSTS"] = ",".join(room.names(host))
    settings["DJANGO_SECRET_KEY"] = secrets.token_urlsafe(32)
    link = room.link(host, port)
    print("Starting Valkey and the classroom …", flush=True)
    with LiveServer(
        port=port,
        host=host,
        database=arguments.database,
        workers=arguments.workers,
        server=arguments.server,
        settings=settings,
    ) as server:
        keep = arguments.database.with_suffix(".keys")
        words = ["--title", arguments.title, "--name", arguments.name, "--at", link]
        command = [sys.executable, "manage.py", "open_class", *words, "--keep", str(keep)]
        if subprocess.run(command, cwd=server.project, env=server.env, timeout=60).returncode:
            return 1
        if host == HOST:
            print("Only this machine reaches it: HOST=0.0.0.0 opens it to the room.")
        else:
            print("Everybody in this network reaches it, over plain http: their words can be read.")
        print("Ctrl-C stops everything; the same command takes the class up again.", flush=True)
        return pass_on_the_log(server)


def pass_on_the_log(server: LiveServer) -> int:
    """Print what the server prints, until it ends."""
    with open(server.log_path, encoding="utf-8", errors="replace") as log:
        while server.state == "running":
            print(log.read(), end="", flush=True)
            time.sleep(0.2)  # a log file has no event to wait for
        print(log.read(), end="", flush=True)
    print("The server ended by itself: the lines above say why.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
