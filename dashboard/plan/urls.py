from django.urls import URLPattern, path

from dashboard.plan import site_views, views

urlpatterns: list[URLPattern] = [
    path("sessions/<int:pk>/plan/", views.plan, name="plan"),
    path("sessions/<int:pk>/plan/reprendre/", views.reset, name="reset-plan"),
    path("plateformes/<int:pk>/plan/", site_views.plan, name="site-plan"),
    path("plateformes/<int:pk>/plan/reprendre/", site_views.reset, name="reset-site-plan"),
    path("plateformes/<int:pk>/plan/jours/", site_views.days, name="working-days"),
    path("plateformes/<int:pk>/messages/", site_views.template, name="add-template"),
    path("plateformes/<int:pk>/messages/<int:template>/", site_views.template, name="template"),
    path("plateformes/<int:pk>/messages/<int:template>/retirer/", site_views.remove_template, name="remove-template"),
]
