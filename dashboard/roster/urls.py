from django.urls import path

from dashboard.roster import views

urlpatterns = [
    path("enseignants/", views.roster, name="roster"),
    path("enseignants/<int:pk>/contacte/", views.mark_contacted, name="mark-contacted"),
    path("actes/<uuid:act>/annuler/", views.undo, name="undo"),
]
