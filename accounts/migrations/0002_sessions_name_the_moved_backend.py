"""Sessions hold the dotted path of the authentication backend, which moved: nobody is signed out by the upgrade."""

from importlib import import_module

from django.conf import settings
from django.db import migrations

OLD, NEW = "epi_site.accounts.backends.EmailBackend", "accounts.backends.EmailBackend"
KEY = "_auth_user_backend"


def rename(apps, using, old, new):
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    sessions = apps.get_model("sessions", "Session").objects.using(using)
    for session in sessions.iterator():
        data = store.decode(session.session_data)  # empty where the data were signed with another SECRET_KEY
        if data.get(KEY) == old:
            sessions.filter(pk=session.pk).update(session_data=store.encode(data | {KEY: new}))


def forwards(apps, schema_editor):
    rename(apps, schema_editor.connection.alias, OLD, NEW)


def backwards(apps, schema_editor):
    rename(apps, schema_editor.connection.alias, NEW, OLD)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("sessions", "0001_initial")]

    operations = [migrations.RunPython(forwards, backwards)]
