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
    RestoreForm,
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
    "RestoreForm",
    "ReturnForm",
    "RiskForm",
    "StrategyForm",
    "SubmitForm",
    "SwotForm",
    "ValuesForm",
]
