"""Ratings, their discussion, the consensus, and the committee's decisions and questions."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from cities.models import Event, Person
from cities.rules import lead_city_ids, official_city_ids, person_of
from core import clock
from core.history import HistoricalRecords
from core.models import FrozenModel, FrozenQuerySet, Recorded, Versioned
from core.text_limits import PARAGRAPH, LimitedTextField
from core.texts import shorten
from evaluation.agreement import NOT_KEPT, BlindValue, strength_of
from evaluation.enums import FROM_DISCUSS, FROM_REVIEW, INDEPENDENT, Capacity, Decision, SourceKind, Stage, Strength
from strategies.models import ActionUpdate, Evidence, IndicatorValue

from .framework import Dimension
from .rounds import Evaluation, in_any
from .visibility import is_withdrawn, published_for, reviewed_by_q, visible_ratings_q

LEVEL_OR_REASON = Q(level__range=(1, 4), not_assessed_reason="") | Q(level=None) & ~Q(not_assessed_reason="")
COMPLETE_RATING = Q(level__isnull=False) & ~Q(reasons="") | Q(level=None) & ~Q(not_assessed_reason="")


class AssessmentQuerySet(models.QuerySet):
    def submitted(self):
        return self.filter(submitted_at__isnull=False)

    def complete(self):
        """Return assessments in which every dimension has a complete rating, submitted or not."""
        rated = Rating.objects.filter(COMPLETE_RATING, assessment=OuterRef(OuterRef("pk")), dimension=OuterRef("pk"))
        of_framework = Dimension.objects.filter(framework=OuterRef("evaluation__round__framework"))
        return self.filter(Exists(of_framework), ~Exists(of_framework.filter(~Exists(rated))))

    def counted(self):
        """Return submitted assessments whose rater was not withdrawn."""
        return self.submitted().filter(~is_withdrawn("evaluation", "rater"))

    def visible_to(self, user):
        """Return the user's own, and other people's submitted ones wherever the user may see the ratings."""
        person = person_of(user)
        if person is None:
            return self.none()
        others = Q(submitted_at__isnull=False) & visible_ratings_q(user, person, "evaluation")
        return self.filter(Q(rater=person.pk) | others)


class Assessment(Recorded, Versioned):
    """All ratings of one rater in one evaluation. Before the discuss stage only the rater sees it."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="assessments")
    rater = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="assessments")
    capacity = models.CharField(_("capacity"), max_length=12, choices=Capacity)
    created_at = models.DateTimeField(default=clock.now)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_late = models.BooleanField(_("submitted late"), default=False)  # after the rate stage, as it stood then

    objects = AssessmentQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["evaluation", "capacity", "pk"]
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        constraints = [models.UniqueConstraint(fields=["evaluation", "rater"], name="evaluation_assessment_once")]

    def __str__(self):
        return f"{self.evaluation}: {self.get_capacity_display()}"

    @property
    def label(self) -> str:
        """Return capacity, rater and *submitted late*, as the header of a column: for cells shown without it."""
        late = [_("submitted late")] if self.submitted_late else []
        return ", ".join([capfirst(self.get_capacity_display()), self.rater.name, *map(str, late)])


class RatingQuerySet(models.QuerySet):
    def counted(self):
        """Return ratings of assessments that count. Does not check visibility: combine with ``visible_to``."""
        left_out = is_withdrawn("assessment__evaluation", "assessment__rater")
        return self.filter(~left_out, assessment__submitted_at__isnull=False)

    def independent(self):
        return self.filter(assessment__capacity__in=INDEPENDENT)

    def visible_to(self, user):
        """Return ratings visible to the user. Before the discuss stage only the author's own, whoever the user is."""
        person = person_of(user)
        if person is None:
            return self.none()
        others = Q(assessment__submitted_at__isnull=False) & visible_ratings_q(user, person, "assessment__evaluation")
        return self.filter(Q(assessment__rater=person.pk) | others)


class Rating(Recorded, Versioned):
    """One dimension of an assessment: a level, or why it is not assessed. May be incomplete until submitted."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="ratings")
    dimension = models.ForeignKey(Dimension, on_delete=models.PROTECT, related_name="ratings")
    level = models.PositiveSmallIntegerField(_("level"), null=True, blank=True)
    not_assessed_reason = LimitedTextField(_("reason for not assessing"), blank=True, max_length=PARAGRAPH)
    reasons = LimitedTextField(_("reasons"), blank=True, max_length=PARAGRAPH)
    strength_override = models.CharField(_("strength of evidence"), max_length=10, choices=Strength, blank=True)
    strength_reason = models.CharField(_("reason for this strength"), max_length=250, blank=True)
    updated_at = models.DateTimeField(default=clock.now)

    objects = RatingQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["assessment", "dimension__order"]
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "dimension"],
                name="evaluation_rating_once",
                violation_error_message=_("This dimension has already been rated in this assessment."),
            ),
            models.CheckConstraint(
                condition=Q(level=None) | Q(level__range=(1, 4), not_assessed_reason=""),
                name="evaluation_rating_level_or_reason",
                violation_error_message=_(
                    "Choose a level or explain why this dimension cannot be assessed, but not both."
                ),
            ),
            models.CheckConstraint(
                condition=Q(strength_override="") | ~Q(strength_reason=""),
                name="evaluation_rating_strength_has_reason",
                violation_error_message=_("Explain why the strength you chose differs from the calculated one."),
            ),
        ]

    def __str__(self):
        return f"{self.assessment}, {self.dimension}"

    @property
    def blind_value(self) -> BlindValue:
        """Return the blind level, None if it was "not assessed", NOT_KEPT if unknown. Reads ``blind``: select it."""
        kept = getattr(self, "blind", None)
        return NOT_KEPT if kept is None else kept.level

    @property
    def blind_level(self) -> int | None:
        """Return the blind level; None if it was "not assessed" or is unknown."""
        value = self.blind_value
        return value if isinstance(value, int) else None

    @property
    def has_blind_level(self) -> bool:
        """Return whether the level of before the discussion is known, be it "not assessed"."""
        return self.blind_value is not NOT_KEPT

    @property
    def is_revised(self) -> bool:
        return self.has_blind_level and self.blind_level != self.level

    @property
    def lacks_reasons(self) -> bool:
        return self.level is not None and not self.reasons

    @property
    def is_complete(self) -> bool:
        return bool(self.not_assessed_reason) if self.level is None else bool(self.reasons)

    @property
    def computed_strength(self) -> Strength:
        """Return the strength of its citations. Reads them: prefetch ``citations`` for a list."""
        return strength_of(citation.source for citation in self.citations.all())

    @property
    def strength(self) -> Strength:
        return Strength(self.strength_override) if self.strength_override else self.computed_strength


class BlindLevel(FrozenModel):
    """The level of a rating as it was when the blind stage ended; None if it was "not assessed".

    Agreement is computed from these levels alone. The rating itself may be revised in the discussion. Submitted ratings
    of evaluations from before blind levels were kept may have none.
    """

    rating = models.OneToOneField(Rating, on_delete=models.PROTECT, related_name="blind")
    level = models.PositiveSmallIntegerField(_("level"), null=True, blank=True)
    kept_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["rating"]
        verbose_name = _("initial level")
        verbose_name_plural = _("initial levels")
        constraints = [
            models.CheckConstraint(
                condition=Q(level=None) | Q(level__range=(1, 4)), name="evaluation_blindlevel_level_in_range"
            )
        ]

    def __str__(self):
        return f"{self.rating}: {self.level or '-'}"


class Citation(models.Model):
    """A source that a rating cites: a record in the evaluated revision, or an event."""

    rating = models.ForeignKey(Rating, on_delete=models.CASCADE, related_name="citations")
    kind = models.CharField(max_length=10, choices=SourceKind)
    update = models.ForeignKey(ActionUpdate, on_delete=models.PROTECT, null=True, blank=True, related_name="citations")
    value = models.ForeignKey(IndicatorValue, on_delete=models.PROTECT, null=True, blank=True, related_name="citations")
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, blank=True, related_name="citations")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, blank=True, related_name="citations")
    note = models.CharField(_("what it shows"), max_length=250, blank=True)

    class Meta:
        ordering = ["rating", "pk"]
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(kind="update", update__isnull=False, value=None, evidence=None, event=None)
                    | Q(kind="value", value__isnull=False, update=None, evidence=None, event=None)
                    | Q(kind="document", evidence__isnull=False, update=None, value=None, event=None)
                    | Q(kind="event", event__isnull=False, update=None, value=None, evidence=None)
                ),
                name="evaluation_citation_cites_one_thing",
            )
        ]

    def __str__(self):
        return str(self.update or self.value or self.evidence or self.event)

    @property
    def source(self) -> tuple[str, int]:
        """Return ``(kind, id)`` of the cited record."""
        return self.kind, self.update_id or self.value_id or self.evidence_id or self.event_id


class DiscussionNoteQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return notes visible like the ratings: raters and moderator from discuss on, the committee from review on."""
        person = person_of(user)
        if person is None:
            return self.none()
        return self.filter(visible_ratings_q(user, person, "evaluation"))


class DiscussionNote(models.Model):
    """A comment by a rater or the moderator, from the discuss stage on."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="notes")
    dimension = models.ForeignKey(Dimension, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="discussion_notes")
    text = LimitedTextField(_("text"), max_length=PARAGRAPH)
    at = models.DateTimeField(default=clock.now)

    objects = DiscussionNoteQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("discussion note")
        verbose_name_plural = _("discussion notes")

    def __str__(self):
        return shorten(self.text, 80)


class ConsensusQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return published ones; from review on also for the city's leads and the committee; the moderator's own."""
        seen = Q(evaluation__stage=Stage.PUBLISHED)
        seen |= Q(evaluation__stage__in=FROM_REVIEW, evaluation__strategy__city__in=lead_city_ids(user))
        person = person_of(user)
        if person is not None:
            moderated = Evaluation.objects.filter(stage__in=FROM_DISCUSS).moderated_by(person)
            reviewed = Evaluation.objects.filter(stage__in=FROM_REVIEW)
            seen |= in_any("evaluation", moderated, reviewed.reviewed_by(user))
        return self.filter(seen)


class Consensus(Recorded, Versioned):
    """The agreed level of a dimension, stored beside the individual ratings."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="consensus")
    dimension = models.ForeignKey(Dimension, on_delete=models.PROTECT, related_name="consensus")
    level = models.PositiveSmallIntegerField(_("level"), null=True, blank=True)
    not_assessed_reason = LimitedTextField(_("reason for not assessing"), blank=True, max_length=PARAGRAPH)
    reason = LimitedTextField(_("reason"), max_length=PARAGRAPH)
    moderator = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="consensus")
    updated_at = models.DateTimeField(default=clock.now)

    objects = ConsensusQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["evaluation", "dimension__order"]
        verbose_name = _("consensus")
        verbose_name_plural = _("consensus")
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "dimension"],
                name="evaluation_consensus_once",
                violation_error_message=_("There is already a consensus on this dimension."),
            ),
            models.CheckConstraint(
                condition=LEVEL_OR_REASON,
                name="evaluation_consensus_level_or_reason",
                violation_error_message=_(
                    "Choose a level or explain why this dimension cannot be assessed, but not both."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="evaluation_consensus_says_why",
                violation_error_message=_("Give a reason, in one sentence."),
            ),
        ]

    def __str__(self):
        return f"{self.evaluation}, {self.dimension}"

    @property
    def owning_city_id(self) -> int:
        return self.evaluation.strategy.city_id


class ReviewQuerySet(FrozenQuerySet):
    def visible_to(self, user):
        """Return reviews for committee members without a conflict and for substitutes; for others once published."""
        return self.filter(published_for(user) | reviewed_by_q(user))


class CommitteeReview(FrozenModel):
    """One member's decision on the exact version that the member read (``snapshot_hash``).

    In a new cycle every member decides again; earlier rows stay.
    """

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="reviews")
    member = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="committee_reviews")
    cycle = models.PositiveSmallIntegerField()
    decision = models.CharField(_("decision"), max_length=16, choices=Decision)
    reason = LimitedTextField(_("reason"), blank=True, max_length=PARAGRAPH)
    reopens_ratings = models.BooleanField(_("the ratings of the named dimensions are reopened as well"), default=False)
    snapshot_hash = models.CharField(max_length=64)
    at = models.DateTimeField(default=clock.now)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["evaluation", "cycle", "at"]
        verbose_name = _("committee review")
        verbose_name_plural = _("committee reviews")
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "member", "cycle"], name="evaluation_committeereview_once"),
            models.CheckConstraint(
                condition=Q(decision="approve") | ~Q(reason=""), name="evaluation_committeereview_says_why"
            ),
        ]

    def __str__(self):
        return f"{self.evaluation}: {self.get_decision_display()}"


class DimensionReview(FrozenModel):
    """A member's comment and decision on one dimension."""

    review = models.ForeignKey(CommitteeReview, on_delete=models.PROTECT, related_name="dimensions")
    dimension = models.ForeignKey(Dimension, on_delete=models.PROTECT, related_name="reviews")
    decision = models.CharField(_("decision"), max_length=16, choices=Decision)
    comment = LimitedTextField(_("comment"), blank=True, max_length=PARAGRAPH)

    class Meta:
        ordering = ["review", "dimension__order"]
        verbose_name = _("review of a dimension")
        verbose_name_plural = _("reviews of dimensions")
        constraints = [
            models.UniqueConstraint(fields=["review", "dimension"], name="evaluation_dimensionreview_once"),
            models.CheckConstraint(
                condition=Q(decision="approve") | ~Q(comment=""), name="evaluation_dimensionreview_says_why"
            ),
        ]

    def __str__(self):
        return f"{self.review}, {self.dimension}"


class QuestionQuerySet(models.QuerySet):
    def open(self):
        return self.filter(answered_at=None)

    def visible_to(self, user):
        """Return questions for the city's officials, the committee and substitutes; for others once published."""
        asked = Q(evaluation__strategy__city__in=official_city_ids(user))
        return self.filter(asked | published_for(user) | reviewed_by_q(user))


class CommitteeQuestion(Recorded):
    """A question of the committee to the city. The evaluation stays in review."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="questions")
    dimension = models.ForeignKey(Dimension, on_delete=models.PROTECT, null=True, blank=True, related_name="asked")
    text = LimitedTextField(_("question"), max_length=PARAGRAPH)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="questions_asked")
    asked_at = models.DateTimeField(default=clock.now)
    answer = LimitedTextField(_("answer"), blank=True, max_length=PARAGRAPH)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="questions_answered"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = QuestionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["evaluation", "asked_at"]
        verbose_name = _("question from the committee")
        verbose_name_plural = _("questions from the committee")
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None, answer="")
                | (Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
                name="evaluation_committeequestion_answered_at_and_by",
            )
        ]

    def __str__(self):
        return shorten(self.text, 80)

    @property
    def owning_city_id(self) -> int:
        return self.evaluation.strategy.city_id


class ReviewVisit(models.Model):
    """When a user last opened a review page, so that it can list what changed since."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="visits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="review_visits")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("last visit to a review")
        verbose_name_plural = _("last visits to reviews")
        constraints = [models.UniqueConstraint(fields=["evaluation", "user"], name="evaluation_reviewvisit_once")]

    def __str__(self):
        return f"{self.evaluation}"
