from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = _("Evaluation")

    def ready(self):
        from cities.cards import add_card
        from cities.signals import network_made
        from pilot.enums import PhaseKind
        from pilot.gates import add_condition
        from strategies.readers import add_reader
        from strategies.work import add_work

        from . import locks, rules  # noqa: F401 - permissions are registered by the import
        from .cards import evaluation_card
        from .gate_checks import evaluation_is_published
        from .selectors.overview import work_rows
        from .selectors.readers import judged_revisions
        from .services.frameworks import bring_framework

        network_made.connect(bring_framework, dispatch_uid="evaluation.bring_framework")
        add_work(work_rows)
        add_card(evaluation_card, order=60)
        add_reader(judged_revisions)
        add_condition(
            PhaseKind.PACT,
            "evaluation_published",
            _("An evaluation of the city is published"),
            evaluation_is_published,
            is_completion=True,
        )
        locks.register()
