from django.urls import path

from dashboard.help import views

urlpatterns = [
    path("aide/relancer-et-appeler/", views.calls, name="help-calls"),
    path("donnees-personnelles/", views.privacy, name="privacy"),
]
