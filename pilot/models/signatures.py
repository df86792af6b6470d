"""Signatures of a version of the pact, one for each organisation, and the emailed links that lead to signing."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cities.models import Organisation, StoredFile
from cities.rules import insider_city_ids, lead_city_ids, reads_network
from core import clock
from core.fields import LowerEmailField
from core.history import HistoricalRecords
from core.models import Recorded
from core.text_limits import LANGUAGE_CODE, LINE, PARAGRAPH, LimitedTextField
from pilot.enums import SIGNED, Sector, SignatureState

from .pacts import PactVersion


class SignatureQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Signatures of the user's cities; of versions that are or were in force also for the public, once signed.

        All for network readers.
        """
        if reads_network(user):
            return self
        public = Q(pact_version__in_force_from__isnull=False, signed_on__isnull=False)
        return self.filter(public | Q(pact_version__pact__city__in=insider_city_ids(user)))

    def of_cities(self, cities):
        return self.filter(pact_version__pact__city__in=cities)

    def signed(self):
        return self.filter(state__in=SIGNED)

    def of_the_city(self):
        """Those of the municipality of the pact's own city."""
        return self.filter(organisation=F("pact_version__pact__city__municipality"))

    def with_related(self):
        return self.select_related("pact_version__pact__city", "organisation", "scan")


class Signature(Recorded):
    """The answer of one organisation to one version. Once signed, it can only be withdrawn, and stays as it was."""

    pact_version = models.ForeignKey(PactVersion, on_delete=models.PROTECT, related_name="signatures")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="pact_signatures")
    sector = models.CharField(_("sector"), max_length=20, choices=Sector)
    state = models.CharField(_("status"), max_length=20, choices=SignatureState, default=SignatureState.INVITED)
    name = models.CharField(_("name"), max_length=LINE, blank=True)
    office = models.CharField(_("office"), max_length=LINE, blank=True)
    signed_on = models.DateField(_("signed on"), null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)  # of the PactSnapshot that was signed
    language = models.CharField(_("language"), max_length=LANGUAGE_CODE, blank=True)  # of the text that was read
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    scan = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="signatures")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="recorded_signatures"
    )  # of a signature on paper
    decline_reason = LimitedTextField(_("reason for declining"), blank=True, max_length=PARAGRAPH)
    withdrawn_on = models.DateField(_("withdrawn on"), null=True, blank=True)
    withdrawal_reason = LimitedTextField(_("reason for withdrawal"), blank=True, max_length=PARAGRAPH)
    created_at = models.DateTimeField(default=clock.now)

    objects = SignatureQuerySet.as_manager()
    history = HistoricalRecords()

    class Privacy:
        personal = {"name": "who signed for the organisation", "office": "in which office"}

    class Meta:
        ordering = ["pact_version", "organisation__name"]
        verbose_name = _("signature of the pact")
        verbose_name_plural = _("signatures of the pact")
        constraints = [
            models.UniqueConstraint(
                fields=["pact_version", "organisation"],
                name="pilot_signature_organisation_once",
                violation_error_message=_("This organisation has been invited already."),
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[*SIGNED, SignatureState.WITHDRAWN])
                | (~Q(name="") & ~Q(office="") & ~Q(sha256="") & Q(signed_on__isnull=False, answered_at__isnull=False)),
                name="pilot_signature_says_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=SignatureState.SIGNED_ON_PAPER) | Q(scan__isnull=False, recorded_by__isnull=False),
                name="pilot_signature_paper_has_a_scan",
            ),
            models.CheckConstraint(
                condition=~Q(state=SignatureState.SIGNED_ONLINE) | ~Q(language=""),
                name="pilot_signature_online_has_a_language",
            ),
            models.CheckConstraint(
                condition=~Q(state=SignatureState.DECLINED) | ~Q(decline_reason=""),
                name="pilot_signature_decline_says_why",
            ),
            models.CheckConstraint(
                condition=Q(state=SignatureState.WITHDRAWN, withdrawn_on__gte=F("signed_on")) & ~Q(withdrawal_reason="")
                | ~Q(state=SignatureState.WITHDRAWN) & Q(withdrawn_on=None, withdrawal_reason=""),
                name="pilot_signature_withdrawal_says_why",
            ),
        ]

    def __str__(self):
        return f"{self.organisation}: {self.pact_version}"

    @property
    def owning_city_id(self) -> int:
        return self.pact_version.owning_city_id

    @property
    def is_signed(self) -> bool:
        return self.state in SIGNED

    @property
    def is_withdrawn(self) -> bool:
        return self.state == SignatureState.WITHDRAWN


class PactInvitationQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(signature__pact_version__pact__city__in=lead_city_ids(user))

    def open(self):
        return self.filter(ended_at=None, expires_at__gt=clock.now())


class PactInvitation(models.Model):
    """A link to sign, emailed to one person of an organisation. Only the hash of its token is stored."""

    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="invitations")
    email = LowerEmailField(_("email"))
    name = models.CharField(_("name"), max_length=LINE)
    token_hash = models.CharField(max_length=64, unique=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="pact_invitations_sent"
    )
    sent_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    is_replaced = models.BooleanField(default=False)  # by a newer link to the same address

    objects = PactInvitationQuerySet.as_manager()

    class Privacy:
        personal = {"email": "where the link was sent", "name": "who was invited to sign"}

    class Meta:
        ordering = ["signature", "pk"]
        verbose_name = _("invitation to sign the pact")
        verbose_name_plural = _("invitations to sign the pact")

    def __str__(self):
        return f"{self.name}, {self.signature.organisation}"

    @property
    def owning_city_id(self) -> int:
        return self.signature.owning_city_id
