from django.apps import AppConfig
from django.core import checks
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate, pre_save


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from django.forms import ModelChoiceField

        from . import field_names, installation, private_files, redaction, row_choices, text_limits, triggers, versions
        from .backup.hooks import after_restore
        from .models import RecordOpening, RedactedRow, RedactionRecord

        # For every field, those of libraries too.
        ModelChoiceField.iterator = row_choices.RowChoices  # type: ignore[misc]
        pre_save.connect(text_limits.refuse_long_texts, dispatch_uid="epi_text_limits")

        field_names.translate_field_names()
        triggers.freeze(RedactionRecord, unique=[("uuid",)])
        triggers.freeze(RedactedRow)
        triggers.freeze(RecordOpening, unique=[("uuid",)])
        after_restore("redactions", redaction.repeat_later, order=5)
        triggers.freeze_histories()  # the models of all apps are loaded before the first ``ready``
        connection_created.connect(triggers.on_connection_created, dispatch_uid="epi_functions")
        # Every app sends these signals; one receiver is enough. If a migration fails, post_migrate is not sent: our
        # command ``migrate`` then restores the triggers.
        pre_migrate.connect(triggers.on_pre_migrate, dispatch_uid="epi_triggers_drop")
        post_migrate.connect(triggers.on_post_migrate, dispatch_uid="epi_triggers_install")
        post_migrate.connect(installation.on_post_migrate, dispatch_uid="epi_installation_id")
        post_migrate.connect(versions.on_post_migrate, dispatch_uid="epi_versions")
        checks.register(triggers.check_installed, triggers.CHECK_TAG)
        checks.register(private_files.check_data_folder)
        checks.register(installation.check_bound, triggers.CHECK_TAG)
