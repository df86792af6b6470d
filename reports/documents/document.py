"""The snapshot of a report: its facts, and the document made from them in its language. One hash covers both."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from core import clock, locales
from reports.enums import ReportKind

from . import city_document, labels, network_document

SCHEMA_VERSION = 2  # 2: indicators have ``across_periods``, ``combined`` and ``is_due``


def snapshot_contents(
    kind: str, facts: dict, *, number: str, revision: int, issued_at: datetime, language: str
) -> dict:
    """Return the contents of the snapshot. Call with ``language`` active: texts and figures are final.

    Keys: ``schema``, ``number``, ``kind``, ``revision``, ``language``, ``issued_at``, ``issued``, ``is_demo``,
    ``verify_url``, ``facts`` and ``document`` {labels, cover, sections}.
    """
    made = city_document if kind == ReportKind.CITY_PERIOD else network_document
    issued_on = clock.day_of(issued_at)
    return {
        "schema": SCHEMA_VERSION,
        "number": number,
        "kind": str(kind),
        "revision": revision,
        "language": language,
        "issued_at": issued_at.isoformat(),
        "issued": issued_on.isoformat(),
        "is_demo": facts["network"]["is_demo"],
        "verify_url": f"{settings.SITE_URL}/verify/",
        "facts": facts,
        "document": {
            "labels": document_labels(),
            "cover": {
                "network": facts["network"]["name"],
                "title": made.title(),
                "subject": made.subject(facts),
                "period": facts["period"]["name"],
                "days": _days(facts["period"]),
                "issued": locales.day(issued_on),
            },
            "sections": made.document_sections(facts),
        },
    }


def _days(period: dict) -> str:
    return _("%(first)s to %(last)s") % {
        "first": labels.day(period["starts_on"]),
        "last": labels.day(period["ends_on"]),
    }


def document_labels() -> dict[str, str]:
    return {
        "number": _("Report"),
        "issued": _("issued"),
        "issued_on": _("Issued"),
        "page": _("Page"),
        "page_of": _("of"),
        "hash": _("SHA-256 hash of the data in this report"),
        "hash_short": "SHA-256",
        "verify": _("Check it at"),
        "verify_short": _("Check this report at"),
        "verify_title": _("Is this report genuine?"),
        "verify_long": _(
            "The data in this report were locked when it was issued, and the network keeps them under the hash "
            "below. Anyone can check the report: open the address and paste the hash, or choose the file you "
            "received. A file that has been changed in any way is not recognised."
        ),
        "illustrative": _("Illustrative data"),
        "illustrative_long": _(
            "This is a demonstration. Apart from public facts about the cities, all content is invented to "
            "show what a report looks like."
        ),
    }
