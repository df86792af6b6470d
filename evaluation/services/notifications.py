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
        subject = _("You are asked to rate: %(evaluation)s") % {"evaluation": evaluation}
        until = locales.day(evaluation.discussion_begins_on)
        return subject, _(
            "You are asked to rate this evaluation as: %(capacity)s. Rating lasts until the discussion begins on "
            "%(day)s. If you have advised this city or have another interest in it, please say so on the page."
        ) % {"capacity": assignment.get_capacity_display(), "day": until}

    path = evaluation.get_absolute_url()
    notify_all([assignment.person], key=f"evaluation-assigned/{assignment.pk}", text=text, path=path)


def notify_moderator(evaluation: Evaluation) -> None:
    def text() -> Any:
        return _("You are asked to moderate: %(evaluation)s") % {"evaluation": evaluation}, _(
            "You lead the discussion of the ratings and write down what was agreed. You do not rate yourself."
        )

    key = f"evaluation-moderator/{evaluation.pk}-{evaluation.history.count()}"  # the same person may be named again
    notify_all(moderators(evaluation), key=key, text=text, path=evaluation.get_absolute_url())


def notify_of_release(evaluation: Evaluation, person: Person, key: str) -> None:
    """Notify a rater or moderator whose task a coordinator has ended. The evaluation may be hidden from them now."""

    def text() -> Any:
        return _("You are no longer asked to take part: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The coordinator has ended your task in this evaluation. You need not do anything."
        )

    notify_all([person], key=f"evaluation-release/{key}", text=text, path=reverse("strategies:my_work"))


def notify_substitute(appointment: Any) -> None:
    evaluation = appointment.evaluation

    def text() -> Any:
        return _("You are asked to decide: %(evaluation)s") % {"evaluation": evaluation}, _(
            "Fewer than two members of the scientific committee are free to decide on this evaluation, "
            "so the coordinator has appointed you as a substitute."
        )

    key = f"evaluation-substitute/{appointment.pk}"
    notify_all([appointment.person], key=key, text=text, path=review_url(evaluation))


def notify_of_extension(evaluation: Evaluation) -> None:
    """Notify those with a task in the current stage of its new last day, which replaces the one in earlier emails."""

    def text() -> Any:
        return _("More time: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The stage “%(stage)s” has been extended. It now lasts until %(day)s."
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
        return _("A conflict of interest was declared: %(evaluation)s") % {"evaluation": evaluation}, _(
            "Somebody who was asked to take part has declared a conflict of interest. Look who is still there."
        )

    path = reverse("evaluation:assign", args=[evaluation.pk])
    notify_all(coordinators(), key=f"evaluation-conflict/{conflict.pk}", text=text, path=path)


def notify_of_question(question: Any) -> None:
    evaluation = question.evaluation

    def text() -> Any:
        return _("The scientific committee asks: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The scientific committee has a question to your city. Nothing is sent back; please answer it on the page."
        )

    path = reverse("evaluation:question_answer", args=[question.pk])
    notify_all(officials(evaluation), key=f"evaluation-question/{question.pk}", text=text, path=path)


def notify_of_answer(question: Any) -> None:
    evaluation = question.evaluation

    def text() -> Any:
        return _("Your question was answered: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The city has answered the question of the scientific committee. The answer is on the desk."
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
        return _("Rating has begun: %(evaluation)s") % {"evaluation": evaluation}, _(
            "You can now rate every dimension, until the discussion begins on %(day)s. "
            "Nobody else sees your ratings before then."
        ) % {"day": locales.day(evaluation.discussion_begins_on)}

    notify_all(raters(evaluation), key=key, text=text, path=reverse("evaluation:rate_review", args=[evaluation.pk]))


def late_raters(evaluation: Evaluation) -> list[Person]:
    """Return raters who rated every dimension and did not submit: they may still do so as their ratings stand."""
    return [
        person for person in raters(evaluation) if Evaluation.objects.late_for(person).filter(pk=evaluation.pk).exists()
    ]


def _offer_late_submission(evaluation: Evaluation, people: list[Person], key: str) -> None:
    def text() -> Any:
        return _("Your ratings were not submitted: %(evaluation)s") % {"evaluation": evaluation}, _(
            "Rating has ended. You have rated every dimension but did not submit your ratings. They are kept. With "
            "the link below, which only you can open, you can submit them as they are until %(day)s. Until then you "
            "do not see the ratings and notes of others."
        ) % {"day": locales.day(evaluation.last_day)}

    path = reverse("evaluation:rate_review", args=[evaluation.pk])
    notify_all(people, key=f"{key}/late", text=text, path=path)


def _discussion_began(evaluation: Any, key: Any) -> Any:
    late = late_raters(evaluation)
    _offer_late_submission(evaluation, late, key)
    people = [person for person in raters(evaluation) if person not in late]

    def text() -> Any:
        return _("The ratings are open to their raters: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The discussion has begun. Raters and the moderator now see all ratings side by side. "
            "Raters can say more about a dimension and change their own ratings."
        )

    path = reverse("evaluation:discuss", args=[evaluation.pk])
    notify_all([*people, *moderators(evaluation)], key=key, text=text, path=path)


def _moderation_began(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("Write down the consensus: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The discussion is over. Write down the agreed level and the reason for each dimension, "
            "then hand the evaluation to the scientific committee."
        )

    notify_all(moderators(evaluation), key=key, text=text, path=reverse("evaluation:moderate", args=[evaluation.pk]))


def _handed_over(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("Ready for review: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The consensus stands for every dimension. The evaluation is on the committee's desk, "
            "to be decided by %(day)s."
        ) % {"day": locales.day(evaluation.last_day_of(Stage.REVIEW))}

    notify_all(eligible_members(evaluation), key=key, text=text, path=review_url(evaluation))


def _changes_requested(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("The committee requests changes: %(evaluation)s") % {"evaluation": evaluation}, _(
            "The scientific committee has sent the evaluation back to moderation. What it asks for stands on the page."
        )

    path = evaluation.get_absolute_url()
    notify_all([*moderators(evaluation), *raters(evaluation)], key=key, text=text, path=path)


def _published(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("The evaluation is published: %(evaluation)s") % {"evaluation": evaluation}, _(
            "Two members of the scientific committee have approved it. The result is on the page."
        )

    people = [*officials(evaluation), *moderators(evaluation), *raters(evaluation), *coordinators()]
    notify_all(people, key=key, text=text, path=evaluation.get_absolute_url())


def _removed(evaluation: Any, key: Any) -> Any:
    def text() -> Any:
        return _("Removed from the round: %(evaluation)s") % {"evaluation": evaluation}, _(
            "This evaluation was removed from its round before anybody rated it. You have nothing more to do for it."
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
