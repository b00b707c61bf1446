"""What is known of a connection before its token: kept in the session, which never holds a secret."""

from dataclasses import asdict, dataclass

from dashboard.courses.requests import LoggedIn

KEY = "connecting"


@dataclass(frozen=True)
class Draft:
    url: str
    name: str = ""
    replaces: int | None = None
    """The connection whose token is to be replaced."""

    def keep(self, request: LoggedIn) -> None:
        request.session[KEY] = asdict(self)


def draft_of(request: LoggedIn) -> Draft | None:
    kept = request.session.get(KEY)
    return Draft(**kept) if kept else None


def forget(request: LoggedIn) -> None:
    request.session.pop(KEY, None)
