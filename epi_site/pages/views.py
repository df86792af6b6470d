from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from core.form_inputs import DRAFT_MAX_AGE, HELD_MAX_AGE, SENT_MAX_AGE
from dashboards.kept import kept
from epi_site.pages.cookies import stored_in_browser
from epi_site.pages.landing import landing_url
from epi_site.pages.selectors import front_page

PRIVATE = ("/account/", "/admin/", "/my-work/", "/files/", "/dashboards/", "/evaluation/", "/reports/", "/periods/")


class Home(TemplateView):
    """The front page for visitors; users with a role are redirected to where they work."""

    template_name = "pages/home.html"

    def get(self, request, *args, **kwargs):
        landing = landing_url(request.user)
        return redirect(landing) if landing else super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        front = kept(["front page"], AnonymousUser(), _front_parts)
        return super().get_context_data(front=front, **kwargs)


def _front_parts():
    """Return what the public sees of the cities, as text."""
    front = front_page()
    return {
        "count": len(front.cities),
        "figures": render_to_string("pages/_front_figures.html", {"front": front}),
        "map": render_to_string("dashboards/_map.html", {"map": front.map}),
        "cards": render_to_string("pages/_front_cards.html", {"front": front}),
    }


class TextPage(TemplateView):
    """A page with one text about this site."""

    def get_context_data(self, **kwargs):
        return super().get_context_data(trail=[(_("Home"), "/"), (self.get_label(), "")], **kwargs)


class About(TextPage):
    template_name = "pages/about.html"

    def get_label(self):
        return _("About")


class Privacy(TextPage):
    template_name = "pages/privacy.html"

    def get_label(self):
        return _("Privacy")

    def get_context_data(self, **kwargs):
        days = {"mail_keep_days": settings.MAIL_KEEP_DAYS, "draft_keep_days": DRAFT_MAX_AGE.days}
        days |= {"held_keep_days": HELD_MAX_AGE.days, "sent_keep_days": SENT_MAX_AGE.days}
        return super().get_context_data(stored_items=stored_in_browser(), **days, **kwargs)


class Accessibility(TextPage):
    template_name = "pages/accessibility.html"

    def get_label(self):
        return _("Accessibility")


@require_safe
def robots(request):
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE), ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def favicon(request):
    """Browsers request this path whatever a page says."""
    return redirect(static("img/mark.svg"))
