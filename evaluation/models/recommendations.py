"""Recommendations to a city or to the network, and the management response to each."""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cities.enums import Role
from cities.models import Body, City, Membership, Person
from cities.rules import (
    active_roles,
    has_network_role,
    insider_city_ids,
    is_scientific_member,
    official_city_ids,
    person_of,
)
from core import clock
from core.history import HistoricalRecords
from core.models import FrozenModel, FrozenQuerySet, Recorded, Versioned
from core.sql import day_in
from core.text_limits import PARAGRAPH, LimitedTextField
from core.texts import shorten
from evaluation.enums import (
    BODY_SOURCES,
    CLOSED_RECOMMENDATION,
    FROM_DISCUSS,
    FROM_REVIEW,
    OPEN_RECOMMENDATION,
    UNDER_WAY,
    Priority,
    RecommendationSource,
    RecommendationState,
    RecommendationVerb,
    ResponseDecision,
    Stage,
)
from evaluation.rules import SOURCE_OF_BODY
from strategies.models import Action

from .framework import Dimension
from .rounds import ConflictOfInterest, Evaluation, conflict_q, in_any

TIME_TO_ANSWER = timedelta(days=60)  # from the day of issue


def _city_conflict(person: Any, city: Any) -> Q:
    """Return a Q that is true if the person has a conflict of interest with ``city``, a value or an OuterRef.

    For recommendations without an evaluation. A conflict declared in any evaluation of the city counts.
    """
    declared = ConflictOfInterest.objects.filter(evaluation__strategy__city=city, person=person.pk, withdrawn_at=None)
    member = Membership.objects.filter(body__city=city, person=person.pk)
    conflict = Q(Exists(declared)) | Q(Exists(member))
    if person.organisation_id is not None:
        own = City.objects.filter(pk=city, municipality=person.organisation_id)
        owned = Action.objects.filter(
            objective__area__strategy__city=city, owner=person.organisation_id, withdrawn_at=None
        )
        conflict |= Q(Exists(own)) | Q(Exists(owned))
    return conflict


def cities_without_conflict(user: Any) -> Any:
    """Return the cities that a committee member may recommend something to."""
    person = person_of(user)
    return City.objects.filter(~_city_conflict(person, OuterRef("pk")))


def chaired_bodies_q(user: Any, path: str = "") -> Q:
    """Return a Q for the bodies of cities that the user chairs. ``path``: lookup to the body, with trailing ``__``."""
    found = Q(pk__in=[])
    for seat in active_roles(user):
        if seat.role == Role.CHAIR and seat.kind in SOURCE_OF_BODY:
            found |= Q(**{f"{path}kind": seat.kind, f"{path}city": seat.city_id})
    return found


class RecommendationQuerySet(models.QuerySet):
    def for_pages(self):
        return self.select_related("city", "dimension__framework", "evaluation__round", "body", "response__responsible")

    def issued(self):
        """Return those that were issued, also if they were withdrawn later."""
        return self.filter(issued_at__isnull=False)

    def open(self):
        return self.filter(state__in=OPEN_RECOMMENDATION)

    def overdue(self):
        """Return open ones without a response in time, or whose due date has passed, by the day of their city."""
        rows = self.alias(zone=Coalesce("city__timezone", Value(settings.TIME_ZONE)))
        late = Q(state=RecommendationState.ISSUED, issued_on__lt=day_in("zone", days=-TIME_TO_ANSWER.days))
        return rows.filter(late | Q(state__in=UNDER_WAY, response__due_on__lt=day_in("zone")))

    def of_evaluation_drafts(self, evaluation):
        return self.filter(evaluation=evaluation, state=RecommendationState.DRAFT)

    def evaluations_of(self, user):
        """Return evaluations in which the user may write recommendations, as moderator, member or substitute."""
        person = person_of(user)
        if person is None:
            return Evaluation.objects.none()
        moderated = Evaluation.objects.moderated_by(person).filter(stage__in=FROM_DISCUSS)
        reviewed = Evaluation.objects.reviewable_by(user).filter(stage__in=FROM_REVIEW)
        return Evaluation.objects.filter(in_any("pk", moderated, reviewed))

    def written_by(self, user):
        """Return those that the user may write as moderator, committee member, chair or coordinator, in any state."""
        person = person_of(user)
        return self.none() if person is None else self.filter(_moderated_q(person) | issuers_q(user))

    def issuable_by(self, user):
        """Return those that the user may issue and withdraw, in any state."""
        return self.none() if person_of(user) is None else self.filter(issuers_q(user))

    def withdrawable_by(self, user):
        """Return those that the user may withdraw: own drafts, and what the user may issue."""
        person = person_of(user)
        if person is None:
            return self.none()
        return self.filter((_moderated_q(person) & Q(state=RecommendationState.DRAFT)) | issuers_q(user))

    def confirmable_by(self, user):
        """Return issued ones whose completion the user may confirm: who issues such ones, and the committee."""
        if person_of(user) is None:
            return self.none()
        return self.issued().filter(issuers_q(user) | _free_committee_q(user))

    def visible_to(self, user):
        """Return issued recommendations for those they concern and, once published, for everyone; and own drafts."""
        seen = Q(evaluation__stage=Stage.PUBLISHED) | Q(evaluation=None, published_at__isnull=False)
        person = person_of(user)
        if person is None:
            return self.filter(seen, issued_at__isnull=False)
        if has_network_role(user, Role.PARTNER, Role.TRAINER, Role.COORDINATOR):
            seen = ~Q(pk=None)
        elif cities := insider_city_ids(user):
            seen |= Q(city__in=cities) | Q(city=None)
        seen |= issuers_q(user) | _free_committee_q(user) | _rated_city_q(person)
        return self.filter(Q(seen, issued_at__isnull=False) | _moderated_q(person) | issuers_q(user))


def _moderated_q(person) -> Q:
    moderated = Evaluation.objects.moderated_by(person).filter(stage__in=FROM_DISCUSS)
    return in_any("evaluation", moderated) & Q(source=RecommendationSource.EVALUATION)


def issuers_q(user) -> Q:
    """Return a Q for the recommendations that the user issues: for the committee, a body or the network office."""
    found = Q(source__in=BODY_SOURCES) & chaired_bodies_q(user, "body__")
    reviewed = Evaluation.objects.reviewable_by(user).filter(stage__in=FROM_REVIEW)
    found |= in_any("evaluation", reviewed)
    if is_scientific_member(user):
        free = ~_city_conflict(person_of(user), OuterRef("city"))
        found |= Q(source=RecommendationSource.COMMITTEE, evaluation=None) & free
    if has_network_role(user, Role.COORDINATOR):
        found |= Q(source=RecommendationSource.NETWORK_OFFICE)
    return found


def _free_committee_q(user) -> Q:
    """Return a Q for those that a committee member follows: all to cities without a conflict of interest."""
    if not is_scientific_member(user):
        return Q(pk__in=[])
    person = person_of(user)
    of_evaluation = Q(evaluation__isnull=False) & ~conflict_q(person, "evaluation__")
    return of_evaluation | (Q(evaluation=None) & ~_city_conflict(person, OuterRef("city")))


def _rated_city_q(person) -> Q:
    """Return a Q for earlier recommendations to cities whose strategy the person rates or moderates."""
    rows = Evaluation.objects
    asked = [found for found in (rows.rated_by(person), rows.moderated_by(person)) if not found.query.is_empty()]
    rated = Q(pk__in=[])
    for found in asked:
        rated |= Q(city__in=found.values("strategy__city"))
    return rated & Q(evaluation=None)


class Recommendation(Recorded, Versioned):
    """What a city, or the network if ``city`` is empty, is recommended to do. Its text is fixed once it is issued."""

    source = models.CharField(_("source"), max_length=16, choices=RecommendationSource)
    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.PROTECT, null=True, blank=True, related_name="recommendations"
    )
    body = models.ForeignKey(Body, on_delete=models.PROTECT, null=True, blank=True, related_name="recommendations")
    city = models.ForeignKey(
        City,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="recommendations",
        verbose_name=_("city"),
    )
    dimension = models.ForeignKey(
        Dimension,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="recommendations",
        verbose_name=_("dimension"),
    )
    text = LimitedTextField(_("recommendation"), max_length=PARAGRAPH)
    done_when = LimitedTextField(_("what would show that it is done"), max_length=PARAGRAPH)
    priority = models.CharField(_("priority"), max_length=6, choices=Priority, default=Priority.MEDIUM)
    state = models.CharField(_("status"), max_length=11, choices=RecommendationState, default=RecommendationState.DRAFT)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="recommendations")
    created_at = models.DateTimeField(default=clock.now)
    issued_at = models.DateTimeField(null=True, blank=True)
    issued_on = models.DateField(_("issued"), null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="recommendations_published",
    )

    objects = RecommendationQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-issued_on", "-pk"]
        verbose_name = _("recommendation")
        verbose_name_plural = _("recommendations")
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=BODY_SOURCES, body__isnull=False) | (~Q(source__in=BODY_SOURCES) & Q(body=None)),
                name="evaluation_recommendation_body_fits_source",
                violation_error_message=_("Choose the body that recommends this."),
            ),
            models.CheckConstraint(
                condition=Q(evaluation=None) & ~Q(source="evaluation")
                | Q(source__in=["evaluation", "committee"], evaluation__isnull=False, city__isnull=False),
                name="evaluation_recommendation_evaluation_fits_source",
                violation_error_message=_("Only the moderator and the committee recommend something in an evaluation."),
            ),
            models.CheckConstraint(
                condition=~Q(text="") & ~Q(done_when=""),
                name="evaluation_recommendation_has_text",
                violation_error_message=_("Write what is recommended, and what would show that it is done."),
            ),
            models.CheckConstraint(
                condition=Q(issued_at=None, issued_on=None, state__in=["draft", "withdrawn"])
                | (Q(issued_at__isnull=False, issued_on__isnull=False) & ~Q(state="draft")),
                name="evaluation_recommendation_issued_has_time",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None, published_by=None)
                | Q(
                    published_at__isnull=False,
                    published_by__isnull=False,
                    issued_at__isnull=False,
                    evaluation=None,
                ),
                name="evaluation_recommendation_published_at_and_by",
            ),
        ]
        indexes = [models.Index(fields=["city", "state"])]

    def __str__(self):
        return shorten(self.text, 80)

    @property
    def owning_city_id(self) -> int | None:
        return self.city_id

    @property
    def is_closed(self) -> bool:
        return self.state in CLOSED_RECOMMENDATION

    @property
    def today(self) -> date:
        """Return the current date in the city; to the network, in its own time zone. Reads the city."""
        return self.city.today if self.city else clock.today()

    @property
    def answer_by(self) -> date | None:
        """Return the last day for the response, counted from the day of issue."""
        return self.issued_on and self.issued_on + TIME_TO_ANSWER

    @property
    def due_on(self) -> date | None:
        """Return the last day of what comes next: of the response, then of what was promised; None if closed."""
        if self.state == RecommendationState.ISSUED:
            return self.answer_by
        return self.response.due_on if self.state in UNDER_WAY else None

    @property
    def is_overdue(self) -> bool:
        return self.due_on is not None and self.due_on < self.today

    @property
    def sent_response(self) -> "ManagementResponse | None":
        """Return the response once it has been sent, else None."""
        found = getattr(self, "response", None)
        return found if found is not None and found.answered_at is not None else None

    @property
    def is_public(self) -> bool:
        """Return whether everyone sees it. Reads the evaluation."""
        if self.issued_at is None:
            return False
        if self.evaluation_id is None:
            return self.published_at is not None
        return self.evaluation.stage == Stage.PUBLISHED

    def get_absolute_url(self):
        return reverse("evaluation:recommendation_detail", args=[self.pk])


class RecommendationTransitionQuerySet(FrozenQuerySet):
    def visible_to(self, user):
        return self.filter(recommendation__in=Recommendation.objects.visible_to(user))


class RecommendationTransition(FrozenModel):
    """A change of state: who, when and, where something ends without being done, why."""

    recommendation = models.ForeignKey(Recommendation, on_delete=models.PROTECT, related_name="transitions")
    verb = models.CharField(max_length=10, choices=RecommendationVerb)
    from_state = models.CharField(max_length=11, choices=RecommendationState)
    to_state = models.CharField(max_length=11, choices=RecommendationState)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="recommendation_transitions",
    )  # empty if it was issued by the publication of its evaluation
    reason = LimitedTextField(_("reason"), blank=True, max_length=PARAGRAPH)
    at = models.DateTimeField(default=clock.now)

    objects = RecommendationTransitionQuerySet.as_manager()

    class Meta:
        ordering = ["recommendation", "pk"]
        verbose_name = _("change of a recommendation’s status")
        verbose_name_plural = _("changes of recommendations’ status")
        constraints = [
            models.CheckConstraint(
                condition=~Q(verb__in=["reject", "withdraw"]) | ~Q(reason=""),
                name="evaluation_recommendationtransition_says_why",
            )
        ]

    def __str__(self):
        return f"{self.recommendation}: {self.get_verb_display()}"


class ResponseQuerySet(models.QuerySet):
    def sent(self):
        return self.filter(answered_at__isnull=False)

    def visible_to(self, user):
        """Return sent responses to visible recommendations; drafts for the officials or coordinators who write them."""
        seen = Q(recommendation__in=Recommendation.objects.visible_to(user).values("pk"))
        drafted = Q(recommendation__city__in=official_city_ids(user))
        if has_network_role(user, Role.COORDINATOR):
            drafted |= Q(recommendation__city=None)
        return self.filter(seen, Q(answered_at__isnull=False) | drafted)


class ManagementResponse(Recorded, Versioned):
    """What a city, or the network, answers to a recommendation. A draft until the lead, or a coordinator, sends it."""

    recommendation = models.OneToOneField(Recommendation, on_delete=models.PROTECT, related_name="response")
    decision = models.CharField(_("response"), max_length=6, choices=ResponseDecision)
    reason = LimitedTextField(_("reason"), blank=True, max_length=PARAGRAPH)
    responsible = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="responses",
        verbose_name=_("responsible"),
    )
    due_on = models.DateField(_("due date"), null=True, blank=True)
    actions = models.ManyToManyField(Action, blank=True, related_name="responses", verbose_name=_("linked actions"))
    created_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="responses_sent"
    )

    objects = ResponseQuerySet.as_manager()
    history = HistoricalRecords(m2m_fields=[actions])

    class Meta:
        ordering = ["recommendation"]
        verbose_name = _("response to a recommendation")
        verbose_name_plural = _("responses to recommendations")
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None)
                | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="evaluation_managementresponse_answered_at_and_by",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None) | Q(decision="accept") | ~Q(reason=""),
                name="evaluation_managementresponse_says_why",
                violation_error_message=_("Explain why you do not accept all of it."),
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None)
                | Q(decision="reject")
                | Q(responsible__isnull=False, due_on__isnull=False),
                name="evaluation_managementresponse_says_who_and_when",
                violation_error_message=_("Choose who is responsible, and by when it is done."),
            ),
        ]

    def __str__(self):
        return f"{self.recommendation}: {self.get_decision_display()}"

    @property
    def owning_city_id(self) -> int | None:
        return self.recommendation.city_id


class RecommendationReminder(models.Model):
    """Reminders of a due date that were sent: once for each date and number of days before it."""

    recommendation = models.ForeignKey(Recommendation, on_delete=models.PROTECT, related_name="reminders")
    due_on = models.DateField()
    days_before = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("reminder of a recommendation")
        verbose_name_plural = _("reminders of recommendations")
        constraints = [
            models.UniqueConstraint(
                fields=["recommendation", "due_on", "days_before"], name="evaluation_recommendationreminder_once"
            )
        ]

    def __str__(self):
        return f"{self.recommendation}: {self.due_on}, {self.days_before}"
