from django.urls import include, path

from dashboard.shell.views import healthz, home

urlpatterns = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("", include("accounts.urls")),
    path("", include("dashboard.urls")),
]
