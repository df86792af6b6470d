"""Signals that apps above can connect to."""

from django.dispatch import Signal

# Sent inside the transaction after each state transition: sender=CityPeriod, city_period,
# transition (PeriodTransition), revision (the PeriodRevision created by a submission, else None).
period_state_changed = Signal()
