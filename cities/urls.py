"""URLs of cities, bodies, events, members and files."""

from django.urls import path

from .views import decisions, events, files, members, minutes, pages

app_name = "cities"
urlpatterns = [
    path("cities/", pages.CityList.as_view(), name="city_list"),
    path("cities/<slug:slug>/", pages.CityDetail.as_view(), name="city_detail"),
    path("cities/<slug:slug>/edit/", pages.CityEdit.as_view(), name="city_edit"),
    path("cities/<slug:slug>/events/new/", events.EventCreate.as_view(), name="event_create"),
    path("bodies/<int:pk>/", pages.BodyDetail.as_view(), name="body_detail"),
    path("bodies/<int:pk>/edit/", pages.BodyEdit.as_view(), name="body_edit"),
    path("events/<int:pk>/", events.EventDetail.as_view(), name="event_detail"),
    path("events/<int:pk>/edit/", events.EventEdit.as_view(), name="event_edit"),
    path("events/<int:pk>/publish/", events.EventPublish.as_view(), name="event_publish"),
    path("events/<int:pk>/cancel/", events.EventCancel.as_view(), name="event_cancel"),
    path("events/<int:pk>/attendance/", events.EventAttendance.as_view(), name="event_attendance"),
    path("events/<int:pk>/minutes/", minutes.MinutesEdit.as_view(), name="minutes_edit"),
    path("events/<int:pk>/minutes/approve/", minutes.MinutesApprove.as_view(), name="minutes_approve"),
    path("events/<int:pk>/minutes/reopen/", minutes.MinutesReopen.as_view(), name="minutes_reopen"),
    path("events/<int:pk>/decisions/add/", decisions.DecisionAdd.as_view(), name="decision_add"),
    path("decisions/<int:pk>/", decisions.DecisionDetail.as_view(), name="decision_detail"),
    path("decisions/<int:pk>/edit/", decisions.DecisionEdit.as_view(), name="decision_edit"),
    path("decisions/<int:pk>/done/", decisions.DecisionComplete.as_view(), name="decision_complete"),
    path("decisions/<int:pk>/drop/", decisions.DecisionDrop.as_view(), name="decision_drop"),
    path("members/", members.MemberList.as_view(), name="member_list"),
    path("members/invite/", members.MemberInvite.as_view(), name="member_invite"),
    path("memberships/<int:pk>/end/", members.MembershipEnd.as_view(), name="membership_end"),
    path("memberships/<int:pk>/hand-over/", members.MembershipHandOver.as_view(), name="membership_hand_over"),
    path("memberships/<int:pk>/allow-sign-in/", members.MemberAllowSignIn.as_view(), name="member_allow_sign_in"),
    path("invitations/<int:pk>/withdraw/", members.InvitationWithdraw.as_view(), name="invitation_withdraw"),
    path("account/invitation/<str:token>/", members.InvitationAccept.as_view(), name="invitation_accept"),
    path("files/<uuid:uuid>/", files.FileServe.as_view(), name="file"),
]
