"""The counter below a long text: current, announced after a pause, and without JavaScript replaced by the limit."""

from playwright.sync_api import expect

EXPERT = "expert.linkoping"
COMMENT = "/periods/{open}/comment/"


def test_counter_says_how_many_characters_are_left(visit, axe, demo_ids):
    page = visit(EXPERT, COMMENT.format(**demo_ids))
    counter = page.locator("#id_text_limit")
    expect(counter).to_have_text("4,000 of 4,000 characters left")

    page.locator("#id_text").fill("Nine 😀\n..")  # an emoji and a line break are one character each

    expect(counter).to_have_text("3,991 of 4,000 characters left")
    expect(page.locator("#id_text_limit + [role=status]")).to_have_text("3,991 of 4,000 characters left")
    assert axe(page) == []


def test_text_that_is_too_long_stays_and_is_explained(visit, demo_ids):
    page = visit(EXPERT, COMMENT.format(**demo_ids), width=360)
    typed = "long-" * 801

    page.locator("#id_text").fill(typed)
    expect(page.locator("#id_text_limit")).to_have_text("5 characters too many: at most 4,000")
    page.locator(".epi-save button").first.click()

    expect(page.locator("#id_text")).to_have_value(typed)
    expect(page.locator(".epi-errors")).to_contain_text("The text has 4,005 characters. Shorten it to at most 4,000.")


def test_limit_is_stated_without_javascript(visit, demo_ids):
    page = visit(EXPERT, COMMENT.format(**demo_ids), js=False)

    expect(page.locator("#id_text_limit")).to_have_text("At most 4,000 characters.")
