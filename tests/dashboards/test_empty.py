"""Without a single city: apart from the modules whose tests share a network."""

from django.urls import reverse


def test_an_empty_network_says_so(partner, client):
    client.force_login(partner)

    text = client.get(reverse("dashboards:network")).content.decode()

    assert "Nothing has been reported yet." in text
    assert "There is no city here" in text
