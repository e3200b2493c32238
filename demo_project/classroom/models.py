"""What the database knows of classes: who teaches, who learns, where each learner stands.

Neither key is here, only its digest: who reads the database cannot come in as anybody.
"""

from django.db import models
from django.utils import timezone

from account.models import ServerLease


class Room(models.Model):
    """One class. (Python has taken the word.)

    Whoever changes anything of a class holds this row meanwhile: so its changes have one order,
    which `version` counts.
    """

    code = models.CharField(max_length=8, unique=True)
    title = models.CharField(max_length=100)
    opened_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(
        default=timezone.now, help_text="When it was used last, to the hour."
    )
    version = models.BigIntegerField(default=0, help_text="Counts what boards were told.")
    last_note = models.IntegerField(default=0, help_text="The number of the newest note.")
    paused = models.BooleanField(default=False)
    frozen_at = models.DateTimeField(null=True, blank=True)
    picture = models.JSONField(null=True, blank=True, help_text="What boards show while frozen.")

    class Meta:
        ordering = ["opened_at"]
        verbose_name = "class"
        verbose_name_plural = "classes"

    def __str__(self) -> str:
        return self.title


class Instructor(models.Model):
    """One key to the board of a class: two people who teach together have two."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="instructors")
    key = models.CharField("digest of the key", max_length=64, unique=True)
    name = models.CharField(max_length=40, blank=True)
    here = models.BooleanField(default=False, help_text="As boards were told.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Learner(models.Model):
    """One learner in one class, under a name of their own choice."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="learners")
    key = models.CharField("digest of the key", max_length=64)
    name = models.CharField(max_length=60)
    joined_at = models.DateTimeField(default=timezone.now)
    here = models.BooleanField(default=False, help_text="As boards were told.")
    taken = models.BigIntegerField(default=0, help_text="The last report that was carried out.")
    standing = models.JSONField(default=dict, help_text="See classroom/standing.py.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["room", "key"], name="one_learner_per_key"),
            models.UniqueConstraint(fields=["room", "name"], name="one_learner_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Connection(models.Model):
    """One open WebSocket of a learner or an instructor; it ends with its server process at last."""

    channel = models.CharField("channel name", max_length=200, unique=True)
    server = models.ForeignKey(ServerLease, on_delete=models.CASCADE, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.CASCADE)
    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, null=True)
    instructor = models.ForeignKey(Instructor, on_delete=models.CASCADE, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(learner=None) ^ models.Q(instructor=None),
                name="either_learner_or_instructor",
            ),
        ]

    def __str__(self) -> str:
        return self.channel


class Note(models.Model):
    """What an instructor said to all, or to some; `to` as it was asked for."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="notes")
    number = models.IntegerField()
    kind = models.CharField(max_length=10)
    text = models.TextField(blank=True)
    to = models.JSONField()
    by = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField(default=timezone.now)
    # Those who were meant then. Empty when it is for all, also for those who join later.
    learners = models.ManyToManyField(Learner, related_name="notes")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["room", "number"], name="one_note_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class Cell(models.Model):
    """A cell that a learner showed to the instructor: the one place where code comes in."""

    learner = models.ForeignKey(Learner, on_delete=models.CASCADE, related_name="cells")
    step = models.CharField(max_length=5)
    source = models.TextField(blank=True)
    output = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.learner} {self.step}"
