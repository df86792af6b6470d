"""The city integration pact: numbered versions, their texts, and what is frozen when a version opens for signature."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cities.models import City
from cities.rules import insider_city_ids, reads_network
from core import clock
from core.history import HistoricalRecords
from core.models import FrozenModel, FrozenQuerySet, HashedSnapshot, Recorded, Versioned
from core.snapshots import sha256_hex
from core.text_limits import LANGUAGE_CODE, LINE, LONG_TEXT, PARAGRAPH, LimitedTextField
from pilot.enums import NEEDS_REASON, TRANSITIONS, PactState, PactVerb


class PactQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Pacts of the user's cities, and those with a version that is or was in force; all for network readers."""
        if reads_network(user):
            return self
        public = PactVersion.objects.filter(pact=OuterRef("pk"), in_force_from__isnull=False)
        return self.filter(Q(city__in=insider_city_ids(user)) | Exists(public))


class Pact(models.Model):
    """The city integration pact of one city. What it says is in its versions."""

    city = models.OneToOneField(City, on_delete=models.PROTECT, related_name="pact")
    created_at = models.DateTimeField(default=clock.now)

    objects = PactQuerySet.as_manager()

    class Meta:
        ordering = ["city__name"]
        verbose_name = _("city integration pact")
        verbose_name_plural = _("city integration pacts")

    def __str__(self):
        return gettext("City integration pact of %(city)s") % {"city": self.city}

    def get_absolute_url(self):
        return reverse("pilot:pact_detail", args=[self.city.slug])

    @property
    def owning_city_id(self) -> int:
        return self.city_id


class PactVersionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Versions that are or were in force; others for people of the city and network readers."""
        if reads_network(user):
            return self
        return self.filter(Q(in_force_from__isnull=False) | Q(pact__city__in=insider_city_ids(user)))

    def with_related(self):
        return self.select_related("pact__city")

    def with_hash(self):
        """Annotate ``sha256``, the hash of what was opened for signature; None for a draft."""
        frozen = PactSnapshot.objects.filter(pact_version=OuterRef("pk"))
        return self.annotate(sha256=models.Subquery(frozen.values("sha256")[:1]))


class PactVersion(models.Model):
    """One version of a pact. Its state changes by a PactTransition only, and its texts only while it is a draft."""

    pact = models.ForeignKey(Pact, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("status"), max_length=10, choices=PactState, default=PactState.DRAFT, editable=False)
    transition_count = models.PositiveIntegerField(default=0, editable=False)
    in_force_from = models.DateField(_("in force from"), null=True, blank=True, editable=False)
    in_force_until = models.DateField(_("in force until"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now)

    objects = PactVersionQuerySet.as_manager()

    class Meta:
        ordering = ["pact", "-number"]
        verbose_name = _("version of the pact")
        verbose_name_plural = _("versions of the pact")
        constraints = [
            models.UniqueConstraint(fields=["pact", "number"], name="pilot_pactversion_number_once"),
            models.UniqueConstraint(
                fields=["pact"], condition=Q(state=PactState.IN_FORCE), name="pilot_pactversion_one_in_force"
            ),
            models.UniqueConstraint(
                fields=["pact"], condition=Q(state=PactState.DRAFT), name="pilot_pactversion_one_draft"
            ),
            models.CheckConstraint(
                condition=~Q(state=PactState.IN_FORCE) | Q(in_force_from__isnull=False, in_force_until=None),
                name="pilot_pactversion_in_force_from_a_day",
            ),
            models.CheckConstraint(
                condition=Q(in_force_until=None) | Q(in_force_until__gte=models.F("in_force_from")),
                name="pilot_pactversion_ends_after_start",
            ),
        ]

    def __str__(self):
        return gettext("%(pact)s, version %(number)s") % {"pact": self.pact, "number": self.number}

    def get_absolute_url(self):
        return reverse("pilot:pactversion_detail", args=[self.pact.city.slug, self.number])

    @property
    def owning_city_id(self) -> int:
        return self.pact.city_id

    @property
    def is_draft(self) -> bool:
        return self.state == PactState.DRAFT

    @property
    def is_public(self) -> bool:
        """Whether it is or was in force."""
        return self.in_force_from is not None


class PactText(Recorded, Versioned):
    """The text of a version in one language. One of them is authoritative, the others are translations of it."""

    pact_version = models.ForeignKey(PactVersion, on_delete=models.PROTECT, related_name="texts")
    language = models.CharField(_("language"), max_length=LANGUAGE_CODE)
    title = models.CharField(_("title"), max_length=LINE)
    text = LimitedTextField(_("text"), max_length=LONG_TEXT)
    is_authoritative = models.BooleanField(_("authoritative"), default=False)
    source_sha256 = models.CharField(max_length=64, blank=True, editable=False)  # of the text that it translates

    history = HistoricalRecords()

    class Meta:
        ordering = ["pact_version", "-is_authoritative", "language"]
        verbose_name = _("text of the pact")
        verbose_name_plural = _("texts of the pact")
        constraints = [
            models.UniqueConstraint(
                fields=["pact_version", "language"],
                name="pilot_pacttext_language_once",
                violation_error_message=_("There is already a text in this language. Edit that one."),
            ),
            models.UniqueConstraint(
                fields=["pact_version"],
                condition=Q(is_authoritative=True),
                name="pilot_pacttext_one_authoritative",
                violation_error_message=_("Another language is authoritative already. Reload the page."),
            ),
        ]

    def __str__(self):
        return self.title

    @property
    def owning_city_id(self) -> int:
        return self.pact_version.owning_city_id

    @property
    def content_sha256(self) -> str:
        """Return the hash of title and text, by which a translation knows which text it translates."""
        return sha256_hex(f"{self.title}\n\n{self.text}")


FOLLOWS_TRANSITIONS = Q()
for _verb, (_sources, _target) in TRANSITIONS.items():
    FOLLOWS_TRANSITIONS |= Q(verb=_verb, from_state__in=sorted(_sources), to_state=_target)


class PactTransition(FrozenModel):
    """A change of a version's state: who, when and why. Triggers keep these rows and the state consistent."""

    pact_version = models.ForeignKey(PactVersion, on_delete=models.PROTECT, related_name="transitions")
    number = models.PositiveIntegerField()
    verb = models.CharField(_("change"), max_length=12, choices=PactVerb)
    from_state = models.CharField(max_length=10, choices=PactState)
    to_state = models.CharField(max_length=10, choices=PactState)
    day = models.DateField(_("date"))  # in force from, or until; else the day of the change
    reason = LimitedTextField(_("reason"), blank=True, max_length=PARAGRAPH)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="pact_transitions")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["pact_version", "number"]
        verbose_name = _("change of the pact’s status")
        verbose_name_plural = _("changes of the pact’s status")
        constraints = [
            models.UniqueConstraint(fields=["pact_version", "number"], name="pilot_pacttransition_number_once"),
            models.CheckConstraint(
                condition=~Q(verb__in=sorted(NEEDS_REASON)) | ~Q(reason=""), name="pilot_pacttransition_says_why"
            ),
            models.CheckConstraint(condition=FOLLOWS_TRANSITIONS, name="pilot_pacttransition_follows_transitions"),
        ]

    def __str__(self):
        return f"{self.pact_version}: {self.get_verb_display()}"


class PactSnapshotQuerySet(FrozenQuerySet):
    def visible_to(self, user):
        return self.filter(pact_version__in=PactVersion.objects.visible_to(user).values("pk"))


class PactSnapshot(HashedSnapshot):
    """A version as it was opened for signature: its texts in every language. This is what is signed."""

    pact_version = models.OneToOneField(PactVersion, on_delete=models.PROTECT, related_name="snapshot")

    objects = PactSnapshotQuerySet.as_manager()

    class Meta:
        ordering = ["pact_version"]
        verbose_name = _("frozen text of the pact")
        verbose_name_plural = _("frozen texts of the pact")

    def __str__(self):
        return str(self.pact_version)
