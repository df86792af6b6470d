"""Addresses of this part."""

from django.urls import path

app_name = "dashboards"
urlpatterns: list[path] = []
