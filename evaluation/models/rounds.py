"""Rounds, and one evaluation for each strategy in a round. All other models point to the evaluation."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cities.enums import Role
from cities.models import City, Membership, Person
from cities.rules import has_network_role, insider_city_ids, is_scientific_member, person_of
from core import clock
from core.history import HistoricalRecords
from core.models import FrozenModel, HashedSnapshot, Recorded
from core.text_limits import PARAGRAPH, LimitedTextField
from evaluation.enums import FROM_DISCUSS, Capacity, Stage, StageVerb
from evaluation.rules import duties_of
from strategies.models import Action, PeriodRevision, ReportingPeriod, Strategy

from .framework import Framework

CITY_CAPACITIES = {Capacity.SELF, Capacity.EXPERT_GROUP}  # people of the city: they may rate it despite their conflict


class RoundQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return rounds with an evaluation visible to the user; all rounds for coordinators and the committee."""
        if has_network_role(user, Role.COORDINATOR) or is_scientific_member(user):
            return self
        evaluations = self.model.evaluations.rel.related_model.objects.visible_to(user).filter(round=OuterRef("pk"))
        return self.filter(Exists(evaluations))


class EvaluationRound(Recorded):
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="rounds")
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="rounds")
    name = models.CharField(
        _("name"),
        max_length=120,
        unique=True,
        error_messages={"unique": _("Another round has this name. Choose another name.")},
    )
    declare_on = models.DateField(_("conflict of interest declarations from"))
    rate_on = models.DateField(_("rating from"))
    discuss_on = models.DateField(_("discussion from"))
    moderate_on = models.DateField(_("moderation from"))
    review_on = models.DateField(_("committee review from"))
    decide_by = models.DateField(_("decision due"))

    objects = RoundQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-declare_on", "-pk"]
        verbose_name = _("evaluation round")
        verbose_name_plural = _("evaluation rounds")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    rate_on__gte=F("declare_on"),
                    discuss_on__gte=F("rate_on"),
                    moderate_on__gte=F("discuss_on"),
                    review_on__gte=F("moderate_on"),
                    decide_by__gte=F("review_on"),
                ),
                name="evaluation_evaluationround_dates_in_order",
                violation_error_message=_(
                    "Each stage must start on or after the day on which the previous one starts. Check the dates."
                ),
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("evaluation:round_detail", args=[self.pk])


def conflict_condition(*, evaluation, strategy, city, person, organisation) -> Q:
    """Return the one rule about conflicts of interest, as a Q over evaluations or over persons.

    A conflict is declared, or computed: the person is or was a member of a body of the city, or belongs to the city's
    municipality or to an organisation that owns one of the strategy's actions. The arguments are values, or OuterRefs
    to the rows that the Q filters; ``organisation`` None is "no organisation".
    """
    declared = ConflictOfInterest.objects.filter(evaluation=evaluation, person=person, withdrawn_at=None)
    member = Membership.objects.filter(body__city=city, person=person)
    conflict = Q(Exists(declared)) | Q(Exists(member))
    if organisation is not None:
        owned = Action.objects.filter(objective__area__strategy=strategy, owner=organisation, withdrawn_at=None)
        conflict |= Q(Exists(City.objects.filter(pk=city, municipality=organisation))) | Q(Exists(owned))
    return conflict


def conflict_q(person, prefix: str = "") -> Q:
    """Return a Q over Evaluation for those in which ``person`` has a conflict. ``prefix``: path to the evaluation."""
    return conflict_condition(
        evaluation=OuterRef(f"{prefix}pk"),
        strategy=OuterRef(f"{prefix}strategy"),
        city=OuterRef(f"{prefix}strategy__city"),
        person=person.pk,
        organisation=person.organisation_id,
    )


def people_in_conflict(evaluation) -> Q:
    """Return a Q over Person for those with a conflict of interest in the evaluation."""
    return conflict_condition(
        evaluation=evaluation.pk,
        strategy=evaluation.strategy_id,
        city=evaluation.strategy.city_id,
        person=OuterRef("pk"),
        organisation=OuterRef("organisation"),
    )


def in_any(path: str, *querysets) -> Q:
    """Return a Q for rows whose ``path`` is in any of the querysets. Empty querysets cost no subquery."""
    found = Q(pk__in=[])
    for rows in querysets:
        if not rows.query.is_empty():
            found |= Q(**{f"{path}__in": rows.values("pk")})
    return found


class EvaluationQuerySet(models.QuerySet):
    def published(self):
        return self.filter(stage=Stage.PUBLISHED)

    def unfinished(self):
        return self.exclude(stage__in=[Stage.PUBLISHED, Stage.REMOVED])

    def kept(self):
        """Return evaluations that were not removed from their round."""
        return self.exclude(stage=Stage.REMOVED)

    def with_related(self):
        return self.select_related(
            "round__framework", "round__period", "strategy__city", "moderator", "revision__city_period"
        )

    def without_conflict(self, person):
        return self.filter(~conflict_q(person))

    def rated_by(self, person):
        """Return evaluations the person is assigned to rate; a conflict excludes peer and committee raters."""
        if not duties_of(person).rates:
            return self.none()
        assigned = RaterAssignment.objects.filter(evaluation=OuterRef("pk"), person=person.pk, withdrawn_at=None)
        beside = assigned.filter(capacity__in=CITY_CAPACITIES)
        return self.kept().filter(Exists(beside) | (Q(Exists(assigned)) & ~conflict_q(person)))

    def late_for(self, person):
        """Return evaluations under discussion in which the person rated every dimension and did not submit.

        The person may still submit these ratings as they stand, and sees no rating or note of others until then.
        """
        if not duties_of(person).rates:
            return self.none()
        assessments = self.model.assessments.rel.related_model.objects  # ratings.py imports this module
        own = assessments.filter(evaluation=OuterRef("pk"), rater=person.pk, submitted_at=None)
        return self.rated_by(person).filter(Exists(own.complete()), stage=Stage.DISCUSS)

    def discussed_by(self, person):
        """Return evaluations whose ratings the person sees as a rater, from the discuss stage on."""
        rows = self.filter(stage__in=FROM_DISCUSS).rated_by(person)
        return rows if rows.query.is_empty() else rows.filter(~_is_among(self.model.objects.late_for(person)))

    def moderated_by(self, person):
        if not duties_of(person).moderates:
            return self.none()
        return self.kept().filter(~conflict_q(person), moderator=person.pk)

    def reviewable_by(self, user):
        """Return evaluations the user may review as committee member or substitute, now or at a later stage.

        Leaves out those the user has a conflict with, rates or moderates.
        """
        person = person_of(user)
        if person is None or not (is_scientific_member(user) or duties_of(person).substitutes):
            return self.none()
        assessments = self.model.assessments.rel.related_model.objects  # ratings.py imports this module
        rated = assessments.filter(evaluation=OuterRef("pk"), rater=person.pk)
        assigned = RaterAssignment.objects.filter(evaluation=OuterRef("pk"), person=person.pk, withdrawn_at=None)
        free = self.kept().filter(~conflict_q(person), ~Exists(rated), ~Exists(assigned)).exclude(moderator=person.pk)
        if is_scientific_member(user):
            return free
        appointed = SubstituteAppointment.objects.filter(evaluation=OuterRef("pk"), person=person.pk)
        return free.filter(Exists(appointed))

    def reviewed_by(self, user):
        """Return evaluations whose ratings and reviews the user sees as a committee member or as a substitute."""
        if is_scientific_member(user):
            return self.without_conflict(person_of(user))
        return self.reviewable_by(user)

    def with_roles_of(self, user):
        """Annotate ``is_rater``, ``is_late_rater``, ``is_moderator``, ``is_reviewer`` in one query.

        Equal to the rules of these names; ``is_late_rater``: see ``late_for``.
        """
        person, rows = person_of(user), self.model.objects
        if person is None:
            roles = ("is_rater", "is_late_rater", "is_moderator", "is_reviewer")
            return self.annotate(**dict.fromkeys(roles, Value(False)))
        return self.annotate(
            is_rater=_is_among(rows.rated_by(person)),
            is_late_rater=_is_among(rows.late_for(person)),
            is_moderator=_is_among(rows.moderated_by(person)),
            is_reviewer=_is_among(rows.reviewable_by(user)),
        )

    def visible_to(self, user):
        """Return evaluations whose existence and stage the user may see. Nobody sees those removed from their round.

        Committee members see those they have no conflict with; substitutes those they may review.
        """
        seen = Q(stage=Stage.PUBLISHED) | Q(strategy__city__in=insider_city_ids(user))
        person = person_of(user)
        if person is None:
            return self.filter(Q(stage=Stage.PUBLISHED))
        if has_network_role(user, Role.COORDINATOR, Role.PARTNER, Role.TRAINER):
            return self.kept()
        rows = self.model.objects
        seen |= in_any("pk", rows.rated_by(person), rows.moderated_by(person))
        if is_scientific_member(user):
            seen |= ~conflict_q(person)
        else:
            seen |= in_any("pk", rows.reviewable_by(user))
        return self.kept().filter(seen)


class Evaluation(Recorded):
    """The evaluation of one strategy in one round, based on one frozen revision.

    Only ``services.stages`` changes its stage.
    """

    round = models.ForeignKey(EvaluationRound, on_delete=models.PROTECT, related_name="evaluations")
    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="evaluations")
    revision = models.ForeignKey(PeriodRevision, on_delete=models.PROTECT, related_name="evaluations")
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.DECLARE)
    extended_to = models.DateField(_("stage extended to"), null=True, blank=True)  # no transition by date until then
    moderator = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="moderates", verbose_name=_("moderator")
    )
    cycle = models.PositiveSmallIntegerField(default=1)  # increased to invalidate decisions made so far
    published_at = models.DateTimeField(null=True, blank=True)

    objects = EvaluationQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-round__declare_on", "strategy__city__name"]
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        constraints = [
            models.UniqueConstraint(
                fields=["round", "strategy"], condition=~Q(stage="removed"), name="evaluation_evaluation_once"
            ),
            models.CheckConstraint(
                condition=Q(stage="published", published_at__isnull=False)
                | (~Q(stage="published") & Q(published_at=None)),
                name="evaluation_evaluation_published_has_time",
            ),
        ]

    def __str__(self):
        return f"{self.strategy.city}, {self.round}"

    @property
    def owning_city_id(self) -> int:
        return self.strategy.city_id

    def get_absolute_url(self):
        return reverse("evaluation:evaluation_detail", args=[self.pk])

    @property
    def last_day(self):
        """Return the last day of the current stage, extension included; None once published. Reads the round."""
        return None if self.stage == Stage.PUBLISHED else self.last_day_of(self.stage)

    def last_day_of(self, stage):
        """Return the last day of a stage, with the extension if it is the current one: the source of every deadline."""
        ends = {
            Stage.DECLARE: self.round.rate_on,
            Stage.RATE: self.round.discuss_on,
            Stage.DISCUSS: self.round.moderate_on,
            Stage.MODERATE: self.round.review_on,
        }
        planned = self.round.decide_by if stage == Stage.REVIEW else ends[stage] - timedelta(days=1)
        return max(planned, self.extended_to or planned) if stage == self.stage else planned

    @property
    def rating_begins_on(self):
        return self.last_day_of(Stage.DECLARE) + timedelta(days=1)

    @property
    def discussion_begins_on(self):
        return self.last_day_of(Stage.RATE) + timedelta(days=1)

    @property
    def moderation_begins_on(self):
        return self.last_day_of(Stage.DISCUSS) + timedelta(days=1)


class StageTransition(FrozenModel):
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="transitions")
    verb = models.CharField(max_length=20, choices=StageVerb)
    from_stage = models.CharField(max_length=10, choices=Stage)
    to_stage = models.CharField(max_length=10, choices=Stage)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="stage_transitions"
    )  # empty if the periodic task moved it
    reason = LimitedTextField(_("reason"), blank=True, max_length=PARAGRAPH)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["evaluation", "pk"]
        verbose_name = _("change of stage")
        verbose_name_plural = _("changes of stage")
        constraints = [
            models.CheckConstraint(
                condition=~Q(verb="request_changes") | ~Q(reason=""), name="evaluation_stagetransition_says_why"
            ),
            models.CheckConstraint(
                condition=~Q(verb="remove") | ~Q(reason=""), name="evaluation_stagetransition_removal_says_why"
            ),
        ]

    def __str__(self):
        return f"{self.evaluation}: {self.get_verb_display()}"


def _is_among(rows):
    return Value(False) if rows.query.is_empty() else Exists(rows.filter(pk=OuterRef("pk")))


class AssignmentQuerySet(models.QuerySet):
    def active(self):
        return self.filter(withdrawn_at=None)

    def visible_to(self, user):
        """Return the user's own assignments and those of evaluations the user moderates; all for coordinators."""
        person = person_of(user)
        if person is None:
            return self.none()
        if has_network_role(user, Role.COORDINATOR):
            return self
        return self.filter(Q(person=person.pk) | in_any("evaluation", Evaluation.objects.moderated_by(person)))


class RaterAssignment(Recorded):
    """A person asked to rate an evaluation, and in which capacity. Withdrawn, never deleted."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="assignments")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="rater_assignments")
    capacity = models.CharField(_("capacity"), max_length=12, choices=Capacity)
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="raters_assigned")
    assigned_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["evaluation", "capacity", "pk"]
        verbose_name = _("rater")
        verbose_name_plural = _("raters")
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "person"], condition=Q(withdrawn_at=None), name="evaluation_raterassignment_once"
            )
        ]

    def __str__(self):
        return f"{self.person}, {self.get_capacity_display()}"


class ConflictOfInterest(Recorded):
    """A conflict declared by the person or recorded by a coordinator. Computed conflicts have no row."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="conflicts")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="conflicts")
    reason = LimitedTextField(_("reason"), max_length=PARAGRAPH)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="conflicts_declared"
    )
    at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["evaluation", "at"]
        verbose_name = _("conflict of interest")
        verbose_name_plural = _("conflicts of interest")
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "person"], condition=Q(withdrawn_at=None), name="evaluation_conflict_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="evaluation_conflict_says_why"),
        ]

    def __str__(self):
        return f"{self.person}: {self.evaluation}"


class StageReminder(models.Model):
    """Reminders of the end of a stage that were sent: once for each end and number of days before it."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="stage_reminders")
    stage = models.CharField(max_length=10, choices=Stage)
    ends_on = models.DateField()
    days_before = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("end-of-stage reminder")
        verbose_name_plural = _("end-of-stage reminders")
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "stage", "ends_on", "days_before"], name="evaluation_stagereminder_once"
            )
        ]

    def __str__(self):
        return f"{self.evaluation}: {self.ends_on}, {self.days_before}"


class SubstituteAppointment(Recorded):
    """A substitute whom a coordinator appoints, with a reason, if fewer than two members are eligible."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="substitutes")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="substitute_for")
    reason = LimitedTextField(_("reason"), max_length=PARAGRAPH)
    appointed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="substitutes_appointed"
    )
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["evaluation", "at"]
        verbose_name = _("substitute member")
        verbose_name_plural = _("substitute members")
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "person"], name="evaluation_substitute_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="evaluation_substitute_says_why"),
        ]

    def __str__(self):
        return f"{self.person}: {self.evaluation}"


class EvaluationResult(HashedSnapshot):
    """The published result. Its hash covers the revision, the ratings and the consensus. Contains no names.

    Schema 1 computed the agreement from ratings that may have been revised after the discussion. Read results with
    ``selectors.published``, which shows blind levels for both schemas.
    """

    SCHEMA_VERSION = 2

    evaluation = models.OneToOneField(Evaluation, on_delete=models.PROTECT, related_name="result")

    class Meta:
        verbose_name = _("result of an evaluation")
        verbose_name_plural = _("results of evaluations")

    def __str__(self):
        return str(self.evaluation)


class RoundResult(HashedSnapshot):
    """Agreement of a round's raters across its published evaluations, computed once, when the round closes.

    Closed by the last publication or removal (no ``reason``), or by a coordinator with a reason. No person is named in
    the snapshot.
    """

    round = models.OneToOneField(EvaluationRound, on_delete=models.PROTECT, related_name="result")
    reason = LimitedTextField(_("reason"), blank=True, max_length=PARAGRAPH)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="rounds_closed"
    )

    class Meta:
        verbose_name = _("result of a round")
        verbose_name_plural = _("results of rounds")
        constraints = [
            models.CheckConstraint(condition=Q(closed_by=None) | ~Q(reason=""), name="evaluation_roundresult_says_why")
        ]

    def __str__(self):
        return str(self.round)
