"""The table of contents: one list, from which titles, navigation and maps are made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """One lesson: its number, its file without the ending, its title, its minutes, its hop."""

    number: int
    slug: str
    title: str
    minutes: int
    hop: str
    mirrors: str

    @property
    def file(self) -> str:
        """The notebook's file name, for example ``03_creating_a_consumer.ipynb``."""
        return f"{self.slug}.ipynb"

    @property
    def label(self) -> str:
        """The lesson as a link shows it, for example ``03 Creating a consumer``."""
        return f"{self.number:02d} {self.title}"


LESSONS: tuple[Lesson, ...] = (
    Lesson(0, "00_start_here", "Start here", 15, "", "–"),
    Lesson(1, "01_installing", "Installing", 15, "daphne", "Installing"),
    Lesson(
        2,
        "02_creating_an_application",
        "Creating an application",
        20,
        "application",
        "Creating an application · Defining global parameter",
    ),
    Lesson(3, "03_creating_a_consumer", "Creating a consumer", 25, "consumer", "Create a consumer"),
    Lesson(4, "04_creating_a_routing", "Creating a routing", 20, "routing", "Create a routing"),
    Lesson(5, "05_connecting_a_client", "Connecting a client", 25, "client", "Client connection"),
    Lesson(
        6,
        "06_messages_both_ways",
        "Messages both ways",
        25,
        "frames",
        "Send from Angular to server · Receive in Angular · Server to one connection",
    ),
    Lesson(7, "07_broadcasting", "Broadcasting", 25, "layer", "Broadcasting to the channels name"),
    Lesson(8, "08_presence", "Presence: tabs, ghosts, expiry", 25, "presence", "beyond"),
    Lesson(9, "09_async_and_the_orm", "Async and the ORM", 30, "thread", "beyond"),
    Lesson(10, "10_security", "Security", 30, "door", "beyond"),
    Lesson(11, "11_when_things_break", "When things break", 30, "parts", "beyond"),
    Lesson(12, "12_testing_consumers", "Testing consumers", 30, "tested", "beyond"),
    Lesson(13, "13_from_a_loop_to_the_limit", "From a loop to the limit", 30, "cost", "beyond"),
    Lesson(
        14,
        "14_many_processes_many_hosts",
        "Many processes, many hosts",
        30,
        "processes",
        "beyond",
    ),
    Lesson(
        15,
        "15_the_classroom_taken_apart",
        "The classroom, taken apart",
        30,
        "class",
        "beyond",
    ),
)

CONTENTS = f"{LESSONS[0].file}#Contents"

# The way of one frame: (node, label). The same in every lesson; only the highlight moves.
HOPS: tuple[tuple[str, str], ...] = (
    ("client", "client"),
    ("daphne", "daphne"),
    ("application", "asgi.py"),
    ("routing", "routing.py"),
    ("consumer", "consumer.py"),
    ("layer", "channel layer"),
)
_WHERE = {
    "": "the whole way",
    "daphne": "daphne, the server that speaks HTTP and WebSocket",
    "application": "asgi.py, the application that daphne calls",
    "consumer": "consumer.py, the code that holds one connection",
    "routing": "routing.py, which finds the consumer for a path",
    "client": "the client, which opens the connection",
    "frames": "the frames between the client and the consumer, both ways",
    "layer": "the channel layer, which reaches every other connection",
    "presence": "consumer.py, and what the database knows of all consumers of all processes",
    "thread": "consumer.py, and the one thread in which it asks the database",
    "door": "the door: what a stranger meets before consumer.py",
    "parts": "what all of it stands on: the process, the channel layer's broker, the database",
    "cost": "from the channel layer to every client: what one message costs on the way",
    "tested": "all that runs without a server, from asgi.py to the channel layer",
    "processes": "one daphne of several, and the channel layer between them",
    "class": "a second application on the same way, from its clients to what they hear of others",
}
_HIGHLIGHTED = {
    "": (),
    "frames": ("client", "consumer"),
    "presence": ("consumer",),
    "thread": ("consumer",),
    "door": ("daphne", "application", "routing"),
    "parts": ("daphne", "layer"),
    "cost": ("consumer", "layer"),
    "tested": ("application", "routing", "consumer", "layer"),
    "processes": ("daphne", "layer"),
    "class": ("client", "consumer", "layer"),
}


def lesson(number: int) -> Lesson:
    """Return the lesson with this number; ``LookupError`` names the numbers there are."""
    for entry in LESSONS:
        if entry.number == number:
            return entry
    last = LESSONS[-1].number
    raise LookupError(f"there is no lesson {number!r}: expected a number from 0 to {last}")


def nav_line(entry: Lesson) -> str:
    """The navigation line: previous · contents · next."""
    around = {other.number: other for other in LESSONS}
    before, after = around.get(entry.number - 1), around.get(entry.number + 1)
    parts = [
        f"[← {before.label}]({before.file})" if before else "",
        f"[Contents]({CONTENTS})",
        f"[{after.label} →]({after.file})" if after else "",
    ]
    return " · ".join(part for part in parts if part)


def title_cell(entry: Lesson) -> str:
    """The first cell of a lesson: its title and the navigation line."""
    return f"# {entry.number:02d} · {entry.title}\n\n{nav_line(entry)}"


def map_cell(entry: Lesson) -> str:
    """The small map: the way of one frame in Mermaid, this lesson's hop highlighted."""
    where = _WHERE[entry.hop]
    here = _HIGHLIGHTED.get(entry.hop, (entry.hop,))
    way = " --> ".join(f"{node}[{label}]" for node, label in HOPS)
    lines = [
        "**Where you are:** " + where + ".",
        "",
        "```mermaid",
        "flowchart LR",
        "    accTitle: The way of one frame",
        f"    accDescr: {' to '.join(label for _, label in HOPS)}. This lesson is about {where}.",
        f"    {way}",
        "    layer -. to every other connection .-> consumer",
    ]
    if here:
        lines += [
            "    classDef here fill:#ffd54a,stroke:#5d4400,stroke-width:3px,color:#000",
            f"    class {','.join(here)} here",
        ]
    return "\n".join([*lines, "```"])


def contents_cell() -> str:
    """The cell of lesson 00 that every lesson's *Contents* link leads to."""
    return f"## Contents\n\n{contents_table()}"


def contents_table(folder: str = "") -> str:
    """The table of lessons in Markdown; ``folder`` is where they are seen from its place."""
    rows = ["| # | Lesson | The tutorial's section | Minutes |", "|---|---|---|---|"]
    for entry in LESSONS:
        link = f"[{entry.title}]({folder}{entry.file})"
        rows.append(f"| {entry.number:02d} | {link} | {entry.mirrors} | {entry.minutes} |")
    return "\n".join(rows)
