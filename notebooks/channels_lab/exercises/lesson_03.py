"""Lesson 03: the life of a connection, a count of its own, a frame that is too long."""

from __future__ import annotations

from reprlib import repr as short

from ..exercise import Lab, Result, exercise, not_yet, solved


@exercise(
    "03.1",
    "Predict the log",
    restart=False,
    hints=(
        "Each print stands in one method, and each method runs once for one event.",
        "Count the events: one handshake, two frames, one goodbye.",
        'The second line is {"n": 1} as a Python dict prints it: "{\'n\': 1}".',
    ),
)
async def predict_the_log(lab: Lab) -> Result:
    before = len(_printed(lab))
    goodbyes = len(lab.server.lines("websocket disconnected"))
    dora = await lab.client("dora")
    await dora.send({"n": 1})
    await dora.send({"n": 2})
    await dora.close()
    await lab.server.logged("websocket disconnected", times=goodbyes + 1)
    came = _printed(lab)[before:]
    if lab.answer == came:
        return solved(f"the log has {len(came)} lines, just these")
    if not isinstance(lab.answer, list):
        return not_yet("answer to be a list of strings", f"it is {lab.answer!r}")
    if len(lab.answer) != len(came):
        return not_yet(f"a line for each event, {len(came)} in all", f"you have {len(lab.answer)}")
    wrong = next(n for n, line in enumerate(came) if lab.answer[n] != line)
    yours = f"you have {lab.answer[wrong]!r}"
    return not_yet(f"line {wrong + 1} to be what the server prints", yours)


def _printed(lab: Lab) -> list[str]:
    return [line for line in lab.server.lines() if line.startswith(("websocket ", "{"))]


@exercise(
    "03.2",
    "A count for each",
    hints=(
        "Whose is the number: everybody's, or one connection's?",
        "Lines 8 and 14: `OnlineConsumer.count` belongs to the class, so all connections share it.",
        "In connect: self.count = 0; in receive: self.count += 1, and send self.count.",
    ),
)
async def a_count_for_each(lab: Lab) -> Result:
    ana, bob = await lab.client("ana"), await lab.client("bob")
    for client, number in ((ana, 1), (ana, 2), (bob, 1), (ana, 3)):
        await client.send("anything")
        expected = {"type": "count", "count": number}
        came = await client.receive(timeout=2)
        if came != expected:
            wanted = f"{client.name}'s frame {number} to be answered {expected}"
            return not_yet(wanted, f"{came} came")
    return solved("three for ana, one for bob")


@exercise(
    "03.3",
    "Too long",
    hints=(
        "A frame that is too long is like one that is not JSON: say so, and stay.",
        "In receive, before the text is sent back: look at len(text_data).",
        'if len(text_data) > 100: self.send(text_data=json.dumps({"type": "error"})); return',
    ),
)
async def too_long(lab: Lab) -> Result:
    ana = await lab.client("ana")
    for text in ("a" * 100, "b" * 101, "c"):
        await ana.send(text)
        came = await ana.receive(timeout=2)
        kind = "error" if len(text) > 100 else "echo"
        if not isinstance(came, dict) or came.get("type") != kind:
            wanted = f"a frame of {len(text)} characters to be answered with type {kind!r}"
            return not_yet(wanted, f"{short(came)} came")
        if kind == "echo" and came.get("text") != text:
            return not_yet("an echo to carry the text that was sent", f"{short(came)} came")
    return solved("100 characters come back, 101 do not, and ana is still connected")
