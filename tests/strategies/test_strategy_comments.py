"""Comments on a draft strategy: written in the city, visible to it and to coordinators only."""

import pytest
from django.db import IntegrityError
from django.urls import reverse

from accounts.models import Mail
from core.exceptions import PermissionRefused, ReasonMissing
from strategies.exceptions import StrategyError
from strategies.models import StrategyComment
from strategies.services import plans
from tests.factories import StrategyCommentFactory, StrategyFactory

pytestmark = pytest.mark.django_db

COMMENTS = {"viewer", "expert", "local_committee", "official", "lead"}
TEXT = "Housing is missing."


@pytest.fixture
def draft(city):
    return StrategyFactory(city=city)


def comment_url(strategy):
    return reverse("strategies:strategy_comment", args=[strategy.ref])


def test_comment_is_allowed_for_roles_of_the_city_only(everyone, draft):
    allowed_roles = set()
    for role, user in everyone.items():
        try:
            plans.comment_strategy(draft, by=user, text=TEXT)
        except PermissionRefused:
            continue
        allowed_roles.add(role)

    assert allowed_roles & COMMENTS == COMMENTS & set(everyone)
    assert not allowed_roles & {
        "public",
        "partner",
        "coordinator",
        "scientific",
        "other_official",
        "former",
        "superuser",
    }


def test_comment_sent_twice_is_there_and_notified_of_once(draft, everyone):
    first = plans.comment_strategy(draft, by=everyone["expert"], text=TEXT)
    sent = Mail.objects.count()

    assert plans.comment_strategy(draft, by=everyone["expert"], text=f"{TEXT} ") == first
    assert (StrategyComment.objects.count(), Mail.objects.count()) == (1, sent)
    assert plans.comment_strategy(draft, by=everyone["viewer"], text=TEXT) != first


def test_comment_without_text_is_refused(draft, everyone):
    with pytest.raises(ReasonMissing):
        plans.comment_strategy(draft, by=everyone["expert"], text=" ")
    with pytest.raises(IntegrityError):
        StrategyCommentFactory(strategy=draft, text="")


def test_comment_on_an_adopted_strategy_is_refused(client, draft, everyone, city):
    plans.adopt_strategy(draft, by=everyone["lead"], on=city.today)
    with pytest.raises(StrategyError, match="has been adopted, so"):
        plans.comment_strategy(draft, by=everyone["expert"], text=TEXT)
    client.force_login(everyone["expert"])

    page = client.post(comment_url(draft), {"text": TEXT}).content.decode()

    assert "has been adopted, so" in page
    assert comment_url(draft) not in client.get(draft.get_absolute_url()).content.decode()


def test_queryset_and_permission_agree_on_visible_comments(everyone, draft):
    comment = StrategyCommentFactory(strategy=draft)

    listed = {role for role, user in everyone.items() if comment in StrategyComment.objects.visible_to(user)}
    allowed = {role for role, user in everyone.items() if user.has_perm("strategies.view_strategycomment", comment)}

    assert listed == allowed
    assert listed >= (COMMENTS & set(everyone)) | {"coordinator"}
    assert not listed & {"public", "partner", "scientific", "other_official", "former", "superuser"}


def test_comment_is_shown_on_the_strategy_page_but_not_to_the_public(client, draft, everyone):
    client.force_login(everyone["expert"])
    assert comment_url(draft) in client.get(draft.get_absolute_url()).content.decode()

    client.post(comment_url(draft), {"text": TEXT})

    assert TEXT in client.get(draft.get_absolute_url()).content.decode()
    plans.adopt_strategy(draft, by=everyone["lead"], on=draft.city.today)
    plans.publish_strategy(draft, by=everyone["lead"])
    for role, can_read in (("coordinator", True), ("partner", False), ("scientific", False)):
        client.force_login(everyone[role])
        assert (TEXT in client.get(draft.get_absolute_url()).content.decode()) == can_read
    client.logout()
    page = client.get(draft.get_absolute_url())
    assert (page.status_code, TEXT in page.content.decode()) == (200, False)
