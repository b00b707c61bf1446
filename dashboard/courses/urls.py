from django.urls import URLPattern, path

from dashboard.courses import history_views, sync_views, views

urlpatterns: list[URLPattern] = [
    path("sessions/", views.courses, name="courses"),
    path("sessions/lectures/", history_views.reads, name="reads"),
    path("sessions/lectures/<int:pk>/", history_views.read, name="read"),
    path("sessions/tout-synchroniser/", history_views.sync_all, name="sync-all"),
    path("sessions/tout-synchroniser/<int:pk>/", history_views.sync_all_status, name="sync-all-status"),
    path("sessions/<int:pk>/vu/<str:kind>/", history_views.flag_seen, name="flag-seen"),
    path("sessions/<int:pk>/", views.course, name="course"),
    path("sessions/<int:pk>/synchroniser/", sync_views.sync_course, name="sync-course"),
    path("sessions/<int:pk>/lecture/", sync_views.sync_status, name="sync-status"),
]
