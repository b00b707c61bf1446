from django.urls import path

from dashboard.imports import views

urlpatterns = [
    path("plateformes/<int:pk>/fichier/", views.upload, name="import"),
    path("plateformes/<int:pk>/fichier/<int:draft>/", views.draft, name="import-draft"),
    path("plateformes/<int:pk>/fichier/<int:draft>/colonnes/", views.columns, name="import-columns"),
    path("plateformes/<int:pk>/fichier/<int:draft>/confirmer/", views.confirm, name="import-confirm"),
    path("plateformes/<int:pk>/fichier/<int:draft>/abandonner/", views.drop, name="import-drop"),
]
