from .facts import ActionUpdate, Evidence, IndicatorValue, MilestoneReached, UpdateDraft
from .indicators import Indicator
from .periods import (
    CityPeriod,
    Narrative,
    PeriodComment,
    PeriodMove,
    PeriodRevision,
    Reminder,
    ReminderDay,
    ReportingPeriod,
    RevisionAction,
    RevisionIndicator,
)
from .phases import GateWaiver, PilotPhase
from .strategy import (
    Action,
    BudgetLine,
    ImplementationProblem,
    Milestone,
    Objective,
    PriorityArea,
    Strategy,
    SwotItem,
)

__all__ = [
    "Action",
    "ActionUpdate",
    "BudgetLine",
    "CityPeriod",
    "Evidence",
    "GateWaiver",
    "ImplementationProblem",
    "Indicator",
    "IndicatorValue",
    "Milestone",
    "MilestoneReached",
    "Narrative",
    "Objective",
    "PeriodComment",
    "PeriodMove",
    "PeriodRevision",
    "PilotPhase",
    "PriorityArea",
    "Reminder",
    "ReminderDay",
    "ReportingPeriod",
    "RevisionAction",
    "RevisionIndicator",
    "Strategy",
    "SwotItem",
    "UpdateDraft",
]
