from django.urls import path

from dashboard.hints import views

urlpatterns = [
    path("enseignants/<int:pk>/cause/", views.answer, name="answer-hint"),
    path("causes-probables/", views.figures, name="hint-figures"),
]
