"""Addresses of this part."""

from django.urls import path

app_name = "evaluation"
urlpatterns: list[path] = []
