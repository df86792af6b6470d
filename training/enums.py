from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SessionKind(TextChoices):
    PEER_REVIEW = "peer_review", _("peer review meeting")
    WORKSHOP = "workshop", _("workshop")
    LECTURE = "lecture", _("lecture")
    COMMITTEE = "committee", _("meeting with the scientific committee")
    ONE_TO_ONE = "one_to_one", _("one-to-one talks")
    ROLE_PLAY = "role_play", _("role play")
    NETWORKING = "networking", _("networking")


class SpeakerKind(TextChoices):
    PUBLIC = "public", _("guest from the public sector")
    BUSINESS = "business", _("guest from business")
    EXPERIENCED_CITY = "experienced_city", _("official from an experienced city")
    LECTURER = "lecturer", _("lecturer")
