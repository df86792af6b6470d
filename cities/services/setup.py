"""An empty network: what must be there before the first person can sign in."""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cities.enums import BodyKind, Role
from cities.exceptions import MembershipRefused
from cities.models import Body, Installation, Membership, Person, TargetGroup, Theme
from cities.signals import network_made
from cities.words import BODIES, TARGET_GROUPS, THEMES

from .memberships import add_member


class NetworkStands(MembershipRefused):
    message = _("This database holds a network already. Nothing was changed.")


class NewNetwork(NamedTuple):
    installation: Installation
    coordinator: User


@transaction.atomic
def make_network(*, name: str, language: str = "en", is_demo: bool = False) -> Installation:
    """The installation's row, the network's two bodies, themes, target groups and what apps above bring by the signal
    ``network_made``; what stands is left as it is."""
    installation, _is_new = Installation.objects.get_or_create(
        pk=1, defaults={"network_name": name, "working_language": language, "is_demo": is_demo}
    )
    for kind, words in BODIES.items():
        Body.objects.get_or_create(kind=kind, city=None, defaults={"name": words})
    for model, labels in ((Theme, THEMES), (TargetGroup, TARGET_GROUPS)):
        for code, label in labels.items():
            model.objects.get_or_create(code=code, defaults={"name": label})
    network_made.send(Installation, installation=installation)
    return installation


@transaction.atomic
def set_up(*, network: str, email: str, name: str, password: str | None, language: str = "en") -> NewNetwork:
    """An empty network with its first coordinator; refuses where a coordinator stands. Without a password the account
    waits for the link that ``new_password_link`` gives."""
    if network_stands():
        raise NetworkStands
    installation = make_network(name=network, language=language)
    return NewNetwork(installation, add_first(email, name, password, BodyKind.NETWORK_OFFICE, Role.COORDINATOR))


def network_stands() -> bool:
    return Membership.objects.current().filter(role=Role.COORDINATOR, person__user__is_active=True).exists()


def add_first(email: str, name: str, password: str | None, kind: str, role: str) -> User:
    """Somebody whom no page could let in: the first coordinator, and the first chair of the committee."""
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        user = User.objects.create_user(email, password, first_name=name[:150])
    person = Person.objects.filter(user=user).first() or Person.objects.filter(email__iexact=email, user=None).first()
    person = person or Person(name=name, email=user.email)
    person.user = user
    person.save()
    add_member(person=person, body=Body.objects.get(kind=kind, city=None), role=role, by=None)
    return user
