from django.urls import path

from dashboard.bulk import views

urlpatterns = [
    path("enseignants/selection/", views.select, name="select-all"),
    path("enseignants/selection/adresses/", views.copy_addresses, name="copy-addresses"),
    path("enseignants/selection/<slug:step>/", views.act, name="bulk"),
    path("actes-en-nombre/<uuid:pk>/", views.report, name="bulk-report"),
]
