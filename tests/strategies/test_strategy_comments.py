"""Comments on a draft: by people of the city, read by them and by coordinators, never by the public."""

import pytest
from django.db import IntegrityError
from django.urls import reverse

from strategies.exceptions import PermissionRefused, ReasonMissing, StrategyError
from strategies.models import StrategyComment
from strategies.services import plans
from tests.factories import StrategyCommentFactory, StrategyFactory

pytestmark = pytest.mark.django_db

COMMENTS = {"viewer", "expert", "local_committee", "official", "lead"}
WORDS = "Housing is missing."


@pytest.fixture
def draft(city):
    return StrategyFactory(city=city)


def comment_address(strategy):
    return reverse("strategies:strategy_comment", args=[strategy.ref])


def test_people_of_the_city_comment_and_nobody_else(everyone, draft):
    said = set()
    for role, user in everyone.items():
        try:
            plans.comment_strategy(draft, by=user, text=WORDS)
        except PermissionRefused:
            continue
        said.add(role)

    assert said & COMMENTS == COMMENTS & set(everyone)
    assert not said & {"public", "partner", "coordinator", "scientific", "other_official", "former", "superuser"}


def test_a_comment_has_words(draft, everyone):
    with pytest.raises(ReasonMissing):
        plans.comment_strategy(draft, by=everyone["expert"], text=" ")
    with pytest.raises(IntegrityError):
        StrategyCommentFactory(strategy=draft, text="")


def test_an_adopted_strategy_takes_no_comment(client, draft, everyone, city):
    plans.adopt_strategy(draft, by=everyone["lead"], on=city.today)
    with pytest.raises(StrategyError, match="adopted meanwhile"):
        plans.comment_strategy(draft, by=everyone["expert"], text=WORDS)
    client.force_login(everyone["expert"])

    page = client.post(comment_address(draft), {"text": WORDS}).content.decode()

    assert "adopted meanwhile" in page
    assert comment_address(draft) not in client.get(draft.get_absolute_url()).content.decode()


def test_lists_and_rule_agree_on_who_reads_comments(everyone, draft):
    comment = StrategyCommentFactory(strategy=draft)

    listed = {role for role, user in everyone.items() if comment in StrategyComment.objects.visible_to(user)}
    allowed = {role for role, user in everyone.items() if user.has_perm("strategies.view_strategycomment", comment)}

    assert listed == allowed
    assert listed >= (COMMENTS & set(everyone)) | {"coordinator"}
    assert not listed & {"public", "partner", "scientific", "other_official", "former", "superuser"}


def test_a_comment_stands_on_the_page_of_the_draft_and_never_in_public(client, draft, everyone):
    client.force_login(everyone["expert"])
    assert comment_address(draft) in client.get(draft.get_absolute_url()).content.decode()

    client.post(comment_address(draft), {"text": WORDS})

    assert WORDS in client.get(draft.get_absolute_url()).content.decode()
    plans.adopt_strategy(draft, by=everyone["lead"], on=draft.city.today)
    plans.publish_strategy(draft, by=everyone["lead"])
    for role, reads in (("coordinator", True), ("partner", False), ("scientific", False)):
        client.force_login(everyone[role])
        assert (WORDS in client.get(draft.get_absolute_url()).content.decode()) == reads
    client.logout()
    page = client.get(draft.get_absolute_url())
    assert (page.status_code, WORDS in page.content.decode()) == (200, False)
