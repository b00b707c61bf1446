from django.urls import path

from dashboard.roster import layout, undo, views

urlpatterns = [
    path("enseignants/", views.roster, name="roster"),
    path("enseignants/choix/<str:name>/", layout.choices, name="roster-choices"),
    path("preferences/liste/", layout.lay_out, name="roster-layout"),
    path("enseignants/<int:pk>/contacte/", views.mark_contacted, name="mark-contacted"),
    path("actes/<uuid:act>/annuler/", undo.undo, name="undo"),
]
