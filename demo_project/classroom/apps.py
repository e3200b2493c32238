"""The classroom's app."""

from django.apps import AppConfig


class ClassroomConfig(AppConfig):
    """Classes, their learners, and the board of the one who teaches."""

    name = "classroom"
    verbose_name = "Classroom"
