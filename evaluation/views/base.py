"""Base view of the pages about one evaluation."""

from typing import Any

from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from core.views import ObjectMixin
from evaluation.enums import STAGES
from evaluation.models import Dimension, Evaluation
from evaluation.selectors.corrections import lazy_correction


class EvaluationMixin(ObjectMixin):
    """A page about one evaluation."""

    name = "evaluation"

    def get_rows(self):
        return Evaluation.objects.with_roles_of(self.user).with_related()

    @property
    def evaluation(self) -> Evaluation:
        return self.row

    def is_allowed(self, row) -> bool:
        return not self.permission or self.may(self.permission, row)

    def may(self, permission: str, row: Any = None) -> bool:
        """Return what the rule would, for an evaluation that is visible; uses the annotations of ``with_roles_of``."""
        evaluation = row or self.row
        parts = {
            "evaluation.rate_evaluation": evaluation.is_rater,
            "evaluation.moderate_evaluation": evaluation.is_moderator,
            "evaluation.discuss_evaluation": (evaluation.is_rater and not evaluation.is_late_rater)
            or evaluation.is_moderator,
            "evaluation.review_evaluation": evaluation.is_reviewer,
            "evaluation.declare_conflict": True,
        }
        return parts[permission] if permission in parts else super().may(permission, evaluation)

    @cached_property
    def dimensions(self) -> list[Dimension]:
        return list(self.evaluation.round.framework.dimensions.select_related("framework"))

    def dimension(self, code: str) -> Dimension:
        return get_object_or_404(Dimension, framework=self.evaluation.round.framework_id, code=code)

    def trail(self, *last: tuple[str, str]) -> list[tuple[str, str]]:
        evaluation = self.evaluation
        return [
            (_("Evaluation"), reverse("evaluation:round_list")),
            (str(evaluation.round), evaluation.round.get_absolute_url()),
            (str(evaluation.strategy.city), evaluation.get_absolute_url()),
            *last,
        ]

    def get_context_data(self, **kwargs) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        stage = self.evaluation.stage
        position = STAGES.index(stage)
        steps = [(step, index < position, index == position) for index, step in enumerate(STAGES)]
        known = {"evaluation": self.evaluation, "steps": steps, "trail": self.trail()}
        return known | {"correction": lazy_correction(self.evaluation, self.request.user)} | context

    def redirect_to_evaluation(self, name: str = "evaluation:evaluation_detail", anchor: str = ""):
        return redirect(reverse(name, args=[self.evaluation.pk]) + (f"#{anchor}" if anchor else ""))
