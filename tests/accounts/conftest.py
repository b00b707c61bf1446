from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """The attempts that allauth counts live in Redis, which no transaction rolls back."""
    cache.clear()
    yield
    cache.clear()
