"""The pact of a city: its page, its versions, their texts, and what changed between two of them."""

from copy import copy
from operator import attrgetter

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from cities.models import City
from cities.rules import is_insider, is_network_reader
from core.available import available_actions
from core.parsing import parse_pk
from core.text_limits import PARAGRAPH
from core.views import ActionView, DetailPage, ObjectMixin, ServiceFormView
from pilot.enums import PactState
from pilot.forms import InForceForm, PactTextForm
from pilot.models import PactText, PactVersion
from pilot.selectors import pacts as selectors
from pilot.services import pacts
from strategies.forms.log import language_name
from strategies.views import breadcrumbs
from strategies.views.actions import ReasonFormView


def pact_url(city):
    return reverse("pilot:pact_detail", args=[city.slug])


def pact_breadcrumbs(city):
    return [*breadcrumbs.city_breadcrumbs(city), (_("Pact"), pact_url(city))]


def version_breadcrumbs(version):
    name = _("Version %(number)s") % {"number": version.number}
    return [*pact_breadcrumbs(version.pact.city), (name, version.get_absolute_url())]


def text_context(texts, chosen, city):
    """Return the text to show: in the language that was asked for, else the reader's, else the authoritative one."""
    shown = selectors.text_for(texts, chosen, (get_language() or "").split("-")[0])
    languages = [{"code": text.language, "name": language_name(text.language), "text": text} for text in texts]
    return {"texts": texts, "shown": shown, "languages": languages, "city": city}


def signature_rows(version, user):
    """Return the signatures with what the user may do with them and with the links that were sent."""
    found = selectors.signatures_of(version, user)
    for row in found:
        row.pact_version = version
        row.may = available_actions(row, user, is_found=True)
        for link in row.links:
            link.may = available_actions(link, user, is_found=True)
    return found


class CityPactMixin(ObjectMixin):
    """A page about the pact of a city, whether or not there is one yet."""

    name = "city"

    def find(self):
        city = get_object_or_404(City.objects.select_related("municipality"), slug=self.kwargs["slug"])
        self.pact = selectors.pact_of(city, self.user)
        if self.pact is None and not (is_insider(self.user, city) or is_network_reader(self.user)):
            raise Http404
        return city

    def get_success_url(self):
        return pact_url(self.row)


class PactDetail(CityPactMixin, DetailPage):
    """The version in force with its text; without one, the newest version that the reader sees."""

    template_name = "pilot/pact_detail.html"

    def get_context_data(self, **kwargs):
        city, versions = self.row, selectors.versions_of(self.pact, self.user) if self.pact else []
        newest = (row for row in versions if row.state != PactState.WITHDRAWN)
        version = next((row for row in versions if row.state == PactState.IN_FORCE), None) or next(newest, None)
        texts = selectors.texts_of(version) if version else []
        context = {
            "pact": self.pact,
            "versions": versions,
            "version": version,
            "may": self.pact and available_actions(self.pact, self.user, is_found=True),
            "signatures": signature_rows(version, self.user) if version else [],
            "sees_all": is_insider(self.user, city) or is_network_reader(self.user),
            "is_draft_offered": self.pact is None and self.may("pilot.add_pact"),
            "trail": breadcrumbs.here(breadcrumbs.city_breadcrumbs(city), _("Pact")),
            **text_context(texts, self.request.GET.get("language", ""), city),
        }
        return super().get_context_data(**context | kwargs)


class VersionMixin(ObjectMixin):
    """A page about a version of the pact."""

    name = "version"
    rows = PactVersion.objects.with_related().with_hash()

    def find(self):
        rows = self.get_rows().visible_to(self.user)
        return get_object_or_404(rows, pact__city__slug=self.kwargs["slug"], number=self.kwargs["number"])

    def get_success_url(self):
        return self.row.get_absolute_url()

    def get_trail(self, heading):
        return breadcrumbs.here(version_breadcrumbs(self.row), heading)

    # of pages that ask for a reason
    def subject(self):
        return str(self.row)

    def trail(self):
        return self.get_trail(self.heading)


class PactVersionDetail(VersionMixin, DetailPage):
    template_name = "pilot/pactversion_detail.html"

    def get_context_data(self, **kwargs):
        version = self.row
        city = version.pact.city
        sees_moves = is_insider(self.user, version) or is_network_reader(self.user)
        context = {
            "may": available_actions(version, self.user, is_found=True),
            "moves": version.transitions.select_related("by__person") if sees_moves else [],
            "before": selectors.version_before(version, self.user),
            "signatures": signature_rows(version, self.user),
            "sees_all": sees_moves,
            "trail": [*version_breadcrumbs(version)[:-1], (_("Version %(number)s") % {"number": version.number}, None)],
            **text_context(selectors.texts_of(version), self.request.GET.get("language", ""), city),
        }
        return super().get_context_data(**context | kwargs)


class PactVersionChanges(VersionMixin, DetailPage):
    """What changed from an older version, by default the one before, in each language."""

    template_name = "pilot/pactversion_changes.html"

    def get_context_data(self, **kwargs):
        version = self.row
        others = [row for row in selectors.versions_of(version.pact, self.user) if row.pk != version.pk]
        chosen = parse_pk(self.request.GET.get("with", ""))
        before = next((row for row in others if row.number == chosen), None)
        before = before or selectors.version_before(version, self.user)
        changes = selectors.compare_versions(before, version) if before else []
        context = {
            "city": version.pact.city,
            "before": before,
            "others": sorted(others, key=attrgetter("number")),
            "changes": [{"change": change, "name": language_name(change.language)} for change in changes],
            "trail": self.get_trail(_("Changes")),
        }
        return super().get_context_data(**context | kwargs)


# ---- drafts


class TextFormView(ServiceFormView):
    template_name = "strategies/form.html"
    form_class = PactTextForm
    success_message = gettext_lazy("The text of the pact has been saved.")
    heading = gettext_lazy("Edit text")

    def get_context_data(self, **kwargs):
        context = {"heading": self.heading, "lead": self.get_city().name, "trail": self.get_trail(self.heading)}
        return super().get_context_data(**context | kwargs)

    def get_city(self):
        return self.row.pact.city

    @staticmethod
    def fields_of(form):
        return {name: form.cleaned_data[name] for name in PactTextForm.Meta.fields}


class PactDraft(CityPactMixin, TextFormView):
    """Draft version 1: creates the pact of a city that has none."""

    permission = "pilot.add_pact"
    heading = gettext_lazy("Draft the pact")

    def get_city(self):
        return self.row

    def get_form_kwargs(self):
        instance = PactText(language=self.row.language)
        return {"instance": instance, "city": self.row, "cancel": self.get_success_url()}

    def get_trail(self, heading):
        return breadcrumbs.here(pact_breadcrumbs(self.row), heading)

    def save(self, form):
        self.saved = pacts.draft_first_version(self.row, by=self.user, **self.fields_of(form))

    def get_saved_url(self):
        return self.saved.get_absolute_url()


class PactVersionDraft(CityPactMixin, ActionView):
    permission = "pilot.add_pact"
    success_message = gettext_lazy("The draft of a new version has been created, with the texts of the latest one.")

    def find(self):
        city = super().find()
        if self.pact is None:
            raise Http404
        return city

    def perform(self):
        self.saved = pacts.draft_next_version(self.pact, by=self.user)

    def get_success_url(self):
        saved = getattr(self, "saved", None)
        return saved.get_absolute_url() if saved else pact_url(self.row)


class PactTextAdd(VersionMixin, TextFormView):
    permission = "pilot.change_pactversion"
    heading = gettext_lazy("Add a language")

    def get_form_kwargs(self):
        taken = list(self.row.texts.values_list("language", flat=True))
        city = self.row.pact.city
        return {"instance": PactText(), "city": city, "taken": taken, "cancel": self.get_success_url()}

    def save(self, form):
        pacts.add_text(self.row, by=self.user, **self.fields_of(form))


class PactTextMixin(VersionMixin):
    """A page about a text of a version; ``row`` is the version, on which the permission is asked."""

    permission = "pilot.change_pactversion"

    def find(self):
        visible = PactVersion.objects.visible_to(self.user)
        rows = PactText.objects.filter(pact_version__in=visible).select_related("pact_version__pact__city")
        self.text = get_object_or_404(rows, pk=self.kwargs["pk"])
        return self.text.pact_version


class PactTextEdit(PactTextMixin, TextFormView):
    def get_form_kwargs(self):
        taken = list(self.row.texts.values_list("language", flat=True))
        city, instance = self.row.pact.city, copy(self.text)
        return {"instance": instance, "city": city, "taken": taken, "cancel": self.get_success_url()}

    def save(self, form):
        pacts.save_text(self.text, by=self.user, fields=self.fields_of(form), version=form.cleaned_data["version"])

    def get_success_url(self):
        return f"{super().get_success_url()}?language={self.text.language}"


class PactTextAuthoritative(PactTextMixin, ActionView):
    success_message = gettext_lazy("This language is now authoritative.")

    def perform(self):
        pacts.make_authoritative(self.text, by=self.user)


# ---- from draft to in force


class PactVersionOpen(VersionMixin, ActionView):
    permission = "pilot.open_pactversion"
    success_message = gettext_lazy("The version is open for signature. Its text can no longer be changed.")

    def perform(self):
        pacts.open_version(self.row, by=self.user)


class PactVersionClose(VersionMixin, ActionView):
    permission = "pilot.close_pactversion"
    success_message = gettext_lazy("Signing has been closed.")

    def perform(self):
        pacts.close_signing(self.row, by=self.user)


class PactVersionInForce(VersionMixin, ServiceFormView):
    permission = "pilot.put_in_force_pactversion"
    template_name = "pilot/pactversion_in_force.html"
    form_class = InForceForm
    success_message = gettext_lazy("The version is now in force, and everyone can read it.")

    def get_form_kwargs(self):
        return {"initial": {"day": self.row.pact.city.today}, "cancel": self.get_success_url()}

    def save(self, form):
        pacts.put_in_force(self.row, by=self.user, day=form.cleaned_data["day"])

    def get_context_data(self, **kwargs):
        current = selectors.version_in_force(self.row.pact.city)
        return super().get_context_data(current=current, trail=self.get_trail(_("Put in force")), **kwargs)


class PactVersionSupersede(VersionMixin, ReasonFormView):
    permission = "pilot.supersede_pactversion"
    heading = gettext_lazy("End version")
    label = gettext_lazy("Reason for ending this version")
    consequence = gettext_lazy(
        "The version ends today but can still be read. To replace it, put a new version in force instead."
    )
    most = PARAGRAPH
    success_message = gettext_lazy("The version has ended.")

    def save(self, form):
        pacts.supersede_version(self.row, by=self.user, reason=form.cleaned_data["text"])


class PactVersionWithdraw(VersionMixin, ReasonFormView):
    permission = "pilot.withdraw_pactversion"
    heading = gettext_lazy("Withdraw version")
    label = gettext_lazy("Reason for withdrawal")
    consequence = gettext_lazy(
        "It can no longer be signed or put in force. The city and the network can still read it."
    )
    most = PARAGRAPH
    success_message = gettext_lazy("The version has been withdrawn.")

    def save(self, form):
        pacts.withdraw_version(self.row, by=self.user, reason=form.cleaned_data["text"])
