from django.urls import path

from dashboard.calls import views

urlpatterns = [path("enseignants/<int:pk>/appel/", views.call, name="call")]
