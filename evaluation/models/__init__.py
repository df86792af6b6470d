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
    StageTransition,
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
    "StageTransition",
    "SubstituteAppointment",
    "in_language",
]
