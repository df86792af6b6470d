"""*My work*: what is due for the user; and logging *no change* for several actions at once."""

from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView, View

from cities.rules import insider_city_ids
from core import locales
from core.exceptions import UserFacingError
from core.links import url_of
from core.parsing import parse_pk
from core.views import may
from strategies.exceptions import StrategyError
from strategies.forms import NoChangeForm
from strategies.models import Action
from strategies.selectors.work import cities_needing_attention, my_work, reported_text, started_periods
from strategies.services import updates

MAX_ROWS = 25  # of each group
MAX_ACTIONS = 200


class ListedAction(NamedTuple):
    pk: int
    title: str
    health: str
    text: str
    url: str

    @classmethod
    def of(cls, action):
        """Return the row of the page, with its texts: for a hundred rows, tags of templates take long."""
        told = action.last_update_on
        last = _("Last update %(day)s.") % {"day": locales.day(told)} if told else _("No update yet.")
        text = " ".join(filter(None, [reported_text(action), last]))
        url = url_of("strategies:action_log", action.pk)
        return cls(action.pk, action.title, action.health, text, url)


class ActionGroup(NamedTuple):
    """Actions below the due rows; ``count`` of them, of which the first are shown."""

    key: str
    heading: str
    rows: list[ListedAction]
    count: int

    @classmethod
    def of(cls, key, heading, actions):
        return cls(key, heading, [ListedAction.of(action) for action in actions[:MAX_ROWS]], len(actions))


class MyWork(LoginRequiredMixin, TemplateView):
    template_name = "strategies/my_work.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        work, is_insider = my_work(user), bool(insider_city_ids(user))
        context = {
            "work": work,
            "due": work.due[:MAX_ROWS],
            "groups": self.groups(work),
            "cards": work.periods,
            "is_insider": is_insider,
            "attention": cities_needing_attention(user) if is_insider and not (work.due or work.attention) else [],
            "upcoming": next((row for row, _told in work.periods), None),
            "lead": self.lead(work),
            "period_form": NoChangeForm(periods=work.reportable_periods),
        }
        return super().get_context_data(**context | kwargs)

    @staticmethod
    def lead(work):
        count = sum(row.is_task for row in work.due)
        if not count:
            return _("Nothing is waiting for you.")
        return ngettext("One task is waiting.", "%(count)d tasks are waiting.", count) % {"count": count}

    @staticmethod
    def groups(work):
        """Return the groups of actions below the due rows, with a note on each action."""
        period = work.reportable_periods[-1] if work.reportable_periods else ""
        groups = [
            ("untold", _("Not yet reported in %(period)s") % {"period": period}, work.untold),
            ("attention", _("Reported, but late, at risk or without a recent update"), work.attention),
            ("others", _("Up to date"), work.others),
        ]
        return [ActionGroup.of(key, title, rows) for key, title, rows in groups if rows]


class LogNoChange(LoginRequiredMixin, View):
    http_method_names = ["post"]

    def post(self, request):
        wanted = [pk for pk in map(parse_pk, request.POST.getlist("actions")[:MAX_ACTIONS]) if pk]
        actions = list(Action.objects.loggable_by(request.user).filter(pk__in=wanted).with_related())
        actions = [action for action in actions if may(request.user, "strategies.log_action", action)]
        if not actions:
            messages.error(request, _("First select the actions with no change."))
            return redirect("strategies:my_work")
        try:
            made = updates.log_no_change(actions, by=request.user, city_periods=self.chosen(actions))
        except UserFacingError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, self.success_message(made))
        return redirect("strategies:my_work")

    def chosen(self, actions):
        """Return for each city the period chosen on the page, else the one that is due first."""
        wanted = parse_pk(self.request.POST.get("period"))
        rows = [row for row in started_periods(actions) if wanted in (None, row.period_id)]
        if wanted and {row.city_id for row in rows} != {action.city.pk for action in actions}:
            raise StrategyError(
                _("The chosen period is no longer open, so nothing has been logged. Choose another one.")
            )
        return {row.city_id: row for row in reversed(rows)}.values()

    @staticmethod
    def success_message(made):
        periods = dict.fromkeys(update.city_period.period.name for update in made)
        words = ngettext(
            "“No change” has been logged for one action in %(period)s.",
            "“No change” has been logged for %(count)d actions in %(period)s.",
            len(made),
        )
        return words % {"count": len(made), "period": ", ".join(periods)}
