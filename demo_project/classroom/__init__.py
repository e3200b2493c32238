"""The classroom: where a class stands in the course, live, for the one who teaches it."""
