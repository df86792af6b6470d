"""Factories of dependent rows: emails, invitations, parts of plans, evidence, notes in evaluations."""

from datetime import timedelta

import factory
from factory.django import DjangoModelFactory

from accounts.models import Mail
from cities.enums import Role
from cities.models import Attendance, Invitation, TargetGroup
from core import clock
from core.models import FormInput
from evaluation.models import CommitteeQuestion, ConflictOfInterest, Consensus, DiscussionNote, SubstituteAppointment
from pilot.models import GateWaiver, Pact, PactText, PactVersion
from reports.models import ReportSchedule
from strategies.models import (
    DecisionLink,
    Evidence,
    Narrative,
    PeriodComment,
    Risk,
    StrategyComment,
    SwotItem,
)
from training.enums import SpeakerKind
from training.models import Speaker

from .evaluation import DimensionFactory, EvaluationFactory
from .people import BodyFactory, CityFactory, DecisionFactory, EventFactory, PersonFactory, UserFactory
from .strategies import (
    ActionFactory,
    ActionUpdateFactory,
    CityPeriodFactory,
    PilotPhaseFactory,
    StrategyFactory,
)


class MailFactory(DjangoModelFactory):
    class Meta:
        model = Mail

    recipient = factory.Sequence(lambda n: f"reader{n}@town.example")
    subject = "A letter"
    body = "What it says."


class TargetGroupFactory(DjangoModelFactory):
    class Meta:
        model = TargetGroup

    code = factory.Sequence(lambda n: f"group-{n}")
    name = factory.Sequence(lambda n: f"Group {n}")


class InvitationFactory(DjangoModelFactory):
    class Meta:
        model = Invitation

    email = factory.Sequence(lambda n: f"invited{n}@town.example")
    name = factory.Sequence(lambda n: f"Invited {n}")
    body = factory.SubFactory(BodyFactory)
    role = Role.OFFICIAL
    token_hash = factory.Sequence(lambda n: f"{n:064x}")
    invited_by = factory.SubFactory(UserFactory)
    expires_at = factory.LazyFunction(lambda: clock.now() + timedelta(days=14))


class AttendanceFactory(DjangoModelFactory):
    class Meta:
        model = Attendance

    event = factory.SubFactory(EventFactory)
    person = factory.SubFactory(PersonFactory)


class DecisionLinkFactory(DjangoModelFactory):
    class Meta:
        model = DecisionLink

    decision = factory.SubFactory(DecisionFactory)
    action = factory.SubFactory(ActionFactory)


class SwotItemFactory(DjangoModelFactory):
    class Meta:
        model = SwotItem

    strategy = factory.SubFactory(StrategyFactory)
    kind = "strength"
    text = factory.Sequence(lambda n: f"Strength {n}")


class RiskFactory(DjangoModelFactory):
    class Meta:
        model = Risk

    strategy = factory.SubFactory(StrategyFactory)
    text = factory.Sequence(lambda n: f"Problem {n}")


class NarrativeFactory(DjangoModelFactory):
    class Meta:
        model = Narrative

    city_period = factory.SubFactory(CityPeriodFactory)
    text = "What the quarter was like."
    language = "sv"


class PeriodCommentFactory(DjangoModelFactory):
    class Meta:
        model = PeriodComment

    city_period = factory.SubFactory(CityPeriodFactory)
    kind = "comment"
    text = "Say more about the second action."
    author = factory.SubFactory(UserFactory)


class StrategyCommentFactory(DjangoModelFactory):
    class Meta:
        model = StrategyComment

    strategy = factory.SubFactory(StrategyFactory)
    text = "Say more about housing."
    author = factory.SubFactory(UserFactory)


class EvidenceFactory(DjangoModelFactory):
    class Meta:
        model = Evidence

    update = factory.SubFactory(ActionUpdateFactory)
    link = "https://town.example/news"


class FormInputFactory(DjangoModelFactory):
    class Meta:
        model = FormInput

    user = factory.SubFactory(UserFactory)
    nonce = factory.Sequence(str)
    page = path = "/actions/1/log/"


class GateWaiverFactory(DjangoModelFactory):
    class Meta:
        model = GateWaiver

    phase = factory.SubFactory(PilotPhaseFactory)
    requirement = "strategy_adopted"
    reason = "By another way."
    by = factory.SubFactory(UserFactory)


class ConflictOfInterestFactory(DjangoModelFactory):
    class Meta:
        model = ConflictOfInterest

    evaluation = factory.SubFactory(EvaluationFactory)
    person = factory.SubFactory(PersonFactory)
    reason = "Advised the city."
    declared_by = factory.SubFactory(UserFactory)


class SubstituteAppointmentFactory(DjangoModelFactory):
    class Meta:
        model = SubstituteAppointment

    evaluation = factory.SubFactory(EvaluationFactory)
    person = factory.SubFactory(PersonFactory)
    reason = "Fewer than two members are free."
    appointed_by = factory.SubFactory(UserFactory)


class DiscussionNoteFactory(DjangoModelFactory):
    class Meta:
        model = DiscussionNote

    evaluation = factory.SubFactory(EvaluationFactory)
    dimension = factory.SubFactory(DimensionFactory)
    author = factory.SubFactory(PersonFactory)
    text = "Did others see more?"


class ConsensusFactory(DjangoModelFactory):
    class Meta:
        model = Consensus

    evaluation = factory.SubFactory(EvaluationFactory)
    dimension = factory.SubFactory(DimensionFactory)
    moderator = factory.SubFactory(PersonFactory)
    level = 3
    reason = "Agreed after the discussion."


class CommitteeQuestionFactory(DjangoModelFactory):
    class Meta:
        model = CommitteeQuestion

    evaluation = factory.SubFactory(EvaluationFactory)
    asked_by = factory.SubFactory(PersonFactory)
    text = "How many took part?"


class ReportScheduleFactory(DjangoModelFactory):
    class Meta:
        model = ReportSchedule
        django_get_or_create = ("kind", "trigger")

    kind = "city_period"
    trigger = "accepted"


class SpeakerFactory(DjangoModelFactory):
    class Meta:
        model = Speaker

    name = factory.Sequence(lambda n: f"Speaker {n}")
    kind = SpeakerKind.values[0]


class PactFactory(DjangoModelFactory):
    class Meta:
        model = Pact

    city = factory.SubFactory(CityFactory)


class PactVersionFactory(DjangoModelFactory):
    """A draft; ``pilot.services.pacts`` makes the rest of its life."""

    class Meta:
        model = PactVersion

    pact = factory.SubFactory(PactFactory)
    number = 1


class PactTextFactory(DjangoModelFactory):
    class Meta:
        model = PactText

    pact_version = factory.SubFactory(PactVersionFactory)
    language = "en"
    title = "Our pact"
    text = "We work together.\n\nEverybody can take part."
    is_authoritative = True
