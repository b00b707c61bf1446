from django.urls import path

from dashboard.exports import paper, views

urlpatterns = [
    path("enseignants/exporter/", views.export, name="export"),
    path("enseignants/imprimer/", paper.printed, name="print"),
    path("exports/", views.exports, name="exports"),
    path("exports/<int:pk>/fichier/", views.fetch, name="export-file"),
    path("exports/<int:pk>/recommencer/", views.again, name="export-again"),
]
