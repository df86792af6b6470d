"""Create an empty network: what must exist before the first person can sign in."""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cities.enums import BodyKind, Role
from cities.exceptions import MembershipRefused
from cities.models import Body, Installation, Membership, Person, TargetGroup, Theme
from cities.seed_translations import BODIES, TARGET_GROUPS, THEMES
from cities.signals import network_created
from core.locking import lock_name

from .memberships import add_member


class NetworkExists(MembershipRefused):
    message = _("This database already contains a network. Nothing was changed.")


class NewNetwork(NamedTuple):
    installation: Installation
    coordinator: User


@transaction.atomic
def create_network(*, name: str, language: str = "en", is_demo: bool = False) -> Installation:
    """Create the installation's row, the network's two bodies, themes and target groups; existing rows stay unchanged.

    Higher apps add what they need by the signal ``network_created``.
    """
    installation, _is_new = Installation.objects.get_or_create(
        pk=1, defaults={"network_name": name, "working_language": language, "is_demo": is_demo}
    )
    for kind, words in BODIES.items():
        Body.objects.get_or_create(kind=kind, city=None, defaults={"name": words})
    for model, labels in ((Theme, THEMES), (TargetGroup, TARGET_GROUPS)):
        for code, label in labels.items():
            model.objects.get_or_create(code=code, defaults={"name": label})
    network_created.send(Installation, installation=installation)
    return installation


@transaction.atomic
def create_network_with_coordinator(
    *, network: str, email: str, name: str, password: str | None, language: str = "en"
) -> NewNetwork:
    """Create an empty network with its first coordinator; raises NetworkExists if there is a coordinator already.

    Without a password, the account needs the link that ``new_password_link`` returns.
    """
    lock_name("set-up of the network")
    if network_exists():
        raise NetworkExists
    installation = create_network(name=network, language=language)
    return NewNetwork(installation, add_first_member(email, name, password, BodyKind.NETWORK_OFFICE, Role.COORDINATOR))


def network_exists() -> bool:
    return Membership.objects.current().filter(role=Role.COORDINATOR, person__user__is_active=True).exists()


@transaction.atomic
def add_first_member(email: str, name: str, password: str | None, kind: str, role: str) -> User:
    """Add somebody whom nobody can invite: the first coordinator, or the first chair of the committee."""
    lock_name("set-up of the network")
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, password, first_name=name[:150])
    person = Person.objects.filter(user=user).first() or Person.objects.filter(email=email, user=None).first()
    person = person or Person(name=name, email=user.email)
    person.user = user
    person.save()
    add_member(person=person, body=Body.objects.get(kind=kind, city=None), role=role, by=None)
    return user
