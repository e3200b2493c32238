
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('classroom', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='room',
            name='used_at',
            field=models.DateTimeField(default=django.utils.timezone.now, help_text='When it was used last, to the hour.'),
        ),
    ]
