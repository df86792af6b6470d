"""Who reads, issues and retries reports, and who sets their schedules."""

import rules

from cities.rules import add_reference_data, is_coordinator, is_visible

rules.add_perm("reports", is_coordinator)
add_reference_data("reports", "reportschedule")
rules.add_perm("reports.view_report", is_visible)
rules.add_perm("reports.issue_report", is_coordinator)
rules.add_perm("reports.retry_report", is_coordinator)
