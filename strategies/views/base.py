"""Base view of pages about one strategy."""

from django.shortcuts import get_object_or_404

from core.views import ObjectMixin
from strategies.models import Strategy


class StrategyMixin(ObjectMixin):
    """A page about one strategy: the city's current one or, with a number (``Strategy.ref``), another one."""

    rows = Strategy.objects.for_pages()

    def find(self):
        slug, _slash, number = self.kwargs["slug"].partition("/")
        rows = self.get_rows().visible_to(self.user).filter(city__slug=slug)
        return get_object_or_404(rows.filter(pk=number) if number else rows.current())
