"""Where a user may import: administrators and coordinators, within what they oversee."""

from django.db.models import QuerySet

from accounts.models import User
from dashboard.scope import overseen_courses
from moodle_sync.models import Course, Enrolment, Site


def may_import(user: User) -> bool:
    return user.is_administrator or user.is_coordinator


def importable_sites(user: User) -> QuerySet[Site]:
    if user.is_administrator or (user.is_coordinator and user.sees_all):
        return Site.objects.all()
    if user.is_coordinator:
        return Site.objects.filter(pk__in=user.scopes.values("site"))
    return Site.objects.none()


def importable_courses(user: User, site: Site) -> QuerySet[Course]:
    courses = overseen_courses(user).filter(site=site).order_by("sort_key", "pk")
    return courses if may_import(user) else courses.none()


def may_add_course(user: User, site: Site) -> bool:
    """A course known by file only has no category: whoever oversees one category would not see it."""
    if user.is_administrator or (user.is_coordinator and user.sees_all):
        return True
    return user.is_coordinator and user.scopes.filter(site=site, category_id=None).exists()


def reachable_enrolments(user: User, site: Site) -> QuerySet[Enrolment]:
    """Whose phone or school a file of this user may add. An administrator sees none of them on a screen."""
    return Enrolment.objects.filter(course__in=importable_courses(user, site))
