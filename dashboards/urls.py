"""URLs of the dashboards: the network, a city, the six dimensions, and the actions behind the figures."""

from django.urls import path

from . import views

app_name = "dashboards"
urlpatterns = [
    path("", views.NetworkDashboard.as_view(), name="network"),
    path("dimensions/", views.DimensionsDashboard.as_view(), name="dimensions"),
    path("actions/", views.DashboardActions.as_view(), name="actions"),
    path("<slug:slug>/", views.CityDashboard.as_view(), name="city"),
]
