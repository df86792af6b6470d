"""Forms about decisions of meetings."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from core.forms import ButtonsForm
from strategies.models import Action


class DecisionLinkForm(ButtonsForm, forms.Form):
    action = forms.ModelChoiceField(
        Action.objects.none(),
        label=gettext_lazy("Action"),
        required=False,
        empty_label=gettext_lazy("no action"),
        help_text=gettext_lazy("The action of the city’s plan that carries out the decision."),
    )

    def __init__(self, *args: Any, actions: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["action"].queryset = actions
