"""Meetings and kick-offs. Times are in the city's time zone."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import View
from django.views.generic import DetailView, FormView

from cities import selectors
from cities.forms import AttendanceForm, CancelForm, EventForm
from cities.models import City, Event, Membership, Person
from cities.rules import lead_city_ids
from cities.services import events, files
from core.exceptions import EditConflict, UserFacingError
from core.views import LoginInsteadOf404Mixin

from .pages import breadcrumbs_for


def _visible_event(user, pk):
    rows = Event.objects.visible_to(user).select_related("city", "body__city", "minutes_file")
    return get_object_or_404(rows, pk=pk)


def _city_of(event):
    return event.city or event.body.city


class EventDetail(LoginInsteadOf404Mixin, DetailView):
    template_name = "cities/event_detail.html"

    def get_object(self, queryset=None):
        return _visible_event(self.request.user, self.kwargs["pk"])

    def get_context_data(self, **kwargs):
        event, user = self.object, self.request.user
        city, is_active = _city_of(event), event.cancelled_at is None
        context = {
            "city": city,
            "zone": city.timezone if city else None,
            "trail": breadcrumbs_for(city, (event.title, "")),
            "is_whole": selectors.may_read_minutes(event, user),
            "sees_names": user.has_perm("cities.view_attendance_names", event),
            "may_change": is_active and user.has_perm("cities.change_event", event),
            "may_publish": is_active and event.published_at is None and user.has_perm("cities.publish_event", event),
            "may_cancel": is_active and user.has_perm("cities.cancel_event", event),
        }
        if context["is_whole"]:
            context["attendances"], context["came"] = selectors.attendance_of(event)
        if city and city.pk in lead_city_ids(user):
            context["replaced"] = selectors.replaced_minutes(event, user)
        return super().get_context_data(**kwargs) | context


class _EventForm(LoginInsteadOf404Mixin, FormView):
    form_class = EventForm
    template_name = "cities/event_form.html"

    def dispatch(self, request, *args, **kwargs):
        if not request.user.is_authenticated:
            return super().dispatch(request, *args, **kwargs)
        with timezone.override(self.city.zone):
            response = super().dispatch(request, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"instance": self.event, "city": self.city, "cancel": self.get_success_url()}

    def form_valid(self, form):
        upload = form.cleaned_data.get("minutes_upload")
        try:
            stored = files.store_upload(upload, by=self.request.user) if upload else None
        except UserFacingError as error:
            form.add_error("minutes_upload", str(error))
            return self.form_invalid(form)
        try:
            event = events.save_event(
                self.stored_event,
                by=self.request.user,
                fields=form.event_fields(),
                city=self.city,
                version=form.cleaned_data["version"],
                minutes_file=stored,
            )
        except EditConflict as error:
            form.show_conflict(error.current)
            return self.render_to_response(self.get_context_data(form=form))
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("The event is saved."))
        for sentence in files.renamed_notice(upload, stored) if stored else []:
            messages.info(self.request, sentence)
        return redirect("cities:event_detail", pk=event.pk)


class EventCreate(_EventForm):
    stored_event = None

    @cached_property
    def city(self):
        return get_object_or_404(City.objects.visible_to(self.request.user), slug=self.kwargs["slug"])

    @cached_property
    def event(self):
        if not self.request.user.has_perm("cities.add_event", self.city):
            raise PermissionDenied
        return Event(city=self.city)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"initial": {"kind": self.request.GET.get("kind", "meeting")}}

    def get_success_url(self):
        return reverse("cities:city_detail", args=[self.city.slug])

    def get_context_data(self, **kwargs):
        trail = breadcrumbs_for(self.city, (_("New event"), ""))
        return super().get_context_data(**kwargs) | {"heading": _("New event"), "trail": trail, "city": self.city}


class EventEdit(_EventForm):
    @cached_property
    def event(self):
        found = _visible_event(self.request.user, self.kwargs["pk"])
        if not self.request.user.has_perm("cities.change_event", found):
            raise PermissionDenied
        return found

    @property
    def stored_event(self):
        return _visible_event(self.request.user, self.kwargs["pk"])

    @cached_property
    def city(self):
        return _city_of(self.event)

    def get_success_url(self):
        return reverse("cities:event_detail", args=[self.kwargs["pk"]])

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        trail = breadcrumbs_for(self.city, (self.stored_event.title, self.get_success_url()), (_("Change"), ""))
        return context | {"heading": _("Edit the event"), "trail": trail, "city": self.city}


class EventPublish(LoginInsteadOf404Mixin, View):
    http_method_names = ["post"]

    def post(self, request, pk):
        event = _visible_event(request.user, pk)
        if not request.user.has_perm("cities.publish_event", event):
            raise PermissionDenied
        try:
            events.publish_event(event, by=request.user)
        except UserFacingError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Date, place and programme are public now."))
        return redirect("cities:event_detail", pk=pk)


class EventCancel(LoginInsteadOf404Mixin, FormView):
    """Cancels a published event, or withdraws a draft, for a reason."""

    form_class = CancelForm
    template_name = "cities/event_form.html"

    @cached_property
    def event(self):
        found = _visible_event(self.request.user, self.kwargs["pk"])
        if not self.request.user.has_perm("cities.cancel_event", found):
            raise PermissionDenied
        return found

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            self.event  # noqa: B018 - raises 404 or 403 first
        return super().dispatch(request, *args, **kwargs)

    @property
    def heading(self):
        return _("Cancel the event") if self.event.published_at else _("Withdraw the event")

    def get_success_url(self):
        return reverse("cities:event_detail", args=[self.event.pk])

    def get_form_kwargs(self):
        stay = _("Keep the event") if self.event.published_at else _("Keep the draft")  # "Cancel" would mean both
        return super().get_form_kwargs() | {
            "save": self.heading,
            "cancel": self.get_success_url(),
            "cancel_label": stay,
        }

    def get_context_data(self, **kwargs):
        city = _city_of(self.event)
        trail = breadcrumbs_for(city, (self.event.title, self.get_success_url()), (self.heading, ""))
        if self.event.published_at:
            consequence = _("Everybody sees that it is cancelled, and why. Those invited get an email.")
        else:
            consequence = _("Only the city’s officials will still see it.")
        context = {"heading": self.heading, "trail": trail, "consequence": consequence, "event": self.event}
        return super().get_context_data(**kwargs) | context

    def form_valid(self, form):
        try:
            events.cancel_event(self.event, by=self.request.user, reason=form.cleaned_data["reason"])
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        is_published = self.event.published_at is not None
        messages.success(self.request, _("The event is cancelled.") if is_published else _("The event is withdrawn."))
        return HttpResponseRedirect(self.get_success_url())


class EventAttendance(LoginInsteadOf404Mixin, FormView):
    form_class = AttendanceForm
    template_name = "cities/event_form.html"

    @cached_property
    def event(self):
        found = _visible_event(self.request.user, self.kwargs["pk"])
        if not self.request.user.has_perm("cities.change_event", found):
            raise PermissionDenied
        return found

    def members(self):
        """Return who can be ticked: the city's members, and people who are recorded already."""
        current = Membership.objects.current().filter(body__city=_city_of(self.event)).values("person")
        listed = self.event.attendances.exclude(person=None).values("person")
        return Person.objects.filter(pk__in=current) | Person.objects.filter(pk__in=listed)

    def get_form_kwargs(self):
        given = {"instance": self.event, "persons": self.members(), "cancel": self.get_success_url()}
        return super().get_form_kwargs() | given

    def get_success_url(self):
        return reverse("cities:event_detail", args=[self.event.pk])

    def get_context_data(self, **kwargs):
        trail = breadcrumbs_for(_city_of(self.event), (self.event.title, self.get_success_url()), (_("Attendance"), ""))
        return super().get_context_data(**kwargs) | {"heading": _("Who came"), "trail": trail}

    def form_valid(self, form):
        given = {name: form.cleaned_data[name] for name in ("persons", "guests", "version")}
        try:
            events.record_attendance(self.event, by=self.request.user, **given)
        except EditConflict as error:
            form.show_conflict(error.current)
            return self.render_to_response(self.get_context_data(form=form))
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, " ".join([_("The attendance is saved."), *form.guest_counts()]))
        return HttpResponseRedirect(self.get_success_url())
