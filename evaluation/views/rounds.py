"""Rounds and evaluations: lists, details, assignments, conflicts, and answers to the committee."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView

from cities.models import Person
from core.collation import by_title
from core.exceptions import UserFacingError
from core.forms import keep_typed
from core.parsing import parse_pk
from core.views import LoginInsteadOf404Mixin, PagedListView
from evaluation.enums import BY_DATE, FROM_DISCUSS, FROM_REVIEW, TRANSITIONS, Stage, StageVerb
from evaluation.forms.rounds import (
    AnswerForm,
    CloseRoundForm,
    ConflictForm,
    ExtendForm,
    MoveForm,
    PersonForm,
    PersonReasonForm,
    RaterForm,
    RemovalForm,
    RoundForm,
    StrategyForm,
)
from evaluation.models import (
    CommitteeQuestion,
    CommitteeReview,
    Consensus,
    Evaluation,
    EvaluationRound,
    StageTransition,
)
from evaluation.selectors.eligibility import assignable_raters, eligible_members, people_without_role
from evaluation.selectors.progress import add_progress, progress_of
from evaluation.selectors.results import result_summary
from evaluation.selectors.round_results import round_agreement
from evaluation.selectors.tasks import requested_changes, tasks_of
from evaluation.services import committee, conflicts, removal, round_results, rounds, stages
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
        for row in by_title(visible, "strategy.city.name"):
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
        try:
            row = rounds.create_round(**form.cleaned_data, by=self.request.user)
        except ValidationError as error:  # another round has been created since the form was checked
            form.add_error(None, error)
            return self.form_invalid(form)
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
        added = Evaluation.objects.kept().filter(round=self.round, strategy=OuterRef("pk"))
        return Strategy.objects.current().filter(Exists(submitted), ~Exists(added)).select_related("city")


class RoundDetail(RoundMixin):
    template_name = "evaluation/round_detail.html"

    def get_context_data(self, *, close_form=None, **kwargs):
        round_, user = self.round, self.request.user
        agreement = round_agreement(round_)
        rows = by_title(Evaluation.objects.visible_to(user).filter(round=round_).with_related(), "strategy.city.name")
        may_add = user.has_perm("evaluation.add_evaluationround")
        form, close_form = StrategyForm(strategies=self.strategies()), close_form or CloseRoundForm()
        for shown in (form, close_form):
            if not shown.is_bound:
                keep_typed(shown, self.request.POST)
        if may_add:
            add_progress(rows)
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
            "agreement": agreement,
            "removals": self.removals() if may_add else [],
            "may_close": agreement is None and user.has_perm("evaluation.close_evaluationround", round_),
            "close_form": close_form,
            "form": form if may_add and agreement is None else None,
            "trail": [(_("Evaluation"), reverse("evaluation:round_list")), (str(round_), "")],
        }

    def removals(self):
        rows = StageTransition.objects.filter(evaluation__round=self.round, verb=StageVerb.REMOVE)
        return list(rows.select_related("evaluation__strategy__city", "by").order_by("-pk"))


class RoundClose(RoundDetail):
    """Close a round before all its evaluations are published. Shows the round's page again if the form has errors."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        if not request.user.has_perm("evaluation.close_evaluationround", self.round):
            raise PermissionDenied
        form = CloseRoundForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(close_form=form))
        try:
            round_results.close_round(self.round, by=request.user, reason=form.cleaned_data["reason"])
        except UserFacingError as error:
            messages.error(request, str(error))
            return self.render_to_response(self.get_context_data(close_form=form))
        messages.success(request, _("The round is closed."))
        return redirect(self.round)


class EvaluationAdd(RoundDetail):
    """Add a city. Shows the round's page again if nothing was added, or if a reason to close the round is typed."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        if not request.user.has_perm("evaluation.add_evaluationround"):
            raise PermissionDenied if self.round else Http404
        form = StrategyForm(request.POST, strategies=self.strategies())
        if not form.is_valid():
            messages.error(request, _("Choose a city that has submitted the period."))
            return self.render_to_response(self.get_context_data())
        try:
            evaluation = rounds.add_evaluation(self.round, form.cleaned_data["strategy"], by=request.user)
        except UserFacingError as error:
            messages.error(request, str(error))
            return self.render_to_response(self.get_context_data())
        if request.POST.get("reason", "").strip():
            messages.success(request, _("The evaluation of %(city)s is added.") % {"city": evaluation.strategy.city})
            return self.render_to_response(self.get_context_data())
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
        is_participant = evaluation.is_rater or evaluation.is_moderator
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
            "may_discuss": evaluation.stage in FROM_DISCUSS and self.may("evaluation.discuss_evaluation"),
            "progress": self.progress(),
            "may_declare": evaluation.stage != Stage.PUBLISHED and (is_participant or evaluation.is_reviewer),
            "request_for_changes": requested_changes(evaluation) if is_participant else None,
            "transitions": list(evaluation.transitions.all()),
        }

    def progress(self):
        """Return who has started and submitted, for the moderator and coordinators until the moderation ends."""
        is_over = self.evaluation.stage in {Stage.DECLARE, *FROM_REVIEW}
        return [] if is_over or not self.may("evaluation.follow_raters") else progress_of(self.evaluation)


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
        "remove": RemovalForm,
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
        """Show the page with what was typed into all its forms; ``act`` is the form that is ``bound``, or was saved."""
        evaluation = self.evaluation
        verb = next((verb for verb in BY_DATE if evaluation.stage in TRANSITIONS[verb][0]), None)
        forms = {name: bound if bound and name == act else self.make_form(name) for name in self.forms}
        for name in self.forms.keys() - {act}:
            keep_typed(forms[name], self.request.POST)
        eligible = list(eligible_members(evaluation)) if evaluation.stage != Stage.PUBLISHED else []
        context = self.get_context_data(
            forms=forms,
            bound=bound,
            verb=verb,
            progress=progress_of(evaluation),
            has_begun=evaluation.stage != Stage.DECLARE,
            substitutes=list(evaluation.substitutes.select_related("person")),
            conflicts=list(evaluation.conflicts.filter(withdrawn_at=None).select_related("person")),
            eligible_count=len(eligible),
            needs_substitute=len(eligible) < rounds.APPROVALS_NEEDED,
            may_assign_raters=evaluation.stage in {Stage.DECLARE, Stage.RATE},
            may_set_moderator=evaluation.stage not in FROM_REVIEW,
            is_published=evaluation.stage == Stage.PUBLISHED,
            may_remove=evaluation.stage in TRANSITIONS["remove"][0] and not evaluation.assessments.exists(),
        )
        context["trail"] = self.trail((_("Who takes part"), ""))
        return self.render_to_response(context, status=status)

    def post(self, request, *args, **kwargs):
        self.evaluation  # noqa: B018 - raises 404 or 403 first
        act = request.POST.get("act", "")
        for name in ("withdraw", "forgive"):
            if name in request.POST or act == name:  # 0.1.0 posted the name as "act" and the row as "row"
                self.withdraw(name, request.POST.get(name, request.POST.get("row", "")))
                return self.finish()
        if act == "" and "act" in request.POST:
            return self.show()
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
        return redirect(self.evaluation.round) if act == "remove" else self.finish(act)

    def finish(self, act: str = ""):
        """Redirect to the page, or show it at once if something else was typed that is not saved yet."""
        others = [self.make_form(name) for name in self.forms if name != act]
        if not any(keep_typed(form, self.request.POST) for form in others):
            return self.redirect_to_evaluation("evaluation:assign")
        del self.evaluation
        return self.show(act=act)

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

    def do_remove(self, data):
        removal.remove_evaluation(self.evaluation, by=self.request.user, reason=data["reason"])
        return _("%(city)s is removed from the round.") % {"city": self.evaluation.strategy.city}

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
