"""Choices of people, bodies and files. Imports no module of the project."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class OrganisationKind(TextChoices):
    MUNICIPALITY = "municipality", _("municipality")
    TECHNICAL_PARTNER = "technical_partner", _("technical partner")
    UNIVERSITY = "university", _("university or research")
    CIVIL_SOCIETY = "civil_society", _("civil society")
    PRIVATE = "private", _("private company")
    AUTHORITY = "authority", _("public authority")
    INTERNATIONAL = "international", _("international organisation")


class BodyKind(TextChoices):
    CITY_OFFICE = "city_office", _("city office")
    EXPERT_GROUP = "expert_group", _("expert group")
    LOCAL_COMMITTEE = "local_committee", _("local implementation committee")
    SCIENTIFIC_COMMITTEE = "scientific_committee", _("scientific committee")
    NETWORK_OFFICE = "network_office", _("network office")


NETWORK_BODIES = (BodyKind.SCIENTIFIC_COMMITTEE, BodyKind.NETWORK_OFFICE)  # fixed order, since a constraint contains it
OFFICE_KINDS = {BodyKind.CITY_OFFICE, BodyKind.NETWORK_OFFICE}


class Role(TextChoices):
    LEAD_OFFICIAL = "lead_official", _("lead official")
    OFFICIAL = "official", _("official")
    VIEWER = "viewer", _("viewer")
    COORDINATOR = "coordinator", _("coordinator")
    PARTNER = "partner", _("partner")
    TRAINER = "trainer", _("trainer")
    DATA_PROTECTION = "data_protection", _("data protection contact")
    CHAIR = "chair", _("chair")
    SECRETARY = "secretary", _("secretary")
    MEMBER = "member", _("member")


ROLES = {  # roles by kind of body
    BodyKind.CITY_OFFICE: {Role.LEAD_OFFICIAL, Role.OFFICIAL, Role.VIEWER},
    BodyKind.EXPERT_GROUP: {Role.CHAIR, Role.SECRETARY, Role.MEMBER},
    BodyKind.LOCAL_COMMITTEE: {Role.CHAIR, Role.SECRETARY, Role.MEMBER},
    BodyKind.SCIENTIFIC_COMMITTEE: {Role.CHAIR, Role.SECRETARY, Role.MEMBER},
    BodyKind.NETWORK_OFFICE: {Role.COORDINATOR, Role.PARTNER, Role.TRAINER, Role.DATA_PROTECTION},
}


class Seat(TextChoices):
    MUNICIPAL_OFFICIAL = "municipal_official", _("municipal official")
    TECHNICAL_PARTNER = "technical_partner", _("technical partner")
    SELECTED_EXPERT = "selected_expert", _("selected expert")
    MUNICIPAL = "municipal", _("municipal")
    PRIVATE = "private", _("private")
    CIVIL_SOCIETY = "civil_society", _("civil society")


class EventKind(TextChoices):
    MEETING = "meeting", _("meeting")
    KICK_OFF = "kick_off", _("kick-off")
    SESSION = "session", _("session")


class EventState(TextChoices):
    """Derived from when an event was published and cancelled: draft > published > cancelled, or draft > withdrawn."""

    DRAFT = "draft", pgettext_lazy("event", "not published")
    PUBLISHED = "published", pgettext_lazy("event", "published")
    CANCELLED = "cancelled", _("cancelled")
    WITHDRAWN = "withdrawn", pgettext_lazy("event", "withdrawn")


class MinutesState(TextChoices):
    DRAFT = "draft", pgettext_lazy("minutes", "draft")
    APPROVED = "approved", pgettext_lazy("minutes", "approved")


MINUTES_TRANSITIONS = {  # verb: (source states, target state)
    "approve": ({MinutesState.DRAFT}, MinutesState.APPROVED),
    "reopen": ({MinutesState.APPROVED}, MinutesState.DRAFT),
}


class DecisionState(TextChoices):
    OPEN = "open", pgettext_lazy("decision", "open")
    DONE = "done", pgettext_lazy("decision", "done")
    DROPPED = "dropped", pgettext_lazy("decision", "dropped")


DECISION_TRANSITIONS = {  # verb: (source states, target state)
    "complete": ({DecisionState.OPEN}, DecisionState.DONE),
    "drop": ({DecisionState.OPEN}, DecisionState.DROPPED),
}


class FileState(TextChoices):
    PENDING = "pending", _("not used yet")
    USED = "used", _("in use")
    WITHDRAWN = "withdrawn", _("withdrawn")
    REDACTED = "redacted", _("redacted")  # only by a redaction (core.redaction); the bytes are deleted


FILE_TRANSITIONS = [(FileState.PENDING, FileState.USED), (FileState.USED, FileState.WITHDRAWN)]


class Visibility(TextChoices):
    CITY = "city", _("the city only")
    NETWORK = "network", _("the network")
    PUBLIC = "public", _("everyone, once published")
