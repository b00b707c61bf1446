from django.urls import path

from dashboard.calls import holding, mode, views

urlpatterns = [
    path("enseignants/<int:pk>/appel/", views.call, name="call"),
    path("enseignants/<int:pk>/ecrit/", views.wrote, name="call-wrote"),
    path("enseignants/<int:pk>/reserver/", holding.take, name="lease-take"),
    path("enseignants/<int:pk>/liberer/", holding.release, name="lease-release"),
    path("enseignants/<int:pk>/brouillon/", holding.draft, name="call-draft"),
    path("enseignants/<int:pk>/brouillon/reprendre/", holding.draft_back, name="draft-back"),
    path("appels/", mode.show, name="call-mode"),
    path("appels/commencer/", mode.start, name="call-start"),
    path("appels/suivant/", mode.go_on, name="call-next"),
    path("appels/pause/", mode.pause, name="call-pause"),
    path("appels/quitter/", mode.leave, name="call-leave"),
    path("appels/<int:pk>/", mode.save, name="call-save"),
    path("appels/<int:pk>/passer/", mode.skip, name="call-skip"),
    path("appels/<int:pk>/passer/annuler/", mode.unskip, name="call-unskip"),
    path("appels/<int:pk>/coordonnees/", mode.add_detail, name="call-add-detail"),
]
