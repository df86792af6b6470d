"""URLs of accounts."""

from django.urls import path

from . import views

app_name = "accounts"
urlpatterns = [
    path("preferences/", views.Preferences.as_view(), name="preferences"),
    path("session/", views.session, name="session"),
    path("my-data.json", views.DataExport.as_view(), name="personal_data"),
    path("mails/", views.MailList.as_view(), name="mail_list"),
    path("mails/<int:pk>/", views.MailDetail.as_view(), name="mail_detail"),
    path("mails/<int:pk>/state/", views.MailProgress.as_view(), name="mail_state"),
    path("mails/<int:pk>/send-again/", views.MailSendAgain.as_view(), name="mail_send_again"),
]
