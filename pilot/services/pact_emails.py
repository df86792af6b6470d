"""Emails about signing the pact: the link to sign, and what became of it."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.services import language_of, queue_mail
from cities.enums import Role
from cities.models import Installation
from cities.services.invitations import name_of
from cities.services.notifications import notify, role_holders
from pilot.enums import SignatureState
from pilot.models import PactInvitation, PactVersion, Signature


def send_link(invitation: PactInvitation, token: str, *, days: int) -> None:
    """Queue the email with the link. Its text is deleted once it is sent."""
    version = invitation.signature.pact_version
    with translation.override(_language_for(invitation.email, version)):
        facts = _facts(invitation.signature) | {
            "name": invitation.name,
            "inviter": name_of(invitation.sent_by),
            "link": settings.SITE_URL + reverse("pilot:pact_sign", args=[token]),
            "days": days,
        }
        queue_mail(
            to=invitation.email,
            subject=_("Sign the city integration pact of %(city)s") % facts,
            body=_(
                "Hello %(name)s,\n\n%(inviter)s of %(city)s asks you to sign the city integration pact (version "
                "%(number)s) for %(organisation)s.\n\nThis link leads to the whole text. Opening the link does not "
                "sign anything: you sign or decline on the page. You do not need an account. The link is only for you "
                "and works for %(days)s days:\n\n%(link)s\n\nIf you did not expect this email, you can ignore it."
            )
            % facts,
            has_secret=True,
            is_urgent=True,
            language=translation.get_language() or "",
        )


def notify_of_signature(signature: Signature, invitation: PactInvitation) -> None:
    """Confirm the signature to the person who signed by the link, and tell the city's lead officials."""

    def for_leads() -> tuple[str, str]:
        facts = _facts(signature)
        return (
            _("%(organisation)s has signed the pact") % facts,
            _("%(person)s, %(office)s, has signed version %(number)s of the pact for %(organisation)s.") % facts,
        )

    _notify_leads(signature, for_leads)
    with translation.override(_language_for(invitation.email, signature.pact_version)):
        facts = _facts(signature) | {"hash": signature.sha256}
        queue_mail(
            to=invitation.email,
            subject=_("You have signed the city integration pact of %(city)s") % facts,
            body=_(
                "Hello,\n\nVersion %(number)s of the city integration pact of %(city)s has been signed for "
                "%(organisation)s by %(person)s, %(office)s.\n\nHash of the text that was signed:\n%(hash)s\n\n"
                "If this was not you, contact the city immediately."
            )
            % facts,
            key=f"pact-signed-{signature.pk}-{signature.answered_at:%Y%m%d%H%M%S}",
            language=translation.get_language() or "",
        )


def notify_of_decline(signature: Signature, invitation: PactInvitation) -> None:
    """Tell the city's lead officials, and the people who signed the version by a link before."""

    def for_leads() -> tuple[str, str]:
        facts = _facts(signature)
        words = _("%(organisation)s has declined to sign version %(number)s of the pact for this reason:") % facts
        return _("%(organisation)s has declined to sign the pact") % facts, f"{words}\n\n{signature.decline_reason}"

    _notify_leads(signature, for_leads)
    version = signature.pact_version
    signed = PactInvitation.objects.filter(
        signature__pact_version=version, signature__state=SignatureState.SIGNED_ONLINE
    )
    for email in sorted(set(signed.values_list("email", flat=True)) - {invitation.email}):
        with translation.override(_language_for(email, version)):
            facts = _facts(signature)
            queue_mail(
                to=email,
                subject=_("%(organisation)s has declined to sign the pact") % facts,
                body=_(
                    "Hello,\n\nYour organisation has signed version %(number)s of the city integration pact of "
                    "%(city)s. %(organisation)s has declined to sign it. Your signature is not affected."
                )
                % facts,
                key=f"pact-declined-{signature.pk}-{signature.answered_at:%Y%m%d%H%M%S}-{email}",
                language=translation.get_language() or "",
            )


def _notify_leads(signature: Signature, text: Any) -> None:
    version = signature.pact_version
    city = version.pact.city
    path = version.get_absolute_url()
    for person in role_holders(city=city, roles=[Role.LEAD_OFFICIAL]):
        key = f"pact-{signature.state}-{signature.pk}-{signature.answered_at:%Y%m%d%H%M%S}-{person.pk}"
        notify(person, key=key, text=text, path=path, city=city)


def _facts(signature: Signature) -> dict[str, Any]:
    version = signature.pact_version
    return {
        "city": version.pact.city.name,
        "number": version.number,
        "organisation": signature.organisation.name,
        "person": signature.name,
        "office": signature.office,
    }


def _language_for(email: str, version: PactVersion) -> str:
    """Return the language of the account, else the city's, else the network's; only languages that the site has."""
    working = Installation.objects.values_list("working_language", flat=True).first()
    spoken = dict(settings.LANGUAGES)
    choices = (language_of(email), version.pact.city.language, working)
    return next((language for language in choices if language in spoken), settings.LANGUAGE_CODE)
