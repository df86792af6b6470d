"""Discussion, and the moderator's consensus: ratings side by side, most disputed dimension first."""

from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from core.form_tokens import start_new_form
from core.forms import form_helper, keep_typed
from core.views import DetailPage, ServiceFormView, attempt
from evaluation.enums import FROM_DISCUSS, Stage
from evaluation.forms.ratings import ConsensusForm, NotesForm
from evaluation.models import Assessment, Evaluation
from evaluation.selectors.comparison import comparison_of
from evaluation.selectors.tasks import requested_changes
from evaluation.services import consensus, discussion, ratings, stages

from .base import EvaluationMixin


class DiscussionMixin(EvaluationMixin):
    """Pages for raters and the moderator. Returns 404 before the discuss stage."""

    permission = "evaluation.discuss_evaluation"

    def is_allowed(self, row):
        is_allowed = super().is_allowed(row)
        if is_allowed and row.stage not in FROM_DISCUSS:
            raise Http404
        return is_allowed

    @cached_property
    def table(self):
        return comparison_of(self.row, self.user)


def frame_helper(evaluation, template):
    """Return the frame of a page whose parts have buttons of their own."""
    return form_helper(save="", draft=evaluation, template=template, css_class="epi-stack")


class Discuss(DiscussionMixin, DetailPage):
    """One form with a note for each dimension, each added by its own button. Other typed notes are shown again."""

    template_name = "evaluation/discuss.html"

    @cached_property
    def form(self) -> NotesForm:
        form = NotesForm(dimensions=self.dimensions, prefix="text")
        form.helper = frame_helper(self.row, "evaluation/parts/discuss_rows.html")
        return form

    def is_late(self) -> bool:
        """Return whether the user has complete ratings to submit before seeing those of others."""
        person = getattr(self.user, "person", None)
        return person is not None and Evaluation.objects.late_for(person).filter(pk=self.kwargs["pk"]).exists()

    def get_context_data(self, **kwargs):
        own = Assessment.objects.filter(evaluation=self.row, rater=self.user.person).first()
        reopened = ratings.reopened_dimensions(self.row)
        is_talk = self.row.stage == Stage.DISCUSS
        may_change = own is not None and own.submitted_at is not None
        return super().get_context_data(**kwargs) | {
            "table": self.table,
            "sides": self.table.most_disputed_first,
            "form": self.form,
            "rows": [(side, self.form[side.dimension.code]) for side in self.table.most_disputed_first],
            "is_open": self.row.stage in {Stage.DISCUSS, Stage.MODERATE},
            "changeable": {
                side.dimension.pk
                for side in self.table.sides
                if may_change and (is_talk or side.dimension.pk in reopened)
            },
            "shows_moderation": self.row.stage != Stage.DISCUSS and self.may("evaluation.moderate_evaluation"),
            "trail": self.trail((_("Discussion"), "")),
        }

    def get(self, request, *args, **kwargs):
        try:
            self.row  # noqa: B018 - raises 404 or 403 first
        except PermissionDenied:
            if not self.is_late():
                raise
            return redirect("evaluation:rate_review", self.kwargs["pk"])  # it says what to do first
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        dimension = self.dimension(request.POST.get("dimension", ""))
        text = request.POST.get(f"text-{dimension.code}") or request.POST.get("text", "")  # "text": pages of 0.1.0
        is_typed = keep_typed(self.form, request.POST)
        add_note = partial(discussion.add_note, self.row, dimension, by=self.user, text=text)
        if attempt(request, add_note, _("Your note has been added.")):
            self.form.initial[dimension.code] = ""
            is_typed = any(typed.strip() for typed in self.form.initial.values())
            start_new_form(request)
        if is_typed:
            return self.render_to_response(self.get_context_data())
        return self.redirect_to_evaluation("evaluation:discuss", anchor=dimension.code)


class Moderate(DiscussionMixin, ServiceFormView):
    """One form with all dimensions, each saved by its own button. What was typed for the others is shown again."""

    permission = "evaluation.moderate_evaluation"
    template_name = "evaluation/moderate.html"

    @cached_property
    def side(self):
        """The dimension whose button was pressed."""
        code = self.request.POST.get("dimension", "")
        side = next((side for side in self.table.sides if side.dimension.code == code), None)
        if side is None:
            raise Http404
        return side

    def make_form(self, data=None, files=None) -> ConsensusForm:
        return self.form_for(self.side, data)

    @staticmethod
    def form_for(side, data=None) -> ConsensusForm:
        return ConsensusForm(data, instance=side.consensus, dimension=side.dimension, prefix=side.dimension.code)

    def get(self, request, *args, **kwargs):
        self.row  # noqa: B018 - raises 404 or 403 first
        return self.show()

    def show(self, form: ConsensusForm | None = None, saved: str = "", status: int = 200):
        """Show the page. Without a redirect the request's own data are kept, but for the dimension ``saved``."""
        is_open = self.row.stage == Stage.MODERATE
        rows = []
        for side in self.table.most_disputed_first:
            if form is not None and form.dimension.pk == side.dimension.pk:
                rows.append((side, form, True))
                continue
            other = self.form_for(side) if is_open else None
            is_kept = other is not None and side.dimension.code != saved
            rows.append((side, other, is_kept and keep_typed(other, self.request.POST)))
        page_form = Form()
        page_form.helper = frame_helper(self.row, "evaluation/parts/moderate_rows.html")
        context = self.get_context_data(rows=rows, bound=form, is_open=is_open, page_form=page_form)
        return self.render_to_response(context, status=status)

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {
            "table": self.table,
            "agreed": sum(side.consensus is not None for side in self.table.sides),
            "request_for_changes": requested_changes(self.row),
            "unsubmitted": self.unsubmitted(),
            "trail": self.trail((_("Moderation"), "")),
        }

    def unsubmitted(self) -> list:
        """Return the assignments of raters who have not submitted. The moderator never sees their drafts."""
        submitted = Assessment.objects.submitted().filter(evaluation=self.row).values("rater")
        return list(self.row.assignments.active().exclude(person__in=submitted).select_related("person"))

    def get_current(self, form, error):
        return error.current

    def show_success(self, form):
        words = {"dimension": form.dimension.name}
        messages.success(self.request, _("The consensus on %(dimension)s has been saved.") % words)

    def finish(self, form):
        code = form.dimension.code
        if self.unsaved(but=code):
            del self.table
            start_new_form(self.request)
            return self.show(saved=code)
        return self.redirect_to_evaluation("evaluation:moderate", anchor=code)

    def unsaved(self, but: str = "") -> list[str]:
        """Return the names of the dimensions whose form was changed and not saved, without dimension ``but``."""
        sides = [side for side in self.table.sides if side.dimension.code != but]
        return [side.dimension.name for side in sides if keep_typed(self.form_for(side), self.request.POST)]

    def save(self, form):
        data = form.cleaned_data
        consensus.save_consensus(
            self.row,
            form.dimension,
            by=self.user,
            level=data["level"],
            not_assessed_reason=data["not_assessed_reason"],
            reason=data["reason"],
            version=data["version"],
        )


class CommitteeSubmit(Moderate):
    """The moderator submits the consensus to the committee. Nothing that is typed and not saved is lost."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        evaluation = self.row
        if names := self.unsaved():
            message = _(
                "Not saved yet: %(names)s. Save or undo your changes before you send the evaluation to the committee."
            )
            messages.error(request, message % {"names": ", ".join(names)})
            return self.show()
        done = _("The evaluation has been sent to the committee.")
        if attempt(request, partial(stages.move_stage, evaluation, "hand_to_committee", by=self.user), done):
            return self.redirect_to_evaluation()
        return self.redirect_to_evaluation("evaluation:moderate")
