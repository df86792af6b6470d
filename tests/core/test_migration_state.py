"""Migrating with fewer rendered models makes the same tables, and code of migrations reads whole models."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.state import ProjectState
from django.db.utils import ConnectionHandler

from core.migration_state import ForwardState
from tests.proofs import only_in_prove

POSITIVE = models.CheckConstraint(condition=models.Q(pages__gt=0), name="positive")
POLITE = models.CheckConstraint(
    condition=models.Q(pages__gt=0), name="positive", violation_error_message="Write some pages."
)
ONCE = models.UniqueConstraint(fields=["author", "title"], name="once")
KINDS = [("a", "A")]


def key(to: str) -> models.ForeignKey:
    return models.ForeignKey(to, models.CASCADE)


def operations() -> list:
    """Return operations of every kind after which fewer models are rendered, and others between them."""
    genre = models.CharField(max_length=9, default="")
    return [
        migrations.CreateModel("Author", [("id", models.BigAutoField(primary_key=True))]),
        migrations.CreateModel(
            "Book",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("title", models.CharField(max_length=50)),
                ("genre", genre),
                ("pages", models.IntegerField()),
                ("author", key("shop.Author")),
            ],
            options={"indexes": [], "constraints": []},
        ),
        migrations.AlterField("Book", "genre", models.CharField("kind", max_length=9, choices=KINDS, default="")),
        migrations.AddConstraint("Book", POSITIVE),
        migrations.AddConstraint("Book", ONCE),
        migrations.AddIndex("Book", models.Index(fields=["title"], name="by_title")),
        migrations.AlterConstraint("Book", "positive", POLITE),
        migrations.AlterField("Book", "genre", models.CharField("kind", max_length=20, default="")),
        migrations.AddField("Author", "name", genre),
        migrations.RemoveConstraint("Book", "once"),
        migrations.RemoveIndex("Book", "by_title"),
        migrations.CreateModel(
            "Review", [("id", models.BigAutoField(primary_key=True)), ("book", key("shop.Book"))], options={}
        ),
        migrations.RenameField("Book", "title", "name"),
        migrations.AlterField("Book", "pages", models.IntegerField(null=True)),
    ]


def description(apps) -> list:
    """Return what code of migrations can read of all models."""
    return [
        (
            model.__name__,
            [(field.name, field.deconstruct()[1:]) for field in model._meta.local_fields],
            [relation.name for relation in model._meta.related_objects],
            [constraint.deconstruct() for constraint in model._meta.constraints],
            [index.deconstruct() for index in model._meta.indexes],
        )
        for model in sorted(apps.get_models(), key=lambda model: model.__name__)
    ]


@pytest.fixture(autouse=True)
def _databases_in_memory(django_db_blocker):
    with django_db_blocker.unblock():
        yield


def migrated(state) -> list[tuple]:
    """Apply the operations to an empty database; return its tables and what code of migrations reads after each."""
    connection = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})["default"]
    _ = state.apps  # as Django's executor renders it
    found = []
    for operation in operations():
        read = []
        reading = migrations.RunPython(lambda apps, editor, read=read: read.extend(description(apps)))
        migration = migrations.Migration("0001", "shop")
        migration.operations = [operation, reading]
        with connection.schema_editor() as editor:
            state = migration.apply(state, editor)
        with connection.cursor() as cursor:
            tables = cursor.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        found.append((operation.describe(), tables, read))
    connection.close()
    return found


def test_tables_and_models_are_those_of_django_after_each_operation():
    expected, found = migrated(ProjectState()), migrated(ForwardState())

    assert found == expected
    assert [len(read) for _operation, _tables, read in found] == [1] + [2] * 10 + [3] * 3


def test_models_are_rendered_for_columns_alone(monkeypatch):
    rendered = []
    render = models.base.ModelBase.__new__
    monkeypatch.setattr(
        models.base.ModelBase,
        "__new__",
        lambda cls, name, *args, **options: (rendered.append(name), render(cls, name, *args, **options))[1],
    )
    counts = []
    for state in (ProjectState(), ForwardState()):
        rendered.clear()
        migrated(state)
        counts.append(len(rendered))

    assert counts[1] < counts[0]


@pytest.mark.prove
@only_in_prove
def test_all_migrations_give_the_tables_of_django(tmp_path):
    plain = (
        "import core.migration_state as state; from django.db.migrations.executor import MigrationExecutor as plain; "
    )
    plain += "state.Executor = plain; "
    run = "from django.core.management import call_command; import django; django.setup(); call_command('migrate')"
    tables = []
    for name, program in (("faster", run), ("plain", plain + run)):
        folder = tmp_path / name
        folder.mkdir()
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "epi_site.settings.local",
            "EPI_DATA_DIR": str(folder),
            "DATABASE_URL": "",
            "REDIS_URL": "",
        }
        subprocess.run([sys.executable, "-c", program], cwd=settings.BASE_DIR, env=environment, check=True)
        with closing(sqlite3.connect(folder / "db.sqlite3")) as database:
            tables.append(database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall())

    assert tables[0] == tables[1]
    assert len(tables[0]) > 900
