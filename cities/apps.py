from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CitiesConfig(AppConfig):
    name = "cities"
    verbose_name = _("Cities and people")

    def ready(self):
        from accounts import export
        from core import demonstration, stored_files, uploads
        from core.backup.hooks import after_restore

        from . import duties, file_access, locks, redaction, rules  # noqa: F401 - the import registers permissions
        from .models import Installation, StoredFile
        from .models.events import readable_minutes_q
        from .models.people import person_data
        from .restored import name_open_invitations
        from .services.decisions import duties_of_person
        from .services.files import FormUploads

        file_access.register(readable_minutes_q)
        duties.register_duties(duties_of_person)
        export.register_part("network", person_data)
        locks.register()
        redaction.register()
        demonstration.register(Installation.objects.filter(is_demo=True).exists)
        stored_files.register(StoredFile)
        uploads.register(FormUploads())
        after_restore("invitations", name_open_invitations, order=80)
