"""Admin pages of reporting periods, city periods and pilot phases."""

from datetime import date

import pytest
from django.db import IntegrityError
from django.urls import reverse

from core.admin import version_of
from core.exceptions import PermissionRefused
from pilot.models import PilotPhase
from strategies.models import CityPeriod, ReportingPeriod
from strategies.services import periods
from tests.factories import CityPeriodFactory, PilotPhaseFactory, ReportingPeriodFactory

pytestmark = pytest.mark.django_db
PERIOD = {
    "name": "Q1 2027",
    "starts_on": "2027-01-01",
    "ends_on": "2027-03-31",
    "opens_on": "2027-01-01",
    "due_on": "2027-04-15",
}
ADD = "admin:strategies_reportingperiod_add"


@pytest.fixture
def staff(client, coordinator):
    client.force_login(coordinator)
    return client


def test_new_period_is_scheduled_in_every_city(staff, city, coordinator):
    response = staff.post(reverse(ADD), PERIOD)

    assert response.status_code == 302
    assert [(row.city, row.state) for row in CityPeriod.objects.all()] == [(city, "scheduled")]
    assert ReportingPeriod.objects.get().history.get().history_user == coordinator


def test_period_form_with_wrong_dates_shows_errors(staff):
    ReportingPeriodFactory(starts_on=date(2026, 10, 1))

    response = staff.post(reverse(ADD), PERIOD | {"starts_on": "2026-12-01", "due_on": "2027-01-01"})

    assert response.status_code == 200
    assert set(response.context["adminform"].form.errors) == {"due_on"}
    overlapping = staff.post(reverse(ADD), PERIOD | {"starts_on": "2026-12-01"})
    assert set(overlapping.context["adminform"].form.errors) == {"starts_on"}
    assert staff.post(reverse(ADD), PERIOD | {"name": ""}).context["adminform"].form.errors.keys() == {"name"}


def test_period_name_can_be_changed(staff, city):
    period = CityPeriodFactory(city=city).period
    url = reverse("admin:strategies_reportingperiod_change", args=[period.pk])
    unchanged = {name: getattr(period, name) for name in PERIOD} | {"version": version_of(period)}

    assert staff.post(url, unchanged | {"name": "Winter"}).status_code == 302

    period.refresh_from_db()
    assert period.name == "Winter"


def test_city_periods_are_read_only(staff, city, django_assert_max_num_queries):
    for ahead in range(3):
        row = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead))

    with django_assert_max_num_queries(15):
        listed = staff.get(reverse("admin:strategies_cityperiod_changelist"))
    page = staff.get(reverse("admin:strategies_cityperiod_change", args=[row.pk]))
    posted = staff.post(reverse("admin:strategies_cityperiod_change", args=[row.pk]), {"state": "published"})

    assert (listed.context["cl"].result_count, page.status_code, posted.status_code) == (3, 200, 403)
    assert CityPeriod.objects.filter(state="published").count() == 0


def test_older_period_can_be_added_to_a_city_once(staff, city, lead):
    period, url = ReportingPeriodFactory(ahead=-3), reverse("admin:strategies_cityperiod_add")
    fields = {"city": city.pk, "period": period.pk}

    added, again = staff.post(url, fields), staff.post(url, fields)

    assert (added.status_code, again.status_code) == (302, 200)
    assert "This city already has this period." in again.content.decode()
    assert [(row.city, row.period, row.state) for row in CityPeriod.objects.all()] == [(city, period, "scheduled")]
    with pytest.raises(PermissionRefused):
        periods.add_city_period(city, period, by=lead)


def test_phase_dates_are_validated_when_added_and_changed(staff, city):
    dates = {"planned_start": "2026-01-01", "planned_end": "2026-12-31", "actual_start": "", "actual_end": ""}
    url = reverse("admin:pilot_pilotphase_add")

    wrong = staff.post(url, dates | {"city": city.pk, "kind": "pact", "planned_end": "2025-12-31"})
    added = staff.post(url, dates | {"city": city.pk, "kind": "pact"})
    phase = PilotPhase.objects.get()
    change = reverse("admin:pilot_pilotphase_change", args=[phase.pk])
    incomplete = staff.post(change, dates | {"version": 1, "planned_start": ""})
    changed = staff.post(change, dates | {"version": 1, "actual_start": "2026-01-02"})
    stale = staff.post(change, dates | {"version": 1})

    phase.refresh_from_db()
    assert set(wrong.context["adminform"].form.errors) == {"planned_end"}
    assert set(incomplete.context["adminform"].form.errors) == {"planned_start"}
    assert (added.status_code, changed.status_code, stale.status_code) == (302, 302, 200)
    assert (phase.actual_start, phase.version) == (date(2026, 1, 2), 2)


@pytest.mark.parametrize("name", ["strategies_reportingperiod", "strategies_cityperiod", "pilot_pilotphase"])
def test_lead_official_has_no_access_to_admin(client, lead, city, name):
    PilotPhaseFactory(city=city)
    client.force_login(lead)

    assert client.get(reverse(f"admin:{name}_changelist")).status_code == 404


# ---- the same saved at the same moment


def test_period_saved_meanwhile_is_shown_beside_the_field(staff):
    """Both forms were valid; the second save finds the period of the first."""
    ReportingPeriodFactory(name="Winter", starts_on=date(2027, 1, 5))

    response = staff.post(reverse(ADD), PERIOD)

    assert response.status_code == 200
    assert set(response.context["adminform"].form.errors) == {"starts_on"}
    assert ReportingPeriod.objects.count() == 1


def test_theme_that_cannot_be_saved_is_refused_in_words(staff, monkeypatch):
    def refuse(self, request, obj, form, change):
        raise IntegrityError("duplicate key")

    monkeypatch.setattr("core.admin.StaffAdmin.save_model", refuse)

    response = staff.post(reverse("admin:cities_theme_add"), {"name": "Work", "code": "work"}, follow=True)

    assert response.redirect_chain == [(reverse("admin:cities_theme_add"), 302)]
    assert "This could not be saved." in response.content.decode()
