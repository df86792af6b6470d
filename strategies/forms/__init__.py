from .decisions import DecisionLinkForm
from .log import LogForm
from .periods import AdoptionForm, NarrativeForm, NoChangeForm, ReasonForm, ReturnForm, SubmitForm, ValuesForm
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
    "AdoptionForm",
    "AreaForm",
    "BudgetLineForm",
    "DecisionLinkForm",
    "IndicatorForm",
    "LogForm",
    "MilestoneForm",
    "NarrativeForm",
    "NoChangeForm",
    "ObjectiveForm",
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
