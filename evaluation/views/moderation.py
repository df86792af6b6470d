"""Discussion, and the moderator's consensus: ratings side by side, most disputed dimension first."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from core.exceptions import EditConflict, UserFacingError
from core.forms import keep_typed
from evaluation.enums import FROM_DISCUSS, Stage
from evaluation.forms.ratings import ConsensusForm, NotesForm
from evaluation.models import Assessment, Consensus, Evaluation
from evaluation.selectors.comparison import comparison_of
from evaluation.selectors.tasks import requested_changes
from evaluation.services import consensus, discussion, ratings, stages

from .base import EvaluationMixin


class DiscussionMixin(EvaluationMixin):
    """Pages for raters and the moderator. Returns 404 before the discuss stage."""

    permission = "evaluation.discuss_evaluation"

    @cached_property
    def evaluation(self):
        evaluation = super().evaluation
        if evaluation.stage not in FROM_DISCUSS:
            raise Http404
        return evaluation

    @cached_property
    def table(self):
        return comparison_of(self.evaluation, self.request.user)


class Discuss(DiscussionMixin):
    """One form with a note for each dimension, each added by its own button. Other typed notes are shown again."""

    template_name = "evaluation/discuss.html"

    @cached_property
    def form(self) -> NotesForm:
        return NotesForm(dimensions=self.dimensions, prefix="text")

    def is_late(self) -> bool:
        """Return whether the user has complete ratings to submit before seeing those of others."""
        person = getattr(self.request.user, "person", None)
        return person is not None and Evaluation.objects.late_for(person).filter(pk=self.kwargs["pk"]).exists()

    def get_context_data(self, **kwargs):
        own = Assessment.objects.filter(evaluation=self.evaluation, rater=self.request.user.person).first()
        reopened = ratings.reopened_dimensions(self.evaluation)
        is_talk = self.evaluation.stage == Stage.DISCUSS
        may_change = own is not None and own.submitted_at is not None
        return super().get_context_data(**kwargs) | {
            "table": self.table,
            "sides": self.table.most_disputed_first,
            "rows": [(side, self.form[side.dimension.code]) for side in self.table.most_disputed_first],
            "is_open": self.evaluation.stage in {Stage.DISCUSS, Stage.MODERATE},
            "changeable": {
                side.dimension.pk
                for side in self.table.sides
                if may_change and (is_talk or side.dimension.pk in reopened)
            },
            "may_moderate": self.may("evaluation.moderate_evaluation"),
            "trail": self.trail((_("Discussion"), "")),
        }

    def get(self, request, *args, **kwargs):
        try:
            self.evaluation  # noqa: B018 - raises 404 or 403 first
        except PermissionDenied:
            if not self.is_late():
                raise
            return redirect("evaluation:rate_review", self.kwargs["pk"])  # it says what to do first
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        dimension = self.dimension(request.POST.get("dimension", ""))
        text = request.POST.get(f"text-{dimension.code}") or request.POST.get("text", "")  # "text": pages of 0.1.0
        is_typed = keep_typed(self.form, request.POST)
        if self.perform(
            lambda: discussion.add_note(self.evaluation, dimension, by=request.user, text=text), _("Noted.")
        ):
            self.form.initial[dimension.code] = ""
            is_typed = any(typed.strip() for typed in self.form.initial.values())
        if is_typed:
            return self.render_to_response(self.get_context_data())
        return self.redirect_to_evaluation("evaluation:discuss", anchor=dimension.code)


class Moderate(DiscussionMixin):
    """One form with all dimensions, each saved by its own button. What was typed for the others is shown again."""

    permission = "evaluation.moderate_evaluation"
    template_name = "evaluation/moderate.html"

    def make_form(self, side, data=None) -> ConsensusForm:
        return ConsensusForm(data, instance=side.consensus, dimension=side.dimension, prefix=side.dimension.code)

    def get(self, request, *args, **kwargs):
        self.evaluation  # noqa: B018 - raises 404 or 403 first
        return self.show()

    def show(self, bound: ConsensusForm | None = None, saved: str = "", status: int = 200):
        """Show the page. Without a redirect the request's own data are kept, but for the dimension ``saved``."""
        is_open = self.evaluation.stage == Stage.MODERATE
        rows = []
        for side in self.table.most_disputed_first:
            if bound is not None and bound.dimension.pk == side.dimension.pk:
                rows.append((side, bound, True))
                continue
            form = self.make_form(side) if is_open else None
            is_kept = form is not None and side.dimension.code != saved
            rows.append((side, form, is_kept and keep_typed(form, self.request.POST)))
        context = self.get_context_data(
            table=self.table,
            rows=rows,
            bound=bound,
            is_open=is_open,
            agreed=sum(side.consensus is not None for side in self.table.sides),
            request_for_changes=requested_changes(self.evaluation),
            unsubmitted=self.unsubmitted(),
        )
        context["trail"] = self.trail((_("Moderation"), ""))
        return self.render_to_response(context, status=status)

    def unsubmitted(self) -> list:
        """Return the assignments of raters who have not submitted. The moderator never sees their drafts."""
        submitted = Assessment.objects.submitted().filter(evaluation=self.evaluation).values("rater")
        return list(self.evaluation.assignments.active().exclude(person__in=submitted).select_related("person"))

    def post(self, request, *args, **kwargs):
        code = request.POST.get("dimension", "")
        side = next((side for side in self.table.sides if side.dimension.code == code), None)
        if side is None:
            raise Http404
        form = self.make_form(side, request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            self.save(side.dimension, form.cleaned_data)
        except EditConflict:
            form.show_conflict(Consensus.objects.get(evaluation=self.evaluation, dimension=side.dimension))
            return self.show(form, status=409)
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.show(form)
        messages.success(request, _("The consensus on %(dimension)s is saved.") % {"dimension": side.dimension.name})
        if self.unsaved(but=code):
            del self.table
            return self.show(saved=code)
        return self.redirect_to_evaluation("evaluation:moderate", anchor=code)

    def unsaved(self, but: str = "") -> list[str]:
        """Return the names of the dimensions whose form was changed and not saved, without dimension ``but``."""
        sides = [side for side in self.table.sides if side.dimension.code != but]
        return [side.dimension.name for side in sides if keep_typed(self.make_form(side), self.request.POST)]

    def save(self, dimension, data):
        consensus.save_consensus(
            self.evaluation,
            dimension,
            by=self.request.user,
            level=data["level"],
            not_assessed_reason=data["not_assessed_reason"],
            reason=data["reason"],
            version=data["version"],
        )


class CommitteeSubmit(Moderate):
    """The moderator submits the consensus to the committee. Nothing that is typed and not saved is lost."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        evaluation = self.evaluation
        if names := self.unsaved():
            message = _("Not saved yet: %(names)s. Save them, or undo your changes, before you hand over.")
            messages.error(request, message % {"names": ", ".join(names)})
            return self.show()
        done = _("The evaluation is on the committee's desk.")
        if self.perform(lambda: stages.move_stage(evaluation, "hand_to_committee", by=request.user), done):
            return self.redirect_to_evaluation()
        return self.redirect_to_evaluation("evaluation:moderate")
