from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = _("Evaluation")

    def ready(self):
        from epi_site.shared import triggers

        from . import rules  # noqa: F401 - permissions are registered by the import
        from .models import CommitteeReview, DimensionReview, EvaluationResult, Report, ReportFile, StageMove

        triggers.freeze(StageMove)
        triggers.freeze(CommitteeReview, unique=[("evaluation_id", "member_id", "cycle")])
        triggers.freeze(DimensionReview, unique=[("review_id", "dimension_id")])
        triggers.freeze(EvaluationResult, unique=[("evaluation_id",)])
        triggers.freeze(ReportFile, unique=[("report_id", "name")])
        triggers.freeze(
            Report,
            ["kind", "city_id", "period_id", "revision", "number", "snapshot", "sha256", "schema_version", "issued_at"],
            unique=[("number",)],
        )
