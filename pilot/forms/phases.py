"""The form of a pilot phase's dates."""

from core.forms import DateInput, VersionedForm
from pilot.models import PilotPhase


class PhaseForm(VersionedForm):
    class Meta:
        model = PilotPhase
        fields = ["planned_start", "planned_end", "actual_start", "actual_end"]
        widgets = dict.fromkeys(fields, DateInput())

    def _post_clean(self):
        """Skip model validation: the service validates and saves."""
