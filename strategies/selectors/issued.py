"""Find revisions of periods by hash, for the page *verify*."""

from typing import Any, NamedTuple

from core.issued_hashes import Issued
from strategies.models import PeriodRevision


class FoundRevision(NamedTuple):
    revision: PeriodRevision
    may_see: bool


def find_revision(sha256: str, user: Any) -> Issued | None:
    """Return the revision with this hash: check ``may_see`` before showing more than that it exists."""
    rows = PeriodRevision.objects.select_related("city_period__city", "city_period__period").defer("snapshot")
    revision = rows.filter(sha256=sha256).first()
    if revision is None:
        return None
    may_see = PeriodRevision.objects.visible_to(user).filter(pk=revision.pk).exists()
    return Issued("strategies/_verified_revision.html", FoundRevision(revision, may_see))
