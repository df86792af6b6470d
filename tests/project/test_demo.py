"""The demo is created through the services, so that the same rules apply to it as to people."""

import re
from pathlib import Path

from django.conf import settings

from epi_site.demo import reasons
from epi_site.demo.rounds import LEVELS, SHIFT

WRITES = re.compile(r"(\w+)\.objects\.(?:bulk_|get_or_|update_or_)?create\(|\b(\w+)\.save\(")
PLAINLY = {  # saved without a service in the admin too
    "people.py": {"Installation", "Theme", "TargetGroup", "Organisation", "City", "Body", "Person"},
    "training.py": {"TrainingWeek", "Session", "Speaker"},
    "seed.py": {"ReportSchedule"},
    "sample_files.py": {"image"},  # an image, saved to memory
}


def test_demo_writes_through_the_services():
    found = {}
    for path in sorted((Path(settings.BASE_DIR) / "epi_site" / "demo").glob("*.py")):
        written = {model or name for model, name in WRITES.findall(path.read_text("utf-8"))}
        found |= {path.name: written} if written else {}

    assert found == PLAINLY


def test_demo_has_different_reason_for_each_level():
    written = [
        text
        for told in (reasons.REASONS, reasons.CONSENSUS_REASONS, reasons.SECOND_CONSENSUS_REASONS)
        for row in told.values()
        for text in row
    ]

    assert {len(row) for told in (reasons.REASONS, reasons.CONSENSUS_REASONS) for row in told.values()} == {6}
    assert set(reasons.CONSENSUS_REASONS) == set(LEVELS)
    assert set(reasons.REASONS) == set(SHIFT)
    assert len(set(written)) == len(written)
