"""Fields of models."""

from typing import Any

from django.db import models


class LowerEmailField(models.EmailField):
    """An email address, stored and looked up in lower case, so that an exact match finds it by the index."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.strip().lower() if isinstance(value, str) else value

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        value = self.get_prep_value(super().pre_save(instance, add))
        setattr(instance, self.attname, value)
        return value
