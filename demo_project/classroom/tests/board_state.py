"""What every board makes of the frames that it gets: the state, then what changes of it."""

from classroom.events import KEPT_CELLS, Frame
from classroom.standing import merged


def after(state: Frame, frame: Frame) -> Frame:
    """The state of a board after a frame, as every board has to make it."""
    if frame["event"] == "state":
        return frame
    assert frame["version"] == state["version"] + 1, (state["version"], frame)
    state = {**state, "version": frame["version"]}
    match frame["event"]:
        case "changed":
            change = frame["learner"]
            learners = {each["id"]: each for each in state["learners"]}
            known = learners.get(change["id"])
            learners[change["id"]] = merged(known, change) if known else change
            state["learners"] = list(learners.values())
        case "removed":
            state["learners"] = [e for e in state["learners"] if e["id"] != frame["learner"]]
            state["shown"] = [e for e in state["shown"] if e["learner"] != frame["learner"]]
        case "class":
            about = dict(frame["class"])
            state["instructors"] = about.pop("instructors", state["instructors"])
            state["class"] = {**state["class"], **about}
        case "noted":
            state["notes"] = [*state["notes"], frame["note"]]
        case "shown":
            state["shown"] = newest_cells([*state["shown"], frame["shown"]])
        case other:
            raise AssertionError(other)
    return state


def newest_cells(cells: list[Frame]) -> list[Frame]:
    """Of each learner the cells that are kept."""
    kept: list[Frame] = []
    for cell in reversed(cells):
        if sum(each["learner"] == cell["learner"] for each in kept) < KEPT_CELLS:
            kept.append(cell)
    return kept[::-1]
