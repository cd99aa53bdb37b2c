"""What tests of the native engine share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bend.runtime import cpu


@pytest.fixture(scope='module')
def threads_from_the_beginning() -> Iterator[None]:
    """Lets all threads take part at once, which they do not in small programs otherwise."""
    usual = cpu.ALLOWANCE
    cpu.ALLOWANCE = 0
    yield
    cpu.ALLOWANCE = usual
