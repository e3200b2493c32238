"""classroom: the learner's side of a class."""
