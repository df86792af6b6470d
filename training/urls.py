"""URLs of training weeks."""

from django.urls import path

from . import views

app_name = "training"
urlpatterns = [
    path("training/", views.WeekList.as_view(), name="week_list"),
    path("training/<slug:slug>/", views.WeekDetail.as_view(), name="week_detail"),
]
