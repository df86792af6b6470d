"""URLs of the pilot phases and their requirements."""

from django.urls import path

from . import views

app_name = "pilot"

urlpatterns = [
    path("cities/<slug:slug>/phases/", views.PhaseList.as_view(), name="phase_list"),
    path("cities/<slug:slug>/phases/<slug:kind>/add/", views.PhaseAdd.as_view(), name="phase_add"),
    path("phases/<int:pk>/edit/", views.PhaseEdit.as_view(), name="phase_edit"),
    path("phases/<int:pk>/waive/<slug:key>/", views.RequirementWaive.as_view(), name="requirement_waive"),
    path("waivers/<int:pk>/withdraw/", views.WaiverWithdraw.as_view(), name="waiver_withdraw"),
]
