"""Reporting periods: their state, their transitions and the snapshots of submissions."""

import json

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from cities.enums import Visibility
from cities.models import City, Person, StoredFile
from cities.rules import insider_city_ids, reads_network
from core import clock
from core.history import HistoricalRecords
from core.links import url_of
from core.models import FrozenModel, FrozenQuerySet, HashedSnapshot, Recorded, Versioned
from core.text_limits import LONG_TEXT, PARAGRAPH, LimitedTextField
from core.texts import shorten
from strategies import revision_access
from strategies.enums import ALL_TRANSITIONS, LOCKED, CommentKind, PeriodState, PeriodVerb
from strategies.period_snapshot import (
    PeriodSnapshot,
    SnapshotAction,
    SnapshotIndicator,
    read_action,
    read_indicator,
    read_period,
)

from .actions import Action, visible_action_q
from .indicators import Indicator, visible_indicator_q
from .visibility import SHARED_VISIBILITIES


class ReportingPeriod(Recorded):
    """A stretch of time for which every city of the network reports."""

    name = models.CharField(
        _("name"),
        max_length=80,
        unique=True,
        error_messages={"unique": _("Another period has this name. Choose another name.")},
    )
    starts_on = models.DateField(
        _("first day"),
        unique=True,
        error_messages={"unique": _("Another period starts on this day. Choose another day.")},
    )
    ends_on = models.DateField(_("last day"))
    opens_on = models.DateField(_("opens on"))
    due_on = models.DateField(_("due date for submission"))

    history = HistoricalRecords()

    class Meta:
        ordering = ["starts_on"]
        verbose_name = _("reporting period")
        verbose_name_plural = _("reporting periods")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on"), due_on__gte=F("ends_on"), opens_on__lte=F("ends_on")),
                name="strategies_reportingperiod_dates_in_order",
                violation_error_message=_(
                    "A period must open on or before its last day and be due on or after it. Check the dates."
                ),
            )
        ]

    def __str__(self):
        return self.name

    def clean(self):
        days = (self.starts_on, self.ends_on, self.opens_on, self.due_on)
        if None in days:  # said by the fields
            return
        errors = {}
        if self.ends_on < self.starts_on:
            errors["ends_on"] = _("The last day is before the first day. Correct one of them.")
        if self.opens_on > self.ends_on:
            errors["opens_on"] = _("A period must open on or before its last day. Choose an earlier day.")
        if self.due_on < self.ends_on:
            errors["due_on"] = _("A period must be due on or after its last day. Choose a later day.")
        if errors:
            raise ValidationError(errors)


class CityPeriodQuerySet(models.QuerySet):
    def unlocked(self):
        return self.exclude(state__in=LOCKED)

    def visible_to(self, user):
        """State and completeness: for people of the city and readers of the network.

        For everyone else once a revision was published, or if they have access to a revision for a task.
        """
        if reads_network(user):
            return self
        published = PeriodTransition.objects.filter(city_period=OuterRef("pk"), verb=PeriodVerb.PUBLISH)
        seen = Q(city__in=insider_city_ids(user)) | Exists(published)
        given = PeriodRevision.objects.granted_to(user)
        if not given.query.is_empty():
            seen |= Exists(given.filter(city_period=OuterRef("pk")))
        return self.filter(seen)


class CityPeriod(models.Model):
    """What one city reports for one period. Only ``services.periods`` changes its state; triggers enforce that.

    ``revision`` is the number of the next submission or, while the period is locked, of the last one.
    """

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="periods")
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="city_periods")
    state = models.CharField(_("status"), max_length=10, choices=PeriodState, default=PeriodState.SCHEDULED)
    revision = models.PositiveIntegerField(default=1)
    transition_count = models.PositiveIntegerField(default=0)

    objects = CityPeriodQuerySet.as_manager()

    class Meta:
        ordering = ["period__starts_on", "city__name"]
        verbose_name = _("period of a city")
        verbose_name_plural = _("periods of cities")
        constraints = [
            models.UniqueConstraint(
                fields=["city", "period"],
                name="strategies_cityperiod_once",
                violation_error_message=_("This city already has this period."),
            )
        ]

    def __str__(self):
        return f"{self.city}, {self.period}"

    def get_absolute_url(self):
        return url_of("strategies:cityperiod_detail", self.pk)

    @property
    def owning_city_id(self) -> int:
        return self.city_id

    @property
    def is_locked(self) -> bool:
        return PeriodState(self.state) in LOCKED


FOLLOWS_TRANSITIONS = Q()
for _verb, (_sources, _target) in ALL_TRANSITIONS.items():
    FOLLOWS_TRANSITIONS |= Q(verb=_verb, from_state__in=sorted(_sources), to_state=_target)


class PeriodTransition(FrozenModel):
    """A state transition of a period: who, when and why. Triggers keep these rows and the state consistent."""

    city_period = models.ForeignKey(CityPeriod, on_delete=models.PROTECT, related_name="transitions")
    number = models.PositiveIntegerField()
    verb = models.CharField(_("change"), max_length=10, choices=PeriodVerb)
    from_state = models.CharField(max_length=10, choices=PeriodState)
    to_state = models.CharField(max_length=10, choices=PeriodState)
    revision = models.PositiveIntegerField()  # the one submitted, accepted or published by this transition
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="period_transitions"
    )  # empty if a periodic task did it
    on_behalf_of = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="period_transitions"
    )
    text = LimitedTextField(_("comment or reason"), blank=True, max_length=PARAGRAPH)
    marks = models.JSONField(default=list, blank=True)  # parts that need correction: kind, id, title and text of each
    at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["city_period", "number"]
        verbose_name = _("change of a period’s status")
        verbose_name_plural = _("changes of periods’ status")
        constraints = [
            models.UniqueConstraint(fields=["city_period", "number"], name="strategies_periodtransition_number_once"),
            models.CheckConstraint(
                condition=~Q(verb__in=["return", "reopen", "redact"]) | ~Q(text=""),
                name="strategies_periodtransition_says_why",
            ),
            models.CheckConstraint(
                condition=FOLLOWS_TRANSITIONS, name="strategies_periodtransition_follows_transitions"
            ),
        ]

    def __str__(self):
        return f"{self.city_period}: {self.get_verb_display()}"


class Narrative(Recorded, Versioned):
    """The city's own account of a period. It is a fact and locked with the period."""

    city_period = models.OneToOneField(CityPeriod, on_delete=models.PROTECT, related_name="narrative")
    text = LimitedTextField(_("narrative"), blank=True, max_length=LONG_TEXT)
    language = models.CharField(_("language"), max_length=10)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("narrative")
        verbose_name_plural = _("narratives")

    def __str__(self):
        return f"{self.city_period}"

    @property
    def owning_city_id(self) -> int:
        return self.city_period.city_id


class PeriodCommentQuerySet(models.QuerySet):
    def open_requests(self):
        """Requests to reopen the present revision of a locked period that no coordinator has answered."""
        declined = self.model.objects.filter(
            kind=CommentKind.DECLINE, city_period=OuterRef("city_period"), pk__gt=OuterRef("pk")
        )
        asked = self.filter(kind=CommentKind.ASK_REOPEN, revision=F("city_period__revision"))
        return asked.filter(~Exists(declined), city_period__state__in=LOCKED)


class PeriodComment(models.Model):
    """A comment or endorsement by the expert group, a city's request to reopen, or the answer to one.

    Not a fact, so never locked.
    """

    city_period = models.ForeignKey(CityPeriod, on_delete=models.PROTECT, related_name="comments")
    kind = models.CharField(max_length=12, choices=CommentKind)
    revision = models.PositiveIntegerField(default=1)  # the one in progress, or the one to be reopened
    text = LimitedTextField(_("text"), blank=True, max_length=PARAGRAPH)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="period_comments")
    at = models.DateTimeField(default=clock.now)

    objects = PeriodCommentQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("comment on a period")
        verbose_name_plural = _("comments on periods")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="endorsement") | ~Q(text=""), name="strategies_periodcomment_has_text"
            )
        ]

    def __str__(self):
        return shorten(self.text, 80)


class PeriodRevisionQuerySet(FrozenQuerySet):
    """QuerySet of a frozen model: it can read and insert only."""

    def visible_to(self, user):
        """All revisions for readers of the network; else those of the user's cities, published ones, and for a task.

        ``selectors.frozen`` reduces what a revision shows to the user: records of visibility *city* are shown to
        people of the city only.
        """
        if reads_network(user):
            return self
        published = PeriodTransition.objects.filter(
            city_period=OuterRef("city_period"), verb=PeriodVerb.PUBLISH, revision=OuterRef("number")
        )
        seen = Q(city_period__city__in=insider_city_ids(user)) | Exists(published)
        given = revision_access.granted_to(user)
        return self.filter(seen if given is None else seen | given)

    def granted_to(self, user):
        """Revisions that apps above give the user access to for a task. The user reads them as the network does."""
        given = revision_access.granted_to(user)
        return self.none() if given is None else self.filter(given)

    def newest_readable_id(self, user):
        """Return a subquery for an outer query with ``revision``: id of the period's newest revision for the user."""
        rows = self.visible_to(user).filter(city_period=OuterRef("revision__city_period"))
        return Subquery(rows.order_by("-number").values("pk")[:1])


class PeriodRevision(HashedSnapshot):
    """Snapshot of a submission: the facts, and the plan at that time. ``strategies.period_snapshot`` has the layout."""

    city_period = models.ForeignKey(CityPeriod, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()

    objects = PeriodRevisionQuerySet.as_manager()

    class Meta:
        ordering = ["city_period", "number"]
        verbose_name = _("revision of a period")
        verbose_name_plural = _("revisions of periods")
        constraints = [
            models.UniqueConstraint(fields=["city_period", "number"], name="strategies_periodrevision_number_once")
        ]

    def __str__(self):
        return f"{self.city_period}, {self.number}"

    @property
    def owning_city_id(self) -> int:
        return self.city_period.city_id

    def read(self) -> PeriodSnapshot:
        """Return the snapshot as typed objects. Raises HashMismatch or SnapshotUnreadable."""
        return read_period(self.contents, written_by=self.schema_version)


class RevisionAction(FrozenModel):
    """One action of a revision, extracted from the snapshot for use in SQL and created with it."""

    revision = models.ForeignKey(PeriodRevision, on_delete=models.PROTECT, related_name="actions")
    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="frozen_rows")
    health = models.CharField(max_length=12)
    stage = models.CharField(max_length=10)
    progress = models.PositiveSmallIntegerField()  # per cent
    expected = models.PositiveSmallIntegerField()  # per cent
    budget = models.DecimalField(max_digits=14, decimal_places=2)
    spent = models.DecimalField(max_digits=14, decimal_places=2)  # in total, up to this period
    update_count = models.PositiveIntegerField()  # in this period
    contents = models.TextField()  # canonical JSON: the action's entry of the snapshot

    class Meta:
        ordering = ["revision", "action"]
        verbose_name = _("action in a locked revision")
        verbose_name_plural = _("actions in locked revisions")
        constraints = [models.UniqueConstraint(fields=["revision", "action"], name="strategies_revisionaction_once")]

    def __str__(self):
        return f"{self.action_id} in {self.revision_id}"

    def read(self) -> SnapshotAction:
        """Return the entry. Needs ``revision``; the hash is checked nightly (``strategies.verification``)."""
        return read_action(json.loads(self.contents), written_by=self.revision.schema_version)


class RevisionIndicator(FrozenModel):
    """One indicator of a revision, extracted from the snapshot in the same way."""

    revision = models.ForeignKey(PeriodRevision, on_delete=models.PROTECT, related_name="indicators")
    indicator = models.ForeignKey(Indicator, on_delete=models.PROTECT, related_name="frozen_rows")
    value = models.DecimalField(max_digits=16, decimal_places=4, null=True)  # of this period
    contents = models.TextField()  # canonical JSON: the indicator's entry of the snapshot

    class Meta:
        ordering = ["revision", "indicator"]
        verbose_name = _("indicator in a locked revision")
        verbose_name_plural = _("indicators in locked revisions")
        constraints = [
            models.UniqueConstraint(fields=["revision", "indicator"], name="strategies_revisionindicator_once")
        ]

    def __str__(self):
        return f"{self.indicator_id} in {self.revision_id}"

    def read(self) -> SnapshotIndicator:
        return read_indicator(json.loads(self.contents))


class RevisionFileQuerySet(FrozenQuerySet):
    def visible_to(self, user):
        """Files listed for the user in the newest readable revision, and in revisions given for a task."""
        own = Q(revision__city_period__city__in=insider_city_ids(user))
        if reads_network(user):
            listed = own | Q(visibility__in=SHARED_VISIBILITIES)
        else:
            plan = visible_action_q(user, "evidence__update__action") | visible_indicator_q(
                user, "evidence__value__indicator"
            )
            listed = own | (Q(visibility=Visibility.PUBLIC) & plan)
        seen = Q(revision=PeriodRevision.objects.newest_readable_id(user)) & listed
        given = PeriodRevision.objects.granted_to(user)
        if not given.query.is_empty():
            seen |= Q(revision__in=given.values("pk")) & (own | Q(visibility__in=SHARED_VISIBILITIES))
        return self.filter(seen)


class RevisionFile(FrozenModel):
    """One evidence file of a revision. Readers of the revision can open it even if the fact changes later."""

    revision = models.ForeignKey(PeriodRevision, on_delete=models.PROTECT, related_name="files")
    evidence = models.ForeignKey("strategies.Evidence", on_delete=models.PROTECT, related_name="frozen_rows")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="frozen_rows")
    visibility = models.CharField(max_length=8, choices=Visibility)  # of the update or value, when it was submitted

    objects = RevisionFileQuerySet.as_manager()

    class Meta:
        ordering = ["revision", "evidence"]
        verbose_name = _("file in a locked revision")
        verbose_name_plural = _("files in locked revisions")
        constraints = [models.UniqueConstraint(fields=["revision", "evidence"], name="strategies_revisionfile_once")]

    def __str__(self):
        return f"{self.file_id} in {self.revision_id}"


class ReminderDay(models.Model):
    """Reminders of a city and day were sent. The unique row prevents a second run from sending them again."""

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="reminder_days")
    day = models.DateField()

    class Meta:
        ordering = ["city", "day"]
        verbose_name = _("reminder day")
        verbose_name_plural = _("reminder days")
        constraints = [models.UniqueConstraint(fields=["city", "day"], name="strategies_reminderday_once")]

    def __str__(self):
        return f"{self.city}, {self.day}"


class Reminder(models.Model):
    """A person was reminded of something, once. ``key`` includes the date, so a new date gives a new reminder."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="reminders")
    key = models.CharField(max_length=100)
    at = models.DateTimeField(default=clock.now)

    class Privacy:
        personal = {"person": "so that nobody is reminded of one thing twice"}

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="strategies_reminder_once")]

    def __str__(self):
        return self.key
