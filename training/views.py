from django.urls import reverse
from django.utils.translation import gettext as _

from core.views import DetailPage, PagedListView

from .models import TrainingWeek
from .selectors import programme


class WeekList(PagedListView):
    paginate_by = 20
    template_name = "training/week_list.html"

    def get_queryset(self):
        return TrainingWeek.objects.visible_to(self.request.user).with_session_count()

    def get_context_data(self, **kwargs):
        return super().get_context_data(trail=[(_("Training"), "")], **kwargs)


class WeekDetail(DetailPage):
    """The programme of one week, day by day; styled for print too."""

    template_name = "training/week_detail.html"
    name = "week"
    rows = TrainingWeek.objects.all()
    key = "slug"

    def get_context_data(self, **kwargs):
        trail = [(_("Training"), reverse("training:week_list")), (self.row.title, "")]
        return super().get_context_data(trail=trail, days=programme(self.row), **kwargs)
