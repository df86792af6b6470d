from datetime import UTC, date, datetime, timedelta

import factory
from factory.django import DjangoModelFactory

from training.models import Session, TrainingWeek


class TrainingWeekFactory(DjangoModelFactory):
    class Meta:
        model = TrainingWeek

    title = factory.Sequence(lambda n: f"Training week {n}")
    slug = factory.Sequence(lambda n: f"week-{n}")
    starts_on = date(2026, 5, 11)
    ends_on = date(2026, 5, 13)


class SessionFactory(DjangoModelFactory):
    class Meta:
        model = Session

    week = factory.SubFactory(TrainingWeekFactory)
    kind = "workshop"
    title = factory.Sequence(lambda n: f"Session {n}")
    starts_at = datetime(2026, 5, 11, 9, tzinfo=UTC)
    ends_at = factory.LazyAttribute(lambda session: session.starts_at + timedelta(hours=1))
