"""nbgrader's own way of the assignments, as formgrader goes it: run where nbgrader is installed.

`python trial.py FOLDER LESSON CELL …` releases every assignment in the course folder FOLDER, and
LESSON a second time as nbgrader does without our settings; then ana hands LESSON in, with the
answers in these cells and the others as they were released. Prints her points as JSON.
"""

import json
import os
import sys
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config, PyFileConfigLoader


def done(answer, what):
    """Stop with nbgrader's own log when a step failed."""
    if not answer["success"]:
        sys.exit(f"{what}: {answer.get('error', '')}\n{answer['log']}")


def hand_in(folder, lesson, student, solved):
    """Put a released notebook, solved in some cells, where nbgrader looks for students' work."""
    file = f"{lesson}.ipynb"
    source = nbformat.read(folder / "source" / lesson / file, as_version=4)
    answers = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in source.cells}
    notebook = nbformat.read(folder / "release" / lesson / file, as_version=4)
    for cell in notebook.cells:
        if (id := cell.metadata.get("nbgrader", {}).get("grade_id")) in solved:
            cell.source = answers[id].source
    target = folder / "submitted" / student / lesson / file
    target.parent.mkdir(parents=True)
    nbformat.write(notebook, target)


def points(api, lesson, student):
    """Return what each of a student's checks got, and could have got."""
    with api.gradebook as gradebook:
        graded = gradebook.find_submission_notebook(lesson, lesson, student).grades
        return {grade.name: [grade.score, grade.max_score] for grade in graded}


def main(folder, lesson, solved):
    """Release, hand in, grade; return the figures."""
    os.chdir(folder)
    config = PyFileConfigLoader("nbgrader_config.py").load_config()
    ours = NbGraderAPI(config=config)
    released = sorted(ours.get_source_assignments())
    for name in released:
        done(ours.generate_assignment(name), name)
    plain = Config()
    plain.CourseDirectory.release_directory = "plain"
    plain.GenerateAssignment.no_database = True
    done(NbGraderAPI(config=plain).generate_assignment(lesson), f"{lesson}, without our settings")
    hand_in(folder, lesson, "ana", solved)
    done(ours.autograde(lesson, "ana"), f"{lesson} of ana")
    return {"released": released, "points": points(ours, lesson, "ana")}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]).resolve(), sys.argv[2], set(sys.argv[3:]))))
