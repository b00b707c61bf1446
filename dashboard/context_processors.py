from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """What every page's shell needs: the theme, from a cookie, so that no script has to flash it in."""
    theme = request.COOKIES.get("theme")
    return {"theme": theme if theme in {"light", "dark"} else "auto"}
