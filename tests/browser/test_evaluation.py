"""Journeys: a rater rates; the moderator records the consensus; two committee members decide."""

import re

from playwright.sync_api import expect

from .browser_helpers import submit

DIMENSIONS = ["relevance", "effectiveness", "coherence", "sustainability", "efficiency", "impact"]
SUBMIT = re.compile("Submit")


def evaluation(site, slug: str, stage: str) -> int:
    code = "from evaluation.models import Evaluation; "
    code += f"print(Evaluation.objects.get(strategy__city__slug={slug!r}, stage={stage!r}).pk)"
    return int(site.shell(code))


def check_first_citation(page) -> None:
    """Open the section of the first piece of evidence and check its box."""
    checkbox, sections = page.locator("input[name=citations]").first, page.locator("details:has(input[name=citations])")
    for section in sections.all():
        if not checkbox.is_visible() and section.get_attribute("open") is None:
            section.locator("summary").first.click()
    checkbox.check()


def test_rater_submits_ratings_hidden_from_other_rater(visit, site):
    pk = evaluation(site, "dietzenbach", "rate")
    page = visit("rater2", f"/evaluation/{pk}/")
    page.get_by_role("link", name=re.compile("^Rate")).first.click()

    for code in DIMENSIONS:
        page.goto(f"{site.url}/evaluation/{pk}/rate/{code}/")
        page.get_by_role("radio").nth(2).check()
        page.get_by_label(re.compile("^Reasons")).fill("The updates name who was asked, and what changed.")
        check_first_citation(page)
        submit(page.get_by_role("button", name="Save", exact=True))
    page.goto(f"{site.url}/evaluation/{pk}/rate/review/")
    submit(page.get_by_role("button", name=SUBMIT))

    code = "from evaluation.models import Assessment; print(Assessment.objects.filter("
    code += f"evaluation={pk}, rater__user__email='rater2@demo.example', submitted_at__isnull=False).count())"
    assert site.shell(code) == "1"
    other = visit("rater3", f"/evaluation/{pk}/")
    assert "what changed" not in other.content()


def test_moderator_saves_consensus_and_submits_to_committee(visit, site, demo_ids):
    page = visit("moderator", f"/evaluation/{demo_ids['moderate']}/moderate/")

    for code in DIMENSIONS:
        form = page.locator(f"#{code} .epi-consensus")
        form.get_by_role("radio").nth(1).check()
        form.get_by_label("Reason", exact=True).fill("Partly met, as both raters say.")
        form.get_by_role("button").click()
        expect(page.get_by_text(re.compile("^The consensus on .* has been saved"))).to_be_visible()
    page.get_by_role("button", name="Send to the committee").click()

    expect(page.locator("main")).to_contain_text("Consensus awaiting decision")
    assert evaluation(site, "cluj-napoca", "review") == demo_ids["moderate"]


def test_reason_of_the_committee_is_saved_while_it_is_typed(visit, demo_ids):
    """The review pages of the administration save drafts as rows, as the long forms of the site do."""
    path, reason = f"/admin/evaluation/evaluation/{demo_ids['review']}/desk/", "Well founded, as far as"
    page = visit("committee1", path)

    page.get_by_label(re.compile("^Reason")).last.press_sequentially(reason)
    expect(page.locator("[data-draft-status]")).to_contain_text("Draft saved,")

    assert reason not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    page = visit("committee1", path, fresh=True)
    expect(page.get_by_label(re.compile("^Reason")).last).to_have_value(reason)
    expect(page.get_by_role("main")).to_contain_text("This is your draft")
    other = visit("committee2", path)
    expect(other.get_by_label(re.compile("^Reason")).last).to_have_value("")

    page.get_by_role("link", name="View or delete draft").click()
    submit(page.get_by_role("button", name="Delete draft"))


def test_decision_after_new_answer_shows_change_and_keeps_reason(visit, site, axe, demo_ids):
    reason = "Well founded, as far as it goes."
    review_page = visit("committee1", f"/admin/evaluation/evaluation/{demo_ids['review']}/desk/")
    review_page.get_by_role("radio", name=re.compile("^approve", re.IGNORECASE)).first.check()
    review_page.get_by_label(re.compile("^Reason")).last.fill(reason)
    city = visit("lead.lublin", f"/evaluation/questions/{demo_ids['question']}/")
    city.get_by_label("Answer").fill("Four hundred newcomers, in three languages.")
    city.get_by_role("button", name=re.compile("Answer|Send")).click()

    review_page.get_by_role("button", name="Record decision").click()

    expect(review_page.get_by_role("alert").first).to_contain_text("has changed since you opened it")
    expect(review_page.locator("main")).to_contain_text("Four hundred newcomers, in three languages.")
    expect(review_page.get_by_label(re.compile("^Reason")).last).to_have_value(reason)
    assert axe(review_page) == []
    stage = f"from evaluation.models import Evaluation; print(Evaluation.objects.get(pk={demo_ids['review']}).stage)"
    assert site.shell(stage) == "review"


def test_result_is_published_after_two_decisions(visit, site):
    pk = evaluation(site, "lublin", "review")
    # A draft of an earlier test has the hash of the version that it was typed for, and would be refused once.
    site.shell("from core.models import FormInput; FormInput.objects.all().delete()")

    for number, member in enumerate(("committee1", "committee2")):
        page = visit(member, "/admin/evaluation/evaluation/")
        page.get_by_role("link", name=re.compile("^Lublin, .*second look")).click()
        page.get_by_role("radio", name=re.compile("^approve", re.IGNORECASE)).first.check()
        page.get_by_label(re.compile("^Reason")).last.fill("Well founded.")
        expect(page.locator("#id_reason_limit")).to_have_text("3,987 of 4,000 characters left")
        submit(page.get_by_role("button", name="Record decision"))
        stage = site.shell(f"from evaluation.models import Evaluation; print(Evaluation.objects.get(pk={pk}).stage)")
        assert stage == ("review", "published")[number]

    result = visit(None, f"/evaluation/{pk}/")
    expect(result.locator("main")).to_contain_text("Effectiveness")


def test_conflicted_member_cannot_open_evaluation(visit, site):
    code = "from cities.models import Person; from evaluation.models import Evaluation; "
    code += "seen = {p.user.email.split('@')[0] for p in Person.objects.filter(user__email__startswith='committee') "
    code += "if Evaluation.objects.reviewable_by(p.user).filter(strategy__city__slug='lublin', round__name__contains="
    code += "'second').exists()}; print(sorted({'committee1', 'committee2', 'committee3'} - seen)[0], "
    code += "Evaluation.objects.get(strategy__city__slug='lublin', round__name__contains='second').pk)"
    conflicted, pk = site.shell(code).split()

    page = visit(conflicted, "/admin/evaluation/evaluation/")
    expect(page.locator("body")).not_to_contain_text("Lublin, Round 2")
    for path in (f"/admin/evaluation/evaluation/{pk}/desk/", f"/evaluation/{pk}/rate/relevance/"):
        assert page.context.request.get(site.url + path).status in {403, 404}
