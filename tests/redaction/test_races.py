"""A redaction at the same moment as a submission, an edit, a report and another redaction, on both databases."""

import threading

import pytest
from django.db import connection, connections

from cities.enums import BodyKind, Role
from core import redaction, verification
from core.exceptions import UserFacingError
from core.redaction import MARK
from strategies.models import ActionUpdate, CityPeriod, PeriodRevision
from strategies.services import periods
from strategies.services.updates import change_update
from tests.factories import CityFactory, member
from tests.reports.accepted_city import accepted_city, issue_city, open_city
from tests.strategies.helpers import update_input

from .everywhere import found_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WORDS = "The first group has begun."


def at_the_same_moment(*calls):
    """Make the calls in threads of their own; return the errors that no user can read."""
    barrier, errors = threading.Barrier(len(calls)), []

    def work(call):
        try:
            connection.ensure_connection()
            barrier.wait(20)
            call()
        except UserFacingError:
            pass  # the other one was first
        except Exception as error:  # noqa: BLE001 - the test looks at all of them
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


@pytest.mark.parametrize("other", ["submit", "edit", "report", "redaction"])
def test_words_are_gone_whoever_was_first(own_storage, other):
    city = CityFactory()
    place = accepted_city(city) if other in {"report", "redaction"} else open_city(city)
    by = member(BodyKind.NETWORK_OFFICE, Role.DATA_PROTECTION)
    update = ActionUpdate.objects.get(text=WORDS)
    city_period = CityPeriod.objects.get(pk=place.pk)

    def redact():
        redaction.redact(update, ["text"], by=by, reason="A participant is named.")

    others = {
        "submit": lambda: periods.submit_period(city_period, by=place.lead),
        "edit": lambda: change_update(update, by=place.lead, data=update_input(WORDS), version=update.version),
        "report": lambda: issue_city(place),
        "redaction": redact,
    }
    assert at_the_same_moment(redact, others[other]) == []

    assert found_in(WORDS) == []
    update.refresh_from_db()
    assert update.text == MARK
    assert PeriodRevision.objects.count() == {"submit": PeriodRevision.objects.count(), "edit": 0}.get(other, 2)
    assert verification.differences_in(verification.check_rows()) == []
