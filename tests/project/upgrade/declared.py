"""What the migrations since each version rename or change on purpose. See README.md in this folder."""

from .reading import SKIP, Declared

DECLARED = {
    "0.1.0": Declared(
        models={
            "strategies.pilotphase": "pilot.pilotphase",
            "strategies.gatewaiver": "pilot.gatewaiver",
            "evaluation.report": "reports.report",
            "evaluation.reportfile": "reports.reportfile",
            "evaluation.reportschedule": "reports.reportschedule",
        },
        values={("django_session", "session_data"): lambda value: SKIP},  # the path of the authentication backend
    ),
}
