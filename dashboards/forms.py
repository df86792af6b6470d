from django import forms
from django.utils.translation import gettext_lazy as _

from core.collation import title_key
from core.locales import country_name
from pilot.enums import PhaseKind


class ScopeForm(forms.Form):
    """Filters of a dashboard. They are in the URL, so that it can be shared."""

    period = forms.ChoiceField(label=_("Period"), required=False)
    country = forms.ChoiceField(label=_("Country"), required=False)
    theme = forms.ChoiceField(label=_("Theme"), required=False)
    group = forms.ChoiceField(label=_("Target group"), required=False)
    phase = forms.ChoiceField(label=_("Pilot phase"), required=False)

    round = forms.ChoiceField(label=_("Evaluation round"), required=False)

    def __init__(self, *args, view, rounds=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["round"].choices = [(str(row.pk), str(row)) for row in rounds]
        if not rounds:
            del self.fields["round"]
        self.fields["period"].choices = [(row.starts_on.isoformat(), _period_words(row, view)) for row in view.periods]
        self.initial["period"] = view.period.starts_on.isoformat() if view.period else ""
        if view.only_city is None:
            countries = {city.country for city in view.all_cities}
            named = sorted(((country_name(code), code) for code in countries), key=lambda pair: title_key(pair[0]))
            self.fields["country"].choices = [("", _("all countries")), *((code, name) for name, code in named)]
            self.fields["phase"].choices = [("", _("all phases")), *PhaseKind.choices]
        else:
            del self.fields["country"], self.fields["phase"]
        self.fields["theme"].choices = [("", _("all themes")), *((row.code, str(row)) for row in view.themes)]
        self.fields["group"].choices = [("", _("all target groups")), *((row.code, str(row)) for row in view.groups)]


def _period_words(period, view) -> str:
    return _("%(period)s (current)") % {"period": period} if period == view.current else str(period)
