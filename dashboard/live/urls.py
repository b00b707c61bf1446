from django.urls import path

from dashboard.live import later, views

urlpatterns = [
    path("nouveau/", views.changes, name="changes"),
    path("enseignants/<int:pk>/rappeler/", later.call_back, name="call-back"),
]
