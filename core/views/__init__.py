"""The view kit. Every page of every app is one of these (docs/howto/add-a-page.md, docs/howto/add-a-form.md)."""

from .access import LoginInsteadOf404Mixin, ObjectMixin, may
from .forms import ActionView, ServiceFormView, add_form_errors, attempt
from .jobs import JobPanel, JobState
from .lists import ListPage, PagedListView
from .pages import DetailPage
from .row_search import RowSearchMixin, RowSearchView

__all__ = [
    "ActionView",
    "DetailPage",
    "JobPanel",
    "JobState",
    "ListPage",
    "LoginInsteadOf404Mixin",
    "ObjectMixin",
    "PagedListView",
    "RowSearchMixin",
    "RowSearchView",
    "ServiceFormView",
    "add_form_errors",
    "attempt",
    "may",
]
