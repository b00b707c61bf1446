"""What a token may not see is said in words, whatever it is that Moodle refuses."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from dashboard.courses.untold import RIGHTS
from demo.moodle import roles as cap
from demo.moodle import running
from moodle_sync.sites import INDISPENSABLE
from tests.moodle_sync.moodle import Moodle, connect, small_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def moodle(db: None) -> Iterator[Moodle]:
    with running(small_world()) as server:
        yield connect(server)


@pytest.mark.parametrize("told", [set(), {"core_group_get_course_groups"}], ids=["nothing", "the groups' names"])
def test_every_right_that_is_missing_has_words(
    moodle: Moodle, client: Client, administrator: User, told: set[str]
) -> None:
    moodle.world.services["suivi"].functions &= {INDISPENSABLE, *told}
    account = moodle.world.users[moodle.world.tokens[moodle.connection.token].user_id]
    account.capabilities -= {cap.ENROL_REVIEW}
    course = moodle.follow()
    run = moodle.read(course)
    assert "group_members" in run.missing_rights if told else "groups" in run.missing_rights
    assert set(run.missing_rights) <= RIGHTS.keys()
    client.force_login(administrator)
    for name, pk in (("course", course.pk), ("read", run.pk)):
        page = html.fromstring(client.get(reverse(f"dashboard:{name}", args=[pk])).content)
        [main] = page.xpath("//main")
        assert str(RIGHTS["accounts"].what) in main.text_content()
        assert not re.search(r"\b(group_members|course_facts)\b", main.text_content())
