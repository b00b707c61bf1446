from django.urls import path

from dashboard.queue import views

urlpatterns = [
    path("a-faire/", views.queue, name="queue"),
    path("a-faire/<int:pk>/prendre/", views.take_charge, name="take-charge"),
    path("a-faire/relances/<int:pk>/", views.remind_course, name="remind-course"),
]
