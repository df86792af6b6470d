"""Rating a strategy: one page per dimension, and one to review all ratings before submitting."""

from datetime import date

from django.contrib import messages
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from core.exceptions import UserFacingError
from core.forms import form_helper
from core.views import DetailPage, ServiceFormView, attempt
from evaluation.enums import Stage
from evaluation.forms.ratings import RatingForm
from evaluation.models import Assessment, Rating
from evaluation.selectors.citable import citable_sources
from evaluation.selectors.recommendations import previous_recommendations
from evaluation.selectors.tasks import tasks_of
from evaluation.services import ratings

from .base import EvaluationMixin


class RaterMixin(EvaluationMixin):
    """Pages of an assigned rater; a peer or committee rater must have no conflict."""

    permission = "evaluation.rate_evaluation"

    @cached_property
    def person(self):
        return self.user.person

    @cached_property
    def assessment(self) -> Assessment | None:
        rows = Assessment.objects.filter(evaluation=self.evaluation, rater=self.person)
        return rows.prefetch_related("ratings__citations", "ratings__dimension", "ratings__blind").first()

    @cached_property
    def capacity(self):
        return self.evaluation.assignments.active().get(person=self.person)

    @cached_property
    def own_ratings(self) -> dict[str, Rating]:
        return {row.dimension.code: row for row in self.assessment.ratings.all()} if self.assessment else {}

    def forget_ratings(self) -> None:
        """Have the ratings read again: another request has changed them, or made the first one."""
        for name in ("assessment", "own_ratings"):
            self.__dict__.pop(name, None)

    def can_edit(self, dimension) -> bool:
        try:
            ratings.check_open(self.evaluation, self.assessment, dimension)
        except UserFacingError:
            return False
        return True

    def get_context_data(self, **kwargs):
        done = [(dimension, self.own_ratings.get(dimension.code)) for dimension in self.dimensions]
        return super().get_context_data(**kwargs) | {
            "assignment": self.capacity,
            "assessment": self.assessment,
            "progress": done,
            "done_count": sum(bool(rating and rating.is_complete) for _dimension, rating in done),
        }


class Rate(RaterMixin, ServiceFormView):
    template_name = "evaluation/rate.html"

    @cached_property
    def current(self):
        return self.dimension(self.kwargs["code"])

    @cached_property
    def sources(self):
        return citable_sources(self.evaluation, self.capacity.capacity)

    def make_form(self, data=None, files=None) -> RatingForm:
        rating = self.own_ratings.get(self.current.code)
        cited = tuple("{}:{}".format(*row.source) for row in rating.citations.all()) if rating else ()
        return RatingForm(data, instance=rating, dimension=self.current, sources=self.sources, cited=cited)

    def get_context_data(self, **kwargs):
        kwargs["form"].helper = self.helper()
        return super().get_context_data(**kwargs) | {
            "dimension": self.current,
            "rating": self.own_ratings.get(self.current.code),
            "can_edit": self.can_edit(self.current),
            "trail": self.trail(
                (_("Your ratings"), reverse("evaluation:rate_review", args=[self.row.pk])), (self.current.name, "")
            ),
        }

    def helper(self):
        position = [row.code for row in self.dimensions].index(self.current.code)
        following = next(iter(self.dimensions[position + 1 :]), None)
        go_on = (
            _("Save and go to %(name)s") % {"name": following.name} if following else _("Save and review all ratings")
        )
        return form_helper(
            save="",
            buttons=(("save_next", go_on), ("save", _("Save"))),
            cancel=reverse("evaluation:rate_review", args=[self.row.pk]),
            cancel_label=_("Back to your ratings"),
            draft=self.current.name,
            template="evaluation/parts/rate_fields.html",
            css_class="epi-form epi-wide",
        )

    def get_current(self, form, error):
        self.forget_ratings()
        return error.current

    def show_success(self, form):
        data, known = form.cleaned_data, {"dimension": self.current.name}
        if data["level"] and not data["reasons"].strip():
            message = _("%(dimension)s has been saved but is not complete. Give reasons for the level.")
            messages.warning(self.request, message % known)
        elif data["level"] or data["not_assessed_reason"]:
            messages.success(self.request, _("%(dimension)s has been saved.") % known)
        else:
            messages.info(self.request, _("Choose a level for %(dimension)s.") % known)

    def save(self, form):
        data = form.cleaned_data
        ratings.save_rating(
            self.evaluation,
            self.current,
            by=self.user,
            level=data["level"],
            not_assessed_reason=data["not_assessed_reason"],
            reasons=data["reasons"],
            strength_override=data["strength_override"],
            strength_reason=data["strength_reason"],
            citations=data["citations"],
            version=data["version"],
        )

    def get_success_url(self) -> str:
        codes = [row.code for row in self.dimensions]
        position = codes.index(self.current.code) + 1
        if "save_next" in self.request.POST and position < len(codes):
            return reverse("evaluation:rate", args=[self.row.pk, codes[position]])
        if "save_next" in self.request.POST:
            return reverse("evaluation:rate_review", args=[self.row.pk])
        return reverse("evaluation:rate", args=[self.row.pk, self.current.code])


class RateReview(RaterMixin, DetailPage):
    """All own ratings, before and after submitting."""

    template_name = "evaluation/rate_review.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        missing = ratings.missing_dimensions(self.evaluation, self.assessment)
        sources = citable_sources(self.evaluation, self.capacity.capacity)
        rows = [(dimension, rating, self.cited(rating, sources)) for dimension, rating in context["progress"]]
        is_open = self.evaluation.stage == Stage.RATE and not (self.assessment and self.assessment.submitted_at)
        return context | {
            "rows": rows,
            "missing": missing,
            "unexplained": {row.pk for row, rating, _cited in rows if rating and rating.lacks_reasons},
            "is_open": is_open,
            "writable": {row.pk for row in self.dimensions if self.can_edit(row)},
            "trail": self.trail((_("Your ratings"), "")),
            "previous": previous_recommendations(self.evaluation, self.user),
            "following": self.following() if self.has_just_submitted else None,
        }

    @property
    def has_just_submitted(self) -> bool:
        return self.evaluation.stage == Stage.RATE and bool(self.assessment and self.assessment.submitted_at)

    def following(self):
        """Return the user's most urgent other task in the rate stage, or None."""
        waiting = [task for task in tasks_of(self.user) if task.evaluation.stage == Stage.RATE]
        return min(waiting, key=lambda task: task.due_on or date.max, default=None)

    @staticmethod
    def cited(rating, sources):
        return [sources.get("{}:{}".format(*row.source)) for row in rating.citations.all()] if rating else []

    def post(self, request, *args, **kwargs):
        self.row  # noqa: B018 - raises 404 or 403 first
        attempt(request, lambda: ratings.submit_assessment(self.row, by=self.user))  # the page itself confirms it
        return self.redirect_to_evaluation("evaluation:rate_review")
