from django.urls import include, path

app_name = "dashboard"
urlpatterns = [
    path("", include("dashboard.shell.urls")),
    path("", include("dashboard.queue.urls")),
    path("", include("dashboard.help.urls")),
    path("", include("dashboard.roster.urls")),
    path("", include("dashboard.exports.urls")),
    path("", include("dashboard.views_saved.urls")),
    path("", include("dashboard.bulk.urls")),
    path("", include("dashboard.search.urls")),
    path("", include("dashboard.person.urls")),
    path("", include("dashboard.calls.urls")),
    path("", include("dashboard.live.urls")),
    path("", include("dashboard.callbacks.urls")),
    path("", include("dashboard.blocked.urls")),
    path("", include("dashboard.handover.urls")),
    path("", include("dashboard.hints.urls")),
    path("", include("dashboard.courses.urls")),
    path("", include("dashboard.plan.urls")),
    path("", include("dashboard.sites.urls")),
    path("", include("dashboard.imports.urls")),
]
