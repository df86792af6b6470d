"""What apps above may hear of."""

from django.dispatch import Signal

# Sent inside the transaction, after each move: sender=Evaluation, evaluation, move (StageMove).
stage_moved = Signal()

# Sent inside the transaction: sender=Evaluation, evaluation, result (EvaluationResult).
evaluation_published = Signal()
