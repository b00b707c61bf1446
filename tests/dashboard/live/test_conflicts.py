"""Whoever saves second loses nothing: the form comes back as typed, says what changed, and saves when asked again."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from dashboard.enums import Cause, ClosedFor, State
from dashboard.follow_up import acts, closing
from dashboard.models import Contact, FollowUp, HintAnswer
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import EnrolmentFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "panel"}
TYPED: dict[str, dict[str, str]] = {
    "close-out": {"reason": "other", "words": "Part en <retraite>"},
    "block": {"cause": str(Cause.CREDENTIALS), "owner": "", "address": "assistance@example.org"},
}


@pytest.fixture
def camille(group: Group) -> Enrolment:
    found: Enrolment = EnrolmentFactory.create(course=group.course, groups=[group])
    return found


def follow_up(enrolment: Enrolment) -> FollowUp:
    return FollowUp.objects.get(enrolment=enrolment)


def fields(page: html.HtmlElement, action: str) -> dict[str, Any]:
    [form] = [form for form in page.forms if form.get("action") == action]
    return dict(form.form_values())


@pytest.mark.parametrize("name", TYPED)
def test_the_form_comes_back_and_is_applied_again(claire: Client, camille: Enrolment, samira: User, name: str) -> None:
    url, seen = reverse(f"dashboard:{name}", args=[camille.pk]), follow_up(camille)
    acts.mark_contacted(follow_up(camille), by=samira, version=seen.version)
    refused = claire.post(url, TYPED[name] | {"version": seen.version}, headers=HTMX)
    assert refused.status_code == 422
    assert follow_up(camille).state == State.CONTACTED, "nothing was changed"
    page = html.document_fromstring(refused.content.decode())
    assert "Samira B." in page.xpath("string(//*[@role='alert'])")
    again = fields(page, url)
    assert TYPED[name].items() <= again.items()
    assert claire.post(url, again, headers=HTMX).status_code == 200
    assert follow_up(camille).state in {State.CLOSED_OUT, State.BLOCKED}


@pytest.mark.parametrize("name", TYPED)
def test_closed_meanwhile_is_said_and_what_was_typed_stays(
    claire: Client, camille: Enrolment, samira: User, name: str
) -> None:
    url, seen = reverse(f"dashboard:{name}", args=[camille.pk]), follow_up(camille)
    closing.close_out(follow_up(camille), seen.version, ClosedFor.DECLINED, by=samira)
    refused = claire.post(url, TYPED[name] | {"version": seen.version}, headers=HTMX)
    assert refused.status_code == 422
    assert follow_up(camille).closed_for == ClosedFor.DECLINED
    page = html.document_fromstring(refused.content.decode())
    assert "clos entre-temps" in page.xpath("string(//*[@role='alert'])")
    assert TYPED[name].items() <= fields(page, url).items()


BESIDE = {  # what is pressed beside a call's form, with what is typed there already kept
    "call-wrote": {},
    "answer-hint": {"cause": Cause.SESSION_HIDDEN, "agreed": "1"},
}


@pytest.mark.parametrize("in_round", [False, True])
@pytest.mark.parametrize("name", BESIDE)
def test_what_was_typed_of_a_call_survives_an_answer_that_came_too_late(
    claire: Client, camille: Enrolment, samira: User, name: str, in_round: bool
) -> None:
    Course.objects.filter(pk=camille.course_id).update(visible=False)
    version = follow_up(camille).version
    versions = {"version": version, f"version_{camille.pk}": version}
    if in_round:
        claire.post(reverse("dashboard:call-start"), {"list": "roster"})
    draft = {"note": "Préfère le midi.", "outcome": "voicemail"}
    claire.post(reverse("dashboard:call-draft", args=[camille.pk]), draft | versions)
    acts.mark_contacted(follow_up(camille), by=samira, version=version)
    url, going = reverse(f"dashboard:{name}", args=[camille.pk]), {"round": "1", "next": "/appels/"} if in_round else {}
    response = claire.post(url, BESIDE[name] | versions | going, headers=HTMX, follow=True)
    assert Contact.objects.filter(author__first_name="Claire").count() == 0, "nothing was noted"
    page = html.document_fromstring(response.content.decode())
    form = page.get_element_by_id("call-form")
    assert form.xpath("string(.//textarea[@name='note'])") == draft["note"]
    assert form.xpath(".//input[@name='outcome'][@checked]/@value") == [draft["outcome"]]
    assert "Samira B." in page.xpath("string(//*[@id='toasts'])"), "in words"


def test_no_is_said_once_by_two_tabs(claire: Client, camille: Enrolment) -> None:
    Course.objects.filter(pk=camille.course_id).update(visible=False)
    url, answer = reverse("dashboard:answer-hint", args=[camille.pk]), {"cause": Cause.SESSION_HIDDEN}
    for _tab in range(2):
        assert claire.post(url, answer | {"agreed": "0"}, headers=HTMX).status_code == 200
    assert HintAnswer.objects.get().agreed is False
    claire.post(url, answer | {"agreed": "1", "version": follow_up(camille).version}, headers=HTMX)
    assert HintAnswer.objects.get().agreed is True
    claire.post(url, answer | {"agreed": ""}, headers=HTMX)
    assert HintAnswer.objects.get().agreed is True, "what was noted is undone by its own act"
