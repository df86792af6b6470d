"""The form to get a password reset email. Requests by somebody else never keep a person from getting one."""

from allauth.account.views import PasswordResetView
from allauth.core import ratelimit
from django.shortcuts import redirect

from . import login_limits


class PasswordReset(PasswordResetView):
    def form_valid(self, form):
        """Answer in the same way whether an email is sent, the account does not exist, or enough links were sent."""
        email = form.cleaned_data["email"].lower()
        if not login_limits.is_known_device(self.request, email):
            refused = ratelimit.consume_or_429(self.request, action="reset_password")
            if refused:
                return refused
        if login_limits.may_send_reset(self.request, email):
            form.save(self.request)
        return redirect(self.get_success_url())
