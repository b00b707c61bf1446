"""allauth's pages that Vigie wants, one by one: neither signing up nor changing e-mail addresses."""

from allauth.account import views as allauth
from django.urls import URLPattern, URLResolver, include, path, re_path

from accounts import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("compte/connexion/", views.login_view, name="account_login"),
    path("compte/deconnexion/", allauth.logout, name="account_logout"),
    path("compte/inactif/", allauth.account_inactive, name="account_inactive"),
    path("compte/mot-de-passe/", views.password_change, name="account_change_password"),
    path("compte/mot-de-passe/oublie/", views.password_reset, name="account_reset_password"),
    path(
        "compte/mot-de-passe/oublie/envoye/",
        allauth.password_reset_done,
        name="account_reset_password_done",
    ),
    re_path(
        r"^compte/mot-de-passe/nouveau/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "compte/mot-de-passe/change/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path(
        "invitation/",
        include(([path("<str:token>/", views.invitation, name="invitation")], "accounts")),
    ),
]
