"""URLs of the front page and of the texts about this site."""

from django.urls import path

from . import views

app_name = "pages"
urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("about/", views.About.as_view(), name="about"),
    path("privacy/", views.Privacy.as_view(), name="privacy"),
    path("accessibility/", views.Accessibility.as_view(), name="accessibility"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
]
