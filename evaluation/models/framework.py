from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.history import HistoricalRecords
from core.models import Recorded
from core.text_limits import LONG_TEXT, PARAGRAPH, LimitedJSONField, LimitedTextField
from evaluation.exceptions import FrameworkInUse


def in_language(texts: dict, language: str | None = None) -> str:
    """Return the text in ``language`` (default: the active one), else in English, else in any language.

    ``texts`` maps language codes to texts: ``{"en": ..., "sv": ...}``. Returns "" if it is empty.
    """
    code = (language or get_language() or "en").split("-")[0]
    return texts.get(code) or texts.get("en") or next(iter(texts.values()), "")


def validate_texts(texts):
    if not isinstance(texts, dict) or not texts.get("en"):
        raise ValidationError(_("Enter the text as JSON by language, with at least “en”."))


class Framework(Recorded):
    """A versioned set of dimensions with questions and rubric.

    Once a round uses it, it no longer changes; make a new version instead.
    """

    name = models.CharField(_("name"), max_length=120)
    version = models.PositiveSmallIntegerField(_("version"))
    scale = LimitedJSONField(_("scale"), help_text=_("Name of each level, by language."), max_length=PARAGRAPH)
    note = LimitedTextField(_("note"), blank=True, max_length=PARAGRAPH)
    adopted_on = models.DateField(_("adopted by the scientific committee on"), null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["name", "-version"]
        verbose_name = _("framework")
        verbose_name_plural = _("frameworks")
        constraints = [
            models.UniqueConstraint(
                fields=["name", "version"],
                name="evaluation_framework_version_once",
                violation_error_message=_(
                    "This framework already has a version with this number. Choose the next number."
                ),
            )
        ]

    def __str__(self):
        return f"{self.name}, {self.version}"

    def level_name(self, level: int, language: str | None = None) -> str:
        return in_language(self.scale[str(level)], language)

    @property
    def levels(self) -> list[tuple[int, str]]:
        """Return ``(level, name)`` pairs, lowest first."""
        return [(int(level), self.level_name(int(level))) for level in sorted(self.scale, key=int)]

    def is_in_use(self) -> bool:
        """Return whether a round uses it. Runs a query."""
        return self.pk is not None and self.rounds.exists()

    def clean(self):
        super().clean()
        if self.is_in_use():
            stored = Framework.objects.get(pk=self.pk)
            if any(getattr(stored, name) != getattr(self, name) for name in ("name", "version", "scale")):
                raise ValidationError(str(FrameworkInUse()))


class Dimension(Recorded):
    """One dimension of a framework. Refer to it by ``code``, never by a label."""

    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="dimensions")
    code = models.SlugField(_("code"))
    order = models.PositiveSmallIntegerField(_("order"))
    names = LimitedJSONField(_("names"), validators=[validate_texts], max_length=PARAGRAPH)
    questions = LimitedJSONField(_("questions"), validators=[validate_texts], max_length=LONG_TEXT)
    rubric = LimitedJSONField(_("rubric"), help_text=_("Text for each level, by language."), max_length=LONG_TEXT)
    source_label = models.CharField(_("label in the source"), max_length=60, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["framework", "order"]
        verbose_name = _("dimension")
        verbose_name_plural = _("dimensions")
        constraints = [
            models.UniqueConstraint(
                fields=["framework", "code"],
                name="evaluation_dimension_code_once",
                violation_error_message=_("Another dimension of this framework has this code. Choose another code."),
            ),
            models.UniqueConstraint(
                fields=["framework", "order"],
                name="evaluation_dimension_order_once",
                violation_error_message=_(
                    "Another dimension of this framework has this position. Choose another number."
                ),
            ),
            models.CheckConstraint(
                condition=Q(order__gte=1),
                name="evaluation_dimension_order_from_one",
                violation_error_message=_("Enter 1 or a higher number."),
            ),
        ]

    def __str__(self):
        return self.name

    def clean(self):
        super().clean()
        if self.framework_id and self.framework.is_in_use():
            raise ValidationError(str(FrameworkInUse()))

    @property
    def name(self) -> str:
        return in_language(self.names)

    @property
    def question(self) -> str:
        return in_language(self.questions)

    @property
    def levels(self) -> list[tuple[int, str, str]]:
        """Return ``(level, name, rubric text)`` tuples, lowest first. Reads the framework."""
        return [
            (int(level), in_language(self.framework.scale[level]), in_language(self.rubric[level]))
            for level in sorted(self.rubric, key=int)
        ]
