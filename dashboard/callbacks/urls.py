from django.urls import path

from dashboard.callbacks import views

urlpatterns = [
    path("rappels/", views.callbacks, name="callbacks"),
    path("rappels/redater/", views.redate, name="redate"),
    path("rappels/calendrier/", views.make_feed, name="make-feed"),
    path("rappels/calendrier/revoquer/", views.revoke_feed, name="revoke-feed"),
    path("rappels/calendrier/<str:token>.ics", views.read_feed, name="callback-feed"),
]
