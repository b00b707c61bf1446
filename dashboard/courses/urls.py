from django.urls import URLPattern, path

from dashboard.courses import sync_views, views

urlpatterns: list[URLPattern] = [
    path("sessions/", views.courses, name="courses"),
    path("sessions/<int:pk>/", views.course, name="course"),
    path("sessions/<int:pk>/synchroniser/", sync_views.sync_course, name="sync-course"),
    path("sessions/<int:pk>/lecture/", sync_views.sync_status, name="sync-status"),
]
