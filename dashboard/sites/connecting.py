"""Steps 1 and 2: where Moodle is, and the way in. Passwords and tokens pass through, into the encrypted row only."""

import logging
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from dashboard.courses.requests import LoggedIn
from dashboard.models import AuditEntry
from dashboard.sites.access import may_connect_to, require_connector, visible_connections
from dashboard.sites.drafts import Draft, draft_of, forget
from dashboard.sites.forms import AddressForm, LoginForm, TokenForm
from dashboard.sites.listing import listing
from dashboard.sites.steps import explain_finding, steps
from dashboard.sites.throttle import too_many
from moodle_sync import readers, sites
from moodle_sync.capability_trial import TIMEOUT, keep, trial_course
from moodle_sync.enums import Service
from moodle_sync.errors import MoodleError, MoodleRefused, Trouble
from moodle_sync.explain import Explanation, explain_code
from moodle_sync.login import explain_login, token_for
from moodle_sync.models import Connection, Site
from moodle_sync.network import is_inside
from moodle_sync.probe import Finding, Verdict, probe

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "POST"])
def address(request: LoggedIn) -> HttpResponse:
    require_connector(request.user)
    if request.method == "GET":
        draft = draft_of(request)
        initial = {"url": draft.url, "name": draft.name} if draft else {}
        return _address_page(request, AddressForm(initial=initial, user=request.user))
    form = AddressForm(request.POST, user=request.user)
    if not form.is_valid():
        return _address_page(request, form)
    if too_many(request.user):
        form.add_error(None, _("That was a lot of tries: wait ten minutes."))
        return _address_page(request, form)
    finding = probe(form.cleaned_data["url"], https_is_a_guess=form.https_is_a_guess)
    if not _may_go_on(finding, accepted="accept_http" in request.POST):
        return _address_page(request, form, finding)
    Draft(finding.url, form.cleaned_data.get("name") or "").keep(request)
    return redirect("dashboard:connect-token")


def _may_go_on(finding: Finding, *, accepted: bool) -> bool:
    if finding.verdict == Verdict.UNENCRYPTED:
        return accepted or is_inside(finding.url)
    return finding.verdict == Verdict.READY


def _address_page(request: LoggedIn, form: AddressForm, finding: Finding | None = None) -> HttpResponse:
    context = {
        "form": form,
        "steps": steps(1),
        "finding": finding,
        "trouble": explain_finding(finding) if finding else None,
        "may_accept": finding is not None and finding.verdict == Verdict.UNENCRYPTED,
        "may_import": finding is not None and request.user.is_administrator,
    }
    return render(request, "dashboard/sites/address.html", context)


@require_POST
def by_file(request: LoggedIn) -> HttpResponse:
    """No web service: the platform is only named, and its people come by file."""
    require_connector(request.user)
    form = AddressForm(request.POST, user=request.user)
    if not request.user.is_administrator or not form.is_valid():
        return _address_page(request, form)
    try:
        with transaction.atomic():
            site = sites.declare(form.cleaned_data["name"], form.cleaned_data["url"])
            AuditEntry.objects.create(user=request.user, action=AuditEntry.Action.CONNECTED, site=site)
    except sites.AlreadyKnown as exc:
        site = exc.site
    forget(request)
    return redirect("dashboard:import", site.pk)


@sensitive_post_parameters("token", "username", "password")
@never_cache
@require_http_methods(["GET", "POST"])
def token(request: LoggedIn) -> HttpResponse:
    require_connector(request.user)
    draft = draft_of(request)
    if draft is None or not may_connect_to(request.user, draft.url):
        return redirect("dashboard:connect-site")
    login = LoginForm(request.POST if request.POST.get("way") == "login" else None)
    pasted = TokenForm(request.POST if request.POST.get("way") == "token" else None, user=request.user)
    form: LoginForm | TokenForm = login if login.is_bound else pasted
    trouble: Explanation | None = None
    if form.is_bound and form.is_valid():
        if too_many(request.user):
            form.add_error(None, _("That was a lot of tries: wait ten minutes."))
        else:
            connection, trouble = _accept(request.user, draft, form)
            if connection is not None:
                forget(request)
                return redirect("dashboard:connection", connection.pk)
    return _token_page(request, draft, login, pasted, trouble)


def _token_page(
    request: LoggedIn, draft: Draft, login: LoginForm, pasted: TokenForm, trouble: Explanation | None
) -> HttpResponse:
    known = Site.objects.filter(url=draft.url).first()
    context: dict[str, Any] = {
        "draft": draft,
        "site": known,
        "steps": steps(2),
        "login_form": login,
        "token_form": pasted,
        "trouble": trouble,
        "may_import": request.user.is_administrator and not draft.replaces,
    }
    return render(request, "dashboard/sites/token.html", context)


@sensitive_variables("form", "value")
def _accept(user: User, draft: Draft, form: LoginForm | TokenForm) -> tuple[Connection | None, Explanation | None]:
    """The connection that this token opens, or why there is none."""
    data = form.cleaned_data
    try:
        if isinstance(form, LoginForm):
            service, value = Service.MOBILE, token_for(draft.url, data["username"], data["password"])
        else:
            service, value = Service(data["service"]), data["token"].strip()
        report = sites.inspect(draft.url, value, timeout=TIMEOUT)
        if not report.info.user_id:
            raise MoodleRefused(Trouble.WRONG_SHAPE)
        connection = _connect(user, draft, value, service, report)
    except sites.AlreadyKnown as exc:
        return None, _already_known(exc.site)
    except MoodleError as exc:
        logger.warning("User %s could not connect a platform (%s, %s)", user.pk, exc.code, exc.function)
        explain = explain_login if isinstance(form, LoginForm) else explain_code
        return None, explain(str(exc.code))
    try:
        keep(connection, report, trial_course(report.courses, set()))
        listing(connection, user)  # the report offers other courses to try, and step 4 opens at once
    except MoodleError as exc:  # the token is good; the report page says that it has to be tried again
        logger.warning("Connection %s could not be tried (%s, %s)", connection.pk, exc.code, exc.function)
    return connection, None


@sensitive_variables("value")
def _connect(user: User, draft: Draft, value: str, service: Service, report: sites.Report) -> Connection:
    old = visible_connections(user).filter(pk=draft.replaces or 0).first()
    listed = {course.moodle_id for course in report.courses}
    elsewhere = readers.heirs(old, listed=listed) if old is not None else {}
    with transaction.atomic():
        name = draft.name if user.is_administrator else ""
        connection, is_new = sites.connect(name, draft.url, value, service, report, owner_id=user.pk)
        if old is not None and old.pk != connection.pk and old.site_id == connection.site_id:
            readers.replace(old, connection, listed=listed, heirs=elsewhere)
        AuditEntry.objects.create(user=user, action=_action(draft, connection, is_new), site=connection.site)
    return connection


def _action(draft: Draft, connection: Connection, is_new: bool) -> AuditEntry.Action:
    if draft.replaces or not is_new:
        return AuditEntry.Action.REPLACED
    others = connection.site.connections.exclude(pk=connection.pk)
    return AuditEntry.Action.ADDED if others.exists() else AuditEntry.Action.CONNECTED


def _already_known(site: Site) -> Explanation:
    return Explanation(
        _("This Moodle is already connected, as “%(name)s”, under another address: %(url)s.")
        % {"name": site.name, "url": site.url},
        _("You"),
        _("Begin again with that address: its people would otherwise be there twice."),
    )


@require_POST
def new_token(request: LoggedIn, pk: int) -> HttpResponse:
    """Step 2 once more, for a platform that is known: this connection's token is to be replaced."""
    connection = get_object_or_404(visible_connections(request.user), pk=pk)
    Draft(connection.site.url, "", connection.pk).keep(request)
    return redirect("dashboard:connect-token")


@require_POST
def another_token(request: LoggedIn, pk: int) -> HttpResponse:
    """Step 2 for a platform that is known, besides the tokens it has."""
    require_connector(request.user)
    found = Site.objects.filter(pk=pk).first()
    if found is None or not may_connect_to(request.user, found.url):
        messages.error(request, _("This platform cannot be connected."))
        return redirect("dashboard:sites")
    Draft(found.url).keep(request)
    return redirect("dashboard:connect-token")
