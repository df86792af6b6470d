"""Every template is rendered by a page in ``page_list``, or named here with the test that renders it."""

from collections import defaultdict
from pathlib import Path

from .live_site import ROOT
from .page_list import PAGES

RENDERED_BY_TESTS = {  # rendered after a POST: the test that sends it
    "bare_part.html": "test_sessions.py::test_part_of_a_page_says_that_the_session_has_ended",
    "_parts/differences.html": "test_two_people.py::test_edit_conflict_shows_both_versions_and_keeps_input",
    "_parts/saved_differently.html": (
        "../strategies/test_views_log_repeated.py::test_amount_corrected_after_going_back_is_shown_and_corrects_the_update"
    ),
    "evaluation/parts/initial_level.html": (
        "../evaluation/test_blind_levels.py::test_pages_say_that_the_initial_level_is_not_kept"
    ),
    "pilot/_verified_pact.html": "../pilot/test_pact_pages.py::test_verify_page_names_the_version",
    "reports/_verified_report.html": "test_reports.py::test_verify_page_accepts_pdf_and_rejects_changed_byte",
    "_parts/error_lines.html": "test_appearance.py::test_form_with_errors_shows_summary",
    "strategies/_city_no_strategy_panel.html": "test_new_city.py::test_lead_creates_strategy_of_new_city",
    "cities/_allow_sign_in.html": (
        "../cities/test_member_list.py::test_coordinator_ends_the_delay_after_failed_sign_ins"
    ),
    "_parts/form_input.html": "test_typed_text.py::test_typed_text_is_in_the_form_after_signing_in_again",
    "_parts/kept_files.html": "test_log.py::test_update_is_kept_when_session_expires_before_post",
    "_parts/chart_page.html": "test_dashboard.py::test_chart_saved_as_page_is_drawn_without_the_site",
    "form_not_saved.html": "test_log.py::test_update_that_cannot_be_stored_is_shown_for_copying",
    "form_input.html": "../strategies/test_views_unsaved.py::test_post_after_the_page_is_gone_shows_the_text_to_copy",
    "redaction/redaction_list.html": "../redaction/test_pages.py::test_from_an_address_to_a_redaction",
    "redaction/redaction_record.html": "../redaction/test_pages.py::test_from_an_address_to_a_redaction",
    "_parts/redacted.html": "../redaction/test_pages.py::test_pages_of_readers",
    "_parts/form_again.html": (
        "../strategies/test_views_unsaved.py::test_old_csrf_token_of_the_login_form_keeps_the_address_but_no_password"
    ),
}
LIBRARY_FOLDERS = ("allauth/elements/", "bootstrap5/")  # parts that a library's own pages include


def test_every_template_is_rendered(site, browser, signed_in, demo_ids):
    paths = defaultdict(list)
    for _name, role, path in PAGES:
        paths[role].append(path.format(**demo_ids))
    for role, page_paths in paths.items():
        context = browser.new_context(storage_state=signed_in(role) if role else None)
        for path in page_paths:
            context.request.get(site.url + path)
        context.close()

    folder = Path(ROOT / "templates")
    ours = {str(file.relative_to(folder)) for file in folder.rglob("*.html")}
    ours = {name for name in ours if not name.startswith(LIBRARY_FOLDERS)}
    assert " ".join(sorted(ours - site.rendered - set(RENDERED_BY_TESTS))) == ""
    assert set(RENDERED_BY_TESTS) - ours == set()


def test_named_tests_exist():
    for test_id in RENDERED_BY_TESTS.values():
        file, name = test_id.split("::")
        assert f"def {name}(" in (Path(__file__).parent / file).read_text("utf-8")
