"""The plan of the course: what its lessons are made of, in `course.json`.

The file is made from the notebooks (`make outputs`); the server knows the lessons only by it.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("course.json")


@cache
def homes() -> Mapping[str, str]:
    """The step in which each exercise stands: `{"03.1": "03/4", …}`."""
    lessons = json.loads(FILE.read_text("utf-8"))["lessons"]
    return {each["id"]: each["step"] for lesson in lessons for each in lesson["exercises"]}
