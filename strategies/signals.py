"""What apps above may hear of."""

from django.dispatch import Signal

# Sent inside the transaction, after each move: sender=CityPeriod, city_period, move (PeriodMove),
# revision (the PeriodRevision that a submission has made, else None).
period_moved = Signal()
