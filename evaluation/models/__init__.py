from .framework import Dimension, Framework, in_language
from .ratings import (
    Assessment,
    Citation,
    CommitteeQuestion,
    CommitteeReview,
    Consensus,
    DimensionReview,
    DiscussionNote,
    Rating,
    ReviewVisit,
)
from .rounds import (
    ConflictOfInterest,
    Evaluation,
    EvaluationResult,
    EvaluationRound,
    RaterAssignment,
    StageMove,
    SubstituteAppointment,
)

__all__ = [
    "Assessment",
    "Citation",
    "CommitteeQuestion",
    "CommitteeReview",
    "ConflictOfInterest",
    "Consensus",
    "Dimension",
    "DimensionReview",
    "DiscussionNote",
    "Evaluation",
    "EvaluationResult",
    "EvaluationRound",
    "Framework",
    "RaterAssignment",
    "Rating",
    "ReviewVisit",
    "StageMove",
    "SubstituteAppointment",
    "in_language",
]
