from django.urls import path

from dashboard.blocked import views

urlpatterns = [
    path("blocages/", views.blockages, name="blockages"),
    path("enseignants/<int:pk>/bloquer/", views.block, name="block"),
    path("enseignants/<int:pk>/leve/", views.lift, name="lift"),
    path("enseignants/<int:pk>/demande/", views.asked, name="blockage-asked"),
]
