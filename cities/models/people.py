"""Persons, bodies and memberships, from which all permissions follow."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from cities.enums import NETWORK_BODIES, BodyKind, Role, Seat
from cities.rules import has_network_role, invited_bodies_q, leads_a_body, led_bodies_q, managed_bodies_q, person_of
from cities.seed_translations import translated
from core import clock
from core.fields import LowerEmailField
from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import LONG_TEXT, PARAGRAPH, LimitedTextField

from .cities import City
from .organisations import Organisation


class PersonQuerySet(models.QuerySet):
    def of(self, user):
        """Return the person of an account; none for a visitor (``user=None`` would match persons without account)."""
        return self.filter(user=user.pk) if user.is_authenticated and user.is_active else self.none()

    def visible_to(self, user):
        """Oneself; for leads the members of their city, for the chair the committee's, for coordinators everybody."""
        if has_network_role(user, Role.COORDINATOR, Role.DATA_PROTECTION):
            return self
        seen = _own_q(user)
        if leads_a_body(user):
            seen |= Exists(Membership.objects.filter(led_bodies_q(user, "body__"), person=OuterRef("pk")))
        return self.filter(seen)


def _own_q(user, person: str = "") -> Q:
    """Return a Q for rows of the user's own person; of nobody for a visitor. ``person``: lookup path, with ``__``."""
    own = person_of(user)
    return Q(**{f"{person}pk": own.pk}) if own else Q(pk__in=[])


class Person(models.Model):
    """Somebody who acts in the network, with or without an account. Has no history, so that it can be erased."""

    name = models.CharField(_("name"), max_length=200)
    email = LowerEmailField(_("email"), blank=True)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="people",
        verbose_name=_("organisation"),
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="person"
    )

    objects = PersonQuerySet.as_manager()

    class Privacy:
        personal = {"name": "who did it", "email": "letters", "organisation": "conflicts of interest"}

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                condition=~Q(email=""),
                name="cities_person_email_once",
                violation_error_message=_(
                    "Another person already has this email address. Search for that person first."
                ),
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="cities_person_email_lower_case",
                violation_error_message=_("Enter the email address in lower case."),
            ),
        ]

    def __str__(self):
        return self.name


class BodyQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return all: bodies are public; the names of members need ``cities.view_names``."""
        return self

    def managed_by(self, user):
        """Return the bodies whose members the user manages."""
        return self.filter(managed_bodies_q(user))

    def invited_to_by(self, user):
        """Return the bodies that ``cities.invite`` lets the user invite members to."""
        return self.filter(invited_bodies_q(user))


class Body(Recorded, Versioned):
    """A group with a mandate: of a city, or of the network (``city`` is empty then)."""

    kind = models.CharField(_("type"), max_length=24, choices=BodyKind)
    city = models.ForeignKey(City, on_delete=models.PROTECT, null=True, blank=True, related_name="bodies")
    name = models.CharField(_("name"), max_length=200)
    mandate = LimitedTextField(_("mandate"), blank=True, max_length=PARAGRAPH)
    established_on = models.DateField(_("established on"), null=True, blank=True)
    terms_of_reference = LimitedTextField(_("terms of reference"), blank=True, max_length=LONG_TEXT)

    objects = BodyQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["city__name", "kind", "name"]
        verbose_name = _("body")
        verbose_name_plural = _("bodies")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=NETWORK_BODIES, city=None) | (~Q(kind__in=NETWORK_BODIES) & Q(city__isnull=False)),
                name="cities_body_city_fits_kind",
                violation_error_message=_(
                    "Choose a city if this is a city’s body, and no city if it is a network body."
                ),
            ),
            models.UniqueConstraint(
                fields=["kind", "city"],
                name="cities_body_one_of_a_kind_per_city",
                violation_error_message=_("This city already has a body of this type. Edit that one."),
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(city=None),
                name="cities_body_one_of_a_kind_in_network",
                violation_error_message=_("The network already has a body of this type. Edit that one."),
            ),
        ]

    def __str__(self):
        return translated(self.name)

    @property
    def owning_city_id(self) -> int | None:
        return self.city_id

    @property
    def timezone(self) -> str:
        """Return the city's time zone, or the network's for its own bodies."""
        return self.city.timezone if self.city else settings.TIME_ZONE


class _KindManager(models.Manager):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def get_queryset(self):
        return super().get_queryset().filter(kind=self.kind)


class ExpertGroup(Body):
    """Leads and oversees the implementation in its city."""

    objects = _KindManager(BodyKind.EXPERT_GROUP)

    class Meta:
        proxy = True
        verbose_name = _("expert group")
        verbose_name_plural = _("expert groups")


class LocalImplementationCommittee(Body):
    """Municipal and private members who have the key role in the pact."""

    objects = _KindManager(BodyKind.LOCAL_COMMITTEE)

    class Meta:
        proxy = True
        verbose_name = _("local implementation committee")
        verbose_name_plural = _("local implementation committees")


class ScientificCommittee(Body):
    """Advises cities and decides on evaluations."""

    objects = _KindManager(BodyKind.SCIENTIFIC_COMMITTEE)

    class Meta:
        proxy = True
        verbose_name = _("scientific committee")
        verbose_name_plural = _("scientific committees")


class MembershipQuerySet(models.QuerySet):
    def current(self, at=None):
        """Return those valid on the day. ``valid_to`` is the first day without the role."""
        day = at or clock.today()
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)

    def of(self, user):
        """Return the current memberships of the person of ``user``; none for a visitor."""
        return self.current().filter(person__in=Person.objects.of(user))

    def visible_to(self, user):
        """One's own; for leads those of their city, for the chair the committee's, for coordinators all."""
        if has_network_role(user, Role.COORDINATOR, Role.DATA_PROTECTION):
            return self
        return self.filter(_own_q(user, "person__") | led_bodies_q(user, "body__"))


class Membership(Recorded):
    """A person's role in a body, from one day to another. It is ended, never deleted."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    seat = models.CharField(_("seat"), max_length=20, choices=Seat, blank=True)
    valid_from = models.DateField(_("valid from"), default=clock.today)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["body", "role", "person__name"]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "body", "role"], condition=Q(valid_to=None), name="cities_membership_one_current"
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")), name="cities_membership_ends_after_start"
            ),
        ]
        indexes = [models.Index(fields=["person", "valid_to"])]

    def __str__(self):
        return f"{self.person}, {self.get_role_display()}, {self.body}"

    @property
    def owning_city_id(self) -> int | None:
        return self.body.city_id


class InvitationQuerySet(models.QuerySet):
    def visible_to(self, user):
        if has_network_role(user, Role.COORDINATOR):
            return self
        return self.filter(led_bodies_q(user, "body__")) if leads_a_body(user) else self.none()


class Invitation(models.Model):
    """An emailed one-time link; accepting it creates the membership. Only the hash of the token is stored."""

    email = LowerEmailField(_("email"))
    name = models.CharField(_("name"), max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True)
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="invitations")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    seat = models.CharField(_("seat"), max_length=20, choices=Seat, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invitations_sent")
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="invitations_accepted"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Privacy:
        personal = {"email": "where the letter went", "name": "who was meant"}

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="cities_invitation_accepted_at_and_by",
            )
        ]

    def __str__(self):
        return f"{self.name}, {self.get_role_display()}"

    @property
    def owning_city_id(self) -> int | None:
        return self.body.city_id


def person_data(user):
    """Return what is stored about the person of an account, for the data export (``accounts.export``)."""
    person = Person.objects.of(user).select_related("organisation").first()
    if person is None:
        return {}
    memberships = person.memberships.values("body__name", "role", "seat", "valid_from", "valid_to")
    return {
        "name": person.name,
        "email": person.email,
        "organisation": str(person.organisation or ""),
        "memberships": list(memberships),
        "decisions": list(person.decisions.values("event__title", "text", "due_on", "state")),
        "events_attended": list(person.attendances.values("event__title", "event__starts_at")),
        "files": list(user.files.values("name", "size", "uploaded_at", "state")),
    }
