"""Members of bodies: invite, end, hand over."""

import rules
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts import login_limits
from cities import rules as who
from cities.exceptions import InvitationExpired
from cities.forms import (
    InvitationAcceptForm,
    InvitationForm,
    MemberFilterForm,
    MembershipEndForm,
    MembershipHandOverForm,
)
from cities.models import Body, Invitation, Membership, Person
from cities.services import invitations, memberships
from core import clock, locales
from core.collation import title_key
from core.exceptions import UserFacingError
from core.views import LoginInsteadOf404Mixin, PagedListView

BACKEND = "accounts.backends.EmailBackend"
MEMBERS = reverse_lazy("cities:member_list")


def _breadcrumbs(*crumbs):
    return [(_("Front page"), "/"), (_("Members"), MEMBERS if crumbs else ""), *crumbs]


class MemberList(LoginInsteadOf404Mixin, PagedListView):
    """For people who manage bodies: leads, the chair of the committee, coordinators."""

    template_name = "cities/member_list.html"
    paginate_by = 50

    @cached_property
    def bodies(self):
        found = Body.objects.managed_by(self.request.user).select_related("city")
        if not found.exists():
            raise Http404
        return found

    @cached_property
    def filter_form(self):
        return MemberFilterForm(self.request.GET or None, bodies=self.bodies)

    def get_queryset(self):
        members = Membership.objects.visible_to(self.request.user).filter(body__in=self.bodies)
        rows = members.select_related("person__organisation", "person__user", "body__city")
        return sorted(self.filter_form.apply_to(rows), key=_sort_key)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        found = context["paginator"].count
        today, user = clock.today(), self.request.user
        for row in context["object_list"]:
            row.is_current = row.valid_from <= today and (row.valid_to is None or row.valid_to > today)
            row.may_hand_over = rules.has_perm("cities.hand_over_membership", user, row)
            row.may_end = rules.has_perm("cities.end_membership", user, row) or row.person.user_id == user.pk
        return context | {
            "delayed": self.delayed_accounts(context["object_list"]),
            "trail": _breadcrumbs(),
            "filter": self.filter_form,
            "count": ngettext("%(count)s member", "%(count)s members", found) % {"count": locales.number(found)},
            "invitations": self.open_invitations(),
            "may_invite": self.request.user.has_perm("cities.invite"),
        }

    def delayed_accounts(self, rows):
        """For coordinators: the accounts on this page for which sign-in is delayed after failed attempts."""
        if not self.request.user.has_perm("cities.allow_sign_in"):
            return set()
        return login_limits.delayed_among({row.person.user.email for row in rows if row.person.user})

    def open_invitations(self):
        rows = Invitation.objects.visible_to(self.request.user).filter(accepted_at=None, withdrawn_at=None)
        return rows.select_related("body__city", "invited_by").order_by("-created_at")[:50]


def _sort_key(membership):
    body = membership.body
    city = title_key(body.city.name if body.city_id else "")
    return city, body.kind, membership.role, title_key(membership.person.name), membership.pk


class MemberInvite(LoginInsteadOf404Mixin, FormView):
    form_class = InvitationForm
    template_name = "cities/member_invite.html"

    @cached_property
    def bodies(self):
        user = self.request.user
        if not user.has_perm("cities.invite"):
            raise PermissionDenied
        rows = Body.objects.managed_by(user).select_related("city")
        return [body for body in rows if user.has_perm("cities.invite", body)]

    def get_form_kwargs(self):
        roles = {body: memberships.grantable_roles(body, by=self.request.user) for body in self.bodies}
        return super().get_form_kwargs() | {"roles": roles, "cancel": MEMBERS}

    def get_initial(self):
        body, role = self.request.GET.get("body", ""), self.request.GET.get("role", "")
        return {"place": f"{body}:{role}"} if body and role else {}

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"trail": _breadcrumbs((_("Invite"), ""))}

    def form_valid(self, form):
        data = form.cleaned_data
        body, role = data["place"]
        given = {name: data[name] for name in ("email", "name", "seat", "organisation")}
        try:
            invitation, _token = invitations.invite(body=body, role=role, by=self.request.user, **given)
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("The invitation to %(email)s is on its way.") % {"email": invitation.email})
        return redirect(MEMBERS)


class InvitationWithdraw(LoginInsteadOf404Mixin, View):
    http_method_names = ["post"]

    def post(self, request, pk):
        invitation = get_object_or_404(Invitation.objects.visible_to(request.user).select_related("body"), pk=pk)
        try:
            invitations.withdraw_invitation(invitation, by=request.user)
        except UserFacingError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The invitation is withdrawn: its link no longer works."))
        return redirect(MEMBERS)


@method_decorator([never_cache, sensitive_post_parameters("password", "password_again")], name="dispatch")
class InvitationAccept(FormView):
    """The page of the invitation link: one button for a signed-in person, name and password for a new one."""

    form_class = InvitationAcceptForm
    template_name = "cities/invitation_accept.html"

    def dispatch(self, request, *args, **kwargs):
        try:
            self.invitation = invitations.find_invitation(kwargs["token"])
        except InvitationExpired as error:
            return self.render_to_response({"gone": str(error)})
        self.account = invitations.account_of(self.invitation)
        return super().dispatch(request, *args, **kwargs)

    @property
    def case(self):
        """What the visitor has to do: "accept", "sign_in", "sign_out" or "new"."""
        user = self.request.user
        if self.account is not None:
            if not user.is_authenticated:
                return "sign_in"
            return "accept" if user.pk == self.account.pk else "sign_out"
        return "sign_out" if user.is_authenticated else "new"

    def get_initial(self):
        return {"name": self.invitation.name}

    def get_context_data(self, **kwargs):
        role = invitations.role_label(self.invitation)
        context = {"invitation": self.invitation, "role": role, "case": self.case}
        return super().get_context_data(**kwargs) | context

    def post(self, request, *args, **kwargs):
        if self.case == "new":
            return super().post(request, *args, **kwargs)
        return self.accept(None, user=request.user if request.user.is_authenticated else None)

    def form_valid(self, form):
        return self.accept(form, name=form.cleaned_data["name"], password=form.cleaned_data["password"])

    def accept(self, form, **given):
        try:
            user = invitations.accept_invitation(self.kwargs["token"], **given)
        except (UserFacingError, ValidationError) as error:
            said = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            messages.error(self.request, said)
            return self.render_to_response(self.get_context_data(**({"form": form} if form else {})))
        response = redirect("/")
        if form is not None:
            login(self.request, user, backend=BACKEND)
            login_limits.remember_device(self.request, response, user.email)
        words = {"role": invitations.role_label(self.invitation), "body": self.invitation.body}
        messages.success(self.request, _("Welcome. From now on you are %(role)s in “%(body)s”.") % words)
        return response


class MemberAllowSignIn(LoginInsteadOf404Mixin, View):
    """End the delays of sign-in that failed attempts have caused."""

    http_method_names = ["post"]

    def post(self, request, pk):
        rows = Membership.objects.visible_to(request.user).select_related("person__user", "body")
        membership = get_object_or_404(rows, pk=pk)
        if not request.user.has_perm("cities.allow_sign_in", membership):
            raise PermissionDenied
        memberships.allow_sign_in(membership, by=request.user)
        messages.success(request, _("%(person)s can try to sign in again.") % {"person": membership.person})
        return redirect(MEMBERS)


# ---- leaving


class _MembershipMixin(LoginInsteadOf404Mixin):
    @cached_property
    def membership(self):
        rows = Membership.objects.visible_to(self.request.user).current().select_related("person", "body__city")
        found = get_object_or_404(rows, pk=self.kwargs["pk"])
        if not self.is_allowed(found):
            raise PermissionDenied
        return found

    def is_allowed(self, membership):
        return memberships.may_end(membership, self.request.user)

    def get(self, request, *args, **kwargs):
        _checked = self.membership
        return super().get(request, *args, **kwargs)

    def get_success_url(self):
        return MEMBERS if self.request.user.has_perm("cities.end_membership") else reverse("accounts:preferences")


class MembershipEnd(_MembershipMixin, FormView):
    form_class = MembershipEndForm
    template_name = "cities/membership_end.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {
            "membership": self.membership,
            "no_lead": memberships.leaves_without_lead(self.membership),
            "duties": memberships.duties_left_by(self.membership),
            "may_hand_over": self.request.user.has_perm("cities.hand_over_membership", self.membership),
            "cancel_url": self.get_success_url(),
            "trail": _breadcrumbs((_("End a membership"), "")),
        }

    def form_valid(self, form):
        try:
            memberships.end_membership(self.membership, by=self.request.user, on=form.cleaned_data["on"])
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("The membership ends. What was logged in it stays."))
        return redirect(self.get_success_url())


class MembershipHandOver(_MembershipMixin, FormView):
    form_class = MembershipHandOverForm
    template_name = "cities/membership_hand_over.html"

    def is_allowed(self, membership):
        return self.request.user.has_perm("cities.hand_over_membership", membership)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"persons": self.colleagues(), "cancel": self.get_success_url()}

    def colleagues(self):
        """Return who may take over: members of the city's bodies; if an official leaves, holders of the same role."""
        body, gives = self.membership.body, self.request.user.has_perm("cities.invite", self.membership.body)
        near = Membership.objects.current().filter(body__city=body.city) if body.city_id else body.memberships.current()
        if not gives:
            near = body.memberships.current().filter(role=self.membership.role)
        persons = Person.objects.filter(pk__in=near.values("person")).exclude(pk=self.membership.person_id)
        own = who.person_of(self.request.user)
        return persons.exclude(pk=own.pk) if own else persons

    def get_context_data(self, **kwargs):
        context = {"membership": self.membership, "trail": _breadcrumbs((_("Hand over"), ""))}
        return super().get_context_data(**kwargs) | context

    def form_valid(self, form):
        to = form.cleaned_data["to"]
        try:
            memberships.hand_over(self.membership, to=to, by=self.request.user)
        except UserFacingError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("%(person)s has taken over.") % {"person": to})
        return redirect(self.get_success_url())
