"""The staff's workbench: Django's admin behind the site's own door (docs/access.md)."""

from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.sites import AdminSite
from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _


class EpiAdminConfig(AdminConfig):
    default_site = "epi_site.adminsite.EpiAdminSite"


class EpiAdminSite(AdminSite):
    site_header = site_title = _("Workbench")
    index_title = _("Workbench")
    site_url = "/"

    def has_permission(self, request):
        return request.user.is_active and request.user.has_perm("cities.use_admin")

    def login(self, request, extra_context=None):
        """One door: visitors go to the site's sign-in; signed-in people without an admin role find nothing here."""
        if not request.user.is_authenticated:
            target = request.GET.get("next") or reverse("admin:index")
            return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': target})}")
        if not self.has_permission(request):
            raise Http404
        return HttpResponseRedirect(reverse("admin:index"))
