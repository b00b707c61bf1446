"""Who sees and who changes a plan."""

from django.db.models import QuerySet

from accounts.models import User
from dashboard.models import MessageTemplate
from dashboard.scope import overseen_courses
from moodle_sync.models import Course, Site


def may_edit(user: User) -> bool:
    """Of the courses and sites they see: coordinators within their scope, and administrators."""
    return user.is_coordinator or user.is_administrator


def editable_courses(user: User) -> QuerySet[Course]:
    return overseen_courses(user) if may_edit(user) else Course.objects.none()


def planned_sites(user: User) -> QuerySet[Site]:
    """Sites whose default the user may change: whoever oversees one category of it may not."""
    if user.is_administrator or (user.is_coordinator and user.sees_all):
        return Site.objects.all()
    if user.is_coordinator:
        return Site.objects.filter(pk__in=user.scopes.filter(category_id=None).values("site"))
    return Site.objects.none()


def may_change(user: User, template: MessageTemplate) -> bool:
    """A message of all platforms is changed by whoever oversees them all."""
    return template.site_id is not None or user.is_administrator or (user.is_coordinator and user.sees_all)
