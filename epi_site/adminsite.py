"""The Django admin, behind the site's own login page (docs/access.md)."""

from functools import update_wrapper

from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.sites import AdminSite
from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from core.first_party import is_first_party

REMOVED_URLS = {"view_on_site"}  # it would reveal for any model whether a row exists


class EpiAdminConfig(AdminConfig):
    default_site = "epi_site.adminsite.EpiAdminSite"


class EpiAdminSite(AdminSite):
    site_header = site_title = index_title = _("Administration")
    site_url = "/"
    enable_nav_sidebar = False

    def register(self, model_or_iterable, admin_class=None, **options):
        """Register only models of our own apps: groups and email addresses of other apps grant nothing here."""
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple | set) else [model_or_iterable]
        ours = [model for model in models if is_first_party(model._meta.app_label)]
        if ours:
            super().register(ours, admin_class, **options)

    def has_permission(self, request):
        return request.user.is_active and request.user.has_perm("cities.use_admin")

    # ---- access: anonymous visitors get the login page, signed-in people without an admin role a 404

    def admin_view(self, view, cacheable=False):
        inner = super().admin_view(view, cacheable)

        def guarded(request, *args, **kwargs):
            if self.has_permission(request):
                return inner(request, *args, **kwargs)
            return self.redirect_or_404(request, request.get_full_path())

        return update_wrapper(guarded, inner)

    def redirect_or_404(self, request, target):
        if request.user.is_authenticated:
            raise Http404
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': target})}")

    def login(self, request, extra_context=None):
        if not self.has_permission(request):
            return self.redirect_or_404(request, request.GET.get("next") or reverse("admin:index"))
        return HttpResponseRedirect(reverse("admin:index"))

    def logout(self, request, extra_context=None):
        return HttpResponseRedirect(reverse("account_logout"))

    def password_change(self, request, extra_context=None):
        return HttpResponseRedirect(reverse("account_change_password"))

    def password_change_done(self, request, extra_context=None):
        return HttpResponseRedirect(reverse("account_change_password"))

    def get_urls(self):
        return [url for url in super().get_urls() if getattr(url, "name", None) not in REMOVED_URLS]
