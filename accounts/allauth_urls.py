"""The allauth URLs that this site uses, under allauth's names: no sign-up, no second address, no codes."""

from allauth.account import views
from django.urls import path, re_path

from .password_reset import PasswordReset
from .views import SignOut

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", SignOut.as_view(), name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("signup/", views.signup, name="account_signup"),  # shows that accounts are by invitation only
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/reset/", PasswordReset.as_view(), name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
]
