from django.urls import path

from dashboard.views_saved import views

urlpatterns = [
    path("vues/", views.views, name="views"),
    path("vues/nombres/", views.figures, name="view-figures"),
    path("vues/enregistrer/", views.save, name="save-view"),
    path("vues/defaut/", views.choose_default, name="default-view"),
    path("vues/<int:pk>/", views.change, name="change-view"),
    path("vues/<int:pk>/filtres/", views.refilter, name="refilter-view"),
    path("vues/<int:pk>/deplacer/", views.move, name="move-view"),
    path("vues/<int:pk>/supprimer/", views.delete, name="delete-view"),
    path("vues/actes/<uuid:act>/annuler/", views.undo, name="undo-desk"),
]
