"""Names of fields whose model gives none: translated, like the names that models give.

Django derives such a name from the attribute, in English. Migrations do not contain it: they read ``_verbose_name``.
"""

from django.apps import apps
from django.utils.translation import gettext_lazy as _

from .first_party import is_first_party

NAMES = {  # where the attribute is not the word that pages use
    "accepted at": _("accepted on"),
    "attempts": _("attempts"),
    "created at": _("created on"),
    "cycle": _("review cycle"),
    "expires at": _("expires on"),
    "invited by": _("invited by"),
    "period": _("reporting period"),
    "published at": _("published on"),
    "revision": _("revision"),
    "round": _("evaluation round"),
    "slug": _("short name"),
    "week": _("training week"),
    "withdrawn at": _("withdrawn on"),
}


def translate_field_names() -> None:
    """Translate the names that Django derived. To be called when all models are loaded and before any form is."""
    for model in apps.get_models(include_auto_created=True):
        if is_first_party(model._meta.app_label):
            for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
                if getattr(field, "_verbose_name", None) is None:
                    name = str(field.verbose_name)
                    field.verbose_name = NAMES.get(name) or _(name)
