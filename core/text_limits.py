"""How many characters the texts may have that people type. Forms show the limit; every save enforces it."""

import json
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from . import locales
from .exceptions import UserFacingError
from .first_party import is_first_party

HISTORY_REASON = 100  # a reason is shortened to this in a history
LINE = 200  # a name, a search, a comment on one row of a table
PARAGRAPH = 4_000  # a comment, a reason, a short description
LONG_TEXT = 20_000  # a narrative, minutes, the description of a plan
PASSWORD = 128
LANGUAGE_CODE = 10
MAX_LANGUAGES = 20  # of one city
MAX_LINKS = 20  # of one update
MAX_URL = 500
MAX_FILES = 10  # of one update
MAX_GUEST_GROUPS = 100  # of one event


class TextTooLong(UserFacingError):
    """A service was given a text beyond the limit of its field. ``errors`` maps the field to the sentence."""

    def __init__(self, field: Any, length: int, limit: int) -> None:
        sentence = too_long(length, limit)
        super().__init__(f"{field.verbose_name}: {sentence}")
        self.errors = {field.name: sentence}


def too_long(length: int, limit: int) -> str:
    words = {"length": locales.number(length), "limit": locales.number(limit)}
    return _("The text has %(length)s characters. Shorten it to at most %(limit)s.") % words


# ---- model fields


class _LengthLimit:
    """Mixin of a field with ``max_length``, which the database does not know: stored rows may be longer.

    Migrations see Django's own field, so changing a limit needs none.
    """

    def deconstruct(self: Any) -> tuple[Any, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        kwargs.pop("max_length", None)
        return name, f"django.db.models.{self.get_internal_type()}", args, kwargs

    def validate(self: Any, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)  # type: ignore[misc]
        if limit := exceeded_limit(self, value, model_instance):
            raise ValidationError(too_long(_length_of(value), limit), code="max_length")


class LimitedTextField(_LengthLimit, models.TextField):
    """A text that people type. Forms show the limit below the textarea."""

    def formfield(self, **kwargs: Any) -> Any:  # type: ignore[override]
        from .forms import LongTextarea  # here: the forms import the limits

        return super().formfield(**{"widget": LongTextarea} | kwargs)


class LimitedJSONField(_LengthLimit, models.JSONField):
    """``max_length`` counts the characters of the JSON text."""


def _length_of(value: Any) -> int:
    return len(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def exceeded_limit(field: Any, value: Any, instance: models.Model) -> int | None:
    """Return the limit that ``value`` exceeds, or None. A longer text that is stored already may stay, but not grow."""
    is_json = isinstance(field, models.JSONField)
    if field.max_length is None or not (is_json or isinstance(value, str)) or _length_of(value) <= field.max_length:
        return None
    stored = type(instance)._base_manager.filter(pk=instance.pk).values_list(field.attname, flat=True).first()
    limit = max(field.max_length, _length_of(stored) if stored is not None else 0)
    return limit if _length_of(value) > limit else None


# ---- every save


@cache
def limited_fields(model: type[models.Model]) -> tuple[Any, ...]:
    """Return the fields of one of our models that have a limit; none for histories, which copy stored rows."""
    if not is_first_party(model._meta.app_label) or hasattr(model, "instance_type"):
        return ()
    kinds = (models.CharField, models.TextField, models.JSONField)
    return tuple(field for field in model._meta.concrete_fields if isinstance(field, kinds) and field.max_length)


def refuse_long_texts(sender: type[models.Model], instance: models.Model, raw: bool, **kwargs: Any) -> None:
    """Receiver of ``pre_save``: raise TextTooLong before a service stores a text that its form would refuse."""
    if raw:
        return
    for field in limited_fields(sender):
        value = getattr(instance, field.attname)
        if limit := exceeded_limit(field, value, instance):
            raise TextTooLong(field, _length_of(value), limit)
