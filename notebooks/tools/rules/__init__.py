"""The rules of a lesson's shape, by what they look at."""
