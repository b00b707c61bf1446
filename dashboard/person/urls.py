from django.urls import path

from dashboard.person import views

urlpatterns = [
    path("enseignants/<int:pk>/", views.person, name="person"),
    path("enseignants/<int:pk>/note/", views.note, name="note"),
    path("enseignants/<int:pk>/coordonnees/", views.add_detail, name="add-detail"),
    path("coordonnees/<int:pk>/retirer/", views.remove_detail, name="remove-detail"),
]
