"""Lesson 04: routes that open what was planned, who refused, a consumer that refuses."""

from __future__ import annotations

import asyncio

from ..client import Client
from ..errors import Refused
from ..exercise import Lab, Result, exercise, not_yet, solved

QUIET = 0.5  # seconds in which a consumer that says something has said it


@exercise(
    "04.1",
    "The back door",
    hints=(
        "The first route that matches wins. What does a pattern match that is not anchored?",
        "Both patterns: one has no end, neither has a beginning.",
        'r"^online/$" for the front door, r"^online/back/$" for the back door.',
    ),
)
async def the_back_door(lab: Lab) -> Result:
    back = await lab.client("back", "/online/back/")
    if await back.receive_nothing(QUIET):
        return not_yet("/online/back/ to open the back door", "a door opens and says nothing")
    if (came := await back.receive()) != "the back door":
        return not_yet("/online/back/ to say 'the back door'", f"{came!r} came")
    front = await lab.client("front", "/online/")
    await front.send("?")  # no JSON, so OnlineConsumer answers with an error
    came = await front.receive(timeout=2)
    if not isinstance(came, dict) or came.get("type") != "error":
        return not_yet("/online/ to open OnlineConsumer", f"{came!r} came")
    others = ("/not/online/", "/online/cellar/", "/online/back/cellar/")
    # All at once: daphne answers exceptions at its next tick, which comes once a second.
    answers = await asyncio.gather(*(_knock(lab, "stranger", path) for path in others))
    for path, status in zip(others, answers, strict=True):
        if status is None:
            return not_yet(f"{path} to be refused", "it opens")
    return solved("two doors open, each with its own consumer, and no other")


KNOCKS = {
    "ana": ("/online/?tab=2", ""),  # an empty origin is that of the server's own page
    "bob": ("/whoami/", ""),
    "cem": ("/online/", "https://evil.example"),
    "dora": ("/onlin/", "https://evil.example"),
    "eli": ("/online/", "http://localhost:4200"),
}


@exercise(
    "04.2",
    "Who refused?",
    restart=False,
    hints=(
        "Who stands further out is asked first, and who has refused asks nobody else.",
        "asgi.py: the origin validator is wrapped around the routes. It compares hosts, not ports.",
        "Two are refused by the origin, one by the route, two doors open.",
    ),
)
async def who_refused(lab: Lab) -> Result:
    if not isinstance(lab.answer, dict) or lab.answer.keys() != KNOCKS.keys():
        return not_yet(f"answer to have the keys {', '.join(map(repr, KNOCKS))}", "it has others")
    for name, (path, origin) in KNOCKS.items():
        status = await _knock(lab, name, path, origin)
        if status is None:
            settled = "open"
        else:  # the origin's refusal does not depend on the path
            at_the_door = await _knock(lab, name, "/online/", origin)
            settled = "route" if at_the_door is None else "origin"
        yours = lab.answer[name]
        if yours == settled:
            continue
        if "open" in (yours, settled):
            came = "an open connection" if status is None else f"HTTP {status}"
            return not_yet(f"for {name} what the server answers, {came}", f"you have {yours!r}")
        return not_yet(f"the first who says no to {name}", f"you have {yours!r}")
    return solved("origin before route, and neither looks at the port or at the query string")


@exercise(
    "04.3",
    "By invitation",
    hints=(
        "A connection that is open can only be closed. When is it still possible to refuse?",
        "In connect, before self.accept(): self.close() is a refusal there.",
        'if room not in ("kitchen", "garden"): self.close(); return',
    ),
)
async def by_invitation(lab: Lab) -> Result:
    for room in ("kitchen", "garden"):
        guest = await lab.client("guest", f"/whoami/{room}/")
        expected = {"room": room, "user": "AnonymousUser"}
        if (came := await guest.receive(timeout=2)) != expected:
            return not_yet(f"/whoami/{room}/ to say {expected}", f"{came!r} came")
    for room in ("cellar", "kitchenette"):
        status = await _knock(lab, "stranger", f"/whoami/{room}/")
        if status != 403:
            came = "it opens" if status is None else f"HTTP {status} came"
            return not_yet(f"/whoami/{room}/ to be refused with HTTP 403", came)
    return solved("two rooms open, and the consumer refuses every other one")


async def _knock(lab: Lab, name: str, path: str, origin: str = "") -> int | None:
    """Return the status of the refusal, or None when the connection opens."""
    visitor = Client(name, lab.server, path)
    try:
        await visitor.connect(origin=origin)
    except Refused as refused:
        return refused.status
    await visitor.close()
    return None
