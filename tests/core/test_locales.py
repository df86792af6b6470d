from django.utils import translation

from core import locales


def test_country_names_follow_language():
    with translation.override("sv"):
        assert locales.country_name("SE") == "Sverige"
    with translation.override("en"):
        assert locales.country_name("XX") == "XX"
