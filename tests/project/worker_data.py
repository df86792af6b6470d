"""Program for a separate database: create large queued reports, and a schedule with one report due.

The reports are large so that a test can kill workers while they build them.
"""

import os
from datetime import timedelta

import django

REPORTS = 10 if os.environ.get("EPI_PROVE") == "1" else 4
ACTIONS = 400  # in each report: takes about two seconds


def main() -> None:
    django.setup()

    from django.db import transaction

    from accounts.models import Mail
    from cities.models import City, Installation
    from core import clock
    from core.queue import enqueue
    from core.snapshots import sha256_hex
    from reports.enums import Recipients, ReportKind, Trigger
    from reports.models import Report, ReportSchedule
    from tests.factories import CityFactory, ReportingPeriodFactory
    from tests.reports import report_facts
    from tests.reports.accepted_city import accepted_city

    Installation.objects.create(network_name="Network of the test")
    period = ReportingPeriodFactory()
    large = report_facts.facts(report_facts.city(actions=ACTIONS))
    for number in range(REPORTS):
        name = f"EPI-{period.starts_on.year}-LARGE-{number}-R1"
        snapshot = report_facts.snapshot(large, kind="network_period", number=name)
        with transaction.atomic():
            report = Report.objects.create(
                kind=ReportKind.NETWORK_PERIOD,
                period=period,
                revision=number + 1,
                number=name,
                language="en",
                snapshot=snapshot,
                sha256=sha256_hex(snapshot),
            )
            enqueue("reports.tasks.build_report", report.pk)
    accepted_city(CityFactory(name="Linköping", slug="linkoping"))
    Mail.objects.all().delete()
    ReportSchedule.objects.create(
        kind=ReportKind.CITY_PERIOD,
        trigger=Trigger.ACCEPTED,
        recipients=[Recipients.CITY],
        active_from=clock.today() - timedelta(days=1),
    )
    assert City.objects.count() == 1


if __name__ == "__main__":
    main()
