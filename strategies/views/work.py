"""*My work*: what is due for the user; and logging *no change* for several actions at once."""

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView, View

from cities.rules import insider_city_ids
from core.exceptions import UserFacingError
from core.parsing import parse_pk
from strategies.exceptions import StrategyError
from strategies.models import Action
from strategies.selectors.work import cities_needing_attention, my_work, reported_text, started_periods
from strategies.services import updates

from .base import may

MAX_ROWS = 60
MAX_ACTIONS = 200


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
            "attention": cities_needing_attention(user) if is_insider and not work.due else [],
            "upcoming": next((row for row, _told in work.periods), None),
            "lead": self.lead(work),
        }
        return super().get_context_data(**context | kwargs)

    @staticmethod
    def lead(work):
        if not work.waiting:
            return _("Nothing is waiting for you.")
        words = ngettext("One thing is waiting.", "%(count)d things are waiting.", work.waiting)
        return words % {"count": work.waiting}

    @staticmethod
    def groups(work):
        """Return the groups of actions below the due rows, with a note on each action."""
        period = work.reportable_periods[-1] if work.reportable_periods else ""
        groups = [
            ("untold", _("Not yet reported in %(period)s") % {"period": period}, work.untold[:MAX_ROWS]),
            ("others", _("Reported, or not begun"), work.others[:MAX_ROWS]),
        ]
        return [(key, title, [(row, reported_text(row)) for row in rows]) for key, title, rows in groups if rows]


class LogNoChange(LoginRequiredMixin, View):
    http_method_names = ["post"]

    def post(self, request):
        wanted = [pk for pk in map(parse_pk, request.POST.getlist("actions")[:MAX_ACTIONS]) if pk]
        actions = list(Action.objects.loggable_by(request.user).filter(pk__in=wanted).with_related())
        actions = [action for action in actions if may(request.user, "strategies.log_action", action)]
        if not actions:
            messages.error(request, _("Tick the actions that have no news first."))
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
            raise StrategyError(_("The chosen period is no longer open, so nothing is logged. Choose another one."))
        return {row.city_id: row for row in reversed(rows)}.values()

    @staticmethod
    def success_message(made):
        periods = dict.fromkeys(update.city_period.period.name for update in made)
        words = ngettext(
            "Logged for one action in %(period)s: nothing new.",
            "Logged for %(count)d actions in %(period)s: nothing new.",
            len(made),
        )
        return words % {"count": len(made), "period": ", ".join(periods)}
