"""Test the dashboard without cities, in a module that does not share the network fixture."""

from django.urls import reverse


def test_dashboard_without_cities_says_so(partner, client):
    client.force_login(partner)

    text = client.get(reverse("dashboards:network")).content.decode()

    assert "Nothing has been reported yet." in text
    assert "No cities yet" in text
