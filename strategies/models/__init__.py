from .actions import Action, BudgetLine, Milestone
from .decisions import DecisionLink
from .facts import ActionUpdate, Evidence, IndicatorValue, MilestoneDropped, MilestoneReached
from .figures import ActionFigures
from .indicators import Indicator
from .periods import (
    CityPeriod,
    Narrative,
    PeriodComment,
    PeriodRevision,
    PeriodTransition,
    Reminder,
    ReminderDay,
    ReportingPeriod,
    RevisionAction,
    RevisionFile,
    RevisionIndicator,
)
from .strategy import Objective, PriorityArea, Strategy, StrategyComment
from .swot import Risk, SwotItem

__all__ = [
    "Action",
    "ActionFigures",
    "ActionUpdate",
    "BudgetLine",
    "CityPeriod",
    "DecisionLink",
    "Evidence",
    "Indicator",
    "IndicatorValue",
    "Milestone",
    "MilestoneDropped",
    "MilestoneReached",
    "Narrative",
    "Objective",
    "PeriodComment",
    "PeriodRevision",
    "PeriodTransition",
    "PriorityArea",
    "Reminder",
    "ReminderDay",
    "ReportingPeriod",
    "RevisionAction",
    "RevisionFile",
    "RevisionIndicator",
    "Risk",
    "Strategy",
    "StrategyComment",
    "SwotItem",
]
