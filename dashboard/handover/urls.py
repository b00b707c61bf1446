from django.urls import path

from dashboard.handover import absence_views, views

urlpatterns = [
    path("attributions/", views.many, name="handover"),
    path("enseignants/<int:pk>/confier/", views.one, name="hand-over"),
    path("absences/", absence_views.absences, name="absences"),
    path("absences/<int:pk>/annuler/", absence_views.cancel, name="cancel-absence"),
    path("absences/<int:pk>/reprendre/", absence_views.restore, name="restore-absence"),
    path("notifications/<int:pk>/lue/", views.notice_seen, name="notice-seen"),
    path("notifications/<int:pk>/remettre/", views.notice_back, name="notice-back"),
]
