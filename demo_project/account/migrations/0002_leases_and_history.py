import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.utils.crypto import get_random_string


def forget_all_connections(apps, schema_editor):
    """A row from before has no server process that could answer for it."""
    apps.get_model("account", "UserOnline").objects.all().delete()


def begin_the_history(apps, schema_editor):
    """So that no connection has to write this row as it reads it."""
    apps.get_model("account", "History").objects.create(pk=1, epoch=get_random_string(8))


class Migration(migrations.Migration):
    dependencies = [
        ("account", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(forget_all_connections, migrations.RunPython.noop),
        migrations.CreateModel(
            name="ServerLease",
            fields=[
                (
                    "uuid",
                    models.UUIDField(primary_key=True, serialize=False, verbose_name="process"),
                ),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "renewed_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "server process",
                "verbose_name_plural": "server processes",
                "ordering": ["started_at"],
            },
        ),
        migrations.CreateModel(
            name="History",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "epoch",
                    models.CharField(
                        help_text="Differs when the numbers begin anew.", max_length=16
                    ),
                ),
                ("last", models.BigIntegerField(default=0)),
            ],
            options={"verbose_name_plural": "history"},
        ),
        migrations.RunPython(begin_the_history, migrations.RunPython.noop),
        migrations.CreateModel(
            name="Said",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("sender", models.CharField(max_length=200)),
                ("text", models.TextField()),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), db_index=True
                    ),
                ),
            ],
            options={"verbose_name_plural": "said", "ordering": ["number"]},
        ),
        migrations.RemoveField(model_name="useronline", name="last_seen"),
        migrations.AddField(
            model_name="useronline",
            name="device",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="useronline",
            name="page",
            field=models.CharField(
                blank=True, help_text="Where its page says it is.", max_length=200
            ),
        ),
        migrations.AddField(
            model_name="useronline",
            name="server",
            # The table is empty, so that no row takes this default.
            field=models.ForeignKey(
                default=None,
                on_delete=django.db.models.deletion.CASCADE,
                to="account.serverlease",
            ),
            preserve_default=False,
        ),
    ]
