"""Recommendations of the shared data: in each state, with markers in what is hidden from somebody."""

from datetime import timedelta

from core import clock
from evaluation.services import recommendation_progress, recommendations, responses

CITY = "viewer expert local_committee owner official lead"
FREE = "partner trainer scientific coordinator"  # of the network, without those in conflict
RATERS = "rater rater_discuss moderator"  # of the city's strategy
SEEN_RECOMMENDATIONS = {
    "recommendation-draft": "scientific substitute",
    "recommendation-moderated": "moderator scientific substitute",
    "recommendation-office": "coordinator",
    "recommendation-issued": f"{CITY} {FREE} {RATERS}",
    "response-draft": "official lead",
    "progress-open": CITY,
}


def add_recommendations(world) -> None:
    who, review = world.roles, world.evaluations["review"]
    draft = recommendations.draft_in_evaluation
    world.recommendations = {
        "draft": draft(review, by=who["scientific"], fields=_texts("MARKER-recommendation-draft")),
        "moderated": draft(review, by=who["moderator"], fields=_texts("MARKER-recommendation-moderated")),
        "office": _from_office(world, "MARKER-recommendation-office"),
        "issued": _from_office(world, "MARKER-recommendation-issued", is_issued=True),
        "answered": _from_office(world, "Open a second office.", is_issued=True),
        "under_way": _from_office(world, "Open a third office.", is_issued=True),
        "rejected": _from_office(world, "Close the first office.", is_issued=True),
        "network": _from_office(world, "Meet twice a year.", city=None, is_issued=True),
        "published": draft(world.evaluations["published"], by=who["scientific"], fields=_texts("Measure it.")),
    }
    rows = world.recommendations
    recommendations.issue(rows["published"], by=who["scientific"])
    response = {"responsible": who["official"].person, "due_on": clock.today() + timedelta(days=60), "version": 0}
    responses.save_response(
        rows["issued"], by=who["official"], decision="accept", reason="MARKER-response-draft", **response
    )
    responses.send_response(rows["answered"], by=who["lead"], decision="accept", actions=[world.action], **response)
    responses.send_response(rows["under_way"], by=who["lead"], decision="accept", **response)
    recommendation_progress.report_progress(
        rows["under_way"], world.periods["open"], by=who["official"], text="MARKER-progress-open", version=0
    )
    responses.send_response(rows["rejected"], by=who["lead"], decision="reject", reason="It is needed.", version=0)
    for row in rows.values():
        row.refresh_from_db()


def _texts(text):
    return {"text": text, "done_when": text}


_OWN = object()


def _from_office(world, text, *, city=_OWN, is_issued=False):
    by = world.roles["coordinator"]
    city = world.city if city is _OWN else city
    row = recommendations.draft_from("network_office", by=by, city=city, fields=_texts(text))
    return recommendations.issue(row, by=by) if is_issued else row
