"""Rounds and evaluations: lists, details, assignments, conflicts, and answers to the committee."""

from functools import partial
from http import HTTPStatus

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from cities.models import Person
from core import row_search
from core.available import available_actions
from core.collation import by_title
from core.exceptions import UserFacingError
from core.form_tokens import start_new_form
from core.forms import keep_typed
from core.parsing import parse_pk
from core.views import DetailPage, ObjectMixin, PagedListView, RowSearchMixin, ServiceFormView, attempt, may
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
    ConflictOfInterest,
    Consensus,
    Evaluation,
    EvaluationRound,
    StageTransition,
)
from evaluation.selectors.eligibility import assignable_raters, eligible_members, people_near, people_without_role
from evaluation.selectors.progress import add_progress, progress_of
from evaluation.selectors.recommendations import of_evaluation
from evaluation.selectors.results import result_summary
from evaluation.selectors.round_results import round_agreement
from evaluation.selectors.tasks import requested_changes, tasks_of
from evaluation.services import committee, conflicts, removal, round_results, rounds, stages
from strategies.models import PeriodRevision, Strategy

from .base import EvaluationMixin


class RoundList(PagedListView):
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


class RoundCreate(ServiceFormView):
    form_class = RoundForm
    template_name = "evaluation/round_form.html"
    permission = "evaluation.add_evaluationround"

    def get_form_kwargs(self):
        return {"cancel": reverse("evaluation:round_list")}

    def get_context_data(self, **kwargs):
        trail = [(_("Evaluation"), reverse("evaluation:round_list")), (_("New round"), "")]
        return super().get_context_data(**kwargs) | {"trail": trail}

    def save(self, form):
        self.saved = rounds.create_round(**form.cleaned_data, by=self.user)

    def show_success(self, form):
        messages.success(self.request, _("The round has been created. Add the cities’ evaluations to it."))

    def get_success_url(self):
        return self.saved.get_absolute_url()


class RoundPage(ObjectMixin):
    template_name = "evaluation/round_detail.html"
    name = "round"
    rows = EvaluationRound.objects.select_related("framework", "period")

    def strategies(self):
        """Return current strategies not in the round yet, whose city has submitted the round's period."""
        submitted = PeriodRevision.objects.filter(
            city_period__city=OuterRef("city"), city_period__period=self.row.period_id
        )
        added = Evaluation.objects.kept().filter(round=self.row, strategy=OuterRef("pk"))
        rows = Strategy.objects.current().filter(Exists(submitted), ~Exists(added))
        return rows.select_related("city").only("title", "city__name")

    def get_context_data(self, *, close_form=None, **kwargs):
        round_, user = self.row, self.user
        agreement = round_agreement(round_)
        rows = by_title(Evaluation.objects.visible_to(user).filter(round=round_).with_related(), "strategy.city.name")
        available, may_add = available_actions(round_, user, is_found=True), may(user, "evaluation.add_evaluationround")
        form, close_form = StrategyForm(strategies=self.strategies()), close_form or CloseRoundForm()
        for shown in (form, close_form):
            if not shown.is_bound:
                keep_typed(shown, self.request.POST)
        if may_add:
            add_progress(rows)
        days = [
            (_("Conflict of interest declarations"), round_.declare_on),
            (_("Rating"), round_.rate_on),
            (_("Discussion"), round_.discuss_on),
            (_("Moderation"), round_.moderate_on),
            (_("Committee review"), round_.review_on),
            (_("Decision due"), round_.decide_by),
        ]
        return super().get_context_data(**kwargs) | {
            "evaluations": rows,
            "days": days,
            "agreement": agreement,
            "removals": self.removals() if may_add else [],
            "may": available,
            "close_form": close_form,
            "form": form if available["add_evaluation"] else None,
            "trail": [(_("Evaluation"), reverse("evaluation:round_list")), (str(round_), "")],
        }

    def removals(self):
        rows = StageTransition.objects.filter(evaluation__round=self.row, verb=StageVerb.REMOVE)
        return list(rows.select_related("evaluation__strategy__city", "by").order_by("-pk"))


class RoundDetail(RoundPage, DetailPage):
    pass


class RoundFormView(RoundPage, ServiceFormView):
    """A form on the round's page, which is shown again if nothing was saved, with the error as a message."""

    http_method_names = ["post"]

    def show_error(self, form, error):
        messages.error(self.request, str(error))


class RoundClose(RoundFormView):
    """Close a round before all its evaluations are published."""

    form_class = CloseRoundForm
    permission = "evaluation.close_evaluationround"
    success_message = gettext_lazy("The round has been closed.")

    def show(self, form, status=HTTPStatus.OK):
        return self.render_to_response(self.get_context_data(round=self.row, close_form=form))

    def save(self, form):
        round_results.close_round(self.row, by=self.user, reason=form.cleaned_data["reason"])


class EvaluationAdd(RoundFormView):
    """Add a city. Shows the page again as well if a reason to close the round is typed."""

    form_class = StrategyForm
    permission = "evaluation.add_evaluationround"

    def is_allowed(self, row):
        return may(self.user, self.permission)

    def get_form_kwargs(self):
        return {"strategies": self.strategies()}

    def show(self, form, status=HTTPStatus.OK):
        if form.errors:
            messages.error(self.request, _("Choose a city that has submitted its report for the period."))
        return self.render_to_response(self.get_context_data(round=self.row))

    def save(self, form):
        self.saved = rounds.add_evaluation(self.row, form.cleaned_data["strategy"], by=self.user)

    def finish(self, form):
        if not self.request.POST.get("reason", "").strip():
            return redirect("evaluation:assign", pk=self.saved.pk)
        words = {"city": self.saved.strategy.city}
        messages.success(self.request, _("The evaluation of %(city)s has been added.") % words)
        start_new_form(self.request)
        return self.show(form)


class EvaluationDetail(EvaluationMixin, DetailPage):
    """Stage, the user's own tasks, and the consensus and result if the user may see them."""

    template_name = "evaluation/evaluation_detail.html"

    def get_context_data(self, **kwargs):
        evaluation, user = self.row, self.user
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
            "questions": self.answerable(questions.select_related("dimension", "answered_by__person")),
            "may_assign": self.may("evaluation.assign_evaluation"),
            "shows_review": evaluation.stage in FROM_REVIEW and evaluation.is_reviewer,
            "is_participant": is_participant,
            "shows_discussion": evaluation.stage in FROM_DISCUSS and self.may("evaluation.discuss_evaluation"),
            "progress": self.progress(),
            "may": available_actions(evaluation, user, is_found=True),
            "is_asked_for_conflicts": is_participant or evaluation.is_reviewer,
            "request_for_changes": requested_changes(evaluation) if is_participant else None,
            "transitions": list(evaluation.transitions.all()),
            "recommendations": of_evaluation(evaluation, user) if evaluation.stage in FROM_DISCUSS else [],
        }

    def answerable(self, questions):
        """Add to each question whether the user may answer it now."""
        found = list(questions)
        for question in found:
            question.evaluation = self.row
            question.may = available_actions(question, self.user, is_found=True)
        return found

    def progress(self):
        """Return who has started and submitted, for the moderator and coordinators until the moderation ends."""
        is_over = self.row.stage in {Stage.DECLARE, *FROM_REVIEW}
        return [] if is_over or not self.may("evaluation.follow_raters") else progress_of(self.row)


MOVE_BUTTONS = {
    "start_rating": gettext_lazy("Start rating"),
    "start_discussion": gettext_lazy("Start discussion"),
    "start_moderation": gettext_lazy("Start moderation"),
    "hand_to_committee": gettext_lazy("Send to the committee"),
}


class Assign(RowSearchMixin, EvaluationMixin, TemplateView):
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
        self.row  # noqa: B018 - raises 404 or 403 first
        if row_search.BUTTON in request.GET:
            return self.answer_script([self.make_form(act) for act in self.forms])
        return self.show()

    def make_form(self, act: str, data=None):
        kwargs = {"prefix": act}
        if act in self.people:
            kwargs["people"], kwargs["near"] = self.people[act]
        return self.offer_typed(self.forms[act](data, **kwargs))

    @cached_property
    def people(self):
        """Return for each form whom it accepts, and whom it offers without a search."""
        active = Person.objects.filter(user__is_active=True).select_related("organisation")
        free = people_without_role(self.row).filter(user__is_active=True).select_related("organisation")
        accepted = {"rater": assignable_raters(self.row), "moderator": free, "conflict": active}
        near = Q(pk__in=people_near(self.row))
        found = {act: (people, people.filter(near)) for act, people in accepted.items()}
        return found | {"substitute": found["moderator"]}  # read once for both

    def show(self, bound=None, act="", status=200):
        """Show the page with what was typed into all its forms; ``act`` is the form that is ``bound``, or was saved."""
        evaluation = self.row
        verb = next((verb for verb in BY_DATE if evaluation.stage in TRANSITIONS[verb][0]), None)
        forms = {name: bound if bound and name == act else self.make_form(name) for name in self.forms}
        for name in self.forms.keys() - {act}:
            keep_typed(forms[name], self.request.POST)
        if row_search.BUTTON in self.request.POST:
            self.search(forms.values(), self.request.POST)
        eligible = list(eligible_members(evaluation)) if evaluation.stage != Stage.PUBLISHED else []
        context = self.get_context_data(
            forms=forms,
            bound=bound,
            verb=verb,
            verb_button=MOVE_BUTTONS.get(verb),
            progress=progress_of(evaluation),
            has_begun=evaluation.stage != Stage.DECLARE,
            substitutes=list(evaluation.substitutes.select_related("person")),
            conflicts=list(evaluation.conflicts.filter(withdrawn_at=None).select_related("person")),
            eligible_count=len(eligible),
            needs_substitute=len(eligible) < rounds.APPROVALS_NEEDED,
            may=available_actions(evaluation, self.user, is_found=True),
            is_published=evaluation.stage == Stage.PUBLISHED,
        )
        context["trail"] = self.trail((_("Raters and moderator"), ""))
        return self.render_to_response(context, status=status)

    def post(self, request, *args, **kwargs):
        self.row  # noqa: B018 - raises 404 or 403 first
        act = request.POST.get("act", "")
        for name in ("withdraw", "forgive"):
            if name in request.POST or act == name:  # 0.1.0 posted the name as "act" and the row as "row"
                self.withdraw(name, request.POST.get(name, request.POST.get("row", "")))
                return self.finish()
        if row_search.BUTTON in request.POST or (act == "" and "act" in request.POST):
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
        return redirect(self.row.round) if act == "remove" else self.finish(act)

    def finish(self, act: str = ""):
        """Redirect to the page, or show it at once if something else was typed that is not saved yet."""
        others = [self.make_form(name) for name in self.forms if name != act]
        if not any(keep_typed(form, self.request.POST) for form in others):
            return self.redirect_to_evaluation("evaluation:assign")
        del self.row, self.people
        start_new_form(self.request)
        return self.show(act=act)

    def withdraw(self, act: str, row: str) -> None:
        rows = self.row.assignments if act == "withdraw" else self.row.conflicts
        found = get_object_or_404(rows, pk=parse_pk(row))
        service, done = rounds.withdraw_rater, _("The rater has been removed.")
        if act != "withdraw":
            service, done = conflicts.withdraw_conflict, _("The declaration has been withdrawn.")
        attempt(self.request, partial(service, found, by=self.user), done)

    def do_rater(self, data):
        rounds.assign_rater(self.row, data["person"], data["capacity"], by=self.user)
        return _("%(person)s has been appointed as a rater.") % {"person": data["person"]}

    def do_moderator(self, data):
        rounds.set_moderator(self.row, data["person"], by=self.user)
        return _("%(person)s has been appointed as moderator.") % {"person": data["person"]}

    def do_extend(self, data):
        rounds.extend_stage(self.row, by=self.user, until=data["until"])
        return _("The stage has been extended.")

    def do_move(self, data):
        verb = self.request.POST.get("verb", "")
        stages.move_stage(self.row, verb, by=self.user, reason=data["reason"])
        return _("The next stage has started.")

    def do_substitute(self, data):
        rounds.appoint_substitute(self.row, data["person"], by=self.user, reason=data["reason"])
        return _("%(person)s has been appointed as a substitute.") % {"person": data["person"]}

    def do_remove(self, data):
        removal.remove_evaluation(self.row, by=self.user, reason=data["reason"])
        return _("%(city)s has been removed from the round.") % {"city": self.row.strategy.city}

    def do_conflict(self, data):
        conflicts.declare_conflict(self.row, data["person"], by=self.user, reason=data["reason"])
        return _("The conflict of interest has been recorded.")


class ConflictDeclare(EvaluationMixin, ServiceFormView):
    """Declare the user's own conflict of interest. Afterwards the user may no longer see the evaluation."""

    form_class = ConflictForm
    permission = "evaluation.declare_conflict"
    template_name = "evaluation/conflict.html"
    success_message = gettext_lazy("Thank you. You are no longer asked to take part in this evaluation.")

    def is_allowed(self, row):
        return self.user.is_authenticated and super().is_allowed(row)

    def get_form_kwargs(self):
        return {"cancel": self.row.get_absolute_url()}

    def post(self, request, *args, **kwargs):
        if declared := self.declared_before():
            reason = request.POST.get("reason", "")
            declare = partial(conflicts.declare_conflict, declared.evaluation, by=request.user, reason=reason)
            attempt(request, declare, self.success_message)
            return redirect(self.get_success_url())
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"trail": self.trail((_("Conflict of interest"), ""))}

    def save(self, form):
        conflicts.declare_conflict(self.row, by=self.user, reason=form.cleaned_data["reason"])

    def get_success_url(self):
        return reverse("evaluation:round_list")

    def declared_before(self):
        """Return the conflict that this user declared before. It may hide the evaluation from the user."""
        user, pk = self.request.user, parse_pk(str(self.kwargs["pk"]))
        rows = ConflictOfInterest.objects.filter(evaluation=pk, declared_by=user.pk, person__user=user.pk)
        return rows.filter(withdrawn_at=None).select_related("evaluation").first() if user.is_authenticated else None


class QuestionAnswer(ServiceFormView):
    """Officials of the city answer a question of the committee."""

    name = "question"
    form_class = AnswerForm
    template_name = "evaluation/question_answer.html"
    rows = CommitteeQuestion.objects.select_related("evaluation__round", "evaluation__strategy__city", "dimension")
    permission = "evaluation.answer_question"
    success_message = gettext_lazy("Your answer has been sent to the committee.")

    def get_form_kwargs(self):
        return {"cancel": self.get_success_url()}

    def get_context_data(self, **kwargs):
        evaluation = self.row.evaluation
        trail = [
            (_("Evaluation"), reverse("evaluation:round_list")),
            (str(evaluation), evaluation.get_absolute_url()),
            (_("Question from the committee"), ""),
        ]
        return super().get_context_data(**kwargs) | {"trail": trail}

    def save(self, form):
        committee.answer_question(self.row, by=self.user, text=form.cleaned_data["text"])

    def get_success_url(self):
        return self.row.evaluation.get_absolute_url()
