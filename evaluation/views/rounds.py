"""Rounds and evaluations: lists, details, assignments, conflicts, and answers to the committee."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView

from cities.models import Person
from core.exceptions import UserFacingError
from core.parsing import parse_pk
from core.views import LoginInsteadOf404Mixin, PagedListView
from evaluation.enums import BY_DATE, FROM_REVIEW, TRANSITIONS, Stage
from evaluation.forms.rounds import (
    AnswerForm,
    ConflictForm,
    ExtendForm,
    MoveForm,
    PersonForm,
    PersonReasonForm,
    RaterForm,
    RoundForm,
    StrategyForm,
)
from evaluation.models import CommitteeQuestion, CommitteeReview, Consensus, Evaluation, EvaluationRound
from evaluation.selectors.eligibility import assignable_raters, eligible_members, people_without_role
from evaluation.selectors.results import result_summary
from evaluation.selectors.tasks import alphas_of, requested_changes, tasks_of
from evaluation.services import committee, conflicts, rounds, stages
from strategies.models import PeriodRevision, Strategy

from .base import EvaluationMixin


class RoundList(LoginInsteadOf404Mixin, PagedListView):
    """Rounds with an evaluation visible to the user; the user's own tasks come first."""

    template_name = "evaluation/round_list.html"
    paginate_by = 12

    def get_queryset(self):
        return EvaluationRound.objects.visible_to(self.request.user).select_related("period", "framework")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        shown = [row.pk for row in context["object_list"]]
        visible = Evaluation.objects.visible_to(self.request.user).filter(round__in=shown).with_related()
        evaluations: dict[int, list] = {}
        for row in visible:
            evaluations.setdefault(row.round_id, []).append(row)
        return context | {
            "rounds": [(row, evaluations.get(row.pk, [])) for row in context["object_list"]],
            "tasks": tasks_of(self.request.user),
            "may_create": self.request.user.has_perm("evaluation.add_evaluationround"),
            "trail": [(_("Evaluation"), "")],
        }


class RoundCreate(LoginInsteadOf404Mixin, FormView):
    form_class = RoundForm
    template_name = "evaluation/round_form.html"

    def get_form_kwargs(self):
        if not self.request.user.has_perm("evaluation.add_evaluationround"):
            raise PermissionDenied
        return super().get_form_kwargs() | {"cancel": reverse("evaluation:round_list")}

    def get_context_data(self, **kwargs):
        trail = [(_("Evaluation"), reverse("evaluation:round_list")), (_("New round"), "")]
        return super().get_context_data(**kwargs) | {"trail": trail}

    def form_valid(self, form):
        row = rounds.create_round(**form.cleaned_data, by=self.request.user)
        messages.success(self.request, _("The round is created. Add the cities' evaluations to it."))
        return redirect(row)


class RoundMixin(LoginInsteadOf404Mixin, TemplateView):
    @cached_property
    def round(self) -> EvaluationRound:
        visible = EvaluationRound.objects.visible_to(self.request.user).select_related("framework", "period")
        return get_object_or_404(visible, pk=self.kwargs["pk"])

    def strategies(self):
        """Return current strategies not in the round yet, whose city has submitted the round's period."""
        submitted = PeriodRevision.objects.filter(
            city_period__city=OuterRef("city"), city_period__period=self.round.period_id
        )
        added = Evaluation.objects.filter(round=self.round, strategy=OuterRef("pk"))
        rows = Strategy.objects.current().filter(Exists(submitted), ~Exists(added)).select_related("city")
        return rows.order_by("city__name")


class RoundDetail(RoundMixin):
    template_name = "evaluation/round_detail.html"

    def get_context_data(self, **kwargs):
        round_, user = self.round, self.request.user
        rows = list(Evaluation.objects.visible_to(user).filter(round=round_).with_related())
        may_add = user.has_perm("evaluation.add_evaluationround")
        days = [
            (_("Conflicts of interest are declared"), round_.declare_on),
            (_("Rating"), round_.rate_on),
            (_("Discussion"), round_.discuss_on),
            (_("Moderation"), round_.moderate_on),
            (_("Committee review"), round_.review_on),
            (_("Decided by"), round_.decide_by),
        ]
        return super().get_context_data(**kwargs) | {
            "round": round_,
            "evaluations": rows,
            "days": days,
            "alphas": alphas_of(round_),
            "published_count": sum(row.stage == Stage.PUBLISHED for row in rows),
            "form": StrategyForm(strategies=self.strategies()) if may_add else None,
            "trail": [(_("Evaluation"), reverse("evaluation:round_list")), (str(round_), "")],
        }


class EvaluationAdd(RoundMixin):
    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        if not request.user.has_perm("evaluation.add_evaluationround"):
            raise PermissionDenied if self.round else Http404
        form = StrategyForm(request.POST, strategies=self.strategies())
        if not form.is_valid():
            messages.error(request, _("Choose a city that has submitted the period."))
            return redirect(self.round)
        try:
            evaluation = rounds.add_evaluation(self.round, form.cleaned_data["strategy"], by=request.user)
        except UserFacingError as error:
            messages.error(request, str(error))
            return redirect(self.round)
        return redirect("evaluation:assign", pk=evaluation.pk)


class EvaluationDetail(EvaluationMixin):
    """Stage, the user's own tasks, and the consensus and result if the user may see them."""

    template_name = "evaluation/evaluation_detail.html"

    def get_context_data(self, **kwargs):
        evaluation, user = self.evaluation, self.request.user
        consensus = []
        if evaluation.stage in FROM_REVIEW and evaluation.stage != Stage.PUBLISHED:
            rows = Consensus.objects.visible_to(user).filter(evaluation=evaluation)
            consensus = list(rows.select_related("dimension__framework"))
        is_participant = self.may("evaluation.discuss_evaluation")
        questions = CommitteeQuestion.objects.visible_to(user).filter(evaluation=evaluation)
        result = result_summary(evaluation)
        reviews = CommitteeReview.objects.visible_to(user).filter(evaluation=evaluation) if result else []
        return super().get_context_data(**kwargs) | {
            "tasks": tasks_of(user, evaluation),
            "consensus": consensus,
            "result": result,
            "reviews": list(reviews),
            "questions": list(questions.select_related("dimension", "answered_by__person")),
            "may_answer": self.may("evaluation.answer_question"),
            "may_assign": self.may("evaluation.assign_evaluation"),
            "may_review": evaluation.stage in FROM_REVIEW and evaluation.is_reviewer,
            "is_participant": is_participant,
            "may_declare": evaluation.stage != Stage.PUBLISHED and (is_participant or evaluation.is_reviewer),
            "request_for_changes": requested_changes(evaluation) if is_participant else None,
            "transitions": list(evaluation.transitions.all()),
        }


class Assign(EvaluationMixin):
    """The coordinator's page: raters, moderator, substitutes, conflicts, extension, next stage. Shows no ratings."""

    permission = "evaluation.assign_evaluation"
    template_name = "evaluation/assign.html"
    forms = {
        "rater": RaterForm,
        "moderator": PersonForm,
        "extend": ExtendForm,
        "move": MoveForm,
        "substitute": PersonReasonForm,
        "conflict": PersonReasonForm,
    }

    def get(self, request, *args, **kwargs):
        self.evaluation  # noqa: B018 - raises 404 or 403 first
        return self.show()

    def make_form(self, act: str, data=None):
        kwargs = {"prefix": act}
        if act in {"rater", "moderator", "substitute", "conflict"}:
            kwargs["people"] = self.people(act)
        return self.forms[act](data, **kwargs)

    def people(self, act: str):
        if act == "rater":
            return assignable_raters(self.evaluation)
        if act == "conflict":
            return Person.objects.filter(user__is_active=True).select_related("organisation")
        return people_without_role(self.evaluation).filter(user__is_active=True).select_related("organisation")

    def show(self, bound=None, act="", status=200):
        evaluation = self.evaluation
        verb = next((verb for verb in BY_DATE if evaluation.stage in TRANSITIONS[verb][0]), None)
        forms = {name: bound if name == act else self.make_form(name) for name in self.forms}
        eligible = list(eligible_members(evaluation)) if evaluation.stage != Stage.PUBLISHED else []
        context = self.get_context_data(
            forms=forms,
            bound=bound,
            verb=verb,
            assignments=list(evaluation.assignments.active().select_related("person__organisation")),
            substitutes=list(evaluation.substitutes.select_related("person")),
            conflicts=list(evaluation.conflicts.filter(withdrawn_at=None).select_related("person")),
            eligible_count=len(eligible),
            needs_substitute=len(eligible) < rounds.APPROVALS_NEEDED,
            may_assign_raters=evaluation.stage in {Stage.DECLARE, Stage.RATE},
            may_set_moderator=evaluation.stage not in FROM_REVIEW,
            is_published=evaluation.stage == Stage.PUBLISHED,
        )
        context["trail"] = self.trail((_("Who takes part"), ""))
        return self.render_to_response(context, status=status)

    def post(self, request, *args, **kwargs):
        self.evaluation  # noqa: B018 - raises 404 or 403 first
        act = request.POST.get("act", "")
        if act in {"withdraw", "forgive"}:
            self.withdraw(act, request.POST.get("row", ""))
            return self.redirect_to_evaluation("evaluation:assign")
        if act not in self.forms:
            raise Http404
        form = self.make_form(act, request.POST)
        if not form.is_valid():
            return self.show(form, act)
        try:
            done = getattr(self, f"do_{act}")(form.cleaned_data)
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.show(form, act)
        messages.success(request, done)
        return self.redirect_to_evaluation("evaluation:assign")

    def withdraw(self, act: str, row: str) -> None:
        rows = self.evaluation.assignments if act == "withdraw" else self.evaluation.conflicts
        found = get_object_or_404(rows, pk=parse_pk(row))
        service = rounds.withdraw_rater if act == "withdraw" else conflicts.withdraw_conflict
        self.perform(lambda: service(found, by=self.request.user), _("Withdrawn."))

    def do_rater(self, data):
        rounds.assign_rater(self.evaluation, data["person"], data["capacity"], by=self.request.user)
        return _("%(person)s is asked to rate.") % {"person": data["person"]}

    def do_moderator(self, data):
        rounds.set_moderator(self.evaluation, data["person"], by=self.request.user)
        return _("%(person)s moderates.") % {"person": data["person"]}

    def do_extend(self, data):
        rounds.extend_stage(self.evaluation, by=self.request.user, until=data["until"])
        return _("The stage is extended.")

    def do_move(self, data):
        verb = self.request.POST.get("verb", "")
        stages.move_stage(self.evaluation, verb, by=self.request.user, reason=data["reason"])
        return _("The evaluation has moved on.")

    def do_substitute(self, data):
        rounds.appoint_substitute(self.evaluation, data["person"], by=self.request.user, reason=data["reason"])
        return _("%(person)s is appointed as a substitute.") % {"person": data["person"]}

    def do_conflict(self, data):
        conflicts.declare_conflict(self.evaluation, data["person"], by=self.request.user, reason=data["reason"])
        return _("The conflict is written down.")


class ConflictDeclare(EvaluationMixin):
    """Declare the user's own conflict of interest. Afterwards the user may no longer see the evaluation."""

    permission = "evaluation.declare_conflict"
    template_name = "evaluation/conflict.html"

    def get(self, request, *args, **kwargs):
        return self.show(ConflictForm(cancel=self.evaluation.get_absolute_url()))

    def show(self, form):
        if not self.request.user.is_authenticated:
            raise PermissionDenied
        context = self.get_context_data(form=form)
        context["trail"] = self.trail((_("Conflict of interest"), ""))
        return self.render_to_response(context)

    def post(self, request, *args, **kwargs):
        form = ConflictForm(request.POST, cancel=self.evaluation.get_absolute_url())
        if not form.is_valid():
            return self.show(form)
        try:
            conflicts.declare_conflict(self.evaluation, by=request.user, reason=form.cleaned_data["reason"])
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.show(form)
        messages.success(request, _("Thank you. You are no longer asked to take part in this evaluation."))
        return redirect("evaluation:round_list")


class QuestionAnswer(LoginInsteadOf404Mixin, TemplateView):
    """Officials of the city answer a question of the committee."""

    template_name = "evaluation/question_answer.html"

    @cached_property
    def question(self) -> CommitteeQuestion:
        rows = CommitteeQuestion.objects.visible_to(self.request.user)
        rows = rows.select_related("evaluation__round", "evaluation__strategy__city", "dimension")
        question = get_object_or_404(rows, pk=self.kwargs["pk"])
        if not self.request.user.has_perm("evaluation.answer_question", question.evaluation):
            raise PermissionDenied
        return question

    def get(self, request, *args, **kwargs):
        return self.show(AnswerForm(cancel=self.question.evaluation.get_absolute_url()))

    def show(self, form):
        evaluation = self.question.evaluation
        trail = [
            (_("Evaluation"), reverse("evaluation:round_list")),
            (str(evaluation), evaluation.get_absolute_url()),
            (_("Question of the committee"), ""),
        ]
        return self.render_to_response(self.get_context_data(question=self.question, form=form, trail=trail))

    def post(self, request, *args, **kwargs):
        evaluation = self.question.evaluation
        form = AnswerForm(request.POST, cancel=evaluation.get_absolute_url())
        if not form.is_valid():
            return self.show(form)
        try:
            committee.answer_question(self.question, by=request.user, text=form.cleaned_data["text"])
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.show(form)
        messages.success(request, _("Your answer is on the committee's desk."))
        return redirect(evaluation)
