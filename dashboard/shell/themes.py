from django.utils.translation import gettext_lazy as _

COOKIE = "theme"
THEMES = {"auto": _("As the device"), "light": _("Light"), "dark": _("Dark")}
