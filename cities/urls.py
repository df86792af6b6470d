"""Addresses of this part."""

from django.urls import path

app_name = "cities"
urlpatterns: list[path] = []
