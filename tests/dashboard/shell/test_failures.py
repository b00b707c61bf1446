"""What the page says when a request fails: chosen in the browser by the answer's status."""

import pytest
from django.test import Client
from lxml import html

from accounts.models import User


@pytest.mark.django_db
def test_each_status_has_its_words_and_the_last_is_for_no_answer(client: Client, tutor: User) -> None:
    client.force_login(tutor)
    page = html.document_fromstring(client.get("/sessions/").content.decode())
    told = page.xpath("//template[@id='failed']//*[@data-status]")
    statuses = [status for one in told for status in one.get("data-status").split()]
    assert {"400", "403", "404", "409", "413", "429", "500", "502", "503", "504"} <= set(statuses)
    assert len(statuses) == len(set(statuses))
    assert told[-1].get("data-status") == ""
    assert len({one.text_content() for one in told}) == len(told)
