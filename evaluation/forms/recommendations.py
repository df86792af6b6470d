"""Forms of recommendations and of the responses to them."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cities.models import City
from core.forms import DateInput, FilteredCheckboxes, LongTextarea, VersionedForm, form_helper
from core.row_choices import RowSelect
from core.text_limits import PARAGRAPH
from evaluation.models import ManagementResponse, Recommendation, RecommendationProgress


class RecommendationForm(VersionedForm):
    """``dimensions``: those to choose from. ``sources``: pairs of key and label, if the form asks who recommends."""

    source_key = forms.ChoiceField(label=_("Recommended by"), widget=forms.RadioSelect)
    to_city = forms.ModelChoiceField(
        City.objects.none(),
        label=_("Addressed to"),
        required=False,
        widget=RowSelect,
        empty_label=_("The network"),
        help_text=_("A city’s own body always recommends to its own city."),
    )

    class Meta:
        model = Recommendation
        fields = ["text", "done_when", "priority", "dimension"]
        widgets = {"text": LongTextarea({"rows": 4}), "done_when": LongTextarea(), "priority": forms.RadioSelect}
        help_texts = {
            "text": _("What should be done. Everyone can read this once it is published."),
            "done_when": _("For example a decision, a figure or a document that anyone can check."),
        }

    def __init__(self, *args, dimensions, sources=(), cities=None, cancel="", **kwargs):
        super().__init__(*args, **kwargs)
        self.dimensions = dimensions
        self.fields["dimension"].queryset = dimensions
        self.fields["dimension"].empty_label = _("none in particular")
        if sources:
            self.fields["source_key"].choices = sources
            self.initial.setdefault("source_key", sources[0][0])
            self.fields["to_city"].queryset = cities
        else:
            del self.fields["source_key"], self.fields["to_city"]
        asked = ["source_key", "to_city"] if sources else []
        layout = ["version", *asked, "text", "done_when", "priority", "dimension"]
        self.helper = form_helper(*layout, save=_("Save draft"), cancel=cancel, draft=_("Recommendation"))

    def form_for(self, current):
        return type(self)(instance=current, dimensions=self.dimensions)

    def _post_clean(self):
        """Skip model validation: the service validates and saves."""

    @property
    def recommendation_fields(self):
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class WithdrawRecommendationForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=PARAGRAPH, widget=LongTextarea())

    def __init__(self, *args, cancel, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = form_helper(save=_("Withdraw recommendation"), is_danger=True, cancel=cancel)


class ResponseForm(VersionedForm):
    """``may_send``: shows the button that sends the response, for those who may."""

    class Meta:
        model = ManagementResponse
        fields = ["decision", "reason", "responsible", "due_on", "actions"]
        widgets = {
            "decision": forms.RadioSelect,
            "reason": LongTextarea(),
            "responsible": RowSelect,
            "due_on": DateInput(),
            "actions": FilteredCheckboxes,
        }
        labels = {"due_on": _("Due date")}
        help_texts = {
            "reason": _("Required if you accept it partly or reject it."),
            "responsible": _(
                "Everyone can see this person’s organisation. Only people of the city and the network can see the name."
            ),
            "actions": _("Actions of the strategy that carry out the recommendation."),
        }

    def __init__(self, *args, people, actions, may_send=False, cancel="", **kwargs):
        super().__init__(*args, **kwargs)
        self.people, self.plan = people, actions
        self.fields["decision"].choices = self.fields["decision"].choices[-3:]
        self.fields["responsible"].queryset = people
        self.fields["actions"].queryset = actions
        names = ["version", *self.Meta.fields]
        if not actions.exists():
            del self.fields["actions"]
            names.remove("actions")
        is_sent = self.instance.answered_at is not None
        self.helper = form_helper(
            *names,
            save=_("Save changes") if is_sent else _("Save draft"),
            buttons=(("send", _("Send response")),) if may_send else (),
            cancel=cancel,
            draft=_("Response"),
        )

    def form_for(self, current):
        return type(self)(instance=current, people=self.people, actions=self.plan)

    def _post_clean(self):
        """Skip model validation: the service validates and saves."""

    @property
    def response_fields(self):
        fields = {name: self.cleaned_data.get(name) for name in self.Meta.fields}
        return fields | {"actions": fields["actions"] or []}


class ProgressForm(VersionedForm):
    class Meta:
        model = RecommendationProgress
        fields = ["text", "is_done"]
        widgets = {"text": LongTextarea({"rows": 5})}
        labels = {"text": _("What has been done")}
        help_texts = {
            "is_done": _("The people who confirm completion are notified."),
        }

    def __init__(self, *args, cancel="", **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = form_helper(
            "version", "text", "is_done", save=_("Save progress"), cancel=cancel, draft=_("Progress")
        )

    def _post_clean(self):
        """Skip model validation: the service validates and saves."""
