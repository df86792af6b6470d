"""A city's period: completeness, narrative, submission, the steps after it, and revisions."""

from operator import attrgetter

from django.contrib.auth.models import AnonymousUser
from django.forms import Form
from django.http import Http404
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.rules import insider_city_ids, person_of, reads_network
from core import locales
from core.available import available_actions
from core.columns import Column
from core.forms import form_helper
from core.redaction import redacted_at
from core.tables import table_body
from core.templatetags.epi import state_mark
from core.text_limits import PARAGRAPH
from core.views import ActionView, DetailPage, ListPage, ServiceFormView
from strategies.enums import PeriodState, PeriodVerb
from strategies.filters import PeriodFilter
from strategies.forms import NarrativeForm, ReturnForm, SubmitForm
from strategies.models import CityPeriod, Narrative, PeriodRevision
from strategies.selectors.completeness import completeness
from strategies.selectors.correction_marks import ACTION, correction_marks, sections_of
from strategies.selectors.corrections import correction_sentence
from strategies.selectors.frozen import redact_for, revision_for
from strategies.selectors.periods import period_list
from strategies.selectors.work import RETURNED_TITLES
from strategies.services import periods

from . import breadcrumbs
from .actions import ReasonFormView

ROWS = CityPeriod.objects.select_related("city", "period")
STEPS = [PeriodState.OPEN, PeriodState.SUBMITTED, PeriodState.ACCEPTED, PeriodState.PUBLISHED]


def _city_cell(row):
    link = '<a href="{}">{}<span class="visually-hidden">, {}</span></a>'
    return format_html(link, row.get_absolute_url(), row.city.name, row.period.name)


class CityPeriodList(ListPage):
    template_name = "strategies/cityperiod_list.html"
    filter_class = PeriodFilter
    export_name = "periods"
    columns = [
        Column("city", gettext_lazy("City"), "city.name", order_by=["city"], cell=_city_cell, is_row_heading=True),
        Column(
            "period",
            gettext_lazy("Period"),
            "period.name",
            order_by=["period__starts_on"],
            cell=attrgetter("period.name"),
        ),
        Column(
            "state",
            gettext_lazy("Status"),
            lambda row: row.get_state_display(),
            order_by=["state"],
            cell=lambda row: state_mark(row.state),
        ),
        Column(
            "due",
            gettext_lazy("Due"),
            "period.due_on",
            order_by=["period__due_on"],
            cell=lambda row: locales.day(row.period.due_on, "medium"),
            cell_class="epi-nowrap",
        ),
        Column(
            "moved",
            gettext_lazy("Last change"),
            lambda row: row.city.day_of(row.moved_at),
            order_by=["moved_at"],
            cell=lambda row: locales.day(row.moved_at, "medium", row.city.timezone),
            cell_class="epi-nowrap",
        ),
        Column(
            "revisions",
            gettext_lazy("Revisions"),
            "revision_count",
            order_by=["revision_count"],
            is_number=True,
            cell=attrgetter("revision_count"),
            cell_class="epi-num",
        ),
    ]
    page_fields = ["state", "period__name", "period__due_on", "city__name", "city__timezone"]

    def get_list_rows(self):
        return period_list(self.request.user)

    def get_context_data(self, **kwargs):
        trail = breadcrumbs.here(breadcrumbs.cities_breadcrumbs(), _("Periods"))
        context = super().get_context_data(trail=trail, **kwargs)
        return context | {"body": table_body(self.columns, context["object_list"])}


class CityPeriodDetail(DetailPage):
    template_name = "strategies/cityperiod_detail.html"
    name = "city_period"
    rows = ROWS

    def get_context_data(self, **kwargs):
        row, user = self.row, self.user
        is_insider = row.city_id in insider_city_ids(user)
        shows_counts = is_insider or reads_network(user)
        revisions = list(
            PeriodRevision.objects.visible_to(user).filter(city_period=row).defer("snapshot").order_by("-number")
        )
        transitions = (
            list(row.transitions.select_related("by", "on_behalf_of").order_by("-number")) if shows_counts else []
        )
        returned = self.returned(transitions)
        self.mark_carried(transitions)
        context = {
            "city": row.city,
            "is_insider": is_insider,
            "complete": completeness(row) if shows_counts else None,
            "narrative": self.narrative(is_insider),
            "revisions": revisions,
            "correction": correction_sentence(
                revisions[0].pk if revisions else None, PeriodRevision.objects.visible_to(user)
            ),
            "transitions": transitions,
            "returned": returned,
            "marks": self.marks(returned, is_insider),
            "published": None if is_insider else self.published(),
            "comments": self.comments(is_insider, revisions) if shows_counts else [],
            "steps": self.steps(),
            "trail": breadcrumbs.here(breadcrumbs.city_breadcrumbs(row.city), row.period.name),
            "may": available_actions(row, user, is_found=True),
        }
        return super().get_context_data(**context | kwargs)

    @staticmethod
    def mark_carried(transitions):
        """Mark what was decided on the revision before a redaction, and carried over to the next one."""
        redacted_at = None
        for transition in reversed(transitions):  # the oldest first
            if transition.verb == PeriodVerb.REDACT:
                redacted_at = transition.at
            transition.is_carried = redacted_at is not None and transition.at < redacted_at

    def narrative(self, is_insider):
        """Return the live narrative in the city, outside it the one of the readable revision."""
        if is_insider:
            return Narrative.objects.filter(city_period=self.row).first()
        revision = revision_for(self.row, self.user)
        return revision.read().narrative if revision else None

    def comments(self, is_insider, revisions):
        """Return all comments in the city, outside it those about readable revisions."""
        rows = self.row.comments.select_related("author")
        return rows if is_insider else rows.filter(revision__in=[revision.number for revision in revisions])

    def published(self):
        """Return the transition that published the revision now under correction, which is still public."""
        if self.row.state == PeriodState.PUBLISHED:
            return None
        return self.row.transitions.filter(verb=PeriodVerb.PUBLISH).order_by("-number").first()

    def marks(self, transition, is_insider):
        """Return the marked parts, with a link only for users who may correct them."""
        marks = correction_marks(transition, self.row) if transition else []
        may_correct = self.may("strategies.change_narrative")
        return [
            mark if may_correct or (is_insider and mark.section.kind == ACTION) else mark._replace(url="")
            for mark in marks
        ]

    def returned(self, transitions):
        """Return the newest transition if it returned or reopened the period, else None."""
        newest = next(iter(transitions), None)
        return newest if newest is not None and newest.verb in RETURNED_TITLES else None

    def steps(self):
        state = PeriodState(self.row.state)
        place = {PeriodState.SCHEDULED: -1, PeriodState.RETURNED: 0}.get(state)
        reached = STEPS.index(state) if place is None else place
        return [(step, index < reached, index == reached) for index, step in enumerate(STEPS)]


class PeriodRevisionDetail(DetailPage):
    """One revision as it was submitted, reduced to what the user may read."""

    template_name = "strategies/revision.html"
    name = "city_period"
    rows = ROWS

    @cached_property
    def revision(self):
        rows = PeriodRevision.objects.visible_to(self.user).filter(city_period=self.row, number=self.kwargs["number"])
        found = rows.first()
        if found is None:
            raise Http404
        return found

    def get_context_data(self, **kwargs):
        is_granted = PeriodRevision.objects.granted_to(self.user).filter(pk=self.revision.pk).exists()
        snapshot = redact_for(self.revision.read(), self.user, self.row.city, is_granted=is_granted)
        words = _("Revision %(number)s") % {"number": self.revision.number}
        context = {
            "revision": self.revision,
            "redacted_at": redacted_at(self.revision.sha256),
            "snapshot": snapshot,
            "city": self.row.city,
            "transition": self.row.transitions.filter(revision__lte=self.revision.number, verb="submit")
            .select_related("on_behalf_of")
            .order_by("number")
            .last(),
            "newest": PeriodRevision.objects.visible_to(self.user)
            .filter(city_period=self.row)
            .order_by("-number")
            .first(),
            "trail": breadcrumbs.here(breadcrumbs.period_breadcrumbs(self.row), words),
            "is_insider": self.row.city_id in insider_city_ids(self.user),
            "correction": correction_sentence(self.revision.pk, PeriodRevision.objects.visible_to(self.user)),
            **self.proposals(),
        }
        return super().get_context_data(**context | kwargs)

    def proposals(self):
        """Return who may reopen the period, or ask for it, while this is its current revision."""
        is_current = self.row.is_locked and self.row.revision == self.revision.number
        return {"may": available_actions(self.row, self.user, is_found=True)} if is_current else {}


# ---- forms


class NarrativeEdit(ServiceFormView):
    template_name = "strategies/narrative_form.html"
    name = "city_period"
    rows = ROWS
    permission = "strategies.change_narrative"
    success_message = gettext_lazy("The narrative has been saved.")

    def make_form(self, data=None, files=None):
        found = Narrative.objects.filter(city_period=self.row).first()
        instance = found or Narrative(city_period=self.row)
        return NarrativeForm(data, instance=instance, city=self.row.city, cancel=self.get_success_url())

    def save(self, form):
        cleaned = form.cleaned_data
        periods.save_narrative(
            self.row, by=self.user, text=cleaned["text"], language=cleaned["language"], version=cleaned["version"]
        )

    @staticmethod
    def get_current(form, error):
        return Narrative.objects.get(city_period=form.instance.city_period)

    def get_context_data(self, **kwargs):
        trail = breadcrumbs.here(breadcrumbs.period_breadcrumbs(self.row), _("Narrative"))
        return super().get_context_data(city=self.row.city, trail=trail, **kwargs)


class CityPeriodSubmit(ServiceFormView):
    """Shows what is submitted and its consequences, and asks for the responsible official."""

    template_name = "strategies/cityperiod_submit.html"
    name = "city_period"
    rows = ROWS
    permission = "strategies.submit_cityperiod"
    success_message = gettext_lazy(
        "The report has been submitted and the period is locked. A coordinator reads it and accepts or returns it."
    )

    def make_form(self, data=None, files=None):
        return SubmitForm(
            data,
            city=self.row.city,
            person=person_of(self.user),
            is_early=self.is_early,
            cancel=self.get_success_url(),
        )

    @property
    def is_early(self):
        return self.row.city.today <= self.row.period.ends_on

    def save(self, form):
        periods.submit_period(self.row, by=self.user, on_behalf_of=form.cleaned_data["on_behalf_of"])

    def get_context_data(self, **kwargs):
        trail = breadcrumbs.here(breadcrumbs.period_breadcrumbs(self.row), _("Submit"))
        context = {"complete": completeness(self.row), "city": self.row.city, "is_early": self.is_early}
        return super().get_context_data(**context, trail=trail, **kwargs)


class PeriodReasonView(ReasonFormView):
    rows = ROWS
    most = PARAGRAPH
    is_danger = False

    def trail(self):
        return breadcrumbs.here(breadcrumbs.period_breadcrumbs(self.row), self.heading)


class CityPeriodReturn(PeriodReasonView):
    permission = "strategies.return_cityperiod"
    heading = gettext_lazy("Return report")
    label = gettext_lazy("What needs correcting, and why?")
    button = gettext_lazy("Return to the city")
    consequence = gettext_lazy(
        "The city can change its figures and texts again. What was submitted is kept and can still be read."
    )
    success_message = gettext_lazy("Returned. The city has been notified with your comment.")

    form_class = ReturnForm

    def get_form_kwargs(self):
        submitted = PeriodRevision.objects.visible_to(self.user).filter(city_period=self.row, number=self.row.revision)
        return super().get_form_kwargs() | {"sections": sections_of(submitted.first())}

    def save(self, form):
        periods.return_period(self.row, by=self.user, comments=form.cleaned_data["text"], marks=form.marks())


class CityPeriodReopen(PeriodReasonView):
    permission = "strategies.reopen_cityperiod"
    heading = gettext_lazy("Reopen period")
    label = gettext_lazy("Reason for reopening")
    consequence = gettext_lazy(
        "The city can change its figures and texts again. Until it submits again, everyone else reads the "
        "earlier revision."
    )
    success_message = gettext_lazy("Reopened. The city has been notified.")

    def save(self, form):
        periods.reopen_period(self.row, by=self.user, reason=form.cleaned_data["text"])


class CityPeriodRequestReopen(PeriodReasonView):
    permission = "strategies.request_reopen_cityperiod"
    heading = gettext_lazy("Ask to reopen the period")
    label = gettext_lazy("What is wrong?")
    button = gettext_lazy("Send request")
    consequence = gettext_lazy(
        "The coordinators receive your request. The period stays locked until one of them reopens it."
    )
    success_message = gettext_lazy("Your request has been sent to the coordinators.")

    def save(self, form):
        periods.request_reopen(self.row, by=self.user, reason=form.cleaned_data["text"])


class CityPeriodDeclineReopen(PeriodReasonView):
    permission = "strategies.reopen_cityperiod"
    heading = gettext_lazy("Decline the request to reopen")
    label = gettext_lazy("Reason")
    button = gettext_lazy("Decline request")
    consequence = gettext_lazy("The period stays locked. The city’s officials receive your reason by email.")
    success_message = gettext_lazy("Declined. The city has been notified.")

    def save(self, form):
        periods.decline_reopen(self.row, by=self.user, reason=form.cleaned_data["text"])


class CityPeriodComment(PeriodReasonView):
    permission = "strategies.comment_cityperiod"
    has_draft = True
    heading = gettext_lazy("Comment on the period")
    label = gettext_lazy("Your comment")
    button = gettext_lazy("Comment")
    consequence = gettext_lazy("The city and the network can read it. It is not part of the report.")
    success_message = gettext_lazy("Your comment has been added to the period.")

    def save(self, form):
        periods.comment_period(self.row, by=self.user, text=form.cleaned_data["text"])


class CityPeriodEndorse(PeriodReasonView):
    permission = "strategies.comment_cityperiod"
    has_draft = True
    heading = gettext_lazy("Endorse the period")
    label = gettext_lazy("Comment (optional)")
    button = gettext_lazy("Endorse")
    consequence = gettext_lazy("As a member of the expert group, you confirm that the narrative is correct.")
    success_message = gettext_lazy("Your endorsement has been added to the period.")
    is_required = False

    def save(self, form):
        periods.endorse_period(self.row, by=self.user, text=form.cleaned_data["text"])


class CityPeriodPublish(ServiceFormView):
    """Asks for confirmation and shows what becomes public, because publishing cannot be undone."""

    template_name = "strategies/cityperiod_publish.html"
    name = "city_period"
    rows = ROWS
    permission = "strategies.publish_cityperiod"
    success_message = gettext_lazy("Published. Everyone can now read what is marked for everyone.")

    def make_form(self, data=None, files=None):
        form = Form(data)
        form.helper = form_helper(save=_("Publish for everyone"), cancel=self.get_success_url())
        return form

    def save(self, form):
        periods.publish_period(self.row, by=self.user)

    def get_context_data(self, **kwargs):
        context = {
            "contents": self.contents(),
            "city": self.row.city,
            "trail": breadcrumbs.here(breadcrumbs.period_breadcrumbs(self.row), _("Publish")),
        }
        return super().get_context_data(**context, **kwargs)

    def contents(self):
        """Return counts of what becomes public; None before the first submission."""
        revision = revision_for(self.row, self.user)
        if revision is None:
            return None
        read = redact_for(revision.read(), AnonymousUser(), self.row.city)
        return {
            "updates": len(read.updates),
            "values": sum(bool(indicator.value) for indicator in read.indicators),
            "has_narrative": bool(read.narrative),
        }


# ---- actions without a form


class CityPeriodAccept(ActionView):
    rows = ROWS
    permission = "strategies.accept_cityperiod"
    success_message = gettext_lazy("The report has been accepted. The city has been notified.")

    def perform(self):
        periods.accept_period(self.row, by=self.user)


class CityPeriodOpen(ActionView):
    rows = ROWS
    permission = "strategies.open_cityperiod"
    success_message = gettext_lazy("The period has been opened.")

    def perform(self):
        periods.open_period(self.row, by=self.user)
