"""Number fields that accept what people type or paste, and a field for several files."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import get_format
from django.utils.translation import gettext_lazy as _

from core.forms import NumberInput

SPACES = re.compile(r"[\s\u00a0\u202f'’]")
GROUPED = re.compile(r"[-+]?\d{1,3}(?P<mark>[.,])\d{3}(?:(?P=mark)\d{3})*")


def plain_number(text: str) -> str:
    """Return ``41 200,50``, ``41.200,50`` and ``41,200.50`` as ``41200.50``.

    If there is only one separator, the active locale decides what it means.
    """
    text = SPACES.sub("", text).replace("−", "-")
    if "," in text and "." in text:
        last = max(text.rfind(","), text.rfind("."))
        return re.sub("[.,]", "", text[:last]) + "." + text[last + 1 :]
    mark = "," if "," in text else "."
    if GROUPED.fullmatch(text) and (text.count(mark) > 1 or mark != get_format("DECIMAL_SEPARATOR")):
        return text.replace(mark, "")
    return text.replace(",", ".")


class AmountField(forms.DecimalField):
    """A decimal number in the active locale, with or without thousands separators."""

    widget = NumberInput
    default_error_messages = {"invalid": _("Write a number, such as 1200 or 1200.50.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"localize": True} | kwargs))

    def prepare_value(self, value: Any) -> Any:
        """Remove trailing zeros: 9600.00 is shown as 9600 and 12.50 as 12.5, in the active locale."""
        if not isinstance(value, Decimal):
            return value
        return value.to_integral_value() if value == value.to_integral_value() else value.normalize()

    def to_python(self, value: Any) -> Decimal | None:
        if value in self.empty_values:
            return None
        try:
            number = Decimal(plain_number(str(value)))
        except InvalidOperation as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        if not number.is_finite():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return number


class CountField(AmountField):
    """A non-negative integer, such as a number of people."""

    default_error_messages = {"invalid": _("Write a whole number, such as 31.")}

    def __init__(self, **kwargs: Any) -> None:
        widget = NumberInput(decimals=False)
        super().__init__(**({"widget": widget, "min_value": 0, "max_value": 2_000_000_000} | kwargs))

    def to_python(self, value: Any) -> Decimal | None:
        number = super().to_python(value)
        if number is not None and number != number.to_integral_value():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return number

    def clean(self, value: Any) -> int | None:
        number = super().clean(value)
        return None if number is None else int(number)


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
