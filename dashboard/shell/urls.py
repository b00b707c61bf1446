from django.urls import path

from dashboard.shell import views

urlpatterns = [path("preferences/theme/", views.theme, name="theme")]
