"""Test the coverage script: strict files, exclusions and the list of missing lines."""

import pytest

from tests import coverage_bars


@pytest.mark.parametrize(
    "path, expected",
    [
        ("strategies/services/periods.py", True),
        ("core/services.py", True),
        ("cities/selectors/people.py", True),
        ("reports/documents/render.py", True),
        ("dashboards/charts.py", True),
        ("training/rules.py", True),
        ("reports/views.py", False),
        ("cities/views/events.py", False),
        ("cities/charts_of_old.py", False),
    ],
)
def test_services_selectors_rules_charts_and_documents_are_strict(path, expected):
    assert coverage_bars.is_strict(path) is expected


def test_missing_lines_and_branches_are_listed_unless_excluded():
    lines = ["if a:", "    b()", "else:", "    raise SystemExit", "c()"]
    file = {"missing_lines": [2, 4], "missing_branches": [[1, 2], [1, 4], [5, 0]]}

    all_gaps = coverage_bars.gaps_of("app/rules.py", file, lines, {})
    some = coverage_bars.gaps_of("app/rules.py", file, lines, {"app/*.py": {"raise SystemExit"}})
    none = coverage_bars.gaps_of("app/rules.py", file, lines, {"app/rules.py": {"*"}})

    assert all_gaps == (["2", "4", "1->2", "1->4", "5->exit"], 5)
    assert some == (["2", "1->2", "5->exit"], 3)
    assert none == ([], 0)


def test_exclusion_without_reason_is_refused():
    with pytest.raises(SystemExit, match="line 2: write path"):
        coverage_bars.read_exclusions("# comment\napp/rules.py | * | ")


def test_excluded_files_and_lines_exist():
    found = coverage_bars.read_exclusions(coverage_bars.EXCLUSIONS.read_text("utf-8"))

    missing = []
    for pattern, texts in found.items():
        files = [file.read_text("utf-8") for file in coverage_bars.ROOT.glob(pattern)]
        missing += [(pattern, text) for text in texts if not files or (text != "*" and text not in "\n".join(files))]

    assert missing == []
