from .log import LogForm
from .periods import DayForm, NarrativeForm, PeriodFilterForm, ReasonForm, ReturnForm, SubmitForm, ValuesForm
from .plans import (
    ActionForm,
    AreaForm,
    BudgetLineForm,
    IndicatorForm,
    MilestoneForm,
    ObjectiveForm,
    PlanForm,
    RiskForm,
    StrategyForm,
    SwotForm,
)

__all__ = [
    "ActionForm",
    "AreaForm",
    "BudgetLineForm",
    "DayForm",
    "IndicatorForm",
    "LogForm",
    "MilestoneForm",
    "NarrativeForm",
    "ObjectiveForm",
    "PeriodFilterForm",
    "PlanForm",
    "ReasonForm",
    "ReturnForm",
    "RiskForm",
    "StrategyForm",
    "SubmitForm",
    "SwotForm",
    "ValuesForm",
]
