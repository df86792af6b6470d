"""Members of bodies: invite, end, hand over."""

from functools import partial

from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts import login_limits
from cities import rules as who
from cities.enums import Role
from cities.exceptions import InvitationExpired
from cities.filters import MemberFilter
from cities.forms import (
    InvitationAcceptForm,
    InvitationForm,
    MembershipEndForm,
    MembershipHandOverForm,
)
from cities.models import Body, Invitation, Membership, Organisation, Person
from cities.selectors import organisations_near_q
from cities.services import invitations, memberships
from core import locales
from core.available import available_actions
from core.collation import title_key
from core.columns import Column
from core.exceptions import UserFacingError
from core.parsing import parse_pk
from core.tables import table_body
from core.views import ActionView, ListPage, RowSearchView, ServiceFormView, may

from . import member_cells as cells

BACKEND = "accounts.backends.EmailBackend"
MEMBERS = reverse_lazy("cities:member_list")


def _breadcrumbs(*crumbs):
    return [(_("Home"), "/"), (_("Members"), MEMBERS if crumbs else ""), *crumbs]


def _place_key(city, kind, role, name):
    return title_key(city or ""), kind, role, title_key(name)


class MemberList(ListPage):
    """For people who manage bodies: leads, the chair of the committee, coordinators."""

    template_name = "cities/member_list.html"
    filter_class = MemberFilter
    export_name = "members"
    default_sort = "body"
    columns = [
        Column(
            "name",
            gettext_lazy("Name"),
            "person.name",
            order_by=["person__name"],
            cell=cells.name_cell,
            cell_class="text-break",
            is_row_heading=True,
        ),
        Column("email", gettext_lazy("Email"), "person.email", is_shown=False),
        Column("organisation", gettext_lazy("Organisation"), "person.organisation", is_shown=False),
        Column(
            "body",
            gettext_lazy("Body"),
            key=_place_key,
            key_fields=["body__city__name", "body__kind", "role", "person__name"],
            cell=cells.body_cell,
        ),
        Column(
            "role",
            gettext_lazy("Role"),
            lambda row: row.get_role_display(),
            order_by=["role"],
            cell=cells.role_cell,
        ),
        Column("seat", gettext_lazy("Seat"), lambda row: row.get_seat_display(), is_shown=False),
        Column("since", gettext_lazy("Since"), "valid_from", order_by=["valid_from"], cell=cells.since_cell),
        Column("until", gettext_lazy("Until"), "valid_to", is_shown=False),
    ]

    @cached_property
    def bodies(self):
        if not who.manages_members(self.request.user):
            raise Http404
        return Body.objects.managed_by(self.request.user).only("name")

    def get_filter_kwargs(self):
        near = Q(city=None) | Q(city__in=who.insider_city_ids(self.request.user))
        return {"bodies": self.bodies, "bodies_near": self.bodies.filter(near)}

    def get_list_rows(self):
        members = Membership.objects.visible_to(self.request.user).filter(body__in=self.bodies)
        return members.select_related("person__organisation", "person__user", "body__city")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        found = context["paginator"].count
        for row in context["object_list"]:
            row.may = available_actions(row, self.request.user, is_found=True)
        links = partial(cells.links_cell, delayed=self.delayed_accounts(context["object_list"]), request=self.request)
        return context | {
            "body": table_body(self.columns, context["object_list"], last=links),
            "trail": _breadcrumbs(),
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
        found = list(rows.select_related("body__city", "invited_by").order_by("-created_at")[:50])
        for row in found:
            row.may = available_actions(row, self.request.user, is_found=True)
        return found


class MemberInvite(RowSearchView):
    form_class = InvitationForm
    template_name = "cities/member_invite.html"
    permission = "cities.invite"

    def get_form_kwargs(self):
        given, role = self.request.GET.get("body", ""), self.request.GET.get("role", "")
        bodies = Body.objects.invited_to_by(self.user).select_related("city").only("name", "kind", "city__name")
        near = Q(city=None) | Q(city__in=who.insider_city_ids(self.user)) | Q(pk=parse_pk(given))
        return {
            "bodies": bodies,
            "bodies_near": bodies.filter(near),
            "roles_of": partial(memberships.grantable_roles, by=self.user),
            "organisations": self.organisations(),
            "is_searched": who.has_network_role(self.user, Role.COORDINATOR),
            "cancel": MEMBERS,
            "initial": {"place": f"{given}:{role}"} if given and role else {},
        }

    def organisations(self):
        """Return those of the user's own cities."""
        return Organisation.objects.filter(organisations_near_q(who.insider_city_ids(self.user)))

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"trail": _breadcrumbs((_("Invite"), ""))}

    def save(self, form):
        fields = dict(form.cleaned_data)
        body, role = fields.pop("place")
        invitations.invite(body=body, role=role, by=self.user, **fields)

    def show_success(self, form):
        words = {"email": form.cleaned_data["email"]}
        messages.success(self.request, _("An invitation is being sent to %(email)s.") % words)

    def get_success_url(self):
        return MEMBERS


class InvitationWithdraw(ActionView):
    rows = Invitation.objects.select_related("body")
    success_message = gettext_lazy("The invitation has been withdrawn. Its link no longer works.")

    def perform(self):
        invitations.withdraw_invitation(self.row, by=self.user)

    def get_success_url(self):
        return MEMBERS


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
        messages.success(self.request, _("Welcome. You are now %(role)s in “%(body)s”.") % words)
        return response


class MemberAllowSignIn(ActionView):
    """End the delays of sign-in that failed attempts have caused."""

    rows = Membership.objects.select_related("person__user", "body")
    permission = "cities.allow_sign_in"

    @property
    def success_message(self):
        return _("%(person)s can try to sign in again.") % {"person": self.row.person}

    def perform(self):
        memberships.allow_sign_in(self.row, by=self.user)

    def get_success_url(self):
        return MEMBERS


# ---- leaving


class MembershipFormView(ServiceFormView):
    name = "membership"

    def get_rows(self):
        return Membership.objects.current().select_related("person", "body__city")

    def get_form_kwargs(self):
        return {"cancel": self.get_success_url()}

    def get_success_url(self):
        return MEMBERS if may(self.user, "cities.end_membership") else reverse("accounts:preferences")


class MembershipEnd(MembershipFormView):
    form_class = MembershipEndForm
    template_name = "cities/membership_end.html"
    permission = "cities.end_membership"
    success_message = gettext_lazy("The end date has been saved. Everything the person logged is kept.")

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {
            "no_lead": memberships.leaves_without_lead(self.row),
            "duties": memberships.duties_left_by(self.row),
            "may": available_actions(self.row, self.user, is_found=True),
            "trail": _breadcrumbs((_("End membership"), "")),
        }

    def save(self, form):
        memberships.end_membership(self.row, by=self.user, on=form.cleaned_data["on"])


class MembershipHandOver(MembershipFormView):
    form_class = MembershipHandOverForm
    template_name = "cities/membership_hand_over.html"
    permission = "cities.hand_over_membership"

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"persons": self.colleagues()}

    def colleagues(self):
        """Return who may take over: members of the city's bodies; if an official leaves, holders of the same role."""
        body = self.row.body
        near = Membership.objects.current().filter(body__city=body.city) if body.city_id else body.memberships.current()
        if not self.user.has_perm("cities.invite", body):
            near = body.memberships.current().filter(role=self.row.role)
        persons = Person.objects.filter(pk__in=near.values("person")).exclude(pk=self.row.person_id)
        own = who.person_of(self.user)
        return persons.exclude(pk=own.pk) if own else persons

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"trail": _breadcrumbs((_("Hand over"), ""))}

    def save(self, form):
        memberships.hand_over(self.row, to=form.cleaned_data["to"], by=self.user)

    def show_success(self, form):
        messages.success(self.request, _("%(person)s has taken over.") % {"person": form.cleaned_data["to"]})
