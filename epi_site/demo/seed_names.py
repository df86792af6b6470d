"""The demo's themes and target groups, translated for the reader (``cities.seed_translations``)."""

from django.utils.translation import gettext_noop

THEMES = {
    "commitment": gettext_noop("The municipality’s commitment"),
    "culture": gettext_noop("Cultural exchange"),
    "education": gettext_noop("Education"),
    "housing": gettext_noop("Housing"),
    "inclusion": gettext_noop("Inclusion"),
    "labour": gettext_noop("Labour market"),
    "participation": gettext_noop("Participation"),
    "services": gettext_noop("Access to basic services"),
}
GROUPS = {
    "civil_society": gettext_noop("Civil society"),
    "employees": gettext_noop("Municipal employees"),
    "employers": gettext_noop("Employers"),
    "families": gettext_noop("Families"),
    "newcomers": gettext_noop("Newcomers"),
    "residents": gettext_noop("All residents"),
    "women": gettext_noop("Women"),
    "young": gettext_noop("Young people"),
}
