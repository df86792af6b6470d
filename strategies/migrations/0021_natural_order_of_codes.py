"""Codes are ordered by their numbers: 1.1.2 before 1.1.10."""

from django.db import migrations, models

from core.collation import natural_key


def fill(apps, schema_editor):
    for name in ("PriorityArea", "Objective", "Action"):
        model = apps.get_model("strategies", name)
        rows = list(model.objects.only("pk", "code", "code_sort"))
        for row in rows:
            row.code_sort = natural_key(row.code)[:200]
        model.objects.bulk_update(rows, ["code_sort"], batch_size=500)


class Migration(migrations.Migration):

    dependencies = [
        ('strategies', '0020_milestones_dropped'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='action',
            options={'ordering': ['objective', 'code_sort'], 'verbose_name': 'action', 'verbose_name_plural': 'actions'},
        ),
        migrations.AlterModelOptions(
            name='objective',
            options={'ordering': ['area', 'code_sort'], 'verbose_name': 'objective', 'verbose_name_plural': 'objectives'},
        ),
        migrations.AlterModelOptions(
            name='priorityarea',
            options={'ordering': ['strategy', 'code_sort'], 'verbose_name': 'priority area', 'verbose_name_plural': 'priority areas'},
        ),
        migrations.AddField(
            model_name='action',
            name='code_sort',
            field=models.CharField(blank=True, default='', editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name='historicalaction',
            name='code_sort',
            field=models.CharField(blank=True, default='', editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name='historicalobjective',
            name='code_sort',
            field=models.CharField(blank=True, default='', editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name='historicalpriorityarea',
            name='code_sort',
            field=models.CharField(blank=True, default='', editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name='objective',
            name='code_sort',
            field=models.CharField(blank=True, default='', editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name='priorityarea',
            name='code_sort',
            field=models.CharField(blank=True, default='', editable=False, max_length=200),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
