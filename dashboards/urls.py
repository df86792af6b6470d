"""Dashboards: of the network, of a city, of the six dimensions, and the actions behind their numbers."""

from django.urls import path

from . import views

app_name = "dashboards"
urlpatterns = [
    path("", views.NetworkDashboard.as_view(), name="network"),
    path("dimensions/", views.DimensionsDashboard.as_view(), name="dimensions"),
    path("actions/", views.ActionsBehind.as_view(), name="actions"),
    path("<slug:slug>/", views.CityDashboard.as_view(), name="city"),
]
