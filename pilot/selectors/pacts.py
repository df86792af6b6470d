"""Versions of the pact as pages show them: the texts, frozen ones from their snapshot, and what changed between two."""

from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q

from cities.rules import insider_city_ids, reads_network
from core.issued_hashes import Issued
from pilot.enums import PactState
from pilot.models import Pact, PactInvitation, PactSnapshot, PactVersion, Signature

from .text_changes import Paragraph, compare_texts, is_changed, paragraphs_of

FROZEN_FIELDS = ("language", "title", "text", "is_authoritative", "is_older")  # of a ShownText


class ShownText(NamedTuple):
    """``is_older``: the authoritative text has changed since this translation was last saved."""

    language: str
    title: str
    text: str
    is_authoritative: bool
    is_older: bool
    pk: int | None = None  # of a draft, which can be edited

    @property
    def paragraphs(self) -> list[str]:
        return paragraphs_of(self.text)


class TextChange(NamedTuple):
    """What changed in one language. ``before`` or ``after`` is empty where that version lacks the language."""

    language: str
    title: list[Paragraph]
    paragraphs: list[Paragraph]
    has_before: bool
    has_after: bool

    @property
    def is_changed(self) -> bool:
        return is_changed([*self.title, *self.paragraphs])


class FoundPact(NamedTuple):
    version: PactVersion
    snapshot: PactSnapshot
    may_see: bool


def texts_of(version: PactVersion) -> list[ShownText]:
    """Return the texts, the authoritative one first: of a draft as they are now, else as they were frozen.

    Raises HashMismatch if what was frozen has been changed.
    """
    frozen = PactSnapshot.objects.filter(pact_version=version).first()
    return draft_texts(version) if frozen is None else frozen_texts(frozen)


def frozen_texts(snapshot: PactSnapshot) -> list[ShownText]:
    return [ShownText(**text) for text in snapshot.contents["texts"]]


def draft_texts(version: PactVersion) -> list[ShownText]:
    rows = list(version.texts.all())
    source = next((row.content_sha256 for row in rows if row.is_authoritative), "")
    return [
        ShownText(
            language=row.language,
            title=row.title,
            text=row.text,
            is_authoritative=row.is_authoritative,
            is_older=not row.is_authoritative and row.source_sha256 != source,
            pk=row.pk,
        )
        for row in rows
    ]


def text_for(texts: list[ShownText], *languages: str) -> ShownText | None:
    """Return the text in the first of these languages that there is, else the authoritative one."""
    by_language = {text.language: text for text in texts}
    found = next((by_language[language] for language in languages if language in by_language), None)
    return found or next(iter(texts), None)


def compare_versions(old: PactVersion, new: PactVersion) -> list[TextChange]:
    """Return what changed from ``old`` to ``new`` in each language that one of them has."""
    before = {text.language: text for text in texts_of(old)}
    after = {text.language: text for text in texts_of(new)}
    changes = []
    for language in dict.fromkeys([*after, *before]):
        was, now = before.get(language), after.get(language)
        changes.append(
            TextChange(
                language=language,
                title=compare_texts(was.title if was else "", now.title if now else ""),
                paragraphs=compare_texts(was.text if was else "", now.text if now else ""),
                has_before=was is not None,
                has_after=now is not None,
            )
        )
    return changes


def versions_of(pact: Pact, user: Any) -> list[PactVersion]:
    """Return the versions that the user sees, newest first."""
    rows = PactVersion.objects.visible_to(user).filter(pact=pact).with_hash().order_by("-number")
    return list(rows.select_related("pact__city"))


def version_before(version: PactVersion, user: Any) -> PactVersion | None:
    """Return the version that a page compares this one with: the newest older one that the user sees."""
    rows = PactVersion.objects.visible_to(user).filter(pact=version.pact_id, number__lt=version.number)
    return rows.exclude(state=PactState.WITHDRAWN).with_related().order_by("-number").first()


def pact_of(city: Any, user: Any) -> Pact | None:
    """Return the city's pact if the user may see it."""
    return Pact.objects.visible_to(user).filter(city=city).select_related("city").first()


def version_in_force(city: Any) -> PactVersion | None:
    return PactVersion.objects.filter(pact__city=city, state=PactState.IN_FORCE).select_related("pact__city").first()


def frozen_pact(city_period: Any) -> dict | None:
    """The version in force as a revision freezes it: number, date and hash. None without one."""
    rows = PactVersion.objects.filter(pact__city=city_period.city_id, state=PactState.IN_FORCE).with_hash()
    return rows.values("number", "in_force_from", "sha256").first()


def find_pact(sha256: str, user: Any) -> Issued | None:
    """Return the version of a pact with this hash: check ``may_see`` before linking it."""
    snapshot = PactSnapshot.objects.select_related("pact_version__pact__city").filter(sha256=sha256).first()
    if snapshot is None:
        return None
    may_see = PactSnapshot.objects.visible_to(user).filter(pk=snapshot.pk).exists()
    return Issued("pilot/_verified_pact.html", FoundPact(snapshot.pact_version, snapshot, may_see))


# ---- signatures


def signatures_of(version: PactVersion, user: Any) -> list[Signature]:
    """Return the signatures that the user sees, by sector and name; each with the ``links`` that the user may see.

    ``links`` are the newest to each address.
    """
    rows = Signature.objects.visible_to(user).filter(pact_version=version).with_related()
    found = list(rows.order_by("sector", "organisation__name"))
    links = PactInvitation.objects.visible_to(user).filter(signature__in=found, is_replaced=False)
    links = list(links.select_related("signature__pact_version__pact__city").order_by("pk"))
    for row in found:
        row.links = [link for link in links if link.signature_id == row.pk]
    return found


def readable_scans_q(user: Any) -> Q:
    """Return a Q over StoredFile for the scans of signatures: for people of the city and network readers."""
    rows = Signature.objects.all() if reads_network(user) else Signature.objects.of_cities(insider_city_ids(user))
    return Q(Exists(rows.filter(scan=OuterRef("pk"))))
