"""Meetings and kick-offs. Times are in the city's time zone."""

from copy import copy

from django.contrib import messages
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities import selectors
from cities.forms import AttendanceForm, CancelForm, EventForm
from cities.models import City, Event, Membership, Person
from cities.rules import lead_city_ids
from cities.services import events
from core.available import available_actions
from core.views import ActionView, DetailPage, ObjectMixin, ServiceFormView

from .pages import breadcrumbs_for


class EventMixin(ObjectMixin):
    name = "event"
    rows = Event.objects.select_related("city", "body__city", "minutes_file", "minutes_approved_by")

    @property
    def city(self):
        return self.row.host_city

    def get_success_url(self):
        return reverse("cities:event_detail", args=[self.row.pk])

    def get_trail(self, label):
        return breadcrumbs_for(self.city, (self.row.title, self.get_success_url()), (label, ""))


class EventDetail(EventMixin, DetailPage):
    template_name = "cities/event_detail.html"

    def get_context_data(self, **kwargs):
        event, city = self.row, self.city
        context = {
            "city": city,
            "zone": city.timezone if city else None,
            "trail": breadcrumbs_for(city, (event.title, "")),
            "is_whole": selectors.may_read_details(event, self.user),
            "reads_minutes": selectors.may_read_minutes(event, self.user),
            "sees_names": self.may("cities.view_attendance_names"),
            "may": available_actions(event, self.user, is_found=True),
        }
        context["recorded"] = selectors.decisions_of(event, self.user)
        if context["is_whole"]:
            context["attendances"], context["came"] = selectors.attendance_of(event)
        if city and city.pk in lead_city_ids(self.user):
            context["replaced"] = selectors.replaced_minutes(event, self.user)
        return super().get_context_data(**kwargs) | context


class EventFormView(ServiceFormView):
    """``event``: the stored event, None for a new one."""

    form_class = EventForm
    template_name = "cities/event_form.html"
    success_message = gettext_lazy("The event has been saved.")

    def dispatch(self, request, *args, **kwargs):
        if not request.user.is_authenticated:
            return super().dispatch(request, *args, **kwargs)
        with timezone.override(self.city.zone):
            response = super().dispatch(request, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response

    def get_form_kwargs(self):
        instance = copy(self.event) or Event(city=self.city)
        return {"instance": instance, "city": self.city, "cancel": self.get_success_url()}

    def save(self, form):
        self.saved = events.save_event(
            self.event,
            by=self.user,
            fields=form.event_fields(),
            city=self.city,
            version=form.cleaned_data["version"],
        )

    def get_saved_url(self):
        return reverse("cities:event_detail", args=[self.saved.pk])

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"city": self.city}


class EventCreate(EventFormView):
    permission = "cities.add_event"
    rows = City.objects.all()
    key = "slug"
    event = None

    @property
    def city(self):
        return self.row

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"initial": {"kind": self.request.GET.get("kind", "meeting")}}

    def get_success_url(self):
        return reverse("cities:city_detail", args=[self.city.slug])

    def get_context_data(self, **kwargs):
        trail = breadcrumbs_for(self.city, (_("New event"), ""))
        return super().get_context_data(**kwargs) | {"heading": _("New event"), "trail": trail}


class EventEdit(EventMixin, EventFormView):
    permission = "cities.change_event"

    @property
    def event(self):
        return self.row

    def get_context_data(self, **kwargs):
        context = {"heading": _("Edit event"), "trail": self.get_trail(_("Edit"))}
        return super().get_context_data(**kwargs) | context


class EventPublish(EventMixin, ActionView):
    permission = "cities.publish_event"
    success_message = gettext_lazy("The event has been published. Its date, location and programme are now public.")

    def perform(self):
        events.publish_event(self.row, by=self.user)


class EventCancel(EventMixin, ServiceFormView):
    """Cancels a published event, or withdraws a draft, for a reason."""

    form_class = CancelForm
    template_name = "cities/event_form.html"
    permission = "cities.cancel_event"

    @property
    def is_published(self):
        return self.row.published_at is not None

    @property
    def heading(self):
        return _("Cancel event") if self.is_published else _("Withdraw event")

    @property
    def success_message(self):
        return _("The event has been cancelled.") if self.is_published else _("The event has been withdrawn.")

    def get_form_kwargs(self):
        stay = _("Keep event") if self.is_published else _("Keep draft")  # "Cancel" would mean both
        return {"save": self.heading, "cancel": self.get_success_url(), "cancel_label": stay}

    def get_context_data(self, **kwargs):
        if self.is_published:
            consequence = _("Everyone will see that the event is cancelled, and why. Invited people will get an email.")
        else:
            consequence = _("Only the city’s officials will still be able to see it.")
        context = {"heading": self.heading, "trail": self.get_trail(self.heading), "consequence": consequence}
        return super().get_context_data(**kwargs) | context

    def save(self, form):
        events.cancel_event(self.row, by=self.user, reason=form.cleaned_data["reason"])


class EventAttendance(EventMixin, ServiceFormView):
    form_class = AttendanceForm
    template_name = "cities/event_form.html"
    permission = "cities.change_event"

    def members(self):
        """Return who can be ticked: the city's members, and people who are recorded already."""
        current = Membership.objects.current().filter(body__city=self.city).values("person")
        listed = self.row.attendances.exclude(person=None).values("person")
        return Person.objects.filter(pk__in=current) | Person.objects.filter(pk__in=listed)

    def get_form_kwargs(self):
        return {"instance": self.row, "persons": self.members(), "cancel": self.get_success_url()}

    def get_context_data(self, **kwargs):
        context = {"heading": _("Attendance"), "trail": self.get_trail(_("Attendance"))}
        return super().get_context_data(**kwargs) | context

    def save(self, form):
        given = {name: form.cleaned_data[name] for name in ("persons", "guests", "version")}
        events.record_attendance(self.row, by=self.user, **given)

    def show_success(self, form):
        messages.success(self.request, " ".join([_("Attendance has been saved."), *form.guest_counts()]))
