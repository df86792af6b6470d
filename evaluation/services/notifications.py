"""Notifications about evaluations: what is to be done, and where. They never contain a rating."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cities.enums import Role
from cities.models import Person
from cities.rules import OFFICIALS
from cities.services.notifications import EmailText, notify, role_holders
from core import locales
from evaluation.enums import Stage, StageVerb
from evaluation.models import Evaluation
from evaluation.selectors.eligibility import eligible_members


def notify_all(people: Iterable[Person], *, key: str, text: EmailText, path: str) -> None:
    """Send one notification to each person, even if ``people`` lists a person twice."""
    for person in {person.pk: person for person in people}.values():
        notify(person, key=f"{key}/{person.pk}", text=text, path=path)


# ---- recipients


def raters(evaluation: Evaluation) -> list[Person]:
    assignments = evaluation.assignments.active()
    return list(Person.objects.filter(rater_assignments__in=assignments).select_related("user"))


def moderators(evaluation: Evaluation) -> list[Person]:
    return [evaluation.moderator] if evaluation.moderator else []


def officials(evaluation: Evaluation) -> list[Person]:
    return role_holders(city=evaluation.strategy.city, roles=OFFICIALS)


def coordinators() -> list[Person]:
    return role_holders(roles=[Role.COORDINATOR])


# ---- notifications


def notify_of_assignment(assignment: Any) -> None:
    evaluation = assignment.evaluation

    def text() -> Any:
        subject = _("You have been appointed as a rater: %(evaluation)s") % {"evaluation": evaluation}
        until = locales.day(evaluation.discussion_begins_on)
        return subject, _(
            "You have been appointed as a rater in this capacity: %(capacity)s. Rating ends when the discussion "
            "starts on %(day)s. If you have advised this city or have another connection to it, declare this "
            "on the evaluation page. If you have no connection to the city, you do not need to declare anything."
        ) % {"capacity": assignment.get_capacity_display(), "day": until}

    path = evaluation.get_absolute_url()
    notify_all([assignment.person], key=f"evaluation-assigned/{assignment.pk}", text=text, path=path)


def notify_moderator(evaluation: Evaluation) -> None:
    def text() -> Any:
        text = _("You lead the discussion of the ratings and record what was agreed. You do not rate.")
        if evaluation.stage in {Stage.DECLARE, Stage.RATE}:
            starts = _("The discussion starts on %(day)s.") % {"day": locales.day(evaluation.discussion_begins_on)}
            text = f"{text} {starts}"
        return _("You have been appointed as moderator: %(evaluation)s") % {"evaluation": evaluation}, text

    key = f"evaluation-moderator/{evaluation.pk}-{evaluation.history.count()}"  # the same person may be named again
    notify_all(moderators(evaluation), key=key, text=text, path=evaluation.get_absolute_url())


def notify_of_release(evaluation: Evaluation, person: Person, key: str) -> None:
    """Notify a rater or moderator whose task a coordinator has ended. The evaluation may be hidden from them now."""

    def text() -> Any:
        return _("Your task has ended: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The coordinator has ended your task in this evaluation. You do not need to do anything."
        )

    notify_all([person], key=f"evaluation-release/{key}", text=text, path=reverse("strategies:my_work"))


def notify_substitute(appointment: Any) -> None:
    evaluation = appointment.evaluation

    def text() -> Any:
        return _("You have been appointed as a substitute: %(evaluation)s") % {"evaluation": evaluation}, _(
            "Fewer than two members of the scientific committee can decide on this evaluation, so the "
            "coordinator has appointed you as a substitute. Record your decision by %(day)s."
        ) % {"day": locales.day(evaluation.last_day_of(Stage.REVIEW))}

    key = f"evaluation-substitute/{appointment.pk}"
    notify_all([appointment.person], key=key, text=text, path=review_url(evaluation))


def notify_of_extension(evaluation: Evaluation) -> None:
    """Notify those with a task in the current stage of its new last day, which replaces the one in earlier emails."""

    def text() -> Any:
        return _("Stage extended: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The stage “%(stage)s” has been extended until %(day)s."
        ) % {"stage": evaluation.get_stage_display(), "day": locales.day(evaluation.last_day)}

    people = {
        Stage.DECLARE: raters,
        Stage.RATE: raters,
        Stage.DISCUSS: lambda row: [*raters(row), *moderators(row)],
        Stage.MODERATE: moderators,
        Stage.REVIEW: eligible_members,
    }[Stage(evaluation.stage)](evaluation)
    key = f"evaluation-extended/{evaluation.pk}/{evaluation.stage}/{evaluation.last_day.isoformat()}"
    notify_all(people, key=key, text=text, path=evaluation.get_absolute_url())


def notify_of_conflict(conflict: Any) -> None:
    """Notify coordinators, so that they can name somebody else. The reason is on the page, not in the email."""
    evaluation = conflict.evaluation

    def text() -> Any:
        return _("Conflict of interest declared: %(evaluation)s") % {"evaluation": evaluation}, _(
            "Someone who was appointed has declared a conflict of interest. Check whether you need to appoint "
            "someone else."
        )

    path = reverse("evaluation:assign", args=[evaluation.pk])
    notify_all(coordinators(), key=f"evaluation-conflict/{conflict.pk}", text=text, path=path)


def notify_of_question(question: Any) -> None:
    evaluation = question.evaluation

    def text() -> Any:
        return _("Question from the scientific committee: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The scientific committee has a question for your city. The evaluation has not been sent back. "
            "Answer the question on the page below."
        )

    path = reverse("evaluation:question_answer", args=[question.pk])
    notify_all(officials(evaluation), key=f"evaluation-question/{question.pk}", text=text, path=path)


def notify_of_answer(question: Any) -> None:
    evaluation = question.evaluation

    def text() -> Any:
        return _("Your question has been answered: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The city has answered the scientific committee’s question. You can read the answer in the review."
        )

    notify_all([question.asked_by], key=f"evaluation-answer/{question.pk}", text=text, path=review_url(evaluation))


def review_url(evaluation: Evaluation) -> str:
    return reverse("admin:evaluation_review", args=[evaluation.pk])


def notify_of_transition(evaluation: Evaluation, transition: Any) -> None:
    """Notify the people who have something to do after this transition, or need to know of it."""
    notifier = _NOTIFIERS[transition.verb]
    notifier(evaluation, f"evaluation-move/{transition.pk}")


def _rating_began(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("Rating has started: %(evaluation)s") % {"evaluation": evaluation}, _(
            "You can now rate every dimension until the discussion starts on %(day)s. No one else can see your "
            "ratings before then."
        ) % {"day": locales.day(evaluation.discussion_begins_on)}

    notify_all(raters(evaluation), key=key, text=text, path=reverse("evaluation:rate_review", args=[evaluation.pk]))


def late_raters(evaluation: Evaluation) -> list[Person]:
    """Return raters who rated every dimension and did not submit: they may still do so as their ratings stand."""
    return [
        person for person in raters(evaluation) if Evaluation.objects.late_for(person).filter(pk=evaluation.pk).exists()
    ]


def _offer_late_submission(evaluation: Evaluation, people: list[Person], key: str) -> None:
    def text() -> Any:
        return _("Your ratings have not been submitted: %(evaluation)s") % {"evaluation": evaluation}, _(
            "Rating has ended. You rated every dimension but did not submit your ratings. They have been kept, "
            "and you can submit them as they are until %(day)s. Use the link below, which only you can open. "
            "Until then you cannot see the ratings and notes of others."
        ) % {"day": locales.day(evaluation.last_day)}

    path = reverse("evaluation:rate_review", args=[evaluation.pk])
    notify_all(people, key=f"{key}/late", text=text, path=path)


def _discussion_began(evaluation: Any, key: Any) -> Any:
    late = late_raters(evaluation)
    _offer_late_submission(evaluation, late, key)
    people = [person for person in raters(evaluation) if person not in late]

    def text() -> Any:
        return _("Discussion has started: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The discussion has started. Raters and the moderator can now see all ratings side by side. Raters "
            "can add notes on a dimension and revise their own ratings."
        )

    path = reverse("evaluation:discuss", args=[evaluation.pk])
    notify_all([*people, *moderators(evaluation)], key=key, text=text, path=path)


def _moderation_began(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("Record the consensus: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The discussion has ended. Record the agreed level and the reason for each dimension, then send "
            "the evaluation to the scientific committee."
        )

    notify_all(moderators(evaluation), key=key, text=text, path=reverse("evaluation:moderate", args=[evaluation.pk]))


def _handed_over(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("Ready for review: %(evaluation)s") % {"evaluation": evaluation}, _(
            "Every dimension has a consensus. Read the evaluation and record your decision by %(day)s."
        ) % {"day": locales.day(evaluation.last_day_of(Stage.REVIEW))}

    notify_all(eligible_members(evaluation), key=key, text=text, path=review_url(evaluation))


def _changes_requested(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("The committee requests changes: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The scientific committee has sent the evaluation back to moderation. The evaluation page shows "
            "what it asks for."
        )

    path = evaluation.get_absolute_url()
    notify_all([*moderators(evaluation), *raters(evaluation)], key=key, text=text, path=path)


def _published(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("Evaluation published: %(evaluation)s") % {"evaluation": evaluation}, _(
            "Two members of the scientific committee have approved the evaluation. Everyone can now read the "
            "result on the evaluation page."
        )

    people = [*officials(evaluation), *moderators(evaluation), *raters(evaluation), *coordinators()]
    notify_all(people, key=key, text=text, path=evaluation.get_absolute_url())


def _removed(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("Removed from the round: %(evaluation)s") % {"evaluation": evaluation}, _(
            "This evaluation was removed from its round before anyone had rated it. You do not need to do anything."
        )

    people = [*raters(evaluation), *moderators(evaluation)]
    notify_all(people, key=key, text=text, path=reverse("evaluation:round_list"))


_NOTIFIERS = {
    StageVerb.START_RATING: _rating_began,
    StageVerb.START_DISCUSSION: _discussion_began,
    StageVerb.START_MODERATION: _moderation_began,
    StageVerb.HAND_TO_COMMITTEE: _handed_over,
    StageVerb.REQUEST_CHANGES: _changes_requested,
    StageVerb.PUBLISH: _published,
    StageVerb.REMOVE: _removed,
}
