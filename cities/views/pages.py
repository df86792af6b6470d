"""Pages of cities and bodies."""

from copy import copy

from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities import selectors
from cities.forms import BodyForm, CityForm
from cities.models import Body, City, Event
from cities.panels import panels_for
from cities.services.profiles import save_profile
from core.available import available_actions
from core.collation import title_key
from core.columns import Column
from core.locales import country_name
from core.views import DetailPage, ListPage, ServiceFormView

EVENTS_SHOWN = 8


def _country_key(city):
    return title_key(country_name(city.country)), title_key(city.name)


class CityList(ListPage):
    template_name = "cities/city_list.html"
    paginate_by = 50
    export_name = "cities"
    default_sort = "city"
    columns = [
        Column("city", gettext_lazy("City"), "name", order_by=["name"]),
        Column("country", gettext_lazy("Country"), lambda city: country_name(city.country), key=_country_key),
        Column("municipality", gettext_lazy("Municipality"), order_by=["municipality"]),
        Column("languages", gettext_lazy("Languages"), lambda city: ", ".join(selectors.language_names(city))),
        Column("population", gettext_lazy("Population"), order_by=["population"], is_number=True),
        Column("population_year", gettext_lazy("Year of the population figure"), is_shown=False),
    ]

    def get_list_rows(self):
        return City.objects.visible_to(self.request.user).select_related("municipality")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        for city in context["object_list"]:
            city.country_name = country_name(city.country)
            city.language_names = ", ".join(selectors.language_names(city))
        return context | {
            "trail": [(_("Home"), "/"), (_("Cities"), "")],
            "bodies": selectors.network_bodies(),
            "manages": self.request.user.has_perm("cities.invite"),
        }


class CityDetail(DetailPage):
    template_name = "cities/city_detail.html"
    name = "city"
    rows = City.objects.select_related("municipality")
    key = "slug"

    def get_context_data(self, **kwargs):
        city, user = self.row, self.user
        events = Event.objects.visible_to(user).filter(Q(city=city) | Q(body__city=city))
        return super().get_context_data(**kwargs) | {
            "trail": [(_("Home"), "/"), (_("Cities"), reverse("cities:city_list")), (city.name, "")],
            "country": country_name(city.country),
            "languages": ", ".join(selectors.language_names(city)),
            "bodies": list(selectors.bodies_of(city)),
            "events": list(events.select_related("body").order_by("-starts_at")[:EVENTS_SHOWN]),
            "cards": [render_panel(card, self.request, city=city) for card in panels_for(city, user)],
            "may_change": self.may("cities.change_city"),
            "may_add_event": self.may("cities.add_event"),
            "may_manage": self.may("cities.end_membership"),
        }


class BodyDetail(DetailPage):
    template_name = "cities/body_detail.html"
    name = "body"
    rows = Body.objects.select_related("city")

    def get_context_data(self, **kwargs):
        body, user = self.row, self.user
        events = Event.objects.visible_to(user).filter(body=body).order_by("-starts_at")
        members = selectors.members_shown(body, user)
        own = [row for row in members if user.is_authenticated and row.person.user_id == user.pk]
        for row in own:
            row.may = available_actions(row, user, is_found=True)
        return super().get_context_data(**kwargs) | {
            "trail": breadcrumbs_for(body.city, (str(body), "")),
            "members": members,
            "own_memberships": own,
            "sees_names": self.may("cities.view_names"),
            "events": list(events[:EVENTS_SHOWN]),
            "decisions": selectors.open_decisions_for(body, user),
            "zone": body.timezone,
            "may_change": self.may("cities.change_body"),
            "may_invite": self.may("cities.invite"),
        }


class ProfileEdit(ServiceFormView):
    """The profile of a city or a body."""

    template_name = "cities/profile_form.html"
    success_message = gettext_lazy("Saved.")

    def get_form_kwargs(self):
        return {"instance": copy(self.row), "cancel": self.get_success_url()}

    def save(self, form):
        fields = dict(form.cleaned_data)
        save_profile(self.row, by=self.user, version=fields.pop("version"), fields=fields)


class CityEdit(ProfileEdit):
    form_class = CityForm
    permission = "cities.change_city"
    rows = City.objects.all()
    key = "slug"

    def get_success_url(self):
        return reverse("cities:city_detail", args=[self.row.slug])

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {
            "heading": _("Edit the profile of %(city)s") % {"city": self.row},
            "trail": breadcrumbs_for(self.row, (_("Edit"), "")),
        }


class BodyEdit(ProfileEdit):
    form_class = BodyForm
    permission = "cities.change_body"
    rows = Body.objects.select_related("city")

    def get_success_url(self):
        return reverse("cities:body_detail", args=[self.row.pk])

    def get_context_data(self, **kwargs):
        trail = breadcrumbs_for(self.row.city, (str(self.row), self.get_success_url()), (_("Edit"), ""))
        return super().get_context_data(**kwargs) | {"heading": _("Edit %(body)s") % {"body": self.row}, "trail": trail}


def render_panel(panel, request, **row):
    return render_to_string(panel.template, panel.context | row, request)


def breadcrumbs_for(city, *crumbs):
    start = [(_("Home"), "/"), (_("Cities"), reverse("cities:city_list"))]
    return start + ([(city.name, reverse("cities:city_detail", args=[city.slug]))] if city else []) + list(crumbs)
