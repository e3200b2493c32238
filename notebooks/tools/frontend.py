"""Build the Angular client when its sources changed: `python -m tools.frontend`.

Node comes from the wheel in .venv. Without a build, demo_project shows its plain page instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from servestatic.compress import Compressor

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
STAMP = ".complete"  # comes last, so that half is not whole
MADE = ("node_modules", "dist", ".angular", "out-tsc")
PACKAGES = ("package.json", "package-lock.json", ".npmrc")  # what node_modules is made from
INSTALL_SECONDS = 600
BUILD_SECONDS = 300
SHOWN_LINES = 12
# What a developer may have set for other projects: `npm ci` would leave the compiler out.
FOREIGN = (
    *("NODE_ENV", "NODE_OPTIONS", "NODE_PATH", "npm_config_omit", "npm_config_production"),
    "PORT",  # the one of `make serve`: ng would take it in place of its own
)


class FrontendError(Exception):
    """The client cannot be built; the message says which step failed and how."""


def node_environment() -> dict[str, str]:
    """Return the environment for npm and ng: .venv's Node first, nobody asks or reports."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return {**kept, "PATH": path, "CI": "1", "NG_CLI_ANALYTICS": "false", "NO_COLOR": "1"}


def npm(folder: Path, *arguments: str, timeout: float) -> str:
    """Run npm in a folder and return what it printed; raises `FrontendError` when it fails."""
    command = f"npm {' '.join(arguments)}"
    try:
        done = subprocess.run(
            ["npm", *arguments],
            cwd=folder,
            env=node_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
    except FileNotFoundError:
        raise FrontendError(f"`{command}`: there is no npm, expected one in .venv") from None
    except subprocess.TimeoutExpired:
        raise FrontendError(f"`{command}` did not end within {timeout:g} s") from None
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-SHOWN_LINES:])
        raise FrontendError(f"`{command}` failed (exit code {done.returncode}):\n{last}")
    return done.stdout


def sources(folder: Path) -> Iterator[Path]:
    """Yield every file of the client that somebody wrote, sorted."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in MADE:
            yield from (file for file in sorted(path.rglob("*")) if file.is_file())
        elif path.is_file():
            yield path


def fingerprint(folder: Path, paths: Iterable[Path]) -> str:
    """Return a hash of these files, by name and content; times do not count."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_made(made: Path, stamp: str) -> bool:
    """Say whether a folder is there, complete, and made from what has this fingerprint."""
    file = made / STAMP
    return file.is_file() and file.read_text("utf-8") == stamp


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process build at a time; a second one waits, then finds everything made."""
    (folder / ".angular").mkdir(exist_ok=True)
    with (folder / ".angular" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(folder: Path) -> None:
    """Install what the lock file names, unless node_modules is made from it already."""
    stamp = fingerprint(folder, [folder / name for name in PACKAGES])
    modules = folder / "node_modules"
    if is_made(modules, stamp):
        return
    print("Installing the packages of the Angular client (frontend/) …", flush=True)
    npm(folder, "ci", "--no-audit", "--loglevel=error", timeout=INSTALL_SECONDS)
    (modules / STAMP).write_text(stamp, "utf-8")


def build(folder: Path = FRONTEND) -> bool:
    """Make `dist` anew when its sources changed and say whether they had.

    Raises `FrontendError`; then the build that there was stays.
    """
    with alone(folder):
        stamp, dist = fingerprint(folder, sources(folder)), folder / "dist"
        if is_made(dist, stamp):
            return False
        install(folder)
        started = time.monotonic()
        print("Building the Angular client (frontend/) …", flush=True)
        new = folder / ".angular" / "dist"
        build_into(folder, new)
        (new / STAMP).write_text(stamp, "utf-8")
        # At the very end, and at once: a running server never sees half a client.
        shutil.rmtree(dist, ignore_errors=True)
        new.rename(dist)
        print(f"Built the Angular client in {time.monotonic() - started:.0f} s.", flush=True)
        return True


def build_into(folder: Path, target: Path) -> None:
    """Build into a folder of its own; beside each file goes its gzip copy, for the server."""
    shutil.rmtree(target, ignore_errors=True)
    npm(folder, "run", "build", "--", f"--output-path={target}", timeout=BUILD_SECONDS)
    compressor = Compressor(quiet=True)
    for path in sorted((target / "browser").iterdir()):
        if path.suffix in (".js", ".css"):
            compressor.compress(str(path))


def main() -> int:
    """Build what is to be built; return 1, with a sentence on stderr, when that cannot be done."""
    try:
        build()
    except (FrontendError, OSError) as error:
        print(
            f"The Angular client is not built: {error}\nThe plain page serves in its place. "
            "Most often the package registry is out of reach; the same command tries again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
