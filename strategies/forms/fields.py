"""The field of an indicator value, and a field for several files."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cities.enums import Visibility
from core.forms import AmountField, WholeNumberField
from strategies.models import Indicator


def value_field(indicator: Indicator, **kwargs: Any) -> AmountField:
    """Return the field for a value of the indicator; not required."""
    field_class = WholeNumberField if indicator.counts_people else AmountField
    label = f"{indicator.name} ({indicator.unit})"
    return field_class(required=False, max_digits=16, decimal_places=4, label=label, **kwargs)


def visibility_field(indicator: Indicator, **kwargs: Any) -> forms.ChoiceField:
    """Return the field for who may read the value. What is not sent stays as it is stored."""
    label = _("Who can read the value of “%(name)s”") % {"name": indicator.name}
    return forms.ChoiceField(required=False, choices=Visibility.choices, label=label, **kwargs)


def confirm_field(indicator: Indicator) -> forms.BooleanField:
    """Return the checkbox for a value that may be wrong."""
    label = _("The value of “%(name)s” is correct.") % {"name": indicator.name}
    return forms.BooleanField(required=False, label=label)


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files in one field; cleans to a list."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list:
        chosen = data if isinstance(data, list | tuple) else [data] if data else []
        if not chosen and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        return [super(FilesField, self).clean(one, initial) for one in chosen]
