"""Signals that apps above this one may connect to."""

from django.dispatch import Signal

# Sent inside the transaction. Arguments: sender=Evaluation, evaluation, result (EvaluationResult).
evaluation_published = Signal()
