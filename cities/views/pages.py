"""Pages of cities and bodies."""

import rules
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import DetailView, FormView

from cities import selectors
from cities.forms import BodyForm, CityForm
from cities.models import Body, City, Event
from cities.panels import panels_for
from cities.services.profiles import save_profile
from core.collation import by_title
from core.exceptions import EditConflict, UserFacingError
from core.forms import with_numbers
from core.locales import country_name
from core.views import LoginInsteadOf404Mixin, PagedListView

EVENTS_SHOWN = 8


class CityList(PagedListView):
    template_name = "cities/city_list.html"
    paginate_by = 50

    def get_queryset(self):
        return by_title(City.objects.visible_to(self.request.user).select_related("municipality"))

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        for city in context["object_list"]:
            city.country_name = country_name(city.country)
            city.language_names = ", ".join(selectors.language_names(city))
        return context | {
            "trail": [(_("Front page"), "/"), (_("Cities"), "")],
            "bodies": selectors.network_bodies(),
            "manages": self.request.user.has_perm("cities.invite"),
        }


class CityDetail(DetailView):
    template_name = "cities/city_detail.html"

    def get_queryset(self):
        return City.objects.visible_to(self.request.user).select_related("municipality")

    def get_context_data(self, **kwargs):
        city, user = self.object, self.request.user
        events = Event.objects.visible_to(user).filter(city=city) | Event.objects.visible_to(user).filter(
            body__city=city
        )
        return super().get_context_data(**kwargs) | {
            "trail": [(_("Front page"), "/"), (_("Cities"), reverse("cities:city_list")), (city.name, "")],
            "country": country_name(city.country),
            "languages": ", ".join(selectors.language_names(city)),
            "bodies": list(selectors.bodies_of(city)),
            "events": list(events.select_related("body").order_by("-starts_at")[:EVENTS_SHOWN]),
            "cards": [self.render_panel(card) for card in panels_for(city, user)],
            "may_change": user.has_perm("cities.change_city", city),
            "may_add_event": user.has_perm("cities.add_event", city),
            "may_manage": user.has_perm("cities.end_membership", city),
        }

    def render_panel(self, card):
        return render_to_string(card.template, card.context | {"city": self.object}, self.request)


class BodyDetail(DetailView):
    template_name = "cities/body_detail.html"

    def get_queryset(self):
        return Body.objects.visible_to(self.request.user).select_related("city")

    def get_context_data(self, **kwargs):
        body, user = self.object, self.request.user
        events = Event.objects.visible_to(user).filter(body=body).order_by("-starts_at")
        members = selectors.members_shown(body, user)
        own = [row for row in members if user.is_authenticated and row.person.user_id == user.pk]
        for row in own:
            row.may_hand_over = rules.has_perm("cities.hand_over_membership", user, row)
        return super().get_context_data(**kwargs) | {
            "trail": breadcrumbs_for(body.city, (str(body), "")),
            "members": members,
            "own_memberships": own,
            "sees_names": user.has_perm("cities.view_names", body),
            "events": list(events[:EVENTS_SHOWN]),
            "zone": body.timezone,
            "may_change": user.has_perm("cities.change_body", body),
            "may_invite": user.has_perm("cities.invite", body),
        }


class _ProfileEditView(LoginInsteadOf404Mixin, PermissionRequiredMixin, FormView):
    """Base class: a versioned form of one row; after an edit conflict it shows both versions."""

    template_name = "cities/profile_form.html"
    raise_exception = True

    def has_permission(self):
        return self.request.user.has_perm(self.permission_required, self.profile_object)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"instance": self.get_profile_object(), "cancel": self.get_success_url()}

    def form_valid(self, form):
        fields = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        try:
            save_profile(self.profile_object, by=self.request.user, version=form.cleaned_data["version"], fields=fields)
        except EditConflict as error:
            form.show_conflict(error.current)
            return self.render_to_response(self.get_context_data(form=form))
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, with_numbers(_("Saved."), form))
        return redirect(self.get_success_url())


class CityEdit(_ProfileEditView):
    form_class = CityForm
    permission_required = "cities.change_city"

    def get_profile_object(self):
        return get_object_or_404(City.objects.visible_to(self.request.user), slug=self.kwargs["slug"])

    @cached_property
    def profile_object(self):
        return self.get_profile_object()

    def get_success_url(self):
        return reverse("cities:city_detail", args=[self.profile_object.slug])

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {
            "heading": _("Edit the profile of %(city)s") % {"city": self.profile_object},
            "trail": breadcrumbs_for(self.profile_object, (_("Change"), "")),
        }


class BodyEdit(_ProfileEditView):
    form_class = BodyForm
    permission_required = "cities.change_body"

    def get_profile_object(self):
        return get_object_or_404(
            Body.objects.visible_to(self.request.user).select_related("city"), pk=self.kwargs["pk"]
        )

    @cached_property
    def profile_object(self):
        return self.get_profile_object()

    def get_success_url(self):
        return reverse("cities:body_detail", args=[self.profile_object.pk])

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {
            "heading": _("Edit %(body)s") % {"body": self.profile_object},
            "trail": breadcrumbs_for(
                self.profile_object.city, (str(self.profile_object), self.get_success_url()), (_("Change"), "")
            ),
        }


def breadcrumbs_for(city, *crumbs):
    start = [(_("Front page"), "/"), (_("Cities"), reverse("cities:city_list"))]
    return start + ([(city.name, reverse("cities:city_detail", args=[city.slug]))] if city else []) + list(crumbs)
