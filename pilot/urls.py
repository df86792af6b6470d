"""URLs of the pilot phases and their requirements, and of the city's pact."""

from django.urls import path

from .views import pacts, phases, signatures

app_name = "pilot"

PACT = "cities/<slug:slug>/pact/"
VERSION = f"{PACT}<int:number>/"

urlpatterns = [
    path("cities/<slug:slug>/phases/", phases.PhaseList.as_view(), name="phase_list"),
    path("cities/<slug:slug>/phases/<slug:kind>/add/", phases.PhaseAdd.as_view(), name="phase_add"),
    path("phases/<int:pk>/edit/", phases.PhaseEdit.as_view(), name="phase_edit"),
    path("phases/<int:pk>/waive/<slug:key>/", phases.RequirementWaive.as_view(), name="requirement_waive"),
    path("waivers/<int:pk>/withdraw/", phases.WaiverWithdraw.as_view(), name="waiver_withdraw"),
    path(PACT, pacts.PactDetail.as_view(), name="pact_detail"),
    path(f"{PACT}draft/", pacts.PactDraft.as_view(), name="pact_draft"),
    path(f"{PACT}new-version/", pacts.PactVersionDraft.as_view(), name="pactversion_draft"),
    path(VERSION, pacts.PactVersionDetail.as_view(), name="pactversion_detail"),
    path(f"{VERSION}changes/", pacts.PactVersionChanges.as_view(), name="pactversion_changes"),
    path(f"{VERSION}add-language/", pacts.PactTextAdd.as_view(), name="pacttext_add"),
    path(f"{VERSION}open/", pacts.PactVersionOpen.as_view(), name="pactversion_open"),
    path(f"{VERSION}close/", pacts.PactVersionClose.as_view(), name="pactversion_close"),
    path(f"{VERSION}put-in-force/", pacts.PactVersionInForce.as_view(), name="pactversion_in_force"),
    path(f"{VERSION}end/", pacts.PactVersionSupersede.as_view(), name="pactversion_supersede"),
    path(f"{VERSION}withdraw/", pacts.PactVersionWithdraw.as_view(), name="pactversion_withdraw"),
    path(f"{VERSION}invite/", signatures.SignatoryInvite.as_view(), name="signatory_invite"),
    path(f"{VERSION}record/", signatures.SignatureRecord.as_view(), name="signature_record"),
    path("pact-signatures/<int:pk>/withdraw/", signatures.SignatureWithdraw.as_view(), name="signature_withdraw"),
    path("pact-invitations/<int:pk>/send-again/", signatures.SendAgain.as_view(), name="pactinvitation_send_again"),
    path("pact-signing/<str:token>/", signatures.SigningPage.as_view(), name="pact_sign"),
    path("pact-signing/<str:token>/decline/", signatures.DecliningPage.as_view(), name="pact_decline"),
    path("pact-texts/<int:pk>/edit/", pacts.PactTextEdit.as_view(), name="pacttext_edit"),
    path("pact-texts/<int:pk>/authoritative/", pacts.PactTextAuthoritative.as_view(), name="pacttext_authoritative"),
]
