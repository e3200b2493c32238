"""What nbgrader is told of this course; `make assignments` puts it beside the assignments.

Source: https://nbgrader.readthedocs.io/en/stable/configuration/config_options.html
"""

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions


class BackToTheStart(ClearSolutions):
    """Takes the answer out of a cell, and puts back what the lesson lets the learner begin with.

    nbgrader alone leaves `raise NotImplementedError()`; an exercise starts from code that runs.
    """

    def preprocess_cell(self, cell, resources, cell_index):
        """Clear one cell; the beginning stands in its metadata."""
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        cell.source = cell.metadata.pop("start", cell.source)
        return cell, resources


c = get_config()
c.CourseDirectory.course_id = "channels"
c.GenerateAssignment.preprocessors = [
    BackToTheStart if each is ClearSolutions else each
    for each in GenerateAssignment.preprocessors.default()
]
c.Execute.timeout = 60  # seconds for one cell, as in the course's own checks
