from django.urls import path

from dashboard.search import views

urlpatterns = [path("recherche/", views.search, name="search")]
