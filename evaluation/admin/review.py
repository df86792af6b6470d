"""The committee's review queue as an admin changelist, and the review page of one evaluation."""

from django.contrib import admin, messages
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cities.enums import Role
from cities.rules import has_network_role, is_scientific_member
from core import clock, locales
from core.admin import ReadOnlyAdmin
from core.csv_files import export_response
from core.demonstration import is_demonstration
from core.exceptions import UserFacingError
from core.form_tokens import start_new_form
from core.forms import form_helper, keep_typed
from core.parsing import parse_pk
from core.views import add_form_errors
from evaluation.enums import FROM_REVIEW, Stage
from evaluation.exceptions import SnapshotChanged
from evaluation.forms.review import DecisionForm, QuestionForm
from evaluation.models import Evaluation
from evaluation.selectors.corrections import lazy_correction
from evaluation.selectors.recommendations import recommendations_for_review
from evaluation.selectors.review import review_page_of, with_last_visit
from evaluation.selectors.review_queue import HIDDEN, coordinator_queue_for, queue_facts, review_queue_for
from evaluation.services import committee
from pilot.gates import check_gates

from . import queue_csv

VISIT_SECONDS = 30 * 60  # seconds: within one visit the list of changes stays
EMPTY = "–"


def _decided_message(evaluation: Evaluation) -> str:
    """Return what the decision led to, read from the stage of the evaluation after it."""
    evaluation.refresh_from_db(fields=["stage"])
    if evaluation.stage == Stage.PUBLISHED:
        return _("Your decision has been recorded. The result has been published for everyone.")
    if evaluation.stage == Stage.MODERATE:
        return _("Your decision has been recorded. The evaluation has been sent back to the moderator.")
    return _("Your decision has been recorded. One more approval is needed.")


class ReviewChangeList(ChangeList):
    """Changelist ordered by dispute unless a column is chosen. Loads the facts of all rows of a page at once."""

    def get_ordering(self, request, queryset):
        if ORDER_VAR not in self.params:
            return list(queryset.query.order_by)
        return super().get_ordering(request, queryset)

    def get_results(self, request):
        super().get_results(request)
        rows = list(self.result_list)
        facts = queue_facts(rows, request.user)
        for row in rows:
            row.facts = facts[row.pk]
        self.result_list = rows


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    """The review queue. Read-only: only services change an evaluation."""

    list_display = [
        "where",
        "state",
        "deadline",
        "raters",
        "disputed",
        "median_and_range",
        "gap",
        "evidence",
        "decisions",
        "waiting",
    ]
    list_filter = ["stage", "round", "strategy__city"]
    search_fields = ["strategy__city__name", "round__name", "strategy__title"]
    list_display_links = None
    actions = ["as_csv"]
    list_per_page = 50
    show_full_result_count = False

    @staticmethod
    def _is_coordinator_only(request) -> bool:
        """Return whether the user is a coordinator and no committee member: such users have no review page."""
        return has_network_role(request.user, Role.COORDINATOR) and not is_scientific_member(request.user)

    def get_queryset(self, request):
        return (
            coordinator_queue_for(request.user)
            if self._is_coordinator_only(request)
            else review_queue_for(request.user)
        )

    def get_ordering(self, request):
        return []  # keep the order of the queryset: most disputed first

    def get_changelist(self, request, **kwargs):
        return ReviewChangeList

    def get_list_display(self, request):
        """Show coordinators no column that depends on ratings."""
        return ["page", "state", "deadline", "waiting"] if self._is_coordinator_only(request) else self.list_display

    def get_sortable_by(self, request):
        return ["state", "waiting"] if self._is_coordinator_only(request) else ["state", "gap", "waiting"]

    def get_actions(self, request):
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    # ---- columns

    @admin.display(description=gettext_lazy("city and round"))
    def where(self, row):
        has_review_page = row.stage in FROM_REVIEW
        return self._link(
            row, reverse("admin:evaluation_review", args=[row.pk]) if has_review_page else row.get_absolute_url()
        )

    @admin.display(description=gettext_lazy("city and round"))
    def page(self, row):
        return self._link(row, row.get_absolute_url())

    @staticmethod
    def _link(row, url):
        return format_html('<a href="{}">{}, {}</a>', url, row.strategy.city.name, row.round.name)

    @admin.display(description=gettext_lazy("stage"), ordering="stage")
    def state(self, row):
        return row.get_stage_display()

    @admin.display(description=gettext_lazy("deadline"))
    def deadline(self, row):
        return locales.day(row.last_day, "medium") if row.last_day else EMPTY

    @admin.display(description=gettext_lazy("raters"))
    def raters(self, row):
        return row.rater_count if row.rater_count != HIDDEN else EMPTY

    @admin.display(description=gettext_lazy("largest disagreement"))
    def disputed(self, row):
        return row.facts.dimension.name if row.facts.dimension else EMPTY

    @admin.display(description=gettext_lazy("median (range)"))
    def median_and_range(self, row):
        spread = row.facts.spread
        return f"{spread.median} ({spread.range})".replace("-", "–") if spread else EMPTY

    @admin.display(description=gettext_lazy("largest gap"), ordering="largest_gap")
    def gap(self, row):
        return row.largest_gap if row.largest_gap != HIDDEN else EMPTY

    @admin.display(description=gettext_lazy("evidence"))
    def evidence(self, row):
        return row.facts.evidence.label if row.facts.evidence else EMPTY

    @admin.display(description=gettext_lazy("decisions"))
    def decisions(self, row):
        if row.stage != Stage.REVIEW:
            return EMPTY
        words = ngettext("%(n)s approval", "%(n)s approvals", row.facts.approvals) % {"n": row.facts.approvals}
        return f"{words}, {_('yours among them')}" if row.facts.has_decided else words

    @admin.display(description=gettext_lazy("days waiting"), ordering="waiting_since")
    def waiting(self, row):
        days = queue_csv.days_waiting(row)
        return EMPTY if days is None else days

    @admin.action(description=gettext_lazy("Download CSV"), permissions=["view"])
    def as_csv(self, request, queryset):
        """Return the selected rows as CSV, with the columns that the user sees."""
        columns = [column for name in self.get_list_display(request) for column in queue_csv.COLUMNS[name]]
        rows = list(queryset)
        facts = queue_facts(rows, request.user)
        for row in rows:
            row.facts = facts[row.pk]
        return export_response("csv", "review-queue", columns, rows, is_illustrative=is_demonstration())

    # ---- URLs

    def get_urls(self):
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(self.changelist_view), name="evaluation_review_queue"),
            path("<int:pk>/desk/", guarded(self.review_view), name="evaluation_review"),
            path("<int:pk>/desk/seen/", guarded(self.seen_view), name="evaluation_review_seen"),
            path("<int:pk>/desk/gates/", guarded(self.gates_view), name="evaluation_review_gates"),
            path("<int:pk>/desk/ask/", guarded(self.ask_view), name="evaluation_review_ask"),
            *super().get_urls(),
        ]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": _("Review queue")} | (extra_context or {}))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Redirect to the review page, or to the evaluation's page for users without one."""
        self._hide(request)
        pk = parse_pk(object_id)
        if pk is None or not Evaluation.objects.visible_to(request.user).filter(pk=pk).exists():
            raise Http404
        if self._reviewable(request, pk) is not None:
            return redirect("admin:evaluation_review", pk=pk)
        return redirect("evaluation:evaluation_detail", pk=pk)

    def history_view(self, request, object_id, extra_context=None):
        raise Http404  # history would reveal ratings too early; the review page lists what happened

    @staticmethod
    def _reviewable(request, pk):
        rows = Evaluation.objects.reviewable_by(request.user).filter(stage__in=FROM_REVIEW, pk=pk)
        return with_last_visit(rows.with_related(), request.user).first()

    def _get_evaluation(self, request, pk):
        """Return the evaluation. Raises Http404 for users who may not review it, and for everyone before the review."""
        evaluation = self._reviewable(request, pk)
        if evaluation is None:
            raise Http404
        return evaluation

    # ---- the review page

    def review_view(self, request, pk):
        evaluation = self._get_evaluation(request, pk)
        if request.method == "POST":
            return self._decide(request, evaluation)
        return self._show(request, evaluation)

    def _show(self, request, evaluation, form=None, status=200, *, is_asked=False):
        """Show the page with what was typed into both forms, but for a question that was just asked."""
        page = review_page_of(evaluation, request.user)
        dimensions = [side.dimension for side in page.table.sides]
        if form is None:
            form = DecisionForm(initial={"snapshot_hash": page.snapshot_hash}, dimensions=dimensions)
            keep_typed(form, request.POST)
        elif status == 409:
            form.update_hash(page.snapshot_hash)
        form.helper = form_helper(
            save="",
            buttons=(("decide", _("Record decision")),),
            draft=evaluation,
            template="admin/evaluation/review_fields.html",
            css_class="epi-form epi-wide epi-stack",
            action=reverse("admin:evaluation_review", args=[evaluation.pk]),
        )
        question_form = QuestionForm(dimensions=dimensions)
        if not is_asked:
            keep_typed(question_form, request.POST)
        recommended, previous = recommendations_for_review(evaluation, request.user)
        context = {
            "page": page,
            "evaluation": evaluation,
            "correction": lazy_correction(evaluation, request.user),
            "rows": [
                (side, form[f"comment-{side.dimension.code}"], form[f"changes-{side.dimension.code}"])
                for side in page.table.most_disputed_first
            ],
            "form": form,
            "has_changed": status == 409,
            "may_see_gates": request.user.has_perm("pilot.view_pilotphase", evaluation.strategy.city),
            "question_form": question_form,
            "recommendations": recommended,
            "previous": previous,
            "may": {"recommend": True},  # whoever may open this page
            "trail": [
                (_("Administration"), reverse("admin:index")),
                (_("Review queue"), reverse("admin:evaluation_review_queue")),
                (str(evaluation), ""),
            ],
        }
        return render(request, "admin/evaluation/review.html", context, status=status)

    def _decide(self, request, evaluation):
        dimensions = evaluation.round.framework.dimensions.all()
        form = DecisionForm(request.POST, dimensions=dimensions)
        if form.is_valid() and request.POST.get("text", "").strip():
            form.add_error(None, _("Your question to the city has not been sent. Send or delete it before you decide."))
        if not form.is_valid():
            return self._show(request, evaluation, form)
        try:
            committee.decide(
                evaluation,
                by=request.user,
                decision=form.cleaned_data["decision"],
                reason=form.cleaned_data["reason"],
                dimensions=form.verdicts,
                snapshot_hash=form.cleaned_data["snapshot_hash"],
                reopen_ratings=form.cleaned_data["reopen_ratings"],
            )
        except SnapshotChanged as error:
            form.add_error(None, str(error))
            return self._show(request, evaluation, form, status=409)
        except UserFacingError as error:
            add_form_errors(form, error)
            return self._show(request, evaluation, form)
        messages.success(request, _decided_message(evaluation))
        return redirect("admin:evaluation_review_queue")

    def ask_view(self, request, pk):
        evaluation = self._get_evaluation(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        dimensions = list(evaluation.round.framework.dimensions.all())
        form = QuestionForm(request.POST, dimensions=dimensions)
        is_asked = form.is_valid() and self._ask(request, evaluation, form.cleaned_data, dimensions)
        if not form.is_valid():
            messages.error(request, _("Enter a question."))
        if is_asked and not keep_typed(DecisionForm(dimensions=dimensions), request.POST):
            return redirect("admin:evaluation_review", pk=pk)
        if is_asked:
            start_new_form(request)
        return self._show(request, evaluation, is_asked=is_asked)

    def _ask(self, request, evaluation, data, dimensions):
        """Ask the question and say so, or show the error as a message. Returns whether it was asked."""
        chosen = next((row for row in dimensions if row.code == data["dimension"]), None)
        try:
            committee.ask_question(evaluation, by=request.user, text=data["text"], dimension=chosen)
        except UserFacingError as error:
            messages.error(request, str(error))
            return False
        messages.success(
            request, _("Your question has been sent to the city’s officials. The evaluation has not been sent back.")
        )
        return True

    def seen_view(self, request, pk):
        """Store the visit. The page posts here when it is shown, because GET must not change data."""
        evaluation = self._get_evaluation(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        visit = evaluation.visits.filter(user=request.user).first()
        if visit is None or (clock.now() - visit.at).total_seconds() > VISIT_SECONDS or "now" in request.POST:
            committee.record_visit(evaluation, by=request.user)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204)
        return redirect("admin:evaluation_review", pk=pk)

    def gates_view(self, request, pk):
        """Show the current gate checks of the city's pilot: an HTML part for htmx, else a page."""
        evaluation = self._get_evaluation(request, pk)
        if not request.user.has_perm("pilot.view_pilotphase", evaluation.strategy.city):
            raise PermissionDenied
        phases = check_gates(evaluation.strategy.city, request.user)
        template = "review_gates_part.html" if request.headers.get("HX-Request") else "review_gates.html"
        trail = [
            (_("Review queue"), reverse("admin:evaluation_review_queue")),
            (str(evaluation), reverse("admin:evaluation_review", args=[evaluation.pk])),
            (_("Requirements"), ""),
        ]
        context = {"evaluation": evaluation, "phases": phases, "trail": trail}
        return render(request, f"admin/evaluation/{template}", context)
