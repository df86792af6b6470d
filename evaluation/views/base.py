"""Base view of the pages about one evaluation."""

from typing import Any

import rules
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from core.exceptions import UserFacingError
from core.views import LoginInsteadOf404Mixin
from evaluation.enums import STAGES
from evaluation.models import Dimension, Evaluation
from evaluation.selectors.corrections import lazy_correction


class EvaluationMixin(LoginInsteadOf404Mixin, TemplateView):
    """Returns 404 if the evaluation is not visible to the user, 403 without ``permission``."""

    permission = ""

    @cached_property
    def evaluation(self) -> Evaluation:
        user = self.request.user
        visible = Evaluation.objects.visible_to(user).with_roles_of(user).with_related()
        evaluation = get_object_or_404(visible, pk=self.kwargs["pk"])
        if self.permission and not self._has_perm(self.permission, evaluation):
            raise PermissionDenied
        return evaluation

    def _has_perm(self, permission: str, evaluation: Evaluation) -> bool:
        """Return what the rule would, for an evaluation that is visible; uses the annotations of ``with_roles_of``."""
        parts = {
            "evaluation.rate_evaluation": evaluation.is_rater,
            "evaluation.moderate_evaluation": evaluation.is_moderator,
            "evaluation.discuss_evaluation": (evaluation.is_rater and not evaluation.is_late_rater)
            or evaluation.is_moderator,
            "evaluation.review_evaluation": evaluation.is_reviewer,
            "evaluation.declare_conflict": True,
        }
        if permission in parts:
            return parts[permission]
        return rules.has_perm(permission, self.request.user, evaluation)

    def dispatch(self, request, *args, **kwargs):
        self.request = request
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def dimensions(self) -> list[Dimension]:
        return list(self.evaluation.round.framework.dimensions.select_related("framework"))

    def dimension(self, code: str) -> Dimension:
        return get_object_or_404(Dimension, framework=self.evaluation.round.framework_id, code=code)

    def may(self, permission: str) -> bool:
        return self._has_perm(permission, self.evaluation)

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

    def perform(self, action, done: str = "") -> bool:
        """Call ``action``; show a user-facing error as a message. Returns whether it succeeded."""
        try:
            action()
        except UserFacingError as error:
            messages.error(self.request, str(error))
            return False
        if done:
            messages.success(self.request, done)
        return True

    def redirect_to_evaluation(self, name: str = "evaluation:evaluation_detail", anchor: str = ""):
        return redirect(reverse(name, args=[self.evaluation.pk]) + (f"#{anchor}" if anchor else ""))
