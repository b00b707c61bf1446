from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from lxml import html

from accounts.models import User
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import EnrolmentFactory

MakePeople = Callable[..., list[Enrolment]]


@pytest.fixture(autouse=True)
def no_kept_counts() -> None:
    """Tests roll back behind the cache's back."""
    cache.clear()


@pytest.fixture
def people(course: Course, group: Group) -> MakePeople:
    def make(n: int = 1, **fields: Any) -> list[Enrolment]:
        return [EnrolmentFactory.create(**({"course": course, "groups": [group]} | fields)) for _ in range(n)]

    return make


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


def parsed(client: Client, url: str) -> html.HtmlElement:
    response = client.get(url)
    assert response.status_code == 200
    return html.document_fromstring(response.content.decode())


def names(page: html.HtmlElement) -> list[str]:
    return [link.text_content().strip() for link in page.xpath("//tr[@data-row]//a[contains(@class, 'name')]")]


def tile(page: html.HtmlElement, value: str) -> int:
    return int(page.get_element_by_id(f"tile-{value}").xpath("string(b)"))


def total(page: html.HtmlElement) -> int:
    return int(page.get_element_by_id("chips").xpath("string(p)").split()[0])
