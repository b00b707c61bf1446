from django.urls import URLPattern, path

from dashboard.sites import choosing, connecting, handing, pages

urlpatterns: list[URLPattern] = [
    path("plateformes/", pages.sites_page, name="sites"),
    path("plateformes/connecter/", connecting.address, name="connect-site"),
    path("plateformes/connecter/acces/", connecting.token, name="connect-token"),
    path("plateformes/connecter/par-fichier/", connecting.by_file, name="connect-by-file"),
    path("plateformes/<int:pk>/", pages.site_page, name="site"),
    path("plateformes/<int:pk>/acces/", connecting.another_token, name="another-token"),
    path("plateformes/<int:pk>/lectures/", handing.hand_courses, name="hand-courses"),
    path("plateformes/acces/<int:pk>/", pages.connection_page, name="connection"),
    path("plateformes/acces/<int:pk>/tester/", pages.test_connection, name="test-connection"),
    path("plateformes/acces/<int:pk>/jeton/", connecting.new_token, name="new-token"),
    path("plateformes/acces/<int:pk>/retirer/", handing.remove_connection, name="remove-connection"),
    path("plateformes/acces/<int:pk>/sessions/", choosing.courses, name="choose-courses"),
    path("plateformes/acces/<int:pk>/regles/", choosing.add_rule, name="add-rule"),
    path("plateformes/regles/<int:pk>/retirer/", choosing.remove_rule, name="remove-rule"),
]
