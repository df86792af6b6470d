from .framework import Dimension, Framework, in_language
from .ratings import (
    Assessment,
    Citation,
    CommitteeQuestion,
    CommitteeReview,
    Consensus,
    DeskVisit,
    DimensionReview,
    DiscussionNote,
    Rating,
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
    "DeskVisit",
    "Dimension",
    "DimensionReview",
    "DiscussionNote",
    "Evaluation",
    "EvaluationResult",
    "EvaluationRound",
    "Framework",
    "RaterAssignment",
    "Rating",
    "StageMove",
    "SubstituteAppointment",
    "in_language",
]
