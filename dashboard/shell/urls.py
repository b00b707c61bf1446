from django.urls import path

from dashboard.shell import views

urlpatterns = [
    path("navigation/", views.figures, name="figures"),
    path("preferences/theme/", views.theme, name="theme"),
    path("preferences/raccourcis/", views.shortcuts, name="shortcuts"),
]
