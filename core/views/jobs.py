"""What pages show of a job: its progress, why it failed and what to do, and another attempt."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .access import ObjectMixin


@dataclass(frozen=True)
class JobPanel:
    """What ``_parts/job.html`` shows. It is asked again from ``state_url`` until the job has ended."""

    job: Any
    name: Any  # of the job, for screen readers
    state_url: str
    progress: Any  # what is being done
    failure: Any = ""  # "" unless it failed: what failed, and what this user can do
    retry_url: str = ""  # "" if this user cannot start it again now
    retry_label: Any = ""
    result_url: str = ""  # where the result is, if the page does not show it
    result_label: Any = ""


class JobState(ObjectMixin):
    """The panel alone, for the page that asks again."""

    def get_panel(self, job: Any) -> JobPanel:
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return render(request, "_parts/job.html", {"job": self.get_panel(self.row)})
