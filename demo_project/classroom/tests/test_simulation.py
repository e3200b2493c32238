"""A small class, simulated: its board shows what happened. `make class` has a large one."""

from pathlib import Path

from classroom.tests.school import School
from classroom.tests.simulate import simulate


async def test_a_class_whose_server_is_killed_shows_what_happened(migrated_database: Path) -> None:
    said: list[str] = []
    with School(1, migrated_database) as school:
        result = await simulate(30, 8, school, said.append)
        assert result.problems == []
        assert result.reports > 100 and result.latencies
        assert said == ["The server was killed."]
        assert "Traceback" not in school.log
