from django.urls import path

from dashboard.person import bounces, note_views, other_views, union_views, views

urlpatterns = [
    path("enseignants/<int:pk>/", views.person, name="person"),
    path("enseignants/<int:pk>/note/", views.note, name="note"),
    path("enseignants/<int:pk>/notes/<uuid:act>/corriger/", note_views.correct, name="correct-note"),
    path("corrections/<uuid:act>/annuler/", note_views.undo_correction, name="undo-correction"),
    path("enseignants/<int:pk>/coordonnees/", views.add_detail, name="add-detail"),
    path("enseignants/<int:pk>/revenu/", bounces.bounced, name="bounced"),
    path("coordonnees/<int:pk>/retirer/", views.remove_detail, name="remove-detail"),
    path("coordonnees/<int:pk>/retirer/annuler/", views.restore_detail, name="restore-detail"),
    path("enseignants/<int:pk>/clore/", other_views.close_out, name="close-out"),
    path("enseignants/<int:pk>/rouvrir/", other_views.reopen, name="reopen"),
    path("enseignants/<int:pk>/declarer/", other_views.declare_in, name="declare-in"),
    path("enseignants/<int:pk>/reunir/", union_views.search, name="join-search"),
    path("enseignants/<int:pk>/reunir/<int:other>/", union_views.join, name="join"),
    path("enseignants/<int:pk>/separer/", union_views.separate, name="separate"),
    path("identites/<uuid:act>/annuler/", union_views.undo, name="undo-union"),
]
