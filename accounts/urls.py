"""allauth's pages that Vigie wants, one by one: signing up and changing e-mail addresses are not among them."""

from allauth.account import views
from django.urls import URLPattern, path, re_path

urlpatterns: list[URLPattern] = [
    path("compte/connexion/", views.login, name="account_login"),
    path("compte/deconnexion/", views.logout, name="account_logout"),
    path("compte/mot-de-passe/", views.password_change, name="account_change_password"),
    path("compte/mot-de-passe/oublie/", views.password_reset, name="account_reset_password"),
    path("compte/mot-de-passe/oublie/envoye/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^compte/mot-de-passe/nouveau/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key, name="account_reset_password_from_key",
    ),
    path(
        "compte/mot-de-passe/change/",
        views.password_reset_from_key_done, name="account_reset_password_from_key_done",
    ),
]
