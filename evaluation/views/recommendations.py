"""Recommendations: list, detail, drafts, and what is done with an issued one."""

from dataclasses import replace

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cities.enums import Role
from cities.models import Body, City
from cities.rules import has_network_role, is_scientific_member
from core import locales
from core.available import available_actions
from core.columns import Column
from core.locales import number
from core.tables import table_body
from core.templatetags.epi import state_mark
from core.views import ActionView, DetailPage, ListPage, ServiceFormView, may
from evaluation.enums import Priority, RecommendationSource, RecommendationState, ResponseDecision
from evaluation.filters import RecommendationFilter
from evaluation.forms.recommendations import RecommendationForm, ResponseForm, WithdrawRecommendationForm
from evaluation.models import Dimension, Framework, ManagementResponse, Recommendation
from evaluation.models.recommendations import chaired_bodies_q, cities_without_conflict
from evaluation.rules import SOURCE_OF_BODY
from evaluation.selectors.recommendation_progress import reportable_periods, visible_progress
from evaluation.selectors.recommendations import (
    linkable_actions,
    people_who_answer,
    recommendation_list,
    responsible_text,
)
from evaluation.services import recommendations, responses

from .base import EvaluationMixin

LATEST = "9999-12-31"  # after every due date
PRIORITIES = list(Priority.values)


def _trail(*last):
    return [
        (_("Evaluation"), reverse("evaluation:round_list")),
        (_("Recommendations"), reverse("evaluation:recommendation_list")),
        *last,
    ]


# ---- the list


def _text_cell(row):
    return format_html('<a href="{}">{}</a>', row.get_absolute_url(), row)


def _addressed(row):
    return row.city.name if row.city else _("The network")


def _decision(row):
    return row.sent_response.get_decision_display() if row.sent_response else ""


def _decision_cell(row):
    return state_mark(ResponseDecision(row.sent_response.decision)) if row.sent_response else "–"


def _due_cell(row):
    if row.due_on is None:
        return "–"
    day = locales.day(row.due_on, "medium")
    return format_html('{} <span class="epi-tag is-warm">{}</span>', day, _("overdue")) if row.is_overdue else day


def _actions(row):
    return ", ".join(str(action) for action in row.response.actions.all()) if row.sent_response else ""


class RecommendationList(ListPage):
    """The table of recommendations and responses. Its export has the columns that evaluation offices use."""

    template_name = "evaluation/recommendation_list.html"
    filter_class = RecommendationFilter
    export_name = "recommendations"
    columns = [
        Column(
            "recommendation",
            gettext_lazy("Recommendation"),
            "text",
            order_by=["text"],
            cell=_text_cell,
            is_row_heading=True,
        ),
        Column("to", gettext_lazy("Addressed to"), _addressed, order_by=["city__name"], cell=_addressed),
        Column("source", gettext_lazy("Recommended by"), lambda row: row.get_source_display(), is_shown=False),
        Column(
            "dimension",
            gettext_lazy("Dimension"),
            lambda row: row.dimension.name if row.dimension else "",
            order_by=["dimension__order"],
            is_shown=False,
        ),
        Column("done_when", gettext_lazy("What would show that it is done"), "done_when", is_shown=False),
        Column(
            "priority",
            gettext_lazy("Priority"),
            lambda row: row.get_priority_display(),
            key=lambda row: PRIORITIES.index(row.priority),
            cell=lambda row: row.get_priority_display(),
        ),
        Column("issued", gettext_lazy("Issued"), "issued_on", order_by=["issued_on"], is_shown=False),
        Column("response", gettext_lazy("Response"), _decision, cell=_decision_cell),
        Column(
            "reason",
            gettext_lazy("Reason"),
            lambda row: row.sent_response.reason if row.sent_response else "",
            is_shown=False,
        ),
        Column("actions", gettext_lazy("Actions"), _actions, is_shown=False),
        Column("responsible", gettext_lazy("Responsible")),  # its value depends on the reader: get_columns
        Column(
            "due",
            gettext_lazy("Due"),
            "due_on",
            key=lambda row: (str(row.due_on or LATEST), row.pk),
            cell=_due_cell,
        ),
        Column(
            "state",
            gettext_lazy("Status"),
            lambda row: row.get_state_display(),
            order_by=["state"],
            cell=lambda row: state_mark(RecommendationState(row.state)),
        ),
    ]

    def get_list_rows(self):
        return recommendation_list(self.request.user)

    def get_columns(self):
        """Return the columns, with who is responsible as this user may read it."""

        def responsible(row):
            return responsible_text(self.request.user, row.sent_response)

        return [
            replace(column, value=responsible, cell=responsible) if column.name == "responsible" else column
            for column in self.columns
        ]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        shown = context["paginator"].count
        return context | {
            "body": table_body(self.get_columns(), context["object_list"]),
            "count": ngettext("%(n)s recommendation", "%(n)s recommendations", shown) % {"n": number(shown)},
            "may_add": may(self.request.user, "evaluation.add_recommendation"),
            "trail": [(_("Evaluation"), reverse("evaluation:round_list")), (_("Recommendations"), "")],
        }


# ---- one recommendation


class RecommendationMixin:
    name = "recommendation"

    def get_rows(self):
        return Recommendation.objects.for_pages()

    def trail(self, *last):
        if not last:
            return _trail((str(self.row), ""))
        return _trail((str(self.row), self.row.get_absolute_url()), *last)


class RecommendationDetail(RecommendationMixin, DetailPage):
    template_name = "evaluation/recommendation_detail.html"

    def get_context_data(self, **kwargs):
        row, user = self.row, self.user
        may_do = available_actions(row, user, is_found=True)
        responses_ = ManagementResponse.objects.visible_to(user).filter(recommendation=row)
        response = responses_.select_related("responsible__organisation").first()
        if response is not None:
            response.recommendation = row
        return super().get_context_data(**kwargs) | {
            "response": response,
            "responsible": responsible_text(user, response),
            "progress": visible_progress(row, user),
            "periods": reportable_periods(row) if may_do["report_progress"] else [],
            "actions": list(response.actions.visible_to(user)) if response else [],
            "transitions": list(row.transitions.all()),
            "ending": row.transitions.exclude(reason="").last() if row.state == "withdrawn" else None,
            "may": may_do,
            "zone": row.city.timezone if row.city else None,
            "trail": self.trail(),
        }


class RecommendationWrite(ServiceFormView):
    """Base of the forms that write a recommendation."""

    template_name = "evaluation/recommendation_form.html"
    form_class = RecommendationForm
    success_message = gettext_lazy("The draft has been saved. Nobody is notified until it is issued.")

    def get_success_url(self):
        return self.saved.get_absolute_url()


class RecommendationCreate(RecommendationWrite):
    """Write one without an evaluation: for the committee, a body that one chairs, or the network office."""

    permission = "evaluation.add_recommendation"

    @cached_property
    def sources(self):
        """Return whom the user may write for: ``{key: (label, source, body)}``."""
        user, found = self.user, {}
        if is_scientific_member(user):
            source = RecommendationSource.COMMITTEE
            found["committee"] = (source.label, source, None)
        if has_network_role(user, Role.COORDINATOR):
            source = RecommendationSource.NETWORK_OFFICE
            found["network_office"] = (source.label, source, None)
        for body in Body.objects.filter(chaired_bodies_q(user)).select_related("city"):
            found[f"body-{body.pk}"] = (f"{body}, {body.city}", SOURCE_OF_BODY[body.kind], body)
        return found

    def get_form_kwargs(self):
        cities = City.objects.all()
        if set(self.sources) == {"committee"}:
            cities = cities_without_conflict(self.user)
        return {
            "dimensions": newest_dimensions(),
            "sources": [(key, label) for key, (label, _source, _body) in self.sources.items()],
            "cities": cities.only("name"),
            "cancel": reverse("evaluation:recommendation_list"),
        }

    def make_form(self, data=None, files=None):
        form = super().make_form(data, files)
        if data is None and (asked := City.objects.filter(slug=self.request.GET.get("city", "")).first()):
            form.initial["to_city"] = asked.pk
        return form

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"trail": _trail((_("New recommendation"), ""))}

    def save(self, form):
        _label, source, body = self.sources[form.cleaned_data["source_key"]]
        city = None if body is not None else form.cleaned_data["to_city"]
        self.saved = recommendations.draft_from(
            source, by=self.user, city=city, body=body, fields=form.recommendation_fields
        )


def newest_dimensions():
    newest = Framework.objects.order_by("-pk").values("pk")[:1]
    return Dimension.objects.filter(framework__in=newest).order_by("order")


class RecommendationAdd(EvaluationMixin, RecommendationWrite):
    """Write one to the evaluated city, as its moderator or as a member of the committee."""

    permission = "evaluation.add_recommendation"

    def get_form_kwargs(self):
        dimensions = Dimension.objects.filter(framework=self.row.round.framework_id).order_by("order")
        return {"dimensions": dimensions, "cancel": self.row.get_absolute_url()}

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return context | {"trail": self.trail((_("New recommendation"), ""))}

    def save(self, form):
        self.saved = recommendations.draft_in_evaluation(self.row, by=self.user, fields=form.recommendation_fields)


class RecommendationEdit(RecommendationMixin, RecommendationWrite):
    permission = "evaluation.change_recommendation"

    def make_form(self, data=None, files=None):
        return RecommendationForm(
            data, instance=self.row, dimensions=self.dimensions(), cancel=self.row.get_absolute_url()
        )

    def dimensions(self):
        """Return those of the evaluation's framework; without one, those of the newest framework."""
        if self.row.evaluation is None:
            return newest_dimensions()
        return Dimension.objects.filter(framework=self.row.evaluation.round.framework_id).order_by("order")

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"trail": self.trail((_("Edit"), ""))}

    def save(self, form):
        version = form.cleaned_data["version"]
        self.saved = recommendations.change_draft(
            self.row, by=self.user, fields=form.recommendation_fields, version=version
        )


class RecommendationIssue(RecommendationMixin, ActionView):
    permission = "evaluation.issue_recommendation"
    success_message = gettext_lazy(
        "The recommendation has been issued, and those who respond to it have been notified."
    )

    def perform(self):
        recommendations.issue(self.row, by=self.user)


class RecommendationPublish(RecommendationMixin, ActionView):
    permission = "evaluation.publish_recommendation"
    success_message = gettext_lazy("Everyone can now read the recommendation and the response.")

    def perform(self):
        recommendations.publish(self.row, by=self.user)


class RecommendationComplete(RecommendationMixin, ActionView):
    permission = "evaluation.confirm_recommendation"
    success_message = gettext_lazy("You have confirmed that the recommendation is done.")

    def perform(self):
        recommendations.complete(self.row, by=self.user)


class ResponseSend(RecommendationMixin, ActionView):
    permission = "evaluation.answer_recommendation"
    success_message = gettext_lazy("The response has been sent.")

    def perform(self):
        responses.answer(self.row, by=self.user)


class RecommendationWithdraw(RecommendationMixin, ServiceFormView):
    template_name = "evaluation/recommendation_withdraw.html"
    form_class = WithdrawRecommendationForm
    permission = "evaluation.withdraw_recommendation"
    success_message = gettext_lazy("The recommendation has been withdrawn.")

    def get_form_kwargs(self):
        return {"cancel": self.row.get_absolute_url()}

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"trail": self.trail((_("Withdraw"), ""))}

    def save(self, form):
        recommendations.withdraw(self.row, by=self.user, reason=form.cleaned_data["reason"])


class RecommendationRespond(RecommendationMixin, ServiceFormView):
    """Draft the response; who may send it has a second button."""

    template_name = "evaluation/recommendation_respond.html"
    permission = "evaluation.draft_response"

    def make_form(self, data=None, files=None):
        found = ManagementResponse.objects.filter(recommendation=self.row).first()
        return ResponseForm(
            data,
            instance=found or ManagementResponse(recommendation=self.row),
            people=people_who_answer(self.row),
            actions=linkable_actions(self.row),
            may_send=self.row.state == RecommendationState.ISSUED and self.may("evaluation.answer_recommendation"),
            cancel=self.row.get_absolute_url(),
        )

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"trail": self.trail((_("Response"), ""))}

    @property
    def is_sent(self):
        return "send" in self.request.POST

    def save(self, form):
        save = responses.send_response if self.is_sent else responses.save_response
        save(self.row, by=self.user, version=form.cleaned_data["version"], **form.response_fields)

    def show_success(self, form):
        self.success_message = _("The response has been sent.") if self.is_sent else _("The response has been saved.")
        super().show_success(form)

    @staticmethod
    def get_current(form, error):
        return error.current or ManagementResponse.objects.get(recommendation=form.instance.recommendation)
