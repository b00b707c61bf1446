from django.urls import path

from dashboard.help import views

urlpatterns = [
    path("aide/relancer-et-appeler/", views.guide, {"name": "calls"}, name="help-calls"),
    path("aide/liste-et-fiches/", views.guide, {"name": "list"}, name="help-list"),
    path("donnees-personnelles/", views.notice, {"name": "privacy"}, name="privacy"),
    path("accessibilite/", views.notice, {"name": "accessibility"}, name="accessibility"),
]
