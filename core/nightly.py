"""The check of every hash, trigger, frozen row and projection, once a night (``core.verification``)."""

from datetime import timedelta

import structlog
from django.utils import timezone

from . import clock, verification
from .models import VerificationRun

log = structlog.get_logger(__name__)
NIGHT_ENDS = 5  # o'clock, in the time zone of the network
AT_MOST_EVERY, AT_LEAST_EVERY = timedelta(hours=20), timedelta(hours=28)
KEPT = timedelta(days=90)
MOST_LINES = 200


def verify_if_due() -> VerificationRun | None:
    """Check at night, or at any hour where the last check is older than a day. Returns None where it is not due."""
    newest = VerificationRun.objects.order_by("-started_at").first()
    if newest is not None:
        age = clock.now() - newest.started_at
        is_night = timezone.localtime(clock.now()).hour < NIGHT_ENDS
        if age < AT_MOST_EVERY or (age < AT_LEAST_EVERY and not is_night):
            return None
    return verify()


def verify() -> VerificationRun:
    """Check everything but the files and store the result. Repairs nothing."""
    started_at = clock.now()
    results = {"triggers": verification.check_triggers(), **verification.check_rows()}
    differences = verification.differences_in(results)
    for line in differences:
        log.error("stored data differ", difference=line)
    VerificationRun.objects.filter(started_at__lt=clock.now() - KEPT).delete()
    return VerificationRun.objects.create(
        started_at=started_at,
        checked=sum(result.checked for result in results.values()),
        difference_count=len(differences),
        differences="\n".join(differences[:MOST_LINES]),
    )


def open_differences() -> VerificationRun | None:
    """Return the newest run if it found differences."""
    newest = VerificationRun.objects.order_by("-started_at").first()
    return newest if newest and newest.difference_count else None
