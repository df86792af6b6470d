"""Fails where coverage is below the bars: ``python -m tests.coverage_bars``, after tests that ran with EPI_COVERAGE=1.

Each line and branch of services, selectors, rules, charts and documents, and 95 % of the whole. What no test reaches is
named in coverage_exclusions.txt, with a reason.
"""

import functools
import json
import re
import sys
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

from slipcover import merge_coverage

from tests.measured import FILES, ROOT, unmeasured

EXCLUSIONS = Path(__file__).parent / "coverage_exclusions.txt"
WHOLE = 95
STRICT = re.compile(r"(^|/)(services|selectors|documents)(/|\.py$)|(^|/)(rules|charts)\.py$")


def is_strict(path: str) -> bool:
    return bool(STRICT.search(path))


def read_exclusions(text: str) -> dict[str, set[str]]:
    """Return texts of lines by pattern of paths; ``*`` is the whole file. A line is ``path | text | reason``."""
    found = defaultdict(set)
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split(" | ")]
        if len(parts) != 3 or not all(parts):
            raise SystemExit(f"{EXCLUSIONS.name}, line {number}: write path | text of the line | reason.")
        found[parts[0]].add(parts[1])
    return found


def gaps_of(path: str, file: dict, lines: list[str], exclusions: dict[str, set[str]]) -> tuple[list[str], int]:
    """Return what is missing in a file, as text, and how many lines and branches that is."""
    excluded = set().union(*(texts for pattern, texts in exclusions.items() if fnmatch(path, pattern)))
    if "*" in excluded:
        return [], 0
    missing = [number for number in file["missing_lines"] if lines[number - 1].strip() not in excluded]
    branches = [
        (start, end)
        for start, end in file["missing_branches"]
        if lines[start - 1].strip() not in excluded and (end == 0 or lines[end - 1].strip() not in excluded)
    ]
    told = [str(number) for number in missing]
    told += [f"{start}->{end or 'exit'}" for start, end in branches if start not in missing]
    return told, len(missing) + len(branches)


def measure(report: dict, exclusions: dict[str, set[str]]) -> tuple[float, dict[str, list[str]]]:
    """Return the percentage of the whole, and what is missing by file."""
    total, left, gaps = 0, 0, {}
    for name, file in sorted(report["files"].items()):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        told, count = gaps_of(name, file, lines, exclusions)
        total += sum(len(file[f"{kind}_{what}"]) for kind in ("executed", "missing") for what in ("lines", "branches"))
        left += count
        if told:
            gaps[name] = told
    return 100 * (total - left) / (total or 1), gaps


def main() -> int:
    reports = [json.loads(file.read_text("utf-8")) for file in ROOT.glob(FILES)]
    if not reports:
        raise SystemExit("No test has left what it covers. Run tests with EPI_COVERAGE=1.")
    report = functools.reduce(merge_coverage, reports, unmeasured())
    percentage, gaps = measure(report, read_exclusions(EXCLUSIONS.read_text("utf-8")))
    strict = {name: told for name, told in gaps.items() if is_strict(name)}
    low = percentage < WHOLE
    for name, told in (gaps if low or "--all" in sys.argv else strict).items():
        print(f"{name}: {', '.join(told)}")  # noqa: T201 - its task
    print(  # noqa: T201 - its task
        f"Coverage: {percentage:.1f} % of lines and branches (at least {WHOLE}); {len(strict)} files of services, "
        "selectors, rules, charts and reports are not covered entirely (at most 0)."
    )
    return 1 if strict or low else 0


if __name__ == "__main__":
    sys.exit(main())
