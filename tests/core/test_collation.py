"""Codes by their numbers, names by the alphabet of the language, and searches without case and marks."""

import pytest
from django.utils import translation

from cities.models import Organisation
from core.collation import by_title, fold, matching, natural_key, rank_by_title, title_key
from core.row_choices import RowChoices
from strategies.models import PriorityArea
from tests.factories import CityFactory, OrganisationFactory, PriorityAreaFactory

ALPHABETS = {
    "en": ["Aalborg", "Åmål", "Ängelholm", "Łódź", "Lublin", "Örebro", "Step 2", "Step 10", "Zagreb"],
    "sv": ["Aalborg", "Łódź", "Lublin", "Step 2", "Step 10", "Zagreb", "Åmål", "Ängelholm", "Örebro"],
}


@pytest.mark.parametrize("language", ALPHABETS)
def test_titles_follow_the_alphabet_of_the_language(language):
    mixed = sorted(ALPHABETS["en"], reverse=True)

    assert sorted(mixed, key=lambda title: title_key(title, language)) == ALPHABETS[language]


def test_titles_follow_the_reader():
    with translation.override("sv"):
        assert title_key("Åmål") > title_key("Zagreb")
    with translation.override("en"):
        assert title_key("Åmål") < title_key("Zagreb")


@pytest.mark.parametrize(
    "before, after",
    [("1.1.2", "1.1.10"), ("2", "10"), ("A2", "A10"), ("1", "1.1"), ("1.9", "2"), ("1a", "1b"), ("007", "8")],
)
def test_codes_are_ordered_by_their_numbers(before, after):
    assert natural_key(before) < natural_key(after)


@pytest.mark.parametrize(
    "text, folded",
    [
        ("Åtgärd", "atgard"),
        ("ŁÓDŹ", "lodz"),
        ("Straße", "strasse"),
        ("Økland", "okland"),
        ("Ærø", "aero"),
        ("Iași", "iasi"),
        ("Þórður", "thordur"),
        ("ΆΝΟΙΞΗ", "ανοιξη"),
        ("Plain", "plain"),
    ],
)
def test_fold_removes_case_and_marks(text, folded):
    assert fold(text) == folded


@pytest.mark.django_db
def test_code_sort_is_set_by_every_save_and_in_bulk():
    area = PriorityAreaFactory(code="2")
    area.code = "10"
    area.save()
    PriorityArea.objects.bulk_create([PriorityArea(strategy=area.strategy, code="9", title="Nine")])

    assert list(PriorityArea.objects.filter(strategy=area.strategy).values_list("code", flat=True)) == ["9", "10"]


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["åtgärd", "ÅTGÄRD", "atgard", "atgard i stad", "stad åt"])
def test_matching_finds_words_without_case_and_marks(words):
    found = OrganisationFactory(name="Åtgärd i Stad", location="")
    OrganisationFactory(name="Another", location="Stad")

    assert list(matching(Organisation.objects.all(), words, ["name", "location"])) == [found]


@pytest.mark.django_db
def test_choices_and_ranks_follow_the_reader():
    from django import forms

    cities = {name: CityFactory(name=name) for name in ("Zagreb", "Åmål", "Lublin")}
    field = forms.ModelChoiceField(type(cities["Lublin"]).objects.all())

    assert field.iterator is RowChoices
    with translation.override("sv"):
        assert [str(label) for _value, label in field.choices][1:] == ["Lublin", "Zagreb", "Åmål"]
        ranked = type(cities["Lublin"]).objects.order_by(rank_by_title(cities.values(), "pk"))
        assert [city.name for city in ranked] == [city.name for city in by_title(cities.values())]
        assert [city.name for city in ranked] == ["Lublin", "Zagreb", "Åmål"]


@pytest.mark.django_db
def test_rows_are_ordered_by_rank_before_there_is_a_row_that_they_belong_to():
    organisation = OrganisationFactory()

    assert list(Organisation.objects.order_by(rank_by_title([], "governs"), "pk")) == [organisation]
